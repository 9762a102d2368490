/* test_encoded_word.c - what encoded-words hide. */
#include <stdlib.h>
#include <string.h>

#include "mail/encoded_word.h"
#include "support/test.h"

static void only_bytes_that_break_readers_are_harmful(void **state)
{
	static const struct {
		const char *text;
		bool harmful;
	} rows[] = {
	    {"", false},
	    {"plain", false},
	    {"=?utf-8?Q?a=40b=0ac?=", true},
	    {"=?utf-8?q?=00?=", true},
	    {"=?utf-8?q?=0D?=", true},
	    {"=?utf-8?q?=7F?=", true},
	    {"=?utf-8?q?=7f=?=", true},
	    {"=?utf-8?Q?=1B$B=C3=A4?=", false},
	    {"=?utf-8?Q?=0g=g0=?=", false},
	    {"=?utf-8?B?AA==?=", true},
	    {"=?utf-8?b?YQpi?=", true},
	    {"=?utf-8?B?Y\tQ p i?=", true},
	    {"=?utf-8?B?YWI=AA?=", false},
	    {"=?utf-8?B?YWI?=", false},
	    {"=?a?Q?ok?= =?a?B?AA==?=", true},
	    {"=?=?utf-8?Q?=00?=", true},
	    {"=?utf-8?Q?=00", false},
	    {"=?utf-8?Q", false},
	    {"=?utf-8?QQ?=00?=", false},
	    {"=00", false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		size_t len = strlen(rows[i].text);
		char *copy = malloc(len > 0 ? len : 1);

		assert_non_null(copy);
		memcpy(copy, rows[i].text, len);
		if (encoded_word_harmful(copy, len) != rows[i].harmful)
			fail_msg("%s", rows[i].text);
		free(copy);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(only_bytes_that_break_readers_are_harmful),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
