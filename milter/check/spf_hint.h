/* spf_hint.h - ask for what an SPF check will need before it is made (RFC 7208). */
#ifndef ALIGND_CHECK_SPF_HINT_H
#define ALIGND_CHECK_SPF_HINT_H

#include "base/addr.h"
#include "dns/lookups.h"

/* Ask for the record now and, as answers arrive, for what its terms will need (include and redirect
 * trees, a, mx): the wait at the end is the depth of the tree. Terms with macros are left to the
 * check. Several calls: one question. */
void spf_hint(struct lookups *l, const char *domain, const struct addr *client);

#endif
