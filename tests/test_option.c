/* test_option.c - the table of options and their values. Text: test_option_text. Messages:
 * test_config. */
#include <stdlib.h>
#include <string.h>

#include "config/option.h"
#include "support/test.h"

struct fixture {
	struct config c;
	struct arena a;
};

static bool set(struct fixture *x, const char *name, const char *value, struct error *why)
{
	enum option_id id = option_find(name);

	assert_int_not_equal(id, OPTION_COUNT);
	return option_set(&x->c, &x->a, option_at(id), &value, 1, option_is_list(option_at(id)),
			  why);
}

/* Each value prints in one normal form. */
static void values_print_in_their_normal_form(void **state)
{
	static const struct {
		const char *name, *value, *printed;
	} rows[] = {
	    {"dns_timeout", "100ms", "100ms"},
	    {"dns_timeout", "1000ms", "1s"},
	    {"dns_timeout", "60s", "1m"},
	    {"message_deadline", "90s", "90s"},
	    {"keep", "48h", "2d"},
	    {"keep", "49h", "49h"},
	    {"dns_cache", "1048576", "1M"},
	    {"dns_cache", "1024k", "1M"},
	    {"dns_cache", "1025K", "1025k"},
	    {"dns_cache", "4G", "4G"},
	    {"dns_cache", "1048577", "1048577"},
	    {"spf_void_limit", "0", "0"},
	    {"spf_void_limit", "007", "7"},
	    {"max_sessions", "100000", "100000"},
	    {"socket_mode", "660", "0660"},
	    {"socket_mode", "0007", "0007"},
	    {"mode", "monitor", "monitor"},
	    {"durable", "no", "no"},
	    {"user", "a\"b\\c", "\"a\\\"b\\\\c\""},
	    {"trusted_networks", "2001:DB8::/32", "{ 2001:db8::/32 }"},
	    {"trusted_networks", "::ffff:192.0.2.1", "{ 192.0.2.1 }"},
	    {"nameserver", "::1@53", "{ \"::1@53\" }"},
	    {"report_domains", "A.example", "{ \"a.example\" }"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct fixture x = {.a = {NULL}};
		struct strbuf out;
		struct error why;

		if (!set(&x, rows[i].name, rows[i].value, &why))
			fail_msg("%s", why.text);
		strbuf_init(&out, 1000);
		option_print(&x.c, option_at(option_find(rows[i].name)), &out);
		assert_string_equal(strbuf_text(&out), rows[i].printed);
		strbuf_free(&out);
		arena_free(&x.a);
	}
}

static void bounds_are_inside_the_range(void **state)
{
	static const struct {
		const char *name, *value;
		bool good;
	} rows[] = {
	    {"dns_timeout", "99ms", false},
	    {"dns_timeout", "60001ms", false},
	    {"dns_timeout", "60000ms", true},
	    {"message_deadline", "120s", true},
	    {"message_deadline", "121s", false},
	    {"dkim_max_signatures", "1", true},
	    {"dkim_max_signatures", "0", false},
	    {"dkim_max_signatures", "16", true},
	    {"dkim_max_signatures", "17", false},
	    {"dkim_min_bits", "1023", false},
	    {"dns_cache", "4097M", false},
	    {"dns_cache", "1048575", false},
	    {"max_sessions", "-1", false},
	    {"max_sessions", "+1", false},
	    {"max_sessions", " 1", false},
	    {"max_sessions", "1 ", false},
	    {"max_sessions", "0x10", false},
	    {"max_sessions", "1k", false},
	    {"max_sessions", "18446744073709551617", false},
	    {"dns_cache", "99999999999999999G", false},
	    {"keep", "999999999999999999d", false},
	    {"keep", "d", false},
	    {"keep", "1.5d", false},
	    {"keep", "1w", false},
	    {"dns_timeout", "1S", false},
	    {"dns_timeout", "1sec", false},
	    {"store", "", false},
	    {"trust_anchor", "", true},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct fixture x = {.a = {NULL}};
		struct error why;

		if (set(&x, rows[i].name, rows[i].value, &why) != rows[i].good)
			fail_msg("%s = %s", rows[i].name, rows[i].value);
		arena_free(&x.a);
	}
}

static void every_option_and_title_has_an_entry(void **state)
{
	size_t options = 0, titles = 0;

	assert_non_null(option_entry_at(0)->title);
	for (size_t i = 0; option_entry_at(i) != NULL; i++) {
		titles += option_entry_at(i)->title != NULL;
		if (option_entry_at(i)->title == NULL)
			assert_int_equal(option_entry_at(i)->id, options++);
	}
	assert_int_equal(options, OPTION_COUNT);
	assert_true(titles > 5);
}

static void a_refused_value_leaves_the_old_one(void **state)
{
	struct fixture x = {.a = {NULL}};
	static const char *const bad[] = {"10.0.0.0/8", "10.0.0.1/8"};
	struct error why;

	assert_true(set(&x, "dns_timeout", "5s", &why));
	assert_false(set(&x, "dns_timeout", "0", &why));
	assert_int_equal(x.c.dns_timeout, 5000);
	assert_true(set(&x, "trusted_networks", "192.0.2.1", &why));
	assert_false(
	    option_set(&x.c, &x.a, option_at(OPTION_ID_trusted_networks), bad, 2, true, &why));
	assert_int_equal(x.c.trusted_networks.count, 1);
	assert_true(set(&x, "hostname", "a.example", &why));
	assert_false(set(&x, "hostname", "*", &why));
	assert_string_equal(x.c.hostname, "a.example");
	arena_free(&x.a);
}

static void lists_have_a_bound(void **state)
{
	struct fixture x = {.a = {NULL}};
	static const char *const values[] = {"::1", "::2", "::3", "::4", "::5",
					     "::6", "::7", "::8", "::9"};
	struct error why;

	assert_true(option_set(&x.c, &x.a, option_at(OPTION_ID_nameserver), values, 8, true, &why));
	assert_false(
	    option_set(&x.c, &x.a, option_at(OPTION_ID_nameserver), values, 9, true, &why));
	assert_string_equal(why.text, "nameserver has more than 8 entries");
	assert_int_equal(x.c.nameserver.count, 8);
	arena_free(&x.a);
}

static void ranges_are_told_for_numbers(void **state)
{
	struct strbuf out;

	strbuf_init(&out, 100);
	assert_true(option_range(option_at(OPTION_ID_message_deadline), &out));
	assert_string_equal(strbuf_text(&out), "1s to 2m");
	assert_false(option_range(option_at(OPTION_ID_mode), &out));
	strbuf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(values_print_in_their_normal_form),
	    cmocka_unit_test(bounds_are_inside_the_range),
	    cmocka_unit_test(every_option_and_title_has_an_entry),
	    cmocka_unit_test(a_refused_value_leaves_the_old_one),
	    cmocka_unit_test(lists_have_a_bound),
	    cmocka_unit_test(ranges_are_told_for_numbers),
	};
	return cmocka_run_group_tests_name("option", tests, NULL, NULL);
}
