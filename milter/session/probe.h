/* probe.h - whether the resolver answers, asked once at the start. A resolver may come later than
 * alignd, so silence is no reason not to start; but the administrator should know why all mail ends
 * in temperror. */
#ifndef ALIGND_SESSION_PROBE_H
#define ALIGND_SESSION_PROBE_H

#include <stdbool.h>

#include "base/error.h"
#include "config/config.h"
#include "dns/resolver.h"

#define PROBE_MS 2000 /* a resolver that needs longer for the root's own records is no good */

/* Ask `r` for the name servers of the root, and wait at most `ms`. `c` names the resolver in the
 * sentence. False: there is no answer, or none that DNSSEC lets us believe. */
bool probe_resolver(struct resolver *r, const struct config *c, int ms, struct error *why);

#endif
