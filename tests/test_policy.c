/* test_policy.c - facts and rules to a decision. Rules are written as in a file: "key value,value
 * key value ...". */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "policy/policy.h"
#include "support/config_text.h"
#include "support/findings.h"
#include "support/test.h"

/* -- support: a message, and rules from text -- */

static void decide(const struct findings *m, const char *rules, bool enforce, struct decision *d)
{
	static char rule[80], reason[80], comment[80];
	const struct config *c = config_of(rules);

	policy_decide(&m->f, c->rules, enforce, d);
	snprintf(rule, sizeof(rule), "%s", d->rule);
	snprintf(reason, sizeof(reason), "%s", d->reason);
	snprintf(comment, sizeof(comment), "%s", d->comment);
	d->rule = rule; /* the configuration goes */
	d->reason = reason;
	d->comment = comment;
	config_unref(c);
}

/* True if a rule with this condition alone matches. `action` may matter: see recipient and from. */
static bool matches(const struct findings *m, const char *condition, const char *action)
{
	struct decision d;
	char rules[512];

	snprintf(rules, sizeof(rules), "rule \"r\" { %s action = %s }", condition, action);
	decide(m, rules, true, &d);
	return strcmp(d.rule, "r") == 0;
}

/* -- conditions -- */

static void conditions_match_what_they_say(void **state)
{
	static const struct {
		const char *found;
		const char *condition;
		bool match;
	} rows[] = {
	    {"", "authenticated = no", true},
	    {"", "authenticated = yes", false},
	    {"login", "authenticated = yes", true},
	    {"", "client = { 198.51.100.1, 192.0.2.0/24 }", true},
	    {"", "client = 192.0.2.1", true},
	    {"", "client = { 192.0.2.2, 192.0.2.128/25, local, ::/0 }", false},
	    {"client=2001:db8::7", "client = 2001:db8::/32", true},
	    {"client=2001:db8::7", "client = 0.0.0.0/0", false},
	    {"client=local", "client = local", true},
	    {"client=local", "client = { 0.0.0.0/0, ::/0 }", false},
	    {"client=unknown", "client = { local, 0.0.0.0/0, ::/0 }", false},
	    {"", "client_name = relay.example", true},
	    {"", "client_name = mx.relay.example", true},
	    {"", "client_name = x.relay.example", false},
	    {"", "client_name = elay.example", false},
	    {"iprev=fail", "client_name = relay.example", false},
	    {"", "forwarder = { other.example, RELAY.example }", true},
	    {"iprev=fail", "forwarder = relay.example", false},
	    {"", "iprev = pass", true},
	    {"", "iprev = { fail, permerror }", false},
	    {"iprev=fail", "iprev = { fail, permerror }", true},
	    {"client=local", "iprev = none", true},
	    {"", "helo = match", true},
	    {"", "helo = { mismatch, invalid }", false},
	    {"", "spf = pass", true},
	    {"", "spf = { fail, softfail }", false},
	    {"", "spf_helo = none", true},
	    {"", "spf_helo = pass", false},
	    {"", "mail_from = example", true},
	    {"", "mail_from = bounce.example", true},
	    {"", "mail_from = SomeOne@Bounce.EXAMPLE", true},
	    {"", "mail_from = else@bounce.example", false},
	    {"", "mail_from = someone@example", false},
	    {"null_sender", "mail_from = example", false},
	    {"", "null_sender = yes", false},
	    {"null_sender", "null_sender = yes", true},
	    {"", "from = example.com", true},
	    {"", "from = mail.example.com", true},
	    {"", "from = { a.example.com, ample.com }", false},
	    {"from=missing dmarc=none", "from = example.com", false},
	    {"", "from_status = ok", true},
	    {"from=missing dmarc=none", "from_status = { ok, multiple }", false},
	    {"from=missing dmarc=none", "from_status = missing", true},
	    {"", "dkim = none", true},
	    {"dkim=fail,pass", "dkim = pass", true},
	    {"dkim=fail,pass", "dkim = fail", false},
	    {"dkim=fail,temperror", "dkim = fail", false},
	    {"dkim=fail,temperror", "dkim = temperror", true},
	    {"dkim=fail,pass", "dkim_domain = good.example", true},
	    {"dkim=fail,pass", "dkim_domain = bad.example", false},
	    {"", "arc = none", true},
	    {"arc=pass", "arc = pass", true},
	    {"arc=pass", "arc = trusted", false},
	    {"arc=pass trusted", "arc = trusted", true},
	    {"arc=pass trusted", "arc = pass", true},
	    {"", "list = yes", false},
	    {"list", "list = yes", true},
	    {"", "dmarc = fail", true},
	    {"", "dmarc = { none, pass, temperror }", false},
	    {"", "published = reject", true},
	    {"testing effective=quarantine", "published = reject", true},
	    {"", "effective = reject", true},
	    {"testing effective=quarantine", "effective = reject", false},
	    {"testing effective=quarantine", "effective = quarantine", true},
	    {"dmarc=none", "published = none", false},
	    {"dmarc=none", "effective = none", false},
	    {"", "testing = no", true},
	    {"testing effective=quarantine", "testing = yes", true},
	    {"", "internal_error = no", true},
	    {"internal_error", "internal_error = yes", true},
	    {"contradiction", "internal_error = yes", true},
	    {"", "", true},
	    {"", "spf = pass dmarc = fail", true},
	    {"", "spf = pass dmarc = pass", false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct findings m;

		findings_make(&m, rows[i].found);
		if (matches(&m, rows[i].condition, "accept") != rows[i].match)
			fail_msg("row %zu: %s", i, rows[i].condition);
	}
}

/* Else a sender could add a recipient or an author to get through a door that is open for those
 * alone. */
static void all_must_be_listed_to_let_mail_through(void **state)
{
	struct findings m;

	findings_make(&m, "");
	m.recipients[1] = "<postmaster@here.example>";
	m.f.recipient_count = 2;
	m.f.author_count = 2;
	strcpy(m.f.author[1], "other.example");
	assert_false(matches(&m, "recipient = postmaster@here.example", "accept"));
	assert_false(matches(&m, "recipient = postmaster@here.example", "mark"));
	assert_false(matches(&m, "recipient = postmaster@here.example", "on_temperror"));
	assert_true(matches(&m, "recipient = postmaster@here.example", "reject"));
	assert_true(matches(&m, "recipient = postmaster@here.example", "quarantine"));
	assert_true(matches(&m, "recipient = postmaster@here.example", "on_error"));
	assert_true(
	    matches(&m, "recipient = { postmaster@here.example, user@here.example }", "accept"));
	assert_true(matches(&m, "recipient = here.example", "skip"));
	assert_false(matches(&m, "from = other.example", "accept"));
	assert_true(matches(&m, "from = other.example", "reject"));
	assert_true(matches(&m, "from = { example.com, other.example }", "accept"));
	m.f.recipient_count = 0;
	m.f.author_count = 0;
	assert_false(matches(&m, "recipient = here.example", "accept"));
	assert_false(matches(&m, "recipient = here.example", "reject"));
	assert_false(matches(&m, "from = example.com", "accept"));
}

static void recipients_that_cannot_be_read_match_nothing(void **state)
{
	struct findings m;

	findings_make(&m, "");
	m.recipients[0] = "postmaster@here.example@elsewhere.example";
	assert_false(matches(&m, "recipient = postmaster@here.example", "accept"));
	m.recipients[0] = "user@";
	assert_false(matches(&m, "recipient = here.example", "reject"));
	m.recipients[0] = "";
	assert_false(matches(&m, "recipient = here.example", "reject"));
}

static void the_first_rule_that_matches_decides(void **state)
{
	static const char rules[] = "rule \"a\" { dmarc = pass action = reject }\n"
				    "rule \"b\" { dmarc = fail action = mark }\n"
				    "rule \"c\" { dmarc = fail action = reject }\n";
	struct findings m;
	struct decision d;

	findings_make(&m, "");
	decide(&m, rules, true, &d);
	assert_string_equal(d.rule, "b");
	assert_int_equal(d.action, ACTION_MARK);
	m.f.dmarc.result = DMARC_NONE;
	decide(&m, rules, true, &d);
	assert_string_equal(d.rule, "default");
	assert_int_equal(d.action, ACTION_ACCEPT);
	assert_int_equal(d.wanted, ACTION_ACCEPT);
}

/* D62, M33 */
static void options_stand_behind_on_error_and_on_temperror(void **state)
{
	struct findings m;
	struct decision d;

	findings_make(&m, "");
	decide(&m, "rule \"a\" { action = on_error }", true, &d);
	assert_int_equal(d.action, ACTION_TEMPFAIL);
	decide(&m, "on_error = accept rule \"a\" { action = on_error }", true, &d);
	assert_int_equal(d.action, ACTION_ACCEPT);
	decide(&m, "rule \"a\" { action = on_temperror }", true, &d);
	assert_int_equal(d.action, ACTION_ACCEPT);
	decide(&m, "on_temperror = tempfail rule \"a\" { action = on_temperror }", true, &d);
	assert_int_equal(d.action, ACTION_TEMPFAIL);
	assert_string_equal(d.code, "451");
}

static void monitor_mode_only_marks(void **state)
{
	static const struct {
		const char *action;
		enum action wanted, done;
	} rows[] = {
	    {"skip", ACTION_SKIP, ACTION_SKIP},	    {"accept", ACTION_ACCEPT, ACTION_ACCEPT},
	    {"mark", ACTION_MARK, ACTION_MARK},	    {"quarantine", ACTION_QUARANTINE, ACTION_MARK},
	    {"reject", ACTION_REJECT, ACTION_MARK}, {"tempfail", ACTION_TEMPFAIL, ACTION_MARK},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct findings m;
		struct decision d;
		char rules[100];

		findings_make(&m, "");
		snprintf(rules, sizeof(rules), "rule \"r\" { action = %s }", rows[i].action);
		decide(&m, rules, false, &d);
		assert_int_equal(d.wanted, rows[i].wanted);
		assert_int_equal(d.action, rows[i].done);
		assert_int_equal(d.code[0] != '\0', rows[i].wanted >= ACTION_REJECT);
	}
}

/* -- the reason in the aggregate report -- */

/* D43, D65, D66, A20 */
static void reason_is_there_when_policy_is_not_followed(void **state)
{
	static const struct {
		const char *found;
		bool enforce;
		const char *rule, *reason, *comment;
	} rows[] = {
	    /* what is published is done: no reason */
	    {"policy=reject", true, "action = reject", "", ""},
	    {"policy=quarantine", true, "action = quarantine", "", ""},
	    {"policy=none", true, "action = accept reason = other", "", ""},
	    {"policy=none", false, "action = mark", "", ""},
	    {"dmarc=pass policy=reject", true, "action = accept reason = other", "", ""},
	    /* not evaluated: nothing to explain */
	    {"dmarc=none", true, "action = reject", "", ""},
	    {"dmarc=temperror policy=none", true, "action = tempfail", "", ""},
	    /* milder or harder than published */
	    {"policy=reject", true, "action = accept", "local_policy", ""},
	    {"policy=reject", true, "action = skip", "local_policy", ""},
	    {"policy=reject", true, "action = quarantine", "local_policy", ""},
	    {"policy=none", true, "action = reject", "local_policy", ""},
	    {"policy=none", true, "action = tempfail", "local_policy", ""},
	    {"dmarc=pass policy=none", true, "action = reject", "local_policy", ""},
	    {"policy=reject", true, "action = accept reason = trusted_forwarder comment = \"gw\"",
	     "trusted_forwarder", "gw"},
	    {"policy=reject list", true, "list = yes action = quarantine", "mailing_list", ""},
	    {"policy=reject", true, "forwarder = relay.example action = accept",
	     "trusted_forwarder", ""},
	    {"policy=reject", true, "list = no arc = none action = accept", "local_policy", ""},
	    /* monitor mode is our policy */
	    {"policy=reject", false, "action = reject", "local_policy", "monitor mode"},
	    {"policy=reject list", false, "list = yes action = quarantine", "local_policy",
	     "monitor mode"},
	    /* the owner is testing */
	    {"policy=reject effective=quarantine testing", true, "action = quarantine",
	     "policy_test_mode", ""},
	    {"policy=quarantine effective=none testing", true, "action = accept",
	     "policy_test_mode", ""},
	    {"policy=quarantine effective=none testing", false, "action = accept",
	     "policy_test_mode", ""},
	    {"policy=reject effective=quarantine testing", false, "action = quarantine",
	     "local_policy", "monitor mode"},
	    {"policy=reject effective=quarantine testing", true, "action = accept", "local_policy",
	     ""},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct findings m;
		struct decision d;
		char rules[200];

		findings_make(&m, rows[i].found);
		snprintf(rules, sizeof(rules), "rule \"r\" { %s }", rows[i].rule);
		decide(&m, rules, rows[i].enforce, &d);
		if (strcmp(d.reason, rows[i].reason) != 0 ||
		    strcmp(d.comment, rows[i].comment) != 0)
			fail_msg("row %zu: %s: %s (%s)", i, rows[i].rule, d.reason, d.comment);
	}
}

/* -- what the DNS did not answer -- */

/* D62: an earlier rule may let the message through; whether it does will be known later. */
static void nothing_is_refused_for_good_while_the_dns_hides_a_rule(void **state)
{
	static const struct {
		const char *rule; /* in front of one that rejects all */
		enum action action;
		const char *code;
	} rows[] = {
	    {"forwarder = relay.example action = accept", ACTION_TEMPFAIL, "451"},
	    {"client_name = relay.example dmarc = fail action = skip", ACTION_TEMPFAIL, "451"},
	    {"iprev = pass action = mark", ACTION_TEMPFAIL, "451"},
	    {"spf = pass action = accept", ACTION_TEMPFAIL, "451"},
	    {"spf_helo = pass action = accept", ACTION_TEMPFAIL, "451"},
	    {"helo = match action = accept", ACTION_TEMPFAIL, "451"},
	    {"dkim = pass action = accept", ACTION_TEMPFAIL, "451"},
	    {"dkim_domain = bad.example action = accept", ACTION_TEMPFAIL, "451"},
	    {"arc = trusted action = quarantine", ACTION_TEMPFAIL, "451"},
	    /* It decides, it cannot match all the same, or it refuses too. */
	    {"spf = temperror action = accept", ACTION_ACCEPT, ""},
	    {"forwarder = relay.example list = yes action = accept", ACTION_REJECT, "554"},
	    {"dkim_domain = other.example action = accept", ACTION_REJECT, "554"},
	    {"dmarc = pass action = accept", ACTION_REJECT, "554"},
	    {"spf = fail action = reject", ACTION_REJECT, "554"},
	    {"spf = fail action = tempfail", ACTION_REJECT, "554"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct findings m;
		struct decision d;
		char rules[300];

		findings_make(&m, "iprev=temperror helo=temperror spf=temperror spf_helo=temperror "
				  "dkim=temperror arc=fail");
		m.f.arc.undecided = true;
		snprintf(rules, sizeof(rules),
			 "rule \"a\" { %s } rule \"b\" { action = reject code = \"554 5.7.1\" }",
			 rows[i].rule);
		decide(&m, rules, true, &d);
		if (d.action != rows[i].action || strcmp(d.code, rows[i].code) != 0 ||
		    (d.undecided != NULL) != (d.action == ACTION_TEMPFAIL))
			fail_msg("%s: %s %s", rows[i].rule, action_name(d.action), d.code);
	}
}

/* -- before the message is there -- */

/* What an early decision must not read is set to what would match. */
static void early_decisions_wait_for_what_could_still_match(void **state)
{
	static const struct {
		enum stage stage;
		const char *found;
		const char *rules;
		unsigned need;
		const char *decided; /* name of the rule, NULL: undecided */
	} rows[] = {
	    /* skip with what is known */
	    {STAGE_CONNECT, "", "rule \"a\" { client = 192.0.2.1 action = skip }", 0, "a"},
	    {STAGE_CONNECT, "client=2001:db8::7", "rule \"a\" { client = 192.0.2.1 action = skip }",
	     0, NULL},
	    {STAGE_CONNECT, "login", "rule \"a\" { authenticated = yes action = skip }", 0, NULL},
	    {STAGE_MAIL, "login", "rule \"a\" { authenticated = yes action = skip }", 0, "a"},
	    {STAGE_MAIL, "null_sender", "rule \"a\" { null_sender = yes action = skip }", 0, "a"},
	    {STAGE_MAIL, "", "rule \"a\" { mail_from = bounce.example action = skip }", 0, "a"},
	    {STAGE_CONNECT, "", "rule \"a\" { mail_from = bounce.example action = skip }", 0, NULL},
	    {STAGE_CONNECT, "", "", 0, NULL},
	    {STAGE_CONNECT, "client=::1", "", 0,
	     NULL}, /* authenticated comes first and is not known */
	    {STAGE_MAIL, "client=::1", "", 0, "local-client"},
	    /* an earlier rule could still match */
	    {STAGE_MAIL, "",
	     "rule \"z\" { dmarc = fail action = reject }"
	     "rule \"a\" { client = 192.0.2.1 action = skip }",
	     0, NULL},
	    {STAGE_MAIL, "",
	     "rule \"z\" { dmarc = fail client = 192.0.2.9 action = reject }"
	     "rule \"a\" { client = 192.0.2.1 action = skip }",
	     0, "a"},
	    /* matches, but is no skip and has no stage */
	    {STAGE_MAIL, "", "rule \"a\" { client = 192.0.2.1 action = reject }", 0, NULL},
	    {STAGE_MAIL, "",
	     "rule \"z\" { client = 192.0.2.1 action = accept }"
	     "rule \"a\" { client = 192.0.2.1 action = skip }",
	     0, NULL},
	    /* skip on a name is not worth waiting for */
	    {STAGE_MAIL, "", "rule \"a\" { client_name = relay.example action = skip }", 0, NULL},
	    /* with a stage */
	    {STAGE_CONNECT, "", "rule \"a\" { client = 192.0.2.1 action = reject stage = connect }",
	     0, "a"},
	    {STAGE_CONNECT, "iprev=fail",
	     "rule \"a\" { iprev = fail action = reject stage = connect }", NEED_IPREV, "a"},
	    {STAGE_CONNECT, "", "rule \"a\" { iprev = fail action = reject stage = connect }",
	     NEED_IPREV, NULL},
	    {STAGE_CONNECT, "iprev=fail",
	     "rule \"a\" { iprev = fail action = reject stage = mail }", 0, NULL},
	    {STAGE_MAIL, "iprev=fail", "rule \"a\" { iprev = fail action = reject stage = mail }",
	     NEED_IPREV, "a"},
	    {STAGE_MAIL, "iprev=fail",
	     "rule \"a\" { iprev = fail action = reject stage = connect }", NEED_IPREV, "a"},
	    {STAGE_MAIL, "",
	     "rule \"a\" { helo = match spf = pass spf_helo = none action = reject stage = mail }",
	     NEED_HELO | NEED_SPF | NEED_SPF_HELO, "a"},
	    /* nothing is asked of the DNS for those who are skipped or do not match anyway */
	    {STAGE_MAIL, "login",
	     "rule \"s\" { authenticated = yes action = skip }"
	     "rule \"a\" { iprev = fail action = reject stage = mail }",
	     0, "s"},
	    {STAGE_CONNECT, "iprev=fail",
	     "rule \"s\" { authenticated = yes action = skip }"
	     "rule \"a\" { iprev = fail action = reject stage = connect }",
	     0, NULL},
	    {STAGE_MAIL, "iprev=fail",
	     "rule \"s\" { authenticated = yes action = skip }"
	     "rule \"a\" { iprev = fail action = reject stage = connect }",
	     NEED_IPREV, "a"},
	    {STAGE_CONNECT, "iprev=fail",
	     "rule \"a\" { client = 192.0.2.9 iprev = fail action = reject stage = connect }", 0,
	     NULL},
	    /* what one rule made us wait for, the next may use */
	    {STAGE_CONNECT, "",
	     "rule \"a\" { iprev = fail action = reject stage = connect }"
	     "rule \"b\" { client_name = relay.example action = skip }",
	     NEED_IPREV, "b"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct config *c = config_of(rows[i].rules);
		struct decision d = {.rule = ""};
		struct findings m;
		bool decided;

		findings_make(&m, rows[i].found);
		assert_int_equal(policy_need(&m.f, c->rules, rows[i].stage), rows[i].need);
		decided = policy_decide_early(&m.f, c->rules, rows[i].stage, true, &d);
		if (decided != (rows[i].decided != NULL) ||
		    (decided && strcmp(d.rule, rows[i].decided) != 0))
			fail_msg("row %zu: %s: %s", i, rows[i].rules,
				 decided ? d.rule : "undecided");
		config_unref(c);
	}
}

static void early_facts_that_are_not_known_are_not_read(void **state)
{
	const struct config *c = config_of("rule \"a\" { authenticated = no action = skip }");
	struct facts f = {.mail_from = (const char *)1}; /* a pointer that must not be followed */
	struct decision d;

	assert_int_equal(policy_need(&f, c->rules, STAGE_CONNECT), 0);
	assert_false(policy_decide_early(&f, c->rules, STAGE_CONNECT, true, &d));
	config_unref(c);
}

/* So that all of it is seen and recorded; a skip is a skip. */
static void monitor_mode_lets_the_message_go_on(void **state)
{
	const struct config *c =
	    config_of("rule \"a\" { client = 192.0.2.1 action = reject stage = connect }");
	struct findings m;
	struct decision d;

	findings_make(&m, "");
	assert_false(policy_decide_early(&m.f, c->rules, STAGE_CONNECT, false, &d));
	config_unref(c);
	c = config_of("rule \"a\" { client = 192.0.2.1 action = skip }");
	assert_true(policy_decide_early(&m.f, c->rules, STAGE_CONNECT, false, &d));
	assert_int_equal(d.action, ACTION_SKIP);
	config_unref(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(conditions_match_what_they_say),
	    cmocka_unit_test(all_must_be_listed_to_let_mail_through),
	    cmocka_unit_test(recipients_that_cannot_be_read_match_nothing),
	    cmocka_unit_test(the_first_rule_that_matches_decides),
	    cmocka_unit_test(options_stand_behind_on_error_and_on_temperror),
	    cmocka_unit_test(monitor_mode_only_marks),
	    cmocka_unit_test(reason_is_there_when_policy_is_not_followed),
	    cmocka_unit_test(nothing_is_refused_for_good_while_the_dns_hides_a_rule),
	    cmocka_unit_test(early_decisions_wait_for_what_could_still_match),
	    cmocka_unit_test(early_facts_that_are_not_known_are_not_read),
	    cmocka_unit_test(monitor_mode_lets_the_message_go_on),
	};
	return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
