/* test_header.c - the bounded header list. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "mail/header.h"
#include "support/test.h"

static struct headers *sample(void)
{
	struct headers *h = headers_new(100000);

	assert_non_null(h);
	assert_true(headers_add(h, "Received", " from a"));
	assert_true(headers_add(h, "From", " a@x.example"));
	assert_true(headers_add(h, "received", " from b"));
	assert_true(headers_add(h, "Received ", ""));
	assert_true(headers_add(h, "Received-SPF", " pass"));
	return h;
}

static void keeps_fields_in_order(void **state)
{
	struct headers *h = sample();
	struct header_field f;

	assert_int_equal(headers_count(h), 5);
	f = headers_at(h, 1);
	assert_string_equal(f.name, "From");
	assert_string_equal(f.value, " a@x.example");
	assert_int_equal(f.value_len, strlen(f.value));
	f = headers_at(h, 4);
	assert_string_equal(f.name, "Received-SPF");
	headers_free(h);
	headers_free(NULL);
}

static void counts_fields_of_one_name_from_1(void **state)
{
	struct headers *h = sample();
	struct header_cursor c = {0};
	struct header_field f;

	assert_int_equal(headers_count_named(h, "RECEIVED"), 3);
	assert_int_equal(headers_count_named(h, "Receive"), 0);
	for (size_t i = 1; i <= 3; i++) {
		assert_true(headers_next(h, "Received", &c, &f));
		assert_int_equal(f.nth, i);
		if (i == 2)
			assert_string_equal(f.value, " from b");
	}
	assert_false(headers_next(h, "Received", &c, &f));
	headers_free(h);
}

static void a_name_is_known_in_any_dress(void **state)
{
	static const struct {
		const char *name;
		bool is;
	} rows[] = {
	    {"From", true},   {"from", true},	     {"FROM ", true},  {"From\t", true},
	    {" From", true},  {"From \t\r\n", true}, {"Fro", false},   {"Fromm", false},
	    {"From:", false}, {"", false},	     {"F rom", false}, {"X-From", false},
	    {" ", false},     {"From\x01", false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(header_name_is(rows[i].name, "From"), rows[i].is);
}

static void knows_valid_names(void **state)
{
	assert_true(header_name_valid("From"));
	assert_true(header_name_valid("!~"));
	assert_false(header_name_valid(""));
	assert_false(header_name_valid("From "));
	assert_false(header_name_valid("Fr:om"));
	assert_false(header_name_valid("Fr\xc3\xb6m"));
	assert_false(header_name_valid("Fr\x7fm"));
}

static void knows_white_space_that_is_none(void **state)
{
	static const struct {
		const char *value;
		bool odd;
	} rows[] = {
	    {"", false},    {" a b\tc", false},	 {"a\n b", false},    {"a\r\n\tb\r\n c", false},
	    {"a\rb", true}, {"a\r\n b\r", true}, {"a\r\r\n b", true}, {"\r", true},
	    {"a\vb", true}, {"a\f", true}};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (header_value_odd(rows[i].value, strlen(rows[i].value)) != rows[i].odd)
			fail_msg("row %zu", i);
}

static void knows_clean_values(void **state)
{
	static const struct {
		const char *value;
		size_t len;
		bool clean;
	} rows[] = {
	    {"", 0, true},	   {" a\tb", 4, true}, {"a\n b", 4, true}, {"a\r\n\tb", 5, true},
	    {"\xc3\xa9", 2, true}, {"a\n", 2, false},  {"a\nb", 3, false}, {"a\r\nb", 4, false},
	    {"a\r b", 4, false},   {"a\0b", 3, false}, {"\x7f", 1, false}, {"a\n\n b", 5, false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (header_value_clean(rows[i].value, rows[i].len) != rows[i].clean)
			fail_msg("row %zu", i);
}

static void too_many_fields_are_an_overflow(void **state)
{
	struct headers *h = headers_new((size_t)1 << 24);

	assert_non_null(h);
	for (int i = 0; i < 10000; i++)
		assert_int_equal(headers_add(h, "X", "y"), i < MAX_HEADER_FIELDS);
	assert_int_equal(headers_count(h), MAX_HEADER_FIELDS);
	assert_true(headers_overflow(h));
	assert_false(headers_failed(h));
	headers_reset(h);
	assert_int_equal(headers_count(h), 0);
	assert_false(headers_overflow(h));
	assert_true(headers_add(h, "X", "y"));
	headers_free(h);
}

static void the_byte_limit_counts_everything_and_stays(void **state)
{
	struct headers *h = headers_new(12);

	assert_non_null(h);
	assert_true(headers_add(h, "Name", "value.")); /* 4 + 6 and two NULs */
	assert_false(headers_overflow(h));
	assert_false(headers_add(h, "", ""));
	assert_true(headers_overflow(h));
	headers_reset(h);
	assert_false(headers_add(h, "Name", "value.."));
	assert_false(headers_add(h, "a", "b")); /* sticky: no gaps in what is kept */
	assert_int_equal(headers_count(h), 0);
	headers_free(h);
}

static void a_huge_field_is_an_overflow(void **state)
{
	struct headers *h = headers_new((size_t)1 << 24);
	char *value = malloc(MAX_HEADER_FIELD_BYTES + 1);

	assert_non_null(h);
	assert_non_null(value);
	memset(value, 'x', MAX_HEADER_FIELD_BYTES);
	value[MAX_HEADER_FIELD_BYTES] = '\0';
	assert_true(headers_add(h, "", value));
	assert_int_equal(headers_at(h, 0).value_len, MAX_HEADER_FIELD_BYTES);
	assert_false(headers_add(h, "a", value));
	assert_true(headers_overflow(h));
	free(value);
	headers_free(h);
}

static void growing_keeps_what_was_there(void **state)
{
	struct headers *h = headers_new((size_t)1 << 24);
	char name[32], value[600];

	assert_non_null(h);
	memset(value, 'v', sizeof(value));
	value[sizeof(value) - 1] = '\0';
	for (int i = 0; i < MAX_HEADER_FIELDS; i++) {
		snprintf(name, sizeof(name), "X-%d", i);
		assert_true(headers_add(h, name, value + i % 500));
	}
	for (int i = 0; i < MAX_HEADER_FIELDS; i++) {
		snprintf(name, sizeof(name), "X-%d", i);
		assert_string_equal(headers_at(h, (size_t)i).name, name);
		assert_string_equal(headers_at(h, (size_t)i).value, value + i % 500);
	}
	headers_free(h);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(keeps_fields_in_order),
	    cmocka_unit_test(counts_fields_of_one_name_from_1),
	    cmocka_unit_test(a_name_is_known_in_any_dress),
	    cmocka_unit_test(knows_valid_names),
	    cmocka_unit_test(knows_white_space_that_is_none),
	    cmocka_unit_test(knows_clean_values),
	    cmocka_unit_test(too_many_fields_are_an_overflow),
	    cmocka_unit_test(the_byte_limit_counts_everything_and_stays),
	    cmocka_unit_test(a_huge_field_is_an_overflow),
	    cmocka_unit_test(growing_keeps_what_was_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
