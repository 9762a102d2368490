/* test_dmarc_verdict.c - libopendmarc as a second opinion. */
#include <pthread.h>
#include <string.h>

#include "base/domain.h"
#include "check/dmarc_verdict.h"
#include "support/test.h"

static const char *const authors[] = {
    "example.com",
    "a.b.c.d.e.f.g.h.i.j.k.example.com",
    "x.de",
    "q.uk",
    "com",
    "a",
    "co.uk",
    "a.b",
    "_x.example.", /* the last dot is cut off below */
    "-x-.example",
    "123.456",
    "xn--bcher-kva.example",
    "pass.example",
    "none",
    "v.dmarc1.example",
};

static void agrees(const char *author)
{
	for (int policy = POLICY_NONE; policy <= POLICY_REJECT; policy++)
		for (int passes = 0; passes < 4; passes++) {
			struct dmarc_verdict v;

			assert_true(dmarc_verdict(author, (enum dmarc_policy)policy, passes & 1,
						  passes & 2, &v));
			if (v.pass != (passes != 0) || (!v.pass && v.policy != (unsigned)policy))
				fail_msg("%s: policy %d, passes %d: %d, %d", author, policy, passes,
					 v.pass, (int)v.policy);
		}
}

static void agrees_with_arithmetic_for_every_name(void **state)
{
	char name[DOMAIN_SIZE];
	uint32_t seed = 1;

	for (size_t i = 0; i < ARRAY_SIZE(authors); i++) {
		assert_true(domain_normal(authors[i], strlen(authors[i]), name));
		agrees(name);
	}
	for (size_t len = 1; len <= DOMAIN_TEXT_MAX; len++) {
		for (size_t i = 0; i < len; i++) {
			seed = seed * 1664525 + 1013904223;
			name[i] = "abcdefghijklmnopqrstuvwxyz0123456789-_......"[(seed >> 16) % 44];
		}
		name[len] = '\0';
		if (domain_askable(name))
			agrees(name);
	}
	for (size_t i = 0; i < DOMAIN_TEXT_MAX; i++)
		name[i] = i % 2 == 0 ? 'a' : '.';
	name[DOMAIN_TEXT_MAX] = '\0';
	agrees(name);
	for (size_t i = 0; i < DOMAIN_TEXT_MAX; i++)
		name[i] = i % 64 == 63 ? '.' : 'x';
	agrees(name);
}

static void *judge_often(void *wrong)
{
	for (int i = 0; i < 2000; i++) {
		struct dmarc_verdict v;

		if (!dmarc_verdict(authors[i % 8], POLICY_REJECT, i % 3 == 0, i % 5 == 0, &v) ||
		    v.pass != (i % 3 == 0 || i % 5 == 0))
			*(int *)wrong += 1;
	}
	return NULL;
}

static void is_safe_in_threads(void **state)
{
	pthread_t thread[4];
	int wrong[4] = {0};

	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, judge_often, &wrong[i]), 0);
	for (size_t i = 0; i < 4; i++) {
		pthread_join(thread[i], NULL);
		assert_int_equal(wrong[i], 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(agrees_with_arithmetic_for_every_name),
	    cmocka_unit_test(is_safe_in_threads),
	};
	return cmocka_run_group_tests_name("dmarc_verdict", tests, NULL, NULL);
}
