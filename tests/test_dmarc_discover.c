/* test_dmarc_discover.c - the record at a name, and the walk up the tree. Rows name the duty they
 * check. */
#include <string.h>

#include "base/limits.h"
#include "check/dmarc_discover.h"
#include "support/dmarc_world.h"
#include "support/fake_resolver.h"
#include "support/test.h"

#define DEEP "a.b.c.d.e.f.g.h.i.j.mail.example.com"

static void finds_the_record_at_a_name(void **state)
{
	static const struct {
		const char *duty, *rows[WORLD_ROWS];
		enum dmarc_found found;
	} rows[] = {
	    {"D12 none", {"+x.example"}, DMARC_FOUND_NONE},
	    {"D12 nodata", {"+_dmarc.x.example"}, DMARC_FOUND_NONE},
	    {"D12 other texts are dropped",
	     {"x.example v=spf1 -all", "x.example text", "x.example v=DMARC1; p=none"},
	     DMARC_FOUND_RECORD},
	    {"D12 only other texts",
	     {"x.example v=spf1 -all", "x.example v=DMARC2"},
	     DMARC_FOUND_NONE},
	    {"D12 several",
	     {"x.example v=DMARC1; p=none", "x.example v=DMARC1"},
	     DMARC_FOUND_SEVERAL},
	    {"D12 several, one in capitals",
	     {"x.example v=DMARC1; p=none", "x.example V=DMARC1; p=none"},
	     DMARC_FOUND_SEVERAL},
	    {"D12 the same twice",
	     {"x.example v=DMARC1; p=none", "x.example v=DMARC1; p=none"},
	     DMARC_FOUND_SEVERAL},
	    {"D62 servfail", {"!x.example"}, DMARC_FOUND_FAILED},
	    {"D62 timeout", {"?x.example"}, DMARC_FOUND_FAILED},
	    {"D62 bogus", {"%x.example"}, DMARC_FOUND_FAILED},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct dmarc_world w;
		struct dmarc_record r;

		dmarc_world_make(&w, rows[i].rows);
		if (dmarc_record_at(w.lookups, "x.example", &r) != rows[i].found)
			fail_msg("%s", rows[i].duty);
		dmarc_world_end(&w);
	}
}

static void gives_the_one_record_even_if_other_texts_follow(void **state)
{
	const char *const rows[WORLD_ROWS] = {"x.example v=DMARC1; p=reject",
					      "x.example v=spf1 -all", "x.example p=none"};
	struct dmarc_world w;
	struct dmarc_record r;

	dmarc_world_make(&w, rows);
	assert_int_equal(dmarc_record_at(w.lookups, "x.example", &r), DMARC_FOUND_RECORD);
	assert_true(r.valid);
	assert_int_equal(r.p, POLICY_REJECT);
	dmarc_world_end(&w);
}

/* start, zone -> organizational domain, domain whose record governs ("-": none). */
static void finds_organization_and_policy(void **state)
{
	static const struct {
		const char *duty, *start, *rows[WORLD_ROWS], *org, *record;
	} rows[] = {
	    {"D13 own record",
	     "example.com",
	     {"example.com v=DMARC1; p=none"},
	     "example.com",
	     "example.com"},
	    {"D13 own record with psd=y",
	     "bank.example",
	     {"bank.example v=DMARC1; p=none; psd=y", "example v=DMARC1; p=none"},
	     "bank.example",
	     "bank.example"},
	    {"D13 own record with psd=n",
	     "a.example.com",
	     {"a.example.com v=DMARC1; psd=n", "example.com v=DMARC1; p=none"},
	     "a.example.com",
	     "a.example.com"},
	    {"D13 own record, organization above",
	     "a.b.example.com",
	     {"a.b.example.com v=DMARC1; p=none", "example.com v=DMARC1; p=reject"},
	     "example.com",
	     "a.b.example.com"},
	    {"D14 eight labels start at the parent",
	     "h.g.f.e.d.c.example.com",
	     {"g.f.e.d.c.example.com v=DMARC1; p=none; psd=n"},
	     "g.f.e.d.c.example.com",
	     "g.f.e.d.c.example.com"},
	    {"D14 nine labels skip the parent",
	     "i.h.g.f.e.d.c.example.com",
	     {"h.g.f.e.d.c.example.com v=DMARC1; p=none; psd=n", "example.com v=DMARC1"},
	     "example.com",
	     "example.com"},
	    {"D15 up to the top", "a.example.com", {"com v=DMARC1; p=none"}, "com", "com"},
	    {"D16 psd=n stops",
	     "a.mail.example.com",
	     {"mail.example.com v=DMARC1; psd=n; p=none", "example.com v=DMARC1; p=reject"},
	     "mail.example.com",
	     "mail.example.com"},
	    {"D16 psd=y stops",
	     "a.b.example.com",
	     {"example.com v=DMARC1; psd=y; p=none", "com v=DMARC1; p=reject"},
	     "b.example.com",
	     "example.com"},
	    {"D16 no psd does not stop",
	     "a.mail.example.com",
	     {"mail.example.com v=DMARC1; p=none", "example.com v=DMARC1; p=reject; psd=u"},
	     "example.com",
	     "example.com"},
	    {"D17 1 longest psd=n wins",
	     "a.b.example.com",
	     {"b.example.com v=DMARC1; psd=n", "example.com v=DMARC1; psd=n"},
	     "b.example.com",
	     "b.example.com"},
	    {"D17 1 psd=n above a record without",
	     "a.b.example.com",
	     {"b.example.com v=DMARC1", "example.com v=DMARC1; psd=n", "com v=DMARC1"},
	     "example.com",
	     "example.com"},
	    {"D17 2 one label below psd=y",
	     "x.giant.bank.example",
	     {"bank.example v=DMARC1; psd=y", "giant.bank.example v=DMARC1"},
	     "giant.bank.example",
	     "giant.bank.example"},
	    {"D17 2 the label below was skipped by the walk",
	     "k.j.i.h.g.f.e.d.c.b.a",
	     {"g.f.e.d.c.b.a v=DMARC1; psd=y"},
	     "h.g.f.e.d.c.b.a",
	     "g.f.e.d.c.b.a"},
	    {"D17 2 directly below",
	     "mega.bank.example",
	     {"bank.example v=DMARC1; psd=y"},
	     "mega.bank.example",
	     "bank.example"},
	    {"D17 3 fewest labels",
	     "a.b.c.example.com",
	     {"c.example.com v=DMARC1", "b.c.example.com v=DMARC1"},
	     "c.example.com",
	     "c.example.com"},
	    {"D17 4 no record", "a.example.com", {"+a.example.com"}, "a.example.com", "-"},
	    {"D17 4 a top-level name", "com", {"+com"}, "com", "-"},
	    {"D18 a record in between is not used",
	     "a.b.c.example.com",
	     {"c.example.com v=DMARC1; p=none", "example.com v=DMARC1; p=reject"},
	     "example.com",
	     "example.com"},
	    {"D19 the organization's record, not the suffix's",
	     "mail.giant.bank.example",
	     {"bank.example v=DMARC1; psd=y", "giant.bank.example v=DMARC1"},
	     "giant.bank.example",
	     "giant.bank.example"},
	    {"D18 a record below the organization is not used, the suffix's is",
	     "x.y.giant.bank.example",
	     {"bank.example v=DMARC1; psd=y", "y.giant.bank.example v=DMARC1"},
	     "giant.bank.example",
	     "bank.example"},
	    {"D12 several records count as none and the walk goes on",
	     "example.com",
	     {"example.com v=DMARC1; p=none", "example.com v=DMARC1; psd=n", "com v=DMARC1"},
	     "com",
	     "com"},
	    {"a record without a policy is a record",
	     "a.example.com",
	     {"a.example.com v=DMARC1; p=rejct", "example.com v=DMARC1; p=reject"},
	     "example.com",
	     "a.example.com"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct dmarc_world w;
		struct dmarc_walk walk;

		dmarc_world_make(&w, rows[i].rows);
		dmarc_walk(w.lookups, NULL, rows[i].start, &walk);
		if (strcmp(walk.org, rows[i].org) != 0 ||
		    strcmp(walk.record != NULL ? walk.record : "-", rows[i].record) != 0)
			fail_msg("%s: %s, %s", rows[i].duty, walk.org,
				 walk.record != NULL ? walk.record : "-");
		assert_false(walk.record_unknown);
		assert_null(walk.failed_low);
		assert_null(walk.failed_high);
		dmarc_world_end(&w);
	}
}

static void a_failure_leaves_open_only_what_depends_on_it(void **state)
{
	static const struct {
		const char *duty, *start, *rows[WORLD_ROWS];
		bool record_unknown;
		const char *low, *high;
	} rows[] = {
	    {"D61 author's query",
	     "example.com",
	     {"!example.com"},
	     true,
	     "example.com",
	     "example.com"},
	    {"D61 author's query, record above",
	     "a.example.com",
	     {"!a.example.com", "example.com v=DMARC1"},
	     true,
	     "a.example.com",
	     "a.example.com"},
	    {"D61 on the way up",
	     "a.example.com",
	     {"?example.com"},
	     true,
	     "example.com",
	     "example.com"},
	    {"D61 at the top",
	     "a.example.com",
	     {"!com", "example.com v=DMARC1"},
	     true,
	     "com",
	     "com"},
	    {"D61 twice",
	     "a.b.example.com",
	     {"!com", "!b.example.com", "example.com v=DMARC1"},
	     true,
	     "b.example.com",
	     "com"},
	    {"D61 own record: the policy is certain",
	     "a.example.com",
	     {"a.example.com v=DMARC1", "!com"},
	     false,
	     "com",
	     "com"},
	    {"D16 above psd=n nothing matters",
	     "a.example.com",
	     {"example.com v=DMARC1; psd=n", "!com"},
	     false,
	     NULL,
	     NULL},
	    {"D16 above psd=y nothing matters",
	     "a.b.example.com",
	     {"example.com v=DMARC1; psd=y", "!com"},
	     false,
	     NULL,
	     NULL},
	    {"D14 names skipped by the walk do not matter",
	     DEEP,
	     {"!j.mail.example.co", "!h.i.j.mail.example.com.x", "!f.g.h.i.j.mail.example.com",
	      "example.com v=DMARC1; psd=n"},
	     false,
	     NULL,
	     NULL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct dmarc_world w;
		struct dmarc_walk walk;

		dmarc_world_make(&w, rows[i].rows);
		dmarc_walk(w.lookups, NULL, rows[i].start, &walk);
		if (walk.record_unknown != rows[i].record_unknown ||
		    (walk.failed_low == NULL) != (rows[i].low == NULL))
			fail_msg("%s", rows[i].duty);
		if (rows[i].low != NULL) {
			assert_string_equal(walk.failed_low, rows[i].low);
			assert_string_equal(walk.failed_high, rows[i].high);
		}
		dmarc_world_end(&w);
	}
}

/* D15, RFC 9989 4.10: the worked list of eight queries. */
static void asks_eight_names_at_most_and_each_once(void **state)
{
	static const char *const asked[MAX_TREE_WALK] = {DEEP,
							 "g.h.i.j.mail.example.com",
							 "h.i.j.mail.example.com",
							 "i.j.mail.example.com",
							 "j.mail.example.com",
							 "mail.example.com",
							 "example.com",
							 "com"};
	const char *const rows[WORLD_ROWS] = {"example.com v=DMARC1; p=reject"};
	struct dmarc_world w;
	struct dmarc_walk walk;

	dmarc_world_make(&w, rows);
	dmarc_walk_hint(w.lookups, DEEP);
	dmarc_walk(w.lookups, NULL, DEEP, &walk);
	dmarc_walk(w.lookups, NULL, "mail.example.com", &walk);
	assert_int_equal(lookups_count(w.lookups), MAX_TREE_WALK);
	for (size_t i = 0; i < MAX_TREE_WALK; i++)
		assert_int_equal(dmarc_world_asked(&w, asked[i]), 1);
	dmarc_world_end(&w);
}

static void copes_with_the_longest_name(void **state)
{
	const char *const rows[WORLD_ROWS] = {"a v=DMARC1; p=reject"};
	char start[254];
	struct dmarc_world w;
	struct dmarc_walk walk;

	for (size_t i = 0; i < 253; i++)
		start[i] = i % 2 == 0 ? 'a' : '.';
	start[253] = '\0';
	dmarc_world_make(&w, rows);
	dmarc_walk(w.lookups, NULL, start, &walk);
	assert_string_equal(walk.org, "a");
	assert_false(walk.record_unknown);
	assert_true(lookups_count(w.lookups) <= MAX_TREE_WALK);
	dmarc_world_end(&w);
}

static void only_nxdomain_means_that_a_domain_does_not_exist(void **state)
{
	static const struct {
		const char *duty, *rows[WORLD_ROWS];
		enum dmarc_existence existence;
	} rows[] = {
	    {"D42 nxdomain", {NULL}, DMARC_EXISTS_NOT},
	    {"D42 nodata", {"+x.example"}, DMARC_EXISTS},
	    {"D42 something below: an empty non-terminal", {"+_dmarc.x.example"}, DMARC_EXISTS},
	    {"D42 a text below", {"x.example text"}, DMARC_EXISTS},
	    {"D61 failure", {"!!x.example"}, DMARC_EXISTENCE_UNKNOWN},
	    {"D61 failure, but something below",
	     {"!!x.example", "+_dmarc.x.example"},
	     DMARC_EXISTS},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct dmarc_world w;

		dmarc_world_make(&w, rows[i].rows);
		if (dmarc_existence(w.lookups, "x.example") != rows[i].existence)
			fail_msg("%s", rows[i].duty);
		dmarc_world_end(&w);
	}
}

/* RFC 7489 6.6.3: the author domain, then its organizational domain, no other name. */
static void walks_no_tree_with_a_public_suffix_list(void **state)
{
	static const struct {
		const char *start, *rows[WORLD_ROWS], *org, *record;
		bool record_unknown;
	} rows[] = {
	    {"example.co.uk", {"example.co.uk v=DMARC1"}, "example.co.uk", "example.co.uk", false},
	    {"a.b.example.co.uk",
	     {"example.co.uk v=DMARC1"},
	     "example.co.uk",
	     "example.co.uk",
	     false},
	    {"a.example.co.uk",
	     {"a.example.co.uk v=DMARC1"},
	     "example.co.uk",
	     "a.example.co.uk",
	     false},
	    {"a.b.example.co.uk",
	     {"b.example.co.uk v=DMARC1", "uk v=DMARC1"},
	     "example.co.uk",
	     "-",
	     false},
	    {"example.co.uk", {"co.uk v=DMARC1; psd=y"}, "example.co.uk", "-", false},
	    {"a.example.co.uk",
	     {"a.example.co.uk v=DMARC1", "a.example.co.uk v=DMARC1", "example.co.uk v=DMARC1"},
	     "example.co.uk",
	     "-",
	     false},
	    {"a.example.co.uk",
	     {"!a.example.co.uk", "example.co.uk v=DMARC1"},
	     "example.co.uk",
	     "-",
	     true},
	    {"a.example.co.uk", {"!example.co.uk"}, "example.co.uk", "-", true},
	    {"a.example.co.uk",
	     {"a.example.co.uk v=DMARC1", "!example.co.uk", "!uk"},
	     "example.co.uk",
	     "a.example.co.uk",
	     false},
	    {"co.uk", {"co.uk v=DMARC1"}, "co.uk", "co.uk", false},
	};
	struct dmarc_psl *psl = dmarc_psl_new("tests/data/dmarc_psl/list.dat", NULL);

	assert_non_null(psl);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct dmarc_world w;
		struct dmarc_walk walk;

		dmarc_world_make(&w, rows[i].rows);
		dmarc_walk(w.lookups, psl, rows[i].start, &walk);
		assert_string_equal(walk.org, rows[i].org);
		assert_string_equal(walk.record != NULL ? walk.record : "-", rows[i].record);
		assert_int_equal(walk.record_unknown, rows[i].record_unknown);
		assert_null(walk.failed_low);
		assert_true(lookups_count(w.lookups) <= 2);
		dmarc_world_end(&w);
	}
	dmarc_psl_free(psl);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(finds_the_record_at_a_name),
	    cmocka_unit_test(gives_the_one_record_even_if_other_texts_follow),
	    cmocka_unit_test(finds_organization_and_policy),
	    cmocka_unit_test(a_failure_leaves_open_only_what_depends_on_it),
	    cmocka_unit_test(asks_eight_names_at_most_and_each_once),
	    cmocka_unit_test(copes_with_the_longest_name),
	    cmocka_unit_test(only_nxdomain_means_that_a_domain_does_not_exist),
	    cmocka_unit_test(walks_no_tree_with_a_public_suffix_list),
	};
	return cmocka_run_group_tests_name("dmarc_discover", tests, NULL, NULL);
}
