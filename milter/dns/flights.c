/* flights.c - the questions on their way to the DNS, and who waits for each. */
#include "dns/flights.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "base/limits.h"

#define CHAINS 4096  /* about MAX_OPEN_QUESTIONS: chains stay short */
#define DOMAINS 1024 /* counters for the share of a domain; some share one, by chance */

struct waiter {
	TAILQ_ENTRY(waiter) by_due, beside;
	struct flight *flight;
	dns_answered *answered;
	void *arg;
	int64_t due_ms;
};

TAILQ_HEAD(waiters, waiter);

struct flight {
	struct flights *owner;
	LIST_ENTRY(flight) chain;
	struct waiters waiters; /* may be empty: all gave up */
	size_t domain;		/* its counter */
	struct question question;
};

LIST_HEAD(chain, flight);

struct flights {
	void *home;
	pthread_mutex_t lock;
	struct waiters by_due; /* all waiters, in the order of joining */
	size_t open, waiting, most;
	size_t domains[DOMAINS]; /* open ones by domain */
	bool closed;
	uint64_t seed; /* so that nobody can choose whose domain shares a counter with his own */
	struct chain chains[CHAINS];
};

struct flights *flights_new(void *home, size_t most, uint64_t seed)
{
	struct flights *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return NULL;
	f->home = home;
	f->most = most;
	f->seed = seed;
	pthread_mutex_init(&f->lock, NULL);
	TAILQ_INIT(&f->by_due);
	return f;
}

void flights_free(struct flights *f)
{
	if (f == NULL)
		return;
	for (size_t i = 0; i < CHAINS; i++)
		while (!LIST_EMPTY(&f->chains[i])) {
			struct flight *fl = LIST_FIRST(&f->chains[i]);

			LIST_REMOVE(fl, chain);
			free(fl);
		}
	pthread_mutex_destroy(&f->lock);
	free(f);
}

static struct chain *chain_of(struct flights *f, const struct question *q)
{
	return &f->chains[q->hash % CHAINS];
}

static struct flight *find(struct flights *f, const struct question *q)
{
	struct flight *fl;

	LIST_FOREACH(fl, chain_of(f, q), chain)
	if (fl->question.hash == q->hash && question_is(q, fl->question.name, fl->question.type))
		return fl;
	return NULL;
}

/* The counter of the domain that answers for the name: the last two labels stand for it; in the
 * reverse trees, the network of a provider (/16, /32). */
static size_t domain_of(const struct flights *f, const struct question *q)
{
	size_t labels = 2;
	uint64_t h = f->seed;

	if (domain_at_or_below(q->name, "in-addr.arpa"))
		labels = 4;
	else if (domain_at_or_below(q->name, "ip6.arpa"))
		labels = 10;
	for (const char *p = domain_tail(q->name, labels); *p != '\0'; p++)
		h = (h ^ (unsigned char)*p) * 1099511628211u;
	return (h ^ h >> 32) % DOMAINS;
}

static bool has_room(const struct flights *f, size_t domain)
{
	return f->open < f->most && f->domains[domain] < f->most / 8 + 1;
}

static struct flight *start(struct flights *f, const struct question *q)
{
	size_t domain = domain_of(f, q);
	struct flight *fl = has_room(f, domain) ? malloc(sizeof(*fl)) : NULL;

	if (fl == NULL)
		return NULL;
	fl->domain = domain;
	f->domains[domain]++;
	TAILQ_INIT(&fl->waiters);
	fl->owner = f;
	fl->question = *q;
	LIST_INSERT_HEAD(chain_of(f, q), fl, chain);
	f->open++;
	return fl;
}

/* Find or start the flight for a waiter. Locked. */
static enum flights_joined join(struct flights *f, const struct question *q, struct waiter *w)
{
	enum flights_joined how = FLIGHT_JOINED;

	if (f->closed || f->waiting >= MAX_QUESTION_WAITERS)
		return FLIGHT_REFUSED;
	w->flight = find(f, q);
	if (w->flight == NULL) {
		how = FLIGHT_STARTED;
		w->flight = start(f, q);
	}
	if (w->flight == NULL)
		return FLIGHT_REFUSED;
	TAILQ_INSERT_TAIL(&w->flight->waiters, w, beside);
	TAILQ_INSERT_TAIL(&f->by_due, w, by_due);
	f->waiting++;
	return how;
}

enum flights_joined flights_join(struct flights *f, const struct question *q,
				 dns_answered *answered, void *arg, int64_t due_ms,
				 struct flight **flight_r, bool *first_r)
{
	struct waiter *w = malloc(sizeof(*w));
	enum flights_joined how;

	*flight_r = NULL;
	*first_r = false;
	if (w == NULL)
		return FLIGHT_REFUSED;
	*w = (struct waiter){.answered = answered, .arg = arg, .due_ms = due_ms};
	pthread_mutex_lock(&f->lock);
	how = join(f, q, w);
	if (how != FLIGHT_REFUSED) {
		*flight_r = w->flight;
		*first_r = f->waiting == 1;
	}
	pthread_mutex_unlock(&f->lock);
	if (how == FLIGHT_REFUSED)
		free(w);
	return how;
}

const struct question *flight_question(const struct flight *fl)
{
	return &fl->question;
}

void *flight_home(const struct flight *fl)
{
	return fl->owner->home;
}

/* Take the waiter off both lists. Locked. */
static void leave(struct flights *f, struct waiter *w)
{
	TAILQ_REMOVE(&f->by_due, w, by_due);
	TAILQ_REMOVE(&w->flight->waiters, w, beside);
	f->waiting--;
}

/* Call a waiter that has left. */
static void call(struct waiter *w, struct dns_answer *answer)
{
	w->answered(w->arg, dns_answer_ref(answer));
	free(w);
}

void flights_land(struct flights *f, struct flight *fl, struct dns_answer *answer)
{
	struct waiters landed = TAILQ_HEAD_INITIALIZER(landed);
	struct waiter *w;

	pthread_mutex_lock(&f->lock);
	while ((w = TAILQ_FIRST(&fl->waiters)) != NULL) {
		leave(f, w);
		TAILQ_INSERT_TAIL(&landed, w, beside);
	}
	LIST_REMOVE(fl, chain);
	f->domains[fl->domain]--;
	f->open--;
	pthread_mutex_unlock(&f->lock);
	free(fl);
	while ((w = TAILQ_FIRST(&landed)) != NULL) {
		TAILQ_REMOVE(&landed, w, beside);
		call(w, answer);
	}
}

/* Take out the waiter that is due first, if it is due by `now_ms`. */
static struct waiter *next_due(struct flights *f, int64_t now_ms)
{
	struct waiter *w;

	pthread_mutex_lock(&f->lock);
	w = TAILQ_FIRST(&f->by_due);
	if (w != NULL && w->due_ms > now_ms)
		w = NULL;
	if (w != NULL)
		leave(f, w);
	pthread_mutex_unlock(&f->lock);
	return w;
}

unsigned flights_expire(struct flights *f, int64_t now_ms, struct dns_answer *answer)
{
	struct waiter *w;
	unsigned n = 0;

	for (; (w = next_due(f, now_ms)) != NULL; n++)
		call(w, answer);
	return n;
}

int64_t flights_next_due(struct flights *f)
{
	int64_t due;

	pthread_mutex_lock(&f->lock);
	due = TAILQ_EMPTY(&f->by_due) ? -1 : TAILQ_FIRST(&f->by_due)->due_ms;
	pthread_mutex_unlock(&f->lock);
	return due;
}

void flights_close(struct flights *f, struct dns_answer *answer)
{
	pthread_mutex_lock(&f->lock);
	f->closed = true;
	pthread_mutex_unlock(&f->lock);
	flights_expire(f, INT64_MAX, answer);
}
