/* account.h - the row of one message: what the aggregate report will say of it (RFC 9990 3.1.1). */
#ifndef ALIGND_SESSION_ACCOUNT_H
#define ALIGND_SESSION_ACCOUNT_H

#include "check/facts.h"
#include "policy/policy.h"
#include "store/row.h"

/* The row and the text it borrows that stands nowhere else. */
struct account {
	struct row row;
	char source_ip[ADDR_TEXT_SIZE];
};

/* Fill the row of a judged message. It borrows from `f` and `d`. A message that was put off, or
 * that has no DMARC pass or fail, is not reportable: it has no place in a report (RFC 9990 3.1,
 * checklist A08). */
void account_message(struct account *a, time_t when, const struct facts *f,
		     const struct decision *d);

#endif
