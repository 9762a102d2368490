/* flights.h - the questions on their way to the DNS, and who waits for each. Equal questions share
 * one flight; each waiter has its own time. No waiter is forgotten and none is called twice.
 * Thread-safe; callers are called unlocked. */
#ifndef ALIGND_DNS_FLIGHTS_H
#define ALIGND_DNS_FLIGHTS_H

#include "dns/question.h"

struct flights;
struct flight;

/* At most `most` questions on their way; names below one domain (or one reverse network) may take
 * an eighth of that, so that one stranger's silent servers do not use up what all need. `home` is
 * for flight_home(); `seed`, unknown to strangers, decides which domains share a counter. NULL: out
 * of memory. */
struct flights *flights_new(void *home, size_t most, uint64_t seed);
/* All must be closed. Flights that never landed are forgotten. */
void flights_free(struct flights *f);

enum flights_joined {
	FLIGHT_STARTED, /* the first to ask: send it, and land it once */
	FLIGHT_JOINED,	/* on its way already */
	FLIGHT_REFUSED	/* too many on their way, over MAX_QUESTION_WAITERS, no memory, or closed:
			 * `answered` will not be called */
};

/* Wait for the question until `due_ms`. Due times must not go backward between calls by more than
 * threads race. `first_r`: nobody waited before, so a sleeper that counted on flights_next_due()
 * must be woken. */
enum flights_joined flights_join(struct flights *f, const struct question *q,
				 dns_answered *answered, void *arg, int64_t due_ms,
				 struct flight **flight_r, bool *first_r);

/* The question of a flight that has not landed, and what its flights were made with. */
const struct question *flight_question(const struct flight *fl);
void *flight_home(const struct flight *fl);

/* The answer is there: call all waiters, end the flight. Borrows `answer`. */
void flights_land(struct flights *f, struct flight *fl, struct dns_answer *answer);

/* Call every waiter whose time has come with `answer` (borrowed); the flight itself goes on.
 * Returns how many. */
unsigned flights_expire(struct flights *f, int64_t now_ms, struct dns_answer *answer);

/* When the next waiter's time comes; -1: nobody waits. */
int64_t flights_next_due(struct flights *f);

/* From now on nobody can join; all waiters are called with `answer` (borrowed). */
void flights_close(struct flights *f, struct dns_answer *answer);

#endif
