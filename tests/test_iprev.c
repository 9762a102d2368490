/* test_iprev.c - reverse DNS with forward confirmation, case by case of RFC 8601 2.7.3. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "check/iprev.h"
#include "support/fake_resolver.h"
#include "support/test.h"

struct world {
	struct resolver *resolver;
	struct lookups *lookups;
	struct addr client;
	struct iprev_facts facts;
};

static void begin(struct world *w, const char *client)
{
	w->resolver = fake_resolver_new();
	w->lookups = fake_lookups(w->resolver, 1000);
	assert_true(addr_parse(client, &w->client));
}

static void add_ptr(struct world *w, const char *name)
{
	char reverse[ADDR_PTR_SIZE];

	fake_resolver_add(w->resolver, addr_ptr_name(&w->client, reverse), DNS_PTR, name);
}

static void fail_ptr(struct world *w, enum dns_status status)
{
	char reverse[ADDR_PTR_SIZE];

	fake_resolver_fail(w->resolver, addr_ptr_name(&w->client, reverse), DNS_PTR, status);
}

static enum iprev_result check(struct world *w)
{
	iprev_check(w->lookups, &w->client, &w->facts);
	return w->facts.result;
}

static void end(struct world *w)
{
	lookups_free(w->lookups);
	resolver_free(w->resolver);
}

/* R30, R33 */
static void passes_if_a_name_holds_the_client(void **state)
{
	static const char *const clients[] = {"192.0.2.1", "2001:db8::1"};
	struct world w;

	for (size_t i = 0; i < 2; i++) {
		begin(&w, clients[i]);
		add_ptr(&w, "other.example");
		add_ptr(&w, "mx.example");
		fake_resolver_add(w.resolver, "other.example", i == 0 ? DNS_A : DNS_AAAA,
				  i == 0 ? "192.0.2.2" : "::1");
		fake_resolver_add(w.resolver, "mx.example", i == 0 ? DNS_A : DNS_AAAA, clients[i]);
		assert_int_equal(check(&w), IPREV_PASS);
		assert_string_equal(w.facts.name, "mx.example");
		assert_string_equal(w.facts.reason, "");
		end(&w);
	}
}

/* R30, R32 */
static void fails_if_the_names_have_other_addresses_or_none(void **state)
{
	struct world w;

	begin(&w, "192.0.2.1");
	add_ptr(&w, "mx.example");
	assert_int_equal(check(&w), IPREV_FAIL);
	assert_string_equal(w.facts.name, "mx.example");
	assert_string_equal(w.facts.reason, "mx.example has no address");
	end(&w);
	begin(&w, "192.0.2.1");
	add_ptr(&w, "mx.example");
	fake_resolver_add(w.resolver, "mx.example", DNS_A, "192.0.2.2");
	assert_int_equal(check(&w), IPREV_FAIL);
	assert_string_equal(w.facts.reason, "mx.example has other addresses");
	end(&w);
}

/* R33 */
static void an_error_of_one_name_does_not_spoil_the_match_of_another(void **state)
{
	struct world w;

	begin(&w, "192.0.2.1");
	add_ptr(&w, "broken.example");
	add_ptr(&w, "mx.example");
	fake_resolver_fail(w.resolver, "broken.example", DNS_A, DNS_SERVFAIL);
	fake_resolver_add(w.resolver, "mx.example", DNS_A, "192.0.2.1");
	assert_int_equal(check(&w), IPREV_PASS);
	assert_string_equal(w.facts.name, "mx.example");
	end(&w);
}

/* R33 */
static void without_a_match_an_error_makes_temperror(void **state)
{
	struct world w;

	for (int broken_first = 0; broken_first < 2; broken_first++) {
		begin(&w, "192.0.2.1");
		add_ptr(&w, broken_first ? "broken.example" : "mx.example");
		add_ptr(&w, broken_first ? "mx.example" : "broken.example");
		fake_resolver_fail(w.resolver, "broken.example", DNS_A, DNS_SERVFAIL);
		fake_resolver_add(w.resolver, "mx.example", DNS_A, "192.0.2.2");
		assert_int_equal(check(&w), IPREV_TEMPERROR);
		assert_string_equal(w.facts.reason, "address of broken.example: servfail");
		end(&w);
	}
}

/* R32 */
static void no_ptr_record_is_permerror_and_a_failed_question_temperror(void **state)
{
	static const struct {
		enum dns_status status;
		enum iprev_result result;
		const char *reason;
	} rows[] = {
	    {DNS_NXDOMAIN, IPREV_PERMERROR, "no PTR record"},
	    {DNS_NODATA, IPREV_PERMERROR, "no PTR record"},
	    {DNS_SERVFAIL, IPREV_TEMPERROR, "PTR look-up: servfail"},
	    {DNS_BOGUS, IPREV_TEMPERROR, "PTR look-up: bogus"},
	};
	struct world w;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		begin(&w, "2001:db8::1");
		fail_ptr(&w, rows[i].status);
		assert_int_equal(check(&w), rows[i].result);
		assert_string_equal(w.facts.reason, rows[i].reason);
		assert_string_equal(w.facts.name, "");
		end(&w);
	}
}

static void what_has_not_come_by_the_deadline_is_temperror(void **state)
{
	struct world w;

	begin(&w, "192.0.2.1");
	fail_ptr(&w, DNS_TIMEOUT);
	lookups_deadline(w.lookups, clock_mono_ms() + 10);
	assert_int_equal(check(&w), IPREV_TEMPERROR);
	end(&w);
}

/* R31 */
static void only_the_first_names_count(void **state)
{
	struct world w;
	char name[32];

	begin(&w, "192.0.2.1");
	for (int i = 0; i <= MAX_PTR_NAMES; i++) {
		snprintf(name, sizeof(name), "n%d.example", i);
		add_ptr(&w, name);
	}
	fake_resolver_add(w.resolver, name, DNS_A, "192.0.2.1");
	iprev_hint(w.lookups, &w.client);
	assert_int_equal(check(&w), IPREV_FAIL);
	assert_int_equal(fake_resolver_asked(w.resolver, name, DNS_A), 0);
	end(&w);
}

static void odd_names_do_no_harm(void **state)
{
	static const char *const names[] = {"", "a..example", "\\000.example", "x"};
	struct world w;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		begin(&w, "192.0.2.1");
		add_ptr(&w, names[i]);
		iprev_hint(w.lookups, &w.client);
		assert_int_equal(check(&w), IPREV_FAIL);
		end(&w);
	}
}

static void hints_ask_the_names_of_the_answer(void **state)
{
	struct world w;

	begin(&w, "192.0.2.1");
	add_ptr(&w, "mx.example");
	fake_resolver_add(w.resolver, "mx.example", DNS_A, "192.0.2.1");
	iprev_hint(w.lookups, &w.client);
	assert_int_equal(fake_resolver_asked(w.resolver, "mx.example", DNS_A), 1);
	assert_int_equal(fake_resolver_asked(w.resolver, "mx.example", DNS_AAAA), 0);
	assert_int_equal(check(&w), IPREV_PASS);
	assert_int_equal(lookups_count(w.lookups), 2);
	end(&w);
}

static void without_a_client_nothing_is_asked(void **state)
{
	struct world w;

	begin(&w, "192.0.2.1");
	w.client.family = ADDR_NONE;
	iprev_hint(w.lookups, &w.client);
	assert_int_equal(check(&w), IPREV_NONE);
	assert_int_equal(lookups_count(w.lookups), 0);
	end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(passes_if_a_name_holds_the_client),
	    cmocka_unit_test(fails_if_the_names_have_other_addresses_or_none),
	    cmocka_unit_test(an_error_of_one_name_does_not_spoil_the_match_of_another),
	    cmocka_unit_test(without_a_match_an_error_makes_temperror),
	    cmocka_unit_test(no_ptr_record_is_permerror_and_a_failed_question_temperror),
	    cmocka_unit_test(what_has_not_come_by_the_deadline_is_temperror),
	    cmocka_unit_test(only_the_first_names_count),
	    cmocka_unit_test(odd_names_do_no_harm),
	    cmocka_unit_test(hints_ask_the_names_of_the_answer),
	    cmocka_unit_test(without_a_client_nothing_is_asked),
	};
	return cmocka_run_group_tests_name("iprev", tests, NULL, NULL);
}
