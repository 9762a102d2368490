/* store_report.h - the reports of the store and what became of them. A report is claimed by one
 * process at a time, in a transaction; each destination that took it is remembered, so that no run
 * sends to it again. A claim ends by itself after its lease: the report of a process that died is
 * sent by the next one, under the same id. */
#ifndef ALIGND_STORE_STORE_REPORT_H
#define ALIGND_STORE_STORE_REPORT_H

#include <stdint.h>

#include "base/domain.h"
#include "store/store.h"
#include "store/tuple.h"

#define STORE_REPORT_ID_SIZE 33
#define STORE_REPORT_ERROR_SIZE 256

/* DUE: to be sent at `next`. CLAIMED: being sent; due again at `next`. FAILED: given up.
 * SUPPRESSED: not to be sent. */
enum report_state { REPORT_DUE, REPORT_CLAIMED, REPORT_SENT, REPORT_FAILED, REPORT_SUPPRESSED };

/* "due", "claimed", "sent", "failed", "suppressed". */
const char *report_state_name(enum report_state s);

struct store_report {
	int64_t day;
	char domain[DOMAIN_SIZE];
	uint8_t key[TUPLE_KEY_SIZE];   /* of the policy: see struct store_policy */
	char id[STORE_REPORT_ID_SIZE]; /* Report-ID, for ever the same */
	enum report_state state;
	int attempts;
	time_t next, changed;
	char
	    error[STORE_REPORT_ERROR_SIZE]; /* why it is put off, failed or suppressed; "" if not */
};

/* Before the reports of a day are entered. `done_r`: they have been, and no policy came since. */
bool store_entering(struct store *s, int64_t day, bool *done_r, struct error *why);

/* After it: the day is done, unless a policy of it came meanwhile. */
bool store_entered(struct store *s, int64_t day, struct error *why);

/* Enter `n` reports, as far as they are not there: `day`, `domain`, `key`, `id`, `state`, `next`,
 * `changed` and `error` are used. `entered_r` (may be NULL) counts those that were not. */
bool store_report_enter(struct store *s, const struct store_report *list, size_t n,
			unsigned *entered_r, struct error *why);

/* Which reports are meant: those of one day, of one domain, or both. NULL: of all. */
struct store_choice {
	const int64_t *day;
	const char *domain;
};

/* Claim the report that is due longest, until `now + lease`; counts the attempt. False with an
 * empty reason: none of `choice` is due. */
bool store_report_claim(struct store *s, time_t now, int lease, const struct store_choice *choice,
			struct store_report *r_r, struct error *why);

/* End the claim with the state, `next`, `changed` and `error` in `r`. False with a reason also if
 * another process claimed the report meanwhile: then nothing is changed. */
bool store_report_finish(struct store *s, const struct store_report *r, struct error *why);

/* Make every report of `choice` that was put off, failed or suppressed due at `now`, with new
 * attempts; destinations that have it already stay done. */
bool store_report_renew(struct store *s, const struct store_choice *choice, time_t now,
			struct error *why);

typedef bool store_see_report(void *arg, const struct store_report *r);

/* The reports of the days `first` to `last`, by day, domain and policy. The rules of store_read.h
 * hold. */
bool store_reports(struct store *s, int64_t first, int64_t last, store_see_report *see, void *arg,
		   struct error *why);

/* -- destinations of a claimed report -- */

/* What became of one destination (an address) of a report. */
bool store_delivery_put(struct store *s, const struct store_report *r, const char *destination,
			enum report_state state, time_t now, const char *error, struct error *why);

/* REPORT_SENT: the destination has the report. REPORT_FAILED: it refused for good. Else REPORT_DUE.
 */
bool store_delivery_state(struct store *s, const struct store_report *r, const char *destination,
			  enum report_state *state_r, struct error *why);

/* The mails sent since `since`, to all destinations. */
bool store_delivery_count(struct store *s, time_t since, int64_t *count_r, struct error *why);

struct store_delivery {
	const char *destination;
	enum report_state state;
	time_t changed;
	const char *error;
};

typedef bool store_see_delivery(void *arg, const struct store_delivery *d);

bool store_deliveries(struct store *s, const struct store_report *r, store_see_delivery *see,
		      void *arg, struct error *why);

#endif
