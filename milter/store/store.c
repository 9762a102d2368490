/* store.c - the queue in front of the store and its writer thread: whatever waits is written in one
 * transaction. */
#include "store/store.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/store_private.h"
#include "store/store_writer.h"

/* Rows that may wait; above it a row is refused: a slow disk must not eat the memory. A row takes
 * about 500 bytes. */
#define MAX_QUEUED 20000
/* Rows of one transaction, so that another process comes to write between two. */
#define MAX_GROUP 1000
/* While messages come side by side, how long a transaction waits for more of them: a sync of the
 * disk costs as much as the check of a message, and is the same for one row and for ten. */
#define GATHER_NS 1000000
/* How long a message waits for its commit; longer than SQLite waits for another writer. */
#define COMMIT_SECONDS 10
/* Pause before rows that nobody waits for are tried again. */
#define RETRY_SECONDS 1

enum entry_state { ENTRY_WAITING, ENTRY_STORED, ENTRY_FAILED };

struct entry {
	struct entry *next;
	struct tuple tuple;
	bool waited; /* its thread waits, and frees it */
	enum entry_state state;
	struct error why;
	sem_t done; /* only if waited: the waking need not meet at the lock */
};

struct list {
	struct entry *head, **tail;
	size_t count;
};

struct store {
	bool durable;
	struct sdb *db, *reader_db; /* the writer thread's; the one behind reader_lock */
	struct store_writer *writer;
	pthread_mutex_t reader_lock, write_lock; /* the second: who writes, of both connections */
	pthread_t thread;
	bool thread_runs;

	pthread_mutex_t lock; /* the members below, and every entry's */
	pthread_cond_t work;
	struct list queue;
	size_t unfinished; /* queued or being written */
	size_t last_group; /* rows of the last transaction */
	bool stop;
};

static void list_init(struct list *l)
{
	*l = (struct list){.tail = &l->head};
}

static void list_push(struct list *l, struct entry *e)
{
	e->next = NULL;
	*l->tail = e;
	l->tail = &e->next;
	l->count++;
}

static struct entry *list_pop(struct list *l)
{
	struct entry *e = l->head;

	if (e == NULL)
		return NULL;
	l->head = e->next;
	if (l->head == NULL)
		l->tail = &l->head;
	l->count--;
	return e;
}

static void entry_free(struct entry *e)
{
	if (e->waited)
		sem_destroy(&e->done);
	tuple_free(&e->tuple);
	free(e);
}

static struct timespec from_now(int seconds)
{
	return clock_timespec(clock_mono_ms() + 1000 * (int64_t)seconds);
}

/* -- the writer thread -- */

static bool write_group(struct store *s, const struct list *group, struct error *why)
{
	bool ok;

	pthread_mutex_lock(&s->write_lock);
	ok = store_writer_begin(s->writer, why);
	for (const struct entry *e = group->head; ok && e != NULL; e = e->next)
		ok = store_writer_add(s->writer, &e->tuple, why);
	ok = ok && store_writer_commit(s->writer, why);
	if (!ok)
		store_writer_rollback(s->writer);
	pthread_mutex_unlock(&s->write_lock);
	return ok;
}

/* Under the lock: let it go for a moment if the last row was not alone. */
static void gather(struct store *s)
{
	const struct timespec moment = {.tv_nsec = GATHER_NS};

	if (s->stop || s->last_group < 2)
		return;
	pthread_mutex_unlock(&s->lock);
	nanosleep(&moment, NULL);
	pthread_mutex_lock(&s->lock);
}

/* Wait for rows and take at most MAX_GROUP of them. False: the store closes and nothing is left. */
static bool take_group(struct store *s, struct list *group_r)
{
	list_init(group_r);
	pthread_mutex_lock(&s->lock);
	while (s->queue.head == NULL && !s->stop)
		pthread_cond_wait(&s->work, &s->lock);
	gather(s);
	while (s->queue.head != NULL && group_r->count < MAX_GROUP)
		list_push(group_r, list_pop(&s->queue));
	s->last_group = group_r->count;
	pthread_mutex_unlock(&s->lock);
	return group_r->count > 0;
}

/* Tell those who wait, free the others. */
static void finish_group(struct store *s, struct list *group, bool stored, const struct error *why)
{
	struct entry *e;

	pthread_mutex_lock(&s->lock);
	s->unfinished -= group->count;
	while ((e = list_pop(group)) != NULL) {
		if (!e->waited) {
			entry_free(e);
			continue;
		}
		e->state = stored ? ENTRY_STORED : ENTRY_FAILED;
		e->why = *why;
		sem_post(&e->done);
	}
	pthread_mutex_unlock(&s->lock);
}

/* Nobody waits for these rows: try again until they are written or the store closes. */
static bool write_again(struct store *s, const struct list *group, struct error *why)
{
	struct timespec until;
	bool stored = false, stop = false;

	log_say(LOG_LEVEL_ERROR, "store: %s; rows are kept in memory", why->text);
	while (!stored && !stop) {
		until = from_now(RETRY_SECONDS);
		pthread_mutex_lock(&s->lock);
		while (!s->stop && pthread_cond_timedwait(&s->work, &s->lock, &until) != ETIMEDOUT)
			;
		stop = s->stop;
		pthread_mutex_unlock(&s->lock);
		stored = write_group(s, group, why);
	}
	if (stored)
		log_say(LOG_LEVEL_NOTICE, "store: works again");
	else
		log_say(LOG_LEVEL_ERROR, "store: %s; %zu rows are lost", why->text, group->count);
	return stored;
}

static void *write_rows(void *arg)
{
	struct store *s = arg;
	struct list group;

	while (take_group(s, &group)) {
		struct error why = {.text = ""};
		bool stored = write_group(s, &group, &why);

		if (!stored && !s->durable)
			stored = write_again(s, &group, &why);
		finish_group(s, &group, stored, &why);
	}
	return NULL;
}

/* -- adding -- */

static struct entry *entry_new(struct store *s, const struct row *row, struct error *why)
{
	struct entry *e = calloc(1, sizeof(*e));

	if (e == NULL) {
		error_set(why, "out of memory");
		return NULL;
	}
	if (!tuple_make(row, &e->tuple, why)) {
		free(e);
		return NULL;
	}
	e->waited = s->durable;
	if (e->waited)
		sem_init(&e->done, 0, 0);
	return e;
}

/* It took too long: leave the entry to the writer, which may count it yet. False: it has just
 * answered. */
static bool give_up(struct store *s, struct entry *e)
{
	bool waiting;

	pthread_mutex_lock(&s->lock);
	waiting = e->state == ENTRY_WAITING;
	if (waiting) {
		sem_destroy(&e->done);
		e->waited = false;
	}
	pthread_mutex_unlock(&s->lock);
	return waiting;
}

/* Wait for the writer, then free the entry. False: not stored, or not in time. */
static bool wait_stored(struct store *s, struct entry *e, struct error *why)
{
	struct timespec until = from_now(COMMIT_SECONDS);
	bool stored;
	int rc;

	while ((rc = sem_clockwait(&e->done, CLOCK_MONOTONIC, &until)) != 0 && errno == EINTR)
		;
	if (rc != 0 && give_up(s, e)) {
		error_set(why, "the store did not answer in %d seconds", COMMIT_SECONDS);
		return false;
	}
	stored = e->state == ENTRY_STORED;
	if (!stored && why != NULL)
		*why = e->why;
	entry_free(e);
	return stored;
}

/* Under the lock. */
static bool may_queue(const struct store *s, struct error *why)
{
	if (s->thread_runs && !s->stop && s->unfinished < MAX_QUEUED)
		return true;
	if (s->thread_runs)
		error_set(why, "the store is %zu rows behind", s->unfinished);
	else
		error_set(why, "the store is open for reading only");
	return false;
}

bool store_add(struct store *s, const struct row *row, struct error *why)
{
	struct entry *e = entry_new(s, row, why);
	bool queued;

	if (e == NULL)
		return false;
	pthread_mutex_lock(&s->lock);
	queued = may_queue(s, why);
	if (queued) {
		list_push(&s->queue, e);
		s->unfinished++;
		pthread_cond_signal(&s->work);
	}
	pthread_mutex_unlock(&s->lock);
	if (!queued) {
		entry_free(e);
		return false;
	}
	return !s->durable || wait_stored(s, e, why);
}

size_t store_queued(struct store *s)
{
	size_t n;

	pthread_mutex_lock(&s->lock);
	n = s->unfinished;
	pthread_mutex_unlock(&s->lock);
	return n;
}

/* -- open and close -- */

static struct store *store_new(const char *path, bool create, bool durable, struct error *why)
{
	struct store *s = calloc(1, sizeof(*s));

	if (s == NULL) {
		error_set(why, "out of memory");
		return NULL;
	}
	s->durable = durable;
	list_init(&s->queue);
	pthread_mutex_init(&s->lock, NULL);
	pthread_mutex_init(&s->reader_lock, NULL);
	pthread_mutex_init(&s->write_lock, NULL);
	clock_cond_init(&s->work);
	s->reader_db = sdb_open(path, create, true, why);
	if (s->reader_db == NULL) {
		store_close(s);
		return NULL;
	}
	return s;
}

struct store *store_open(const char *path, bool durable, struct error *why)
{
	struct store *s = store_new(path, true, durable, why);

	if (s == NULL)
		return NULL;
	if ((s->db = sdb_open(path, false, durable, why)) == NULL ||
	    (s->writer = store_writer_new(s->db, why)) == NULL) {
		store_close(s);
		return NULL;
	}
	if (pthread_create(&s->thread, NULL, write_rows, s) != 0) {
		error_set(why, "%s: cannot start the writer thread", path);
		store_close(s);
		return NULL;
	}
	s->thread_runs = true;
	return s;
}

bool store_check(const char *path, struct error *why)
{
	return sdb_check(path, why);
}

struct store *store_attach(const char *path, struct error *why)
{
	return store_new(path, false, true, why);
}

void store_close(struct store *s)
{
	if (s == NULL)
		return;
	pthread_mutex_lock(&s->lock);
	s->stop = true;
	pthread_cond_signal(&s->work);
	pthread_mutex_unlock(&s->lock);
	if (s->thread_runs)
		pthread_join(s->thread, NULL);
	store_writer_free(s->writer);
	sdb_close(s->db);
	sdb_close(s->reader_db);
	pthread_cond_destroy(&s->work);
	pthread_mutex_destroy(&s->write_lock);
	pthread_mutex_destroy(&s->reader_lock);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

struct sdb *store_lock_reader(struct store *s)
{
	pthread_mutex_lock(&s->reader_lock);
	return s->reader_db;
}

void store_unlock_reader(struct store *s)
{
	pthread_mutex_unlock(&s->reader_lock);
}

struct sdb *store_lock_editor(struct store *s)
{
	struct sdb *db = store_lock_reader(s);

	pthread_mutex_lock(&s->write_lock);
	return db;
}

void store_unlock_editor(struct store *s)
{
	pthread_mutex_unlock(&s->write_lock);
	store_unlock_reader(s);
}
