/* test_authres_syntax.c - the words of an Authentication-Results field. */
#include <string.h>

#include "mail/authres_syntax.h"
#include "support/test.h"

static void knows_tokens_and_addresses(void **state)
{
	static const struct {
		const char *text;
		bool token, address;
	} rows[] = {
	    {"", false, false},
	    {"mx.example", true, false},
	    {"192.0.2.1", true, false},
	    {"a!#$%&'*+-.^_`{|}~", true, false},
	    {"2001:db8::1", false, false},
	    {"a b", false, false},
	    {"a/b", false, false},
	    {"a=b", false, false},
	    {"a\x7f", false, false},
	    {"b\xc3\xbc", false, false},
	    {"@x.example", false, true},
	    {"a.b+c=d/e@x.example", false, true},
	    {"\"a b\"@x.example", false, true},
	    {"\"a\\\"b\"@x.example", false, true},
	    {"\"a@b\"@x.example", false, true},
	    {"\xc3\xbc@b\xc3\xbc.example", false, true},
	    {"a_b@x_y.example", false, true},
	    {"a@", false, false},
	    {"a@.example", false, false},
	    {"a@x..example", false, false},
	    {"a@x.example.", false, false},
	    {"a@x!example", false, false},
	    {".a@x.example", false, false},
	    {"a.@x.example", false, false},
	    {"a..b@x.example", false, false},
	    {"a b@x.example", false, false},
	    {"\"a@x.example", false, false},
	    {"\"a\\\"@x.example", false, false},
	    {"\"a\"b\"@x.example", false, false},
	    {"\"a\n\"@x.example", false, false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		size_t len = strlen(rows[i].text);

		if (authres_is_token(rows[i].text, len) != rows[i].token ||
		    authres_is_address(rows[i].text, len) != rows[i].address)
			fail_msg("%s", rows[i].text);
	}
}

static void knows_the_bytes_of_a_keyword(void **state)
{
	static const char keyword[] =
	    "-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

	for (int c = 1; c < 256; c++)
		assert_int_equal(authres_is_keyword((char)c), strchr(keyword, c) != NULL);
	assert_false(authres_is_keyword('\0'));
	assert_false(authres_is_token_byte('\0'));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(knows_tokens_and_addresses),
	    cmocka_unit_test(knows_the_bytes_of_a_keyword),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
