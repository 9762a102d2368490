/* test_dmarc.c - DMARC from author domain to result. Rows name the duty they check (RFC 9989
 * receiver duties D..). */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "check/dmarc.h"
#include "check/dmarc_psl.h"
#include "support/dmarc_world.h"
#include "support/fake_resolver.h"
#include "support/test.h"

/* "pass example.com p=reject>quarantine org=example.com spf=relaxed dkim" */
static const char *shown(const struct dmarc_facts *d, char text_r[800])
{
	size_t n = (size_t)sprintf(text_r, "%s", dmarc_result_name(d->result));

	if (d->policy_domain[0] != '\0' && d->record.valid) {
		n += (size_t)sprintf(text_r + n, " %s %s=%s", d->policy_domain,
				     dmarc_tag_name(d->tag), dmarc_policy_name(d->published));
		if (d->effective != d->published)
			n += (size_t)sprintf(text_r + n, ">%s", dmarc_policy_name(d->effective));
		n += (size_t)sprintf(text_r + n, " org=%s", d->organizational_domain);
	} else if (d->policy_domain[0] != '\0') {
		n += (size_t)sprintf(text_r + n, " %s", d->policy_domain);
	}
	if (d->spf_aligned != ALIGNED_NO)
		n += (size_t)sprintf(text_r + n, " spf=%s",
				     d->spf_aligned == ALIGNED_STRICT ? "strict" : "relaxed");
	if (d->dkim_aligned)
		sprintf(text_r + n, " dkim");
	return text_r;
}

struct row {
	const char *duty, *author, *spf,
	    *dkim; /* domains: plain pass, "?" temperror, "!" fail, NULL none */
	const char *rows[WORLD_ROWS];
	const char *shown;
};

static void fill(const struct row *row, struct facts *f)
{
	static struct dkim_signature signature;

	signature = (struct dkim_signature){.key_bits = 2048};
	*f = (struct facts){.dkim.signature = &signature};
	if (row->spf != NULL) {
		bool plain = row->spf[0] != '?' && row->spf[0] != '!';

		f->spf.result = plain ? SPF_PASS : row->spf[0] == '?' ? SPF_TEMPERROR : SPF_FAIL;
		strcpy(f->spf.domain, row->spf + !plain);
	}
	if (row->dkim != NULL) {
		bool plain = row->dkim[0] != '?' && row->dkim[0] != '!';

		f->dkim.count = 1;
		f->dkim.signature[0].result = plain		    ? DKIM_PASS
					      : row->dkim[0] == '?' ? DKIM_TEMPERROR
								    : DKIM_FAIL;
		strcpy(f->dkim.signature[0].domain, row->dkim + !plain);
	}
	/* A HELO pass never counts (D51). */
	f->spf_helo.result = SPF_PASS;
	strcpy(f->spf_helo.domain, row->author);
}

static void check_rows(const struct row *rows, size_t n, const struct dmarc_settings *s)
{
	for (size_t i = 0; i < n; i++) {
		struct dmarc_world w;
		struct dmarc_facts out;
		struct facts f;
		char text[800];

		fill(&rows[i], &f);
		dmarc_world_make(&w, rows[i].rows);
		dmarc_check(w.lookups, s, rows[i].author, &f, &out);
		if (strcmp(shown(&out, text), rows[i].shown) != 0)
			fail_msg("%s: %s (%s)", rows[i].duty, text, out.reason);
		assert_string_equal(out.author_domain, rows[i].author);
		assert_false(out.internal_error);
		assert_int_equal(out.reason[0] == '\0', out.result == DMARC_PASS);
		dmarc_world_end(&w);
	}
}

#define REJECT "example.com v=DMARC1; p=reject; rua=mailto:d@example.com"
#define THREE "example.com v=DMARC1; p=none; sp=quarantine; np=reject"

static const struct row results[] = {
    {"D04 no author domain", "", NULL, NULL, {NULL}, "none"},
    {"D20 no record", "example.com", "example.com", NULL, {NULL}, "none"},
    {"D20 no TXT", "example.com", "example.com", NULL, {"+_dmarc.example.com"}, "none"},
    {"D12 two records",
     "example.com",
     "example.com",
     NULL,
     {"example.com v=DMARC1; p=reject", "example.com v=DMARC1; p=none"},
     "none"},
    {"D60 SPF",
     "example.com",
     "example.com",
     NULL,
     {REJECT},
     "pass example.com p=reject org=example.com spf=strict"},
    {"D60 DKIM",
     "a.example.com",
     NULL,
     "example.com",
     {REJECT, "+a.example.com"},
     "pass example.com p=reject org=example.com dkim"},
    {"D60 both",
     "example.com",
     "b.example.com",
     "example.com",
     {REJECT},
     "pass example.com p=reject org=example.com spf=relaxed dkim"},
    {"D60 none aligned",
     "example.com",
     "example.net",
     "example.org",
     {REJECT},
     "fail example.com p=reject org=example.com"},
    {"D51 HELO never counts",
     "example.com",
     "!example.com",
     NULL,
     {REJECT},
     "fail example.com p=reject org=example.com"},
    {"D50 failing signature",
     "example.com",
     NULL,
     "!example.com",
     {REJECT},
     "fail example.com p=reject org=example.com"},
    {"D55 record only at the subdomain",
     "news.example.com",
     NULL,
     "example.com",
     {"news.example.com v=DMARC1; p=reject"},
     "fail news.example.com p=reject org=news.example.com"},
    {"D56 suffix",
     "mega.bank.example",
     NULL,
     "bank.example",
     {"bank.example v=DMARC1; p=reject; psd=y", "+mega.bank.example"},
     "fail bank.example p=reject org=mega.bank.example"},
    {"D40 own record: p",
     "example.com",
     NULL,
     NULL,
     {THREE},
     "fail example.com p=none org=example.com"},
    {"D40 own record of a subdomain: p",
     "news.example.com",
     NULL,
     NULL,
     {"news.example.com v=DMARC1; p=none; sp=reject; np=reject", REJECT},
     "fail news.example.com p=none org=example.com"},
    {"D41 sp",
     "news.example.com",
     NULL,
     NULL,
     {THREE, "+news.example.com"},
     "fail example.com sp=quarantine org=example.com"},
    {"D41 np",
     "ghost.example.com",
     NULL,
     NULL,
     {THREE},
     "fail example.com np=reject org=example.com"},
    {"D41 no np: sp",
     "ghost.example.com",
     NULL,
     NULL,
     {"example.com v=DMARC1; p=none; sp=reject"},
     "fail example.com sp=reject org=example.com"},
    {"D41 neither: p",
     "ghost.example.com",
     NULL,
     NULL,
     {"example.com v=DMARC1; p=reject"},
     "fail example.com p=reject org=example.com"},
    {"D41 np does not apply: p",
     "news.example.com",
     NULL,
     NULL,
     {"example.com v=DMARC1; p=quarantine; np=reject", "+news.example.com"},
     "fail example.com p=quarantine org=example.com"},
    {"D41 np of a suffix",
     "ghost.bank.example",
     NULL,
     NULL,
     {"bank.example v=DMARC1; p=none; sp=none; np=reject; psd=y"},
     "fail bank.example np=reject org=ghost.bank.example"},
    {"D42 empty non-terminal exists",
     "news.example.com",
     NULL,
     NULL,
     {THREE, "+_dmarc.news.example.com"},
     "fail example.com sp=quarantine org=example.com"},
    {"D43 reject to quarantine",
     "example.com",
     NULL,
     NULL,
     {"example.com v=DMARC1; p=reject; t=y"},
     "fail example.com p=reject>quarantine org=example.com"},
    {"D43 quarantine to none",
     "a.example.com",
     NULL,
     NULL,
     {"example.com v=DMARC1; p=reject; sp=quarantine; t=y"},
     "fail example.com sp=quarantine>none org=example.com"},
    {"D43 none stays",
     "example.com",
     NULL,
     NULL,
     {"example.com v=DMARC1; p=none; t=y"},
     "fail example.com p=none org=example.com"},
    {"D34 pct=0 is not t=y",
     "example.com",
     NULL,
     NULL,
     {"example.com v=DMARC1; p=reject; pct=0"},
     "fail example.com p=reject org=example.com"},
    {"D32 as p=none",
     "news.example.com",
     NULL,
     NULL,
     {"example.com v=DMARC1; p=reject; sp=x; rua=mailto:a@b.example", "+news.example.com"},
     "fail example.com p=none org=example.com"},
    {"D32 no processing",
     "example.com",
     "example.com",
     NULL,
     {"example.com v=DMARC1; p=rejct"},
     "none example.com"},
    {"D32 no processing by the organization's record",
     "a.example.com",
     "a.example.com",
     NULL,
     {"example.com v=DMARC1; p=reject; np=x"},
     "none example.com"},
    {"D33 no p, no rua",
     "example.com",
     "example.com",
     NULL,
     {"example.com v=DMARC1"},
     "none example.com"},
    {"D61 author's query",
     "example.com",
     "example.com",
     "example.com",
     {"!example.com"},
     "temperror"},
    {"D62 an error on the way is not 'no record'",
     "news.example.com",
     NULL,
     NULL,
     {"!example.com", "+news.example.com"},
     "temperror"},
    {"D62 nor if another record is above",
     "a.news.example.com",
     NULL,
     NULL,
     {"!news.example.com", REJECT},
     "temperror example.com p=reject org=example.com"},
    {"D62 which is not told where the author is proved",
     "a.news.example.com",
     "a.news.example.com",
     NULL,
     {"!news.example.com", REJECT},
     "temperror"},
    {"D62 ... by a signature",
     "a.news.example.com",
     NULL,
     "a.news.example.com",
     {"!news.example.com", REJECT},
     "temperror"},
    {"D62 nor where the failure is above it",
     "a.news.example.com",
     NULL,
     NULL,
     {"!com", REJECT},
     "temperror"},
    {"D61 bogus", "example.com", NULL, NULL, {"%example.com"}, "temperror"},
    {"D61 nothing to decide: strict and identical",
     "example.com",
     "example.com",
     NULL,
     {REJECT, "!com"},
     "pass example.com p=reject org=example.com spf=strict"},
    {"D61 top-level failure, relaxed pass all the same",
     "example.com",
     "b.example.com",
     NULL,
     {REJECT, "!com"},
     "pass example.com p=reject org=example.com spf=relaxed"},
    {"D61 top-level failure, no identifier",
     "example.com",
     NULL,
     NULL,
     {REJECT, "!com"},
     "fail example.com p=reject org=example.com"},
    {"D61 top-level failure, an identifier below it",
     "example.com",
     "other.com",
     NULL,
     {REJECT, "!com"},
     "temperror example.com p=reject org=example.com"},
    {"D61 SPF temperror of the author domain",
     "example.com",
     "?example.com",
     NULL,
     {REJECT},
     "temperror example.com p=reject org=example.com"},
    {"D61 ... but DKIM passes",
     "example.com",
     "?example.com",
     "example.com",
     {REJECT},
     "pass example.com p=reject org=example.com dkim"},
    {"D61 DKIM temperror of the author domain",
     "example.com",
     NULL,
     "?m.example.com",
     {REJECT},
     "temperror example.com p=reject org=example.com"},
    {"D61 temperrors of strangers change nothing",
     "example.com",
     "?evil.net",
     "?evil.net",
     {REJECT, "!evil.net", "!net"},
     "fail example.com p=reject org=example.com"},
    {"D61 walk of an aligned pass fails",
     "example.com",
     "b.example.com",
     NULL,
     {REJECT, "!b.example.com"},
     "temperror example.com p=reject org=example.com"},
    {"D61 existence unknown, np differs",
     "ghost.example.com",
     NULL,
     NULL,
     {THREE, "!!ghost.example.com"},
     "temperror example.com sp=quarantine org=example.com"},
    {"D61 existence unknown, np the same",
     "ghost.example.com",
     NULL,
     NULL,
     {"example.com v=DMARC1; p=none; sp=reject; np=reject", "!!ghost.example.com"},
     "fail example.com sp=reject org=example.com"},
    {"D61 existence unknown, but pass",
     "ghost.example.com",
     "ghost.example.com",
     NULL,
     {THREE, "!!ghost.example.com"},
     "pass example.com sp=quarantine org=example.com spf=strict"},
    {"one-letter label",
     "bank.de",
     "x.de",
     "x.de",
     {"bank.de v=DMARC1; p=reject"},
     "fail bank.de p=reject org=bank.de"},
    {"one-letter labels, strict",
     "y.com",
     NULL,
     "x.com",
     {"y.com v=DMARC1; p=reject; adkim=s; aspf=s"},
     "fail y.com p=reject org=y.com"},
    {"one-letter author",
     "x.de",
     "x.de",
     NULL,
     {"x.de v=DMARC1; p=reject"},
     "pass x.de p=reject org=x.de spf=strict"},
};

static void judges_by_the_tree(void **state)
{
	static const struct dmarc_settings s = {.discovery = DISCOVERY_TREEWALK};

	check_rows(results, ARRAY_SIZE(results), &s);
}

static const struct row psl_results[] = {
    {"D55 the parent aligns by RFC 7489",
     "news.example.com",
     NULL,
     "example.com",
     {"news.example.com v=DMARC1; p=reject"},
     "pass news.example.com p=reject org=example.com dkim"},
    {"suffix",
     "bank.co.uk",
     "co.uk",
     "uk",
     {"bank.co.uk v=DMARC1; p=reject"},
     "fail bank.co.uk p=reject org=bank.co.uk"},
    {"neighbour",
     "bank.co.uk",
     "q.co.uk",
     NULL,
     {"bank.co.uk v=DMARC1; p=reject"},
     "fail bank.co.uk p=reject org=bank.co.uk"},
    {"psd means nothing",
     "a.bank.co.uk",
     "b.bank.co.uk",
     NULL,
     {"bank.co.uk v=DMARC1; p=none; sp=reject; psd=y", "+a.bank.co.uk"},
     "pass bank.co.uk sp=reject org=bank.co.uk spf=relaxed"},
    {"no record of a name in between",
     "a.b.example.com",
     "a.b.example.com",
     NULL,
     {"b.example.com v=DMARC1; p=reject", "com v=DMARC1; p=reject"},
     "none"},
    {"RFC 7489 6.6.3 several records end discovery",
     "a.example.com",
     NULL,
     NULL,
     {"a.example.com v=DMARC1; p=none", "a.example.com v=DMARC1; p=none", REJECT},
     "none"},
    {"D61 failure", "a.example.com", NULL, NULL, {"!example.com"}, "temperror"},
    {"D61 identifiers need no DNS",
     "example.com",
     "b.example.com",
     NULL,
     {REJECT, "!b.example.com", "!com"},
     "pass example.com p=reject org=example.com spf=relaxed"},
};

static void judges_by_the_list(void **state)
{
	struct dmarc_psl *psl = dmarc_psl_new("tests/data/dmarc_psl/list.dat", NULL);
	const struct dmarc_settings s = {.discovery = DISCOVERY_PSL, .psl = psl};

	assert_non_null(psl);
	check_rows(psl_results, ARRAY_SIZE(psl_results), &s);
	dmarc_psl_free(psl);
}

/* Hints ask the whole walk at once; the check asks nothing a second time. */
static void hints_save_questions(void **state)
{
	const char *const zone[WORLD_ROWS] = {REJECT};
	static const struct dmarc_settings s = {.discovery = DISCOVERY_TREEWALK};
	struct facts f = {.spf.result = SPF_PASS, .spf.domain = "b.example.com"};
	struct dmarc_facts out;
	struct dmarc_world w;

	dmarc_world_make(&w, zone);
	dmarc_hint(w.lookups, "");
	assert_int_equal(lookups_count(w.lookups), 0);
	dmarc_hint(w.lookups, "a.example.com");
	dmarc_hint(w.lookups, "b.example.com");
	assert_int_equal(lookups_count(w.lookups), 4);
	dmarc_check(w.lookups, &s, "a.example.com", &f, &out);
	assert_int_equal(out.result, DMARC_PASS);
	assert_int_equal(lookups_count(w.lookups), 4);
	assert_int_equal(dmarc_world_asked(&w, "com"), 1);
	dmarc_world_end(&w);
}

/* What has not come at the deadline is a failure, not an absence. */
static void a_slow_answer_is_a_temperror(void **state)
{
	const char *const zone[WORLD_ROWS] = {"?example.com"};
	static const struct dmarc_settings s = {.discovery = DISCOVERY_TREEWALK};
	struct facts f = {.spf.result = SPF_PASS, .spf.domain = "example.com"};
	struct dmarc_facts out;
	struct dmarc_world w;

	dmarc_world_make(&w, zone);
	lookups_deadline(w.lookups, clock_mono_ms() + 5);
	dmarc_check(w.lookups, &s, "example.com", &f, &out);
	assert_int_equal(out.result, DMARC_TEMPERROR);
	assert_string_equal(out.reason, "a DNS failure hides the policy of example.com");
	dmarc_world_end(&w);
}

static void forgets_the_alignment_with_another_author(void **state)
{
	const char *const zone[WORLD_ROWS] = {REJECT, "+b.example"};
	static const struct dmarc_settings s = {.discovery = DISCOVERY_TREEWALK};
	struct dkim_signature signature = {.result = DKIM_PASS, .domain = "example.com"};
	struct facts f = {.dkim = {.count = 1, .signature = &signature}};
	struct dmarc_facts out;
	struct dmarc_world w;

	dmarc_world_make(&w, zone);
	dmarc_check(w.lookups, &s, "example.com", &f, &out);
	assert_int_equal(signature.aligned, ALIGNED_STRICT);
	dmarc_check(w.lookups, &s, "b.example", &f, &out);
	assert_int_equal(signature.aligned, ALIGNED_NO);
	assert_int_equal(out.result, DMARC_NONE);
	dmarc_world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(judges_by_the_tree),
	    cmocka_unit_test(judges_by_the_list),
	    cmocka_unit_test(hints_save_questions),
	    cmocka_unit_test(a_slow_answer_is_a_temperror),
	    cmocka_unit_test(forgets_the_alignment_with_another_author),
	};
	return cmocka_run_group_tests_name("dmarc", tests, NULL, NULL);
}
