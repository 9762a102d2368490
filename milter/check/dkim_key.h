/* dkim_key.h - DKIM key records (RFC 6376 3.6.1, RFC 8301, RFC 8463) and the cache of keys decoded
 * from them. Decoding costs more than verifying, and most mail comes from few signers. How long a
 * record is valid is the resolver's matter: the cache holds what a text means, not that it is still
 * published. */
#ifndef ALIGND_CHECK_DKIM_KEY_H
#define ALIGND_CHECK_DKIM_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/metrics.h"
#include "base/crypto.h"

enum dkim_key_type { DKIM_KEY_RSA, DKIM_KEY_ED25519 };

/* What a TXT record says: immutable, counted. */
struct dkim_key;

/* Bounded and thread-safe. */
struct dkim_key_cache;

/* A cache of about `keys` records (0: none are kept). `metrics` may be NULL. NULL: out of memory.
 */
struct dkim_key_cache *dkim_key_cache_new(size_t keys, struct metrics *metrics);
void dkim_key_cache_free(struct dkim_key_cache *c); /* NULL is fine; keys handed out live on */

/* The meaning of the TXT record `text` (any bytes) found at `name`, from the cache if both were
 * seen before. The caller ends with dkim_key_unref(). NULL: out of memory. */
struct dkim_key *dkim_key_get(struct dkim_key_cache *c, const char *name, const char *text,
			      size_t len);
void dkim_key_unref(struct dkim_key *k); /* NULL is fine */

/* Why the key cannot be used for mail signed with SHA-256; NULL if it can. A short text for people.
 */
const char *dkim_key_refusal(const struct dkim_key *k);

/* True if the record is no DKIM key record at all: it has no p=, or a v= that is not DKIM1. Several
 * TXT records at one name are often one key and something else (a wildcard, RFC 6376 6.1.2). */
bool dkim_key_is_other(const struct dkim_key *k);

/* The rest means nothing for a refused key, but for `bits`: the size, 0 if unknown. */
enum dkim_key_type dkim_key_type(const struct dkim_key *k);
unsigned dkim_key_bits(const struct dkim_key *k);
bool dkim_key_testing(const struct dkim_key *k); /* t=y */
bool dkim_key_strict(const struct dkim_key *k);	 /* t=s: the domain of i= must equal d= */

/* As public_key_verify(), with a key that is not refused. */
enum verification dkim_key_verify(const struct dkim_key *k, const uint8_t hash[SHA256_SIZE],
				  const uint8_t *signature, size_t n);

#endif
