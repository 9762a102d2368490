/* test_session.c - whole messages through the engine, with a resolver of answers written here. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "session/session.h"
#include "store/store_read.h"
#include "support/config_text.h"
#include "support/fake_resolver.h"
#include "support/store_place.h"
#include "support/test.h"

struct world {
	struct app app;
	struct resolver *dns; /* owned by app */
};

static const struct clock noon = {true, 1795262400};

static void open_world(struct world *w, const char *config)
{
	struct error why = {""};

	log_open(false, LOG_LEVEL_ERROR);
	w->dns = fake_resolver_new();
	if (!app_init(&w->app, config_of(config), &noon, w->dns, NULL, &why))
		fail_msg("%s", why.text);
	fake_resolver_add(w->dns, "1.2.0.192.in-addr.arpa", DNS_PTR, "mx.a.example");
	fake_resolver_add(w->dns, "mx.a.example", DNS_A, "192.0.2.1");
	fake_resolver_add(w->dns, "a.example", DNS_TXT, "v=spf1 ip4:192.0.2.1 -all");
	fake_resolver_add(w->dns, "_dmarc.a.example", DNS_TXT,
			  "v=DMARC1; p=reject; rua=mailto:r@a.example");
	fake_resolver_add(w->dns, "_dmarc.q.example", DNS_TXT, "v=DMARC1; p=quarantine");
	fake_resolver_fail(w->dns, "_dmarc.broken.example", DNS_TXT, DNS_SERVFAIL);
}

struct mail {
	const char *client;	 /* an address, or a name without address */
	const char *helo, *from; /* reverse-path */
	bool authenticated;
	const char *header[6][2]; /* up to a NULL name */
};

static const struct verdict *deliver(struct session *s, const struct mail *m)
{
	struct decision early;
	struct addr client = {.family = ADDR_NONE};

	if (addr_parse(m->client, &client))
		assert_false(session_connect(s, &client, "unknown", &early));
	else
		assert_false(session_connect(s, &client, m->client, &early));
	session_helo(s, m->helo);
	assert_false(session_mail(s, m->from, m->authenticated, &early));
	session_rcpt(s, "<user@here.example>");
	for (size_t i = 0; i < 6 && m->header[i][0] != NULL; i++)
		session_header(s, m->header[i][0], m->header[i][1]);
	if (session_end_header(s))
		session_body(s, (const unsigned char *)"hello\r\n", 7);
	return session_end(s, "4TEST");
}

static void decides_by_the_default_rules(void **state)
{
	static const struct {
		struct mail mail;
		enum action action;
		const char *stamp; /* part of the field; NULL: no field */
	} rows[] = {
	    {{"192.0.2.1", "mx.a.example", "<b@a.example>", false, {{"From", " <x@a.example>"}}},
	     ACTION_ACCEPT,
	     "dmarc=pass"},
	    {{"192.0.2.9",
	      "mx.evil.example",
	      "<b@evil.example>",
	      false,
	      {{"From", " <x@a.example>"}}},
	     ACTION_REJECT,
	     NULL},
	    {{"192.0.2.9",
	      "mx.evil.example",
	      "<b@evil.example>",
	      false,
	      {{"From", " <x@a.example>"}, {"List-Id", " <l.example>"}}},
	     ACTION_QUARANTINE,
	     "dmarc=fail"},
	    {{"192.0.2.9",
	      "mx.evil.example",
	      "<b@evil.example>",
	      false,
	      {{"From", " <x@q.example>"}}},
	     ACTION_QUARANTINE,
	     "policy.dmarc=quarantine"},
	    {{"192.0.2.9", "mx.evil.example", "<>", false, {{"From", " <x@none.example>"}}},
	     ACTION_ACCEPT,
	     "dmarc=none"},
	    {{"192.0.2.9", "mx.evil.example", "<>", false, {{"From", " <x@broken.example>"}}},
	     ACTION_ACCEPT,
	     "dmarc=temperror"},
	    {{"192.0.2.1",
	      "mx.a.example",
	      "<b@a.example>",
	      false,
	      {{"From", " <x@a.example>"}, {"From", " <y@b.example>"}}},
	     ACTION_REJECT,
	     NULL},
	    {{"192.0.2.1", "mx.a.example", "<b@a.example>", false, {{"Subject", " no author"}}},
	     ACTION_REJECT,
	     NULL},
	    {{"192.0.2.1",
	      "mx.a.example",
	      "<b@a.example>",
	      false,
	      {{"From", " x@a.example, y@none.example"}}},
	     ACTION_ACCEPT,
	     "dmarc=none"},
	    {{"192.0.2.9",
	      "mx.evil.example",
	      "<b@none.example>",
	      false,
	      {{"From", " x@none.example, y@a.example"}}},
	     ACTION_REJECT,
	     NULL},
	    {{"192.0.2.9", "phone", "<x@a.example>", true, {{"From", " <x@a.example>"}}},
	     ACTION_SKIP,
	     NULL},
	    {{"127.0.0.1", "localhost", "<x@a.example>", false, {{"From", " <x@a.example>"}}},
	     ACTION_SKIP,
	     NULL},
	    {{"localhost", "localhost", "<x@a.example>", false, {{"From", " <x@a.example>"}}},
	     ACTION_SKIP,
	     NULL},
	    {{"unknown", "localhost", "<x@a.example>", false, {{"From", " <x@a.example>"}}},
	     ACTION_REJECT,
	     NULL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct verdict *v;
		struct session *s;
		struct world w;

		open_world(&w, "");
		s = session_new(&w.app);
		assert_non_null(s);
		v = deliver(s, &rows[i].mail);
		if (v->decision.action != rows[i].action)
			fail_msg("row %zu: %s by rule %s", i, action_name(v->decision.action),
				 v->decision.rule);
		assert_int_equal(v->stamp.field != NULL, rows[i].stamp != NULL);
		if (rows[i].stamp != NULL && strstr(v->stamp.field, rows[i].stamp) == NULL)
			fail_msg("row %zu: %s", i, v->stamp.field);
		session_free(s);
		app_close(&w.app);
	}
}

static void only_marks_in_monitor_mode(void **state)
{
	static const struct mail forged = {"192.0.2.9",
					   "mx.evil.example",
					   "<b@evil.example>",
					   false,
					   {{"From", " <x@a.example>"}}};
	const struct verdict *v;
	struct session *s;
	struct world w;

	open_world(&w, "mode = monitor\n");
	s = session_new(&w.app);
	v = deliver(s, &forged);
	assert_int_equal(v->decision.action, ACTION_MARK);
	assert_int_equal(v->decision.wanted, ACTION_REJECT);
	assert_non_null(strstr(v->stamp.field, "dmarc=fail"));
	session_free(s);
	app_close(&w.app);
}

/* R40 */
static void keeps_fields_with_our_id_only_from_trusted_networks(void **state)
{
	static const struct {
		const char *client;
		bool authenticated;
		size_t removed;
	} rows[] = {{"192.0.2.1", false, 1}, {"192.0.2.1", true, 1}, {"127.0.0.1", false, 0}};
	struct mail m = {.helo = "mx.a.example",
			 .from = "<b@a.example>",
			 .header = {{"Authentication-Results", " here.example; dmarc=pass"},
				    {"From", " <x@a.example>"},
				    {"Authentication-Results", " there.example; dmarc=pass"}}};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct session *s;
		struct world w;

		open_world(&w, "authserv_id = here.example\n");
		s = session_new(&w.app);
		m.client = rows[i].client;
		m.authenticated = rows[i].authenticated;
		assert_int_equal(deliver(s, &m)->stamp.results.count, rows[i].removed);
		session_free(s);
		app_close(&w.app);
	}
}

static void counts_what_the_two_discoveries_disagree_on(void **state)
{
	static const struct {
		const char *from;
		uint64_t differences;
	} rows[] = {{" x@a.example", 0},
		    {" x@deep.below.a.example", 0},
		    {" x@child.giant.example.co.uk", 1}};
	struct mail m = {
	    "192.0.2.9", "mx.evil.example", "<b@evil.example>", false, {{"From", NULL}}};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct session *s;
		struct world w;

		open_world(
		    &w, "compare_discovery = yes\n"
			"public_suffix_list = /usr/share/publicsuffix/public_suffix_list.dafsa\n");
		fake_resolver_add(w.dns, "_dmarc.giant.example.co.uk", DNS_TXT,
				  "v=DMARC1; p=reject; psd=n");
		s = session_new(&w.app);
		m.header[0][1] = rows[i].from;
		deliver(s, &m);
		assert_int_equal(metrics_get(&w.app.metrics, METRIC_DISCOVERY_DIFFERENCES),
				 rows[i].differences);
		session_free(s);
		app_close(&w.app);
	}
}

static bool count_messages(void *arg, const struct store_policy *p)
{
	*(int64_t *)arg += p->messages;
	return true;
}

/* Mail to our own report address is judged, but causes no report about itself. */
static void counts_for_reports_but_not_answers_to_them(void **state)
{
	static const struct {
		const char *config;
		int64_t counted;
	} rows[] = {
	    {"", 1},
	    {"report_from = user@there.example\n", 1},
	    {"report_from = User@here.example\n", 0},
	};
	static const struct mail good = {
	    "192.0.2.1", "mx.a.example", "<b@a.example>", false, {{"From", " <x@a.example>"}}};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int64_t messages = 0, today = noon.now / 86400;
		struct session *s;
		void *place;
		struct world w;

		assert_int_equal(store_place_new(&place), 0);
		open_world(&w, rows[i].config);
		w.app.store = open_store(place, true);
		s = session_new(&w.app);
		assert_int_equal(deliver(s, &good)->decision.action, ACTION_ACCEPT);
		assert_true(store_policies(w.app.store, today, today, "a.example", count_messages,
					   &messages, NULL));
		assert_int_equal(messages, rows[i].counted);
		session_free(s);
		app_close(&w.app);
		assert_int_equal(store_place_free(&place), 0);
	}
}

static void survives_a_hang_up_at_every_stage(void **state)
{
	static const struct mail good = {
	    "192.0.2.1", "mx.a.example", "<b@a.example>", false, {{"From", " <x@a.example>"}}};
	struct addr client;
	struct decision early;
	struct world w;

	open_world(&w, "");
	assert_true(addr_parse("192.0.2.1", &client));
	for (int stage = 0; stage < 9; stage++) {
		struct session *s = session_new(&w.app);

		if (stage > 0)
			session_connect(s, &client, "unknown", &early);
		if (stage > 1)
			session_helo(s, "mx.a.example");
		if (stage > 2)
			session_mail(s, "<b@a.example>", false, &early);
		if (stage > 3)
			session_rcpt(s, "<u@here.example>");
		if (stage > 4)
			session_header(s, "From", " <x@a.example>");
		if (stage > 5)
			session_end_header(s);
		if (stage > 6)
			session_reset(s);
		if (stage > 7) /* and it still works */
			assert_int_equal(deliver(s, &good)->decision.action, ACTION_ACCEPT);
		session_free(s);
	}
	app_close(&w.app);
}

static void judges_each_message_of_a_connection_anew(void **state)
{
	static const struct mail good = {
	    "192.0.2.1", "mx.a.example", "<b@a.example>", false, {{"From", " <x@a.example>"}}};
	static const struct mail forged = {
	    "192.0.2.1", "mx.a.example", "<b@evil.example>", false, {{"From", " <x@q.example>"}}};
	struct session *s;
	struct world w;

	open_world(&w, "");
	s = session_new(&w.app);
	assert_int_equal(deliver(s, &good)->decision.action, ACTION_ACCEPT);
	assert_int_equal(deliver(s, &forged)->decision.action, ACTION_QUARANTINE);
	session_reset(s);
	assert_int_equal(deliver(s, &good)->decision.action, ACTION_ACCEPT);
	session_free(s);
	app_close(&w.app);
}

/* D07 */
static void refuses_a_header_that_hides_a_second_author(void **state)
{
	struct decision early;
	struct addr client;
	struct session *s;
	struct world w;

	open_world(&w, "");
	assert_true(addr_parse("192.0.2.1", &client));
	s = session_new(&w.app);
	session_connect(s, &client, "unknown", &early);
	session_helo(s, "mx.a.example");
	session_mail(s, "<b@a.example>", false, &early);
	session_header(s, "From", " <x@a.example>");
	for (int i = 0; i < 10000; i++)
		session_header(s, "X-Filler", " x");
	session_header(s, "From", " <y@evil.example>");
	session_end_header(s);
	assert_int_equal(session_end(s, NULL)->decision.action, ACTION_REJECT);
	session_free(s);
	app_close(&w.app);
}

static void puts_off_what_speaks_in_our_name_too_often(void **state)
{
	const struct verdict *v;
	struct decision early;
	struct session *s;
	struct addr client;
	struct world w;

	open_world(&w, "mode = monitor\nauthserv_id = here.example\n");
	assert_true(addr_parse("192.0.2.1", &client));
	s = session_new(&w.app);
	for (size_t more = 0; more < 2; more++) {
		session_connect(s, &client, "unknown", &early);
		session_helo(s, "mx.a.example");
		session_mail(s, "<b@a.example>", false, &early);
		session_header(s, "From", " <x@a.example>");
		for (size_t i = 0; i < MAX_UNWANTED_FIELDS + more; i++)
			session_header(s, "Authentication-Results", " here.example; dmarc=pass");
		session_end_header(s);
		v = session_end(s, NULL);
		assert_int_equal(v->decision.action == ACTION_TEMPFAIL, more);
		if (more)
			assert_string_equal(v->decision.rule, "too many forged fields");
		else
			assert_int_equal(v->stamp.results.count, MAX_UNWANTED_FIELDS);
	}
	session_free(s);
	app_close(&w.app);
}

static void answers_an_end_without_a_beginning(void **state)
{
	struct session *s;
	struct world w;

	open_world(&w, "");
	s = session_new(&w.app);
	session_header(s, "From", " <x@a.example>");
	session_end_header(s);
	assert_int_equal(session_end(s, NULL)->decision.action, ACTION_TEMPFAIL);
	session_free(s);
	app_close(&w.app);
}

static void counts_unknown_recipients_as_an_error(void **state)
{
	struct decision early;
	struct session *s;
	struct addr client;
	char path[64];
	struct world w;

	open_world(&w, "");
	assert_true(addr_parse("192.0.2.1", &client));
	s = session_new(&w.app);
	for (int more = 0; more < 2; more++) {
		session_connect(s, &client, "unknown", &early);
		session_helo(s, "mx.a.example");
		session_mail(s, "<b@a.example>", false, &early);
		for (int i = 0; i < MAX_RECIPIENTS + more; i++) {
			snprintf(path, sizeof(path), "<user%d@here.example>", i);
			session_rcpt(s, path);
		}
		session_header(s, "From", " <x@a.example>");
		session_end_header(s);
		assert_int_equal(session_end(s, NULL)->decision.action,
				 more ? ACTION_TEMPFAIL : ACTION_ACCEPT);
	}
	session_free(s);
	app_close(&w.app);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(decides_by_the_default_rules),
	    cmocka_unit_test(only_marks_in_monitor_mode),
	    cmocka_unit_test(keeps_fields_with_our_id_only_from_trusted_networks),
	    cmocka_unit_test(counts_what_the_two_discoveries_disagree_on),
	    cmocka_unit_test(counts_for_reports_but_not_answers_to_them),
	    cmocka_unit_test(survives_a_hang_up_at_every_stage),
	    cmocka_unit_test(judges_each_message_of_a_connection_anew),
	    cmocka_unit_test(refuses_a_header_that_hides_a_second_author),
	    cmocka_unit_test(puts_off_what_speaks_in_our_name_too_often),
	    cmocka_unit_test(answers_an_end_without_a_beginning),
	    cmocka_unit_test(counts_unknown_recipients_as_an_error),
	};
	return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}
