/* test_reporting.c - from the configuration to what report/ takes. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "session/reporting.h"
#include "support/config_text.h"
#include "support/fake_resolver.h"
#include "support/test.h"

static const struct clock now = {true, 1};

static void open_app(struct app *app, const char *text)
{
	struct error why = {""};

	if (!app_init(app, config_of(text), &now, fake_resolver_new(), NULL, &why))
		fail_msg("%s", why.text);
}

static void takes_every_setting(void **state)
{
	struct reporting r;
	struct error why;
	struct app app;

	open_app(&app, "reports = yes\nreport_from = d@mx.example\nreport_org = \"The Org\"\n"
		       "report_contact = \"https://mx.example/\"\nreport_format = rfc7489\n"
		       "report_to = listed\nreport_domains = { a.example, b.example }\n"
		       "report_smtp = \"smtp://127.0.0.1:26\"\nreport_sendmail = /bin/true\n"
		       "report_max_per_day = 7\nreport_size_limit = 1M\n");
	assert_true(reporting_open(&r, app.current->config, &why));
	assert_string_equal(r.settings.from, "d@mx.example");
	assert_string_equal(r.settings.org, "The Org");
	assert_string_equal(r.settings.contact, "https://mx.example/");
	assert_int_equal(r.settings.format, AGGREGATE_RFC7489);
	assert_int_equal(r.settings.to, REPORT_TO_LISTED);
	assert_int_equal(r.settings.domain_count, 2);
	assert_string_equal(r.settings.domains[1], "b.example");
	assert_string_equal(r.settings.mailer.smtp, "smtp://127.0.0.1:26");
	assert_string_equal(r.settings.mailer.sendmail, "/bin/true");
	assert_string_equal(r.settings.mailer.helo, "mx.here.example");
	assert_int_equal(r.settings.max_per_day, 7);
	assert_int_equal(r.settings.size_limit, 1 << 20);
	assert_null(r.settings.signer);
	reporting_close(&r);
	app_close(&app);
}

static void knows_whom_to_report_to(void **state)
{
	static const struct {
		const char *text;
		enum report_to to;
	} rows[] = {
	    {"", REPORT_TO_EARNED},
	    {"report_to = all\n", REPORT_TO_ALL},
	    {"report_to = listed\nreport_domains = { a.example }\n", REPORT_TO_LISTED},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct reporting r;
		struct error why;
		struct app app;

		open_app(&app, rows[i].text);
		assert_true(reporting_open(&r, app.current->config, &why));
		assert_int_equal(r.settings.to, rows[i].to);
		reporting_close(&r);
		app_close(&app);
	}
}

static void says_that_a_key_cannot_be_used(void **state)
{
	struct error why = {""};
	struct reporting r;
	struct app app;

	open_app(&app, "reports = yes\nreport_from = d@mx.example\n"
		       "report_sign_key = /nonexistent/key.pem\nreport_sign_selector = s\n");
	assert_false(reporting_open(&r, app.current->config, &why));
	assert_non_null(strstr(why.text, "/nonexistent/key.pem"));
	reporting_close(&r);
	app_close(&app);
}

static void checks_key_and_program_if_there_are_to_be_reports(void **state)
{
	static const struct {
		const char *text, *says;
	} rows[] = {
	    {"report_sign_key = /nonexistent/key.pem\nreport_sign_selector = s\n",
	     "/nonexistent/key.pem"},
	    {"report_sendmail = /nonexistent/sendmail\n",
	     "report_sendmail = /nonexistent/sendmail: No such file or directory"},
	    {"report_sendmail = /etc/passwd\n", "Permission denied"},
	    {"report_sendmail = /bin/true\n", NULL},
	};
	char text[256];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct error why = {""};
		struct app app;

		open_app(&app, rows[i].text);
		assert_true(reporting_check(app.current->config, &why)); /* reports = no */
		app_close(&app);
		snprintf(text, sizeof(text), "reports = yes\nreport_from = d@mx.example\n%s",
			 rows[i].text);
		open_app(&app, text);
		assert_int_equal(reporting_check(app.current->config, &why), rows[i].says == NULL);
		if (rows[i].says != NULL && strstr(why.text, rows[i].says) == NULL)
			fail_msg("%s", why.text);
		app_close(&app);
	}
}

/* compare_discovery opens the list too, and reports must not follow it. */
static void uses_the_public_suffix_list_only_for_discovery(void **state)
{
	static const struct {
		const char *option;
		bool psl;
	} rows[] = {
	    {"compare_discovery = yes", false},
	    {"discovery = psl", true},
	};
	char list[PATH_MAX], text[PATH_MAX + 100];

	assert_non_null(realpath("tests/data/dmarc_psl/list.dat", list));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct reporting r;
		struct error why;
		struct app app;
		struct report_run run;

		snprintf(text, sizeof(text), "public_suffix_list = \"%s\"\n%s\n", list,
			 rows[i].option);
		open_app(&app, text);
		assert_true(reporting_open(&r, app.current->config, &why));
		run = reporting_run(&r, &app, app.current);
		assert_ptr_equal(run.resolver, app.resolver);
		assert_int_equal(run.psl != NULL, rows[i].psl);
		reporting_close(&r);
		app_close(&app);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(takes_every_setting),
	    cmocka_unit_test(knows_whom_to_report_to),
	    cmocka_unit_test(says_that_a_key_cannot_be_used),
	    cmocka_unit_test(checks_key_and_program_if_there_are_to_be_reports),
	    cmocka_unit_test(uses_the_public_suffix_list_only_for_discovery),
	};
	return cmocka_run_group_tests_name("reporting", tests, NULL, NULL);
}
