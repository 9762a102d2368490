/* test_app.c - the application context and its snapshots. */
#include <string.h>
#include <sysexits.h>

#include "session/app.h"
#include "support/config_text.h"
#include "support/fake_resolver.h"
#include "support/test.h"

static const struct clock now = {true, 1};

static void keeps_a_snapshot_as_long_as_it_is_used(void **state)
{
	struct snapshot *old, *fresh;
	struct error why;
	struct app app;

	assert_true(app_init(&app, config_of("authserv_id = one.example\n"), &now,
			     fake_resolver_new(), NULL, &why));
	old = app_snapshot(&app);
	assert_true(app_reload(&app, config_of("authserv_id = two.example\n"), &why));
	fresh = app_snapshot(&app);
	assert_string_equal(old->config->authserv_id, "one.example");
	assert_string_equal(fresh->config->authserv_id, "two.example");
	snapshot_unref(old);
	app_close(&app);
	assert_string_equal(fresh->config->authserv_id, "two.example");
	snapshot_unref(fresh);
}

static void keeps_the_old_snapshot_if_the_new_one_cannot_be_made(void **state)
{
	struct snapshot *s;
	struct error why = {""};
	struct app app;

	assert_true(app_init(&app, config_of("authserv_id = one.example\n"), &now,
			     fake_resolver_new(), NULL, &why));
	assert_false(app_reload(
	    &app, config_of("discovery = psl\npublic_suffix_list = /nonexistent/psl\n"), &why));
	assert_non_null(strstr(why.text, "/nonexistent/psl"));
	s = app_snapshot(&app);
	assert_string_equal(s->config->authserv_id, "one.example");
	snapshot_unref(s);
	app_close(&app);
}

static void names_the_quarantine_header_only_where_it_is_used(void **state)
{
	static const struct {
		const char *text, *mark;
	} rows[] = {
	    {"", "X-Alignd-Disposition"},
	    {"quarantine_header = \"X-Spam-Flag: YES\"\n", "X-Spam-Flag"},
	    {"quarantine_by = hold\n", ""},
	};
	struct error why;
	struct app app;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_true(
		    app_init(&app, config_of(rows[i].text), &now, fake_resolver_new(), NULL, &why));
		assert_string_equal(app.current->mark, rows[i].mark);
		app_close(&app);
	}
}

static void says_what_cannot_be_opened(void **state)
{
	static const struct {
		const char *text, *says;
		int exit;
	} rows[] = {
	    {"store = /nonexistent/dir/alignd.db\n", "/nonexistent/dir/alignd.db", EX_CANTCREAT},
	    {"store = none\nnameserver = { 127.0.0.1@53 }\ntrust_anchor = /nonexistent/root.key\n",
	     "/nonexistent/root.key", EX_UNAVAILABLE},
	    {"store = none\nnameserver = { 127.0.0.1@53 }\ndiscovery = psl\npublic_suffix_list = "
	     "/nonexistent/psl\n",
	     "/nonexistent/psl", EX_CONFIG},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct error why = {""};
		struct app app;
		int code = 0;

		assert_false(app_open(&app, config_of(rows[i].text), &now, true, &code, &why));
		assert_int_equal(code, rows[i].exit);
		assert_non_null(strstr(why.text, rows[i].says));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(keeps_a_snapshot_as_long_as_it_is_used),
	    cmocka_unit_test(keeps_the_old_snapshot_if_the_new_one_cannot_be_made),
	    cmocka_unit_test(names_the_quarantine_header_only_where_it_is_used),
	    cmocka_unit_test(says_what_cannot_be_opened),
	};
	return cmocka_run_group_tests_name("app", tests, NULL, NULL);
}
