/* test_rule_key.c - the table of a rule's keys. */
#include <string.h>

#include "base/choice.h"
#include "policy/rule_key.h"
#include "support/test.h"

static void conditions_stand_at_their_ids_and_come_first(void **state)
{
	assert_string_equal(rule_key_at(COND_AUTHENTICATED)->name, "authenticated");
	assert_string_equal(rule_key_at(COND_SPF_HELO)->name, "spf_helo");
	assert_string_equal(rule_key_at(COND_INTERNAL_ERROR)->name, "internal_error");
	for (size_t i = 0; rule_key_at(i) != NULL; i++)
		assert_int_equal(rule_key_at(i)->is_condition, i < COND_COUNT);
}

static void finds_each_by_its_whole_name(void **state)
{
	for (size_t i = 0; rule_key_at(i) != NULL; i++)
		assert_int_equal(rule_key_find(rule_key_at(i)->name), i);
	assert_int_equal(rule_key_find("fro"), RULE_KEY_NONE);
	assert_int_equal(rule_key_find("fromm"), RULE_KEY_NONE);
	assert_int_equal(rule_key_find(""), RULE_KEY_NONE);
	assert_null(rule_key_at(RULE_KEY_NONE));
}

/* The words stand in the order of the enums they are compared with. */
static void words_mean_what_facts_call_them(void **state)
{
	static const struct {
		const char *key;
		const char *(*name)(unsigned);
		unsigned count;
	} rows[] = {
	    {"iprev", (const char *(*)(unsigned))iprev_result_name, IPREV_PERMERROR + 1},
	    {"helo", (const char *(*)(unsigned))helo_result_name, HELO_TEMPERROR + 1},
	    {"spf", (const char *(*)(unsigned))spf_result_name, SPF_PERMERROR + 1},
	    {"spf_helo", (const char *(*)(unsigned))spf_result_name, SPF_PERMERROR + 1},
	    {"dkim", (const char *(*)(unsigned))dkim_result_name, DKIM_PERMERROR + 1},
	    {"arc", (const char *(*)(unsigned))arc_result_name, ARC_FAIL + 1},
	    {"published", (const char *(*)(unsigned))dmarc_policy_name, POLICY_REJECT + 1},
	    {"effective", (const char *(*)(unsigned))dmarc_policy_name, POLICY_REJECT + 1},
	    {"from_status", (const char *(*)(unsigned))from_status_name, FROM_MALFORMED + 1},
	    {"action", (const char *(*)(unsigned))action_name, ACTION_ON_TEMPERROR + 1},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char word[CHOICE_MAX + 1];
		const struct rule_key *k = rule_key_at(rule_key_find(rows[i].key));

		for (unsigned j = 0; j < rows[i].count; j++)
			assert_string_equal(choice_at(k->choices, j, word), rows[i].name(j));
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(conditions_stand_at_their_ids_and_come_first),
	    cmocka_unit_test(finds_each_by_its_whole_name),
	    cmocka_unit_test(words_mean_what_facts_call_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
