/* test_report_day.c - days as numbers and as text. */
#include "report/report_day.h"
#include "support/test.h"

static void reads_and_prints_days(void **state)
{
	static const struct {
		const char *text;
		int64_t day;
	} rows[] = {
	    {"1970-01-01", 0},	{"2024-10-04", 20000}, {"2024-02-29", 19782}, {"2023-02-29", -1},
	    {"2024-13-01", -1}, {"2024-10-04x", -1},   {"yesterday", -1},     {"", -1},
	    {"1969-12-31", -1},
	};
	char text[REPORT_DAY_SIZE];
	int64_t day;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(report_day_parse(rows[i].text, &day), rows[i].day >= 0);
		if (rows[i].day < 0)
			continue;
		assert_int_equal(day, rows[i].day);
		assert_string_equal(report_day_print(day, text), rows[i].text);
	}
}

static void prints_any_number(void **state)
{
	char text[REPORT_DAY_SIZE];

	assert_string_equal(report_day_print(2932896, text), "9999-12-31");
	assert_string_equal(report_day_print(INT64_MAX / 86400, text), "day 106751991167300");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reads_and_prints_days),
	    cmocka_unit_test(prints_any_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
