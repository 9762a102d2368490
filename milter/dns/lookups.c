/* lookups.c - the DNS questions of one message. The object is counted: the session holds one
 * reference and each open question another, so lookups_free() need not wait for the DNS; it waits
 * only for a follow that is running at that moment on the resolver's thread. Follows of one message
 * run one at a time, without the lock, from a queue: a follow that hints a known name does not
 * nest. */
#include "dns/lookups.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "dns/question.h"

#define MAX_FOLLOW_ARG 64 /* as lookups.h promises */

struct follow {
	struct follow *next;
	lookups_follow *call;
	struct asked *about;
	_Alignas(max_align_t) char arg[];
};

struct asked {
	struct lookups *owner;
	struct dns_answer *answer; /* NULL while open */
	struct follow *follows;	   /* to be called with the answer */
	int64_t asked_ms, answered_ms;
	int64_t gave_up; /* a wait until this moment was in vain; INT64_MIN: none */
	enum dns_type type;
	bool waited;
	bool detached; /* the message is gone: whoever brings the answer frees this */
	char name[];
};

struct slot {
	uint64_t hash;
	struct asked *asked;
};

struct lookups {
	atomic_uint references;
	pthread_mutex_t lock;	/* guards all below */
	pthread_cond_t changed; /* an answer has come, or a follow has ended */
	struct resolver *resolver;
	int64_t deadline;
	struct slot *slots; /* in the order asked; searched by hash: there are few */
	size_t count, room;
	size_t hints;
	unsigned waiting;		   /* threads in lookups_wait() */
	struct follow *ready, **ready_end; /* follows whose answer is there */
	bool following;			   /* some thread is calling the ready ones */
	bool closing; /* free or reset has begun: no more questions, no more follows */
	bool refused; /* to a check that waited */
};

static const struct dns_answer timed_out = {.status = DNS_TIMEOUT, .rcode = -1};
static const struct dns_answer refused = {.status = DNS_REFUSED_HERE, .rcode = -1};
static const struct dns_answer impossible = {.status = DNS_NXDOMAIN, .rcode = 3};

struct lookups *lookups_new(struct resolver *resolver)
{
	struct lookups *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return NULL;
	atomic_init(&l->references, 1);
	l->resolver = resolver;
	l->ready_end = &l->ready;
	pthread_mutex_init(&l->lock, NULL);
	clock_cond_init(&l->changed);
	return l;
}

static void unref(struct lookups *l)
{
	if (atomic_fetch_sub_explicit(&l->references, 1, memory_order_acq_rel) != 1)
		return;
	pthread_mutex_destroy(&l->lock);
	pthread_cond_destroy(&l->changed);
	free(l->slots);
	free(l);
}

static void free_follows(struct follow *f)
{
	while (f != NULL) {
		struct follow *next = f->next;

		free(f);
		f = next;
	}
}

static void free_asked(struct asked *q)
{
	free_follows(q->follows);
	dns_answer_unref(q->answer);
	free(q);
}

/* -- follows ----------------------------------------------------------------------------------- */

/* Move the follows of an answered question to the end of the queue. Locked. */
static void make_ready(struct lookups *l, struct asked *q)
{
	if (q->follows == NULL)
		return;
	*l->ready_end = q->follows;
	q->follows = NULL;
	while (*l->ready_end != NULL)
		l->ready_end = &(*l->ready_end)->next;
}

/* Call what is ready unless another thread does it already. Locked before and after, unlocked
 * during each call. */
static void run_follows(struct lookups *l)
{
	if (l->following)
		return;
	l->following = true;
	while (l->ready != NULL && !l->closing) {
		struct follow *f = l->ready;

		l->ready = f->next;
		if (l->ready == NULL)
			l->ready_end = &l->ready;
		pthread_mutex_unlock(&l->lock);
		f->call(l, f->about->name, f->about->answer, f->arg);
		free(f);
		pthread_mutex_lock(&l->lock);
	}
	l->following = false;
	if (l->closing)
		pthread_cond_broadcast(&l->changed);
}

static struct follow *new_follow(lookups_follow *call, const void *arg, size_t size)
{
	struct follow *f;

	assert(size <= MAX_FOLLOW_ARG);
	f = malloc(sizeof(*f) + size);
	if (f == NULL)
		return NULL;
	f->next = NULL;
	f->call = call;
	if (size > 0)
		memcpy(f->arg, arg, size);
	return f;
}

/* -- questions --------------------------------------------------------------------------------- */

static struct asked *find(const struct lookups *l, const struct question *key)
{
	for (size_t i = 0; i < l->count; i++)
		if (l->slots[i].hash == key->hash &&
		    question_is(key, l->slots[i].asked->name, l->slots[i].asked->type))
			return l->slots[i].asked;
	return NULL;
}

static bool make_room(struct lookups *l)
{
	size_t room = l->room == 0 ? 32 : 2 * l->room;
	struct slot *slots;

	if (l->count < l->room)
		return true;
	slots = realloc(l->slots, room * sizeof(*slots));
	if (slots == NULL)
		return false;
	l->slots = slots;
	l->room = room;
	return true;
}

/* A new question in the list, not yet asked: NULL over the limit or without memory. */
static struct asked *add(struct lookups *l, const struct question *key)
{
	struct asked *q;

	if (l->count >= MAX_MESSAGE_QUESTIONS || !make_room(l))
		return NULL;
	q = malloc(sizeof(*q) + key->len + 1);
	if (q == NULL)
		return NULL;
	*q = (struct asked){
	    .owner = l, .type = key->type, .asked_ms = clock_mono_ms(), .gave_up = INT64_MIN};
	memcpy(q->name, key->name, key->len + 1);
	l->slots[l->count++] = (struct slot){key->hash, q};
	return q;
}

/* The resolver's answer, on any thread. */
static void answered(void *arg, struct dns_answer *answer)
{
	struct asked *q = arg;
	struct lookups *l = q->owner;

	pthread_mutex_lock(&l->lock);
	q->answer = answer;
	if (q->detached) {
		free_asked(q);
	} else {
		q->answered_ms = clock_mono_ms();
		make_ready(l, q);
		if (l->waiting > 0)
			pthread_cond_broadcast(&l->changed);
		run_follows(l);
	}
	pthread_mutex_unlock(&l->lock);
	unref(l);
}

/* Put the question to the resolver. Not locked: the answer may come before this returns. */
static void ask(struct lookups *l, struct asked *q)
{
	l->resolver->ask(l->resolver, q->name, q->type, answered, q);
}

/* `sure`: outside the number of hints. */
static void hint(struct lookups *l, const struct question *key, struct follow *f, bool sure)
{
	struct asked *q, *fresh = NULL;

	pthread_mutex_lock(&l->lock);
	if (l->closing || (!sure && l->hints >= MAX_HINTED_QUESTIONS))
		goto out;
	q = find(l, key);
	if (q == NULL)
		q = fresh = add(l, key);
	if (q == NULL)
		goto out;
	l->hints += !sure && (fresh != NULL || f != NULL);
	if (f != NULL) {
		f->about = q;
		f->next = q->follows;
		q->follows = f;
		f = NULL; /* handed over */
		if (q->answer != NULL) {
			make_ready(l, q);
			run_follows(l);
		}
	}
	if (fresh != NULL)
		atomic_fetch_add_explicit(&l->references, 1, memory_order_relaxed);
out:
	pthread_mutex_unlock(&l->lock);
	free(f);
	if (fresh != NULL)
		ask(l, fresh);
}

void lookups_hint(struct lookups *l, const char *name, enum dns_type type)
{
	struct question key;

	if (question_set(&key, name, type, 0))
		hint(l, &key, NULL, false);
}

void lookups_hint_sure(struct lookups *l, const char *name, enum dns_type type)
{
	struct question key;

	if (question_set(&key, name, type, 0))
		hint(l, &key, NULL, true);
}

void lookups_hint_then(struct lookups *l, const char *name, enum dns_type type,
		       lookups_follow *follow, const void *arg, size_t size)
{
	struct follow *f;
	struct question key;

	if (question_set(&key, name, type, 0) && (f = new_follow(follow, arg, size)) != NULL)
		hint(l, &key, f, false);
}

/* Wait until there is an answer or the deadline has passed. Locked. */
static void wait_for(struct lookups *l, struct asked *q)
{
	const struct timespec until = clock_timespec(l->deadline);

	l->waiting++;
	while (q->answer == NULL && pthread_cond_timedwait(&l->changed, &l->lock, &until) == 0)
		;
	l->waiting--;
}

/* What the checks see. A question once given up stays so, or two checks would judge by two
 * different answers; only a later deadline opens it again. */
static const struct dns_answer *visible(const struct lookups *l, const struct asked *q)
{
	return q->gave_up >= l->deadline ? NULL : q->answer;
}

const struct dns_answer *lookups_wait(struct lookups *l, const char *name, enum dns_type type)
{
	const struct dns_answer *answer = &refused;
	struct question key;
	struct asked *q;

	if (!question_set(&key, name, type, 0))
		return &impossible;
	pthread_mutex_lock(&l->lock);
	q = find(l, &key);
	if (q == NULL && (q = add(l, &key)) != NULL) {
		atomic_fetch_add_explicit(&l->references, 1, memory_order_relaxed);
		pthread_mutex_unlock(&l->lock);
		ask(l, q);
		pthread_mutex_lock(&l->lock);
	}
	if (q != NULL) {
		q->waited = true;
		if (q->answer == NULL && q->gave_up < l->deadline)
			wait_for(l, q);
		if (q->answer == NULL)
			q->gave_up = l->deadline;
		answer = visible(l, q);
		if (answer == NULL)
			answer = &timed_out;
	}
	l->refused |= answer->status == DNS_REFUSED_HERE;
	pthread_mutex_unlock(&l->lock);
	return answer;
}

void lookups_deadline(struct lookups *l, int64_t mono_ms)
{
	pthread_mutex_lock(&l->lock);
	l->deadline = mono_ms > 0 ? mono_ms : 0;
	pthread_mutex_unlock(&l->lock);
}

/* -- the end of a message ---------------------------------------------------------------------- */

/* Forget every question; the open ones are left to their answers. Locked; afterwards no follow
 * runs. */
static void forget(struct lookups *l)
{
	l->closing = true;
	while (l->following)
		pthread_cond_wait(&l->changed, &l->lock);
	free_follows(l->ready);
	l->ready = NULL;
	l->ready_end = &l->ready;
	for (size_t i = 0; i < l->count; i++) {
		struct asked *q = l->slots[i].asked;

		if (q->answer != NULL)
			free_asked(q);
		else
			q->detached = true;
	}
	l->count = l->hints = 0;
	l->deadline = 0;
	l->refused = false;
}

void lookups_free(struct lookups *l)
{
	if (l == NULL)
		return;
	pthread_mutex_lock(&l->lock);
	forget(l);
	pthread_mutex_unlock(&l->lock);
	unref(l);
}

void lookups_reset(struct lookups *l)
{
	pthread_mutex_lock(&l->lock);
	forget(l);
	l->closing = false;
	pthread_mutex_unlock(&l->lock);
}

/* -- for a person to read ---------------------------------------------------------------------- */

void lookups_each(struct lookups *l, void (*seen)(void *arg, const struct lookups_seen *s),
		  void *arg)
{
	for (size_t i = 0;; i++) {
		struct lookups_seen s = {0};
		const struct asked *q;

		pthread_mutex_lock(&l->lock);
		q = i < l->count ? l->slots[i].asked : NULL;
		if (q != NULL)
			s = (struct lookups_seen){
			    q->name, q->type, visible(l, q), q->waited,
			    (q->answer != NULL ? q->answered_ms : clock_mono_ms()) - q->asked_ms};
		pthread_mutex_unlock(&l->lock);
		if (q == NULL)
			return;
		seen(arg, &s);
	}
}

bool lookups_refused(struct lookups *l)
{
	bool refused_one;

	pthread_mutex_lock(&l->lock);
	refused_one = l->refused;
	pthread_mutex_unlock(&l->lock);
	return refused_one;
}

size_t lookups_count(struct lookups *l)
{
	size_t count;

	pthread_mutex_lock(&l->lock);
	count = l->count;
	pthread_mutex_unlock(&l->lock);
	return count;
}
