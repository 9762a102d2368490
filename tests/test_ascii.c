/* test_ascii.c - kinds of bytes. */
#include <locale.h>
#include <string.h>

#include "base/ascii.h"
#include "support/test.h"

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGIT "0123456789"

static void knows_each_byte_in_every_locale(void **state)
{
	static const struct {
		bool (*is)(char);
		const char *bytes;
	} rows[] = {
	    {ascii_is_digit, DIGIT},
	    {ascii_is_alpha, LOWER UPPER},
	    {ascii_is_alnum, LOWER UPPER DIGIT},
	    {ascii_is_printable, LOWER UPPER DIGIT " !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"},
	    {ascii_is_blank, " \t"},
	    {ascii_is_white, " \t\r\n"},
	};

	setlocale(LC_ALL, "C.UTF-8");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		for (int c = 0; c < 256; c++)
			if (rows[i].is((char)c) !=
			    (memchr(rows[i].bytes, c, strlen(rows[i].bytes)) != NULL))
				fail_msg("row %zu, byte %d", i, c);
}

static void changes_nothing_but_what_it_says(void **state)
{
	for (int c = 0; c < 256; c++) {
		const char *upper = c > 0 ? strchr(UPPER, c) : NULL;

		assert_int_equal(ascii_lower((char)c),
				 upper != NULL ? LOWER[upper - UPPER] : (char)c);
		assert_int_equal(ascii_shown((char)c), c >= 32 && c <= 126 ? c : '?');
	}
}

static void reads_hexadecimal_digits(void **state)
{
	static const char digits[] = "0123456789abcdefABCDEF";

	for (int c = 0; c < 256; c++) {
		const char *digit = c > 0 ? strchr(digits, c) : NULL;
		int at = digit != NULL ? (int)(digit - digits) : -1;

		assert_int_equal(ascii_hex((char)c), at > 15 ? at - 6 : at);
	}
}

static void trims_both_ends(void **state)
{
	static const struct {
		const char *text, *trimmed;
	} rows[] = {{"", ""},	{" ", ""},	   {"\r\n\t ", ""},
		    {"a", "a"}, {" a b\t", "a b"}, {"\va\v", "\va\v"}};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *text = rows[i].text;
		size_t len = strlen(text);

		ascii_trim(&text, &len);
		assert_int_equal(len, strlen(rows[i].trimmed));
		assert_memory_equal(text, rows[i].trimmed, len);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(knows_each_byte_in_every_locale),
	    cmocka_unit_test(changes_nothing_but_what_it_says),
	    cmocka_unit_test(reads_hexadecimal_digits),
	    cmocka_unit_test(trims_both_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
