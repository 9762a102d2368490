/* report_day.h - a day as the store counts it, and as people write it. UTC. */
#ifndef ALIGND_REPORT_REPORT_DAY_H
#define ALIGND_REPORT_REPORT_DAY_H

#include <stdbool.h>
#include <stdint.h>

#define REPORT_DAY_SIZE 32

/* "2024-10-04" to the number of the day since 1970. False: there is no such day, or it is earlier.
 */
bool report_day_parse(const char *text, int64_t *day_r);

/* The number as text. Returns `text_r`. */
const char *report_day_print(int64_t day, char text_r[REPORT_DAY_SIZE]);

#endif
