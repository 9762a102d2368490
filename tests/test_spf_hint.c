/* test_spf_hint.c - what is asked ahead of an SPF check. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "check/spf.h"
#include "check/spf_hint.h"
#include "support/test.h"
#include "support/zone.h"

struct world {
	struct resolver *resolver;
	struct lookups *lookups;
	struct spf_params params;
	struct spf_facts facts;
};

static void begin(struct world *w)
{
	memset(w, 0, sizeof(*w));
	w->resolver = fake_resolver_new();
	w->lookups = lookups_new(w->resolver);
	assert_non_null(w->lookups);
	lookups_deadline(w->lookups, clock_mono_ms() + 2000);
	assert_true(addr_parse("192.0.2.1", &w->params.client));
	w->params.local = "user";
	w->params.domain = "d.example";
	w->params.void_limit = MAX_SPF_VOIDS;
}

static void add(struct world *w, const char *line)
{
	zone_add(w->resolver, line);
}

static void end(struct world *w)
{
	lookups_free(w->lookups);
	resolver_free(w->resolver);
}

static enum spf_result check(struct world *w)
{
	spf_check(w->lookups, &w->params, &w->facts);
	return w->facts.result;
}

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
	struct world w;
	size_t asked;

	begin(&w);
	for (size_t i = 0; i < ARRAY_SIZE(zone); i++)
		add(&w, zone[i]);
	spf_hint(w.lookups, "D.example", &w.params.client);
	spf_hint(w.lookups, "d.example", &w.params.client);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (fake_resolver_asked(w.resolver, rows[i].name, rows[i].type) != rows[i].asked)
			fail_msg("%s %s", rows[i].name, dns_type_name(rows[i].type));
	asked = lookups_count(w.lookups);
	w.params.void_limit = 10;
	assert_int_equal(check(&w), SPF_PASS);
	assert_string_equal(w.facts.mechanism, "include:i2.example");
	assert_int_equal(lookups_count(w.lookups), asked + 1);
	end(&w);
}

static void hints_stop_where_the_record_decides(void **state)
{
	struct world w;

	begin(&w);
	add(&w, "d1.example TXT v=spf1 ip4:192.0.2.0/24 a:never.example redirect=never.example");
	add(&w, "d2.example TXT v=spf1 ~all a:never.example redirect=never.example");
	add(&w, "d3.example TXT v=spf1 a:never.example moo");
	spf_hint(w.lookups, "d1.example", &w.params.client);
	spf_hint(w.lookups, "d2.example", &w.params.client);
	spf_hint(w.lookups, "d3.example", &w.params.client);
	spf_hint(w.lookups, "[192.0.2.1]", &w.params.client);
	assert_int_equal(lookups_count(w.lookups), 3);
	end(&w);
}

static void hints_stay_within_the_limit_of_terms(void **state)
{
	struct world w;

	begin(&w);
	add(&w, "d.example TXT v=spf1 include:d.example include:%{d1}.%{d} include:x.%{d} -all");
	add(&w, "x.d.example TXT v=spf1 include:x.%{d} -all");
	fake_resolver_add(w.resolver, "x.x.d.example", DNS_TXT,
			  "v=spf1 a:1.example a:2.example a:3.example a:4.example a:5.example "
			  "a:6.example a:7.example "
			  "a:8.example a:9.example a:10.example a:11.example");
	spf_hint(w.lookups, "d.example", &w.params.client);
	assert_int_equal(fake_resolver_asked(w.resolver, "1.example", DNS_A), 1);
	assert_int_equal(fake_resolver_asked(w.resolver, "8.example", DNS_A), 0);
	assert_true(lookups_count(w.lookups) < MAX_HINTED_QUESTIONS);
	end(&w);
}

static void a_tree_costs_its_depth_in_round_trips(void **state)
{
	struct world w;
	int64_t start;

	begin(&w);
	add(&w, "d.example TXT v=spf1 include:i1.example include:i2.example include:i3.example "
		"a:a.example mx:m.example -all");
	for (unsigned i = 1; i <= 3; i++) {
		char line[100];

		snprintf(line, sizeof(line), "i%u.example TXT v=spf1 a:a%u.example ?all", i, i);
		add(&w, line);
		snprintf(line, sizeof(line), "a%u.example A 10.0.0.1", i);
		add(&w, line);
	}
	add(&w, "a.example A 10.0.0.1");
	add(&w, "m.example MX 0 host.example");
	add(&w, "host.example A 192.0.2.1");
	fake_resolver_delay(w.resolver, 15);
	start = clock_mono_ms();
	spf_hint(w.lookups, "d.example", &w.params.client);
	assert_int_equal(check(&w), SPF_PASS);
	/* three levels of 15 ms; one after another it would be ten */
	assert_true(clock_mono_ms() - start < 100);
	end(&w);
}

static void hints_leave_long_records_to_the_check(void **state)
{
	char record[6000] = "v=spf1";
	struct world w;

	for (size_t n = 6; n < 5000; n += 13)
		strcpy(record + n, " ip4:10.0.0.1");
	strcat(record, " a:later.example -all");
	begin(&w);
	fake_resolver_add(w.resolver, "d.example", DNS_TXT, record);
	add(&w, "later.example A 192.0.2.1");
	spf_hint(w.lookups, "d.example", &w.params.client);
	assert_int_equal(lookups_count(w.lookups), 1);
	assert_int_equal(check(&w), SPF_PASS);
	end(&w);
}

static void without_a_client_nothing_is_asked(void **state)
{
	struct world w;

	begin(&w);
	w.params.client.family = ADDR_NONE;
	spf_hint(w.lookups, "d.example", &w.params.client);
	assert_int_equal(lookups_count(w.lookups), 0);
	end(&w);
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
