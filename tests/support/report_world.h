/* report_world.h - everything a run of reports meets: a store, a DNS, a mail server and a clock,
 * all of the test. */
#ifndef ALIGND_TESTS_REPORT_WORLD_H
#define ALIGND_TESTS_REPORT_WORLD_H

#include "fake_resolver.h"
#include "report/report_run.h"
#include "smtp_sink.h"
#include "store_place.h"

struct report_world {
	struct place *place;
	struct store *store;
	struct resolver *resolver;
	struct smtp_sink *sink;
	struct clock clock;		 /* noon of the day after DAY */
	struct report_settings settings; /* to all, from dmarc@mx.example */
	struct report_run run;
	char said[8192]; /* what the runs said, a line each */
};

/* Set-up and tear-down of a test. */
int report_world_new(void **state);
int report_world_free(void **state);

/* One message of DAY under p=reject of `domain`: accepted after a pass, or refused after a fail. */
void saw(struct report_world *w, const char *domain, const char *rua, bool passed);

/* Run report_send() for `domain` (NULL: all) at `after` seconds from noon; must not fail. */
struct report_tally run_at(struct report_world *w, time_t after, const char *domain);

/* report_list() of all days, without dates and ids: "domain state; ..." */
void assert_states(struct report_world *w, const char *wanted);

#endif
