/* dmarc_world.h - a small DNS and the questions of one message, for the tests of DMARC. */
#ifndef ALIGND_TESTS_DMARC_WORLD_H
#define ALIGND_TESTS_DMARC_WORLD_H

#include "dns/lookups.h"

#define WORLD_ROWS 8

struct dmarc_world {
	struct resolver *resolver;
	struct lookups *lookups;
};

/* Make a world of rows, the last NULL or the WORLD_ROWSth:
 *   "NAME TEXT"  a TXT record at _dmarc.NAME        "+NAME"  NAME exists (it has an address)
 *   "!NAME"      TXT at _dmarc.NAME: SERVFAIL       "!!NAME" TXT at NAME itself: SERVFAIL
 *   "?NAME"      TXT at _dmarc.NAME: no answer      "%NAME"  TXT at _dmarc.NAME: bogus
 * Waits end at once: the answers are there when the question is asked. */
void dmarc_world_make(struct dmarc_world *w, const char *const rows[WORLD_ROWS]);
void dmarc_world_end(struct dmarc_world *w);

/* Was TXT at _dmarc.`name` asked (how often)? */
unsigned dmarc_world_asked(struct dmarc_world *w, const char *name);

#endif
