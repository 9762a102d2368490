/* report_day.c - days as numbers and as text. */
#include "report/report_day.h"

#include <stdio.h>
#include <time.h>

#include "store/tuple.h"

bool report_day_parse(const char *text, int64_t *day_r)
{
	struct tm t = {.tm_isdst = 0};
	const char *end = strptime(text, "%Y-%m-%d", &t);
	int day = t.tm_mday;
	time_t at;

	if (end == NULL || *end != '\0')
		return false;
	at = timegm(&t); /* makes 1 March of 29 February */
	*day_r = at / TUPLE_DAY;
	return at >= 0 && t.tm_mday == day;
}

const char *report_day_print(int64_t day, char text_r[REPORT_DAY_SIZE])
{
	time_t at = (time_t)day * TUPLE_DAY;
	struct tm t;

	if (gmtime_r(&at, &t) == NULL || strftime(text_r, REPORT_DAY_SIZE, "%Y-%m-%d", &t) == 0)
		snprintf(text_r, REPORT_DAY_SIZE, "day %lld", (long long)day);
	return text_r;
}
