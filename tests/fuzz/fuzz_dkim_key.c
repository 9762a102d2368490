/* fuzz_dkim_key.c - a key record of any bytes, and a verification with what came of it. */
#include <stdint.h>
#include <stdlib.h>

#include "check/dkim_key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t hash[SHA256_SIZE], signature[256];
	struct dkim_key_cache *c = dkim_key_cache_new(0, NULL);
	struct dkim_key *k =
	    c != NULL ? dkim_key_get(c, "s._domainkey.example", (const char *)data, size) : NULL;

	if (k != NULL && dkim_key_refusal(k) == NULL &&
	    dkim_key_verify(k, hash, signature, dkim_key_type(k) == DKIM_KEY_RSA ? 128 : 64) ==
		VERIFICATION_OK)
		abort();
	dkim_key_unref(k);
	dkim_key_cache_free(c);
	return 0;
}
