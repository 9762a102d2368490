/* crypto.h - SHA-256 and the two kinds of keys DKIM knows: RSA (PKCS#1 v1.5) and Ed25519 (RFC
 * 8463). Public keys are read from bytes of strangers: everything is bounded before OpenSSL sees
 * it. */
#ifndef ALIGND_BASE_CRYPTO_H
#define ALIGND_BASE_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define SHA256_SIZE 32
#define RSA_MIN_BITS 1024 /* RFC 8301 3.2 */
#define RSA_MAX_BITS 8192 /* cost of one operation: 4096 must be verified, above 8192 nobody is */
#define MAX_SIGNATURE_BYTES (RSA_MAX_BITS / 8)

/* A running hash. */
struct sha256;
struct sha256 *sha256_new(void);    /* NULL: out of memory */
void sha256_free(struct sha256 *h); /* NULL is fine */
/* A failure is sticky and told by sha256_end(). */
void sha256_add(struct sha256 *h, const void *bytes, size_t n);
/* A second hash of all that was added so far, to go on apart. NULL: out of memory. */
struct sha256 *sha256_fork(const struct sha256 *h);
/* The hash of all that was added; the handle then begins anew. False: the library failed. */
bool sha256_end(struct sha256 *h, uint8_t hash_r[SHA256_SIZE]);

/* An immutable public key; any number of threads may verify with it. */
struct public_key;

/* From the DER of a SubjectPublicKeyInfo (RFC 5280) or a bare RSAPublicKey (RFC 8017 A.1.1), which
 * RFC 6376 3.6.1 names. False for a lack of memory only. Else *key_r is the key, or NULL and
 * *refusal_r says why: no RSA key, bytes behind it, below RSA_MIN_BITS or above RSA_MAX_BITS, an
 * even exponent, one below 3 or above 64 bits. *bits_r: size of the modulus, also if that is the
 * reason; 0 if unknown. */
bool public_key_rsa(const uint8_t *der, size_t n, struct public_key **key_r, unsigned *bits_r,
		    const char **refusal_r);

/* From the raw key, exactly 32 bytes (RFC 8463 4.2). As above. */
bool public_key_ed25519(const uint8_t *raw, size_t n, struct public_key **key_r,
			const char **refusal_r);

void public_key_free(struct public_key *k); /* NULL is fine */

enum verification { VERIFICATION_OK, VERIFICATION_MISMATCH, VERIFICATION_FAILED };

/* Is this the signature of the SHA-256 hash? RSA: PKCS#1 v1.5 over the hash; Ed25519: over the 32
 * bytes as a message. VERIFICATION_FAILED: out of memory, nothing is known. */
enum verification public_key_verify(const struct public_key *k, const uint8_t hash[SHA256_SIZE],
				    const uint8_t *signature, size_t n);

/* A private key of ours. */
struct private_key;

/* From the PEM file at `path`, without a passphrase: RSA of RSA_MIN_BITS to RSA_MAX_BITS, or
 * Ed25519. NULL and the reason. */
struct private_key *private_key_read(const char *path, struct error *why);

void private_key_free(struct private_key *k); /* NULL is fine */

bool private_key_is_rsa(const struct private_key *k); /* else Ed25519 */

/* Sign the SHA-256 hash as public_key_verify() wants it: *n_r bytes. False: OpenSSL failed. */
bool private_key_sign(const struct private_key *k, const uint8_t hash[SHA256_SIZE],
		      uint8_t signature_r[MAX_SIGNATURE_BYTES], size_t *n_r);

#endif
