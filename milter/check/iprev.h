/* iprev.h - reverse DNS with forward confirmation of the client (RFC 8601 3 and 2.7.3). At most
 * MAX_PTR_NAMES names. */
#ifndef ALIGND_CHECK_IPREV_H
#define ALIGND_CHECK_IPREV_H

#include "check/facts.h"
#include "dns/lookups.h"

/* Ask PTR now, and the names' addresses when the answer is there. */
void iprev_hint(struct lookups *l, const struct addr *client);

/* Wait for the answers and judge. A name whose look-up fails does not spoil a match by another. */
void iprev_check(struct lookups *l, const struct addr *client, struct iprev_facts *out_r);

#endif
