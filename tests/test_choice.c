/* test_choice.c - the words an option may have. */
#include <string.h>

#include "base/choice.h"
#include "support/test.h"

static void finds_whole_words_only(void **state)
{
	assert_int_equal(choice_find("no|yes", "no"), 0);
	assert_int_equal(choice_find("no|yes", "yes"), 1);
	assert_int_equal(choice_find("no|yes", "ye"), -1);
	assert_int_equal(choice_find("no|yes", "yess"), -1);
	assert_int_equal(choice_find("no|yes", ""), -1);
	assert_int_equal(choice_find("no|yes", "no|yes"), -1);
	assert_int_equal(choice_find("", "no"), -1);
}

static void gives_each_word_and_then_nothing(void **state)
{
	char word[CHOICE_MAX + 1];

	assert_string_equal(choice_at("a|bc|d", 0, word), "a");
	assert_string_equal(choice_at("a|bc|d", 1, word), "bc");
	assert_string_equal(choice_at("a|bc|d", 2, word), "d");
	assert_string_equal(choice_at("a|bc|d", 3, word), "");
	assert_string_equal(choice_at("a|bc|d", 99, word), "");
	assert_string_equal(choice_at("", 0, word), "");
}

static void says_what_would_have_been_right(void **state)
{
	struct error why;

	choice_error(&why, "action", "accept|reject|skip", "allow");
	assert_string_equal(why.text, "action = allow: must be accept, reject or skip");
	choice_error(&why, "action", "accept|reject|skip", "rejct");
	assert_string_equal(why.text,
			    "action = rejct: must be accept, reject or skip; did you mean reject?");
	choice_error(&why, "list", "no|yes", "YES");
	assert_string_equal(why.text, "list = YES: must be no or yes");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(finds_whole_words_only),
	    cmocka_unit_test(gives_each_word_and_then_nothing),
	    cmocka_unit_test(says_what_would_have_been_right),
	};
	return cmocka_run_group_tests_name("choice", tests, NULL, NULL);
}
