/* test_account.c - the row of one message. */
#include <string.h>

#include "session/account.h"
#include "support/test.h"

static struct facts *facts(enum dmarc_result result, enum dmarc_policy effective)
{
	static struct facts f;

	memset(&f, 0, sizeof(f));
	assert_true(addr_parse("192.0.2.1", &f.client));
	f.dmarc.result = result;
	f.dmarc.effective = effective;
	strcpy(f.dmarc.policy_domain, "a.example");
	strcpy(f.dmarc.author_domain, "www.a.example");
	strcpy(f.spf.domain, "bounce.example");
	return &f;
}

/* A04, A08, A19 */
static void tells_what_was_done(void **state)
{
	static const struct {
		enum dmarc_result result;
		enum dmarc_policy effective;
		enum action action;
		bool reportable;
		const char *disposition;
	} rows[] = {
	    {DMARC_PASS, POLICY_REJECT, ACTION_ACCEPT, true, "pass"},
	    {DMARC_PASS, POLICY_NONE, ACTION_ACCEPT, true, "none"},
	    {DMARC_FAIL, POLICY_REJECT, ACTION_REJECT, true, "reject"},
	    {DMARC_FAIL, POLICY_REJECT, ACTION_QUARANTINE, true, "quarantine"},
	    {DMARC_FAIL, POLICY_REJECT, ACTION_MARK, true, "none"},
	    {DMARC_FAIL, POLICY_REJECT, ACTION_TEMPFAIL, false, NULL},
	    {DMARC_TEMPERROR, POLICY_REJECT, ACTION_ACCEPT, false, NULL},
	    {DMARC_NONE, POLICY_NONE, ACTION_ACCEPT, false, NULL},
	};
	struct decision d = {.reason = "", .comment = ""};
	struct account a;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		d.action = rows[i].action;
		account_message(&a, 7, facts(rows[i].result, rows[i].effective), &d);
		assert_int_equal(a.row.reportable, rows[i].reportable);
		if (rows[i].reportable)
			assert_string_equal(a.row.disposition, rows[i].disposition);
	}
}

/* D07, A08 */
static void tells_no_owner_of_mail_outside_dmarc(void **state)
{
	static const struct {
		enum from_status status;
		bool reportable;
	} rows[] = {
	    {FROM_OK, true},	    {FROM_MULTIPLE, true}, /* judged by each of its domains */
	    {FROM_REPEATED, false}, {FROM_MALFORMED, false}, {FROM_MISSING, false},
	};
	const struct decision d = {.action = ACTION_REJECT, .reason = "", .comment = ""};
	struct account a;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct facts *f = facts(DMARC_FAIL, POLICY_REJECT);

		f->from_status = rows[i].status;
		account_message(&a, 7, f, &d);
		assert_int_equal(a.row.reportable, rows[i].reportable);
		assert_string_equal(a.row.dmarc, "fail"); /* the statistics have it */
	}
}

/* D68, D69, A21 */
static void names_the_identifiers(void **state)
{
	struct facts *f = facts(DMARC_FAIL, POLICY_REJECT);
	struct decision d = {.action = ACTION_MARK, .reason = "local_policy", .comment = "monitor"};
	struct account a;

	f->dmarc.record.strict_spf = true;
	f->dmarc.record.has_np = true;
	f->dmarc.record.np = POLICY_QUARANTINE;
	account_message(&a, 7, f, &d);
	assert_string_equal(a.row.source_ip, "192.0.2.1");
	assert_string_equal(a.row.header_from, "www.a.example");
	assert_string_equal(a.row.envelope_from, "bounce.example");
	assert_string_equal(a.row.action, "accept");
	assert_string_equal(a.row.reason, "local_policy");
	assert_string_equal(a.row.policy.aspf, "s");
	assert_string_equal(a.row.policy.adkim, "r");
	assert_string_equal(a.row.policy.np, "quarantine");
	assert_null(a.row.policy.sp);
	assert_string_equal(a.row.dmarc, "fail");
	assert_false(a.row.dkim_aligned);
	assert_false(a.row.spf_aligned);
	f->null_sender = true;
	account_message(&a, 7, f, &d);
	assert_string_equal(a.row.envelope_from, "");
}

/* D68, D69, A18, A25: the DMARC results apart, and of SPF that of the MAIL FROM identity. */
static void keeps_what_aligned(void **state)
{
	struct facts *f = facts(DMARC_PASS, POLICY_REJECT);
	struct decision d = {.action = ACTION_ACCEPT, .reason = "", .comment = ""};
	struct account a;

	f->spf.result = SPF_SOFTFAIL;
	f->spf_helo.result = SPF_PASS;
	strcpy(f->spf_helo.domain, "helo.example");
	f->dmarc.dkim_aligned = true;
	account_message(&a, 7, f, &d);
	assert_string_equal(a.row.dmarc, "pass");
	assert_true(a.row.dkim_aligned);
	assert_false(a.row.spf_aligned);
	assert_string_equal(a.row.spf_domain, "bounce.example");
	assert_string_equal(a.row.spf_result, "softfail");
	f->dmarc.dkim_aligned = false;
	f->dmarc.spf_aligned = ALIGNED_RELAXED;
	account_message(&a, 7, f, &d);
	assert_false(a.row.dkim_aligned);
	assert_true(a.row.spf_aligned);
}

/* D68, A22, A23, A24 */
static void puts_aligned_signatures_first(void **state)
{
	static const struct {
		const char *domain;
		enum dkim_result result;
		enum alignment aligned;
	} given[] = {
	    {"bad.example", DKIM_FAIL, ALIGNED_NO},
	    {"other.example", DKIM_PASS, ALIGNED_NO},
	    {"", DKIM_PERMERROR, ALIGNED_NO},
	    {"a.example", DKIM_PASS, ALIGNED_RELAXED},
	    {"www.a.example", DKIM_PASS, ALIGNED_STRICT},
	};
	static const char *const want[] = {"www.a.example", "a.example", "other.example",
					   "bad.example"};
	static struct dkim_signature signatures[ARRAY_SIZE(given)];
	struct facts *f = facts(DMARC_PASS, POLICY_REJECT);
	struct decision d = {.action = ACTION_ACCEPT, .reason = "", .comment = ""};
	struct account a;

	f->dkim.count = ARRAY_SIZE(given);
	f->dkim.signature = signatures;
	for (size_t i = 0; i < f->dkim.count; i++) {
		strcpy(f->dkim.signature[i].domain, given[i].domain);
		strcpy(f->dkim.signature[i].selector, "s");
		f->dkim.signature[i].result = given[i].result;
		f->dkim.signature[i].aligned = given[i].aligned;
	}
	account_message(&a, 7, f, &d);
	assert_int_equal(a.row.dkim_count, 4);
	for (size_t i = 0; i < 4; i++) {
		assert_string_equal(a.row.dkim[i].domain, want[i]);
		assert_string_equal(a.row.dkim[i].selector, "s");
		assert_string_equal(a.row.dkim[i].result, i < 3 ? "pass" : "fail");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(tells_what_was_done),
	    cmocka_unit_test(tells_no_owner_of_mail_outside_dmarc),
	    cmocka_unit_test(names_the_identifiers),
	    cmocka_unit_test(keeps_what_aligned),
	    cmocka_unit_test(puts_aligned_signatures_first),
	};
	return cmocka_run_group_tests_name("account", tests, NULL, NULL);
}
