/* test_config.c - the configuration: what the reader refuses and how, what arrives and where it
 * came from. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "config/config.h"
#include "support/config_text.h"
#include "support/test.h"

#define DATA "tests/data/config/"

/* -- support -- */

static const char *const named[] = {
    "hostname=mx.here.example"}; /* keeps the tests off the resolver */
static struct config_errors errors;

/* From a heap block of exactly this size. */
static const struct config *load(const char *text, size_t len)
{
	char *copy = malloc(len > 0 ? len : 1);
	const struct config *c;

	assert_non_null(copy);
	memcpy(copy, text, len);
	c = config_load_text("t.conf", copy, len, named, 1, &errors);
	free(copy);
	return c;
}

/* The line that begins with `start`, without its end; "" if there is none. Static. */
static const char *line_of(const char *text, const char *start)
{
	static char line[512];

	for (const char *p = text; p != NULL && *p != '\0';
	     p = strchr(p, '\n') != NULL ? strchr(p, '\n') + 1 : NULL) {
		if (strncmp(p, start, strlen(start)) != 0)
			continue;
		snprintf(line, sizeof(line), "%.*s", (int)strcspn(p, "\n"), p);
		return line;
	}
	return "";
}

/* -- what is refused -- */

static void refuses_each_mistake_with_a_sentence(void **state)
{
	static const struct {
		const char *text, *error;
	} rows[] = {
	    {"frm = 1", "t.conf:1: unknown option \"frm\""},
	    {"listne = x", "t.conf:1: unknown option \"listne\"; did you mean \"listen\"?"},
	    {"from = a.example",
	     "t.conf:1: \"from\" belongs into a rule: rule \"name\" { from = ... }"},
	    {"rule = x", "t.conf:1: rule is no option: in a file write rule \"name\" { ... }"},
	    {"mode monitor", "t.conf:1: = is missing after mode"},
	    {"mode =", "t.conf:1: mode has no value"},
	    {"mode =\nlisten = \"unix:/x\"", "t.conf:1: mode has no value"},
	    {"mode = monitor\nuser = a\nmode = enforce",
	     "t.conf:3: mode is set twice, first in t.conf:1"},
	    {"mode = { monitor }", "t.conf:1: mode takes one value, not a list"},
	    {"mode = monitor, enforce", "t.conf:1: mode: several values need braces: { a, b }"},
	    {"mode = Monitor",
	     "t.conf:1: mode = Monitor: must be monitor or enforce; did you mean monitor?"},
	    {"durable = maybe", "t.conf:1: durable = maybe: must be no or yes"},
	    {"dns_timeout = 5",
	     "t.conf:1: dns_timeout = 5: must be a time with its unit: 500ms, 5s, 10m, 24h or 7d"},
	    {"dns_timeout = 5 s", "t.conf:1: dns_timeout = 5 is followed by s: write the value in "
				  "one piece, or in quotes"},
	    {"dns_timeout = 2h", "t.conf:1: dns_timeout = 2h: must be from 100ms to 1m"},
	    {"dns_timeout = 0", "t.conf:1: dns_timeout = 0: must be from 100ms to 1m"},
	    {"dns_timeout = 99999999999999999999s",
	     "t.conf:1: dns_timeout = 99999999999999999999s: must be a time with its unit: 500ms, "
	     "5s, 10m, 24h or 7d"},
	    {"dns_cache = 10", "t.conf:1: dns_cache = 10: must be from 1M to 4G"},
	    {"max_sessions = 1e3", "t.conf:1: max_sessions = 1e3: must be a whole number"},
	    {"max_sessions = \"\"", "t.conf:1: max_sessions = : must be a whole number"},
	    {"socket_mode = 0888",
	     "t.conf:1: socket_mode = 0888: must be octal permissions such as 0660"},
	    {"socket_mode = 7777",
	     "t.conf:1: socket_mode = 7777: must be octal permissions such as 0660"},
	    {"report_domains = { a.example b.example }",
	     "t.conf:1: a comma is missing before b.example"},
	    {"report_domains = { a.example, , b.example }",
	     "t.conf:1: a value is missing before a comma"},
	    {"report_domains = { a.example\nreport_from = a@b.example",
	     "t.conf:1: the list that begins in line 1 is not closed by }"},
	    {"report_domains = { a.example, { b } }",
	     "t.conf:1: a list inside the list that begins in line 1"},
	    {"report_domains = { \"a.example\"",
	     "t.conf:1: the list that begins in line 1 is not closed by }"},
	    {"trusted_networks = { 10.0.0.1/8 }",
	     "t.conf:1: trusted_networks = 10.0.0.1/8: must be an address or a network such as "
	     "192.0.2.0/24 with zero bits after the prefix"},
	    {"trusted_networks = { 10.0.0.0/33, x }",
	     "t.conf:1: trusted_networks = 10.0.0.0/33: must be an address or a network such as "
	     "192.0.2.0/24 with zero bits after the prefix"},
	    {"user = \"un closed", "t.conf:1: the quoted text is not closed on its line"},
	    {"user = 'x'", "t.conf:1: \"'\" has to stand in quotes"},
	    {"user = bücher # x", "t.conf:1: bücher has letters outside ASCII: put it in quotes"},
	    {"authserv_id = “mx.example”",
	     "t.conf:1: typographic quotes are part of the word: write plain ones, \"...\""},
	    {"größe = 1", "t.conf:1: größe has letters outside ASCII: put it in quotes"},
	    {"user = a;", "t.conf:1: \";\" has to stand in quotes"},
	    {"user = a#b", "t.conf:1: \"#\" inside a word: put the value in quotes"},
	    {"user = a\"b\"", "t.conf:1: \"\"\" inside a word: put the value in quotes"},
	    {"}", "t.conf:1: a } without its {"},
	    {"{", "t.conf:1: an option's name was expected, not {"},
	    {"=", "t.conf:1: an option's name was expected, not ="},
	    {"\"quoted\" = x", "t.conf:1: an option's name was expected, not quoted"},
	    {"include",
	     "t.conf:1: include needs the name of a file on its line: include \"conf.d/*.conf\""},
	    {"include \"nofile.conf\"",
	     "t.conf:1: cannot read nofile.conf: No such file or directory"},
	    {"include = x", "t.conf:1: include is no option: in a file write include \"file\""},
	    {"rule { action = accept }", "t.conf:1: a rule needs a name: rule \"name\" { ... }"},
	    {"rule \"a b\" { action = accept }",
	     "t.conf:1: rule \"a b\": a rule's name must have 1 to 64 letters, digits, hyphens, "
	     "underscores or dots"},
	    {"rule \"\" { action = accept }", "t.conf:1: rule \"\": a rule's name must have 1 to "
					      "64 letters, digits, hyphens, underscores or dots"},
	    {"rule \"a\" action = accept", "t.conf:1: a rule is written rule \"name\" { ... }"},
	    {"rule \"a\" { action = accept", "t.conf:1: this rule is not closed by }"},
	    {"rule \"a\" { action = accept\nrule \"b\" { action = reject }",
	     "t.conf:2: the rule of line 1 is not closed by } before this one"},
	    {"rule \"a\" { dmarc = { fail } action = accept\ninclude \"x\"",
	     "t.conf:2: the rule of line 1 is not closed by } before include"},
	    {"rule \"a\" { }", "t.conf:1: rule \"a\" has no action"},
	    {"rule \"a\" { form = x.example action = accept }",
	     "t.conf:1: a rule has no \"form\"; did you mean \"from\"?"},
	    {"rule \"a\" { mode = monitor action = accept }",
	     "t.conf:1: mode is an option and has no place in a rule: is a } missing before it?"},
	    {"rule \"a\" { from = { } action = accept }", "t.conf:1: from: the list is empty"},
	    {"rule \"a\" { list = { yes } action = accept }",
	     "t.conf:1: list takes one value, not a list"},
	    {"rule \"a\" { dmarc = fail dmarc = pass action = accept }",
	     "t.conf:1: dmarc is set twice in this rule, first in line 1"},
	    {"rule \"a\" { action = accept code = \"550 5.7.1\" }",
	     "t.conf:1: rule \"a\": code is for reject and tempfail, not for action = accept"},
	    {"rule \"a\" { action = mark text = \"x\" }",
	     "t.conf:1: rule \"a\": text is for reject and tempfail, not for action = mark"},
	    {"rule \"a\" { action = reject code = \"451 4.7.1\" }",
	     "t.conf:1: rule \"a\": code = 451 4.7.1: action = reject needs codes that begin with "
	     "5"},
	    {"rule \"a\" { action = on_error code = \"550 5.7.1\" }",
	     "t.conf:1: rule \"a\": code = 550 5.7.1: action = on_error needs codes that begin "
	     "with 4"},
	    {"rule \"a\" { action = reject stage = connect from = x.example }",
	     "t.conf:1: rule \"a\": from is not known at stage = connect"},
	    {"rule \"a\" { action = reject stage = connect helo = invalid }",
	     "t.conf:1: rule \"a\": helo is not known at stage = connect"},
	    {"rule \"a\" { action = quarantine stage = mail }",
	     "t.conf:1: rule \"a\": stage is for skip, reject and tempfail, not for action = "
	     "quarantine"},
	    {"rule \"a\" { action = reject dmarc = temperror }",
	     "t.conf:1: rule \"a\": action = reject with dmarc = temperror: the failure is "
	     "temporary, use tempfail"},
	    {"rule \"a\" { action = reject internal_error = yes }",
	     "t.conf:1: rule \"a\": action = reject with internal_error = yes: the failure is "
	     "temporary, use tempfail"},
	    {"rule \"a\" { action = tempfail dkim = { fail, temperror } }",
	     "t.conf:1: rule \"a\": action = tempfail with dkim = fail: the signature will not "
	     "become better (RFC 6376 6.3)"},
	    {"rule \"a\" { action = accept } rule \"b\" { action = reject }",
	     "t.conf:1: rule \"b\" is never reached: rule \"a\" in t.conf:1 has no condition"},
	    {"rule \"a\" { list = yes action = accept }\nrule \"a\" { action = reject }",
	     "t.conf:2: there is a rule \"a\" already, in t.conf:1"},
	    {"rule \"a\" { list = yes action = accept };",
	     "t.conf:1: \";\" has to stand in quotes"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct config *c = load(rows[i].text, strlen(rows[i].text));

		if (c != NULL)
			fail_msg("accepted: %s", rows[i].text);
		if (errors.count != 1 || strcmp(errors.item[0].text, rows[i].error) != 0)
			fail_msg("row %zu: %s\n%zu errors, the first: %s", i, rows[i].text,
				 errors.count, errors.item[0].text);
	}
}

static void accepts_what_is_right(void **state)
{
	static const char *const rows[] = {
	    "",
	    "\n\n# nothing\n",
	    "mode=monitor user=alignd # blanks around = are not needed",
	    "dns_timeout = 5s dns_cache = 32M",
	    "dns_cache = 1G dns_timeout = 1000ms",
	    "max_sessions = 010",
	    "socket_mode = 660",
	    "listen = inet:8892@localhost",
	    "listen = inet6:8892@[::1]",
	    "authserv_id = Mx.Example.",
	    "report_domains = { # comment \"x\" }\n a.example, # more\n b.example,\n}",
	    "trusted_networks = 10.0.0.0/8",
	    "nameserver = { 127.0.0.1@5353, \"::1@53\", \"::1\" }",
	    "report_smtp = smtps://[::1]:465",
	    "report_smtp = smtp://relay.example",
	    "store = none",
	    "include \"nodir/*.conf\"",
	    "rule \"a\" { action = reject stage = mail helo = invalid }",
	    "user = $HOME",
	    "user = ~root",
	    "report_org = \"Gr\xc3\xb6\xc3\x9f"
	    "e \\\"x\\\\y\\\"\"",
	    "rule \"a\" { from = { \"b\xc3\xbc"
	    "cher.example\" } action = accept } mode = monitor",
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		config_unref(config_of(rows[i]));
}

static void refuses_bytes_that_have_no_place_in_text(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		const char *error;
	} rows[] = {
	    {"\xef\xbb\xbf"
	     "mode = monitor",
	     17, NULL}, /* a byte order mark */
	    {"\xef\xbb", 2, "t.conf:1: \\xef\\xbb has letters outside ASCII: put it in quotes"},
	    {"mode = \xef\xbb\xbfmonitor", 17,
	     "t.conf:1: \xef\xbb\xbfmonitor has letters outside ASCII: put it in quotes"},
	    {"\xff\xfem\0o\0", 6, "t.conf: is UTF-16, but must be UTF-8"},
	    {"\xfe\xff\0m\0o", 6, "t.conf: is UTF-16, but must be UTF-8"},
	    {"mode = monitor\r\n# x\r\nuser = \"a\"\r\n", 33, NULL},
	    {"mode = monitor\ruser = a", 23, "t.conf:1: \\x0d is a control character"},
	    {"mode = monitor # a\ruser = b", 27, "t.conf:1: \\x0d is a control character"},
	    {"mode = monitor\0", 15, "t.conf:1: \\x00 is a control character"},
	    {"\0", 1, "t.conf:1: \\x00 is a control character"},
	    {"# a\0b", 5, "t.conf:1: \\x00 is a control character"},
	    {"user = \"a\0b\"", 12, "t.conf:1: the quoted text has a control character"},
	    {"user = \"a\x7f\"", 10, "t.conf:1: the quoted text has a control character"},
	    {"user = \"a\r\n", 11, "t.conf:1: the quoted text is not closed on its line"},
	    {"user = \"a\\", 10,
	     "t.conf:1: a backslash in a quoted text must be followed by \" or \\"},
	    {"report_org = \"\xff\"", 16,
	     "t.conf:1: report_org must be text in UTF-8 without control characters"},
	    {"report_org = \"\xc0\xaf\"", 17,
	     "t.conf:1: report_org must be text in UTF-8 without control characters"},
	    {"report_org = \"\xed\xa0\x80\"", 18,
	     "t.conf:1: report_org must be text in UTF-8 without control characters"},
	    {"report_org = \"\xe2\x82\"", 17,
	     "t.conf:1: report_org must be text in UTF-8 without control characters"},
	    {"report_org = \"\xf0\x9f\x93\xa7\"", 19, NULL},
	    {"\x1b[31m = 1", 9, "t.conf:1: \\x1b is a control character"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct config *c = load(rows[i].text, rows[i].len);

		if ((c == NULL) != (rows[i].error != NULL))
			fail_msg("row %zu: %s", i, c == NULL ? errors.item[0].text : "accepted");
		if (c == NULL)
			assert_string_equal(errors.item[0].text, rows[i].error);
		config_unref(c);
	}
}

/* tests/data/config/FILE.conf gives the errors in FILE.txt, one a line. */
static void tells_all_errors_of_a_file_at_once(void **state)
{
	char said[CONFIG_MAX_ERRORS * ERROR_TEXT_MAX], wanted[sizeof(said)];
	size_t n = 0;
	FILE *f = fopen(DATA "many-errors.txt", "r");

	assert_non_null(f);
	wanted[fread(wanted, 1, sizeof(wanted) - 1, f)] = '\0';
	fclose(f);
	assert_null(config_load(DATA "many-errors.conf", named, 1, &errors));
	for (size_t i = 0; i < errors.count; i++)
		n += (size_t)snprintf(said + n, sizeof(said) - n, "%s\n", errors.item[i].text);
	assert_string_equal(said, wanted);
	assert_false(errors.more);
}

static void stops_at_enough_errors(void **state)
{
	char text[1000] = "";

	for (int i = 0; i < 30; i++)
		strcat(text, "modes = 1\n");
	assert_null(load(text, strlen(text)));
	assert_int_equal(errors.count, CONFIG_MAX_ERRORS);
	assert_true(errors.more);
	assert_string_equal(errors.item[19].text,
			    "t.conf:20: unknown option \"modes\"; did you mean \"mode\"?");
}

static void tells_what_is_wrong_with_files(void **state)
{
	static const struct {
		const char *path, *error;
	} rows[] = {
	    {"tests/data/config/none.conf",
	     "cannot read tests/data/config/none.conf: No such file or directory"},
	    {"tests/data/config", "cannot read tests/data/config: Is a directory"},
	    {DATA "loop.conf", DATA "loop.conf:3: include more than 4 files deep"},
	    {DATA "include.conf", DATA "include.conf:1: cannot read " DATA
				       "inc/missing.conf: No such file or directory"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_null(config_load(rows[i].path, named, 1, &errors));
		assert_string_equal(errors.item[0].text, rows[i].error);
	}
	assert_int_equal(errors.count, 4); /* of include.conf */
	assert_string_equal(errors.item[1].text,
			    DATA "inc/bad.conf:1: mode = bad: must be monitor or enforce");
	assert_string_equal(errors.item[2].text, DATA "inc/bad.conf:3: rule \"r\" has no action");
	assert_string_equal(errors.item[3].text,
			    DATA "include.conf:3: cannot read " DATA "inc: Is a directory");
}

static void makes_odd_bytes_of_names_visible(void **state)
{
	assert_null(config_load("no\n\x1b[31m\xff", NULL, 0, &errors));
	assert_string_equal(errors.item[0].text,
			    "cannot read no\\x0a\\x1b[31m\\xff: No such file or directory");
}

/* -- what arrives -- */

static void values_arrive_in_their_types(void **state)
{
	const struct config *c = config_of(
	    "listen = unix:/run/alignd/milter socket_mode = 0600 user = alignd\n"
	    "mode = monitor log_level = debug log_target = stderr durable = no\n"
	    "dns_timeout = 1500ms message_deadline = 1m keep = 30d dns_cache = 2G header_limit = "
	    "64k\n"
	    "max_sessions = 12 authserv_id = \"MX.B\xc3\xbc"
	    "cher.example.\"\n"
	    "trusted_networks = { 10.0.0.0/8, 2001:db8::1 } nameserver = \"::1@5353\"\n"
	    "report_domains = { A.example, \"b.example.\" } trusted_sealers = { }\n"
	    "report_from = \"DMARC@Example.ORG\" report_org = \"A \\\"B\\\" \\\\ C\"\n"
	    "quarantine_by = hold report_to = listed report_format = rfc7489 on_error = accept\n"
	    "discovery = psl trust_anchor = /etc/unbound/root.key\n");

	assert_string_equal(c->listen, "unix:/run/alignd/milter");
	assert_int_equal(c->socket_mode, 0600);
	assert_int_equal(c->mode, CONFIG_MONITOR);
	assert_int_equal(c->log_level, LOG_LEVEL_DEBUG);
	assert_int_equal(c->log_target, CONFIG_LOG_STDERR);
	assert_false(c->durable);
	assert_int_equal(c->dns_timeout, 1500);
	assert_int_equal(c->message_deadline, 60000);
	assert_int_equal(c->keep, 30 * INT64_C(86400000));
	assert_int_equal(c->dns_cache, INT64_C(2147483648));
	assert_int_equal(c->header_limit, 65536);
	assert_int_equal(c->max_sessions, 12);
	assert_string_equal(c->authserv_id, "mx.xn--bcher-kva.example");
	assert_string_equal(c->hostname, "mx.here.example");
	assert_int_equal(c->trusted_networks.count, 2);
	assert_int_equal(c->trusted_networks.item[0].bits, 8);
	assert_int_equal(c->trusted_networks.item[1].bits, 128);
	assert_int_equal(c->nameserver.count, 1);
	assert_string_equal(c->nameserver.item[0], "::1@5353");
	assert_int_equal(c->report_domains.count, 2);
	assert_string_equal(c->report_domains.item[0], "a.example");
	assert_string_equal(c->report_domains.item[1], "b.example");
	assert_int_equal(c->trusted_sealers.count, 0);
	assert_string_equal(c->report_from, "DMARC@example.org");
	assert_string_equal(c->report_org, "A \"B\" \\ C");
	assert_int_equal(c->quarantine_by, CONFIG_QUARANTINE_HOLD);
	assert_int_equal(c->report_to, CONFIG_REPORT_LISTED);
	assert_int_equal(c->report_format, CONFIG_REPORT_RFC7489);
	assert_int_equal(c->on_error, CONFIG_FAILURE_ACCEPT);
	assert_int_equal(c->discovery, DISCOVERY_PSL);
	assert_string_equal(c->trust_anchor, "/etc/unbound/root.key");
	config_unref(c);
}

static void without_a_file_the_defaults_hold(void **state)
{
	const struct config *c = config_load(NULL, named, 1, &errors);

	assert_non_null(c);
	assert_string_equal(c->listen, "inet:8892@127.0.0.1");
	assert_int_equal(c->mode, CONFIG_ENFORCE);
	assert_int_equal(c->socket_mode, 0660);
	assert_int_equal(c->message_deadline, 20000);
	assert_int_equal(c->trusted_networks.count, 2);
	assert_int_equal(c->nameserver.count, 0);
	assert_string_equal(c->authserv_id, "mx.here.example");
	assert_string_equal(c->report_from, "");
	assert_memory_equal(c->rules->rule[0]->origin, "default rules:", 14);
	config_unref(c);
}

static void the_host_name_is_the_systems_unless_given(void **state)
{
	const struct config *c = config_load(NULL, NULL, 0, &errors);

	assert_non_null(c);
	assert_string_not_equal(c->hostname, "");
	assert_string_equal(c->authserv_id, c->hostname);
	config_unref(c);
}

static void what_is_read_later_overrides(void **state)
{
	static const char *const overrides[] = {"hostname=mx.here.example",
						"message_deadline = 40s",
						"trusted_networks=10.0.0.0/8, ::1"};
	const struct config *c = config_load(DATA "over/alignd.conf", overrides, 3, &errors);
	char *text;

	if (c == NULL)
		fail_msg("%s", errors.item[0].text);
	assert_int_equal(c->mode, CONFIG_ENFORCE);	   /* conf.d/a.conf */
	assert_int_equal(c->log_level, LOG_LEVEL_WARNING); /* conf.d/B.conf */
	assert_int_equal(c->dns_timeout, 3000);		   /* main file, after the include */
	assert_int_equal(c->message_deadline, 40000);	   /* -o */
	assert_int_equal(c->trusted_networks.count, 2);
	assert_int_equal(c->rules->count, 4); /* B before a: by bytes, not by locale */
	assert_string_equal(c->rules->rule[0]->name, "first");
	assert_string_equal(c->rules->rule[1]->name, "b");
	assert_string_equal(c->rules->rule[2]->name, "a");
	assert_string_equal(c->rules->rule[3]->name, "last");
	text = config_shown(c);
	assert_non_null(strstr(line_of(text, "mode ="), "# " DATA "over/conf.d/a.conf:1"));
	assert_non_null(strstr(line_of(text, "dns_timeout ="), "# " DATA "over/alignd.conf:6"));
	assert_non_null(strstr(line_of(text, "message_deadline ="), "# -o"));
	assert_non_null(strstr(line_of(text, "keep ="), "# default"));
	assert_non_null(strstr(text, "\n# " DATA "over/conf.d/B.conf:4\nrule \"b\" {\n"));
	free(text);
	config_unref(c);
}

static void overrides_on_the_command_line_are_checked_alike(void **state)
{
	static const struct {
		const char *text, *error;
	} rows[] = {
	    {"mode=monitor", NULL},
	    {"mode = monitor", NULL},
	    {"report_org=A B \"C\"", NULL},
	    {"report_org=\"A B\"", NULL},
	    {"nameserver=::1,127.0.0.1", NULL},
	    {"nameserver={ \"::1\" }", NULL},
	    {"nameserver=", NULL},
	    {"report_from=", NULL},
	    {"mode=off", "-o: mode = off: must be monitor or enforce"},
	    {"mod=monitor", "-o: unknown option \"mod\"; did you mean \"mode\"?"},
	    {"mode", "-o: must be followed by key=value"},
	    {"=x", "-o: must be followed by key=value"},
	    {"", "-o: must be followed by key=value"},
	    {"rule=x", "-o: rule is no option: in a file write rule \"name\" { ... }"},
	    {"nameserver={ ::1", "-o: the list that begins in line 1 is not closed by }"},
	    {"nameserver={ ::1 } mode = monitor", "-o: nameserver is followed by something else"},
	    {"user=\"a\"\nmode=monitor", "-o: user is followed by something else"},
	    {"mode={ monitor }", "-o: mode takes one value, not a list"},
	    {"user=a\nb", "-o: user must be text in UTF-8 without control characters"},
	    {"reports=yes", "-o: reports = yes needs report_from"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *const overrides[] = {"hostname=mx.here.example", rows[i].text};
		const struct config *c = config_load(NULL, overrides, 2, &errors);

		if ((c == NULL) != (rows[i].error != NULL))
			fail_msg("%s: %s", rows[i].text,
				 c == NULL ? errors.item[0].text : "accepted");
		if (c == NULL)
			assert_string_equal(errors.item[0].text, rows[i].error);
		config_unref(c);
	}
}

/* -- hostile and busy -- */

/* A megabyte of anything is read or refused within a second. */
static void large_hostile_files_end_soon(void **state)
{
	static const struct {
		const char *before, *repeat, *after;
	} rows[] = {
	    {"", "}", ""},
	    {"", "{", ""},
	    {"", "=", ""},
	    {"", ",", ""},
	    {"", "\"", ""},
	    {"", "#", ""},
	    {"", "\\", ""},
	    {"", "a", ""},
	    {"", "a ", ""},
	    {"", "a=", ""},
	    {"", "\n", ""},
	    {"", "a\n", ""},
	    {"", "rule ", ""},
	    {"", "rule{", ""},
	    {"", "rule \"a\" {", ""},
	    {"", "include ", ""},
	    {"rule \"a\" { ", "from = ", ""},
	    {"rule \"a\" { from = { ", "a.example, ", "} action = accept }"},
	    {"nameserver = { ", "{ ", "}"},
	    {"nameserver = { ", "}", ""},
	    {"nameserver = { ", "a ", ""},
	    {"report_domains = { ", "a.example,", "}"},
	    {"user = \"", "a", "\""},
	    {"user = \"", "\\\"", "\""},
	    {"user = ", "a", ""},
	    {"mode = monitor", " ", ""},
	    {"report_domains = { ", "# x\n", "}"},
	    {"rule \"a\" { ", "# x\n", ""},
	    {"", "mode = x # x\n", ""},
	    {"", "\"a\" ", ""},
	    {"", "a = { ", ""},
	    {"", "a = b c\n", ""},
	};
	/* a checker takes its time */
	const clock_t most = (getenv("ALIGND_UNDER") != NULL ? 60 : 1) * CLOCKS_PER_SEC;
	char *text = malloc(1048576);

	assert_non_null(text);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		size_t before = strlen(rows[i].before), n = strlen(rows[i].repeat),
		       after = strlen(rows[i].after);
		clock_t start = clock();

		memcpy(text, rows[i].before, before);
		for (size_t at = before; at < 1048576 - after; at++)
			text[at] = rows[i].repeat[(at - before) % n];
		memcpy(text + 1048576 - after, rows[i].after, after);
		config_unref(config_load_text("t.conf", text, 1048576, named, 1, &errors));
		if (clock() - start > most)
			fail_msg("row %zu: %s", i, rows[i].repeat);
	}
	free(text);
	assert_null(config_load_text("t.conf", "", 1048577, named, 1, &errors));
	assert_string_equal(errors.item[0].text, "t.conf: larger than 1 MB");
}

static void too_many_rules_are_refused_soon(void **state)
{
	size_t size = 1000000, n = 0;
	char *text = malloc(size);

	assert_non_null(text);
	for (int i = 0; n + 60 < size; i++)
		n += (size_t)sprintf(text + n, "rule \"r%d\" { list = yes action = mark }\n", i);
	assert_null(load(text, n));
	assert_string_equal(errors.item[0].text, "t.conf:1001: more than 1000 rules");
	assert_int_equal(errors.count, CONFIG_MAX_ERRORS);
	n = 0;
	for (int i = 0; i < 1000; i++)
		n += (size_t)sprintf(text + n, "rule \"r%d\" { list = yes action = mark }\n", i);
	config_unref(config_of(text));
	free(text);
}

static void *busy(void *arg)
{
	const struct config *c = arg;

	for (int i = 0; i < 50; i++) {
		static _Thread_local struct config_errors own;

		config_unref(config_ref(c));
		config_unref(config_load_text("t.conf", "mode = monitor", 14, named, 1, &own));
	}
	config_unref(c);
	return NULL;
}

static void threads_share_and_read_configurations(void **state)
{
	const struct config *c = config_of("user = x");
	pthread_t thread[2];

	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, busy, (void *)config_ref(c)), 0);
	config_unref(c);
	for (int i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	config_unref(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(refuses_each_mistake_with_a_sentence),
	    cmocka_unit_test(accepts_what_is_right),
	    cmocka_unit_test(refuses_bytes_that_have_no_place_in_text),
	    cmocka_unit_test(tells_all_errors_of_a_file_at_once),
	    cmocka_unit_test(stops_at_enough_errors),
	    cmocka_unit_test(tells_what_is_wrong_with_files),
	    cmocka_unit_test(makes_odd_bytes_of_names_visible),
	    cmocka_unit_test(values_arrive_in_their_types),
	    cmocka_unit_test(without_a_file_the_defaults_hold),
	    cmocka_unit_test(the_host_name_is_the_systems_unless_given),
	    cmocka_unit_test(what_is_read_later_overrides),
	    cmocka_unit_test(overrides_on_the_command_line_are_checked_alike),
	    cmocka_unit_test(large_hostile_files_end_soon),
	    cmocka_unit_test(too_many_rules_are_refused_soon),
	    cmocka_unit_test(threads_share_and_read_configurations),
	};
	return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
