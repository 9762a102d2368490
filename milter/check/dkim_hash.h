/* dkim_hash.h - header hash and body hash of one signature (RFC 6376 3.7) by our own
 * canonicalization. For what libopendkim cannot do: ARC, tags in UTF-8 (RFC 8616), a tag whose name
 * ends in b, and the true length of a body that l= covers in part. */
#ifndef ALIGND_CHECK_DKIM_HASH_H
#define ALIGND_CHECK_DKIM_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/crypto.h"
#include "check/dkim_field.h"
#include "mail/header.h"

/* A signature whose body is on its way. */
struct dkim_hash;

struct dkim_hashes {
	uint8_t header[SHA256_SIZE], body[SHA256_SIZE];
	uint64_t body_length; /* of the whole canonical body, whatever l= says */
};

/* `f` has no problem; borrowed. NULL: out of memory. */
struct dkim_hash *dkim_hash_new(const struct dkim_field *f);
void dkim_hash_free(struct dkim_hash *h); /* NULL is fine */

void dkim_hash_body(struct dkim_hash *h, const unsigned char *bytes, size_t n);

/* The body is complete; `own` is the place of the signature field in `all`, the whole header.
 * False: out of memory. */
bool dkim_hash_end(struct dkim_hash *h, const struct headers *all, size_t own,
		   struct dkim_hashes *out_r);

#endif
