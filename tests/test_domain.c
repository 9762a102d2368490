/* test_domain.c - domain names in normal form. */
#include <string.h>

#include "base/domain.h"
#include "support/test.h"

/* D02, D03, S12 */
static void normalizes(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
	    {"Example.ORG", "example.org"},
	    {"example.org.", "example.org"},
	    {"_dmarc.example.org", "_dmarc.example.org"},
	    {"b\xc3\xbc"
	     "cher.example",
	     "xn--bcher-kva.example"},
	    {"B\xc3\x9c"
	     "CHER.example",
	     "xn--bcher-kva.example"},
	    {"zz", "zz"},
	    {"", NULL},
	    {".", NULL},
	    {"a..b", NULL},
	    {".a", NULL},
	    {"a.b..", NULL},
	    {"a b.example", NULL},
	    {"a\"b.example", NULL},
	    {"[192.0.2.1]", NULL},
	    {"\xff\xfe.example", NULL},
	    {"a123456789a123456789a123456789a123456789a123456789a123456789a123.example", NULL},
	};
	char name[DOMAIN_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(domain_normal(rows[i].in, strlen(rows[i].in), name),
				 rows[i].out != NULL);
		/* what was begun of a name must not be taken for one */
		assert_string_equal(name, rows[i].out != NULL ? rows[i].out : "");
	}
	assert_false(domain_normal("a\0b.example", 11, name));
}

static void refuses_what_is_too_long(void **state)
{
	char text[300], name[DOMAIN_SIZE];

	memset(text, 'a', sizeof(text));
	for (size_t i = 49; i < sizeof(text); i += 50)
		text[i] = '.';
	assert_true(domain_normal(text, 253, name));
	assert_int_equal(strlen(name), 253);
	assert_false(domain_normal(text, 254, name));
	text[254] = '\0';
	assert_false(domain_askable(text));
	text[253] = '\0';
	assert_true(domain_askable(text));
}

static void answers_questions_about_labels(void **state)
{
	assert_true(domain_at_or_below("a.example", "a.example"));
	assert_true(domain_at_or_below("b.a.example", "a.example"));
	assert_false(domain_at_or_below("ba.example", "a.example"));
	assert_false(domain_at_or_below("example", "a.example"));
	assert_false(domain_at_or_below("a.example", ""));
	assert_int_equal(domain_labels("a.b.c"), 3);
	assert_int_equal(domain_labels(""), 0);
	assert_string_equal(domain_parent("a.b.c"), "b.c");
	assert_null(domain_parent("c"));
	assert_string_equal(domain_tail("a.b.c", 2), "b.c");
	assert_string_equal(domain_tail("a.b.c", 7), "a.b.c");
}

static void knows_host_names(void **state)
{
	static const struct {
		const char *name;
		bool is;
	} rows[] = {
	    {"mx.example.org", true}, {"a-b.c", true},
	    {"3com.example", true},   {"localhost", false},
	    {"192.0.2.1", false},     {"a_b.example", false},
	    {"-a.example", false},    {"a-.example", false},
	    {"a.example-", false},    {"", false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(domain_is_hostname(rows[i].name), rows[i].is);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(normalizes),
	    cmocka_unit_test(refuses_what_is_too_long),
	    cmocka_unit_test(answers_questions_about_labels),
	    cmocka_unit_test(knows_host_names),
	};
	return cmocka_run_group_tests_name("domain", tests, NULL, NULL);
}
