/* test_store_read.c - what was stored comes back. */
#include <stdio.h>
#include <string.h>

#include "support/store_place.h"
#include "support/test.h"

static void gives_back_what_was_stored(void **state)
{
	struct place *p = *state;
	struct store *s = open_store(p, true);
	struct row row = sample_row();
	struct seen seen;

	add(s, &row);
	store_close(s);
	s = open_store(p, true);
	seen = policies(s, DAY, DAY);
	assert_string_equal(seen.text,
			    "20000 a.example p=reject sp=none np= adkim=r aspf=s fo=0 t=n treewalk"
			    " rua=mailto:r@a.example");
	seen = records(s, DAY, "a.example", seen.key);
	assert_string_equal(seen.text,
			    "192.0.2.1 www.a.example <> quarantine 00 mailing_list"
			    " (it's \"list\"; DROP TABLE aggregate) mx.example=softfail 0-0"
			    " [a.example|s1|fail|body hash differs ] [b.example||permerror|]");
	assert_int_equal(seen.messages, 1);
	store_close(s);
}

static bool see_author(void *arg, const struct store_author *a)
{
	char *text = arg;

	snprintf(text + strlen(text), 256 - strlen(text), "%s %d %d %d %d; ", a->domain,
		 (int)a->messages, (int)a->passed, (int)a->quarantined, (int)a->rejected);
	return true;
}

static void sums_up_what_was_seen_of_each_author(void **state)
{
	static const struct {
		const char *author, *disposition;
		bool aligned;
		int count;
	} rows[] = {
	    {"a.example", "pass", true, 2},	   {"a.example", "reject", false, 1},
	    {"b.example", "quarantine", false, 1}, {"c.example", "none", true, 5},
	    {"0.example", "none", false, 1},
	};
	struct place *p = *state;
	struct store *s = open_store(p, true);
	char text[256] = "";

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct row row = sample_row();

		row.header_from = rows[i].author;
		row.disposition = rows[i].disposition;
		row.spf_aligned = rows[i].aligned;
		for (int n = 0; n < rows[i].count; n++)
			add(s, &row);
	}
	assert_true(store_authors(s, DAY, DAY, see_author, text, &p->why));
	assert_string_equal(text, "c.example 5 5 0 0; a.example 3 2 0 1; 0.example 1 0 0 0; "
				  "b.example 1 0 1 0; ");
	text[0] = '\0';
	assert_true(store_authors(s, DAY + 1, INT32_MAX, see_author, text, &p->why));
	assert_string_equal(text, "");
	store_close(s);
}

static void knows_who_earned_a_report(void **state)
{
	static const struct {
		const char *disposition;
		bool dkim, spf, earned;
	} rows[] = {
	    {"pass", true, false, true},	{"none", false, true, true},
	    {"none", false, false, false},	{"reject", true, true, false},
	    {"quarantine", false, true, false},
	};
	struct place *p = *state;
	struct store *s = open_store(p, true);
	char domain[32];
	bool earned;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct row row = sample_row();

		snprintf(domain, sizeof(domain), "d%zu.example", i);
		row.policy.domain = domain;
		row.disposition = rows[i].disposition;
		row.dkim_aligned = rows[i].dkim;
		row.spf_aligned = rows[i].spf;
		add(s, &row);
		assert_true(store_earned(s, domain, DAY, 1, &earned, NULL));
		assert_int_equal(earned, rows[i].earned);
		assert_true(store_earned(s, domain, DAY + 6, 7, &earned, NULL));
		assert_int_equal(earned, rows[i].earned);
		assert_true(store_earned(s, domain, DAY + 7, 7, &earned, NULL));
		assert_false(earned);
		assert_true(store_earned(s, domain, DAY - 1, 7, &earned, NULL));
		assert_false(earned);
	}
	store_close(s);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, store_place_new, store_place_free)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(gives_back_what_was_stored),
	    TEST(sums_up_what_was_seen_of_each_author),
	    TEST(knows_who_earned_a_report),
	};
	return cmocka_run_group_tests_name("store_read", tests, NULL, NULL);
}
