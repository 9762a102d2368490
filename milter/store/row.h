/* row.h - what is kept of one message: the counted tuple of an aggregate report (RFC 9990 3.1.1)
 * and the outcome for statistics. Plain data with borrowed text; knows nothing of checks or mail.
 * No recipient, no local part, ever. */
#ifndef ALIGND_STORE_ROW_H
#define ALIGND_STORE_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "base/limits.h"

/* The published policy (RFC 9990 3.1.1.5), values as they go into the report; NULL where the record
 * says nothing. */
struct row_policy {
	const char *domain; /* policy domain */
	const char *p, *sp, *np, *adkim, *aspf, *fo, *testing;
	const char *discovery; /* "treewalk" or "psl" */
	const char *rua;       /* URI list; "" if none */
	const char *error;     /* how a broken record was taken; "" if it was right */
};

struct row_dkim {
	const char *domain, *selector, *result, *human_result;
};

struct row {
	time_t when;
	/* for statistics; always set */
	const char *dmarc;  /* pass, fail, none, temperror, permerror */
	const char *action; /* accept, quarantine, reject, tempfail: what was done */
	/* for the report; `reportable` false: the rest is not set (no policy, or not evaluated) */
	bool reportable;
	struct row_policy policy;
	const char *source_ip;
	const char *header_from;   /* author domain */
	const char *envelope_from; /* domain; "" for the null reverse-path */
	const char *disposition;   /* none, pass, quarantine, reject (RFC 9990 3.1.1.9) */
	bool dkim_aligned, spf_aligned;
	const char *reason, *comment;		   /* override type and comment; "" if none */
	const char *spf_domain, *spf_result;	   /* "" if SPF had no domain */
	struct row_dkim dkim[MAX_DKIM_SIGNATURES]; /* in the order of RFC 9990 3.1.3 */
	size_t dkim_count;
};

#endif
