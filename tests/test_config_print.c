/* test_config_print.c - the configuration as text: what is in force, the sample, and what is wrong.
 */
#include <stdlib.h>
#include <string.h>

#include "config/config_print.h"
#include "support/config_text.h"
#include "support/test.h"

static void what_is_shown_reads_back_the_same(void **state)
{
	static const char *const rows[] = {
	    "",
	    "report_org = \"a \\\"b\\\" \\\\ # { } \xc3\xa9\" message_deadline = 1500ms "
	    "dns_timeout = 100ms keep = 48h\n"
	    "dns_cache = 1025k socket_mode = 0007 report_domains = { a.example, b.example }\n"
	    "nameserver = { \"::1@53\" } trusted_networks = { 10.0.0.0/8, 192.0.2.1, ::/0, "
	    "2001:db8::1 }\n",
	    "include \"conf/rules/dmarc.conf\"",
	    "include \"conf/rules/strict.conf\"",
	    "include \"conf/rules/monitor.conf\"",
	    "rule \"r\" { client = { local, 10.0.0.0/8, 192.0.2.1, 2001:db8::/32 } authenticated = "
	    "no\n"
	    " client_name = a.example forwarder = b.example iprev = { permerror, fail } helo = "
	    "invalid\n"
	    " spf = softfail spf_helo = none mail_from = { \"a+b@c.example\", d.example } "
	    "null_sender = no\n"
	    " recipient = x@y.example from = z.example from_status = multiple dkim = none "
	    "dkim_domain = k.example\n"
	    " arc = trusted list = yes dmarc = fail published = reject effective = quarantine "
	    "testing = yes\n"
	    " internal_error = no action = reject reason = other comment = \"say \\\"no\\\" "
	    "\\\\\"\n"
	    " code = \"554 5.7.7\" text = \"100%% no: %{from} %{client}\" }\n"
	    "rule \"s\" { iprev = fail action = tempfail stage = connect }\n"
	    "rule \"t\" { helo = invalid action = reject stage = mail }\n"
	    "rule \"u\" { action = on_temperror }\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct config *c = config_of(rows[i]), *again;
		char *first = config_shown(c), *second;

		again = config_of(first);
		second = config_shown(again);
		drop_comments(first);
		drop_comments(second);
		assert_string_equal(first, second);
		free(first);
		free(second);
		config_unref(c);
		config_unref(again);
	}
}

static void tells_where_the_rules_are_from(void **state)
{
	static const struct {
		const char *text, *wanted;
	} rows[] = {
	    {"", "\n# No file has a rule: these are the default rules.\n\n# default rules:"},
	    {"mode = monitor\nrule \"r\" { action = mark }", "\n\n# t.conf:2\nrule \"r\" {\n"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct config *c = config_of(rows[i].text);
		char *text = config_shown(c);

		if (strstr(text, rows[i].wanted) == NULL)
			fail_msg("row %zu: %s", i, text);
		free(text);
		config_unref(c);
	}
}

static void every_error_is_a_line(void **state)
{
	struct config_errors e = {.count = 2, .item = {{"t.conf:1: no"}, {"t.conf:2: never"}}};
	static const char *const wanted[] = {
	    "alignctl: t.conf:1: no\nalignctl: t.conf:2: never\n",
	    "alignctl: t.conf:1: no\nalignctl: t.conf:2: never\nalignctl: there are more errors\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		size_t len;
		char *said = NULL;
		FILE *f = open_memstream(&said, &len);

		e.more = i == 1;
		config_errors_print(&e, "alignctl", f);
		fclose(f);
		assert_string_equal(said, wanted[i]);
		free(said);
	}
}

/* Take the # away from every option of the sample: it reads, and changes nothing. */
static void the_sample_holds_the_defaults(void **state)
{
	char *sample = written_by(config_sample), *first, *second, *to = sample;
	const struct config *plain = config_of(""), *c;

	for (const char *p = sample; *p != '\0'; p++)
		if (!(*p == '#' && (p == sample || p[-1] == '\n') && p[1] >= 'a' && p[1] <= 'z'))
			*to++ = *p;
	*to = '\0';
	to = strstr(sample, "\nrule \"partner\""); /* the example is no default */
	assert_non_null(to);
	*to = '\0';
	c = config_of(sample);
	first = config_shown(plain);
	second = config_shown(c);
	drop_comments(first);
	drop_comments(second);
	assert_string_equal(first, second);
	free(first);
	free(second);
	free(sample);
	config_unref(plain);
	config_unref(c);
}

static void the_sample_has_every_option(void **state)
{
	static const char *const names[] = {
#define SECTION(title)
#define OPTION(kind, type, name, def, least, most, choices, help) "\n#" #name " = ",
#include "config/options.def"
#undef OPTION
#undef SECTION
	};
	char *sample = written_by(config_sample);

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strstr(sample, names[i]) == NULL)
			fail_msg("%s", names[i]);
	free(sample);
}

static void tells_what_could_not_be_written(void **state)
{
	const struct config *c = config_of("");
	FILE *full = fopen("/dev/full", "w");

	assert_non_null(full);
	setvbuf(full, NULL, _IONBF, 0);
	assert_false(config_show(c, full));
	assert_false(config_sample(full));
	fclose(full);
	config_unref(c);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_shown_reads_back_the_same),
	    cmocka_unit_test(tells_where_the_rules_are_from),
	    cmocka_unit_test(every_error_is_a_line),
	    cmocka_unit_test(the_sample_holds_the_defaults),
	    cmocka_unit_test(the_sample_has_every_option),
	    cmocka_unit_test(tells_what_could_not_be_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
