/* test_facts.c - names of the results, and the result of all signatures together. */

#include "check/facts.h"
#include "support/test.h"

/* R04 */
static void names_results_as_rfc_8601_does(void **state)
{
	assert_string_equal(iprev_result_name(IPREV_PERMERROR), "permerror");
	assert_string_equal(helo_result_name(HELO_MISMATCH), "mismatch");
	assert_string_equal(spf_result_name(SPF_SOFTFAIL), "softfail");
	assert_string_equal(spf_result_name(SPF_PERMERROR), "permerror");
	assert_string_equal(dkim_result_name(DKIM_POLICY), "policy");
	assert_string_equal(dkim_result_name(DKIM_PERMERROR), "permerror");
	assert_string_equal(arc_result_name(ARC_FAIL), "fail");
	assert_string_equal(dmarc_result_name(DMARC_TEMPERROR), "temperror");
	assert_string_equal(dmarc_policy_name(POLICY_REJECT), "reject");
}

static void sums_up_the_signatures(void **state)
{
	static const struct {
		size_t count;
		enum dkim_result result[3], best;
	} rows[] = {
	    {0, {DKIM_NONE}, DKIM_NONE},
	    {1, {DKIM_FAIL}, DKIM_FAIL},
	    {3, {DKIM_FAIL, DKIM_TEMPERROR, DKIM_PASS}, DKIM_PASS},
	    {3, {DKIM_FAIL, DKIM_TEMPERROR, DKIM_PERMERROR}, DKIM_TEMPERROR},
	    {2, {DKIM_PERMERROR, DKIM_FAIL}, DKIM_PERMERROR},
	};
	static struct dkim_signature signatures[3];
	struct dkim_facts f = {.signature = signatures};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		f.count = rows[i].count;
		for (size_t k = 0; k < f.count; k++)
			f.signature[k].result = rows[i].result[k];
		assert_int_equal(dkim_best(&f), rows[i].best);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_results_as_rfc_8601_does),
	    cmocka_unit_test(sums_up_the_signatures),
	};
	return cmocka_run_group_tests_name("facts", tests, NULL, NULL);
}
