/* test_crypto.c - SHA-256 and keys. The public keys' bounds and broken DER are in test_dkim_key.c.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/crypto.h"
#include "mail/base64.h"
#include "support/dkim_signer.h"
#include "support/test.h"

static void hashes_in_pieces_and_begins_anew(void **state)
{
	/* FIPS 180-2 B.1, and the empty body of RFC 6376 3.4.4. */
	static const uint8_t abc[] = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea,
				      0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23,
				      0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c,
				      0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad};
	static const char *const empty = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
	uint8_t hash[SHA256_SIZE], want[SHA256_SIZE];
	struct sha256 *h = sha256_new(), *fork;
	size_t n;

	assert_non_null(h);
	sha256_add(h, "a", 1);
	sha256_add(h, NULL, 0);
	fork = sha256_fork(h);
	assert_non_null(fork);
	sha256_add(h, "bc", 2);
	assert_true(sha256_end(h, hash));
	assert_memory_equal(hash, abc, sizeof(abc));
	sha256_add(fork, "bc", 2);
	assert_true(sha256_end(fork, hash));
	assert_memory_equal(hash, abc, sizeof(abc));
	sha256_free(fork);
	assert_true(sha256_end(h, hash));
	assert_true(base64_decode(empty, strlen(empty), want, sizeof(want), &n));
	assert_memory_equal(hash, want, sizeof(want));
	sha256_free(h);
	sha256_free(NULL);
}

static void verifies_what_each_kind_of_key_signed(void **state)
{
	struct signer_key *signer[2] = {signer_key_rsa(1024), signer_key_ed25519()};
	struct sha256 *h = sha256_new();
	uint8_t hash[SHA256_SIZE];

	assert_non_null(h);
	sha256_add(h, "text", 4);
	assert_true(sha256_end(h, hash));
	sha256_free(h);
	for (size_t i = 0; i < 2; i++) {
		char *p = signer_key_base64(signer[i], false),
		     *b = signer_sign_text(signer[i], "text");
		uint8_t der[512], signature[MAX_SIGNATURE_BYTES];
		struct public_key *k;
		const char *refusal;
		unsigned bits;
		size_t der_len, n;

		assert_true(base64_decode(p, strlen(p), der, sizeof(der), &der_len));
		assert_true(base64_decode(b, strlen(b), signature, sizeof(signature), &n));
		assert_true(i == 0 ? public_key_rsa(der, der_len, &k, &bits, &refusal)
				   : public_key_ed25519(der, der_len, &k, &refusal));
		assert_null(refusal);
		assert_int_equal(public_key_verify(k, hash, signature, n), VERIFICATION_OK);
		hash[0] ^= 0x80;
		assert_int_equal(public_key_verify(k, hash, signature, n), VERIFICATION_MISMATCH);
		hash[0] ^= 0x80;
		memset(signature, 0xff, n);
		assert_int_equal(public_key_verify(k, hash, signature, n), VERIFICATION_MISMATCH);
		public_key_free(k);
		free(p);
		free(b);
		signer_key_free(signer[i]);
	}
	public_key_free(NULL);
}

static void signs_what_its_public_key_verifies(void **state)
{
	struct signer_key *pair[2] = {signer_key_rsa(1024), signer_key_ed25519()};
	const uint8_t hash[SHA256_SIZE] = {1, 2, 3};

	for (size_t i = 0; i < 2; i++) {
		char path[] = "/tmp/alignd-test-key-XXXXXX", *p = signer_key_base64(pair[i], false);
		uint8_t der[512], signature[MAX_SIGNATURE_BYTES];
		struct private_key *private;
		struct public_key *public;
		struct error why = {""};
		const char *refusal;
		unsigned bits;
		size_t n;

		close(mkstemp(path));
		assert_null(private_key_read(path, &why));
		assert_string_equal(strchr(why.text, ':'),
				    ": no private key (PEM, RSA of 1024 bits or more, or Ed25519)");
		assert_true(signer_key_write(pair[i], path));
		private = private_key_read(path, &why);
		assert_non_null(private);
		unlink(path);
		assert_int_equal(private_key_is_rsa(private), i == 0);
		assert_true(base64_decode(p, strlen(p), der, sizeof(der), &n));
		assert_true(i == 0 ? public_key_rsa(der, n, &public, &bits, &refusal)
				   : public_key_ed25519(der, n, &public, &refusal));
		assert_true(private_key_sign(private, hash, signature, &n));
		assert_int_equal(n, i == 0 ? 128 : 64);
		assert_int_equal(public_key_verify(public, hash, signature, n), VERIFICATION_OK);
		private_key_free(private);
		public_key_free(public);
		free(p);
		signer_key_free(pair[i]);
	}
	private_key_free(NULL);
}

static void says_what_is_no_key(void **state)
{
	struct public_key *k;
	const char *refusal;
	unsigned bits;

	assert_true(public_key_rsa(NULL, 0, &k, &bits, &refusal));
	assert_null(k);
	assert_string_equal(refusal, "key is not an RSA key");
	assert_int_equal(bits, 0);
	assert_true(public_key_ed25519((const uint8_t *)"short", 5, &k, &refusal));
	assert_null(k);
	assert_string_equal(refusal, "key is not an Ed25519 key");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(hashes_in_pieces_and_begins_anew),
	    cmocka_unit_test(verifies_what_each_kind_of_key_signed),
	    cmocka_unit_test(signs_what_its_public_key_verifies),
	    cmocka_unit_test(says_what_is_no_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
