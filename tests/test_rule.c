/* test_rule.c - rules as data: what a key takes, what a rule needs, sets of rules. Messages of the
 * reader: test_config. */
#include <stdio.h>
#include <string.h>

#include "base/choice.h"
#include "policy/rule.h"
#include "support/test.h"

static struct rule *rule(const char *name)
{
	struct error why;
	struct rule *r = rule_new(name, "f:1", &why);

	assert_non_null(r);
	return r;
}

/* Set one value; false if it is refused. */
static bool set(struct rule *r, const char *key, const char *value)
{
	struct error why = {""};
	bool ok = rule_set(r, key, &value, 1, false, &why);

	assert_int_equal(ok, why.text[0] == '\0');
	return ok;
}

static void every_word_of_a_key_is_taken(void **state)
{
	char word[CHOICE_MAX + 1];
	const struct rule_key *k;

	for (size_t i = 0; (k = rule_key_at(i)) != NULL; i++) {
		for (unsigned j = 0; *choice_at(k->choices, j, word) != '\0'; j++) {
			struct rule *r = rule("r");

			assert_true(set(r, k->name, word));
			if (k->is_condition)
				assert_int_equal(r->condition[0].mask, 1u << j);
			rule_free(r);
		}
	}
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
	    {"dmarc", (const char *(*)(unsigned))dmarc_result_name, DMARC_PERMERROR + 1},
	    {"published", (const char *(*)(unsigned))dmarc_policy_name, POLICY_REJECT + 1},
	    {"effective", (const char *(*)(unsigned))dmarc_policy_name, POLICY_REJECT + 1},
	    {"from_status", (const char *(*)(unsigned))from_status_name, FROM_MALFORMED + 1},
	    {"action", (const char *(*)(unsigned))action_name, ACTION_ON_TEMPERROR + 1},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char word[CHOICE_MAX + 1];
		size_t k = 0;

		while (strcmp(rule_key_at(k)->name, rows[i].key) != 0)
			k++;
		for (unsigned j = 0; j < rows[i].count; j++)
			assert_string_equal(choice_at(rule_key_at(k)->choices, j, word),
					    rows[i].name(j));
	}
}

static void conditions_stand_at_their_ids(void **state)
{
	struct rule *r = rule("r");

	assert_true(set(r, "testing", "yes"));
	assert_true(set(r, "from", "A.Example."));
	assert_true(set(r, "authenticated", "no"));
	assert_int_equal(r->condition_count, 3);
	assert_int_equal(rule_condition(r, COND_TESTING)->mask, 2);
	assert_string_equal(rule_condition(r, COND_FROM)->text[0], "a.example");
	assert_int_equal(rule_condition(r, COND_AUTHENTICATED)->mask, 1);
	assert_null(rule_condition(r, COND_DMARC));
	rule_free(r);
}

static void addresses_keep_their_local_part(void **state)
{
	static const struct {
		const char *value, *kept;
	} rows[] = {
	    {"User+x@Example.ORG", "User+x@example.org"},
	    {"example.org", "example.org"},
	    {"o'neil@example.org", "o'neil@example.org"},
	    {"b\xc3\xbc"
	     "cher.example",
	     "xn--bcher-kva.example"},
	    {"@example.org", NULL},
	    {"a@", NULL},
	    {"a b@example.org", NULL},
	    {"a@b@example.org", NULL},
	    {"\"a\"@example.org", NULL},
	    {"<a@example.org>", NULL},
	    {"a@[192.0.2.1]", NULL},
	    {"", NULL},
	    {"*@example.org.*", NULL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct rule *r = rule("r");

		if (set(r, "recipient", rows[i].value) != (rows[i].kept != NULL))
			fail_msg("%s", rows[i].value);
		if (rows[i].kept != NULL)
			assert_string_equal(r->condition[0].text[0], rows[i].kept);
		rule_free(r);
	}
}

static void a_key_is_set_once(void **state)
{
	struct rule *r = rule("r");

	assert_true(set(r, "dmarc", "fail"));
	assert_false(set(r, "dmarc", "pass"));
	assert_true(set(r, "action", "accept"));
	assert_false(set(r, "action", "accept"));
	assert_false(set(r, "list", "maybe"));
	assert_false(set(r, "list", "yes")); /* also after a bad value */
	rule_free(r);
}

static void lists_have_a_bound(void **state)
{
	static const char *values[MAX_RULE_VALUES + 1];
	struct rule *r = rule("r");
	struct error why;

	for (size_t i = 0; i <= MAX_RULE_VALUES; i++)
		values[i] = "a.example";
	assert_false(rule_set(r, "from", values, MAX_RULE_VALUES + 1, true, &why));
	assert_string_equal(why.text, "from has more than 1000 values");
	assert_true(rule_set(r, "dkim_domain", values, MAX_RULE_VALUES, true, &why));
	assert_false(rule_set(r, "client_name", values, 0, true, &why));
	assert_string_equal(why.text, "client_name: the list is empty");
	rule_free(r);
}

/* A wrong value half way through a list leaves nothing behind that could be read or freed twice. */
static void a_bad_value_in_a_list_leaves_a_rule_that_can_be_freed(void **state)
{
	static const char *const domains[] = {"a.example", "b.example", "*"};
	static const char *const networks[] = {"10.0.0.0/8", "local", "x"};
	struct rule *r = rule("r");
	struct error why;

	assert_false(rule_set(r, "from", domains, 3, true, &why));
	assert_false(rule_set(r, "client", networks, 3, true, &why));
	assert_int_equal(rule_condition(r, COND_FROM)->count, 2);
	assert_int_equal(rule_condition(r, COND_CLIENT)->count, 1);
	rule_free(r);
	rule_free(NULL);
}

static void sets_refuse_what_cannot_work(void **state)
{
	struct rules *all = rules_new();
	struct rule *a = rule("a"), *again = rule("a"), *open = rule("open"), *late = rule("late");
	struct error why;

	assert_true(set(a, "list", "yes"));
	assert_true(rules_take(all, a, &why));
	assert_false(rules_take(all, again, &why));
	assert_string_equal(why.text, "there is a rule \"a\" already, in f:1");
	assert_true(rules_take(all, open, &why));
	assert_false(rules_take(all, late, &why));
	assert_string_equal(
	    why.text, "rule \"late\" is never reached: rule \"open\" in f:1 has no condition");
	rule_free(again);
	rule_free(late);
	rules_free(all);
	rules_free(NULL);
}

static void prints_what_was_set(void **state)
{
	static const char *const networks[] = {"10.0.0.0/8", "local", "::1"};
	struct rule *r = rule("r");
	struct strbuf out;
	struct error why;

	assert_true(set(r, "spf", "softfail"));
	assert_true(rule_set(r, "client", networks, 3, true, &why));
	assert_true(set(r, "from", "a.example"));
	assert_true(set(r, "action", "tempfail"));
	assert_true(set(r, "code", "450 4.7.1"));
	assert_true(set(r, "text", "say \"%{rule}\" \\"));
	strbuf_init(&out, 4096);
	rule_print(r, &out);
	assert_string_equal(strbuf_text(&out), "rule \"r\" {\n"
					       "\tspf = { softfail }\n"
					       "\tclient = { local, 10.0.0.0/8, ::1 }\n"
					       "\tfrom = { \"a.example\" }\n"
					       "\taction = tempfail\n"
					       "\tcode = \"450 4.7.1\"\n"
					       "\ttext = \"say \\\"%{rule}\\\" \\\\\"\n"
					       "}\n");
	strbuf_free(&out);
	rule_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_word_of_a_key_is_taken),
	    cmocka_unit_test(words_mean_what_facts_call_them),
	    cmocka_unit_test(conditions_stand_at_their_ids),
	    cmocka_unit_test(addresses_keep_their_local_part),
	    cmocka_unit_test(a_key_is_set_once),
	    cmocka_unit_test(lists_have_a_bound),
	    cmocka_unit_test(a_bad_value_in_a_list_leaves_a_rule_that_can_be_freed),
	    cmocka_unit_test(sets_refuse_what_cannot_work),
	    cmocka_unit_test(prints_what_was_set),
	};
	return cmocka_run_group_tests_name("rule", tests, NULL, NULL);
}
