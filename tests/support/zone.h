/* zone.h - fill the fake resolver with lines of text. */
#ifndef ALIGND_TESTS_ZONE_H
#define ALIGND_TESTS_ZONE_H

#include "fake_resolver.h"

/* "NAME TYPE DATA"; DATA "!servfail" (or another dns_status_name()): the question ends so. Aborts
 * on anything else. */
void zone_add(struct resolver *r, const char *line);

#endif
