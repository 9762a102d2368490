/* fuzz_arc.c - a whole message of any bytes against a fixed key. */
#include <stdint.h>
#include <stdlib.h>

#include "base/clock.h"
#include "check/arc.h"
#include "../support/fake_resolver.h"
#include "../support/message.h"

#define RSA \
	"v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDH5GKMa/nZwf80Bmd+R6pKxwbyj5dgWF" \
	"QoFJfwwfrrQlUGWZyT9FPMO4ROpp554dKhaFiw8ckOvfEqaXNur9o4+IGrirPseZM242KtGJbTesg17mAG9gZbw1" \
	"vwIbzgaAxVATVYXIkv08nVAnSEGgY9VpT+aw4AzkrmgwTv1wKzWwIDAQAB"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void give(void *arg, const char *name, const char *value)
{
	arc_message_header(arg, name, value);
}

static void judge(const struct arc_settings *s, struct lookups *l, const uint8_t *data, size_t size)
{
	struct arc_message *m = arc_message_new(s, 1700000000);
	const char *text = size > 0 ? (const char *)data : "", *body;
	struct arc_facts facts;

	if (m == NULL)
		return;
	body = message_split(text, size, give, m);
	arc_message_end_header(m, l);
	arc_message_body(m, (const unsigned char *)body, (size_t)(text + size - body));
	if (!arc_message_check(m, l, &facts))
		abort();
	if (facts.result == ARC_PASS && (facts.instances == 0 || facts.sealer[0] == '\0'))
		abort();
	arc_message_free(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dkim_key_cache *keys = dkim_key_cache_new(16, NULL);
	struct arc_settings s = {.min_key_bits = 1024, .keys = keys};
	struct resolver *r = fake_resolver_new();
	struct lookups *l = lookups_new(r);

	fake_resolver_add(r, "s._domainkey.list.example", DNS_TXT, RSA);
	lookups_deadline(l, clock_mono_ms() + 1000);
	if (keys != NULL)
		judge(&s, l, data, size);
	lookups_free(l);
	resolver_free(r);
	dkim_key_cache_free(keys);
	return 0;
}
