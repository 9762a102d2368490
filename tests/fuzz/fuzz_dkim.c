/* fuzz_dkim.c - a whole message of any bytes against fixed keys. The library must be willing
 * whatever comes, and a pass must have a key behind it. */
#include <stdint.h>
#include <stdlib.h>

#include "base/clock.h"
#include "check/dkim.h"
#include "../support/fake_resolver.h"
#include "../support/message.h"

#define RSA \
	"v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5" \
	"qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/" \
	"8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4h" \
	"stT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void give(void *arg, const char *name, const char *value)
{
	dkim_message_header(arg, name, value);
}

static void judge(struct dkim_verifier *v, struct lookups *l, const uint8_t *data, size_t size)
{
	static struct dkim_facts facts;
	struct dkim_message *m = dkim_message_new(v, 1700000000);
	const char *text = size > 0 ? (const char *)data : "", *at, *end = text + size;

	if (m == NULL)
		return;
	at = message_split(text, size, give, m);
	dkim_message_end_header(m, l);
	for (size_t i = 0; at < end; i++) {
		size_t n = (size_t)(end - at) < i * i + 1 ? (size_t)(end - at) : i * i + 1;

		dkim_message_body(m, (const unsigned char *)at, n);
		at += n;
	}
	if (!dkim_message_check(m, l, &facts))
		abort();
	for (size_t i = 0; i < facts.count; i++)
		if (facts.signature[i].result == DKIM_PASS && facts.signature[i].key_bits == 0)
			abort();
	dkim_message_free(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dkim_settings s = {.max_signatures = 4, .min_key_bits = 1024, .key_cache = 16};
	struct resolver *r = fake_resolver_new();
	struct lookups *l = lookups_new(r);
	struct dkim_verifier *v = dkim_verifier_new(&s, NULL);

	fake_resolver_add(r, "test._domainkey.football.example.com", DNS_TXT, RSA);
	fake_resolver_add(r, "brisbane._domainkey.football.example.com", DNS_TXT,
			  "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=");
	lookups_deadline(l, clock_mono_ms() + 1000);
	if (v != NULL)
		judge(v, l, data, size);
	dkim_verifier_free(v);
	lookups_free(l);
	resolver_free(r);
	return 0;
}
