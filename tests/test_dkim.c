/* test_dkim.c - whole signatures, made by an independent signer, verified against a resolver of
 * written answers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "check/dkim.h"
#include "support/dkim_signer.h"
#include "support/fake_resolver.h"
#include "support/message.h"
#include "support/test.h"

#define NOW 1700000000
#define HEADER \
	"From: Ann <ann@example.org>\r\n" \
	"To: bob@example.net\r\n" \
	"Subject: test\r\n folded  line \r\n" \
	"Received: by a.example\r\n" \
	"Received: by b.example\r\n"
#define BODY "Hello  world \r\n\r\nlast line\r\n\r\n"

static struct fixture {
	struct signer_key *rsa, *long_rsa, *ed25519;
	struct resolver *resolver;
	struct dkim_verifier *verifier;
	struct dkim_settings settings;
	struct dkim_facts facts;
	struct dkim_signature signatures[MAX_DKIM_SIGNATURES];
} fx;

/* Publish `format`, with the key in place of %s, at selector `name` of example.org. */
static void publish(const char *selector, const char *format, const struct signer_key *k)
{
	char name[300], text[4096], *p = signer_key_base64(k, false);
	const char *at = strstr(format, "%s");

	snprintf(name, sizeof(name), "%s._domainkey.example.org", selector);
	if (at != NULL)
		snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - format), format, p, at + 2);
	else
		snprintf(text, sizeof(text), "%s", format);
	fake_resolver_add(fx.resolver, name, DNS_TXT, text);
	free(p);
}

static void publish_at(const char *name, const struct signer_key *k)
{
	char *record = signer_key_record(k);

	fake_resolver_add(fx.resolver, name, DNS_TXT, record);
	free(record);
}

static void verifier_anew(void)
{
	struct error why;

	dkim_verifier_free(fx.verifier);
	fx.verifier = dkim_verifier_new(&fx.settings, &why);
	assert_non_null(fx.verifier);
}

static int set_up(void **state)
{
	fx.rsa = signer_key_rsa(1024);
	fx.long_rsa = signer_key_rsa(2048);
	fx.ed25519 = signer_key_ed25519();
	fx.resolver = fake_resolver_new();
	fx.settings =
	    (struct dkim_settings){.max_signatures = 16, .min_key_bits = 1024, .key_cache = 64};
	verifier_anew();
	publish("r", "v=DKIM1; p=%s", fx.rsa);
	publish("rr", "v=DKIM1; p=%s", fx.long_rsa);
	publish("e", "v=DKIM1; k=ed25519; p=%s", fx.ed25519);
	return 0;
}

static int tear_down(void **state)
{
	dkim_verifier_free(fx.verifier);
	resolver_free(fx.resolver);
	signer_key_free(fx.rsa);
	signer_key_free(fx.long_rsa);
	signer_key_free(fx.ed25519);
	return 0;
}

static void give(void *arg, const char *name, const char *value)
{
	dkim_message_header(arg, name, value);
}

/* With `lf`, folds are LF, as Postfix has them. */
static void give_header(struct dkim_message *m, const char *header, bool lf)
{
	char *text = strdup(header);
	size_t n = 0;

	assert_non_null(text);
	for (const char *from = header; *from != '\0'; from++)
		if (!lf || *from != '\r')
			text[n++] = *from;
	message_split(text, n, give, m);
	free(text);
}

/* Verify; the result is in fx.facts. `step`: size of the body's pieces. */
static bool verify_in_steps(const char *header, const char *body, size_t step, bool lf)
{
	struct dkim_message *m = dkim_message_new(fx.verifier, NOW);
	struct lookups *l = fake_lookups(fx.resolver, 20);
	size_t len = strlen(body);
	bool ok;

	assert_non_null(m);
	give_header(m, header, lf);
	dkim_message_end_header(m, l);
	for (size_t i = 0; i < len; i += step)
		dkim_message_body(m, (const unsigned char *)body + i,
				  len - i < step ? len - i : step);
	ok = dkim_message_check(m, l, &fx.facts);
	memcpy(fx.signatures, fx.facts.signature, fx.facts.count * sizeof(fx.signatures[0]));
	fx.facts.signature = fx.signatures;
	dkim_message_free(m);
	lookups_free(l);
	return ok;
}

static void verify(const char *header, const char *body)
{
	assert_true(verify_in_steps(header, body, 65535, false));
}

static char *with(const char *field, const char *header)
{
	char *text = NULL;

	assert_true(asprintf(&text, "%s\r\n%s", field, header) > 0);
	return text;
}

/* Sign HEADER and BODY with `s`, verify that with `body`: the one result and its reason. */
static void expect_of(const struct signer *s, const char *body, enum dkim_result result,
		      const char *reason)
{
	struct signer full = *s;
	char *field, *header;

	if (full.domain == NULL)
		full.domain = "example.org";
	field = signer_sign(&full, HEADER, BODY, strlen(BODY));
	header = with(field, HEADER);
	verify(header, body);
	assert_int_equal(fx.facts.count, 1);
	if (fx.facts.signature[0].result != result ||
	    strcmp(fx.facts.signature[0].reason, reason) != 0)
		fail_msg("%s: %s, %s", field, dkim_result_name(fx.facts.signature[0].result),
			 fx.facts.signature[0].reason);
	free(field);
	free(header);
}

static void expect(const struct signer *s, enum dkim_result result, const char *reason)
{
	expect_of(s, BODY, result, reason);
}

/* K06, K16, K17, K20, K21, K22 */
static void passes_both_algorithms_in_every_form(void **state)
{
	static const char *const canons[] = {
	    "", "simple", "relaxed", "simple/relaxed", "relaxed/simple", "relaxed/relaxed"};
	const struct {
		const char *selector;
		const struct signer_key *key;
		unsigned bits;
	} keys[] = {{"r", fx.rsa, 1024}, {"rr", fx.long_rsa, 2048}, {"e", fx.ed25519, 256}};

	for (size_t k = 0; k < 3; k++)
		for (size_t c = 0; c < ARRAY_SIZE(canons); c++) {
			struct signer s = {.key = keys[k].key,
					   .selector = keys[k].selector,
					   .canon = canons[c],
					   .headers =
					       "From:To:Subject:Date:Received:Received:Received"};

			expect(&s, DKIM_PASS, "");
			assert_string_equal(fx.facts.signature[0].domain, "example.org");
			assert_string_equal(fx.facts.signature[0].selector, keys[k].selector);
			assert_int_equal(fx.facts.signature[0].key_bits, keys[k].bits);
			assert_int_equal(strlen(fx.facts.signature[0].b), 16);
			assert_false(fx.facts.signature[0].testing);
			expect_of(&s, "Other\r\n", DKIM_FAIL, "body hash did not verify");
		}
}

/* K23 */
static void passes_in_pieces_of_any_size_and_with_bare_line_feeds(void **state)
{
	static const char lf_body[] = "Hello  world \n\nlast line\n\n";
	struct signer s = {.key = fx.ed25519,
			   .selector = "e",
			   .domain = "example.org",
			   .canon = "simple/simple",
			   .headers = "Subject:From"};
	char *field = signer_sign(&s, HEADER, BODY, strlen(BODY)), *header = with(field, HEADER);

	for (size_t step = 1; step < 8; step++) {
		assert_true(verify_in_steps(header, BODY, step, true));
		assert_int_equal(fx.facts.signature[0].result, DKIM_PASS);
		assert_true(verify_in_steps(header, lf_body, step, true));
		assert_int_equal(fx.facts.signature[0].result, DKIM_PASS);
	}
	free(field);
	free(header);
}

/* K23: a reader of MIME may see other parts then. */
static void a_lone_cr_in_the_body_is_no_line_end(void **state)
{
	static const char *const canons[] = {"simple/simple", "relaxed/relaxed"};
	static const char *const bodies[] = {
	    "Hello  world \r\n\rlast line\r\n\r\n", "Hello  world \r\r\nlast line\r\n\r\n",
	    "Hello  world \r\n\r\r\nlast line\r\n\r\n", "Hello  world \r\n\r\nlast line\r\r\n",
	    "Hello  world \r\n\r\nlast line\r\n\r\n\r"};

	(void)state;
	for (size_t i = 0; i < 2; i++)
		for (size_t k = 0; k < sizeof(bodies) / sizeof(bodies[0]); k++) {
			struct signer s = {.key = fx.rsa, .selector = "r", .canon = canons[i]};

			expect_of(&s, bodies[k], DKIM_NEUTRAL, "the body has a CR alone");
			s.extra = "n=\xc3\xa4;"; /* hashed here */
			expect_of(&s, bodies[k], DKIM_FAIL, "body hash did not verify");
		}
}

/* K20 */
static void an_empty_body_passes(void **state)
{
	static const char *const canons[] = {"simple/simple", "relaxed/relaxed"};

	for (size_t i = 0; i < 2; i++) {
		struct signer s = {
		    .key = fx.rsa, .selector = "r", .domain = "example.org", .canon = canons[i]};
		char *field = signer_sign(&s, HEADER, "", 0), *header = with(field, HEADER);

		verify(header, "");
		assert_int_equal(fx.facts.signature[0].result, DKIM_PASS);
		verify(header, "\r\n\r\n");
		assert_int_equal(fx.facts.signature[0].result, DKIM_PASS);
		free(field);
		free(header);
	}
}

/* K21, K44 */
static void fails_when_a_signed_field_changes(void **state)
{
	static const char changed[] = "From: Ann <ann@example.org>\r\nTo: eve@example.net\r\n";
	static const char added[] =
	    "From: Ann <ann@example.org>\r\nTo: bob@example.net\r\nCc: x@example.net\r\n";
	struct signer s = {
	    .key = fx.rsa, .selector = "r", .domain = "example.org", .headers = "From:To:Cc"};
	char *field = signer_sign(&s, "From: Ann <ann@example.org>\r\nTo: bob@example.net\r\n",
				  BODY, strlen(BODY));
	char *header = with(field, changed);

	verify(header, BODY);
	assert_int_equal(fx.facts.signature[0].result, DKIM_FAIL);
	assert_string_equal(fx.facts.signature[0].reason, "signature did not verify");
	free(header);
	header = with(field, added);
	verify(header, BODY);
	assert_int_equal(fx.facts.signature[0].result, DKIM_FAIL);
	free(header);
	free(field);
}

/* K20 */
static void only_white_space_counts_as_white_space(void **state)
{
	static const struct {
		const char *blank;
		bool passes;
	} rows[] = {{" ", true},    {"\t ", true}, {"\r\n  ", true}, {"\r", false},
		    {" \r", false}, {"\v", false}, {" \f ", false},  {"\r\n \r", false}};
	struct signer s = {.key = fx.rsa,
			   .selector = "r",
			   .domain = "example.org",
			   .canon = "relaxed/relaxed",
			   .headers = "From:To"};
	char *field = signer_sign(&s, "From: Ann <ann@example.org>\r\nTo: bob@example.net\r\n",
				  BODY, strlen(BODY));

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *changed, *header;

		assert_true(asprintf(&changed,
				     "From: Ann%s<ann@example.org>\r\nTo: bob@example.net\r\n",
				     rows[i].blank) > 0);
		header = with(field, changed);
		verify(header, BODY);
		if ((fx.facts.signature[0].result == DKIM_PASS) != rows[i].passes)
			fail_msg("row %zu: %s", i, dkim_result_name(fx.facts.signature[0].result));
		free(header);
		free(changed);
	}
	free(field);
}

static void white_space_before_the_colon_hides_no_field(void **state)
{
	static const char *const canons[] = {"simple/simple", "relaxed/relaxed"};
	static const char *const names[] = {"From", "From ", "From\t", "From \t ", "FROM  "};

	for (size_t i = 0; i < 2; i++)
		for (size_t j = 0; j < ARRAY_SIZE(names); j++) {
			struct signer s = {.key = fx.rsa,
					   .selector = "r",
					   .domain = "example.org",
					   .canon = canons[i],
					   .headers = "From:From:Subject"};
			char *field = signer_sign(&s, HEADER, BODY, strlen(BODY)), *extra, *header;

			assert_true(asprintf(&extra, "%s: eve@example.net", names[j]) > 0);
			header = with(extra, HEADER);
			free(extra);
			extra = with(field, header);
			verify(extra, BODY);
			if (fx.facts.signature[0].result == DKIM_PASS)
				fail_msg("'%s' was not seen", names[j]);
			free(field);
			free(header);
			free(extra);
		}
}

static void what_the_library_cannot_hash_is_hashed_all_the_same(void **state)
{
	static const char *const canons[] = {"simple/simple", "relaxed/relaxed"};
	static const char odd[] = "From : Ann <ann@example.org>\r\nSubject \t: test\r\n";

	publish_at("xn--b-eha._domainkey.xn--bcher-kva.example", fx.rsa);
	for (size_t i = 0; i < 2; i++) {
		struct signer utf8 = {.key = fx.rsa,
				      .selector = "b\xc3\xbc",
				      .domain = "b\xc3\xbc"
						"cher.example",
				      .canon = canons[i],
				      .extra = "i=@b\xc3\xbc"
					       "cher.example;"};
		struct signer xb = {
		    .key = fx.ed25519, .selector = "e", .canon = canons[i], .extra = "xb=12; nb=;"};
		struct signer s = {.key = fx.rsa,
				   .selector = "r",
				   .domain = "example.org",
				   .canon = canons[i],
				   .headers = "From:Subject:From"};
		char *field = signer_sign(&s, odd, BODY, strlen(BODY)), *all = with(field, odd);

		expect(&utf8, DKIM_PASS, "");
		assert_string_equal(fx.facts.signature[0].domain, "xn--bcher-kva.example");
		assert_string_equal(fx.facts.signature[0].identity, "@b??cher.example");
		expect_of(&utf8, "Other\r\n", DKIM_FAIL, "body hash did not verify");
		expect(&xb, DKIM_PASS, "");
		verify(all, BODY);
		assert_int_equal(fx.facts.signature[0].result, DKIM_PASS);
		free(field);
		free(all);
	}
}

/* K03, K10, K16, K30, K32, K44 */
static void judges_each_of_several_signatures(void **state)
{
	struct signer s[] = {
	    {.key = fx.rsa, .selector = "r"},
	    {.key = fx.ed25519, .selector = "e", .canon = "simple"},
	    {.key = fx.rsa, .selector = "none"},
	    {.key = fx.rsa, .selector = "r", .algorithm = "rsa-sha1"},
	    {.key = fx.rsa, .selector = "r", .after = "; zork"},
	    {.key = fx.long_rsa, .selector = "rr", .headers = "To"},
	    {.key = fx.long_rsa, .selector = "rr"},
	};
	static const enum dkim_result want[] = {DKIM_PASS,	DKIM_PASS,    DKIM_PERMERROR,
						DKIM_PERMERROR, DKIM_NEUTRAL, DKIM_PERMERROR,
						DKIM_PASS};
	char *header = strdup(HEADER);

	for (size_t i = ARRAY_SIZE(s); i-- > 0;) {
		char *field, *longer;

		s[i].domain = "example.org";
		field = signer_sign(&s[i], HEADER, BODY, strlen(BODY));
		longer = with(field, header);
		free(field);
		free(header);
		header = longer;
	}
	verify(header, BODY);
	assert_int_equal(fx.facts.count, 7);
	for (size_t i = 0; i < 7; i++)
		assert_int_equal(fx.facts.signature[i].result, want[i]);
	assert_int_equal(dkim_best(&fx.facts), DKIM_PASS);
	free(header);
}

/* K30, K31 */
static void a_signature_may_cover_other_signatures_good_or_bad(void **state)
{
	struct signer bad = {
	    .key = fx.rsa, .selector = "r", .domain = "example.org", .after = "; zork"};
	struct signer sha1 = {
	    .key = fx.rsa, .selector = "r", .domain = "example.org", .algorithm = "rsa-sha1"};
	struct signer over = {.key = fx.rsa,
			      .selector = "r",
			      .domain = "example.org",
			      .headers = "From:DKIM-Signature:DKIM-Signature"};
	char *one = signer_sign(&bad, HEADER, BODY, strlen(BODY)),
	     *two = signer_sign(&sha1, HEADER, BODY, strlen(BODY));
	char *a = with(one, HEADER), *b = with(two, a),
	     *three = signer_sign(&over, b, BODY, strlen(BODY));
	char *header = with(three, b), *many = strdup(header);

	verify(header, BODY);
	assert_int_equal(fx.facts.count, 3);
	assert_int_equal(fx.facts.signature[0].result, DKIM_PASS);
	for (int i = 0; i < 20; i++) {
		char *longer = with(two, many);

		free(many);
		many = longer;
	}
	verify(many, BODY);
	assert_int_equal(fx.facts.count, 16);
	assert_int_equal(fx.facts.untried, 7);
	assert_int_not_equal(dkim_best(&fx.facts), DKIM_PASS);
	free(one), free(two), free(three), free(a), free(b), free(header), free(many);
}

#define TEXT_64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define TEXT_256 TEXT_64 TEXT_64 TEXT_64 TEXT_64

/* K01, K04, K05 */
static void knows_the_tags_that_the_signer_may_add(void **state)
{
	static const struct {
		const char *extra;
		enum dkim_result result;
		const char *reason;
	} rows[] = {
	    {"i=@a.example.org; t=1600000000; x=1800000000;", DKIM_PASS, ""},
	    {"i=@example.net;", DKIM_PERMERROR, "i= is not within d="},
	    {"i=" TEXT_256 "@example.org;", DKIM_PASS, ""},
	    {"i=" TEXT_256 ";", DKIM_PERMERROR, "i= is not within d="},
	    {"i=joe=40example.org;", DKIM_PASS, ""},
	    {"i=joe@example.org=4;", DKIM_NEUTRAL, "i= has a syntax error"},
	    {"t=1600000000; x=1650000000;", DKIM_PERMERROR, "signature expired"},
	    {"t=1900000000;", DKIM_PASS, ""},
	    {"t=99999999999;", DKIM_PASS, ""},
	    {"t=0;", DKIM_PASS, ""},
	    {"q=dns/txt; z=From:a|b; foo=bar;", DKIM_PASS, ""},
	    {"d=example.org;", DKIM_NEUTRAL, "signature repeats a tag"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct signer s = {.key = fx.rsa, .selector = "r", .extra = rows[i].extra};

		expect(&s, rows[i].result, rows[i].reason);
	}
	expect(
	    &(struct signer){.key = fx.rsa, .selector = "r", .extra = "i= joe=20x@a.example.org;"},
	    DKIM_PASS, "");
	assert_string_equal(fx.facts.signature[0].identity, "joe=20x@a.example.org");
	assert_string_equal(fx.facts.signature[0].algorithm, "rsa-sha256");
}

/* K07, K44, R20 */
static void a_part_of_the_body_is_a_matter_of_policy(void **state)
{
	struct signer s = {.key = fx.rsa, .selector = "r", .partial = true};
	const char *const part = "signature covers a part of the body only";

	s.body_length = (long)strlen("Hello world\r\n\r\nlast line\r\n");
	expect(&s, DKIM_PASS, "");
	assert_false(fx.facts.signature[0].partial_body);
	expect_of(&s, BODY "more\r\n", DKIM_POLICY, part);
	assert_true(fx.facts.signature[0].partial_body);
	expect_of(&s, "other" BODY, DKIM_FAIL, "body hash did not verify");
	s.body_length++;
	expect(&s, DKIM_PERMERROR, "l= is beyond the body");
	s.body_length = 0;
	expect(&s, DKIM_POLICY, part);
	fx.settings.partial_body_passes = true;
	verifier_anew();
	expect(&s, DKIM_PASS, "");
	assert_true(fx.facts.signature[0].partial_body);
	fx.settings.partial_body_passes = false;
	verifier_anew();
}

/* K12, K13, K14 */
static void the_key_decides_as_published(void **state)
{
	static const struct {
		const char *selector, *record;
		enum dkim_result result;
		const char *reason;
	} rows[] = {
	    {"k1", "v=DKIM1; p=", DKIM_PERMERROR, "key revoked"},
	    {"k2", "v=DKIM1; t=y; p=%s", DKIM_PASS, "testing key"},
	    {"k3", "v=DKIM1; k=ed25519; p=%s", DKIM_PERMERROR, "key is not an Ed25519 key"},
	    {"k4", "v=DKIM1; h=sha1; p=%s", DKIM_PERMERROR, "key is not for SHA-256"},
	    {"k5", "v=spf1 -all", DKIM_PERMERROR, "key record has an unknown version"},
	    {"k6", "", DKIM_PERMERROR, "key record has no p="},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		publish(rows[i].selector, rows[i].record, fx.rsa);
		expect(&(struct signer){.key = fx.rsa, .selector = rows[i].selector},
		       rows[i].result, rows[i].reason);
		assert_int_equal(fx.facts.signature[0].testing, i == 1);
	}
	publish("strict", "v=DKIM1; t=s; p=%s", fx.rsa);
	expect(&(struct signer){.key = fx.rsa, .selector = "strict"}, DKIM_PASS, "");
	expect(&(struct signer){.key = fx.rsa, .selector = "strict", .extra = "i=a@example.org;"},
	       DKIM_PASS, "");
	expect(&(struct signer){.key = fx.rsa, .selector = "strict", .extra = "i=@a.example.org;"},
	       DKIM_PERMERROR, "key does not allow i= below d=");
	expect(&(struct signer){.key = fx.rsa, .selector = "e"}, DKIM_PERMERROR,
	       "key is not of the kind that a= names");
	expect(&(struct signer){.key = fx.long_rsa, .selector = "r"}, DKIM_FAIL,
	       "signature did not verify");
}

/* K10, K42, K44 */
static void trouble_with_the_dns_is_never_a_failed_signature(void **state)
{
	static const struct {
		const char *selector;
		enum dns_status status;
		enum dkim_result result;
		const char *reason;
	} rows[] = {
	    {"d1", DNS_SERVFAIL, DKIM_TEMPERROR, "key lookup failed"},
	    {"d2", DNS_TIMEOUT, DKIM_TEMPERROR, "key lookup timed out"},
	    {"d3", DNS_BOGUS, DKIM_TEMPERROR, "key fails DNSSEC validation"},
	    {"d4", DNS_NXDOMAIN, DKIM_PERMERROR, "key not found"},
	    {"d5", DNS_NODATA, DKIM_PERMERROR, "key not found"},
	};
	char name[100];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		snprintf(name, sizeof(name), "%s._domainkey.example.org", rows[i].selector);
		fake_resolver_fail(fx.resolver, name, DNS_TXT, rows[i].status);
		expect(&(struct signer){.key = fx.rsa, .selector = rows[i].selector},
		       rows[i].result, rows[i].reason);
	}
}

/* K11 */
static void of_several_records_any_that_verifies_will_do(void **state)
{
	static const char *const junk = "v=spf1 include:example.net -all";

	publish("s1", junk, fx.rsa);
	publish("s1", "v=DKIM1; p=%s", fx.rsa);
	expect(&(struct signer){.key = fx.rsa, .selector = "s1"}, DKIM_PASS, "");
	publish("s2", "v=DKIM1; p=%s", fx.long_rsa);
	publish("s2", "v=DKIM1; p=", fx.rsa);
	publish("s2", "v=DKIM1; p=%s", fx.rsa);
	expect(&(struct signer){.key = fx.rsa, .selector = "s2"}, DKIM_PASS, "");
	expect(&(struct signer){.key = fx.ed25519, .selector = "s2"}, DKIM_PERMERROR,
	       "key is not of the kind that a= names");
	publish("s3", "v=DKIM1; p=", fx.rsa);
	publish("s3", junk, fx.rsa);
	expect(&(struct signer){.key = fx.rsa, .selector = "s3"}, DKIM_PERMERROR, "key revoked");
	for (int i = 0; i < 5; i++)
		publish("s4", i == 0 ? "v=DKIM1; p=%s" : "v=DKIM1; p=", fx.rsa);
	expect(&(struct signer){.key = fx.rsa, .selector = "s4"}, DKIM_PERMERROR,
	       "too many key records");
}

/* K44, R20 */
static void a_minimum_of_our_own_is_policy(void **state)
{
	fx.settings.min_key_bits = 2048;
	verifier_anew();
	expect(&(struct signer){.key = fx.rsa, .selector = "r"}, DKIM_POLICY,
	       "key is shorter than accepted here");
	expect(&(struct signer){.key = fx.long_rsa, .selector = "rr"}, DKIM_PASS, "");
	expect(&(struct signer){.key = fx.ed25519, .selector = "e"}, DKIM_PASS, "");
	fx.settings.min_key_bits = 1024;
	verifier_anew();
}

static void keys_are_asked_at_the_end_of_the_header(void **state)
{
	struct signer s = {.key = fx.rsa, .selector = "early", .domain = "example.org"};
	char *field = signer_sign(&s, HEADER, BODY, strlen(BODY)), *header = with(field, HEADER);
	struct dkim_message *m = dkim_message_new(fx.verifier, NOW);
	struct lookups *l = fake_lookups(fx.resolver, 20);

	give_header(m, header, false);
	assert_int_equal(fake_resolver_asked(fx.resolver, "early._domainkey.example.org", DNS_TXT),
			 0);
	dkim_message_end_header(m, l);
	assert_int_equal(fake_resolver_asked(fx.resolver, "early._domainkey.example.org", DNS_TXT),
			 1);
	assert_true(dkim_message_wants_body(m));
	dkim_message_free(m);
	m = dkim_message_new(fx.verifier, NOW);
	give_header(m, "DKIM-Signature: zork\r\n" HEADER, false);
	dkim_message_end_header(m, l);
	assert_false(dkim_message_wants_body(m));
	assert_true(dkim_message_check(m, l, &fx.facts));
	assert_int_equal(fx.facts.signature[0].result, DKIM_NEUTRAL);
	dkim_message_free(m);
	dkim_message_free(NULL);
	lookups_free(l);
	free(field);
	free(header);
}

/* RFC 6376 A.2 and RFC 8463 A.3. (K16, K17) */
static void verifies_the_examples_of_the_standards(void **state)
{
	static const char ed25519[] =
	    "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n"
	    " d=football.example.com; i=@football.example.com;\r\n"
	    " q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n"
	    " subject : date : message-id : from : subject : date;\r\n"
	    " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
	    " b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus\r\n"
	    " Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==\r\n"
	    "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\r\n"
	    " d=football.example.com; i=@football.example.com;\r\n"
	    " q=dns/txt; s=test; t=1528637909; h=from : to : subject :\r\n"
	    " date : message-id : from : subject : date;\r\n"
	    " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
	    " b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3\r\n"
	    " DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz\r\n"
	    " dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=\r\n"
	    "From: Joe SixPack <joe@football.example.com>\r\n"
	    "To: Suzie Q <suzie@shopping.example.net>\r\n"
	    "Subject: Is dinner ready?\r\n"
	    "Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n"
	    "Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n";

	fake_resolver_add(fx.resolver, "brisbane._domainkey.football.example.com", DNS_TXT,
			  "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=");
	fake_resolver_add(fx.resolver, "test._domainkey.football.example.com", DNS_TXT,
			  "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWR"
			  "iGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutACDf"
			  "zwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G"
			  "+2kryOTIKT+l/K4w3QIDAQAB");
	verify(ed25519, "Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n");
	assert_int_equal(fx.facts.count, 2);
	assert_int_equal(fx.facts.signature[0].result, DKIM_PASS);
	assert_int_equal(fx.facts.signature[1].result, DKIM_PASS);
	assert_string_equal(fx.facts.signature[1].b, "F45dVWDfMbQDGHJF");
}

static double cpu_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static char *repeat(const char *before, const char *piece, size_t times, const char *after)
{
	char *text = malloc(strlen(before) + times * strlen(piece) + strlen(after) + 1), *at;

	assert_non_null(text);
	at = stpcpy(text, before);
	for (size_t i = 0; i < times; i++)
		at = stpcpy(at, piece);
	strcpy(at, after);
	return text;
}

#define TAGS "DKIM-Signature: v=1; a=rsa-sha256; d=example.org; s=r; bh=AAAA; b=AAAA; h=From"

/* K31 */
static void hostile_fields_cost_little_and_never_pass(void **state)
{
	static const struct {
		const char *before, *piece;
		size_t times;
		const char *after;
		size_t count;
	} rows[] = {
	    {"", TAGS "\r\n", 1000, HEADER, 16},
	    {TAGS "; zz=", "z", 150000, "\r\n" HEADER, 0},
	    {TAGS "; zz=", "z", 100000, "\r\n" HEADER, 1},
	    {"DKIM-Signature: v=1; a=rsa-sha256; d=example.org; s=r; bh=AAAA; h=From; b=", "AAAA",
	     30000, "\r\n" HEADER, 1},
	    {TAGS, ":From", 10000, "\r\n" HEADER, 1},
	    {TAGS, ":From", 3000, "\r\n" HEADER, 1},
	    {TAGS, ":From", 250, "\r\n" HEADER, 1},
	    {TAGS, ";a=b", 4000, "\r\n" HEADER, 1},
	    {TAGS, ";", 15000, "\r\n" HEADER, 1},
	    {TAGS "\r\nSubject:", " xxxxxxxxx", 12000, "\r\n" HEADER, 1},
	    {TAGS "\r\n", "From: x\r\n", 900, "\r\n" HEADER, 1},
	    {TAGS "\r\n", "From: x\r\n", 5000, HEADER, 1},
	    {HEADER TAGS "; x=", "9", 9000, "\r\n", 1},
	    {HEADER "DKIM-Signature:", " ", 9000, "\r\n", 1},
	    {HEADER "DKIM-Signature: i==", "=", 9000, "\r\n", 1},
	    {HEADER "DKIM-Signature: d=", "a.", 4000, "\r\n", 1},
	    {"DKIM-Signature\t: zork\r\n" TAGS, ":DKIM-Signature", 1, "\r\n" HEADER, 2},
	    {"\x80\xff: x\r\n :\r\nDKIM-Signature :", " v=1", 1, "\r\nFrom : a\r\n", 1},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *header = repeat(rows[i].before, rows[i].piece, rows[i].times, rows[i].after);
		double start = cpu_ms();
		char *cut = strstr(header, "\r\n\r\n");

		if (cut != NULL)
			memmove(cut, cut + 2, strlen(cut + 2) + 1);
		assert_true(verify_in_steps(header, BODY, 65535, false));
		if (cpu_ms() - start > 500)
			fail_msg("row %zu took %.0f ms", i, cpu_ms() - start);
		assert_int_equal(fx.facts.count, rows[i].count);
		for (size_t j = 0; j < fx.facts.count; j++)
			assert_int_not_equal(fx.facts.signature[j].result, DKIM_PASS);
		free(header);
	}
}

static void many_different_lengths_cost_few_hashes(void **state)
{
	size_t size = 1 << 20, refused = 0;
	char *body = malloc(size + 1), *header = strdup(HEADER), one[300];
	double start;

	assert_non_null(body);
	memset(body, 'x', size);
	for (size_t i = 76; i < size; i += 78)
		memcpy(body + i, "\r\n", 2);
	body[size] = '\0';
	for (int i = 0; i < 16; i++) {
		char *longer;

		snprintf(one, sizeof(one), TAGS "; c=relaxed/relaxed; l=%d", i);
		longer = with(one, header);
		free(header);
		header = longer;
	}
	start = cpu_ms();
	verify(header, body);
	for (size_t i = 0; i < 16; i++)
		refused +=
		    strcmp(fx.facts.signature[i].reason,
			   "too many unusual signatures (l=, UTF-8, signed signatures)") == 0;
	assert_int_equal(refused, 12);
	if (cpu_ms() - start > 500)
		fail_msg("took %.0f ms", cpu_ms() - start);
	free(header);
	free(body);
}

static void a_header_over_the_limit_is_not_judged_in_part(void **state)
{
	struct signer s = {.key = fx.rsa, .selector = "r", .domain = "example.org"};
	char *field = signer_sign(&s, HEADER, BODY, strlen(BODY)), *header = with(field, HEADER);
	char *more = repeat(header, "X-Pad: 123456789\r\n", 1001, "");

	verify(more, BODY);
	assert_int_equal(fx.facts.signature[0].result, DKIM_PERMERROR);
	assert_string_equal(fx.facts.signature[0].reason, "header is too large");
	free(field);
	free(header);
	free(more);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(passes_both_algorithms_in_every_form),
	    cmocka_unit_test(passes_in_pieces_of_any_size_and_with_bare_line_feeds),
	    cmocka_unit_test(a_lone_cr_in_the_body_is_no_line_end),
	    cmocka_unit_test(an_empty_body_passes),
	    cmocka_unit_test(fails_when_a_signed_field_changes),
	    cmocka_unit_test(only_white_space_counts_as_white_space),
	    cmocka_unit_test(white_space_before_the_colon_hides_no_field),
	    cmocka_unit_test(what_the_library_cannot_hash_is_hashed_all_the_same),
	    cmocka_unit_test(judges_each_of_several_signatures),
	    cmocka_unit_test(a_signature_may_cover_other_signatures_good_or_bad),
	    cmocka_unit_test(knows_the_tags_that_the_signer_may_add),
	    cmocka_unit_test(a_part_of_the_body_is_a_matter_of_policy),
	    cmocka_unit_test(the_key_decides_as_published),
	    cmocka_unit_test(trouble_with_the_dns_is_never_a_failed_signature),
	    cmocka_unit_test(of_several_records_any_that_verifies_will_do),
	    cmocka_unit_test(a_minimum_of_our_own_is_policy),
	    cmocka_unit_test(keys_are_asked_at_the_end_of_the_header),
	    cmocka_unit_test(verifies_the_examples_of_the_standards),
	    cmocka_unit_test(hostile_fields_cost_little_and_never_pass),
	    cmocka_unit_test(many_different_lengths_cost_few_hashes),
	    cmocka_unit_test(a_header_over_the_limit_is_not_judged_in_part),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
