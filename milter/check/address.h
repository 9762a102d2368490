/* address.h - the client's address among the addresses of a name. */
#ifndef ALIGND_CHECK_ADDRESS_H
#define ALIGND_CHECK_ADDRESS_H

#include "base/addr.h"
#include "dns/resolver.h"

/* What to ask for a client of this family: A or AAAA. Not for ADDR_NONE. */
enum dns_type address_type(const struct addr *client);

/* True if one of the A or AAAA records is `client`. */
bool address_among(const struct dns_answer *answer, const struct addr *client);

#endif
