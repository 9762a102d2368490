/* test_addr.c - IP addresses and networks. */
#include <string.h>

#include "base/addr.h"
#include "support/test.h"

static void prints_what_it_read(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
	    {"192.0.2.1", "192.0.2.1"},
	    {"2001:DB8::0:1", "2001:db8::1"},
	    {"::ffff:192.0.2.7", "192.0.2.7"},
	    {"192.0.2", NULL},
	    {"192.0.2.256", NULL},
	    {"[::1]", NULL},
	    {"fe80::1%eth0", NULL},
	    {"", NULL},
	};
	char text[ADDR_TEXT_SIZE];
	struct addr a;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(addr_parse(rows[i].in, &a), rows[i].out != NULL);
		if (rows[i].out != NULL)
			assert_string_equal(addr_print(&a, text), rows[i].out);
	}
	a = addr_from_sockaddr(NULL);
	assert_string_equal(addr_print(&a, text), "unknown");
}

static void names_the_reverse_zone(void **state)
{
	char name[ADDR_PTR_SIZE];
	struct addr a;

	assert_true(addr_parse("192.0.2.1", &a));
	assert_string_equal(addr_ptr_name(&a, name), "1.2.0.192.in-addr.arpa");
	assert_true(addr_parse("2001:db8::567:89ab", &a));
	assert_string_equal(
	    addr_ptr_name(&a, name),
	    "b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
	a.family = ADDR_NONE;
	assert_string_equal(addr_ptr_name(&a, name), "");
}

static void matches_networks(void **state)
{
	static const struct {
		const char *net, *addr;
		bool readable, has;
	} rows[] = {
	    {"192.0.2.0/24", "192.0.2.255", true, true},
	    {"192.0.2.0/24", "192.0.3.0", true, false},
	    {"192.0.2.128/25", "192.0.2.127", true, false},
	    {"192.0.2.1", "192.0.2.1", true, true},
	    {"0.0.0.0/0", "203.0.113.9", true, true},
	    {"0.0.0.0/0", "2001:db8::1", true, false},
	    {"2001:db8::/33", "2001:db8:7fff::1", true, true},
	    {"2001:db8::/33", "2001:db8:8000::1", true, false},
	    {"192.0.2.1/24", "192.0.2.1", false, false},
	    {"192.0.2.0/33", "192.0.2.1", false, false},
	    {"192.0.2.0/", "192.0.2.1", false, false},
	    {"192.0.2.0/+8", "192.0.2.1", false, false},
	    {"example.org", "192.0.2.1", false, false},
	};
	struct network net;
	struct addr a;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_true(addr_parse(rows[i].addr, &a));
		assert_int_equal(network_parse(rows[i].net, &net), rows[i].readable);
		if (rows[i].readable)
			assert_int_equal(network_has(&net, &a), rows[i].has);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(prints_what_it_read),
	    cmocka_unit_test(names_the_reverse_zone),
	    cmocka_unit_test(matches_networks),
	};
	return cmocka_run_group_tests_name("addr", tests, NULL, NULL);
}
