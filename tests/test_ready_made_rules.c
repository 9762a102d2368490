/* test_ready_made_rules.c - what the rule files of conf/rules do with a message, by rows; and what
 * they never do, whatever the checks found: tried with every combination of results. */
#include <stdio.h>
#include <string.h>

#include "config/config.h"
#include "policy/policy.h"
#include "support/config_text.h"
#include "support/findings.h"
#include "support/test.h"

#define DEFAULT ""
#define MONITOR "include \"conf/rules/monitor.conf\""
#define STRICT "include \"conf/rules/strict.conf\""
#define DEFERRING ("on_temperror = tempfail\n" STRICT)

/* One combination of results; published and effective policy are the same. */
struct found {
	enum iprev_result iprev;
	enum spf_result spf;
	enum dkim_result dkim;
	enum dmarc_result dmarc;
	enum dmarc_policy policy;
	int arc; /* 0: none, 1: of a stranger, 2: trusted */
	bool list;
};

static void fill(const struct found *r, struct facts *f)
{
	static struct dkim_signature signature;

	memset(f, 0, sizeof(*f));
	addr_parse("192.0.2.1", &f->client);
	f->mail_from = "x@bounce.example";
	f->author_count = 1;
	strcpy(f->author[0], "a.example");
	f->iprev.result = r->iprev;
	f->helo.result = HELO_MISMATCH;
	f->spf.result = r->spf;
	f->dkim.count = r->dkim != DKIM_NONE;
	f->dkim.signature = &signature;
	signature.result = r->dkim;
	f->dmarc.result = r->dmarc;
	strcpy(f->dmarc.author_domain, "a.example");
	if (r->dmarc == DMARC_PASS || r->dmarc == DMARC_FAIL || r->dmarc == DMARC_TEMPERROR) {
		strcpy(f->dmarc.policy_domain, "a.example");
		f->dmarc.published = f->dmarc.effective = r->policy;
	}
	f->arc.result = r->arc > 0 ? ARC_PASS : ARC_NONE;
	f->arc.trusted = r->arc == 2;
	strcpy(f->arc.chain, r->arc == 2 ? "arc=pass as[1].d=list.example" : "");
	f->list = r->list;
}

/* All combinations, one after the other; false after the last. */
static bool next(struct found *r)
{
	if (++r->iprev <= IPREV_PERMERROR)
		return true;
	r->iprev = IPREV_NONE;
	if (++r->spf <= SPF_PERMERROR)
		return true;
	r->spf = SPF_NONE;
	if (++r->dkim <= DKIM_PERMERROR)
		return true;
	r->dkim = DKIM_NONE;
	if (++r->dmarc <= DMARC_PERMERROR)
		return true;
	r->dmarc = DMARC_NONE;
	if (++r->policy <= POLICY_REJECT)
		return true;
	r->policy = POLICY_NONE;
	if (++r->arc <= 2)
		return true;
	r->arc = 0;
	r->list = !r->list;
	return r->list;
}

static void decide(const struct config *c, const struct found *r, struct decision *d)
{
	static struct facts f; /* the decision borrows from it */

	fill(r, &f);
	policy_decide(&f, c->rules, c->mode == CONFIG_ENFORCE, d);
}

static void same(const struct config *c, const struct found *a, const struct found *b)
{
	struct decision one, other;

	decide(c, a, &one);
	decide(c, b, &other);
	if (one.action != other.action || strcmp(one.rule, other.rule) != 0)
		fail_msg("iprev=%d spf=%d dkim=%d dmarc=%d: %s, but iprev=%d spf=%d dkim=%d: %s",
			 a->iprev, a->spf, a->dkim, a->dmarc, one.rule, b->iprev, b->spf, b->dkim,
			 other.rule);
}

/* D70, S41, S42, S43, S44, S45, K40, R34: they leave everything to DMARC. */
static void by_default_no_other_check_than_dmarc_decides(void **state)
{
	const struct config *c = config_of(DEFAULT);
	struct found r = {.spf = SPF_NONE};

	do {
		struct found plain = r;

		plain.iprev = IPREV_PASS;
		plain.spf = SPF_PASS;
		plain.dkim = DKIM_PASS;
		same(c, &r, &plain);
	} while (next(&r));
	config_unref(c);
}

/* S40 */
static void spf_neutral_is_treated_like_none(void **state)
{
	static const char *const files[] = {DEFAULT, MONITOR, STRICT};

	for (size_t i = 0; i < 3; i++) {
		const struct config *c = config_of(files[i]);
		struct found r = {.spf = SPF_NONE};

		do {
			struct found neutral = r;

			if (r.spf != SPF_NONE)
				continue;
			neutral.spf = SPF_NEUTRAL;
			same(c, &r, &neutral);
		} while (next(&r));
		config_unref(c);
	}
}

/* K42, M02, D62: only an answer that may still come is worth a second try. */
static void nothing_but_a_temporary_error_defers(void **state)
{
	static const char *const files[] = {DEFAULT, STRICT, DEFERRING};
	size_t deferred = 0;

	for (size_t i = 0; i < 3; i++) {
		const struct config *c = config_of(files[i]);
		struct found r = {.spf = SPF_NONE};

		do {
			struct decision d;

			decide(c, &r, &d);
			deferred += d.action == ACTION_TEMPFAIL;
			assert_true(d.action != ACTION_TEMPFAIL || r.iprev == IPREV_TEMPERROR ||
				    r.spf == SPF_TEMPERROR || r.dkim == DKIM_TEMPERROR ||
				    r.dmarc == DMARC_TEMPERROR);
			assert_true(d.action != ACTION_REJECT || r.dmarc != DMARC_TEMPERROR ||
				    strcmp(d.rule, "ptr-missing") == 0 ||
				    strcmp(d.rule, "unauthenticated") == 0);
		} while (next(&r));
		config_unref(c);
	}
	assert_true(deferred > 0);
}

/* D44 */
static void a_policy_of_none_changes_nothing(void **state)
{
	static const char *const files[] = {DEFAULT, MONITOR, STRICT};

	for (size_t i = 0; i < 3; i++) {
		const struct config *c = config_of(files[i]);
		struct found r = {.spf = SPF_NONE};

		do {
			struct found unpublished = r;

			if (r.dmarc != DMARC_FAIL || r.policy != POLICY_NONE)
				continue;
			unpublished.dmarc = DMARC_NONE;
			same(c, &r, &unpublished);
		} while (next(&r));
		config_unref(c);
	}
}

/* R56, R57: a chain of strangers means nothing, one of trusted sealers only softens a refusal. */
static void arc_makes_no_pass(void **state)
{
	const struct config *c = config_of(DEFAULT);
	struct found r = {.spf = SPF_NONE};

	do {
		struct found none = r;
		struct decision d;

		none.arc = 0;
		if (r.arc == 1)
			same(c, &r, &none);
		if (r.arc != 2)
			continue;
		decide(c, &r, &d);
		assert_int_equal(d.action == ACTION_QUARANTINE,
				 r.dmarc == DMARC_FAIL && r.policy != POLICY_NONE);
		if (strcmp(d.rule, "dmarc-reject-arc") == 0) {
			assert_string_equal(d.reason, "local_policy");
			assert_string_equal(d.comment, "arc=pass as[1].d=list.example");
		}
	} while (next(&r));
	config_unref(c);
}

/* M03, M10 */
static void replies_are_of_one_class_and_mean_what_is_registered(void **state)
{
	const struct config *c = config_of(DEFERRING);
	struct found r = {.spf = SPF_NONE};

	do {
		struct decision d;

		decide(c, &r, &d);
		assert_int_equal(d.code[0] != '\0', d.action >= ACTION_REJECT);
		if (d.code[0] == '\0')
			continue;
		assert_int_equal(d.code[0], d.action == ACTION_REJECT ? '5' : '4');
		assert_int_equal(d.code[0], d.xcode[0]);
		assert_string_not_equal(d.xcode + 1, ".7.27");
		assert_string_not_equal(d.xcode + 1, ".7.30");
	} while (next(&r));
	config_unref(c);
}

/* M08: neither at connect nor at MAIL. */
static void nobody_is_refused_before_the_message_is_there(void **state)
{
	static const char *const files[] = {DEFAULT, STRICT};

	for (size_t i = 0; i < 2; i++) {
		const struct config *c = config_of(files[i]);
		struct found r = {.spf = SPF_NONE};
		struct decision d;
		struct facts f;

		do {
			fill(&r, &f);
			assert_int_equal(policy_need(&f, c->rules, STAGE_CONNECT), 0);
			assert_int_equal(policy_need(&f, c->rules, STAGE_MAIL), 0);
			assert_false(policy_decide_early(&f, c->rules, STAGE_CONNECT, true, &d));
			assert_false(policy_decide_early(&f, c->rules, STAGE_MAIL, true, &d));
		} while (next(&r));
		config_unref(c);
	}
}

/* D07, D44, D62, D64, M33, R56 */
static void default_rules_do_what_the_domain_owner_asks(void **state)
{
	static const struct {
		const char *found;
		enum action action;
		const char *rule;
	} rows[] = {
	    {"", ACTION_REJECT, "dmarc-reject"},
	    {"dmarc=pass", ACTION_ACCEPT, "default"},
	    {"dmarc=none", ACTION_ACCEPT, "default"},
	    {"policy=quarantine", ACTION_QUARANTINE, "dmarc-quarantine"},
	    {"testing effective=quarantine", ACTION_QUARANTINE, "dmarc-quarantine"},
	    {"policy=quarantine effective=none testing", ACTION_ACCEPT, "default"},
	    {"list", ACTION_QUARANTINE, "dmarc-reject-list"},
	    {"arc=pass trusted", ACTION_QUARANTINE, "dmarc-reject-arc"},
	    {"arc=pass", ACTION_REJECT, "dmarc-reject"},
	    {"login", ACTION_SKIP, "authenticated"},
	    {"client=local", ACTION_SKIP, "local-client"},
	    {"client=::1", ACTION_SKIP, "local-client"},
	    {"from=missing dmarc=none", ACTION_REJECT, "from-unusable"},
	    {"from=malformed", ACTION_REJECT, "from-unusable"},
	    {"from=multiple", ACTION_REJECT, "dmarc-reject"},
	    {"internal_error", ACTION_TEMPFAIL, "internal-error"},
	    {"from=missing dmarc=none internal_error", ACTION_TEMPFAIL, "internal-error"},
	    {"contradiction", ACTION_TEMPFAIL, "internal-error"},
	    {"dmarc=temperror no_record", ACTION_ACCEPT, "dmarc-temperror"},
	    {"dmarc=temperror", ACTION_TEMPFAIL, "dmarc-temperror-policy"},
	    {"dmarc=temperror policy=none", ACTION_ACCEPT, "dmarc-temperror"},
	    {"iprev=fail", ACTION_REJECT, "dmarc-reject"},
	};
	const struct config *c = config_of(DEFAULT);

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct findings m;
		struct decision d;

		findings_make(&m, rows[i].found);
		policy_decide(&m.f, c->rules, true, &d);
		if (d.action != rows[i].action || strcmp(d.rule, rows[i].rule) != 0)
			fail_msg("row %zu: %s by %s", i, action_name(d.action), d.rule);
	}
	config_unref(c);
}

/* M01, M20, M23, M28, M29 */
static void strict_rules_ask_for_a_name_and_spf_or_dkim(void **state)
{
	static const struct {
		const char *found;
		enum action action;
		const char *rule, *codes, *text;
	} rows[] = {
	    {"dmarc=pass", ACTION_ACCEPT, "default", " ", ""},
	    {"dmarc=none spf=softfail dkim=fail,pass", ACTION_ACCEPT, "default", " ", ""},
	    {"dmarc=none spf=temperror dkim=fail,pass", ACTION_ACCEPT, "default", " ", ""},
	    {"", ACTION_REJECT, "dmarc-reject", "550 5.7.1",
	     "Email rejected per DMARC policy for mail.example.com"},
	    {"dmarc=none spf=softfail", ACTION_REJECT, "unauthenticated", "550 5.7.26",
	     "Multiple authentication checks failed"},
	    {"dmarc=pass iprev=permerror", ACTION_REJECT, "ptr-missing", "550 5.7.25",
	     "Reverse DNS validation failed for 192.0.2.1"},
	    {"iprev=fail", ACTION_REJECT, "ptr-missing", "550 5.7.25",
	     "Reverse DNS validation failed for 192.0.2.1"},
	    {"dmarc=pass iprev=temperror", ACTION_TEMPFAIL, "ptr-temperror", "451 4.7.25",
	     "Reverse DNS of 192.0.2.1 not available, please try again later"},
	    {"dmarc=none spf=temperror", ACTION_TEMPFAIL, "spf-temperror", "451 4.7.24",
	     "SPF validation error, please try again later"},
	    {"dmarc=none spf=temperror dkim=fail", ACTION_TEMPFAIL, "spf-temperror", "451 4.7.24",
	     "SPF validation error, please try again later"},
	    {"dmarc=none spf=softfail dkim=fail,temperror", ACTION_TEMPFAIL, "dkim-temperror",
	     "451 4.7.5", "Unable to verify signature - key server unavailable"},
	    {"login", ACTION_SKIP, "authenticated", " ", ""},
	    {"list", ACTION_QUARANTINE, "dmarc-reject-list", " ", ""},
	};
	const struct config *c = config_of(STRICT);

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct findings m;
		struct decision d;
		char codes[20];

		findings_make(&m, rows[i].found);
		policy_decide(&m.f, c->rules, true, &d);
		snprintf(codes, sizeof(codes), "%s %s", d.code, d.xcode);
		if (d.action != rows[i].action || strcmp(d.rule, rows[i].rule) != 0 ||
		    strcmp(codes, rows[i].codes) != 0 || strcmp(d.text, rows[i].text) != 0)
			fail_msg("row %zu: %s by %s: %s %s", i, action_name(d.action), d.rule,
				 codes, d.text);
	}
	config_unref(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(by_default_no_other_check_than_dmarc_decides),
	    cmocka_unit_test(spf_neutral_is_treated_like_none),
	    cmocka_unit_test(nothing_but_a_temporary_error_defers),
	    cmocka_unit_test(a_policy_of_none_changes_nothing),
	    cmocka_unit_test(arc_makes_no_pass),
	    cmocka_unit_test(replies_are_of_one_class_and_mean_what_is_registered),
	    cmocka_unit_test(nobody_is_refused_before_the_message_is_there),
	    cmocka_unit_test(default_rules_do_what_the_domain_owner_asks),
	    cmocka_unit_test(strict_rules_ask_for_a_name_and_spf_or_dkim),
	};
	return cmocka_run_group_tests_name("ready_made_rules", tests, NULL, NULL);
}
