/* test_error.c - the reason of a failed call. */
#include <string.h>

#include "base/error.h"
#include "support/test.h"

static void says_why(void **state)
{
	struct error why = {""};

	error_set(&why, "line %d: %s", 3, "no such key");
	assert_string_equal(why.text, "line 3: no such key");
	error_prefix(&why, "%s", "a.conf");
	assert_string_equal(why.text, "a.conf: line 3: no such key");
	error_set(&why, "again");
	assert_string_equal(why.text, "again");
}

static void nobody_has_to_ask_why(void **state)
{
	error_set(NULL, "%s", "x");
	error_prefix(NULL, "%s", "x");
}

static void long_reasons_are_cut(void **state)
{
	char huge[2 * ERROR_TEXT_MAX];
	struct error why = {""};

	memset(huge, 'h', sizeof(huge));
	huge[sizeof(huge) - 1] = '\0';
	error_set(&why, "%s", huge);
	assert_int_equal(strlen(why.text), ERROR_TEXT_MAX - 1);
	error_prefix(&why, "context");
	assert_int_equal(strlen(why.text), ERROR_TEXT_MAX - 1);
	assert_memory_equal(why.text, "context: hhh", 12);
	error_prefix(&why, "%s", huge);
	assert_int_equal(strlen(why.text), ERROR_TEXT_MAX - 1);
	assert_memory_equal(why.text, "hhh", 3);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(says_why),
	    cmocka_unit_test(nobody_has_to_ask_why),
	    cmocka_unit_test(long_reasons_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
