/* test_aggregate.c - the model of a report: only words of the format, reasons where they must be,
 * nothing unbounded. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "report/aggregate.h"
#include "support/sample_report.h"
#include "support/store_place.h"
#include "support/test.h"

/* A13: the period is the whole UTC day. A14: found or default values. */
static void takes_the_day_and_the_policy(void **state)
{
	struct store_policy p = sample_policy();
	struct aggregate *a = aggregate_new(&p);

	assert_int_equal(a->begin, (int64_t)DAY * 86400);
	assert_int_equal(a->end - a->begin, 86399);
	assert_string_equal(a->policy.domain, "a.example");
	assert_string_equal(a->policy.aspf, "s");
	aggregate_free(a);
	p.policy = (struct row_policy){
	    .domain = "b.example", .p = "perhaps", .adkim = "x", .discovery = "oracle"};
	a = aggregate_new(&p);
	assert_string_equal(a->policy.p, "none");
	assert_string_equal(a->policy.sp, "");
	assert_string_equal(a->policy.adkim, "r");
	assert_string_equal(a->policy.fo, "0");
	assert_string_equal(a->policy.testing, "n");
	assert_string_equal(a->policy.discovery, "");
	aggregate_free(a);
	aggregate_free(NULL);
}

/* A19, A23 */
static void uses_no_word_that_the_format_does_not_know(void **state)
{
	struct store_policy p = sample_policy();
	struct store_record r = sample_record();
	struct aggregate *a = aggregate_new(&p);

	r.row.disposition = "tempfail";
	r.row.reason = "forwarded";
	r.row.spf_result = "SoftFail";
	r.row.dkim[0].result = "bad";
	r.row.dkim[1].domain = "";
	assert_true(aggregate_add(a, &r));
	assert_string_equal(a->records[0].disposition, "none");
	assert_string_equal(a->records[0].reason, "other");
	assert_string_equal(a->records[0].spf_result, "none");
	assert_int_equal(a->records[0].dkim_count, 1);
	assert_string_equal(a->records[0].dkim[0].result, "neutral");
	assert_string_equal(a->records[0].dkim[0].human_result, "body hash\tdiffers\n");
	aggregate_free(a);
}

/* A20: failed alignment and another disposition than published: a reason is there, whoever forgot
 * it. */
static void gives_a_reason_where_one_must_be(void **state)
{
	static const struct {
		const char *from, *p, *sp, *np, *t, *disposition, *given, *reason;
		bool aligned;
	} rows[] = {
	    {"a.example", "reject", "", "", "n", "reject", "", "", false},
	    {"a.example", "reject", "none", "", "n", "none", "", "local_policy", false},
	    {"a.example", "reject", "", "", "y", "quarantine", "", "policy_test_mode", false},
	    {"a.example", "reject", "", "", "n", "quarantine", "mailing_list", "mailing_list",
	     false},
	    {"a.example", "reject", "", "", "n", "pass", "", "", true},
	    {"b.a.example", "reject", "none", "", "n", "none", "", "", false},
	    {"b.a.example", "none", "", "reject", "n", "reject", "", "", false},
	    {"b.a.example", "none", "", "reject", "n", "none", "", "", false},
	    {"b.a.example", "none", "", "reject", "n", "quarantine", "", "local_policy", false},
	    {"b.a.example", "reject", "", "", "n", "none", "", "local_policy", false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct store_policy p = sample_policy();
		struct store_record r = sample_record();
		struct aggregate *a;

		p.policy.p = rows[i].p, p.policy.sp = rows[i].sp, p.policy.np = rows[i].np;
		p.policy.testing = rows[i].t;
		r.row.header_from = rows[i].from;
		r.row.disposition = rows[i].disposition;
		r.row.reason = rows[i].given;
		r.row.spf_aligned = rows[i].aligned;
		a = aggregate_new(&p);
		assert_true(aggregate_add(a, &r));
		assert_string_equal(a->records[0].reason, rows[i].reason);
		aggregate_free(a);
	}
}

static void leaves_out_the_rarest_when_it_is_too_large(void **state)
{
	struct store_policy p = sample_policy();
	struct store_record r = sample_record();
	struct aggregate *a = aggregate_new(&p);

	for (int i = 0; i < AGGREGATE_MAX_RECORDS + 3; i++)
		assert_true(aggregate_add(a, &r));
	assert_int_equal(a->count, AGGREGATE_MAX_RECORDS);
	assert_int_equal(a->left_records, 3);
	assert_int_equal(a->left_messages, 6);
	aggregate_cut(a, 10);
	assert_int_equal(a->count, 10);
	assert_int_equal(a->messages, 20);
	assert_int_equal(a->left_records, AGGREGATE_MAX_RECORDS - 7);
	assert_int_equal(a->left_messages, 2 * (AGGREGATE_MAX_RECORDS - 7));
	aggregate_cut(a, 100);
	assert_int_equal(a->count, 10);
	aggregate_free(a);
}

/* A30, A32, A34: letters and digits, the same again, another one for any other report. */
static void has_an_id_of_its_own_for_ever(void **state)
{
	static const struct {
		const char *submitter, *domain, *key;
		int64_t day;
	} rows[] = {
	    {"mx.example", "a.example", "0123456789abcdef", DAY},
	    {"mx.example", "a.example", "0123456789abcdef", DAY + 1},
	    {"mx.example", "a.example", "0123456789abcdeg", DAY},
	    {"mx.example", "b.example", "0123456789abcdef", DAY},
	    {"my.example", "a.example", "0123456789abcdef", DAY},
	};
	char id[5][AGGREGATE_ID_SIZE], again[AGGREGATE_ID_SIZE];

	for (size_t i = 0; i < 5; i++) {
		const uint8_t *key = (const uint8_t *)rows[i].key;

		assert_true(
		    aggregate_id(rows[i].submitter, rows[i].day, rows[i].domain, key, id[i]));
		assert_true(
		    aggregate_id(rows[i].submitter, rows[i].day, rows[i].domain, key, again));
		assert_string_equal(id[i], again);
		assert_int_equal(strlen(id[i]), AGGREGATE_ID_SIZE - 1);
		for (const char *c = id[i]; *c != '\0'; c++)
			assert_true(isalnum((unsigned char)*c));
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(id[i], id[j]);
	}
	assert_memory_equal(id[0], "20241004", 8);
}

/* A05, A06: read from the store, in an order that does not depend on how it was written. */
static void is_read_from_the_store_in_a_fixed_order(void **state)
{
	static const char *const wanted[] = {"192.0.2.2", "192.0.2.0", "192.0.2.1"};
	struct place *place = *state;
	struct store *s = open_store(place, true);
	struct row row = sample_row();
	struct aggregate *a;
	struct seen seen;
	char ip[16];

	for (int i = 3; i >= 0; i--) {
		snprintf(ip, sizeof(ip), "192.0.2.%d", i % 3 == 0 && i > 0 ? 2 : i);
		row.source_ip = ip;
		add(s, &row);
	}
	seen = policies(s, DAY, DAY);
	a = aggregate_find(s, DAY, "a.example", seen.key, &place->why);
	assert_non_null(a);
	assert_string_equal(a->policy.rua, "mailto:r@a.example");
	assert_true(aggregate_fill(a, s, seen.key, &place->why));
	assert_int_equal(a->count, 3);
	assert_int_equal(a->messages, 4);
	for (int i = 0; i < 3; i++)
		assert_string_equal(a->records[i].source_ip, wanted[i]);
	aggregate_free(a);
	assert_null(aggregate_find(s, DAY + 1, "a.example", seen.key, &place->why));
	assert_string_equal(place->why.text, "");
	seen.key[0]++;
	assert_null(aggregate_find(s, DAY, "a.example", seen.key, &place->why));
	a = sample_report();
	aggregate_cut(a, 0);
	assert_false(aggregate_fill(a, s, seen.key, &place->why));
	assert_string_equal(place->why.text, "");
	aggregate_free(a);
	store_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(takes_the_day_and_the_policy),
	    cmocka_unit_test(uses_no_word_that_the_format_does_not_know),
	    cmocka_unit_test(gives_a_reason_where_one_must_be),
	    cmocka_unit_test(leaves_out_the_rarest_when_it_is_too_large),
	    cmocka_unit_test(has_an_id_of_its_own_for_ever),
	    cmocka_unit_test_setup_teardown(is_read_from_the_store_in_a_fixed_order,
					    store_place_new, store_place_free),
	};
	return cmocka_run_group_tests_name("aggregate", tests, NULL, NULL);
}
