/* dkim_key.c - key records and the cache of decoded keys: sharded, each shard a table of small
 * sets, oldest use out. */
#include "check/dkim_key.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/array.h"
#include "mail/base64.h"
#include "mail/taglist.h"

#define SHARDS 16 /* locks; two threads seldom want the same */
#define WAYS 8	  /* keys of one set: what competes for a place */
#define MAX_CACHED_TEXT \
	4096		   /* a key of 8192 bits needs 1.5 KB; longer texts must not fill memory */
#define MAX_KEY_BYTES 2048 /* decoded p=: RSA of 8192 bits has about 1100 */

struct dkim_key {
	atomic_uint references;
	const char *refusal;
	bool other, testing, strict;
	enum dkim_key_type type;
	unsigned bits;
	struct public_key *key;
	uint64_t hash; /* of the identity below */
	size_t name_len, text_len;
	char identity[]; /* name and text, one after the other */
};

struct set {
	struct dkim_key *key[WAYS]; /* latest use first */
};

struct shard {
	pthread_mutex_t lock;
	struct set *sets;
};

struct dkim_key_cache {
	struct metrics *metrics;
	uint64_t seed; /* so that nobody can choose who shares a set with whom */
	size_t sets;   /* of one shard */
	struct shard shard[SHARDS];
};

/* -- the record -------------------------------------------------- */

/* The tags that matter; a NULL value was not there. */
struct record {
	struct tag v, h, k, p, s, t;
	bool v_first, bad;
};

static void record_read(struct record *r, const char *text, size_t len)
{
	struct {
		const char *name;
		struct tag *tag;
	} known[] = {{"v", &r->v}, {"h", &r->h}, {"k", &r->k},
		     {"p", &r->p}, {"s", &r->s}, {"t", &r->t}};
	struct taglist list;
	struct tag tag;
	bool first = true;

	memset(r, 0, sizeof(*r));
	taglist_start(&list, text, len);
	for (; taglist_next(&list, &tag); first = false)
		for (size_t i = 0; i < ARRAY_SIZE(known); i++)
			if (known[i].tag->name == NULL && tag_named(&tag, known[i].name)) {
				*known[i].tag = tag;
				r->v_first |= i == 0 && first;
			}
	r->bad = list.bad || taglist_repeats(text, len);
}

/* Everything but the key itself; NULL if nothing is wrong. */
static const char *record_refusal(const struct record *r)
{
	if (r->bad)
		return "key record has a syntax error";
	if (r->v.name != NULL && (!r->v_first || !tag_value_is(&r->v, "DKIM1")))
		return "key record has an unknown version";
	if (r->p.name == NULL)
		return "key record has no p=";
	if (r->p.value_len == 0)
		return "key revoked";
	if (r->h.name != NULL && !tag_has_word(&r->h, "sha256"))
		return "key is not for SHA-256";
	if (r->s.name != NULL && !tag_has_word(&r->s, "email") && !tag_has_word(&r->s, "*"))
		return "key is not for mail";
	if (r->k.name != NULL && !tag_value_is_nocase(&r->k, "rsa") &&
	    !tag_value_is_nocase(&r->k, "ed25519"))
		return "key has an unknown type";
	return NULL;
}

/* Fill `k` from its text. False: out of memory. */
static bool key_decode(struct dkim_key *k)
{
	uint8_t bytes[MAX_KEY_BYTES];
	struct record r;
	size_t n;

	record_read(&r, k->identity + k->name_len, k->text_len);
	k->other = r.p.name == NULL || (r.v.name != NULL && !tag_value_is(&r.v, "DKIM1"));
	k->testing = tag_has_word(&r.t, "y");
	k->strict = tag_has_word(&r.t, "s");
	if ((k->refusal = record_refusal(&r)) != NULL)
		return true;
	if (!base64_decode(r.p.value, r.p.value_len, bytes, sizeof(bytes), &n)) {
		k->refusal = "key is not base64";
		return true;
	}
	if (r.k.name == NULL || tag_value_is_nocase(&r.k, "rsa"))
		return public_key_rsa(bytes, n, &k->key, &k->bits, &k->refusal);
	k->type = DKIM_KEY_ED25519;
	k->bits = 256;
	return public_key_ed25519(bytes, n, &k->key, &k->refusal);
}

/* A key with one reference. NULL: out of memory. */
static struct dkim_key *key_new(uint64_t hash, const char *name, size_t name_len, const char *text,
				size_t len)
{
	struct dkim_key *k = calloc(1, sizeof(*k) + name_len + len);

	if (k == NULL)
		return NULL;
	atomic_init(&k->references, 1);
	k->hash = hash;
	k->name_len = name_len;
	k->text_len = len;
	memcpy(k->identity, name, name_len);
	if (len > 0)
		memcpy(k->identity + name_len, text, len);
	if (!key_decode(k)) {
		dkim_key_unref(k);
		return NULL;
	}
	return k;
}

void dkim_key_unref(struct dkim_key *k)
{
	if (k == NULL || atomic_fetch_sub(&k->references, 1) != 1)
		return;
	public_key_free(k->key);
	free(k);
}

const char *dkim_key_refusal(const struct dkim_key *k)
{
	return k->refusal;
}

bool dkim_key_is_other(const struct dkim_key *k)
{
	return k->other;
}

enum dkim_key_type dkim_key_type(const struct dkim_key *k)
{
	return k->type;
}

unsigned dkim_key_bits(const struct dkim_key *k)
{
	return k->bits;
}

bool dkim_key_testing(const struct dkim_key *k)
{
	return k->testing;
}

bool dkim_key_strict(const struct dkim_key *k)
{
	return k->strict;
}

enum verification dkim_key_verify(const struct dkim_key *k, const uint8_t hash[SHA256_SIZE],
				  const uint8_t *signature, size_t n)
{
	assert(k->refusal == NULL);
	return public_key_verify(k->key, hash, signature, n);
}

/* -- the cache --------------------------------------------------- */

struct dkim_key_cache *dkim_key_cache_new(size_t keys, struct metrics *metrics)
{
	struct dkim_key_cache *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->metrics = metrics;
	for (size_t i = 0; i < SHARDS; i++)
		pthread_mutex_init(&c->shard[i].lock, NULL);
	if (getrandom(&c->seed, sizeof(c->seed), 0) != sizeof(c->seed))
		c->seed = (uint64_t)(uintptr_t)c;
	c->sets = (keys + SHARDS * WAYS - 1) / (SHARDS * WAYS);
	for (size_t i = 0; i < SHARDS && c->sets > 0; i++)
		if ((c->shard[i].sets = calloc(c->sets, sizeof(struct set))) == NULL) {
			dkim_key_cache_free(c);
			return NULL;
		}
	return c;
}

void dkim_key_cache_free(struct dkim_key_cache *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < SHARDS; i++) {
		for (size_t j = 0; c->shard[i].sets != NULL && j < c->sets; j++)
			for (size_t w = 0; w < WAYS; w++)
				dkim_key_unref(c->shard[i].sets[j].key[w]);
		free(c->shard[i].sets);
		pthread_mutex_destroy(&c->shard[i].lock);
	}
	free(c);
}

/* Places a text; never decides that two are the same. */
static uint64_t hash_bytes(uint64_t h, const char *bytes, size_t n)
{
	uint64_t word;

	for (; n >= sizeof(word); bytes += sizeof(word), n -= sizeof(word)) {
		memcpy(&word, bytes, sizeof(word));
		h = (h ^ word) * 0x9e3779b97f4a7c15U;
		h ^= h >> 29;
	}
	for (; n > 0; bytes++, n--)
		h = (h ^ (unsigned char)*bytes) * 0x100000001b3U;
	return h ^ h >> 32;
}

static bool key_is(const struct dkim_key *k, uint64_t hash, const char *name, size_t name_len,
		   const char *text, size_t len)
{
	return k->hash == hash && k->name_len == name_len && k->text_len == len &&
	       memcmp(k->identity, name, name_len) == 0 &&
	       (len == 0 || memcmp(k->identity + name_len, text, len) == 0);
}

/* Put `k` in front, moving those before place `w` back by one. */
static void set_to_front(struct set *s, size_t w, struct dkim_key *k)
{
	memmove(&s->key[1], &s->key[0], w * sizeof(s->key[0]));
	s->key[0] = k;
}

/* With the shard locked. A new reference, or NULL. */
static struct dkim_key *set_find(struct set *s, uint64_t hash, const char *name, size_t name_len,
				 const char *text, size_t len)
{
	for (size_t w = 0; w < WAYS && s->key[w] != NULL; w++) {
		struct dkim_key *k = s->key[w];

		if (!key_is(k, hash, name, name_len, text, len))
			continue;
		set_to_front(s, w, k);
		atomic_fetch_add(&k->references, 1);
		return k;
	}
	return NULL;
}

/* Two threads may decode one key at the same time; then both texts stand in the set until the older
 * one falls out. */
struct dkim_key *dkim_key_get(struct dkim_key_cache *c, const char *name, const char *text,
			      size_t len)
{
	size_t name_len = strlen(name);
	uint64_t hash = hash_bytes(hash_bytes(c->seed, name, name_len), text, len);
	struct shard *shard = &c->shard[hash % SHARDS];
	bool cached = c->sets > 0 && len <= MAX_CACHED_TEXT;
	struct set *set = cached ? &shard->sets[hash / SHARDS % c->sets] : NULL;
	struct dkim_key *k = NULL, *oldest;

	if (cached) {
		pthread_mutex_lock(&shard->lock);
		k = set_find(set, hash, name, name_len, text, len);
		pthread_mutex_unlock(&shard->lock);
	}
	metrics_inc(c->metrics, k != NULL ? METRIC_DKIM_KEY_HITS : METRIC_DKIM_KEY_MISSES);
	if (k != NULL || (k = key_new(hash, name, name_len, text, len)) == NULL || !cached)
		return k;
	atomic_fetch_add(&k->references, 1);
	pthread_mutex_lock(&shard->lock);
	oldest = set->key[WAYS - 1];
	set_to_front(set, WAYS - 1, k);
	pthread_mutex_unlock(&shard->lock);
	dkim_key_unref(oldest);
	return k;
}
