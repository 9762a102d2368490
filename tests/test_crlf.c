/* test_crlf.c - line ends of a body made CRLF. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/strbuf.h"
#include "mail/crlf.h"
#include "support/test.h"

static void collect(void *arg, const unsigned char *bytes, size_t n)
{
	assert_true(n > 0);
	strbuf_addn(arg, bytes, n);
}

/* The result for pieces of `step` bytes, each its own block. True if there was a CR alone. */
static bool convert(const char *in, size_t step, struct strbuf *out)
{
	size_t len = strlen(in);
	struct crlf c = {0};

	strbuf_reset(out);
	for (size_t i = 0; i < len; i += step) {
		size_t n = len - i < step ? len - i : step;
		unsigned char *piece = malloc(n);

		assert_non_null(piece);
		memcpy(piece, in + i, n);
		crlf_add(&c, piece, n, collect, out);
		free(piece);
	}
	crlf_add(&c, NULL, 0, collect, out);
	crlf_end(&c, collect, out);
	assert_true(strbuf_ok(out));
	return c.lone;
}

static void lone_line_ends_are_gathered(void **state)
{
	static const char *const units[] = {"\n", "x\n", "a line of some length\n"};
	enum { UNITS = 3000 };
	char in[UNITS * 32];
	struct strbuf out;

	strbuf_init(&out, 4 * sizeof(in));
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		size_t n = strlen(units[i]);

		for (size_t k = 0; k < UNITS; k++)
			memcpy(in + k * n, units[i], n + 1);
		for (size_t step = 100; step <= sizeof(in); step *= 7) {
			convert(in, step, &out);
			assert_int_equal(out.len, UNITS * (n + 1));
			for (size_t at = 0; at < out.len; at += n + 1)
				assert_memory_equal(out.text + at + n - 1, "\r\n", 2);
		}
	}
	strbuf_free(&out);
}

static void lf_becomes_crlf_and_a_lone_cr_is_told_in_pieces_of_any_size(void **state)
{
	static const struct {
		const char *in, *out;
		bool lone;
	} rows[] = {
	    {"", "", false},
	    {"a", "a\r\n", false},
	    {"a\r\n", "a\r\n", false},
	    {"a\n", "a\r\n", false},
	    {"\n", "\r\n", false},
	    {"\r\n", "\r\n", false},
	    {"one\r\ntwo\r\n\r\nthree", "one\r\ntwo\r\n\r\nthree\r\n", false},
	    {"one\n\ntwo\r\nthree\n", "one\r\n\r\ntwo\r\nthree\r\n", false},
	    {"a\r", "a\r\r\n", true},
	    {"\r", "\r\r\n", true},
	    {"\r\r\n", "\r\r\n", true},
	    {"\n\rx", "\r\n\rx\r\n", true},
	    {"a\r\nb\nc\rd", "a\r\nb\r\nc\rd\r\n", true},
	    {"a\rb\r\nc\n", "a\rb\r\nc\r\n", true},
	};
	struct strbuf out;

	strbuf_init(&out, 1000);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		for (size_t step = 1; step < 12; step++) {
			assert_int_equal(convert(rows[i].in, step, &out), rows[i].lone);
			assert_string_equal(strbuf_text(&out), rows[i].out);
		}
	strbuf_free(&out);
}

static void what_is_right_goes_on_in_one_piece(void **state)
{
	static const char text[] = "one\r\ntwo\r\n\r\nthree\r\n";
	struct crlf c = {0};
	struct strbuf out;

	strbuf_init(&out, 1000);
	crlf_add(&c, (const unsigned char *)text, strlen(text), collect, &out);
	assert_int_equal(out.len, strlen(text));
	crlf_end(&c, collect, &out);
	assert_int_equal(out.len, strlen(text));
	strbuf_free(&out);
}

static void count(void *arg, const unsigned char *bytes, size_t n)
{
	(void)bytes;
	*(size_t *)arg += n;
}

static void a_megabyte_of_line_ends_takes_no_longer_than_text(void **state)
{
	static const char kinds[] = {'\r', '\n'};
	size_t n = 1 << 20;
	unsigned char *bytes = malloc(n);

	assert_non_null(bytes);
	for (size_t k = 0; k < 2; k++) {
		struct crlf c = {0};
		clock_t begin = clock();
		size_t sum = 0;

		memset(bytes, kinds[k], n);
		crlf_add(&c, bytes, n, count, &sum);
		crlf_end(&c, count, &sum);
		assert_int_equal(sum, k == 0 ? n + 2 : 2 * n);
		assert_true(clock() - begin < CLOCKS_PER_SEC / 2);
	}
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lone_line_ends_are_gathered),
	    cmocka_unit_test(lf_becomes_crlf_and_a_lone_cr_is_told_in_pieces_of_any_size),
	    cmocka_unit_test(what_is_right_goes_on_in_one_piece),
	    cmocka_unit_test(a_megabyte_of_line_ends_takes_no_longer_than_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
