/* test_resolver.c - the answer and the names of things. */

#include "base/limits.h"
#include "dns/resolver.h"
#include "support/test.h"

static void answers_own_their_bytes(void **state)
{
	const struct dns_record in[2] = {{"a\0b", 3}, {NULL, 0}};
	struct dns_record many[MAX_ANSWER_RECORDS + 5];
	struct dns_answer *a = dns_answer_new(DNS_OK, in, 2);

	assert_non_null(a);
	assert_memory_equal(a->records[0].data, "a\0b", 4);
	assert_ptr_not_equal(a->records[0].data, in[0].data);
	assert_string_equal(a->records[1].data, "");
	dns_answer_unref(dns_answer_ref(a));
	assert_int_equal(a->count, 2);
	dns_answer_unref(a);
	dns_answer_unref(NULL);
	for (size_t i = 0; i < ARRAY_SIZE(many); i++)
		many[i] = in[0];
	a = dns_answer_new(DNS_OK, many, ARRAY_SIZE(many));
	assert_int_equal(a->count, MAX_ANSWER_RECORDS);
	dns_answer_unref(a);
}

static void only_failures_have_failed(void **state)
{
	static const struct {
		enum dns_status status;
		bool failed;
		int rcode;
		const char *name;
	} rows[] = {
	    {DNS_OK, false, 0, "ok"},
	    {DNS_NODATA, false, 0, "nodata"},
	    {DNS_NXDOMAIN, false, 3, "nxdomain"},
	    {DNS_SERVFAIL, true, 2, "servfail"},
	    {DNS_TIMEOUT, true, -1, "timeout"},
	    {DNS_BOGUS, true, 2, "bogus"},
	    {DNS_REFUSED_HERE, true, -1, "refused"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct dns_answer *a = dns_answer_new(rows[i].status, NULL, 0);

		assert_int_equal(dns_failed(a), rows[i].failed);
		assert_int_equal(a->rcode, rows[i].rcode);
		assert_string_equal(dns_status_name(a->status), rows[i].name);
		dns_answer_unref(a);
	}
	assert_string_equal(dns_type_name(DNS_PTR), "PTR");
	assert_string_equal(dns_type_name(DNS_AAAA), "AAAA");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(answers_own_their_bytes),
	    cmocka_unit_test(only_failures_have_failed),
	};
	return cmocka_run_group_tests_name("resolver", tests, NULL, NULL);
}
