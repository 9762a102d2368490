/* test_dkim_hash.c - the two hashes of a signature by our own canonicalization, against the
 * signer's. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check/dkim_hash.h"
#include "mail/base64.h"
#include "support/dkim_signer.h"
#include "support/message.h"
#include "support/test.h"

#define HEADER \
	"From: Ann <ann@example.org>\r\nTo: bob@example.net\r\nSubject: test\r\n folded \r\n" \
	"Received: by a\r\nReceived: by b\r\nReceived: by c\r\n"
#define BODY "Hello  world \r\n\r\nlast line\r\n\r\n"

static void add(void *arg, const char *name, const char *value)
{
	assert_true(headers_add(arg, name, value));
}

static void equals_what_was_signed_in_every_form(void **state)
{
	static const char *const canons[] = {"", "simple/relaxed", "relaxed/simple",
					     "relaxed/relaxed"};
	static const char *const names[] = {"From", "From:To:Subject:From",
					    "received:From:Received:DATE",
					    "Received:Received:Received:Received:From"};
	struct signer_key *key = signer_key_ed25519();
	uint8_t raw[32], signature[MAX_SIGNATURE_BYTES], claimed[SHA256_SIZE];
	struct public_key *public;
	const char *refusal;
	char *p = signer_key_base64(key, false);
	size_t n;

	assert_true(base64_decode(p, strlen(p), raw, sizeof(raw), &n));
	assert_true(public_key_ed25519(raw, n, &public, &refusal));
	for (size_t i = 0; i < 16; i++)
		for (int partial = 0; partial < 2; partial++) {
			struct signer s = {.key = key,
					   .domain = "example.org",
					   .selector = "s",
					   .canon = canons[i % 4],
					   .headers = names[i / 4],
					   .partial = partial,
					   .body_length = 7};
			char *field = signer_sign(&s, HEADER, BODY, strlen(BODY)), *all;
			struct headers *h = headers_new(10000);
			struct dkim_hashes hashes;
			struct dkim_hash *hash;
			struct dkim_field f;

			assert_true(asprintf(&all, "%s\r\n%s", field, HEADER) > 0);
			message_split(all, strlen(all), add, h);
			dkim_field_read(&f, DKIM_FIELD_DKIM, headers_at(h, 0).value,
					headers_at(h, 0).value_len, 0);
			assert_int_equal(f.problem, DKIM_NONE);
			assert_non_null(hash = dkim_hash_new(&f));
			dkim_hash_body(hash, (const unsigned char *)BODY, strlen(BODY));
			assert_true(dkim_hash_end(hash, h, 0, &hashes));
			assert_true(base64_decode(f.bh.value, f.bh.value_len, claimed,
						  sizeof(claimed), &n));
			assert_memory_equal(hashes.body, claimed, sizeof(claimed));
			assert_int_equal(hashes.body_length,
					 strlen(f.body_relaxed
						    ? "Hello world\r\n\r\nlast line\r\n"
						    : "Hello  world \r\n\r\nlast line\r\n"));
			assert_true(base64_decode(f.b.value, f.b.value_len, signature,
						  sizeof(signature), &n));
			assert_int_equal(public_key_verify(public, hashes.header, signature, n),
					 VERIFICATION_OK);
			dkim_hash_free(hash);
			headers_free(h);
			free(field);
			free(all);
		}
	dkim_hash_free(NULL);
	public_key_free(public);
	signer_key_free(key);
	free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(equals_what_was_signed_in_every_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
