/* dkim.h - verification of DKIM signatures (RFC 6376, 8301, 8463, 8616). libopendkim canonicalizes
 * and hashes; ours are the tags (dkim_field), what it cannot hash (dkim_hash), the key record and
 * the cache of decoded keys (dkim_key), and the last step (dkim_proof). Where the standards leave a
 * choice: a signature that cannot be read, or whose algorithm is unknown, is neutral; one without a
 * needed tag, expired (x=, 300 seconds of grace), by rsa-sha1, or without a usable key is
 * permerror; a body that l= covers in part, and a key below our own minimum, are policy; t= in the
 * future is taken; of several key records any one that verifies will do. */
#ifndef ALIGND_CHECK_DKIM_H
#define ALIGND_CHECK_DKIM_H

#include <time.h>

#include "base/error.h"
#include "base/metrics.h"
#include "check/facts.h"
#include "dns/lookups.h"

/* What the process shares: the library handle and the key cache. Thread-safe. */
struct dkim_verifier;

struct dkim_settings {
	size_t max_signatures;	  /* 1 to MAX_DKIM_SIGNATURES */
	unsigned min_key_bits;	  /* RSA; at least 1024 (RFC 8301) */
	size_t key_cache;	  /* decoded keys kept */
	bool partial_body_passes; /* false: a signature whose l= leaves body unsigned gets
				     DKIM_POLICY */
	struct metrics *metrics;  /* may be NULL */
};

struct dkim_verifier *dkim_verifier_new(const struct dkim_settings *s, struct error *why);
void dkim_verifier_free(struct dkim_verifier *v); /* NULL is fine */

/* Its cache of keys, for arc.h; borrowed. */
struct dkim_key_cache *dkim_verifier_keys(struct dkim_verifier *v);

/* One message. Make it only if the message has a DKIM-Signature field. `now` is for x=. NULL: out
 * of memory. */
struct dkim_message;
struct dkim_message *dkim_message_new(struct dkim_verifier *v, time_t now);
void dkim_message_free(struct dkim_message *m); /* NULL is fine */

/* One header field in message order: name and value as the MTA gave them, the value with its
 * leading white space and folds as LF or CRLF. Never fails: what cannot be used is remembered for
 * the verdict. */
void dkim_message_header(struct dkim_message *m, const char *name, const char *value);

/* The header is complete: parse the signatures and hint their keys. */
void dkim_message_end_header(struct dkim_message *m, struct lookups *l);

/* False if no signature is left that needs the body: the milter may skip it, dkim_message_check()
 * comes all the same. */
bool dkim_message_wants_body(const struct dkim_message *m);

/* A piece of the body. */
void dkim_message_body(struct dkim_message *m, const unsigned char *bytes, size_t n);

/* Once, at the end: judge every signature, waiting for keys. The signatures of the facts live as
 * long as the dkim_message; all else is given back. False: the library failed for a reason of its
 * own (facts say temperror). */
bool dkim_message_check(struct dkim_message *m, struct lookups *l, struct dkim_facts *out_r);

#endif
