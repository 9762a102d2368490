/* test_policy.c - facts and rules to a decision. Rules are written as in a file: "key value,value
 * key value ...". */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "policy/policy.h"
#include "support/config_text.h"
#include "support/test.h"

/* -- support: a message, and rules from text -- */

struct message {
	struct facts f;
	const char *recipients[3];
	struct dkim_signature signatures[2];
};

/* An ordinary message that fails DMARC under p=reject. */
static void message_start(struct message *m)
{
	memset(m, 0, sizeof(*m));
	m->f.dkim.signature = m->signatures;
	addr_parse("192.0.2.1", &m->f.client);
	m->f.mail_from = "someone@bounce.example";
	m->f.recipients = m->recipients;
	m->recipients[0] = "user@here.example";
	m->f.recipient_count = 1;
	m->f.author_count = 1;
	strcpy(m->f.author[0], "mail.example.com");
	m->f.iprev.result = IPREV_PASS;
	strcpy(m->f.iprev.name, "mx.relay.example");
	m->f.helo.result = HELO_MATCH;
	strcpy(m->f.helo.name, "mx.relay.example");
	m->f.spf.result = SPF_PASS;
	strcpy(m->f.spf.domain, "bounce.example");
	m->f.dmarc.result = DMARC_FAIL;
	strcpy(m->f.dmarc.author_domain, "mail.example.com");
	strcpy(m->f.dmarc.policy_domain, "example.com");
	m->f.dmarc.published = m->f.dmarc.effective = POLICY_REJECT;
}

static void decide(const struct message *m, const char *rules, bool enforce, struct decision *d)
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
static bool matches(const struct message *m, const char *condition, const char *action)
{
	struct decision d;
	char rules[512];

	snprintf(rules, sizeof(rules), "rule \"r\" { %s action = %s }", condition, action);
	decide(m, rules, true, &d);
	return strcmp(d.rule, "r") == 0;
}

/* -- conditions -- */

static void set_nothing(struct message *m)
{
	(void)m;
}

static void set_local(struct message *m)
{
	m->f.client = (struct addr){.family = ADDR_NONE};
	m->f.iprev.result = IPREV_NONE;
}

static void set_unknown(struct message *m)
{
	set_local(m);
	m->f.client_unknown = true;
}

static void set_ip6(struct message *m)
{
	addr_parse("2001:db8::7", &m->f.client);
}

static void set_login(struct message *m)
{
	m->f.authenticated = true;
}

static void set_unconfirmed(struct message *m)
{
	m->f.iprev.result = IPREV_FAIL;
}

static void set_null_sender(struct message *m)
{
	m->f.null_sender = true;
	m->f.mail_from = "";
}

static void set_signatures(struct message *m)
{
	m->f.dkim.count = 2;
	m->f.dkim.signature[0].result = DKIM_FAIL;
	strcpy(m->f.dkim.signature[0].domain, "bad.example");
	m->f.dkim.signature[1].result = DKIM_PASS;
	strcpy(m->f.dkim.signature[1].domain, "sig.good.example");
}

static void set_unanswered_signature(struct message *m)
{
	m->f.dkim.count = 2;
	m->f.dkim.signature[0].result = DKIM_FAIL;
	m->f.dkim.signature[1].result = DKIM_TEMPERROR;
}

static void set_list(struct message *m)
{
	m->f.list = true;
}

static void set_arc(struct message *m)
{
	m->f.arc.result = ARC_PASS;
}

static void set_trusted_arc(struct message *m)
{
	m->f.arc.result = ARC_PASS;
	m->f.arc.trusted = true;
}

static void set_testing(struct message *m)
{
	m->f.dmarc.record.testing = true;
	m->f.dmarc.effective = POLICY_QUARANTINE;
}

static void set_no_policy(struct message *m)
{
	m->f.dmarc.result = DMARC_NONE;
	m->f.dmarc.policy_domain[0] = '\0';
	m->f.dmarc.published = m->f.dmarc.effective = POLICY_NONE;
}

static void set_missing_from(struct message *m)
{
	set_no_policy(m);
	m->f.from_status = FROM_MISSING;
	m->f.author_count = 0;
	m->f.dmarc.author_domain[0] = '\0';
}

static void set_internal_error(struct message *m)
{
	m->f.internal_error = true;
}

static void set_contradiction(struct message *m)
{
	m->f.dmarc.internal_error = true;
}

static void conditions_match_what_they_say(void **state)
{
	static const struct {
		void (*set)(struct message *);
		const char *condition;
		bool match;
	} rows[] = {
	    {set_nothing, "authenticated = no", true},
	    {set_nothing, "authenticated = yes", false},
	    {set_login, "authenticated = yes", true},
	    {set_nothing, "client = { 198.51.100.1, 192.0.2.0/24 }", true},
	    {set_nothing, "client = 192.0.2.1", true},
	    {set_nothing, "client = { 192.0.2.2, 192.0.2.128/25, local, ::/0 }", false},
	    {set_ip6, "client = 2001:db8::/32", true},
	    {set_ip6, "client = 0.0.0.0/0", false},
	    {set_local, "client = local", true},
	    {set_local, "client = { 0.0.0.0/0, ::/0 }", false},
	    {set_unknown, "client = { local, 0.0.0.0/0, ::/0 }", false},
	    {set_nothing, "client_name = relay.example", true},
	    {set_nothing, "client_name = mx.relay.example", true},
	    {set_nothing, "client_name = x.relay.example", false},
	    {set_nothing, "client_name = elay.example", false},
	    {set_unconfirmed, "client_name = relay.example", false},
	    {set_nothing, "forwarder = { other.example, RELAY.example }", true},
	    {set_unconfirmed, "forwarder = relay.example", false},
	    {set_nothing, "iprev = pass", true},
	    {set_nothing, "iprev = { fail, permerror }", false},
	    {set_unconfirmed, "iprev = { fail, permerror }", true},
	    {set_local, "iprev = none", true},
	    {set_nothing, "helo = match", true},
	    {set_nothing, "helo = { mismatch, invalid }", false},
	    {set_nothing, "spf = pass", true},
	    {set_nothing, "spf = { fail, softfail }", false},
	    {set_nothing, "spf_helo = none", true},
	    {set_nothing, "spf_helo = pass", false},
	    {set_nothing, "mail_from = example", true},
	    {set_nothing, "mail_from = bounce.example", true},
	    {set_nothing, "mail_from = SomeOne@Bounce.EXAMPLE", true},
	    {set_nothing, "mail_from = else@bounce.example", false},
	    {set_nothing, "mail_from = someone@example", false},
	    {set_null_sender, "mail_from = example", false},
	    {set_nothing, "null_sender = yes", false},
	    {set_null_sender, "null_sender = yes", true},
	    {set_nothing, "from = example.com", true},
	    {set_nothing, "from = mail.example.com", true},
	    {set_nothing, "from = { a.example.com, ample.com }", false},
	    {set_missing_from, "from = example.com", false},
	    {set_nothing, "from_status = ok", true},
	    {set_missing_from, "from_status = { ok, multiple }", false},
	    {set_missing_from, "from_status = missing", true},
	    {set_nothing, "dkim = none", true},
	    {set_signatures, "dkim = pass", true},
	    {set_signatures, "dkim = fail", false},
	    {set_unanswered_signature, "dkim = fail", false},
	    {set_unanswered_signature, "dkim = temperror", true},
	    {set_signatures, "dkim_domain = good.example", true},
	    {set_signatures, "dkim_domain = bad.example", false},
	    {set_nothing, "arc = none", true},
	    {set_arc, "arc = pass", true},
	    {set_arc, "arc = trusted", false},
	    {set_trusted_arc, "arc = trusted", true},
	    {set_trusted_arc, "arc = pass", true},
	    {set_nothing, "list = yes", false},
	    {set_list, "list = yes", true},
	    {set_nothing, "dmarc = fail", true},
	    {set_nothing, "dmarc = { none, pass, temperror }", false},
	    {set_nothing, "published = reject", true},
	    {set_testing, "published = reject", true},
	    {set_nothing, "effective = reject", true},
	    {set_testing, "effective = reject", false},
	    {set_testing, "effective = quarantine", true},
	    {set_no_policy, "published = none", false},
	    {set_no_policy, "effective = none", false},
	    {set_nothing, "testing = no", true},
	    {set_testing, "testing = yes", true},
	    {set_nothing, "internal_error = no", true},
	    {set_internal_error, "internal_error = yes", true},
	    {set_contradiction, "internal_error = yes", true},
	    {set_nothing, "", true},
	    {set_nothing, "spf = pass dmarc = fail", true},
	    {set_nothing, "spf = pass dmarc = pass", false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct message m;

		message_start(&m);
		rows[i].set(&m);
		if (matches(&m, rows[i].condition, "accept") != rows[i].match)
			fail_msg("row %zu: %s", i, rows[i].condition);
	}
}

/* Else a sender could add a recipient or an author to get through a door that is open for those
 * alone. */
static void all_must_be_listed_to_let_mail_through(void **state)
{
	struct message m;

	message_start(&m);
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
	struct message m;

	message_start(&m);
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
	struct message m;
	struct decision d;

	message_start(&m);
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
	struct message m;
	struct decision d;

	message_start(&m);
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
		struct message m;
		struct decision d;
		char rules[100];

		message_start(&m);
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
		enum dmarc_result result;
		enum dmarc_policy published, effective;
		bool testing, enforce;
		const char *rule, *reason, *comment;
	} rows[] = {
	    /* what is published is done: no reason */
	    {DMARC_FAIL, POLICY_REJECT, POLICY_REJECT, false, true, "action = reject", "", ""},
	    {DMARC_FAIL, POLICY_QUARANTINE, POLICY_QUARANTINE, false, true, "action = quarantine",
	     "", ""},
	    {DMARC_FAIL, POLICY_NONE, POLICY_NONE, false, true, "action = accept reason = other",
	     "", ""},
	    {DMARC_FAIL, POLICY_NONE, POLICY_NONE, false, false, "action = mark", "", ""},
	    {DMARC_PASS, POLICY_REJECT, POLICY_REJECT, false, true,
	     "action = accept reason = other", "", ""},
	    /* not evaluated: nothing to explain */
	    {DMARC_NONE, POLICY_NONE, POLICY_NONE, false, true, "action = reject", "", ""},
	    {DMARC_TEMPERROR, POLICY_NONE, POLICY_NONE, false, true, "action = tempfail", "", ""},
	    /* milder or harder than published */
	    {DMARC_FAIL, POLICY_REJECT, POLICY_REJECT, false, true, "action = accept",
	     "local_policy", ""},
	    {DMARC_FAIL, POLICY_REJECT, POLICY_REJECT, false, true, "action = skip", "local_policy",
	     ""},
	    {DMARC_FAIL, POLICY_REJECT, POLICY_REJECT, false, true, "action = quarantine",
	     "local_policy", ""},
	    {DMARC_FAIL, POLICY_NONE, POLICY_NONE, false, true, "action = reject", "local_policy",
	     ""},
	    {DMARC_FAIL, POLICY_NONE, POLICY_NONE, false, true, "action = tempfail", "local_policy",
	     ""},
	    {DMARC_PASS, POLICY_NONE, POLICY_NONE, false, true, "action = reject", "local_policy",
	     ""},
	    {DMARC_FAIL, POLICY_REJECT, POLICY_REJECT, false, true,
	     "action = accept reason = trusted_forwarder comment = \"gw\"", "trusted_forwarder",
	     "gw"},
	    {DMARC_FAIL, POLICY_REJECT, POLICY_REJECT, false, true,
	     "list = yes action = quarantine", "mailing_list", ""},
	    {DMARC_FAIL, POLICY_REJECT, POLICY_REJECT, false, true,
	     "forwarder = relay.example action = accept", "trusted_forwarder", ""},
	    {DMARC_FAIL, POLICY_REJECT, POLICY_REJECT, false, true,
	     "list = no arc = none action = accept", "local_policy", ""},
	    /* monitor mode is our policy */
	    {DMARC_FAIL, POLICY_REJECT, POLICY_REJECT, false, false, "action = reject",
	     "local_policy", "monitor mode"},
	    {DMARC_FAIL, POLICY_REJECT, POLICY_REJECT, false, false,
	     "list = yes action = quarantine", "local_policy", "monitor mode"},
	    /* the owner is testing */
	    {DMARC_FAIL, POLICY_REJECT, POLICY_QUARANTINE, true, true, "action = quarantine",
	     "policy_test_mode", ""},
	    {DMARC_FAIL, POLICY_QUARANTINE, POLICY_NONE, true, true, "action = accept",
	     "policy_test_mode", ""},
	    {DMARC_FAIL, POLICY_QUARANTINE, POLICY_NONE, true, false, "action = accept",
	     "policy_test_mode", ""},
	    {DMARC_FAIL, POLICY_REJECT, POLICY_QUARANTINE, true, false, "action = quarantine",
	     "local_policy", "monitor mode"},
	    {DMARC_FAIL, POLICY_REJECT, POLICY_QUARANTINE, true, true, "action = accept",
	     "local_policy", ""},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct message m;
		struct decision d;
		char rules[200];

		message_start(&m);
		m.f.list = strstr(rows[i].rule, "list = yes") != NULL;
		m.f.dmarc.result = rows[i].result;
		m.f.dmarc.published = rows[i].published;
		m.f.dmarc.effective = rows[i].effective;
		m.f.dmarc.record.testing = rows[i].testing;
		snprintf(rules, sizeof(rules), "rule \"r\" { %s }", rows[i].rule);
		decide(&m, rules, rows[i].enforce, &d);
		if (strcmp(d.reason, rows[i].reason) != 0 ||
		    strcmp(d.comment, rows[i].comment) != 0)
			fail_msg("row %zu: %s: %s (%s)", i, rows[i].rule, d.reason, d.comment);
	}
}

/* -- the ready-made rules -- */

static void set_temperror(struct message *m)
{
	set_no_policy(m);
	m->f.dmarc.result = DMARC_TEMPERROR;
}

static void set_temperror_of_policy(struct message *m)
{
	m->f.dmarc.result = DMARC_TEMPERROR;
}

static void set_temperror_without_enforcement(struct message *m)
{
	m->f.dmarc.result = DMARC_TEMPERROR;
	m->f.dmarc.published = m->f.dmarc.effective = POLICY_NONE;
}

static void set_quarantine_policy(struct message *m)
{
	m->f.dmarc.published = m->f.dmarc.effective = POLICY_QUARANTINE;
}

static void set_testing_quarantine(struct message *m)
{
	m->f.dmarc.published = POLICY_QUARANTINE;
	m->f.dmarc.effective = POLICY_NONE;
	m->f.dmarc.record.testing = true;
}

static void set_pass(struct message *m)
{
	m->f.dmarc.result = DMARC_PASS;
}

static void set_error_and_missing_from(struct message *m)
{
	set_missing_from(m);
	m->f.internal_error = true;
}

static void set_loopback(struct message *m)
{
	addr_parse("::1", &m->f.client);
}

static void set_multiple(struct message *m)
{
	m->f.from_status = FROM_MULTIPLE;
}

static void set_malformed(struct message *m)
{
	m->f.from_status = FROM_MALFORMED;
}

/* D07, D44, D62, D64, M33, R56 */
static void default_rules_do_what_the_domain_owner_asks(void **state)
{
	static const struct {
		void (*set)(struct message *);
		enum action action;
		const char *rule;
	} rows[] = {
	    {set_nothing, ACTION_REJECT, "dmarc-reject"},
	    {set_pass, ACTION_ACCEPT, "default"},
	    {set_no_policy, ACTION_ACCEPT, "default"},
	    {set_quarantine_policy, ACTION_QUARANTINE, "dmarc-quarantine"},
	    {set_testing, ACTION_QUARANTINE, "dmarc-quarantine"},
	    {set_testing_quarantine, ACTION_ACCEPT, "default"},
	    {set_list, ACTION_QUARANTINE, "dmarc-reject-list"},
	    {set_trusted_arc, ACTION_QUARANTINE, "dmarc-reject-arc"},
	    {set_arc, ACTION_REJECT, "dmarc-reject"},
	    {set_login, ACTION_SKIP, "authenticated"},
	    {set_local, ACTION_SKIP, "local-client"},
	    {set_loopback, ACTION_SKIP, "local-client"},
	    {set_missing_from, ACTION_REJECT, "from-unusable"},
	    {set_malformed, ACTION_REJECT, "from-unusable"},
	    {set_multiple, ACTION_REJECT, "dmarc-reject"},
	    {set_internal_error, ACTION_TEMPFAIL, "internal-error"},
	    {set_error_and_missing_from, ACTION_TEMPFAIL, "internal-error"},
	    {set_contradiction, ACTION_TEMPFAIL, "internal-error"},
	    {set_temperror, ACTION_ACCEPT, "dmarc-temperror"},
	    {set_temperror_of_policy, ACTION_TEMPFAIL, "dmarc-temperror-policy"},
	    {set_temperror_without_enforcement, ACTION_ACCEPT, "dmarc-temperror"},
	    {set_unconfirmed, ACTION_REJECT, "dmarc-reject"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct message m;
		struct decision d;

		message_start(&m);
		rows[i].set(&m);
		decide(&m, "", true, &d);
		if (d.action != rows[i].action || strcmp(d.rule, rows[i].rule) != 0)
			fail_msg("row %zu: %s by %s", i, action_name(d.action), d.rule);
	}
}

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
	    {"dkim_domain = signer.example action = accept", ACTION_TEMPFAIL, "451"},
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
		struct message m;
		struct decision d;
		char rules[300];

		message_start(&m);
		m.f.iprev.result = IPREV_TEMPERROR;
		m.f.helo.result = HELO_TEMPERROR;
		m.f.spf.result = m.f.spf_helo.result = SPF_TEMPERROR;
		m.f.dkim.count = 1;
		m.signatures[0].result = DKIM_TEMPERROR;
		strcpy(m.signatures[0].domain, "signer.example");
		m.f.arc.result = ARC_FAIL;
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

static void set_unauthenticated(struct message *m)
{
	set_no_policy(m);
	m->f.spf.result = SPF_SOFTFAIL;
}

static void set_no_ptr(struct message *m)
{
	set_pass(m);
	m->f.iprev.result = IPREV_PERMERROR;
}

static void set_ptr_unanswered(struct message *m)
{
	set_pass(m);
	m->f.iprev.result = IPREV_TEMPERROR;
}

static void set_spf_unanswered(struct message *m)
{
	set_unauthenticated(m);
	m->f.spf.result = SPF_TEMPERROR;
}

static void set_spf_unanswered_bad_signature(struct message *m)
{
	set_spf_unanswered(m);
	m->f.dkim.count = 1;
	m->f.dkim.signature[0].result = DKIM_FAIL;
}

static void set_key_unanswered(struct message *m)
{
	set_unauthenticated(m);
	set_unanswered_signature(m);
}

static void set_signed_only(struct message *m)
{
	set_unauthenticated(m);
	set_signatures(m);
}

static void set_signed_spf_unanswered(struct message *m)
{
	set_spf_unanswered(m);
	set_signatures(m);
}

/* M01, M20, M23, M28, M29 */
static void strict_rules_ask_for_a_name_and_spf_or_dkim(void **state)
{
	static const struct {
		void (*set)(struct message *);
		enum action action;
		const char *rule, *codes, *text;
	} rows[] = {
	    {set_pass, ACTION_ACCEPT, "default", " ", ""},
	    {set_signed_only, ACTION_ACCEPT, "default", " ", ""},
	    {set_signed_spf_unanswered, ACTION_ACCEPT, "default", " ", ""},
	    {set_nothing, ACTION_REJECT, "dmarc-reject", "550 5.7.1",
	     "Email rejected per DMARC policy for mail.example.com"},
	    {set_unauthenticated, ACTION_REJECT, "unauthenticated", "550 5.7.26",
	     "Multiple authentication checks failed"},
	    {set_no_ptr, ACTION_REJECT, "ptr-missing", "550 5.7.25",
	     "Reverse DNS validation failed for 192.0.2.1"},
	    {set_unconfirmed, ACTION_REJECT, "ptr-missing", "550 5.7.25",
	     "Reverse DNS validation failed for 192.0.2.1"},
	    {set_ptr_unanswered, ACTION_TEMPFAIL, "ptr-temperror", "451 4.7.25",
	     "Reverse DNS of 192.0.2.1 not available, please try again later"},
	    {set_spf_unanswered, ACTION_TEMPFAIL, "spf-temperror", "451 4.7.24",
	     "SPF validation error, please try again later"},
	    {set_spf_unanswered_bad_signature, ACTION_TEMPFAIL, "spf-temperror", "451 4.7.24",
	     "SPF validation error, please try again later"},
	    {set_key_unanswered, ACTION_TEMPFAIL, "dkim-temperror", "451 4.7.5",
	     "Unable to verify signature - key server unavailable"},
	    {set_login, ACTION_SKIP, "authenticated", " ", ""},
	    {set_list, ACTION_QUARANTINE, "dmarc-reject-list", " ", ""},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct message m;
		struct decision d;
		char codes[20];

		message_start(&m);
		rows[i].set(&m);
		decide(&m, "include \"conf/rules/strict.conf\"", true, &d);
		snprintf(codes, sizeof(codes), "%s %s", d.code, d.xcode);
		if (d.action != rows[i].action || strcmp(d.rule, rows[i].rule) != 0 ||
		    strcmp(codes, rows[i].codes) != 0 || strcmp(d.text, rows[i].text) != 0)
			fail_msg("row %zu: %s by %s: %s %s", i, action_name(d.action), d.rule,
				 codes, d.text);
	}
}

/* -- before the message is there -- */

/* What an early decision must not read is set to what would match. */
static void early_decisions_wait_for_what_could_still_match(void **state)
{
	static const struct {
		enum stage stage;
		void (*set)(struct message *);
		const char *rules;
		unsigned need;
		const char *decided; /* name of the rule, NULL: undecided */
	} rows[] = {
	    /* skip with what is known */
	    {STAGE_CONNECT, set_nothing, "rule \"a\" { client = 192.0.2.1 action = skip }", 0, "a"},
	    {STAGE_CONNECT, set_ip6, "rule \"a\" { client = 192.0.2.1 action = skip }", 0, NULL},
	    {STAGE_CONNECT, set_login, "rule \"a\" { authenticated = yes action = skip }", 0, NULL},
	    {STAGE_MAIL, set_login, "rule \"a\" { authenticated = yes action = skip }", 0, "a"},
	    {STAGE_MAIL, set_null_sender, "rule \"a\" { null_sender = yes action = skip }", 0, "a"},
	    {STAGE_MAIL, set_nothing, "rule \"a\" { mail_from = bounce.example action = skip }", 0,
	     "a"},
	    {STAGE_CONNECT, set_nothing, "rule \"a\" { mail_from = bounce.example action = skip }",
	     0, NULL},
	    {STAGE_CONNECT, set_nothing, "", 0, NULL},
	    {STAGE_CONNECT, set_loopback, "", 0,
	     NULL}, /* authenticated comes first and is not known */
	    {STAGE_MAIL, set_loopback, "", 0, "local-client"},
	    /* an earlier rule could still match */
	    {STAGE_MAIL, set_nothing,
	     "rule \"z\" { dmarc = fail action = reject }"
	     "rule \"a\" { client = 192.0.2.1 action = skip }",
	     0, NULL},
	    {STAGE_MAIL, set_nothing,
	     "rule \"z\" { dmarc = fail client = 192.0.2.9 action = reject }"
	     "rule \"a\" { client = 192.0.2.1 action = skip }",
	     0, "a"},
	    /* matches, but is no skip and has no stage */
	    {STAGE_MAIL, set_nothing, "rule \"a\" { client = 192.0.2.1 action = reject }", 0, NULL},
	    {STAGE_MAIL, set_nothing,
	     "rule \"z\" { client = 192.0.2.1 action = accept }"
	     "rule \"a\" { client = 192.0.2.1 action = skip }",
	     0, NULL},
	    /* skip on a name is not worth waiting for */
	    {STAGE_MAIL, set_nothing, "rule \"a\" { client_name = relay.example action = skip }", 0,
	     NULL},
	    /* with a stage */
	    {STAGE_CONNECT, set_nothing,
	     "rule \"a\" { client = 192.0.2.1 action = reject stage = connect }", 0, "a"},
	    {STAGE_CONNECT, set_unconfirmed,
	     "rule \"a\" { iprev = fail action = reject stage = connect }", NEED_IPREV, "a"},
	    {STAGE_CONNECT, set_nothing,
	     "rule \"a\" { iprev = fail action = reject stage = connect }", NEED_IPREV, NULL},
	    {STAGE_CONNECT, set_unconfirmed,
	     "rule \"a\" { iprev = fail action = reject stage = mail }", 0, NULL},
	    {STAGE_MAIL, set_unconfirmed,
	     "rule \"a\" { iprev = fail action = reject stage = mail }", NEED_IPREV, "a"},
	    {STAGE_MAIL, set_unconfirmed,
	     "rule \"a\" { iprev = fail action = reject stage = connect }", NEED_IPREV, "a"},
	    {STAGE_MAIL, set_nothing,
	     "rule \"a\" { helo = match spf = pass spf_helo = none action = reject stage = mail }",
	     NEED_HELO | NEED_SPF | NEED_SPF_HELO, "a"},
	    /* nothing is asked of the DNS for those who are skipped or do not match anyway */
	    {STAGE_MAIL, set_login,
	     "rule \"s\" { authenticated = yes action = skip }"
	     "rule \"a\" { iprev = fail action = reject stage = mail }",
	     0, "s"},
	    {STAGE_CONNECT, set_unconfirmed,
	     "rule \"s\" { authenticated = yes action = skip }"
	     "rule \"a\" { iprev = fail action = reject stage = connect }",
	     0, NULL},
	    {STAGE_MAIL, set_unconfirmed,
	     "rule \"s\" { authenticated = yes action = skip }"
	     "rule \"a\" { iprev = fail action = reject stage = connect }",
	     NEED_IPREV, "a"},
	    {STAGE_CONNECT, set_unconfirmed,
	     "rule \"a\" { client = 192.0.2.9 iprev = fail action = reject stage = connect }", 0,
	     NULL},
	    /* what one rule made us wait for, the next may use */
	    {STAGE_CONNECT, set_nothing,
	     "rule \"a\" { iprev = fail action = reject stage = connect }"
	     "rule \"b\" { client_name = relay.example action = skip }",
	     NEED_IPREV, "b"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct config *c = config_of(rows[i].rules);
		struct decision d = {.rule = ""};
		struct message m;
		bool decided;

		message_start(&m);
		rows[i].set(&m);
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
	struct message m;
	struct decision d;

	message_start(&m);
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
	    cmocka_unit_test(default_rules_do_what_the_domain_owner_asks),
	    cmocka_unit_test(nothing_is_refused_for_good_while_the_dns_hides_a_rule),
	    cmocka_unit_test(strict_rules_ask_for_a_name_and_spf_or_dkim),
	    cmocka_unit_test(early_decisions_wait_for_what_could_still_match),
	    cmocka_unit_test(early_facts_that_are_not_known_are_not_read),
	    cmocka_unit_test(monitor_mode_lets_the_message_go_on),
	};
	return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
