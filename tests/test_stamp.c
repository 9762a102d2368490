/* test_stamp.c - which Authentication-Results fields go and which one comes. */
#include <stdlib.h>
#include <string.h>

#include "mail/authres.h"
#include "session/stamp.h"
#include "support/test.h"

/* R40, R44, R45 */
static void notes_forged_fields_by_their_index(void **state)
{
	static const struct {
		const char *name, *value;
	} fields[] = {
	    {"Authentication-Results", " other.example; spf=pass"},
	    {"authentication-results", " MX.example; dmarc=pass"},
	    {"Subject", " mx.example; dmarc=pass"},
	    {"Authentication-Results", " (a comment)\n\t\"mx.example\" 1; none"},
	    {"X-Mark", " quarantine"},
	    {"ARC-Authentication-Results", " i=1; mx.example; spf=pass"},
	    {"Authentication-Results ", " mx.example; none"},
	    {"Authentication-Results", " mx.exam\001ple; none"}, /* perhaps */
	};
	struct stamp st = {0};

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		stamp_received(&st, "mx.example", "X-Mark", fields[i].name, fields[i].value);
	assert_true(stamp_complete(&st));
	assert_int_equal(st.results.received, 5);
	assert_int_equal(st.results.count, 4);
	assert_int_equal(st.results.index[0], 2);
	assert_int_equal(st.results.index[1], 3);
	assert_int_equal(st.results.index[2], 4);
	assert_int_equal(st.results.index[3], 5);
	assert_int_equal(st.marks.count, 1);
	stamp_free(&st);
	assert_int_equal(st.results.received, 0);
}

static void gives_up_on_a_flood(void **state)
{
	struct stamp st = {0};

	for (size_t i = 0; i < MAX_UNWANTED_FIELDS; i++)
		stamp_received(&st, "mx.example", "X-Mark", "X-Mark", "");
	assert_true(stamp_complete(&st));
	stamp_received(&st, "mx.example", "X-Mark", "X-Mark", "");
	assert_false(stamp_complete(&st));
	stamp_free(&st);
}

/* The value of a property in the parsed field, or NULL. */
static const char *property(const struct authres *ar, const char *method, const char *name)
{
	for (size_t i = 0; i < ar->count; i++)
		for (size_t k = 0;
		     strcmp(ar->result[i].method, method) == 0 && k < ar->result[i].count; k++)
			if (strcmp(ar->result[i].property[k].property, name) == 0)
				return ar->result[i].property[k].value;
	return NULL;
}

static struct facts *sample(void)
{
	static struct dkim_signature signature;
	struct facts *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	assert_true(addr_parse("2001:db8::1", &f->client));
	f->iprev.result = IPREV_FAIL;
	strcpy(f->iprev.reason, "evil\r\nX: y");
	f->spf.result = SPF_PASS;
	strcpy(f->spf.domain, "bounce.example");
	f->spf_helo.result = SPF_NONE;
	strcpy(f->spf_helo.domain, "mx.sender.example");
	f->dkim.count = 1;
	f->dkim.signature = &signature;
	f->dkim.signature[0].result = DKIM_PASS;
	strcpy(f->dkim.signature[0].domain, "a.example");
	strcpy(f->dkim.signature[0].selector, "s1");
	strcpy(f->dkim.signature[0].identity, "a;b\"c@a.example");
	strcpy(f->dkim.signature[0].algorithm, "rsa-sha256");
	strcpy(f->dkim.signature[0].b, "AbCd/+==");
	f->dmarc.result = DMARC_FAIL;
	f->dmarc.effective = POLICY_REJECT;
	strcpy(f->dmarc.author_domain, "author.example");
	strcpy(f->dmarc.policy_domain, "author.example");
	return f;
}

/* D67, K43, R05, R10, R11, R12, R13, R14, S46 */
static void writes_every_method_with_its_properties(void **state)
{
	struct authres *ar = malloc(sizeof(*ar));
	struct facts *f = sample();
	struct stamp st = {0};

	assert_non_null(ar);
	assert_true(stamp_results(&st, "mx.example", f));
	assert_null(strchr(st.field, '\r'));
	assert_true(authres_parse(st.field, strlen(st.field), ar));
	assert_string_equal(ar->id, "mx.example");
	assert_int_equal(ar->count, 5);
	assert_string_equal(property(ar, "iprev", "iprev"), "2001:db8::1");
	assert_string_equal(property(ar, "spf", "mailfrom"), "bounce.example");
	assert_string_equal(property(ar, "spf", "helo"), "mx.sender.example");
	assert_string_equal(property(ar, "dkim", "d"), "a.example");
	assert_string_equal(property(ar, "dkim", "s"), "s1");
	assert_string_equal(property(ar, "dkim", "i"), "a;b\"c@a.example");
	assert_string_equal(property(ar, "dkim", "a"), "rsa-sha256");
	assert_string_equal(property(ar, "dkim", "b"), "AbCd/+==");
	assert_string_equal(property(ar, "dmarc", "from"), "author.example");
	assert_string_equal(property(ar, "dmarc", "dmarc"), "reject");
	stamp_free(&st);
	free(f);
	free(ar);
}

/* R12 */
static void tells_a_null_sender_by_helo_alone(void **state)
{
	struct facts *f = sample();
	struct stamp st = {0};

	f->null_sender = true;
	assert_true(stamp_results(&st, "mx.example", f));
	assert_null(strstr(st.field, "smtp.mailfrom"));
	assert_non_null(strstr(st.field, "smtp.helo=mx.sender.example"));
	f->dkim.count = 0;
	assert_true(stamp_results(&st, "mx.example", f));
	assert_non_null(strstr(st.field, "dkim=none"));
	stamp_free(&st);
	free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(notes_forged_fields_by_their_index),
	    cmocka_unit_test(gives_up_on_a_flood),
	    cmocka_unit_test(writes_every_method_with_its_properties),
	    cmocka_unit_test(tells_a_null_sender_by_helo_alone),
	};
	return cmocka_run_group_tests_name("stamp", tests, NULL, NULL);
}
