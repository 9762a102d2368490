/* test_option_text.c - what each option that is text takes, in its normal form, and what is said of
 * anything else. */
#include <stdio.h>
#include <string.h>

#include "config/option_text.h"
#include "support/test.h"

#define LISTEN \
	": must be inet:PORT@ADDRESS such as inet:8892@127.0.0.1, inet6:PORT@[ADDRESS], or " \
	"unix:PATH of at most 107 bytes"
#define NAMESERVER ": must be ADDRESS or ADDRESS@PORT"
#define MAILBOX ": must be an address such as user@example.org"
#define URL ": must be smtp://HOST:PORT or smtps://HOST:PORT"
#define UTF8 " must be text in UTF-8 without control characters"

static void reads_each_kind_into_its_normal_form(void **state)
{
	static const struct {
		const char *name, *value, *normal;
	} rows[] = {
	    {"report_org", "Gr\xc3\xb6\xc3\x9f\x65 \"x\"", "Gr\xc3\xb6\xc3\x9f\x65 \"x\""},
	    {"store", "none", "none"},
	    {"store", "/var/lib/a b", "/var/lib/a b"},
	    {"trust_anchor", "", ""},
	    {"listen", "unix:/run/a b", "unix:/run/a b"},
	    {"listen", "unix:run/relative", "unix:run/relative"},
	    {"listen", "inet:65535@127.0.0.1", "inet:65535@127.0.0.1"},
	    {"listen", "inet:1@mx.example", "inet:1@mx.example"},
	    {"listen", "inet6:1@[::1]", "inet6:1@[::1]"},
	    {"report_from", "A.B@C.Example", "A.B@c.example"},
	    {"report_from", "", ""},
	    {"report_smtp", "smtp://[::1]", "smtp://[::1]"},
	    {"report_smtp", "smtps://relay.example:465", "smtps://relay.example:465"},
	    {"hostname", "MX.B\xc3\xbc\x63her.Example.", "mx.xn--bcher-kva.example"},
	    {"report_domains", "A.example", "a.example"},
	    {"nameserver", "::1@53", "::1@53"},
	    {"nameserver", "127.0.0.1", "127.0.0.1"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct arena a = {NULL};
		struct error why;
		const char *read =
		    option_text_read(&a, option_at(option_find(rows[i].name)), rows[i].value, &why);

		if (read == NULL)
			fail_msg("%s", why.text);
		assert_string_equal(read, rows[i].normal);
		arena_free(&a);
	}
}

static void says_what_it_must_be(void **state)
{
	static const struct {
		const char *name, *value, *error; /* behind "name" if it begins with a blank, else
						     behind "name = value" */
	} rows[] = {
	    {"report_org", "a\nb", UTF8},
	    {"report_org", "\x7f", UTF8},
	    {"report_org", "\xc2\x80", UTF8},
	    {"report_org", "\xff", UTF8},
	    {"listen", "inet:8892", LISTEN},
	    {"listen", "inet:127.0.0.1:8892", LISTEN},
	    {"listen", "inet6:8892@::1", LISTEN},
	    {"listen", "inet:1@[::1]", LISTEN},
	    {"listen", "inet6:1@127.0.0.1", LISTEN},
	    {"listen", "unix:", LISTEN},
	    {"listen", "local:/x", LISTEN},
	    {"listen", "inet:0@127.0.0.1", LISTEN},
	    {"listen", "inet:08@127.0.0.1", LISTEN},
	    {"listen", "inet:65536@127.0.0.1", LISTEN},
	    {"listen", "inet:@127.0.0.1", LISTEN},
	    {"listen", "inet:1@", LISTEN},
	    {"listen", "inet:1@1.2.3", LISTEN},
	    {"authserv_id", "*.example", ": this is no domain name; write it without \"*.\""},
	    {"authserv_id", "a*b", ": this is no domain name"},
	    {"report_sign_selector", "a b", ": this is no domain name"},
	    {"report_domains", "*.example", ": this is no domain name; write it without \"*.\""},
	    {"report_domains", "", ": this is no domain name"},
	    {"nameserver", "localhost", NAMESERVER},
	    {"nameserver", "127.0.0.1@", NAMESERVER},
	    {"nameserver", "127.0.0.1@0", NAMESERVER},
	    {"nameserver", "[::1]", NAMESERVER},
	    {"report_from", "nobody", MAILBOX},
	    {"report_from", "a b@c.example", MAILBOX},
	    {"report_from", "a@*.example", MAILBOX},
	    {"report_from", "a@b@c.example", MAILBOX},
	    {"report_from", "@c.example", MAILBOX},
	    {"report_smtp", "127.0.0.1:25", URL},
	    {"report_smtp", "smtp://user@relay.example", URL},
	    {"report_smtp", "smtp://", URL},
	    {"report_smtp", "smtp://a:", URL},
	    {"report_smtp", "smtp://a/b", URL},
	    {"report_smtp", "smtp://[::1", URL},
	    {"report_smtp", "smtp://::1", URL},
	    {"report_smtp", "http://a", URL},
	    {"report_smtp", "smtp://127.0.0.1:0", URL},
	    {"store", "alignd.db", ": must be a path from the root, /..., or none"},
	    {"trust_anchor", "none", ": must be a path from the root, /..."},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char wanted[ERROR_TEXT_MAX];
		struct arena a = {NULL};
		struct error why;

		if (option_text_read(&a, option_at(option_find(rows[i].name)), rows[i].value,
				     &why) != NULL)
			fail_msg("%s = %s", rows[i].name, rows[i].value);
		snprintf(wanted, sizeof(wanted), "%s%s%s%s", rows[i].name,
			 rows[i].error[0] == ':' ? " = " : "",
			 rows[i].error[0] == ':' ? rows[i].value : "", rows[i].error);
		assert_string_equal(why.text, wanted);
		arena_free(&a);
	}
}

static void a_unix_path_fits_its_address(void **state)
{
	char path[5 + 109] = "unix:/";
	struct arena a = {NULL};
	struct error why;

	memset(path + 6, 'x', 106);
	assert_non_null(option_text_read(&a, option_at(OPTION_ID_listen), path, &why));
	path[5 + 107] = 'x';
	assert_null(option_text_read(&a, option_at(OPTION_ID_listen), path, &why));
	arena_free(&a);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reads_each_kind_into_its_normal_form),
	    cmocka_unit_test(says_what_it_must_be),
	    cmocka_unit_test(a_unix_path_fits_its_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
