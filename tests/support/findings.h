/* findings.h - a message as the checks found it, for tests of what is made of that. */
#ifndef ALIGND_TESTS_FINDINGS_H
#define ALIGND_TESTS_FINDINGS_H

#include "check/facts.h"

struct findings {
	struct facts f; /* points into its neighbours */
	const char *recipients[3];
	struct dkim_signature signatures[2];
};

/* An ordinary message that fails DMARC under p=reject, unsigned, from mx.relay.example at
 * 192.0.2.1, changed by `words` with blanks between: client=local|unknown|ADDRESS   login
 * null_sender   list   internal_error iprev=RESULT   helo=RESULT   spf=RESULT   spf_helo=RESULT
 *   dkim=RESULT[,RESULT]            signatures of bad.example and sig.good.example
 *   arc=RESULT   trusted            by a sealer of the list
 *   from=STATUS                     of the From field
 *   dmarc=RESULT                    none: there is no record
 *   contradiction                   of the second opinion
 *   policy=P   effective=P   testing   what is published, and what t=y leaves of it
 *   no_record                       none that could be read
 * Aborts at any other word. */
void findings_make(struct findings *m, const char *words);

#endif
