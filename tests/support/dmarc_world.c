/* dmarc_world.c - a small DNS for the tests of DMARC. */
#include "dmarc_world.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "fake_resolver.h"

static void add(struct resolver *r, const char *row)
{
	const char *text = strchr(row, ' ');
	char name[300];

	if (row[0] == '+') {
		fake_resolver_add(r, row + 1, DNS_A, "192.0.2.1");
	} else if (row[0] == '!' && row[1] == '!') {
		fake_resolver_fail(r, row + 2, DNS_TXT, DNS_SERVFAIL);
	} else if (row[0] == '!' || row[0] == '?' || row[0] == '%') {
		snprintf(name, sizeof(name), "_dmarc.%s", row + 1);
		fake_resolver_fail(r, name, DNS_TXT,
				   row[0] == '!'   ? DNS_SERVFAIL
				   : row[0] == '?' ? DNS_TIMEOUT
						   : DNS_BOGUS);
	} else {
		assert(text != NULL);
		snprintf(name, sizeof(name), "_dmarc.%.*s", (int)(text - row), row);
		fake_resolver_add(r, name, DNS_TXT, text + 1);
	}
}

void dmarc_world_make(struct dmarc_world *w, const char *const rows[WORLD_ROWS])
{
	w->resolver = fake_resolver_new();
	w->lookups = fake_lookups(w->resolver, 0);
	for (size_t i = 0; i < WORLD_ROWS && rows[i] != NULL; i++)
		add(w->resolver, rows[i]);
}

void dmarc_world_end(struct dmarc_world *w)
{
	lookups_free(w->lookups);
	resolver_free(w->resolver);
}

unsigned dmarc_world_asked(struct dmarc_world *w, const char *name)
{
	char query[300];

	snprintf(query, sizeof(query), "_dmarc.%s", name);
	return fake_resolver_asked(w->resolver, query, DNS_TXT);
}
