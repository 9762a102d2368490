/* test_strbuf.c - growing text with a cap. */
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "support/test.h"

static void adds_text_of_every_kind(void **state)
{
	struct strbuf b;

	strbuf_init(&b, 100);
	assert_string_equal(strbuf_text(&b), "");
	assert_true(strbuf_ok(&b));
	strbuf_add(&b, "one ");
	strbuf_addn(&b, "two!!", 3);
	strbuf_addc(&b, ' ');
	strbuf_addf(&b, "%s %d", "three", 4);
	strbuf_addn(&b, NULL, 0);
	assert_string_equal(strbuf_text(&b), "one two three 4");
	assert_int_equal(b.len, 15);
	strbuf_free(&b);
	assert_string_equal(strbuf_text(&b), "");
	strbuf_free(&b);
}

static void grows_up_to_its_cap_and_not_beyond(void **state)
{
	struct strbuf b;

	strbuf_init(&b, 5000);
	for (int i = 0; i < 5000; i++)
		strbuf_addc(&b, (char)('a' + i % 26));
	assert_true(strbuf_ok(&b));
	assert_int_equal(b.len, 5000);
	assert_int_equal(strlen(strbuf_text(&b)), 5000);
	for (size_t i = 0; i < 5000; i++)
		assert_int_equal(b.text[i], 'a' + (int)i % 26);
	strbuf_addn(&b, "", 0);
	assert_true(strbuf_ok(&b));
	strbuf_addc(&b, 'x');
	assert_false(strbuf_ok(&b));
	assert_int_equal(b.len, 5000);
	strbuf_free(&b);
}

static void a_failure_is_sticky_until_reset(void **state)
{
	struct strbuf b;

	strbuf_init(&b, 5);
	strbuf_add(&b, "123");
	strbuf_add(&b, "456");
	strbuf_add(&b, "7");
	strbuf_addf(&b, "%d", 8);
	assert_false(strbuf_ok(&b));
	assert_string_equal(strbuf_text(&b), "123");
	strbuf_reset(&b);
	assert_true(strbuf_ok(&b));
	assert_string_equal(strbuf_text(&b), "");
	strbuf_addf(&b, "%s", "12345");
	assert_true(strbuf_ok(&b));
	strbuf_addf(&b, "%s", "6");
	assert_false(strbuf_ok(&b));
	assert_string_equal(strbuf_text(&b), "12345");
	strbuf_free(&b);
	assert_true(strbuf_ok(&b));
	assert_int_equal(b.cap, 5);
}

static void hands_over_its_text_once(void **state)
{
	struct strbuf b;
	char *text;

	strbuf_init(&b, 3);
	strbuf_add(&b, "abc");
	text = strbuf_take(&b);
	assert_string_equal(text, "abc");
	free(text);
	text = strbuf_take(&b);
	assert_string_equal(text, "");
	free(text);
	strbuf_add(&b, "abcd");
	assert_null(strbuf_take(&b));
	assert_true(strbuf_ok(&b));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(adds_text_of_every_kind),
	    cmocka_unit_test(grows_up_to_its_cap_and_not_beyond),
	    cmocka_unit_test(a_failure_is_sticky_until_reset),
	    cmocka_unit_test(hands_over_its_text_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
