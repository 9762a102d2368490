/* test_nearest.c - what a mistyped word was meant to be. */
#include <string.h>

#include "base/nearest.h"
#include "support/test.h"

static void counts_edits(void **state)
{
	static const struct {
		const char *a, *b;
		unsigned distance;
	} rows[] = {
	    {"from", "from", 0},  {"form", "from", 1}, {"fron", "from", 1}, {"frm", "from", 1},
	    {"froom", "from", 1}, {"", "from", 4},     {"from", "", 4},	    {"abcd", "badc", 2},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(nearest_distance(rows[i].a, rows[i].b), rows[i].distance);
}

static void does_not_compare_long_words(void **state)
{
	char a[65], b[64];

	memset(a, 'a', 64);
	a[64] = '\0';
	memset(b, 'a', 63);
	b[63] = '\0';
	assert_true(nearest_distance(a, b) > 1000);
	assert_int_equal(nearest_distance(b, b), 0);
}

static void offers_only_what_is_near(void **state)
{
	static const char *const words[] = {"accept", "reject", "tempfail"};
	static const struct {
		const char *typed, *meant;
	} rows[] = {
	    {"rejct", "reject"},     {"acept", "accept"}, {"allow", NULL},
	    {"tmpfail", "tempfail"}, {"", NULL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct nearest n;

		nearest_start(&n, rows[i].typed);
		for (size_t j = 0; j < ARRAY_SIZE(words); j++)
			nearest_try(&n, words[j]);
		if (rows[i].meant == NULL)
			assert_null(n.word);
		else
			assert_string_equal(n.word, rows[i].meant);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(counts_edits),
	    cmocka_unit_test(does_not_compare_long_words),
	    cmocka_unit_test(offers_only_what_is_near),
	};
	return cmocka_run_group_tests_name("nearest", tests, NULL, NULL);
}
