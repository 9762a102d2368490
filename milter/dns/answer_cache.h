/* answer_cache.h - decoded answers kept for their TTL in front of the resolver, so that a name in
 * use costs well below a microsecond. Bounded by bytes; least recently used goes first.
 * Thread-safe: many shards, each with its lock. */
#ifndef ALIGND_DNS_ANSWER_CACHE_H
#define ALIGND_DNS_ANSWER_CACHE_H

#include "dns/question.h"

struct answer_cache;

/* At most `bytes` in all. NULL: out of memory. */
struct answer_cache *answer_cache_new(size_t bytes);
void answer_cache_free(struct answer_cache *c);

/* A reference to the answer that is still good at `now_ms` (clock_mono_ms()), or NULL. */
struct dns_answer *answer_cache_get(struct answer_cache *c, const struct question *q,
				    int64_t now_ms);

/* Keep another reference to the answer, in place of an older one: for its TTL, but at most an hour,
 * and five minutes if there is no record. Failures, TTL 0 and what is too large are not kept. */
void answer_cache_put(struct answer_cache *c, const struct question *q, struct dns_answer *answer,
		      int64_t now_ms);

/* Bytes in use now. */
size_t answer_cache_bytes(struct answer_cache *c);

#endif
