/* test_question.c - the name and type of a question in one form. */
#include <string.h>

#include "dns/question.h"
#include "support/test.h"

static void case_makes_no_difference_and_type_does(void **state)
{
	struct question a, b;

	assert_true(question_set(&a, "Mail.EXAMPLE.org", DNS_A, 7));
	assert_true(question_set(&b, "mail.example.org", DNS_A, 7));
	assert_string_equal(a.name, "mail.example.org");
	assert_int_equal(a.len, 16);
	assert_true(a.hash == b.hash);
	assert_true(question_is(&a, b.name, b.type));
	assert_true(question_set(&b, "mail.example.org", DNS_AAAA, 7));
	assert_false(a.hash == b.hash);
	assert_false(question_is(&a, b.name, b.type));
	assert_false(question_is(&a, "mail.example.or", DNS_A));
	assert_true(question_set(&b, "mail.example.org", DNS_A, 8));
	assert_false(a.hash == b.hash);
}

static void a_name_that_cannot_exist_is_no_question(void **state)
{
	char name[300];
	struct question q;

	assert_false(question_set(&q, "", DNS_A, 0));
	assert_false(question_set(&q, ".", DNS_A, 0));
	assert_false(question_set(&q, "a..b", DNS_A, 0));
	assert_false(question_set(&q, "a.b.", DNS_A, 0));
	memset(name, 'a', 64);
	name[64] = '\0';
	assert_false(question_set(&q, name, DNS_A, 0));
	assert_true(question_set(&q, name + 1, DNS_A, 0));
	for (size_t i = 0; i < 299; i++)
		name[i] = i % 2 ? '.' : 'a';
	name[253] = '\0';
	assert_true(question_set(&q, name, DNS_A, 0));
	name[253] = '.', name[254] = 'a', name[255] = '\0';
	assert_false(question_set(&q, name, DNS_A, 0));
	assert_true(question_set(&q, "odd \\046\xff name", DNS_A, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(case_makes_no_difference_and_type_does),
	    cmocka_unit_test(a_name_that_cannot_exist_is_no_question),
	};
	return cmocka_run_group_tests_name("question", tests, NULL, NULL);
}
