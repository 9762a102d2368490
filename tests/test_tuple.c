/* test_tuple.c - a row as it is written: its text, its keys, its DKIM results. */
#include <stdlib.h>
#include <string.h>

#include "store/tuple.h"
#include "support/store_place.h"
#include "support/test.h"

static void copies_every_field(void **state)
{
	struct row row = sample_row();
	struct tuple t;

	row.dkim_aligned = true;
	assert_true(tuple_make(&row, &t, NULL));
	assert_int_equal(t.day, DAY);
	assert_string_equal(t.field[TUPLE_DOMAIN], "a.example");
	assert_string_equal(t.field[TUPLE_P], "reject");
	assert_string_equal(t.field[TUPLE_SP], "none");
	assert_string_equal(t.field[TUPLE_NP], "");
	assert_string_equal(t.field[TUPLE_ASPF], "s");
	assert_string_equal(t.field[TUPLE_DISCOVERY], "treewalk");
	assert_string_equal(t.field[TUPLE_SOURCE_IP], "192.0.2.1");
	assert_string_equal(t.field[TUPLE_DKIM_ALIGNED], "1");
	assert_string_equal(t.field[TUPLE_SPF_ALIGNED], "0");
	assert_string_equal(t.field[TUPLE_SPF_RESULT], "softfail");
	assert_string_equal(t.field[TUPLE_DKIM],
			    "a.example\ts1\tfail\tbody hash differs \nb.example\t\tpermerror\t\n");
	assert_string_equal(t.field[TUPLE_RUA], "mailto:r@a.example");
	assert_string_equal(t.field[TUPLE_ACTION], "quarantine");
	tuple_free(&t);
	tuple_free(&t);
}

static void keeps_nothing_of_a_row_that_is_not_reportable(void **state)
{
	struct row row = sample_row();
	struct tuple t;

	row.reportable = false;
	assert_true(tuple_make(&row, &t, NULL));
	assert_string_equal(t.field[TUPLE_SOURCE_IP], "");
	assert_string_equal(t.field[TUPLE_DKIM], "");
	assert_string_equal(t.field[TUPLE_RUA], "");
	assert_string_equal(t.field[TUPLE_DMARC], "fail");
	tuple_free(&t);
}

/* Text cannot move from one field into the next without changing the key. */
static void keys_know_where_a_field_ends(void **state)
{
	struct row a = sample_row(), b = sample_row();
	struct tuple ta, tb;

	a.source_ip = "192.0.2.1", a.header_from = "1a.example";
	b.source_ip = "192.0.2.11", b.header_from = "a.example";
	assert_true(tuple_make(&a, &ta, NULL));
	assert_true(tuple_make(&b, &tb, NULL));
	assert_memory_not_equal(ta.key, tb.key, TUPLE_KEY_SIZE);
	assert_memory_equal(ta.policy, tb.policy, TUPLE_KEY_SIZE);
	tuple_free(&tb);
	b = a;
	b.dkim[0].domain = "a.example\ts1", b.dkim[0].selector = "";
	assert_true(tuple_make(&b, &tb, NULL));
	assert_memory_not_equal(ta.key, tb.key, TUPLE_KEY_SIZE);
	tuple_free(&tb);
	b = a;
	b.policy.rua = "mailto:other@a.example", b.action = "accept", b.when++;
	assert_true(tuple_make(&b, &tb, NULL));
	assert_memory_equal(ta.key, tb.key, TUPLE_KEY_SIZE);
	tuple_free(&tb);
	tuple_free(&ta);
}

static void reads_dkim_results_back_or_refuses_them(void **state)
{
	static const struct {
		const char *text;
		int count;
	} rows[] = {
	    {"", 0},
	    {"d\ts\tpass\t\n", 1},
	    {"d\ts\tpass\thuman\nd\t\tfail\tx\n", 2},
	    {"d", -1},
	    {"d\ts", -1},
	    {"d\ts\tpass", -1},
	    {"d\ts\tpass\thuman", -1},
	    {"d\ts\tpass\t\nd\t", -1},
	};
	char *flood;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *text = strdup(rows[i].text);
		struct row row;

		assert_int_equal(tuple_read_dkim(text, &row), rows[i].count >= 0);
		if (rows[i].count >= 0)
			assert_int_equal(row.dkim_count, rows[i].count);
		free(text);
	}
	flood = calloc(1, 5 * (MAX_DKIM_SIGNATURES + 1) + 1);
	for (int i = 0; i <= MAX_DKIM_SIGNATURES; i++)
		memcpy(flood + 5 * i, "d\t\t\t\n", 5);
	assert_false(tuple_read_dkim(flood, &(struct row){.dkim_count = 0}));
	free(flood);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(copies_every_field),
	    cmocka_unit_test(keeps_nothing_of_a_row_that_is_not_reportable),
	    cmocka_unit_test(keys_know_where_a_field_ends),
	    cmocka_unit_test(reads_dkim_results_back_or_refuses_them),
	};
	return cmocka_run_group_tests_name("tuple", tests, NULL, NULL);
}
