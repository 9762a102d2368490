/* test_store_expire.c - old days go, a few rows at a time. */
#include <stdio.h>

#include "store/store_expire.h"
#include "support/store_place.h"
#include "support/test.h"

static void expires_old_days_only(void **state)
{
	struct place *p = *state;
	struct store *s = open_store(p, false);

	for (int i = 0; i < 2400; i++) {
		struct row row = sample_row();
		char ip[32], domain[32];

		snprintf(ip, sizeof(ip), "10.0.%d.%d", i / 256, i % 256);
		snprintf(domain, sizeof(domain), "d%d.example", i % 700);
		row.policy.domain = domain;
		row.source_ip = ip;
		row.when = NOON - (i % 4) * TUPLE_DAY;
		add(s, &row);
	}
	store_close(s);
	s = open_store(p, true);
	assert_true(store_expire(s, NOON, 2, NULL));
	assert_int_equal(policies(s, 0, INT32_MAX).messages, 1800);
	assert_int_equal(outcomes(s).messages, 1800);
	assert_true(store_expire(s, NOON, 0, NULL));
	assert_int_equal(policies(s, 0, INT32_MAX).messages, 1200);
	assert_int_equal(policies(s, 0, INT32_MAX).things, 350);
	store_close(s);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, store_place_new, store_place_free)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(expires_old_days_only),
	};
	return cmocka_run_group_tests_name("store_expire", tests, NULL, NULL);
}
