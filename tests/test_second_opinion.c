/* test_second_opinion.c - what becomes of a message when libopendmarc does not agree. Its opinion
 * is given here instead: the library has none that differs. */
#include <string.h>

#include "base/log.h"
#include "check/dmarc_verdict.h"
#include "session/session.h"
#include "support/config_text.h"
#include "support/fake_resolver.h"
#include "support/test.h"

static enum { AGREES, DIFFERS, NO_PASS, ANOTHER_POLICY, FAILS } opinion;

bool dmarc_verdict(const char *author, enum dmarc_policy policy, bool spf, bool dkim,
		   struct dmarc_verdict *verdict_r)
{
	(void)author;
	*verdict_r = (struct dmarc_verdict){.pass = spf || dkim, .policy = policy};
	verdict_r->pass ^= opinion == DIFFERS;
	verdict_r->pass &= opinion != NO_PASS;
	if (opinion == ANOTHER_POLICY)
		verdict_r->policy = POLICY_NONE;
	return opinion != FAILS;
}

static const struct clock noon = {true, 1795262400};

static void open_app(struct app *app)
{
	const struct config *c = config_of("authserv_id = here.example");
	struct resolver *dns = fake_resolver_new();

	log_open(false, LOG_LEVEL_ERROR);
	assert_true(app_init(app, c, &noon, dns, NULL, NULL));
	fake_resolver_add(dns, "a.example", DNS_TXT, "v=spf1 ip4:192.0.2.1 -all");
	fake_resolver_add(dns, "_dmarc.a.example", DNS_TXT, "v=DMARC1; p=reject");
}

static const struct verdict *deliver(struct session *s, const char *client_text)
{
	struct decision early;
	struct addr client;

	assert_true(addr_parse(client_text, &client));
	assert_false(session_connect(s, &client, "unknown", &early));
	session_helo(s, "mx.a.example");
	assert_false(session_mail(s, "<b@a.example>", false, &early));
	session_rcpt(s, "<user@here.example>");
	session_header(s, "From", " <x@a.example>");
	session_end_header(s);
	return session_end(s, "4TEST");
}

/* D61, M33: neither pass nor fail, no refusal for good, and counted. */
static void a_difference_is_an_internal_error(void **state)
{
	static const struct {
		int opinion;
		const char *client; /* 192.0.2.1 passes SPF */
		bool trouble;
		enum action action;
	} rows[] = {
	    {AGREES, "192.0.2.1", false, ACTION_ACCEPT},
	    {AGREES, "192.0.2.9", false, ACTION_REJECT},
	    {DIFFERS, "192.0.2.1", true, ACTION_TEMPFAIL},
	    {DIFFERS, "192.0.2.9", true, ACTION_TEMPFAIL},
	    {NO_PASS, "192.0.2.1", true, ACTION_TEMPFAIL},
	    {ANOTHER_POLICY, "192.0.2.1", false, ACTION_ACCEPT}, /* a pass has none */
	    {ANOTHER_POLICY, "192.0.2.9", true, ACTION_TEMPFAIL},
	    {FAILS, "192.0.2.9", true, ACTION_TEMPFAIL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct verdict *v;
		struct session *s;
		struct app app;

		opinion = rows[i].opinion;
		open_app(&app);
		s = session_new(&app);
		v = deliver(s, rows[i].client);
		assert_int_equal(v->decision.action, rows[i].action);
		assert_int_equal(v->facts->dmarc.internal_error, rows[i].trouble);
		assert_int_equal(v->facts->dmarc.result == DMARC_TEMPERROR, rows[i].trouble);
		assert_int_equal(metrics_get(&app.metrics, METRIC_INTERNAL_ERRORS),
				 rows[i].trouble);
		session_free(s);
		app_close(&app);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_difference_is_an_internal_error),
	};
	return cmocka_run_group_tests_name("second_opinion", tests, NULL, NULL);
}
