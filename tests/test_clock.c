/* test_clock.c - the time, real or set. */

#include "base/clock.h"
#include "support/test.h"

static void a_fixed_clock_stands(void **state)
{
	struct clock c = {.fixed = true, .now = 1767225600};

	assert_int_equal(clock_now(&c), 1767225600);
	c.now++;
	assert_int_equal(clock_now(&c), 1767225601);
}

static void a_clock_is_set_by_a_whole_number_of_seconds(void **state)
{
	static const struct {
		const char *text;
		bool ok;
		time_t now;
	} rows[] = {
	    {"0", true, 0},    {"1767225600", true, 1767225600},
	    {"", false, 0},    {"-1", false, 0},
	    {"1.5", false, 0}, {"now", false, 0},
	    {"12s", false, 0}, {"99999999999999999999", false, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct clock c = {0};

		assert_int_equal(clock_set(&c, rows[i].text), rows[i].ok);
		assert_int_equal(c.fixed, rows[i].ok);
		assert_int_equal(c.now, rows[i].now);
	}
}

static void a_zeroed_clock_is_the_real_one(void **state)
{
	struct clock c = {0};
	time_t before = time(NULL), now = clock_now(&c), after = time(NULL);

	assert_true(now + 1 >= before && now <= after + 1);
}

static void monotonic_time_runs_forward(void **state)
{
	struct timespec pause = {.tv_nsec = 5000000};
	int64_t before = clock_mono_ms();

	nanosleep(&pause, NULL);
	assert_true(clock_mono_ms() >= before + 4);
	assert_true(clock_mono_ms() < before + 60000);
}

static void a_wait_ends_by_monotonic_time(void **state)
{
	pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	int64_t before = clock_mono_ms();
	const struct timespec until = clock_timespec(before + 20);
	pthread_cond_t c;

	clock_cond_init(&c);
	pthread_mutex_lock(&lock);
	while (pthread_cond_timedwait(&c, &lock, &until) == 0)
		;
	pthread_mutex_unlock(&lock);
	pthread_cond_destroy(&c);
	assert_true(clock_mono_ms() >= before + 20);
	assert_true(clock_mono_ms() < before + 60000);
	assert_int_equal(clock_timespec(1234567).tv_sec, 1234);
	assert_int_equal(clock_timespec(1234567).tv_nsec, 567000000);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_fixed_clock_stands),
	    cmocka_unit_test(a_clock_is_set_by_a_whole_number_of_seconds),
	    cmocka_unit_test(a_zeroed_clock_is_the_real_one),
	    cmocka_unit_test(monotonic_time_runs_forward),
	    cmocka_unit_test(a_wait_ends_by_monotonic_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
