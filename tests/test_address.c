/* test_address.c - the client among the addresses of a name. */

#include "check/address.h"
#include "support/test.h"

static void finds_the_client_among_records_of_its_own_family(void **state)
{
	static const char mapped[16] = {[10] = '\xff', '\xff', '\xc0', 0, 2, 1};
	const struct dns_record records[] = {
	    {"\xc0\x00\x02\x02", 4}, {"\xc0\x00\x02\x01", 4}, {mapped, 16}, {"", 0}};
	struct dns_answer *a = dns_answer_new(DNS_OK, records, 4);
	struct addr client;

	assert_non_null(a);
	assert_true(addr_parse("192.0.2.1", &client));
	assert_int_equal(address_type(&client), DNS_A);
	assert_true(address_among(a, &client));
	assert_true(addr_parse("192.0.2.3", &client));
	assert_false(address_among(a, &client));
	assert_true(addr_parse("2001:db8::1", &client));
	assert_int_equal(address_type(&client), DNS_AAAA);
	assert_false(address_among(a, &client));
	dns_answer_unref(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(finds_the_client_among_records_of_its_own_family),
	};
	return cmocka_run_group_tests_name("address", tests, NULL, NULL);
}
