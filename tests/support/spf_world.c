/* spf_world.c - what an SPF check meets. */
#include "spf_world.h"

#include <string.h>

#include "base/limits.h"
#include "test.h"

void spf_world_begin(struct spf_world *w)
{
	memset(w, 0, sizeof(*w));
	w->resolver = fake_resolver_new();
	w->lookups = fake_lookups(w->resolver, 2000);
	assert_true(addr_parse("192.0.2.1", &w->params.client));
	w->params.helo = "helo.example";
	w->params.local = "user";
	w->params.domain = "d.example";
	w->params.receiver = "mx.receiver.example";
	w->params.now = 1700000000;
	w->params.void_limit = MAX_SPF_VOIDS;
}

void spf_world_end(struct spf_world *w)
{
	lookups_free(w->lookups);
	resolver_free(w->resolver);
}

void spf_world_add(struct spf_world *w, const char *line)
{
	zone_add(w->resolver, line);
}

enum spf_result spf_world_check(struct spf_world *w)
{
	spf_check(w->lookups, &w->params, &w->facts);
	return w->facts.result;
}
