/* test_config_check.c - options that need or contradict others. */
#include "config/config_check.h"
#include "support/config_text.h"
#include "support/test.h"

static void says_what_an_option_needs(void **state)
{
	static const struct {
		const char *text, *error;
	} rows[] = {
	    {"reports = yes", "reports = yes needs report_from"},
	    {"reports = yes report_from = a@b.example store = none",
	     "reports = yes needs a store, not store = none"},
	    {"quarantine_by = redirect", "quarantine_by = redirect needs quarantine_address"},
	    {"quarantine_header = nothing", "quarantine_header must be a header field in "
					    "ASCII such as \"X-Spam-Flag: YES\""},
	    {"report_to = listed", "report_to = listed needs report_domains"},
	    {"report_sendmail = \"/usr/sbin/sendmail -i\"",
	     "report_sendmail is the path of a program, without arguments"},
	    {"report_sign_key = /k", "report_sign_key needs report_sign_selector"},
	    {"report_sign_selector = s", "report_sign_selector needs report_sign_key"},
	    {"dns_timeout = 30s", "dns_timeout is longer than message_deadline"},
	    {"discovery = psl public_suffix_list = \"\"",
	     "discovery = psl and compare_discovery need public_suffix_list"},
	    {"group = x", "group needs user"},
	    {"quarantine_header = \"X-A:b\"",
	     "quarantine_header must be a header field in ASCII such "
	     "as \"X-Spam-Flag: YES\""},
	    {"quarantine_header = \": b\"",
	     "quarantine_header must be a header field in ASCII such as "
	     "\"X-Spam-Flag: YES\""},
	    {"quarantine_header = \"X-A: \"",
	     "quarantine_header must be a header field in ASCII such "
	     "as \"X-Spam-Flag: YES\""},
	    {"quarantine_header = \"X A: b\"",
	     "quarantine_header must be a header field in ASCII such "
	     "as \"X-Spam-Flag: YES\""},
	    {"quarantine_header = \"X-A: \xc3\xa9\"", "quarantine_header must be a header field in "
						      "ASCII such as \"X-Spam-Flag: YES\""},
	    {"compare_discovery = yes public_suffix_list = \"\"",
	     "discovery = psl and compare_discovery need public_suffix_list"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_string_equal(config_error_of(rows[i].text), rows[i].error);
}

static void takes_what_goes_together(void **state)
{
	static const char *const rows[] = {
	    "",
	    "reports = yes report_from = a@b.example",
	    "quarantine_by = redirect quarantine_address = q@b.example",
	    "quarantine_header = \"X-A: b c\"",
	    "report_to = listed report_domains = b.example",
	    "report_sendmail = \"/usr/sbin/sendmail\"",
	    "report_sign_key = /k report_sign_selector = s",
	    "dns_timeout = 20s message_deadline = 20s",
	    "discovery = treewalk public_suffix_list = \"\"",
	    "group = x user = y",
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		config_unref(config_of(rows[i]));
}

/* All of them, each at the place of the option that is to blame. */
static void complains_of_each_at_its_place(void **state)
{
	static const char text[] = "group = x\n\nreport_to = listed\nmessage_deadline = 2s\n";
	static struct config_errors errors;

	assert_null(config_load_text("t.conf", text, sizeof(text) - 1,
				     (const char *const[]){"hostname=mx.example"}, 1, &errors));
	assert_int_equal(errors.count, 3);
	assert_string_equal(errors.item[0].text,
			    "t.conf:3: report_to = listed needs report_domains");
	assert_string_equal(errors.item[1].text,
			    "t.conf:4: dns_timeout is longer than message_deadline");
	assert_string_equal(errors.item[2].text, "t.conf:1: group needs user");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(says_what_an_option_needs),
	    cmocka_unit_test(takes_what_goes_together),
	    cmocka_unit_test(complains_of_each_at_its_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
