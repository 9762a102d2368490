/* test_spf_match.c - single directives, through libspf2. */
#include <string.h>

#include "base/clock.h"
#include "check/spf_match.h"
#include "support/test.h"
#include "support/zone.h"

static const char *const zone[] = {
    "a.example A 192.0.2.1",
    "a.example A 198.51.100.1",
    "a.example AAAA 2001:db8::1",
    "mx.example MX 20 a.example",
    "mx.example MX 10 b.example",
    "mx.example MX 30 ",
    "b.example A 203.0.113.9",
    "here.example A 127.0.0.1",
    "here.example AAAA ::1",
    "broken.example A !servfail",
    "broken.example MX !timeout",
    "mixed.example MX 0 nowhere.example",
    "mixed.example MX 1 b.example",
    "1.2.0.192.in-addr.arpa PTR a.example",
    "1.2.0.192.in-addr.arpa PTR broken.example",
    "2.2.0.192.in-addr.arpa PTR !servfail",
    "1.0.0.127.in-addr.arpa PTR here.example",
};

struct row {
	const char *term, *target, *client;
	enum spf_match result;
	bool nothing;
	const char *reason;
};

/* Read one directive as it stands in a record; its target is the row's. */
static void read_directive(const char *term, struct spf_directive *d_r)
{
	static char record[100];
	struct spf_record parsed;
	struct spf_slice bad;
	size_t at = 0;

	strcpy(record, "v=spf1 ");
	strcat(record, term);
	assert_true(spf_record_parse(record, strlen(record), &parsed, &bad));
	assert_true(spf_record_next(&parsed, &at, d_r));
}

static void run(const struct row *row)
{
	struct resolver *r = fake_resolver_new();
	struct lookups *l = fake_lookups(r, 20);
	char reason[REASON_SIZE];
	struct spf_directive d;
	struct spf_matcher *m;
	struct addr client;
	bool nothing;

	for (size_t i = 0; i < ARRAY_SIZE(zone); i++)
		zone_add(r, zone[i]);
	assert_true(addr_parse(row->client, &client));
	assert_non_null(m = spf_matcher_new(l, &client));
	read_directive(row->term, &d);
	/* twice: a matcher keeps nothing of the directive before */
	for (int i = 0; i < 2; i++) {
		if (spf_match(m, &d, row->target, &nothing, reason) != row->result)
			fail_msg("%s %s: %s", row->term, row->target, reason);
		assert_int_equal(nothing, row->nothing);
		assert_string_equal(reason, row->reason != NULL ? row->reason : "");
	}
	spf_matcher_free(m);
	lookups_free(l);
	resolver_free(r);
}

static void matches_addresses_and_prefixes(void **state)
{
	static const struct row rows[] = {
	    {"a", "a.example", "192.0.2.1", SPF_MATCH, false, NULL},
	    {"a", "a.example", "198.51.100.1", SPF_MATCH, false, NULL},
	    {"a", "a.example", "192.0.2.2", SPF_NO_MATCH, false, NULL},
	    {"a/31", "a.example", "192.0.2.0", SPF_MATCH, false, NULL},
	    {"a/31//0", "a.example", "192.0.2.2", SPF_NO_MATCH, false, NULL},
	    {"a/0", "a.example", "9.9.9.9", SPF_MATCH, false, NULL},
	    {"a/0", "nowhere.example", "9.9.9.9", SPF_NO_MATCH, true, NULL},
	    {"a//64", "a.example", "2001:db8::ffff", SPF_MATCH, false, NULL},
	    {"a//128", "a.example", "2001:db8::2", SPF_NO_MATCH, false, NULL},
	    {"a//0", "a.example", "::2", SPF_MATCH, false, NULL},
	    {"a//0", "b.example", "::2", SPF_NO_MATCH, true, NULL},
	    {"mx", "mx.example", "192.0.2.1", SPF_MATCH, false, NULL},
	    {"mx", "mx.example", "203.0.113.9", SPF_MATCH, false, NULL},
	    {"mx/24", "mx.example", "203.0.113.1", SPF_MATCH, false, NULL},
	    {"mx/0", "mx.example", "9.9.9.9", SPF_MATCH, false, NULL},
	    {"mx", "a.example", "192.0.2.1", SPF_NO_MATCH, true, NULL},
	    {"exists:x.example", "a.example", "::2", SPF_MATCH, false, NULL},
	    {"exists:x.example", "mx.example", "9.9.9.9", SPF_NO_MATCH, true, NULL},
	    {"ptr", "a.example", "192.0.2.1", SPF_MATCH, false, NULL},
	    {"ptr", "example", "192.0.2.1", SPF_MATCH, false, NULL},
	    {"ptr", "xample", "192.0.2.1", SPF_NO_MATCH, false, NULL},
	    {"ptr", "a.example", "192.0.2.77", SPF_NO_MATCH, true, NULL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		run(&rows[i]);
}

static void tells_errors_from_no_match(void **state)
{
	static const struct row rows[] = {
	    {"a", "broken.example", "9.9.9.9", SPF_MATCH_TEMPERROR, false,
	     "A of broken.example: servfail"},
	    {"mx", "broken.example", "9.9.9.9", SPF_MATCH_TEMPERROR, false,
	     "MX of broken.example: timeout"},
	    {"exists:x.example", "broken.example", "::2", SPF_MATCH_TEMPERROR, false,
	     "A of broken.example: servfail"},
	    {"ptr", "broken.example", "192.0.2.1", SPF_NO_MATCH, false, NULL},
	    {"ptr", "a.example", "192.0.2.2", SPF_NO_MATCH, false, NULL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		run(&rows[i]);
}

static void a_look_up_without_records_counts_unless_the_directive_matches(void **state)
{
	static const struct row rows[] = {
	    {"mx", "mixed.example", "203.0.113.9", SPF_MATCH, false, NULL},
	    {"mx", "mixed.example", "192.0.2.1", SPF_NO_MATCH, true, NULL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		run(&rows[i]);
}

static void judges_a_loopback_client_by_the_same_rules(void **state)
{
	static const struct row rows[] = {
	    {"a", "here.example", "127.0.0.1", SPF_MATCH, false, NULL},
	    {"a", "a.example", "127.0.0.1", SPF_NO_MATCH, false, NULL},
	    {"a/8", "here.example", "127.255.0.1", SPF_MATCH, false, NULL},
	    {"a", "here.example", "::1", SPF_MATCH, false, NULL},
	    {"a", "a.example", "::1", SPF_NO_MATCH, false, NULL},
	    {"mx", "mx.example", "::1", SPF_NO_MATCH, true, NULL},
	    {"ptr", "here.example", "127.0.0.1", SPF_MATCH, false, NULL},
	    {"exists:x.example", "nowhere.example", "127.0.0.1", SPF_NO_MATCH, true, NULL},
	    {"a/0", "nowhere.example", "127.0.0.1", SPF_NO_MATCH, true, NULL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		run(&rows[i]);
}

/* What libspf2 would read as syntax is only ever a name to ask. */
static void targets_of_any_bytes_are_only_names(void **state)
{
	static const char *const targets[] = {
	    "%{d}.example",
	    "a.example/24",
	    "a.example -all",
	    "target.invalid",
	    "\xff\x01.example",
	    "a..example",
	    "",
	};

	for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
		bool asked = domain_askable(targets[i]);
		struct row a = {"a", targets[i], "192.0.2.1", SPF_NO_MATCH, asked, NULL};
		struct row exists = {"exists:x.example", targets[i], "::2",
				     SPF_NO_MATCH,	 asked,	     NULL};
		struct row ptr = {"ptr", targets[i], "192.0.2.1", SPF_NO_MATCH, false, NULL};

		run(&a);
		run(&exists);
		run(&ptr);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(matches_addresses_and_prefixes),
	    cmocka_unit_test(tells_errors_from_no_match),
	    cmocka_unit_test(a_look_up_without_records_counts_unless_the_directive_matches),
	    cmocka_unit_test(judges_a_loopback_client_by_the_same_rules),
	    cmocka_unit_test(targets_of_any_bytes_are_only_names),
	};
	return cmocka_run_group_tests_name("spf_match", tests, NULL, NULL);
}
