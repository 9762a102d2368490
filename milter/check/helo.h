/* helo.h - is the HELO argument a host name (RFC 5321 4.1.1.1) whose addresses hold the client? */
#ifndef ALIGND_CHECK_HELO_H
#define ALIGND_CHECK_HELO_H

#include "check/facts.h"
#include "dns/lookups.h"

/* Ask for the name's addresses now. `helo` as the client gave it. */
void helo_hint(struct lookups *l, const char *helo, const struct addr *client);

/* Judge. `iprev` is the finished iprev finding. An address literal matches if it is the client's
 * address. */
void helo_check(struct lookups *l, const char *helo, const struct addr *client,
		const struct iprev_facts *iprev, struct helo_facts *out_r);

#endif
