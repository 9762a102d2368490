/* test_digest.c - SHA-256 against the examples of FIPS 180. */
#include <string.h>

#include "base/digest.h"
#include "support/test.h"

static void matches_the_published_examples(void **state)
{
	static const struct {
		const char *text, *hex;
	} rows[] = {
	    {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
	    {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
	    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
	     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
	};
	uint8_t digest[SHA256_SIZE];
	char hex[2 * SHA256_SIZE + 1];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_true(digest_sha256(rows[i].text, strlen(rows[i].text), digest));
		assert_string_equal(digest_hex(digest, sizeof(digest), hex), rows[i].hex);
	}
	assert_string_equal(digest_hex(digest, 0, hex), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(matches_the_published_examples)};

	return cmocka_run_group_tests_name("digest", tests, NULL, NULL);
}
