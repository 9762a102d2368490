/* fuzz_dmarc.c - discovery and alignment over a DNS read from the input. Lines: "A name" author
 * domain, "S name" SPF passes, "s name" SPF temperror, "D name" a passing signature, "d name" a
 * failing one, "e name" one with temperror, "F name" queries at _dmarc.name fail, "X name" the name
 * exists; else "name text": a TXT record at _dmarc.name. */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "check/dmarc.h"
#include "check/dmarc_discover.h"
#include "../support/fake_resolver.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct world {
	struct resolver *resolver;
	struct facts facts;
	struct dkim_signature signatures[MAX_DKIM_SIGNATURES];
	char author[DOMAIN_SIZE];
};

static void add_signature(struct dkim_facts *f, const char *domain, enum dkim_result result)
{
	if (f->count == MAX_DKIM_SIGNATURES)
		return;
	strcpy(f->signature[f->count].domain, domain);
	f->signature[f->count++].result = result;
}

static void read_line(struct world *w, const char *line, size_t len)
{
	const char *blank = memchr(line, ' ', len), *text;
	char name[DOMAIN_SIZE], query[DOMAIN_SIZE + 8];
	size_t text_len;

	if (blank == NULL)
		return;
	text = blank + 1;
	text_len = (size_t)(line + len - text);
	if (blank == line + 1 && domain_normal(text, text_len, name)) {
		snprintf(query, sizeof(query), "_dmarc.%s", name);
		switch (*line) {
		case 'A': strcpy(w->author, name); return;
		case 'S':
		case 's':
			w->facts.spf.result = *line == 'S' ? SPF_PASS : SPF_TEMPERROR;
			strcpy(w->facts.spf.domain, name);
			return;
		case 'D': add_signature(&w->facts.dkim, name, DKIM_PASS); return;
		case 'd': add_signature(&w->facts.dkim, name, DKIM_FAIL); return;
		case 'e': add_signature(&w->facts.dkim, name, DKIM_TEMPERROR); return;
		case 'F': fake_resolver_fail(w->resolver, query, DNS_TXT, DNS_SERVFAIL); return;
		case 'X': fake_resolver_add(w->resolver, name, DNS_A, "192.0.2.1"); return;
		default: break;
		}
	}
	if (!domain_normal(line, (size_t)(blank - line), name))
		return;
	snprintf(query, sizeof(query), "_dmarc.%s", name);
	fake_resolver_add_bytes(w->resolver, query, text, text_len);
}

/* No pass without an identifier that passed and is related to the author domain; what is said to be
 * aligned, is. */
static void judge(const struct world *w, const struct dmarc_facts *d)
{
	bool spf = d->spf_aligned != ALIGNED_NO, dkim = false;

	assert(!spf || (w->facts.spf.result == SPF_PASS &&
			domain_at_or_below(w->facts.spf.domain, d->organizational_domain)));
	for (size_t i = 0; i < w->facts.dkim.count; i++) {
		const struct dkim_signature *s = &w->facts.dkim.signature[i];

		if (s->aligned == ALIGNED_NO)
			continue;
		dkim = true;
		assert(s->result == DKIM_PASS);
		assert(domain_at_or_below(s->domain, d->organizational_domain));
		assert(!d->record.strict_dkim || strcmp(s->domain, w->author) == 0);
	}
	assert(dkim == d->dkim_aligned);
	assert((d->result == DMARC_PASS) == (spf || dkim));
	assert(!d->internal_error);
	assert(d->result != DMARC_FAIL || d->record.valid);
	assert(d->effective <= d->published);
	assert(w->author[0] == '\0' || domain_at_or_below(w->author, d->organizational_domain));
	assert(d->policy_domain[0] == '\0' || domain_at_or_below(w->author, d->policy_domain));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *at = (const char *)data, *end = size > 0 ? at + size : at;
	static const struct dmarc_settings settings = {.discovery = DISCOVERY_TREEWALK};
	struct world w = {.resolver = fake_resolver_new()};
	struct lookups *l = lookups_new(w.resolver);
	struct dmarc_facts out;
	struct dmarc_walk walk;

	w.facts.dkim.signature = w.signatures;
	while (at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));

		read_line(&w, at, (size_t)((stop != NULL ? stop : end) - at));
		at = stop != NULL ? stop + 1 : end;
	}
	lookups_deadline(l, clock_mono_ms());
	if (w.author[0] != '\0') {
		dmarc_walk(l, NULL, w.author, &walk);
		assert(lookups_count(l) <= MAX_TREE_WALK);
	}
	dmarc_check(l, &settings, w.author, &w.facts, &out);
	judge(&w, &out);
	lookups_free(l);
	resolver_free(w.resolver);
	return 0;
}
