/* test_arc.c - chains of ARC sets, made by an independent signer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/limits.h"
#include "check/arc.h"
#include "support/dkim_signer.h"
#include "support/fake_resolver.h"
#include "support/message.h"
#include "support/test.h"

#define NOW 1700000000
#define HEADER "From: Ann <ann@example.org>\r\nTo: bob@example.net\r\nSubject: test\r\n"
#define BODY "Hello  world \r\n\r\n"

static struct fixture {
	struct signer_key *rsa, *ed25519;
	struct resolver *resolver;
	struct dkim_key_cache *keys;
	struct arc_settings settings;
	struct arc_facts facts;
} fx;

static const char *const trusted[] = {"list.example", "relay.example"};

static void publish(const char *name, const struct signer_key *k)
{
	char *record = signer_key_record(k);

	fake_resolver_add(fx.resolver, name, DNS_TXT, record);
	free(record);
}

static int set_up(void **state)
{
	fx.rsa = signer_key_rsa(1024);
	fx.ed25519 = signer_key_ed25519();
	fx.resolver = fake_resolver_new();
	fx.keys = dkim_key_cache_new(16, NULL);
	fx.settings = (struct arc_settings){trusted, 2, 1024, fx.keys};
	publish("s._domainkey.list.example", fx.rsa);
	publish("s._domainkey.mx.relay.example", fx.ed25519);
	publish("s._domainkey.stranger.example", fx.rsa);
	fake_resolver_fail(fx.resolver, "s._domainkey.broken.example", DNS_TXT, DNS_SERVFAIL);
	return fx.keys != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
	dkim_key_cache_free(fx.keys);
	resolver_free(fx.resolver);
	signer_key_free(fx.rsa);
	signer_key_free(fx.ed25519);
	return 0;
}

/* The parts of a message with a growing chain. */
struct chain {
	char *header;  /* with CRLF */
	char *covered; /* relaxed ARC fields that the next seal covers first */
	unsigned count;
};

/* What the next set is made of; all may be NULL or 0 for what is right. */
struct link {
	const char *domain, *cv, *signed_names, *seal_extra;
	const struct signer_key *key;
	bool partial, broken_seal;
};

static char *append(char *text, const char *more, const char *end)
{
	char *out = NULL;

	assert_true(asprintf(&out, "%s%s%s", text, more, end) >= 0);
	free(text);
	return out;
}

static char *prepend(const char *field, char *header)
{
	char *out = NULL;

	assert_true(asprintf(&out, "%s\r\n%s", field, header) >= 0);
	free(header);
	return out;
}

static void cover(struct chain *c, const char *field)
{
	char *canonical = signer_relaxed_field(field);

	c->covered = append(c->covered, canonical, "\r\n");
	free(canonical);
}

static void add_set(struct chain *c, const struct link *k)
{
	struct signer s = {.key = k->key,
			   .domain = k->domain,
			   .selector = "s",
			   .field = "ARC-Message-Signature",
			   .headers = k->signed_names != NULL ? k->signed_names : "From:To:Subject",
			   .partial = k->partial,
			   .body_length = 3};
	char version[16], *results = NULL, *message, *head = NULL, *canonical, *text = NULL, *b,
			  *seal = NULL;

	c->count++;
	snprintf(version, sizeof(version), "i=%u;", c->count);
	s.version = version;
	assert_true(asprintf(&results,
			     "ARC-Authentication-Results: i=%u; mx.example; spf=pass; "
			     "arc=none smtp.remote-ip=198.51.100.%u",
			     c->count, c->count) > 0);
	message = signer_sign(&s, c->header, BODY, strlen(BODY));
	cover(c, results);
	cover(c, message);
	assert_true(asprintf(&head, "ARC-Seal: i=%u; a=%s-sha256; cv=%s; d=%s; s=s; t=1;%s\r\n b=",
			     c->count, signer_key_is_rsa(k->key) ? "rsa" : "ed25519",
			     k->cv != NULL   ? k->cv
			     : c->count == 1 ? "none"
					     : "pass",
			     k->domain, k->seal_extra != NULL ? k->seal_extra : "") > 0);
	canonical = signer_relaxed_field(head);
	assert_true(asprintf(&text, "%s%s", c->covered, canonical) > 0);
	b = signer_sign_text(k->key, text);
	if (k->broken_seal)
		b[3] = b[3] == 'A' ? 'B' : 'A';
	assert_true(asprintf(&seal, "%s%s", head, b) > 0);
	cover(c, seal);
	c->header = prepend(results, c->header);
	c->header = prepend(message, c->header);
	c->header = prepend(seal, c->header);
	free(results), free(message), free(head), free(canonical), free(text), free(b), free(seal);
}

static struct chain chain_of(const struct link *links, size_t n)
{
	struct chain c = {strdup(HEADER), strdup(""), 0};

	for (size_t i = 0; i < n; i++)
		add_set(&c, &links[i]);
	free(c.covered);
	c.covered = NULL;
	return c;
}

static void give(void *arg, const char *name, const char *value)
{
	arc_message_header(arg, name, value);
}

/* The facts are in fx.facts. */
static void validate(const char *header, const char *body)
{
	struct arc_message *m = arc_message_new(&fx.settings, NOW);
	struct lookups *l = fake_lookups(fx.resolver, 20);

	assert_non_null(m);
	message_split(header, strlen(header), give, m);
	arc_message_end_header(m, l);
	for (size_t i = 0; i < strlen(body); i++)
		arc_message_body(m, (const unsigned char *)body + i, 1);
	assert_true(arc_message_check(m, l, &fx.facts));
	arc_message_free(m);
	lookups_free(l);
}

static void expect(const struct link *links, size_t n, enum arc_result result, const char *reason)
{
	struct chain c = chain_of(links, n);

	validate(c.header, BODY);
	if (fx.facts.result != result || strcmp(fx.facts.reason, reason) != 0)
		fail_msg("%s\n%s, %s", c.header, arc_result_name(fx.facts.result), fx.facts.reason);
	free(c.header);
}

/* R50 */
static void no_sets_are_no_chain(void **state)
{
	validate(HEADER, BODY);
	assert_int_equal(fx.facts.result, ARC_NONE);
	assert_int_equal(fx.facts.instances, 0);
	assert_true(arc_is_field("arc-seal"));
	assert_false(arc_is_field("ARC"));
}

/* R54, R56 */
static void whole_chains_pass_and_name_their_sealer(void **state)
{
	struct link links[] = {
	    {.domain = "stranger.example", .key = fx.rsa},
	    {.domain = "mx.relay.example", .key = fx.ed25519},
	    {.domain = "list.example", .key = fx.rsa, .signed_names = "Subject:From:To:Cc:From"}};

	for (size_t first = 0; first < 3; first++) {
		expect(links + first, 3 - first, ARC_PASS, "");
		assert_int_equal(fx.facts.instances, 3 - first);
		assert_string_equal(fx.facts.sealer, "list.example");
		assert_int_equal(fx.facts.trusted, first > 0);
		assert_string_equal(fx.facts.chain, first == 0 ? ""
						    : first == 1
							? "arc=pass as[2].d=list.example as[2].s=s "
							  "as[1].d=mx.relay.example as[1].s=s "
							  "remote-ip[1]=198.51.100.1"
							: "arc=pass as[1].d=list.example as[1].s=s "
							  "remote-ip[1]=198.51.100.1");
	}
}

/* R50 */
static void fifty_sets_are_the_most(void **state)
{
	struct link links[MAX_ARC_SETS + 1];
	struct chain c;

	for (size_t i = 0; i <= MAX_ARC_SETS; i++)
		links[i] = (struct link){.domain = "list.example", .key = fx.rsa};
	expect(links, MAX_ARC_SETS, ARC_PASS, "");
	assert_int_equal(fx.facts.instances, MAX_ARC_SETS);
	assert_memory_equal(fx.facts.chain, "arc=pass as[50].d=list.example as[50].s=s as[49]", 48);
	assert_non_null(strstr(fx.facts.chain, ".s=s remote-ip[1]=198.51.100.1"));
	c = chain_of(links, MAX_ARC_SETS + 1);
	validate(c.header, BODY);
	assert_int_equal(fx.facts.result, ARC_FAIL);
	free(c.header);
}

/* R51, R52, R54, R55 */
static void what_is_wrong_with_a_set_fails_the_chain(void **state)
{
	const struct {
		struct link link;
		const char *reason;
	} rows[] = {
	    {{.domain = "list.example", .key = fx.rsa, .cv = "pass"}, "a seal has the wrong cv="},
	    {{.domain = "list.example", .key = fx.rsa, .cv = "None"}, "a seal has the wrong cv="},
	    {{.domain = "list.example", .key = fx.rsa, .cv = "fail"},
	     "the newest seal says that the chain had failed"},
	    {{.domain = "list.example", .key = fx.rsa, .seal_extra = " h=From;"}, "seal has h="},
	    {{.domain = "list.example", .key = fx.rsa, .seal_extra = " t=;"},
	     "signature repeats a tag"},
	    {{.domain = "list.example", .key = fx.rsa, .broken_seal = true},
	     "signature did not verify"},
	    {{.domain = "list.example", .key = fx.rsa, .signed_names = "To"}, "From is not signed"},
	    {{.domain = "list.example", .key = fx.rsa, .signed_names = "From:ARC-Seal"},
	     "ARC-Seal is signed"},
	    {{.domain = "list.example", .key = fx.rsa, .partial = true},
	     "message signature covers a part of the body only"},
	    {{.domain = "list.example", .key = fx.ed25519}, "key is not of the kind that a= names"},
	    {{.domain = "broken.example", .key = fx.rsa}, "key lookup failed"},
	    {{.domain = "nobody.example", .key = fx.rsa}, "key not found"},
	    {{.domain = "org", .key = fx.rsa}, "d= is not a domain name"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		expect(&rows[i].link, 1, ARC_FAIL, rows[i].reason);
		assert_string_equal(fx.facts.sealer, "");
		assert_false(fx.facts.trusted);
	}
}

/* R53, R54 */
static void an_altered_message_fails(void **state)
{
	struct link links[] = {{.domain = "stranger.example", .key = fx.rsa},
			       {.domain = "list.example", .key = fx.rsa}};
	struct chain c = chain_of(links, 2);
	char *at;

	validate(c.header, "Other\r\n");
	assert_string_equal(fx.facts.reason, "body hash did not verify");
	at = strstr(c.header, "Subject: test");
	at[9] = 'b';
	validate(c.header, BODY);
	assert_string_equal(fx.facts.reason, "signature did not verify");
	at[9] = 't';
	at = strstr(c.header, "i=1; mx.example; spf=");
	at[5] = 'n';
	validate(c.header, BODY);
	assert_int_equal(fx.facts.result, ARC_FAIL);
	assert_string_equal(fx.facts.reason, "signature did not verify");
	free(c.header);
}

/* R52 */
static void sets_must_be_whole(void **state)
{
	static const char *const names[] = {"ARC-Seal: i=1", "ARC-Message-Signature: i=1",
					    "ARC-Authentication-Results: i=1"};
	struct link links[] = {{.domain = "list.example", .key = fx.rsa},
			       {.domain = "list.example", .key = fx.rsa}};

	for (size_t i = 0; i < 3; i++) {
		struct chain c = chain_of(links, 2);
		char *at = strstr(c.header, names[i]), *twice;

		assert_true(asprintf(&twice, "%s%s", c.header, at) > 0);
		validate(twice, BODY);
		assert_string_equal(fx.facts.reason, "an ARC field is there twice");
		free(twice);
		at[0] = 'X';
		validate(c.header, BODY);
		assert_string_equal(fx.facts.reason, "an ARC field is missing");
		at[0] = 'A';
		*strstr(at, "i=1") = 'x';
		validate(c.header, BODY);
		assert_string_equal(fx.facts.reason, "an ARC field has no valid instance");
		free(c.header);
	}
	validate(HEADER "ARC-Seal: i=50; a=rsa-sha256; cv=pass; d=list.example; s=s; b=AAAA\r\n",
		 BODY);
	assert_string_equal(fx.facts.reason, "an ARC field is missing");
	validate(HEADER "ARC-Seal:\r\n", BODY);
	assert_string_equal(fx.facts.reason, "an ARC field has no valid instance");
	validate(HEADER "ARC-Authentication-Results: i=1\r\n", BODY);
	assert_string_equal(fx.facts.reason, "an ARC field has no valid instance");
}

static void the_body_is_not_wanted_for_a_chain_that_failed(void **state)
{
	struct arc_message *m = arc_message_new(&fx.settings, NOW);
	struct lookups *l = fake_lookups(fx.resolver, 20);

	arc_message_header(m, "From", " a@example.org");
	arc_message_header(m, "ARC-Seal", " zork");
	arc_message_end_header(m, l);
	assert_false(arc_message_wants_body(m));
	assert_int_equal(lookups_count(l), 0);
	arc_message_free(m);
	arc_message_free(NULL);
	lookups_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(no_sets_are_no_chain),
	    cmocka_unit_test(whole_chains_pass_and_name_their_sealer),
	    cmocka_unit_test(fifty_sets_are_the_most),
	    cmocka_unit_test(what_is_wrong_with_a_set_fails_the_chain),
	    cmocka_unit_test(an_altered_message_fails),
	    cmocka_unit_test(sets_must_be_whole),
	    cmocka_unit_test(the_body_is_not_wanted_for_a_chain_that_failed),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
