/* test_rule_value.c - the values of a rule's keys: what they become, and what is said of a bad one.
 */
#include <string.h>

#include "base/choice.h"
#include "policy/rule_key.h"
#include "policy/rule_value.h"
#include "support/test.h"

#define NETWORK \
	": must be an address, a network such as 192.0.2.0/24 with zero bits after the prefix, " \
	"or " \
	"local"
#define ADDRESS ": must be a domain or an address such as user@example.org"
#define CODE ": must be two codes of one class, such as \"550 5.7.1\" or \"451 4.7.1\""
#define WORDS \
	"must be %{from}, %{client}, %{client_name}, %{helo}, %{mail_from}, %{rule}, or %% for a " \
	"percent sign"

static struct rule *rule(void)
{
	struct error why;
	struct rule *r = rule_new("r", "f:1", &why);

	assert_non_null(r);
	return r;
}

static bool read_one(struct rule *r, const char *key, const char *value, struct error *why)
{
	return rule_value_read(r, rule_key_find(key), &value, 1, why);
}

static void says_what_a_value_must_be(void **state)
{
	static const struct {
		const char *key, *value, *error;
	} rows[] = {
	    {"action", "allow",
	     "action = allow: must be skip, accept, mark, quarantine, reject, tempfail, on_error "
	     "or "
	     "on_temperror"},
	    {"action", "rejct",
	     "action = rejct: must be skip, accept, mark, quarantine, reject, tempfail, on_error "
	     "or "
	     "on_temperror; did you mean reject?"},
	    {"stage", "rcpt", "stage = rcpt: must be connect or mail"},
	    {"reason", "forwarded",
	     "reason = forwarded: must be local_policy, mailing_list, other or trusted_forwarder"},
	    {"list", "true", "list = true: must be no or yes"},
	    {"dmarc", "permfail",
	     "dmarc = permfail: must be none, pass, fail, temperror or permerror"},
	    {"from", "*.x.example",
	     "from = *.x.example: write x.example; it stands for all names below it too"},
	    {"from", ".x.example",
	     "from = .x.example: write x.example; it stands for all names below it too"},
	    {"from", "x y", "from = x y: this is no domain name"},
	    {"from", "*.x y", "from = *.x y: this is no domain name"},
	    {"client", "10.0.0.1/8", "client = 10.0.0.1/8" NETWORK},
	    {"client", "lokal", "client = lokal" NETWORK},
	    {"mail_from", "a b@c", "mail_from = a b@c" ADDRESS},
	    {"mail_from", "a@*.c", "mail_from = a@*.c" ADDRESS},
	    {"recipient", "@x.example", "recipient = @x.example" ADDRESS},
	    {"comment", "", "comment must have 1 to 200 printable ASCII characters"},
	    {"comment", "a\tb", "comment must have 1 to 200 printable ASCII characters"},
	    {"text", "\xc3\xbc", "text must have 1 to 300 printable ASCII characters"},
	    {"text", "no %s", "text has %s: " WORDS},
	    {"text", "no %{form} 100%", "text has %{form} 100%: " WORDS},
	    {"code", "550 4.7.1", "code = 550 4.7.1" CODE},
	    {"code", "550", "code = 550" CODE},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct rule *r = rule();
		struct error why;

		if (read_one(r, rows[i].key, rows[i].value, &why))
			fail_msg("%s = %s", rows[i].key, rows[i].value);
		assert_string_equal(why.text, rows[i].error);
		rule_free(r);
	}
}

static void conditions_become_what_is_compared(void **state)
{
	static const char *const words[] = {"fail", "temperror"};
	static const char *const networks[] = {"10.0.0.0/8", "local", "::1"};
	static const char *const domains[] = {"A.Example.", "b.example"};
	struct rule *r = rule();
	struct error why;

	assert_true(rule_value_read(r, COND_DMARC, words, 2, &why));
	assert_int_equal(rule_condition(r, COND_DMARC)->mask,
			 1u << DMARC_FAIL | 1u << DMARC_TEMPERROR);
	assert_true(rule_value_read(r, COND_CLIENT, networks, 3, &why));
	assert_int_equal(rule_condition(r, COND_CLIENT)->mask, 1);
	assert_int_equal(rule_condition(r, COND_CLIENT)->count, 2);
	assert_int_equal(rule_condition(r, COND_CLIENT)->network[0].bits, 8);
	assert_true(rule_value_read(r, COND_FROM, domains, 2, &why));
	assert_string_equal(rule_condition(r, COND_FROM)->text[0], "a.example");
	assert_string_equal(rule_condition(r, COND_FROM)->text[1], "b.example");
	assert_int_equal(r->condition_count, 3);
	rule_free(r);
}

static void settings_become_members(void **state)
{
	struct rule *r = rule();
	struct error why;

	assert_true(read_one(r, "action", "tempfail", &why));
	assert_true(read_one(r, "stage", "mail", &why));
	assert_true(read_one(r, "reason", "mailing_list", &why));
	assert_true(read_one(r, "comment", "a list", &why));
	assert_true(read_one(r, "code", "451 4.7.26", &why));
	assert_true(read_one(r, "text", "not now, %{client}: 100%%", &why));
	assert_int_equal(r->action, ACTION_TEMPFAIL);
	assert_int_equal(r->stage, STAGE_MAIL);
	assert_string_equal(r->reason, "mailing_list");
	assert_string_equal(r->comment, "a list");
	assert_string_equal(r->code, "451");
	assert_string_equal(r->xcode, "4.7.26");
	assert_string_equal(r->text, "not now, %{client}: 100%%");
	rule_free(r);
}

static void every_word_of_a_key_is_taken(void **state)
{
	char word[CHOICE_MAX + 1];
	const struct rule_key *k;

	for (size_t i = 0; (k = rule_key_at(i)) != NULL; i++) {
		for (unsigned j = 0; *choice_at(k->choices, j, word) != '\0'; j++) {
			struct rule *r = rule();
			struct error why;

			assert_true(read_one(r, k->name, word, &why));
			if (k->is_condition)
				assert_int_equal(r->condition[0].mask, 1u << j);
			rule_free(r);
		}
	}
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
		struct rule *r = rule();
		struct error why;

		if (read_one(r, "recipient", rows[i].value, &why) != (rows[i].kept != NULL))
			fail_msg("%s", rows[i].value);
		if (rows[i].kept != NULL)
			assert_string_equal(r->condition[0].text[0], rows[i].kept);
		rule_free(r);
	}
}

/* A wrong value half way through a list leaves nothing behind that could be read or freed twice. */
static void a_bad_value_in_a_list_leaves_a_rule_that_can_be_freed(void **state)
{
	static const char *const domains[] = {"a.example", "b.example", "*"};
	static const char *const networks[] = {"10.0.0.0/8", "local", "x"};
	struct rule *r = rule();
	struct error why;

	assert_false(rule_value_read(r, COND_FROM, domains, 3, &why));
	assert_false(rule_value_read(r, COND_CLIENT, networks, 3, &why));
	assert_int_equal(rule_condition(r, COND_FROM)->count, 2);
	assert_int_equal(rule_condition(r, COND_CLIENT)->count, 1);
	rule_free(r);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(says_what_a_value_must_be),
	    cmocka_unit_test(conditions_become_what_is_compared),
	    cmocka_unit_test(settings_become_members),
	    cmocka_unit_test(every_word_of_a_key_is_taken),
	    cmocka_unit_test(addresses_keep_their_local_part),
	    cmocka_unit_test(a_bad_value_in_a_list_leaves_a_rule_that_can_be_freed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
