/* test_metrics.c - the counters and their names. */
#include <pthread.h>
#include <string.h>

#include "base/metrics.h"
#include "support/test.h"

static void counters_are_apart(void **state)
{
	struct metrics m = {0};

	metrics_inc(&m, METRIC_MESSAGES);
	metrics_inc(&m, METRIC_MESSAGES);
	metrics_inc(NULL, METRIC_MESSAGES);
	for (int i = 0; i < METRIC_COUNT; i++)
		assert_int_equal(metrics_get(&m, (enum metric)i), i == METRIC_MESSAGES ? 2 : 0);
}

static void *count(void *arg)
{
	for (int i = 0; i < 20000; i++)
		metrics_inc(arg, METRIC_ACCEPTED);
	return NULL;
}

static void no_count_is_lost_between_threads(void **state)
{
	struct metrics m = {0};
	pthread_t thread[4];

	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, count, &m), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(thread[i], NULL);
	assert_int_equal(metrics_get(&m, METRIC_ACCEPTED), 80000);
}

static void every_counter_has_its_own_name_and_help(void **state)
{
	for (int i = 0; i < METRIC_COUNT; i++) {
		const char *name = metrics_name((enum metric)i);

		assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_"),
				 strlen(name));
		assert_true(strlen(name) > 6 && strcmp(name + strlen(name) - 6, "_total") == 0);
		assert_int_equal(
		    metrics_help((enum metric)i)[strlen(metrics_help((enum metric)i)) - 1], '.');
		for (int j = 0; j < i; j++)
			assert_string_not_equal(name, metrics_name((enum metric)j));
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(counters_are_apart),
	    cmocka_unit_test(no_count_is_lost_between_threads),
	    cmocka_unit_test(every_counter_has_its_own_name_and_help),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
