/* report_plan.h - which reports there are to send, and what becomes of one: its content and
 * destinations, or why it is not sent (now). */
#ifndef ALIGND_REPORT_REPORT_PLAN_H
#define ALIGND_REPORT_REPORT_PLAN_H

#include "base/clock.h"
#include "report/aggregate.h"
#include "report/aggregate_xml.h"
#include "report/report_mailer.h"
#include "report/report_sign.h"
#include "report/report_uri.h"
#include "store/store_report.h"

/* Who gets reports. EARNED: domains for which a message passed DMARC and was accepted within the
 * last thirty days, so that nobody who only ever forges or floods makes us send mail. */
enum report_to { REPORT_TO_EARNED, REPORT_TO_ALL, REPORT_TO_LISTED };

struct report_settings {
	const char *from;    /* address the reports come from; its domain is the submitter */
	const char *org;     /* "": the submitter */
	const char *contact; /* "": none */
	enum aggregate_format format;
	enum report_to to;
	const char *const *domains; /* normal; they and all below get reports (LISTED, EARNED) */
	size_t domain_count;
	struct report_mailer mailer;
	const struct report_signer *signer; /* NULL: not signed */
	long max_per_day;		    /* mails of one UTC day */
	size_t size_limit;		    /* bytes of one mail */
};

/* What a run works with; all borrowed. */
struct report_run {
	const struct report_settings *settings;
	struct store *store;
	struct resolver *resolver;
	const struct dmarc_psl *psl; /* NULL: tree walk */
	const struct clock *clock;
	const int64_t *day;	 /* only reports of this day; NULL: of all */
	const atomic_bool *stop; /* true: end after the present mail. NULL: never */
	void (*say)(void *arg, const char *line); /* one sentence for each report; NULL: silent */
	void *say_arg;
};

/* The domain after the last @ of settings->from. */
const char *report_submitter(const struct report_settings *settings);

/* Write on the report who sends it, and its id (RFC 9990 3.1.1.3). Borrows from `settings`. False:
 * out of memory. */
bool report_label(struct aggregate *a, const struct report_settings *settings, int64_t day,
		  const char *domain, const uint8_t key[TUPLE_KEY_SIZE]);

/* Enter a report for each policy with a rua of the closed days not yet entered: at most eight of
 * one domain and day, of the last seven days or of run->day. They become due
 * over the first hours of the next day. `entered_r` counts the new ones. False also if run->day has
 * not ended. */
bool report_enter(const struct report_run *run, unsigned *entered_r, struct error *why);

struct report_plan {
	struct aggregate *aggregate; /* complete; owned */
	struct report_addresses to;
	bool later;			       /* some destination could not be verified now */
	char refused[STORE_REPORT_ERROR_SIZE]; /* why the last destination was left out; "" if none
						  was */
};

/* Make the plan for one report. True: `plan_r->to` may be empty with `later`. False: it is never to
 * be sent, and `why` says so; or, with `broken_r`, the store failed. Free the plan in every case.
 */
bool report_plan_make(const struct report_run *run, const struct store_report *r,
		      struct report_plan *plan_r, bool *broken_r, struct error *why);

void report_plan_free(struct report_plan *p);

#endif
