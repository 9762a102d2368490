/* test_dkim_proof.c - a signature against the keys published for it. More of it in test_dkim.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "check/dkim_proof.h"
#include "support/dkim_signer.h"
#include "support/fake_resolver.h"
#include "support/test.h"

static struct fixture {
	struct signer_key *key, *other_key;
	struct dkim_key_cache *cache;
} fx;

static int set_up(void **state)
{
	fx.key = signer_key_rsa(1024);
	fx.other_key = signer_key_rsa(1024);
	fx.cache = dkim_key_cache_new(16, NULL);
	return fx.cache != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
	signer_key_free(fx.key);
	signer_key_free(fx.other_key);
	dkim_key_cache_free(fx.cache);
	return 0;
}

/* Prove a signature over "text" with `b` against what the resolver has at s._domainkey.example.org.
 */
static struct dkim_proof prove(struct resolver *r, const char *b)
{
	struct lookups *l = fake_lookups(r, 1000);
	struct sha256 *h = sha256_new();
	uint8_t hash[SHA256_SIZE];
	struct dkim_field f;
	struct dkim_proof proof;
	char *value = NULL;

	assert_non_null(h);
	sha256_add(h, "text", 4);
	assert_true(sha256_end(h, hash));
	assert_true(
	    asprintf(&value, "v=1; a=rsa-sha256; d=example.org; s=s; h=From; bh=AA; b=%s", b) > 0);
	dkim_field_read(&f, DKIM_FIELD_DKIM, value, strlen(value), 0);
	assert_int_equal(f.problem, DKIM_NONE);
	dkim_prove(fx.cache, 1024, l, &f, hash, &proof);
	free(value);
	sha256_free(h);
	lookups_free(l);
	return proof;
}

/* The records: "+" the right key, "-" another one, else as written. In both orders. */
static void expect(const char *const *records, size_t n, enum dkim_result result,
		   const char *reason)
{
	char *b = signer_sign_text(fx.key, "text");

	for (int backward = 0; backward < 2; backward++) {
		struct resolver *r = fake_resolver_new();
		struct dkim_proof proof;

		for (size_t i = 0; i < n; i++) {
			const char *text = records[backward ? n - 1 - i : i];
			char *key = text[0] == '+'   ? signer_key_record(fx.key)
				    : text[0] == '-' ? signer_key_record(fx.other_key)
						     : strdup(text);

			fake_resolver_add(r, "s._domainkey.example.org", DNS_TXT, key);
			free(key);
		}
		proof = prove(r, b);
		assert_int_equal(proof.result, result);
		assert_string_equal(proof.reason, reason);
		assert_false(proof.failed);
		resolver_free(r);
	}
	free(b);
}

#define EXPECT(result, reason, ...) \
	expect((const char *const[]){__VA_ARGS__}, \
	       sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *), result, reason)

static void of_several_records_the_order_does_not_matter(void **state)
{
	EXPECT(DKIM_PASS, "", "+");
	EXPECT(DKIM_FAIL, "signature did not verify", "-");
	EXPECT(DKIM_PASS, "", "-", "+");
	EXPECT(DKIM_PASS, "", "v=spf1 -all", "+", "p=");
	EXPECT(DKIM_FAIL, "signature did not verify", "-", "p=", "v=spf1 -all");
	EXPECT(DKIM_PERMERROR, "key revoked", "p=", "v=spf1 -all", "hello");
	EXPECT(DKIM_PERMERROR, "key record has an unknown version", "v=spf1 -all");
	EXPECT(DKIM_PASS, "", "-", "p=", "p=;", "+");
	EXPECT(DKIM_PERMERROR, "too many key records", "-", "p=", "p=;", "+", "p= ");
	EXPECT(DKIM_PASS, "", "+", "v=a", "v=b", "v=c", "v=d", "v=e", "v=f", "v=g");
}

static void what_is_no_base64_asks_for_no_key(void **state)
{
	struct resolver *r = fake_resolver_new();
	struct dkim_proof proof = prove(r, "A!");

	assert_int_equal(proof.result, DKIM_NEUTRAL);
	assert_string_equal(proof.reason, "b= is not base64");
	assert_int_equal(fake_resolver_asked(r, "s._domainkey.example.org", DNS_TXT), 0);
	proof = prove(r, "AAAA");
	assert_int_equal(proof.result, DKIM_PERMERROR);
	assert_string_equal(proof.reason, "key not found");
	resolver_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(of_several_records_the_order_does_not_matter),
	    cmocka_unit_test(what_is_no_base64_asks_for_no_key),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
