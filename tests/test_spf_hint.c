/* test_spf_hint.c - what is asked ahead of an SPF check. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "check/spf.h"
#include "check/spf_hint.h"
#include "support/spf_world.h"
#include "support/test.h"

static void hints_ask_the_whole_tree_at_once(void **state)
{
	static const char *const zone[] = {
	    ("d.example TXT v=spf1 a mx include:i1.example exists:%{i}.e.example "
	     "exists:%{l}.e.example include:i2.example -all"),
	    "d.example MX 0 mx1.example",
	    "d.example MX 5 mx2.example",
	    "i1.example TXT v=spf1 a:a.i1.example include:i3.example ?all",
	    "i2.example TXT v=spf1 redirect=i4.example",
	    "i3.example TXT v=spf1 ip4:10.0.0.1",
	    "i4.example TXT v=spf1 ip4:192.0.2.0/24 a:never.example",
	};
	static const struct {
		const char *name;
		enum dns_type type;
		unsigned asked;
	} rows[] = {
	    {"d.example", DNS_TXT, 1},	       {"d.example", DNS_A, 1},
	    {"d.example", DNS_AAAA, 0},	       {"d.example", DNS_MX, 1},
	    {"mx1.example", DNS_A, 1},	       {"mx2.example", DNS_A, 1},
	    {"i1.example", DNS_TXT, 1},	       {"a.i1.example", DNS_A, 1},
	    {"i2.example", DNS_TXT, 1},	       {"i3.example", DNS_TXT, 1},
	    {"i4.example", DNS_TXT, 1},	       {"never.example", DNS_A, 0},
	    {"192.0.2.1.e.example", DNS_A, 1}, {"user.e.example", DNS_A, 0},
	};
	struct spf_world w;
	size_t asked;

	spf_world_begin(&w);
	for (size_t i = 0; i < ARRAY_SIZE(zone); i++)
		spf_world_add(&w, zone[i]);
	spf_hint(w.lookups, "D.example", &w.params.client);
	spf_hint(w.lookups, "d.example", &w.params.client);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (fake_resolver_asked(w.resolver, rows[i].name, rows[i].type) != rows[i].asked)
			fail_msg("%s %s", rows[i].name, dns_type_name(rows[i].type));
	asked = lookups_count(w.lookups);
	w.params.void_limit = 10;
	assert_int_equal(spf_world_check(&w), SPF_PASS);
	assert_string_equal(w.facts.mechanism, "include:i2.example");
	assert_int_equal(lookups_count(w.lookups), asked + 1);
	spf_world_end(&w);
}

static void hints_stop_where_the_record_decides(void **state)
{
	struct spf_world w;

	spf_world_begin(&w);
	spf_world_add(
	    &w, "d1.example TXT v=spf1 ip4:192.0.2.0/24 a:never.example redirect=never.example");
	spf_world_add(&w, "d2.example TXT v=spf1 ~all a:never.example redirect=never.example");
	spf_world_add(&w, "d3.example TXT v=spf1 a:never.example moo");
	spf_hint(w.lookups, "d1.example", &w.params.client);
	spf_hint(w.lookups, "d2.example", &w.params.client);
	spf_hint(w.lookups, "d3.example", &w.params.client);
	spf_hint(w.lookups, "[192.0.2.1]", &w.params.client);
	assert_int_equal(lookups_count(w.lookups), 3);
	spf_world_end(&w);
}

static void hints_stay_within_the_limit_of_terms(void **state)
{
	struct spf_world w;

	spf_world_begin(&w);
	spf_world_add(
	    &w, "d.example TXT v=spf1 include:d.example include:%{d1}.%{d} include:x.%{d} -all");
	spf_world_add(&w, "x.d.example TXT v=spf1 include:x.%{d} -all");
	fake_resolver_add(w.resolver, "x.x.d.example", DNS_TXT,
			  "v=spf1 a:1.example a:2.example a:3.example a:4.example a:5.example "
			  "a:6.example a:7.example "
			  "a:8.example a:9.example a:10.example a:11.example");
	spf_hint(w.lookups, "d.example", &w.params.client);
	assert_int_equal(fake_resolver_asked(w.resolver, "1.example", DNS_A), 1);
	assert_int_equal(fake_resolver_asked(w.resolver, "8.example", DNS_A), 0);
	assert_true(lookups_count(w.lookups) < MAX_HINTED_QUESTIONS);
	spf_world_end(&w);
}

static void a_tree_costs_its_depth_in_round_trips(void **state)
{
	struct spf_world w;
	int64_t start;

	spf_world_begin(&w);
	spf_world_add(
	    &w, "d.example TXT v=spf1 include:i1.example include:i2.example include:i3.example "
		"a:a.example mx:m.example -all");
	for (unsigned i = 1; i <= 3; i++) {
		char line[100];

		snprintf(line, sizeof(line), "i%u.example TXT v=spf1 a:a%u.example ?all", i, i);
		spf_world_add(&w, line);
		snprintf(line, sizeof(line), "a%u.example A 10.0.0.1", i);
		spf_world_add(&w, line);
	}
	spf_world_add(&w, "a.example A 10.0.0.1");
	spf_world_add(&w, "m.example MX 0 host.example");
	spf_world_add(&w, "host.example A 192.0.2.1");
	fake_resolver_delay(w.resolver, 15);
	start = clock_mono_ms();
	spf_hint(w.lookups, "d.example", &w.params.client);
	assert_int_equal(spf_world_check(&w), SPF_PASS);
	/* three levels of 15 ms; one after another it would be ten */
	assert_true(clock_mono_ms() - start < 100);
	spf_world_end(&w);
}

static void hints_leave_long_records_to_the_check(void **state)
{
	char record[6000] = "v=spf1";
	struct spf_world w;

	for (size_t n = 6; n < 5000; n += 13)
		strcpy(record + n, " ip4:10.0.0.1");
	strcat(record, " a:later.example -all");
	spf_world_begin(&w);
	fake_resolver_add(w.resolver, "d.example", DNS_TXT, record);
	spf_world_add(&w, "later.example A 192.0.2.1");
	spf_hint(w.lookups, "d.example", &w.params.client);
	assert_int_equal(lookups_count(w.lookups), 1);
	assert_int_equal(spf_world_check(&w), SPF_PASS);
	spf_world_end(&w);
}

static void without_a_client_nothing_is_asked(void **state)
{
	struct spf_world w;

	spf_world_begin(&w);
	w.params.client.family = ADDR_NONE;
	spf_hint(w.lookups, "d.example", &w.params.client);
	assert_int_equal(lookups_count(w.lookups), 0);
	spf_world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(hints_ask_the_whole_tree_at_once),
	    cmocka_unit_test(hints_stop_where_the_record_decides),
	    cmocka_unit_test(hints_stay_within_the_limit_of_terms),
	    cmocka_unit_test(hints_leave_long_records_to_the_check),
	    cmocka_unit_test(without_a_client_nothing_is_asked),
	    cmocka_unit_test(a_tree_costs_its_depth_in_round_trips),
	};
	return cmocka_run_group_tests_name("spf_hint", tests, NULL, NULL);
}
