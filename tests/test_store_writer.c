/* test_store_writer.c - equal messages are counted, different ones told apart. */
#include <stdio.h>
#include <string.h>

#include "store/store_sqlite.h"
#include "store/store_writer.h"
#include "support/store_place.h"
#include "support/test.h"

static void counts_equal_messages_together(void **state)
{
	struct place *p = *state;
	struct store *s = open_store(p, true);
	struct row row = sample_row();
	struct seen seen;

	for (int i = 0; i < 5; i++) {
		row.when = NOON + (i - 2) * 10;
		add(s, &row);
	}
	seen = policies(s, DAY, DAY);
	assert_int_equal(seen.things, 1);
	seen = records(s, DAY, "a.example", seen.key);
	assert_int_equal(seen.things, 1);
	assert_int_equal(seen.messages, 5);
	assert_non_null(strstr(seen.text, "softfail -20-20 "));
	store_close(s);
}

/* RFC 9990 3.1.1.7 (A03, A05): any difference makes another record; A02: another policy another
 * report. */
static void tells_different_messages_apart(void **state)
{
	enum {
		IP,
		FROM,
		ENVELOPE,
		DISPOSITION,
		DKIM,
		SPF,
		REASON,
		COMMENT,
		SPF_DOMAIN,
		SPF_RESULT,
		SIGNATURE,
		SELECTOR,
		FEWER,
		CHANGES
	};
	struct place *p = *state;
	struct store *s = open_store(p, false);
	struct seen seen;

	for (int change = 0; change <= CHANGES; change++) {
		struct row row = sample_row();

		row.source_ip = change == IP ? "192.0.2.2" : row.source_ip;
		row.header_from = change == FROM ? "a.example" : row.header_from;
		row.envelope_from = change == ENVELOPE ? "a.example" : row.envelope_from;
		row.disposition = change == DISPOSITION ? "none" : row.disposition;
		row.dkim_aligned = change == DKIM;
		row.spf_aligned = change == SPF;
		row.reason = change == REASON ? "other" : row.reason;
		row.comment = change == COMMENT ? "" : row.comment;
		row.spf_domain = change == SPF_DOMAIN ? "" : row.spf_domain;
		row.spf_result = change == SPF_RESULT ? "fail" : row.spf_result;
		row.dkim[0].result = change == SIGNATURE ? "pass" : row.dkim[0].result;
		row.dkim[1].selector = change == SELECTOR ? "s2" : row.dkim[1].selector;
		row.dkim_count = change == FEWER ? 1 : row.dkim_count;
		add(s, &row);
	}
	store_close(s);
	s = open_store(p, false);
	seen = policies(s, DAY, DAY);
	assert_int_equal(seen.things, 1);
	assert_int_equal(records(s, DAY, "a.example", seen.key).things, CHANGES + 1);
	store_close(s);
}

static void keeps_policies_and_days_apart_and_the_last_rua(void **state)
{
	struct place *p = *state;
	struct store *s = open_store(p, true);
	struct row row = sample_row();
	struct seen seen;

	add(s, &row);
	row.policy.rua = "mailto:new@a.example";
	add(s, &row);
	assert_int_equal(policies(s, DAY, DAY).things, 1);
	assert_non_null(strstr(policies(s, DAY, DAY).text, "rua=mailto:new@a.example"));
	row.policy.p = "none";
	add(s, &row);
	row.when += TUPLE_DAY;
	add(s, &row);
	row.when -= TUPLE_DAY;
	row.policy.domain = "b.example";
	add(s, &row);
	assert_int_equal(policies(s, DAY, DAY).things, 3);
	assert_int_equal(policies(s, DAY + 1, DAY + 1).things, 1);
	seen = policies(s, DAY - 5, DAY + 5);
	assert_int_equal(seen.things, 4);
	assert_int_equal(seen.messages, 5);
	store_close(s);
}

static void counts_outcomes_of_all_messages(void **state)
{
	struct place *p = *state;
	struct store *s = open_store(p, true);
	struct row row = {.when = NOON, .dmarc = "none", .action = "accept"};

	add(s, &row);
	add(s, &row);
	row.action = "reject";
	add(s, &row);
	row = sample_row();
	add(s, &row);
	assert_string_equal(outcomes(s).text, "fail/quarantine=1 none/accept=2 none/reject=1 ");
	assert_int_equal(policies(s, 0, INT32_MAX).things, 1);
	store_close(s);
}

/* The policies of a transaction that failed are written again, though they were met before. */
static void writes_a_policy_again_after_a_rollback(void **state)
{
	struct place *p = *state;
	struct sdb *db = sdb_open(p->path, true, false, &p->why);
	struct store_writer *w = store_writer_new(db, &p->why);
	struct row row = sample_row();
	struct tuple t;
	struct store *s;

	assert_non_null(w);
	assert_true(tuple_make(&row, &t, NULL));
	assert_true(store_writer_begin(w, NULL) && store_writer_add(w, &t, NULL));
	store_writer_rollback(w);
	assert_true(store_writer_begin(w, NULL) && store_writer_add(w, &t, NULL) &&
		    store_writer_commit(w, NULL));
	tuple_free(&t);
	store_writer_free(w);
	sdb_close(db);
	s = open_store(p, true);
	assert_int_equal(policies(s, DAY, DAY).messages, 1);
	assert_string_equal(outcomes(s).text, "fail/quarantine=1 ");
	store_close(s);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, store_place_new, store_place_free)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(counts_equal_messages_together),
	    TEST(tells_different_messages_apart),
	    TEST(keeps_policies_and_days_apart_and_the_last_rua),
	    TEST(counts_outcomes_of_all_messages),
	    TEST(writes_a_policy_again_after_a_rollback),
	};
	return cmocka_run_group_tests_name("store_writer", tests, NULL, NULL);
}
