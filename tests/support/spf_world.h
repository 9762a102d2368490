/* spf_world.h - a zone of text, a client and an identity: what an SPF check meets. */
#ifndef ALIGND_TESTS_SPF_WORLD_H
#define ALIGND_TESTS_SPF_WORLD_H

#include "check/spf.h"
#include "zone.h"

struct spf_world {
	struct resolver *resolver;
	struct lookups *lookups;
	struct spf_params params;
	struct spf_facts facts; /* of the last check */
};

/* The client is 192.0.2.1, the sender user@d.example; the zone is empty. */
void spf_world_begin(struct spf_world *w);
void spf_world_end(struct spf_world *w);

/* A line for zone_add(). */
void spf_world_add(struct spf_world *w, const char *line);

enum spf_result spf_world_check(struct spf_world *w);

#endif
