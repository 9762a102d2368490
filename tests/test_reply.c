/* test_reply.c - the SMTP reply of a rule that rejects or defers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/reply.h"
#include "support/test.h"

/* M03 */
static void reads_codes_of_one_class(void **state)
{
	static const struct {
		const char *text;
		bool good;
	} rows[] = {
	    {"550 5.7.1", true},
	    {"451 4.7.25", true},
	    {"554 5.0.0", true},
	    {"421 4.999.999", true},
	    {"550 4.7.1", false},
	    {"450 5.7.1", false},
	    {"250 2.0.0", false},
	    {"650 6.7.1", false},
	    {"560 5.7.1", false},
	    {"550", false},
	    {"550 ", false},
	    {"550 5", false},
	    {"550 5.7", false},
	    {"550 5.7.", false},
	    {"550 5..1", false},
	    {"550 5.7.1.1", false},
	    {"550 5.7.1 no", false},
	    {"550  5.7.1", false},
	    {"550 5.1000.1", false},
	    {"550 5.07.1", false},
	    {"55", false},
	    {"5", false},
	    {"", false},
	    {"5x0 5.7.1", false},
	    {"550 5.7.x", false},
	    {"550 5.7.1\r\n", false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *code = NULL, *xcode = NULL, *text = strdup(rows[i].text);

		if (reply_code_parse(text, &code, &xcode) != rows[i].good)
			fail_msg("%s", rows[i].text);
		if (rows[i].good) {
			assert_int_equal(strlen(code), 3);
			assert_string_equal(xcode, rows[i].text + 4);
		}
		free(text);
		free(code);
		free(xcode);
	}
}

/* A rule from "key=value key=value"; values without blanks. */
static struct rule *rule_of(const char *settings)
{
	struct error why;
	struct rule *r = rule_new("r", "f:1", &why);
	char copy[256], *save = NULL;

	snprintf(copy, sizeof(copy), "%s", settings);
	for (char *word = strtok_r(copy, " ", &save); word != NULL;
	     word = strtok_r(NULL, " ", &save)) {
		const char *values[4];
		char *key = word, *more = NULL;
		size_t n = 0;

		word = strchr(word, '=');
		*word++ = '\0';
		for (char *v = strtok_r(word, ",", &more); v != NULL && n < 4;
		     v = strtok_r(NULL, ",", &more))
			values[n++] = v;
		if (!rule_set(r, key, values, n, n > 1, &why))
			fail_msg("%s: %s", settings, why.text);
	}
	if (!rule_check(r, &why))
		fail_msg("%s: %s", settings, why.text);
	return r;
}

static void facts_start(struct facts *f)
{
	memset(f, 0, sizeof(*f));
	addr_parse("192.0.2.1", &f->client);
	strcpy(f->author[0], "example.com");
	f->author_count = 1;
	strcpy(f->dmarc.author_domain, "example.com");
	strcpy(f->dmarc.policy_domain, "example.com");
	f->dmarc.result = DMARC_FAIL;
	f->dmarc.effective = POLICY_REJECT;
	f->from_status = FROM_REPEATED;
	f->spf.result = SPF_FAIL;
}

/* K41, M01, M03, M20, M21, M22, M23, M25, M28, M29, M31, M32, M33, S41, S43 */
static void codes_and_text_fit_what_the_rule_asked(void **state)
{
	static const struct {
		const char *rule, *reply;
	} rows[] = {
	    {"action=reject dmarc=fail",
	     "550 5.7.1 Email rejected per DMARC policy for example.com"},
	    {"action=reject dmarc=fail spf=fail",
	     "550 5.7.1 Email rejected per DMARC policy for example.com"},
	    {"action=tempfail dmarc=temperror",
	     "451 4.7.1 DMARC policy for example.com not available, please try again later"},
	    {"action=on_temperror dmarc=temperror",
	     "451 4.7.1 DMARC policy for example.com not available, please try again later"},
	    {"action=on_error internal_error=yes",
	     "451 4.3.0 Internal error of the mail filter, please try again later"},
	    {"action=reject from_status=missing,repeated",
	     "550 5.7.1 The message has several From header fields"},
	    {"action=reject iprev=fail,permerror",
	     "550 5.7.25 Reverse DNS validation failed for 192.0.2.1"},
	    {"action=tempfail iprev=temperror",
	     "451 4.7.25 Reverse DNS of 192.0.2.1 not available, please try again later"},
	    {"action=reject spf=fail", "550 5.7.23 SPF validation failed"},
	    {"action=tempfail spf=temperror",
	     "451 4.7.24 SPF validation error, please try again later"},
	    {"action=reject dkim=none,fail", "550 5.7.20 No passing DKIM signature found"},
	    {"action=tempfail dkim=temperror",
	     "451 4.7.5 Unable to verify signature - key server unavailable"},
	    {"action=reject spf=fail,none dkim=none,fail",
	     "550 5.7.26 Multiple authentication checks failed"},
	    {"action=reject spf=fail iprev=fail",
	     "550 5.7.26 Multiple authentication checks failed"},
	    {"action=reject arc=fail", "550 5.7.29 ARC validation failure"},
	    {"action=reject helo=invalid", "550 5.7.1 HELO name not accepted"},
	    {"action=reject from=example.com", "550 5.7.1 Message not accepted by local policy"},
	    {"action=reject dmarc=pass from=example.com",
	     "550 5.7.1 Message not accepted by local policy"},
	    {"action=reject spf=pass", "550 5.7.1 Message not accepted by local policy"},
	    {"action=tempfail client=192.0.2.1",
	     "451 4.7.1 Message not accepted now by local policy"},
	    {"action=reject "
	     "text=go-%{client}/%{from}/%{rule}/%{client_name}/%{helo}/%{mail_from}/100%%",
	     "550 5.7.1 go-192.0.2.1/example.com/r/unknown///100%"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct rule *r = rule_of(rows[i].rule);
		struct decision d = {.wanted = r->action == ACTION_REJECT ? ACTION_REJECT
									  : ACTION_TEMPFAIL};
		char reply[512];
		struct facts f;

		facts_start(&f);
		if (strstr(rows[i].rule, "dmarc=temperror") != NULL)
			f.dmarc.result = DMARC_TEMPERROR;
		reply_write(&f, r, &d);
		snprintf(reply, sizeof(reply), "%s %s %s", d.code, d.xcode, d.text);
		assert_string_equal(reply, rows[i].reply);
		rule_free(r);
	}
}

static void dmarc_policy_is_named_only_if_it_is_the_reason(void **state)
{
	struct rule *r = rule_of("action=reject dmarc=none,fail");
	struct decision d = {.wanted = ACTION_REJECT};
	struct facts f;

	facts_start(&f);
	f.dmarc.effective = POLICY_NONE;
	reply_write(&f, r, &d);
	assert_string_equal(d.text, "Email from example.com not accepted for its DMARC result");
	rule_free(r);
}

/* M24, S44 */
static void spf_permerror_has_its_own_code(void **state)
{
	struct rule *r = rule_of("action=reject spf=fail,permerror");
	struct decision d = {.wanted = ACTION_REJECT};
	struct facts f;

	facts_start(&f);
	f.spf.result = SPF_PERMERROR;
	reply_write(&f, r, &d);
	assert_string_equal(d.xcode, "5.7.24");
	rule_free(r);
}

/* M04: whatever the facts hold, the reply is one line of printable ASCII that fits. */
static void text_from_outside_is_made_harmless(void **state)
{
	struct rule *r = rule_of("action=reject text=%{helo}|%{helo}|%{from}");
	struct decision d = {.wanted = ACTION_REJECT};
	struct facts f;

	facts_start(&f);
	strcpy(f.helo.name, "a\r\n250 ok\x1b\xc3\xa9");
	reply_write(&f, r, &d);
	assert_string_equal(d.text, "a??250 ok???|a??250 ok???|example.com");
	memset(f.helo.name, 'x', sizeof(f.helo.name) - 1);
	reply_write(&f, r, &d);
	assert_int_equal(strlen(d.text), REPLY_TEXT_SIZE - 1);
	rule_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reads_codes_of_one_class),
	    cmocka_unit_test(codes_and_text_fit_what_the_rule_asked),
	    cmocka_unit_test(dmarc_policy_is_named_only_if_it_is_the_reason),
	    cmocka_unit_test(spf_permerror_has_its_own_code),
	    cmocka_unit_test(text_from_outside_is_made_harmless),
	};
	return cmocka_run_group_tests_name("reply", tests, NULL, NULL);
}
