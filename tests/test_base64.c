/* test_base64.c - strict reading of base64. */
#include <stdlib.h>
#include <string.h>

#include "mail/base64.h"
#include "support/test.h"

/* Decode from an exact-size block without a NUL. */
static bool decode(const char *text, uint8_t *out, size_t size, size_t *n_r)
{
	size_t len = strlen(text);
	char *copy = malloc(len > 0 ? len : 1);
	bool ok;

	assert_non_null(copy);
	memcpy(copy, text, len);
	ok = base64_decode(copy, len, out, size, n_r);
	free(copy);
	return ok;
}

static void reads_the_vectors_of_rfc_4648_with_and_without_padding(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
	    {"", ""},
	    {"Zg==", "f"},
	    {"Zm8=", "fo"},
	    {"Zm9v", "foo"},
	    {"Zm9vYg==", "foob"},
	    {"Zm9vYmE=", "fooba"},
	    {"Zm9vYmFy", "foobar"},
	    {"Zg", "f"},
	    {"Zm8", "fo"},
	    {"Zm9vYg", "foob"},
	    {" Z\r\n\tm 9 v ", "foo"},
	    {"Z g = =", "f"},
	};
	uint8_t out[8];
	size_t n;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_true(decode(rows[i].in, out, sizeof(out), &n));
		assert_int_equal(n, strlen(rows[i].out));
		assert_memory_equal(out, rows[i].out, n);
	}
	assert_true(decode("+/+/", out, sizeof(out), &n));
	assert_memory_equal(out, "\xfb\xff\xbf", 3);
}

static void refuses_everything_else(void **state)
{
	static const char *const rows[] = {
	    "Z",    "Zm9vY", "Zg=",  "Zg===",	"Zm8==", "Zm9v=", "=",	"====", "Zg==Zg==",
	    "Z=g=", "Zm9-",  "Zm9_", "Zm\x80v", "Zh==",	 "Zm9=",  "Z!", "Zg==."};
	uint8_t out[8];
	size_t n = 7;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (decode(rows[i], out, sizeof(out), &n))
			fail_msg("%s was taken", rows[i]);
		assert_int_equal(n, 0);
	}
	assert_false(base64_decode("Zg\0=", 4, out, sizeof(out), &n));
}

static void refuses_what_does_not_fit(void **state)
{
	uint8_t out[3];
	size_t n;

	assert_true(decode("Zm9v", out, 3, &n));
	assert_false(decode("Zm9v", out, 2, &n));
	assert_false(decode("Zm9vYg==", out, 3, &n));
	assert_true(decode("", out, 0, &n));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reads_the_vectors_of_rfc_4648_with_and_without_padding),
	    cmocka_unit_test(refuses_everything_else),
	    cmocka_unit_test(refuses_what_does_not_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
