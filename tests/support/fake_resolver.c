/* fake_resolver.c - a resolver of answers written in the test. */
#include "fake_resolver.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/limits.h"

/* What is known of one name and type. */
struct entry {
	struct entry *next;
	char *name;
	enum dns_type type;
	bool fails;
	enum dns_status status;
	size_t count;
	struct dns_record records[MAX_ANSWER_RECORDS];
};

/* A question asked: waiting for its moment, or for ever. */
struct pending {
	struct pending *next;
	dns_answered *answered;
	void *arg;
	struct dns_answer *answer;
	int64_t due_ms;
};

struct asked {
	struct asked *next;
	enum dns_type type;
	char name[];
};

struct fake {
	struct resolver base;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	pthread_t thread;
	bool started, stop;
	int delay_ms;
	struct entry *entries;
	struct asked *asked;
	struct pending *silent;
	struct pending *queue, **queue_end;
};

static struct fake *fake_of(struct resolver *r)
{
	return (struct fake *)r;
}

static void *need(void *p)
{
	if (p == NULL)
		abort();
	return p;
}

static struct entry *find(struct fake *f, const char *name, enum dns_type type)
{
	for (struct entry *e = f->entries; e != NULL; e = e->next)
		if (e->type == type && strcasecmp(e->name, name) == 0)
			return e;
	return NULL;
}

static bool knows_name(struct fake *f, const char *name)
{
	for (struct entry *e = f->entries; e != NULL; e = e->next)
		if (strcasecmp(e->name, name) == 0)
			return true;
	return false;
}

static struct entry *find_or_add(struct fake *f, const char *name, enum dns_type type)
{
	struct entry *e = find(f, name, type);

	if (e != NULL)
		return e;
	e = need(calloc(1, sizeof(*e)));
	e->name = need(strdup(name));
	e->type = type;
	e->next = f->entries;
	f->entries = e;
	return e;
}

static void add_record(struct fake *f, const char *name, enum dns_type type, const void *bytes,
		       size_t n)
{
	struct entry *e;

	pthread_mutex_lock(&f->lock);
	e = find_or_add(f, name, type);
	if (e->count < MAX_ANSWER_RECORDS) { /* what is beyond, the real resolver leaves out too */
		char *copy = need(calloc(1, n + 1));

		if (n > 0)
			memcpy(copy, bytes, n);
		e->records[e->count++] = (struct dns_record){copy, n};
	}
	pthread_mutex_unlock(&f->lock);
}

void fake_resolver_add(struct resolver *r, const char *name, enum dns_type type, const char *text)
{
	unsigned char raw[16];

	switch (type) {
	case DNS_A:
		if (inet_pton(AF_INET, text, raw) != 1)
			abort();
		add_record(fake_of(r), name, type, raw, 4);
		return;
	case DNS_AAAA:
		if (inet_pton(AF_INET6, text, raw) != 1)
			abort();
		add_record(fake_of(r), name, type, raw, 16);
		return;
	case DNS_MX:
		text += strcspn(text, " "); /* the preference: SPF takes them in any order */
		text += strspn(text, " ");
		add_record(fake_of(r), name, type, text, strlen(text));
		return;
	case DNS_NS:
	case DNS_PTR:
	case DNS_TXT: add_record(fake_of(r), name, type, text, strlen(text)); return;
	}
	abort();
}

void fake_resolver_add_bytes(struct resolver *r, const char *name, const void *bytes, size_t n)
{
	add_record(fake_of(r), name, DNS_TXT, bytes, n);
}

void fake_resolver_fail(struct resolver *r, const char *name, enum dns_type type,
			enum dns_status status)
{
	struct fake *f = fake_of(r);
	struct entry *e;

	pthread_mutex_lock(&f->lock);
	e = find_or_add(f, name, type);
	e->fails = true;
	e->status = status;
	pthread_mutex_unlock(&f->lock);
}

unsigned fake_resolver_asked(struct resolver *r, const char *name, enum dns_type type)
{
	struct fake *f = fake_of(r);
	unsigned n = 0;

	pthread_mutex_lock(&f->lock);
	for (struct asked *a = f->asked; a != NULL; a = a->next)
		n += (type == 0 || a->type == type) && strcasecmp(a->name, name) == 0;
	pthread_mutex_unlock(&f->lock);
	return n;
}

/* -- asking ------------------------------------------------------------------------------------ */

static struct dns_answer *answer_for(struct fake *f, const char *name, enum dns_type type)
{
	const struct entry *e = find(f, name, type);
	struct dns_answer *a;

	if (e == NULL)
		a = dns_answer_new(knows_name(f, name) ? DNS_NODATA : DNS_NXDOMAIN, NULL, 0);
	else if (e->fails)
		a = dns_answer_new(e->status, NULL, 0);
	else
		a = dns_answer_new(DNS_OK, e->records, e->count);
	((struct dns_answer *)need(a))->ttl = 300;
	return a;
}

static void note(struct fake *f, const char *name, enum dns_type type)
{
	size_t size = strlen(name) + 1;
	struct asked *a = need(malloc(sizeof(*a) + size));

	a->type = type;
	memcpy(a->name, name, size);
	a->next = f->asked;
	f->asked = a;
}

/* The delay is the same for all: the queue is in the order of due times. */
static void *run(void *arg)
{
	struct fake *f = arg;

	pthread_mutex_lock(&f->lock);
	while (!f->stop) {
		struct pending *p = f->queue;
		struct timespec until;

		if (p == NULL) {
			pthread_cond_wait(&f->changed, &f->lock);
		} else if (p->due_ms > clock_mono_ms()) {
			until = clock_timespec(p->due_ms);
			pthread_cond_timedwait(&f->changed, &f->lock, &until);
		} else {
			f->queue = p->next;
			if (f->queue == NULL)
				f->queue_end = &f->queue;
			pthread_mutex_unlock(&f->lock);
			p->answered(p->arg, p->answer);
			free(p);
			pthread_mutex_lock(&f->lock);
		}
	}
	pthread_mutex_unlock(&f->lock);
	return NULL;
}

static void start(struct fake *f)
{
	if (f->started)
		return;
	f->started = true;
	if (pthread_create(&f->thread, NULL, run, f) != 0)
		abort();
}

/* Keep the question for the thread or, if nothing shall ever answer it, for the end. Locked. */
static void keep(struct fake *f, struct dns_answer *answer, dns_answered *answered, void *arg)
{
	struct pending *p = need(calloc(1, sizeof(*p)));

	*p = (struct pending){NULL, answered, arg, answer, clock_mono_ms() + f->delay_ms};
	if (answer->status == DNS_TIMEOUT) {
		p->next = f->silent;
		f->silent = p;
		return;
	}
	*f->queue_end = p;
	f->queue_end = &p->next;
	start(f);
	pthread_cond_signal(&f->changed);
}

static void fake_ask(struct resolver *r, const char *name, enum dns_type type,
		     dns_answered *answered, void *arg)
{
	struct fake *f = fake_of(r);
	struct dns_answer *answer;
	bool now;

	pthread_mutex_lock(&f->lock);
	note(f, name, type);
	answer = answer_for(f, name, type);
	now = f->stop || (f->delay_ms == 0 && answer->status != DNS_TIMEOUT);
	if (!now)
		keep(f, answer, answered, arg);
	pthread_mutex_unlock(&f->lock);
	if (now)
		answered(arg, answer);
}

void fake_resolver_delay(struct resolver *r, int ms)
{
	struct fake *f = fake_of(r);

	pthread_mutex_lock(&f->lock);
	f->delay_ms = ms;
	pthread_mutex_unlock(&f->lock);
}

/* -- the end ----------------------------------------------------------------------------------- */

static void fail_all(struct pending *p)
{
	while (p != NULL) {
		struct pending *next = p->next;

		dns_answer_unref(p->answer);
		p->answered(p->arg, need(dns_answer_new(DNS_TIMEOUT, NULL, 0)));
		free(p);
		p = next;
	}
}

static void free_entries(struct entry *e)
{
	while (e != NULL) {
		struct entry *next = e->next;

		for (size_t i = 0; i < e->count; i++)
			free((char *)(uintptr_t)e->records[i].data);
		free(e->name);
		free(e);
		e = next;
	}
}

static void fake_free(struct resolver *r)
{
	struct fake *f = fake_of(r);

	pthread_mutex_lock(&f->lock);
	f->stop = true;
	pthread_cond_signal(&f->changed);
	pthread_mutex_unlock(&f->lock);
	if (f->started)
		pthread_join(f->thread, NULL);
	fail_all(f->queue);
	fail_all(f->silent);
	free_entries(f->entries);
	for (struct asked *a = f->asked, *next; a != NULL; a = next) {
		next = a->next;
		free(a);
	}
	pthread_mutex_destroy(&f->lock);
	pthread_cond_destroy(&f->changed);
	free(f);
}

struct resolver *fake_resolver_new(void)
{
	struct fake *f = need(calloc(1, sizeof(*f)));

	f->base.ask = fake_ask;
	f->base.free = fake_free;
	f->queue_end = &f->queue;
	pthread_mutex_init(&f->lock, NULL);
	clock_cond_init(&f->changed);
	return &f->base;
}

struct lookups *fake_lookups(struct resolver *r, int ms)
{
	struct lookups *l = lookups_new(r);

	if (l == NULL)
		abort();
	lookups_deadline(l, clock_mono_ms() + ms);
	return l;
}
