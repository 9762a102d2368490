/* test_verify.c - what is asked early, and how the authors of a message are found. */
#include <stdlib.h>
#include <string.h>

#include "session/verify.h"
#include "support/config_text.h"
#include "support/fake_resolver.h"
#include "support/test.h"

struct world {
	struct app app;
	struct evidence e;
	struct facts *f;
};

static void open_world(struct world *w)
{
	static const struct clock now = {true, 1795262400};
	struct error why;

	assert_true(app_init(&w->app, config_of(""), &now, fake_resolver_new(), NULL, &why));
	w->e = (struct evidence){.snapshot = w->app.current,
				 .now = now.now,
				 .lookups = lookups_new(w->app.resolver),
				 .client_name = "",
				 .helo = "mx.sender.example",
				 .headers = headers_new(65536)};
	assert_true(addr_parse("192.0.2.1", &w->e.client));
	assert_true(mailbox_path("<b@bounce.a.example>", &w->e.sender));
	w->f = calloc(1, sizeof(*w->f));
	assert_non_null(w->f);
	w->f->client = w->e.client;
}

static void close_world(struct world *w)
{
	verify_free(&w->e);
	headers_free(w->e.headers);
	lookups_free(w->e.lookups);
	app_close(&w->app);
	free(w->f);
}

/* D05, D06, D07 */
static void finds_the_authors(void **state)
{
	static const struct {
		const char *from[3];
		enum from_status status;
		size_t authors;
	} rows[] = {
	    {{" x@a.example"}, FROM_OK, 1},
	    {{NULL}, FROM_MISSING, 0},
	    {{" x@a.example", " y@a.example"}, FROM_REPEATED, 1},
	    {{" x@a.example", " y@b.example"}, FROM_REPEATED, 2},
	    {{" x@a.example, y@b.example"}, FROM_MULTIPLE, 2},
	    {{" a@a.example, b@b.example, c@c.example, d@d.example, e@e.example"},
	     FROM_MALFORMED,
	     MAX_AUTHOR_DOMAINS},
	    {{" nobody"}, FROM_MALFORMED, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct world w;

		open_world(&w);
		for (size_t k = 0; k < 3 && rows[i].from[k] != NULL; k++)
			assert_true(headers_add(w.e.headers, "From", rows[i].from[k]));
		verify_header(&w.e, w.f);
		assert_int_equal(w.f->from_status, rows[i].status);
		assert_int_equal(w.f->author_count, rows[i].authors);
		close_world(&w);
	}
}

static void asks_as_soon_as_a_name_is_known(void **state)
{
	struct world w;

	open_world(&w);
	verify_hint_client(&w.e);
	assert_int_equal(fake_resolver_asked(w.app.resolver, "1.2.0.192.in-addr.arpa", DNS_PTR), 1);
	verify_hint_helo(&w.e);
	assert_int_equal(fake_resolver_asked(w.app.resolver, "mx.sender.example", DNS_A), 1);
	assert_int_equal(fake_resolver_asked(w.app.resolver, "mx.sender.example", DNS_TXT), 1);
	verify_hint_sender(&w.e);
	assert_int_equal(fake_resolver_asked(w.app.resolver, "bounce.a.example", DNS_TXT), 1);
	headers_add(w.e.headers, "From", " x@a.example");
	verify_header(&w.e, w.f);
	assert_int_equal(fake_resolver_asked(w.app.resolver, "_dmarc.a.example", DNS_TXT), 1);
	assert_int_equal(fake_resolver_asked(w.app.resolver, "_dmarc.bounce.a.example", DNS_TXT),
			 1);
	close_world(&w);
}

/* D06 */
static void takes_the_strictest_of_several_authors(void **state)
{
	static const struct {
		const char *from;
		enum dmarc_result result;
		const char *author;
	} rows[] = {
	    {" x@none.example, y@reject.example, z@quarantine.example", DMARC_FAIL,
	     "reject.example"},
	    {" x@quarantine.example, y@broken.example", DMARC_FAIL, "quarantine.example"},
	    {" x@none.example, y@broken.example", DMARC_TEMPERROR, "broken.example"},
	    {" x@none.example, y@other.example", DMARC_NONE, "none.example"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct world w;

		open_world(&w);
		fake_resolver_add(w.app.resolver, "_dmarc.reject.example", DNS_TXT,
				  "v=DMARC1; p=reject");
		fake_resolver_add(w.app.resolver, "_dmarc.quarantine.example", DNS_TXT,
				  "v=DMARC1; p=quarantine");
		fake_resolver_fail(w.app.resolver, "_dmarc.broken.example", DNS_TXT, DNS_SERVFAIL);
		headers_add(w.e.headers, "From", rows[i].from);
		verify_header(&w.e, w.f);
		verify_run(&w.e, 1000, w.f);
		assert_int_equal(w.f->dmarc.result, rows[i].result);
		assert_string_equal(w.f->dmarc.author_domain, rows[i].author);
		close_world(&w);
	}
}

/* D61: nor is it left to the sender, who may have used our means up. */
static void what_was_not_asked_for_want_of_means_is_our_own_failure(void **state)
{
	static const struct {
		const char *name;
		enum dns_status status;
		bool internal_error;
	} rows[] = {
	    {"_dmarc.a.example", DNS_REFUSED_HERE, true},
	    {"_dmarc.a.example", DNS_SERVFAIL, false},
	    {"1.2.0.192.in-addr.arpa", DNS_REFUSED_HERE, false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct world w;

		open_world(&w);
		fake_resolver_fail(w.app.resolver, rows[i].name,
				   rows[i].name[0] == '_' ? DNS_TXT : DNS_PTR, rows[i].status);
		headers_add(w.e.headers, "From", " x@a.example");
		verify_header(&w.e, w.f);
		verify_run(&w.e, 1000, w.f);
		assert_int_equal(w.f->internal_error, rows[i].internal_error);
		close_world(&w);
	}
}

/* D62: whether the author exists is asked last, and answered. */
static void a_sender_whose_dns_is_silent_leaves_time_for_the_author(void **state)
{
	struct world w;

	open_world(&w);
	fake_resolver_add(w.app.resolver, "_dmarc.b.example", DNS_TXT,
			  "v=DMARC1; p=none; np=reject");
	fake_resolver_fail(w.app.resolver, "bounce.a.example", DNS_TXT, DNS_TIMEOUT);
	fake_resolver_delay(w.app.resolver, 5);
	headers_add(w.e.headers, "From", " x@nobody.b.example");
	verify_header(&w.e, w.f);
	verify_run(&w.e, 400, w.f);
	assert_int_equal(w.f->spf.result, SPF_TEMPERROR);
	assert_int_equal(w.f->dmarc.result, DMARC_FAIL);
	assert_int_equal(w.f->dmarc.tag, TAG_NP);
	close_world(&w);
}

/* D62 */
static void a_chain_whose_keys_are_silent_leaves_time_for_the_author(void **state)
{
	struct world w;

	open_world(&w);
	fake_resolver_add(w.app.resolver, "_dmarc.b.example", DNS_TXT,
			  "v=DMARC1; p=none; np=reject");
	fake_resolver_fail(w.app.resolver, "s._domainkey.c.example", DNS_TXT, DNS_TIMEOUT);
	fake_resolver_delay(w.app.resolver, 5);
	headers_add(w.e.headers, "ARC-Seal",
		    " i=1; a=rsa-sha256; cv=none; d=c.example; s=s; b=AAAA");
	headers_add(w.e.headers, "ARC-Message-Signature",
		    " i=1; a=rsa-sha256; c=relaxed/relaxed; d=c.example; s=s; h=from;"
		    " bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=AAAA");
	headers_add(w.e.headers, "ARC-Authentication-Results", " i=1; c.example; none");
	headers_add(w.e.headers, "From", " x@nobody.b.example");
	verify_header(&w.e, w.f);
	verify_run(&w.e, 200, w.f);
	assert_int_equal(w.f->arc.result, ARC_FAIL);
	assert_string_equal(w.f->arc.reason, "key lookup timed out");
	assert_int_equal(w.f->dmarc.result, DMARC_FAIL);
	close_world(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(finds_the_authors),
	    cmocka_unit_test(asks_as_soon_as_a_name_is_known),
	    cmocka_unit_test(takes_the_strictest_of_several_authors),
	    cmocka_unit_test(what_was_not_asked_for_want_of_means_is_our_own_failure),
	    cmocka_unit_test(a_sender_whose_dns_is_silent_leaves_time_for_the_author),
	    cmocka_unit_test(a_chain_whose_keys_are_silent_leaves_time_for_the_author),
	};
	return cmocka_run_group_tests_name("verify", tests, NULL, NULL);
}
