/* fuzz_spf.c - a whole SPF check: line N of the input is a TXT record of N.example, line 0 the
 * local part and HELO. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "check/spf.h"
#include "../support/fake_resolver.h"
#include "check/spf_hint.h"

#define MOST_LINES 20

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Some answers for records to refer to. */
static void add_world(struct resolver *r)
{
	fake_resolver_add(r, "a.example", DNS_A, "192.0.2.1");
	fake_resolver_add(r, "a.example", DNS_AAAA, "2001:db8::1");
	fake_resolver_add(r, "b.example", DNS_A, "198.51.100.1");
	fake_resolver_add(r, "mx.example", DNS_MX, "0 b.example");
	fake_resolver_add(r, "mx.example", DNS_MX, "1 a.example");
	fake_resolver_add(r, "1.2.0.192.in-addr.arpa", DNS_PTR, "a.example");
	fake_resolver_add(r, "1.2.0.192.in-addr.arpa", DNS_PTR, "");
	fake_resolver_add(r, "1.2.0.192.in-addr.arpa", DNS_PTR, "\\000.b.example");
	fake_resolver_fail(r, "fail.example", DNS_A, DNS_SERVFAIL);
}

static void check(struct resolver *r, const char *text, bool ip4)
{
	struct spf_params p = {.helo = text,
			       .local = text,
			       .domain = "1.example",
			       .receiver = "r.example",
			       .void_limit = MAX_SPF_VOIDS};
	struct lookups *l = lookups_new(r);
	struct spf_facts f;

	if (l == NULL || !addr_parse(ip4 ? "192.0.2.1" : "2001:db8::1", &p.client))
		abort();
	lookups_deadline(l, clock_mono_ms() + 10000);
	if (ip4)
		spf_hint(l, p.domain, &p.client);
	spf_check(l, &p, &f);
	if (f.terms > MAX_SPF_TERMS || f.voids > MAX_SPF_VOIDS + 1 || lookups_count(l) > 220)
		abort();
	for (const char *e = f.explanation; *e != '\0'; e++)
		if (*e < ' ' || *e > '~')
			abort();
	lookups_free(l);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct resolver *r = fake_resolver_new();
	char *text = calloc(1, size + 1), name[32];
	const uint8_t *at = data, *end = size > 0 ? data + size : data;

	if (text == NULL)
		abort();
	add_world(r);
	for (unsigned line = 0; line < MOST_LINES && at < end; line++) {
		const uint8_t *stop = memchr(at, '\n', (size_t)(end - at));

		stop = stop != NULL ? stop : end;
		snprintf(name, sizeof(name), "%u.example", line);
		if (line == 0)
			memcpy(text, at, (size_t)(stop - at));
		else
			fake_resolver_add_bytes(r, name, at, (size_t)(stop - at));
		at = stop < end ? stop + 1 : end;
	}
	check(r, text, true);
	check(r, text, false);
	free(text);
	resolver_free(r);
	return 0;
}
