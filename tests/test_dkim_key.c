/* test_dkim_key.c - key records and the cache of decoded keys. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "check/dkim_key.h"
#include "mail/base64.h"
#include "support/dkim_signer.h"
#include "support/test.h"

static struct fixture {
	struct signer_key *rsa, *ed25519;
	char *rsa_p, *rsa_bare, *ed25519_p;
	struct dkim_key_cache *cache;
	struct metrics metrics;
} fx;

static int set_up(void **state)
{
	fx.rsa = signer_key_rsa(1024);
	fx.ed25519 = signer_key_ed25519();
	fx.rsa_p = signer_key_base64(fx.rsa, false);
	fx.rsa_bare = signer_key_base64(fx.rsa, true);
	fx.ed25519_p = signer_key_base64(fx.ed25519, false);
	fx.cache = dkim_key_cache_new(100, &fx.metrics);
	return fx.cache != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
	dkim_key_cache_free(fx.cache);
	signer_key_free(fx.rsa);
	signer_key_free(fx.ed25519);
	free(fx.rsa_p);
	free(fx.rsa_bare);
	free(fx.ed25519_p);
	return 0;
}

/* The record from an exact-size block without a NUL. */
static struct dkim_key *key_of(const char *text, size_t len)
{
	char *copy = malloc(len > 0 ? len : 1);
	struct dkim_key *k;

	assert_non_null(copy);
	memcpy(copy, text, len);
	k = dkim_key_get(fx.cache, "s._domainkey.example.org", copy, len);
	free(copy);
	assert_non_null(k);
	return k;
}

/* `%s` in the row is the key of the fixture. */
static struct dkim_key *key_of_row(const char *format, const char *p)
{
	char text[8192];
	const char *at = strstr(format, "%s");

	if (at == NULL)
		snprintf(text, sizeof(text), "%s", format);
	else
		snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - format), format, p, at + 2);
	return key_of(text, strlen(text));
}

static void verifies(const struct dkim_key *k, const struct signer_key *signer)
{
	char *b = signer_sign_text(signer, "signed");
	uint8_t hash[SHA256_SIZE], signature[MAX_SIGNATURE_BYTES];
	size_t n;

	EVP_Digest("signed", 6, hash, NULL, EVP_sha256(), NULL);
	assert_true(base64_decode(b, strlen(b), signature, sizeof(signature), &n));
	assert_int_equal(dkim_key_verify(k, hash, signature, n), VERIFICATION_OK);
	assert_int_equal(dkim_key_verify(k, hash, signature, n - 1), VERIFICATION_MISMATCH);
	assert_int_equal(dkim_key_verify(k, hash, signature, 0), VERIFICATION_MISMATCH);
	signature[n / 2] ^= 1;
	assert_int_equal(dkim_key_verify(k, hash, signature, n), VERIFICATION_MISMATCH);
	signature[n / 2] ^= 1;
	hash[31] ^= 1;
	assert_int_equal(dkim_key_verify(k, hash, signature, n), VERIFICATION_MISMATCH);
	free(b);
}

/* K12, K13 */
static void takes_the_records_of_rfc_6376_and_8463(void **state)
{
	static const struct {
		const char *text;
		bool ed25519, testing, strict;
	} rows[] = {
	    {"v=DKIM1; k=rsa; p=%s", false, false, false},
	    {"p=%s", false, false, false},
	    {"v=DKIM1;p=%s;", false, false, false},
	    {" v = DKIM1 ;\tk = RSA ; p = %s ; ", false, false, false},
	    {"v=DKIM1; k=ed25519; p=%s", true, false, false},
	    {"v=DKIM1; h=sha1 : SHA256; p=%s", false, false, false},
	    {"v=DKIM1; s=tlsrpt:email; p=%s", false, false, false},
	    {"v=DKIM1; s=*; p=%s", false, false, false},
	    {"v=DKIM1; t=y; p=%s", false, true, false},
	    {"v=DKIM1; t = s : y:foo ; p=%s", false, true, true},
	    {"v=DKIM1; t=; g=*; n=note with 100%25; zz=1; p=%s", false, false, false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct dkim_key *k =
		    key_of_row(rows[i].text, rows[i].ed25519 ? fx.ed25519_p : fx.rsa_p);

		if (dkim_key_refusal(k) != NULL)
			fail_msg("%s: %s", rows[i].text, dkim_key_refusal(k));
		assert_int_equal(dkim_key_type(k),
				 rows[i].ed25519 ? DKIM_KEY_ED25519 : DKIM_KEY_RSA);
		assert_int_equal(dkim_key_bits(k), rows[i].ed25519 ? 256 : 1024);
		assert_int_equal(dkim_key_testing(k), rows[i].testing);
		assert_int_equal(dkim_key_strict(k), rows[i].strict);
		assert_false(dkim_key_is_other(k));
		verifies(k, rows[i].ed25519 ? fx.ed25519 : fx.rsa);
		dkim_key_unref(k);
	}
}

static void takes_a_bare_rsa_public_key_and_white_space_in_base64(void **state)
{
	struct dkim_key *k = key_of_row("v=DKIM1; p=%s", fx.rsa_bare);
	char folded[4096] = "";

	assert_null(dkim_key_refusal(k));
	verifies(k, fx.rsa);
	dkim_key_unref(k);
	for (size_t i = 0; fx.rsa_p[i] != '\0'; i++)
		snprintf(folded + strlen(folded), 8, i % 7 == 6 ? "%c \r\n" : "%c", fx.rsa_p[i]);
	k = key_of_row("v=DKIM1; p=%s", folded);
	assert_null(dkim_key_refusal(k));
	dkim_key_unref(k);
}

/* K12, K13 */
static void refuses_other_records_and_says_why(void **state)
{
	static const struct {
		const char *text, *why;
		bool other;
	} rows[] = {
	    {"v=DKIM1; p=", "key revoked", false},
	    {"v=DKIM1; k=rsa; p= ;", "key revoked", false},
	    {"v=DKIM1; k=rsa", "key record has no p=", true},
	    {"", "key record has no p=", true},
	    {"v=DKIM2; p=%s", "key record has an unknown version", true},
	    {"v=dkim1; p=%s", "key record has an unknown version", true},
	    {"v=spf1 -all", "key record has an unknown version", true},
	    {"k=rsa; v=DKIM1; p=%s", "key record has an unknown version", false},
	    {"v=DKIM1; h=sha1; p=%s", "key is not for SHA-256", false},
	    {"v=DKIM1; h=; p=%s", "key is not for SHA-256", false},
	    {"v=DKIM1; h=sha2567; p=%s", "key is not for SHA-256", false},
	    {"v=DKIM1; s=tlsrpt; p=%s", "key is not for mail", false},
	    {"v=DKIM1; k=dsa; p=%s", "key has an unknown type", false},
	    {"v=DKIM1; k=; p=%s", "key has an unknown type", false},
	    {"v=DKIM1; k=ed25519; p=%s", "key is not an Ed25519 key", false},
	    {"v=DKIM1; k=ed25519; p=AAAA", "key is not an Ed25519 key", false},
	    {"v=DKIM1; p=%s; p=%s", "key record has a syntax error", false},
	    {"v=DKIM1; p=%s; v=DKIM1", "key record has a syntax error", false},
	    {"v=DKIM1; p=%s; zork", "key record has a syntax error", false},
	    {"v=DKIM1;; p=%s", "key record has a syntax error", false},
	    {"k=rsa; t; p=%s", "key record has a syntax error", false},
	    {"v=DKIM1; p=!%s", "key is not base64", false},
	    {"v=DKIM1; p=%sAAAA", "key is not an RSA key", false},
	    {"v=DKIM1; p=AAAA", "key is not an RSA key", false},
	    {"<html>", "key record has a syntax error", true},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct dkim_key *k = key_of_row(rows[i].text, fx.rsa_p);

		if (dkim_key_refusal(k) == NULL || strcmp(dkim_key_refusal(k), rows[i].why) != 0)
			fail_msg("%s: %s", rows[i].text, dkim_key_refusal(k));
		assert_int_equal(dkim_key_is_other(k), rows[i].other);
		dkim_key_unref(k);
	}
}

/* Base64 of bytes, for keys put together by hand. */
static struct dkim_key *key_of_der(const uint8_t *der, size_t n)
{
	char text[4096] = "v=DKIM1; p=";

	EVP_EncodeBlock((unsigned char *)text + strlen(text), der, (int)n);
	return key_of(text, strlen(text));
}

static void refuses_der_that_is_not_exactly_one_key(void **state)
{
	uint8_t der[1024];
	size_t n;
	struct dkim_key *k;

	assert_true(base64_decode(fx.rsa_p, strlen(fx.rsa_p), der, sizeof(der), &n));
	der[n] = 0;
	for (size_t cut = 1; cut <= n + 1; cut++) {
		if (cut == n)
			continue;
		k = key_of_der(der, cut);
		assert_non_null(dkim_key_refusal(k));
		dkim_key_unref(k);
	}
	der[1] = 0x80; /* indefinite length */
	k = key_of_der(der, n);
	assert_string_equal(dkim_key_refusal(k), "key is not an RSA key");
	dkim_key_unref(k);
}

/* RSAPublicKey with a modulus of `bits` bits (all ones) and this exponent. */
static struct dkim_key *key_of_numbers(unsigned bits, const uint8_t *exponent, size_t exponent_len)
{
	uint8_t der[2048] = {0x30, 0x82, 0, 0, 0x02, 0x82, 0, 0, 0};
	size_t bytes = (bits + 7) / 8, n = 9;

	der[6] = (uint8_t)((bytes + 1) >> 8), der[7] = (uint8_t)(bytes + 1);
	memset(der + n, 0xff, bytes);
	der[n] = (uint8_t)(0xff >> (bytes * 8 - bits));
	n += bytes;
	der[n++] = 0x02, der[n++] = (uint8_t)exponent_len;
	memcpy(der + n, exponent, exponent_len);
	n += exponent_len;
	der[2] = (uint8_t)((n - 4) >> 8), der[3] = (uint8_t)(n - 4);
	return key_of_der(der, n);
}

/* K15 */
static void bounds_modulus_and_exponent(void **state)
{
	static const struct {
		unsigned bits;
		const char *exponent;
		size_t len;
		const char *why;
	} rows[] = {
	    {1024, "\1\0\1", 3, NULL},
	    {1023, "\1\0\1", 3, "key is too short"},
	    {512, "\1\0\1", 3, "key is too short"},
	    {8192, "\3", 1, NULL},
	    {8193, "\3", 1, "key is too long"},
	    {2048, "\1", 1, "key has an unusable exponent"},
	    {2048, "\0", 1, "key has an unusable exponent"},
	    {2048, "\2", 1, "key has an unusable exponent"},
	    {2048, "", 0, "key has an unusable exponent"},
	    {2048, "\0\x7f\1\1\1\1\1\1\1", 9, NULL},
	    {2048, "\1\1\1\1\1\1\1\1\1", 9, "key has an unusable exponent"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct dkim_key *k =
		    key_of_numbers(rows[i].bits, (const uint8_t *)rows[i].exponent, rows[i].len);

		if (rows[i].why == NULL)
			assert_null(dkim_key_refusal(k));
		else
			assert_string_equal(dkim_key_refusal(k), rows[i].why);
		assert_int_equal(dkim_key_bits(k), rows[i].bits);
		dkim_key_unref(k);
	}
}

static void keeps_decoded_keys_by_name_and_whole_text(void **state)
{
	static const char *const refused = "v=DKIM1; p=; n=only here";
	uint64_t hits = metrics_get(&fx.metrics, METRIC_DKIM_KEY_HITS);
	struct dkim_key *a = dkim_key_get(fx.cache, "a", refused, strlen(refused));
	struct dkim_key *again = dkim_key_get(fx.cache, "a", refused, strlen(refused));
	struct dkim_key *other = dkim_key_get(fx.cache, "b", refused, strlen(refused));
	struct dkim_key *shorter = dkim_key_get(fx.cache, "a", refused, strlen(refused) - 1);

	assert_ptr_equal(a, again);
	assert_ptr_not_equal(a, other);
	assert_ptr_not_equal(a, shorter);
	assert_int_equal(metrics_get(&fx.metrics, METRIC_DKIM_KEY_HITS), hits + 1);
	dkim_key_unref(a);
	dkim_key_unref(again);
	dkim_key_unref(other);
	dkim_key_unref(shorter);
	dkim_key_unref(NULL);
}

static void never_grows_and_hands_out_keys_that_outlive_it(void **state)
{
	struct dkim_key_cache *c = dkim_key_cache_new(1, NULL), *none = dkim_key_cache_new(0, NULL);
	struct dkim_key *kept, *k;
	char text[64], *record = signer_key_record(fx.rsa);

	assert_non_null(c);
	assert_non_null(none);
	kept = dkim_key_get(c, "kept", record, strlen(record));
	for (int i = 0; i < 2000; i++) {
		snprintf(text, sizeof(text), "v=DKIM1; p=; n=%d", i);
		k = dkim_key_get(c, "churn", text, strlen(text));
		assert_string_equal(dkim_key_refusal(k), "key revoked");
		dkim_key_unref(k);
	}
	dkim_key_cache_free(c);
	verifies(kept, fx.rsa);
	dkim_key_unref(kept);
	k = dkim_key_get(none, "kept", record, strlen(record));
	verifies(k, fx.rsa);
	dkim_key_unref(k);
	dkim_key_cache_free(none);
	dkim_key_cache_free(NULL);
	free(record);
}

static void *user(void *arg)
{
	char *rsa = signer_key_record(fx.rsa), *ed25519 = signer_key_record(fx.ed25519), name[32];
	char *b = signer_sign_text(fx.rsa, "signed");
	uint8_t hash[SHA256_SIZE], signature[MAX_SIGNATURE_BYTES];
	uintptr_t wrong = 0;
	size_t n;

	EVP_Digest("signed", 6, hash, NULL, EVP_sha256(), NULL);
	wrong += !base64_decode(b, strlen(b), signature, sizeof(signature), &n);
	for (int i = 0; i < 200; i++) {
		struct dkim_key *k, *churn;

		snprintf(name, sizeof(name), "%d", i % 40);
		k = dkim_key_get(arg, "same", rsa, strlen(rsa));
		churn = dkim_key_get(arg, name, ed25519, strlen(ed25519));
		wrong += k == NULL || churn == NULL ||
			 dkim_key_verify(k, hash, signature, n) != VERIFICATION_OK;
		dkim_key_unref(k);
		dkim_key_unref(churn);
	}
	free(rsa);
	free(ed25519);
	free(b);
	return (void *)wrong;
}

static void is_right_when_four_threads_use_it(void **state)
{
	struct dkim_key_cache *c = dkim_key_cache_new(16, NULL);
	pthread_t thread[4];
	void *wrong;

	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, user, c), 0);
	for (size_t i = 0; i < 4; i++) {
		pthread_join(thread[i], &wrong);
		assert_ptr_equal(wrong, NULL);
	}
	dkim_key_cache_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(takes_the_records_of_rfc_6376_and_8463),
	    cmocka_unit_test(takes_a_bare_rsa_public_key_and_white_space_in_base64),
	    cmocka_unit_test(refuses_other_records_and_says_why),
	    cmocka_unit_test(refuses_der_that_is_not_exactly_one_key),
	    cmocka_unit_test(bounds_modulus_and_exponent),
	    cmocka_unit_test(keeps_decoded_keys_by_name_and_whole_text),
	    cmocka_unit_test(never_grows_and_hands_out_keys_that_outlive_it),
	    cmocka_unit_test(is_right_when_four_threads_use_it),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
