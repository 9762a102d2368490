/* store_read.h - what is in the store, for reports and tools. A day is a number of days since
 * 1970-01-01, UTC. Text given to a callback is borrowed for that call; a callback returns false to
 * stop and must not call the store. Every function: false and the reason if the store cannot be
 * read. Thread-safe, one reader at a time. */
#ifndef ALIGND_STORE_STORE_READ_H
#define ALIGND_STORE_STORE_READ_H

#include <stdint.h>

#include "store/store.h"
#include "store/tuple.h"

/* Messages of one day by DMARC result and what was done. */
struct store_outcome {
	int64_t day;
	const char *dmarc, *action;
	int64_t count;
};

typedef bool store_see_outcome(void *arg, const struct store_outcome *o);

/* The outcomes of the days `first` to `last`, by day, result and action. */
bool store_outcomes(struct store *s, int64_t first, int64_t last, store_see_outcome *see, void *arg,
		    struct error *why);

/* What was seen of one author domain. Mail of a domain without a DMARC record is not counted by
 * domain. */
struct store_author {
	const char *domain;
	int64_t messages, passed, quarantined, rejected; /* passed: DMARC */
};

typedef bool store_see_author(void *arg, const struct store_author *a);

/* The author domains of the days `first` to `last`, the most messages first, then by name. */
bool store_authors(struct store *s, int64_t first, int64_t last, store_see_author *see, void *arg,
		   struct error *why);

/* One policy published by one domain, as met on one day: the subject of one report (RFC 9990 3.1).
 * Two policies differ if a report shows them differently; of several rua lists the one seen last is
 * kept. */
struct store_policy {
	int64_t day;
	uint8_t key[TUPLE_KEY_SIZE];
	struct row_policy policy;
	int64_t messages;
	time_t last; /* when the last message under it came */
};

typedef bool store_see_policy(void *arg, const struct store_policy *p);

/* The policies of the days `first` to `last`: by day and domain, the latest first. `domain` NULL:
 * of all domains. */
bool store_policies(struct store *s, int64_t first, int64_t last, const char *domain,
		    store_see_policy *see, void *arg, struct error *why);

typedef bool store_see_asking(void *arg, const char *domain, const uint8_t key[TUPLE_KEY_SIZE]);

/* The policies of a day that ask for reports (their rua list is not empty), by domain: those of the
 * domains after `after` ("": all). For a day that is too large to be kept in memory: whoever stops
 * after a domain can go on there. */
bool store_asking(struct store *s, int64_t day, const char *after, store_see_asking *see, void *arg,
		  struct error *why);

/* One counted tuple. In `row`, `policy`, `dmarc` and `action` are not set and `when` is `last`. */
struct store_record {
	struct row row;
	int64_t count;
	time_t first, last;
};

typedef bool store_see_record(void *arg, const struct store_record *r);

/* The tuples of one policy: the largest counts first, then by address and names; always in the same
 * order. */
bool store_records(struct store *s, int64_t day, const char *domain,
		   const uint8_t key[TUPLE_KEY_SIZE], store_see_record *see, void *arg,
		   struct error *why);

/* True in `earned_r` if a message that passed DMARC for `domain` was accepted on one of the `days`
 * days up to `day`. */
bool store_earned(struct store *s, const char *domain, int64_t day, int days, bool *earned_r,
		  struct error *why);

#endif
