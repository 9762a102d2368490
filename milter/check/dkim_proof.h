/* dkim_proof.h - the last step of every signature, DKIM or ARC: its header hash against the keys
 * published for it. */
#ifndef ALIGND_CHECK_DKIM_PROOF_H
#define ALIGND_CHECK_DKIM_PROOF_H

#include <stdbool.h>
#include <stdint.h>

#include "check/dkim_field.h"
#include "check/dkim_key.h"
#include "dns/lookups.h"

struct dkim_proof {
	enum dkim_result result;
	const char *reason; /* "" for a plain pass */
	unsigned key_bits;  /* 0 if no key was seen */
	bool testing;	    /* t=y */
	bool failed; /* out of memory: the result is temperror, and nobody else is to blame */
};

/* Fetch the key of `f` (which has no problem), waiting for it, and verify b= over the SHA-256
 * `hash`. An RSA key below `min_key_bits` gives DKIM_POLICY. */
void dkim_prove(struct dkim_key_cache *keys, unsigned min_key_bits, struct lookups *l,
		const struct dkim_field *f, const uint8_t hash[SHA256_SIZE],
		struct dkim_proof *out_r);

#endif
