/* test_canon.c - the canonical forms of RFC 6376 3.4, compared by their hash with what they should
 * be. */
#include <stdlib.h>
#include <string.h>

#include "check/canon.h"
#include "support/test.h"

static void hash_of(const char *text, size_t n, uint8_t hash_r[SHA256_SIZE])
{
	struct sha256 *h = sha256_new();

	assert_non_null(h);
	sha256_add(h, text, n);
	assert_true(sha256_end(h, hash_r));
	sha256_free(h);
}

/* The body in pieces of `step` bytes, each an exact-size block. Returns the canonical length. */
static uint64_t body(const char *text, bool relaxed, uint64_t limit, size_t step,
		     uint8_t hash_r[SHA256_SIZE])
{
	struct sha256 *h = sha256_new();
	struct canon_body c;
	size_t len = strlen(text);

	assert_non_null(h);
	canon_body_start(&c, relaxed, limit, h);
	for (size_t i = 0; i < len; i += step) {
		size_t n = len - i < step ? len - i : step;
		unsigned char *piece = malloc(n);

		assert_non_null(piece);
		memcpy(piece, text + i, n);
		canon_body_add(&c, piece, n);
		free(piece);
	}
	canon_body_end(&c);
	assert_true(sha256_end(h, hash_r));
	sha256_free(h);
	return c.length;
}

static const struct {
	const char *in, *simple, *relaxed;
} bodies[] = {
    {"", "\r\n", ""},
    {"\r\n", "\r\n", ""},
    {"\r\n\r\n\r\n", "\r\n", ""},
    {" \r\n", " \r\n", ""},
    {" \t\r\n \r\n", " \t\r\n \r\n", ""},
    {"x", "x\r\n", "x\r\n"},
    {"x\r\n", "x\r\n", "x\r\n"},
    {"x\r\n\r\n\r\n", "x\r\n", "x\r\n"},
    {"x \t \r\n\r\n", "x \t \r\n", "x\r\n"},
    /* RFC 6376 3.4.5 */
    {" C \r\nD \t E\r\n\r\n\r\n", " C \r\nD \t E\r\n", " C\r\nD E\r\n"},
    {"\r\n\r\nx\r\n\r\ny\r\n", "\r\n\r\nx\r\n\r\ny\r\n", "\r\n\r\nx\r\n\r\ny\r\n"},
    /* A CR alone is text. */
    {"a\nb\rc\r\rd\r", "a\r\nb\rc\r\rd\r\r\n", "a\r\nb\rc\r\rd\r\r\n"},
    {"a\n\rb", "a\r\n\rb\r\n", "a\r\n\rb\r\n"},
    {"a\r\n\r\r\n", "a\r\n\r\r\n", "a\r\n\r\r\n"},
    {"a \r \r\n\r", "a \r \r\n\r\r\n", "a \r\r\n\r\r\n"},
    {"a\t\tb  c", "a\t\tb  c\r\n", "a b c\r\n"},
    {"a ", "a \r\n", "a\r\n"},
    {"\xff\x01 z\r\n", "\xff\x01 z\r\n", "\xff\x01 z\r\n"},
};

/* K20 */
static void bodies_are_the_same_in_pieces_of_any_size(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(bodies); i++)
		for (size_t step = 1; step < 9; step++)
			for (int relaxed = 0; relaxed < 2; relaxed++) {
				const char *want = relaxed ? bodies[i].relaxed : bodies[i].simple;
				uint8_t got[SHA256_SIZE], right[SHA256_SIZE];

				assert_int_equal(
				    body(bodies[i].in, relaxed, CANON_WHOLE, step, got),
				    strlen(want));
				hash_of(want, strlen(want), right);
				if (memcmp(got, right, sizeof(got)) != 0)
					fail_msg("row %zu, relaxed %d, pieces of %zu", i, relaxed,
						 step);
			}
}

static void a_limit_cuts_the_hash_and_not_the_length(void **state)
{
	static const char text[] = "ab  c\r\n\r\nd\r\n\r\n";
	static const char canonical[] = "ab c\r\n\r\nd\r\n";
	uint8_t got[SHA256_SIZE], right[SHA256_SIZE];

	for (size_t limit = 0; limit <= strlen(canonical) + 3; limit++) {
		size_t n = limit < strlen(canonical) ? limit : strlen(canonical);

		assert_int_equal(body(text, true, limit, 3, got), strlen(canonical));
		hash_of(canonical, n, right);
		assert_memory_equal(got, right, sizeof(got));
	}
}

static void long_lines_and_counting_alone_work(void **state)
{
	size_t n = 3 * CANON_BUFFER + 17;
	char *text = malloc(n + 3);
	uint8_t got[SHA256_SIZE], right[SHA256_SIZE];
	struct canon_body c;

	assert_non_null(text);
	for (size_t i = 0; i < n; i++)
		text[i] = (char)('a' + i % 26);
	memcpy(text + n, "\r\n", 3);
	hash_of(text, n + 2, right);
	assert_int_equal(body(text, true, CANON_WHOLE, n, got), n + 2);
	assert_memory_equal(got, right, sizeof(got));
	assert_int_equal(body(text, false, CANON_WHOLE, 7, got), n + 2);
	assert_memory_equal(got, right, sizeof(got));
	canon_body_start(&c, true, CANON_WHOLE, NULL);
	canon_body_add(&c, (const unsigned char *)text, n);
	canon_body_end(&c);
	assert_int_equal(c.length, n + 2);
	free(text);
}

/* K20, K23 */
static void header_fields_take_both_forms(void **state)
{
	static const struct {
		const char *name, *value, *simple, *relaxed;
	} rows[] = {
	    /* RFC 6376 3.4.5 */
	    {"A", " X", "A: X\r\n", "a:X\r\n"},
	    {"B ", " Y\t\r\n\tZ  ", "B : Y\t\r\n\tZ  \r\n", "b:Y Z\r\n"},
	    {"SUBJect", " AbC", "SUBJect: AbC\r\n", "subject:AbC\r\n"},
	    {"B", " Y\n\tZ", "B: Y\r\n\tZ\r\n", "b:Y Z\r\n"},
	    {"CR", " a\rb\r \vc\r", "CR: a\rb\r \vc\r\r\n", "cr:a\rb\r \vc\r\r\n"},
	    {"Empty", "", "Empty:\r\n", "empty:\r\n"},
	    {"Blank", " \t\n ", "Blank: \t\r\n \r\n", "blank:\r\n"},
	};
	uint8_t got[SHA256_SIZE], right[SHA256_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		for (int relaxed = 0; relaxed < 2; relaxed++) {
			const char *want = relaxed ? rows[i].relaxed : rows[i].simple;
			struct sha256 *h = sha256_new();

			assert_non_null(h);
			canon_field(h, rows[i].name, rows[i].value, strlen(rows[i].value), relaxed);
			assert_true(sha256_end(h, got));
			sha256_free(h);
			hash_of(want, strlen(want), right);
			if (memcmp(got, right, sizeof(got)) != 0)
				fail_msg("row %zu, relaxed %d", i, relaxed);
		}
}

/* K22 */
static void the_own_field_loses_the_value_of_b(void **state)
{
	static const struct {
		const char *value, *b, *simple, *relaxed;
	} rows[] = {
	    {" a=1;\n b=XYZ;\n c=2", "XYZ", "S: a=1;\r\n b=;\r\n c=2", "s:a=1; b=; c=2"},
	    {" a=1; b= X\n Y ; c=2", "X\n Y", "S: a=1; b=; c=2", "s:a=1; b=; c=2"},
	    {" a=1; b=XYZ \n", "XYZ", "S: a=1; b=", "s:a=1; b="},
	    {" b=XYZ", "XYZ", "S: b=", "s:b="},
	};
	uint8_t got[SHA256_SIZE], right[SHA256_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		for (int relaxed = 0; relaxed < 2; relaxed++) {
			const char *want = relaxed ? rows[i].relaxed : rows[i].simple,
				   *value = rows[i].value;
			struct sha256 *h = sha256_new();

			assert_non_null(h);
			canon_own_field(h, "S", value, strlen(value), strstr(value, rows[i].b),
					strlen(rows[i].b), relaxed);
			assert_true(sha256_end(h, got));
			sha256_free(h);
			hash_of(want, strlen(want), right);
			if (memcmp(got, right, sizeof(got)) != 0)
				fail_msg("row %zu, relaxed %d", i, relaxed);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(bodies_are_the_same_in_pieces_of_any_size),
	    cmocka_unit_test(a_limit_cuts_the_hash_and_not_the_length),
	    cmocka_unit_test(long_lines_and_counting_alone_work),
	    cmocka_unit_test(header_fields_take_both_forms),
	    cmocka_unit_test(the_own_field_loses_the_value_of_b),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
