/* test_utf8.c - strict UTF-8. */
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "support/test.h"

static void knows_valid_text(void **state)
{
	static const struct {
		const char *text;
		size_t len, first;
		bool valid;
	} rows[] = {
	    {"", 0, 0, true},
	    {"a", 1, 1, true},
	    {"\0", 1, 1, true},
	    {"\xc3\xa4"
	     "b",
	     3, 2, true},
	    {"\xe2\x82\xac", 3, 3, true},
	    {"\xf0\x9f\x98\x80", 4, 4, true},
	    {"\xed\x9f\xbf\xee\x80\x80", 6, 3, true},
	    {"\xf4\x8f\xbf\xbf", 4, 4, true},
	    {"\xc3", 1, 0, false},
	    {"\xe2\x82", 2, 0, false},
	    {"\xf0\x9f\x98", 3, 0, false},
	    {"\x80", 1, 0, false},
	    {"a\xff", 2, 1, false},
	    {"\xc0\xaf", 2, 0, false}, /* overlong */
	    {"\xc1\xbf", 2, 0, false},
	    {"\xe0\x9f\xbf", 3, 0, false},
	    {"\xf0\x8f\xbf\xbf", 4, 0, false},
	    {"\xed\xa0\x80", 3, 0, false},     /* surrogate */
	    {"\xf4\x90\x80\x80", 4, 0, false}, /* over U+10FFFF */
	    {"\xf5\x80\x80\x80", 4, 0, false},
	    {"\xe2\x28\xa1", 3, 0, false},
	    {"\xe2\x82\x28", 3, 0, false},
	    {"\xf0\x9f\x28\x80", 4, 0, false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *copy = malloc(rows[i].len > 0 ? rows[i].len : 1);

		assert_non_null(copy);
		memcpy(copy, rows[i].text, rows[i].len);
		assert_int_equal(utf8_char(copy, rows[i].len), rows[i].first);
		assert_int_equal(utf8_valid(copy, rows[i].len), rows[i].valid);
		free(copy);
	}
}

static void knows_printable_characters(void **state)
{
	static const struct {
		const char *text;
		size_t bytes;
	} rows[] = {
	    {"a", 1},
	    {" ", 1},
	    {"~", 1},
	    {"\xc2\xa0", 2},
	    {"\xc3\xa9", 2},
	    {"\xe2\x82\xac", 3},
	    {"\t", 0},
	    {"\x1b", 0},
	    {"\x7f", 0},
	    {"\xc2\x80", 0},
	    {"\xc2\x9f", 0},
	    {"\xc2", 0},
	    {"\xed\xa0\x80", 0},
	};

	assert_int_equal(utf8_printable("", 1), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (utf8_printable(rows[i].text, strlen(rows[i].text)) != rows[i].bytes)
			fail_msg("row %zu", i);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {cmocka_unit_test(knows_valid_text),
						  cmocka_unit_test(knows_printable_characters)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
