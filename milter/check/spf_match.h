/* spf_match.h - does one a, mx, ptr or exists directive match the client (RFC 7208 5.3
 * to 5.5, 5.7)? The work of libspf2: spf_match.c is the only file that includes it. What libspf2
 * reads is one directive of our own making at a time, never a foreign record, macro or explanation
 * (its compiler overflows on those); its DNS is our lookups. */
#ifndef ALIGND_CHECK_SPF_MATCH_H
#define ALIGND_CHECK_SPF_MATCH_H

#include "check/facts.h"
#include "check/spf_record.h"
#include "dns/lookups.h"

struct spf_matcher;

enum spf_match { SPF_MATCH, SPF_NO_MATCH, SPF_MATCH_TEMPERROR, SPF_MATCH_PERMERROR };

/* For one check; borrows both. NULL: out of memory. */
struct spf_matcher *spf_matcher_new(struct lookups *l, const struct addr *client);

/* NULL is fine. */
void spf_matcher_free(struct spf_matcher *m);

/* Match, waiting for DNS. `target`: the directive's expanded name. `void_r`: some look-up of a
 * directive that does not match found nothing (4.6.4); addresses of PTR names, which the publisher
 * has no hand in, do not count. `reason_r`: for the errors. */
enum spf_match spf_match(struct spf_matcher *m, const struct spf_directive *d, const char *target,
			 bool *void_r, char reason_r[REASON_SIZE]);

#endif
