/* test_rule.c - rules as data: what a key takes, what a rule needs, sets of rules. Values:
 * test_rule_value. */
#include <stdio.h>
#include <string.h>

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
	    cmocka_unit_test(conditions_stand_at_their_ids),
	    cmocka_unit_test(a_key_is_set_once),
	    cmocka_unit_test(lists_have_a_bound),
	    cmocka_unit_test(sets_refuse_what_cannot_work),
	    cmocka_unit_test(prints_what_was_set),
	};
	return cmocka_run_group_tests_name("rule", tests, NULL, NULL);
}
