/* answer_cache.c - decoded answers kept for their TTL. A shard is a table of short chains and one
 * list by use. A chain is cut at CHAIN_MAX, so that names made to collide cost a stranger's own
 * entries and nobody's time. */
#include "dns/answer_cache.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#define SHARDS 16 /* several per core, so that two threads seldom meet */
#define CHAIN_MAX 8
#define USUAL_BYTES 256 /* of one entry: sizes the tables */
#define MAX_TTL 3600	/* a changed record is seen after an hour, whatever its TTL was */
#define MAX_NEGATIVE_TTL 300

struct entry {
	struct entry *next; /* in its chain, newest first */
	TAILQ_ENTRY(entry) by_use;
	uint64_t hash;
	int64_t expires_ms;
	struct dns_answer *answer;
	size_t bytes;
	enum dns_type type;
	char name[];
};

struct shard {
	_Alignas(64) pthread_mutex_t lock;
	TAILQ_HEAD(entries, entry) by_use; /* most recent first */
	struct entry **chains;
	size_t bytes;
};

struct answer_cache {
	size_t chains;	    /* per shard, a power of two */
	size_t shard_bytes; /* most bytes of one shard's entries */
	struct shard shards[SHARDS];
};

struct answer_cache *answer_cache_new(size_t bytes)
{
	struct answer_cache *c = aligned_alloc(_Alignof(struct answer_cache), sizeof(*c));
	size_t fixed;

	if (c == NULL)
		return NULL;
	memset(c, 0, sizeof(*c));
	for (c->chains = 16; c->chains * SHARDS * USUAL_BYTES < bytes;)
		c->chains *= 2;
	fixed = sizeof(*c) + SHARDS * c->chains * sizeof(struct entry *);
	c->shard_bytes = bytes > fixed ? (bytes - fixed) / SHARDS : 0;
	for (size_t i = 0; i < SHARDS; i++) {
		pthread_mutex_init(&c->shards[i].lock, NULL);
		TAILQ_INIT(&c->shards[i].by_use);
		c->shards[i].chains = calloc(c->chains, sizeof(struct entry *));
		if (c->shards[i].chains == NULL) {
			answer_cache_free(c);
			return NULL;
		}
	}
	return c;
}

static struct shard *shard_of(struct answer_cache *c, const struct question *q)
{
	return &c->shards[q->hash >> 32 & (SHARDS - 1)];
}

static struct entry **chain_of(struct answer_cache *c, struct shard *s, uint64_t hash)
{
	return &s->chains[hash & (c->chains - 1)];
}

/* Take out the entry that `link` points to. */
static void drop(struct shard *s, struct entry **link)
{
	struct entry *e = *link;

	*link = e->next;
	TAILQ_REMOVE(&s->by_use, e, by_use);
	s->bytes -= e->bytes;
	dns_answer_unref(e->answer);
	free(e);
}

static void drop_oldest(struct answer_cache *c, struct shard *s)
{
	struct entry *e = TAILQ_LAST(&s->by_use, entries), **link = chain_of(c, s, e->hash);

	while (*link != e)
		link = &(*link)->next;
	drop(s, link);
}

void answer_cache_free(struct answer_cache *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < SHARDS; i++) {
		struct shard *s = &c->shards[i];

		while (s->chains != NULL && !TAILQ_EMPTY(&s->by_use))
			drop_oldest(c, s);
		free(s->chains);
		pthread_mutex_destroy(&s->lock);
	}
	free(c);
}

/* The link to the question's entry, or the one that ends the chain. */
static struct entry **find(struct answer_cache *c, struct shard *s, const struct question *q)
{
	struct entry **link = chain_of(c, s, q->hash);

	while (*link != NULL &&
	       ((*link)->hash != q->hash || !question_is(q, (*link)->name, (*link)->type)))
		link = &(*link)->next;
	return link;
}

struct dns_answer *answer_cache_get(struct answer_cache *c, const struct question *q,
				    int64_t now_ms)
{
	struct shard *s = shard_of(c, q);
	struct dns_answer *answer = NULL;
	struct entry **link, *e;

	pthread_mutex_lock(&s->lock);
	link = find(c, s, q);
	e = *link;
	if (e != NULL && e->expires_ms <= now_ms) {
		drop(s, link);
	} else if (e != NULL) {
		answer = dns_answer_ref(e->answer);
		if (e != TAILQ_FIRST(&s->by_use)) {
			TAILQ_REMOVE(&s->by_use, e, by_use);
			TAILQ_INSERT_HEAD(&s->by_use, e, by_use);
		}
	}
	pthread_mutex_unlock(&s->lock);
	return answer;
}

static int64_t lifetime_ms(const struct dns_answer *a)
{
	uint32_t most = a->status == DNS_OK ? MAX_TTL : MAX_NEGATIVE_TTL;

	if (dns_failed(a))
		return 0;
	return (int64_t)(a->ttl < most ? a->ttl : most) * 1000;
}

static size_t bytes_of(const struct question *q, const struct dns_answer *a)
{
	size_t bytes = sizeof(struct entry) + q->len + 1 + sizeof(*a) + 32; /* malloc's own */

	for (size_t i = 0; i < a->count; i++)
		bytes += sizeof(a->records[i]) + a->records[i].len + 1;
	return bytes;
}

static void insert(struct answer_cache *c, struct shard *s, struct entry *e)
{
	struct entry **link = chain_of(c, s, e->hash);

	e->next = *link;
	*link = e;
	TAILQ_INSERT_HEAD(&s->by_use, e, by_use);
	s->bytes += e->bytes;
	for (int i = 0; i < CHAIN_MAX && *link != NULL; i++)
		link = &(*link)->next;
	if (*link != NULL)
		drop(s, link);
	while (s->bytes > c->shard_bytes)
		drop_oldest(c, s);
}

void answer_cache_put(struct answer_cache *c, const struct question *q, struct dns_answer *answer,
		      int64_t now_ms)
{
	int64_t lifetime = lifetime_ms(answer);
	size_t bytes = bytes_of(q, answer);
	struct shard *s = shard_of(c, q);
	struct entry **link, *e;

	if (lifetime == 0 || bytes > c->shard_bytes / 4)
		return;
	e = malloc(sizeof(*e) + q->len + 1);
	if (e == NULL)
		return;
	*e = (struct entry){.hash = q->hash,
			    .expires_ms = now_ms + lifetime,
			    .answer = dns_answer_ref(answer),
			    .bytes = bytes,
			    .type = q->type};
	memcpy(e->name, q->name, q->len + 1);
	pthread_mutex_lock(&s->lock);
	link = find(c, s, q);
	if (*link != NULL)
		drop(s, link);
	insert(c, s, e);
	pthread_mutex_unlock(&s->lock);
}

size_t answer_cache_bytes(struct answer_cache *c)
{
	size_t bytes = sizeof(*c) + SHARDS * c->chains * sizeof(struct entry *);

	for (size_t i = 0; i < SHARDS; i++) {
		pthread_mutex_lock(&c->shards[i].lock);
		bytes += c->shards[i].bytes;
		pthread_mutex_unlock(&c->shards[i].lock);
	}
	return bytes;
}
