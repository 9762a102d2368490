/* report_show.h - reports for a person: lists, the documents themselves, and what a run would do.
 */
#ifndef ALIGND_REPORT_REPORT_SHOW_H
#define ALIGND_REPORT_REPORT_SHOW_H

#include <stdio.h>

#include "report/report_plan.h"

/* One line for each report of the days, with a line below for each destination tried, and one for
 * each policy that will have a report. `domain` NULL: of all domains. `count_r`: the reports and
 * policies listed. */
bool report_list(struct store *s, int64_t first, int64_t last, const char *domain, FILE *out,
		 size_t *count_r, struct error *why);

/* The XML of every report on `domain` of one day, closed or not, sent or not; no DNS is asked.
 * False also if there is none. */
bool report_show(const struct report_settings *settings, struct store *s, int64_t day,
		 const char *domain, FILE *out, struct error *why);

/* What report_send() would do with every report that is not done: a line each, with the
 * destinations the DNS allows. Nothing is sent; reports of closed days are entered. `domain` NULL:
 * all; run->day counts too. `count_r`: the reports listed. */
bool report_preview(const struct report_run *run, const char *domain, FILE *out, size_t *count_r,
		    struct error *why);

#endif
