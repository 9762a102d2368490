/* test_helo.c - the HELO argument. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "check/helo.h"
#include "support/fake_resolver.h"
#include "support/test.h"

struct world {
	struct resolver *resolver;
	struct lookups *lookups;
	struct iprev_facts iprev;
	struct helo_facts facts;
};

static void begin(struct world *w)
{
	memset(w, 0, sizeof(*w));
	w->resolver = fake_resolver_new();
	w->lookups = fake_lookups(w->resolver, 1000);
	fake_resolver_add(w->resolver, "mx.example", DNS_A, "192.0.2.1");
	fake_resolver_add(w->resolver, "mx.example", DNS_AAAA, "2001:db8::1");
	fake_resolver_add(w->resolver, "second.example", DNS_A, "192.0.2.1");
	fake_resolver_add(w->resolver, "1.2.0.192.in-addr.arpa", DNS_PTR, "mx.example");
	fake_resolver_add(w->resolver, "1.2.0.192.in-addr.arpa", DNS_PTR, "second.example");
	fake_resolver_add(w->resolver, "xn--bcher-kva.example", DNS_A, "192.0.2.1");
	fake_resolver_add(w->resolver, "other.example", DNS_A, "192.0.2.2");
	fake_resolver_fail(w->resolver, "broken.example", DNS_A, DNS_SERVFAIL);
}

static void end(struct world *w)
{
	lookups_free(w->lookups);
	resolver_free(w->resolver);
}

static void judges_names_and_literals(void **state)
{
	static const struct {
		const char *helo, *client;
		enum helo_result result;
		const char *name;
	} rows[] = {
	    {"mx.example", "192.0.2.1", HELO_MATCH, "mx.example"},
	    {"MX.Example.", "2001:db8::1", HELO_MATCH, "mx.example"},
	    {"B\xc3\xbc"
	     "cher.example",
	     "192.0.2.1", HELO_MATCH, "xn--bcher-kva.example"},
	    {"other.example", "192.0.2.1", HELO_MISMATCH, "other.example"},
	    {"other.example", "2001:db8::1", HELO_MISMATCH, "other.example"},
	    {"nowhere.example", "192.0.2.1", HELO_MISMATCH, "nowhere.example"},
	    {"broken.example", "192.0.2.1", HELO_TEMPERROR, "broken.example"},
	    {"[192.0.2.1]", "192.0.2.1", HELO_MATCH, ""},
	    {"[192.0.2.2]", "192.0.2.1", HELO_MISMATCH, ""},
	    {"[IPv6:2001:db8::1]", "2001:db8::1", HELO_MATCH, ""},
	    {"[ipv6:2001:db8::2]", "2001:db8::1", HELO_MISMATCH, ""},
	    {"[IPv6:::ffff:192.0.2.1]", "192.0.2.1", HELO_MATCH, ""},
	    {"", "192.0.2.1", HELO_NONE, ""},
	    {"localhost", "127.0.0.1", HELO_INVALID, ""},
	    {"192.0.2.1", "192.0.2.1", HELO_INVALID, ""},
	    {"a_b.example", "192.0.2.1", HELO_INVALID, ""},
	    {"a b.example", "192.0.2.1", HELO_INVALID, ""},
	    {"mx.example\r\nX: y", "192.0.2.1", HELO_INVALID, ""},
	    {"[2001:db8::1]", "2001:db8::1", HELO_INVALID, ""},
	    {"[IPv6:192.0.2.1]", "192.0.2.1", HELO_INVALID, ""},
	    {"[]", "192.0.2.1", HELO_INVALID, ""},
	    {"[", "192.0.2.1", HELO_INVALID, ""},
	    {"[192.0.2.1", "192.0.2.1", HELO_INVALID, ""},
	    {"[IPv6:]", "2001:db8::1", HELO_INVALID, ""},
	    {"[1111:2222:3333:4444:5555:6666:7777:8888:9999:1111:2222:3333:4444:5555:6666]",
	     "2001:db8::1", HELO_INVALID, ""},
	};
	struct addr client;
	struct world w;

	begin(&w);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_true(addr_parse(rows[i].client, &client));
		helo_hint(w.lookups, rows[i].helo, &client);
		helo_check(w.lookups, rows[i].helo, &client, &w.iprev, &w.facts);
		if (w.facts.result != rows[i].result)
			fail_msg("%s: %s", rows[i].helo, helo_result_name(w.facts.result));
		assert_string_equal(w.facts.name, rows[i].name);
		assert_false(w.facts.is_ptr_name);
	}
	helo_check(w.lookups, NULL, &client, &w.iprev, &w.facts);
	assert_int_equal(w.facts.result, HELO_NONE);
	client.family = ADDR_NONE;
	helo_check(w.lookups, "mx.example", &client, &w.iprev, &w.facts);
	assert_int_equal(w.facts.result, HELO_NONE);
	end(&w);
}

static void knows_any_confirmed_ptr_name(void **state)
{
	static const struct {
		const char *helo;
		bool confirmed, is;
	} rows[] = {
	    {"MX.example", true, true},
	    {"second.example", true, true},
	    {"mx.example", false, false},
	    {"other.example", true, false},
	    {"xn--bcher-kva.example", true, false},
	};
	struct addr client;
	struct world w;

	begin(&w);
	assert_true(addr_parse("192.0.2.1", &client));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		w.iprev.result = rows[i].confirmed ? IPREV_PASS : IPREV_FAIL;
		strcpy(w.iprev.name, "mx.example");
		helo_check(w.lookups, rows[i].helo, &client, &w.iprev, &w.facts);
		assert_int_equal(w.facts.is_ptr_name, rows[i].is);
	}
	end(&w);
}

static void hints_what_the_check_will_ask(void **state)
{
	struct addr client;
	struct world w;

	begin(&w);
	assert_true(addr_parse("192.0.2.1", &client));
	helo_hint(w.lookups, "Other.example", &client);
	helo_hint(w.lookups, "[192.0.2.1]", &client);
	helo_hint(w.lookups, "localhost", &client);
	helo_hint(w.lookups, NULL, &client);
	assert_int_equal(fake_resolver_asked(w.resolver, "other.example", DNS_A), 1);
	assert_int_equal(lookups_count(w.lookups), 1);
	end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(judges_names_and_literals),
	    cmocka_unit_test(knows_any_confirmed_ptr_name),
	    cmocka_unit_test(hints_what_the_check_will_ask),
	};
	return cmocka_run_group_tests_name("helo", tests, NULL, NULL);
}
