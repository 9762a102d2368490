/* crypto.c - SHA-256 and keys on OpenSSL's EVP. Public RSA keys are taken apart here, with forty
 * lines of DER reading: OpenSSL's decoder takes any kind of key from a stranger, costs four times
 * as much and gets slower with threads. */
#include "base/crypto.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#define ED25519_SIZE 32
#define RSA_MAX_EXPONENT_BYTES 8 /* a long exponent makes every verification slow */

struct sha256 {
	EVP_MD_CTX *ctx;
	bool failed;
};

/* RSA: `rsa` is ready to verify and is copied for each use, which is cheaper than setting one up
 * anew. Ed25519: `ed25519`. */
struct public_key {
	EVP_PKEY_CTX *rsa;
	EVP_PKEY *ed25519;
};

struct private_key {
	EVP_PKEY *key;
};

struct sha256 *sha256_new(void)
{
	struct sha256 *h = calloc(1, sizeof(*h));

	if (h == NULL || (h->ctx = EVP_MD_CTX_new()) == NULL ||
	    EVP_DigestInit_ex(h->ctx, EVP_sha256(), NULL) != 1) {
		sha256_free(h);
		return NULL;
	}
	return h;
}

void sha256_free(struct sha256 *h)
{
	if (h != NULL)
		EVP_MD_CTX_free(h->ctx);
	free(h);
}

void sha256_add(struct sha256 *h, const void *bytes, size_t n)
{
	if (n > 0 && EVP_DigestUpdate(h->ctx, bytes, n) != 1)
		h->failed = true;
}

struct sha256 *sha256_fork(const struct sha256 *h)
{
	struct sha256 *fork = calloc(1, sizeof(*fork));

	if (fork == NULL || (fork->ctx = EVP_MD_CTX_new()) == NULL ||
	    EVP_MD_CTX_copy_ex(fork->ctx, h->ctx) != 1) {
		sha256_free(fork);
		return NULL;
	}
	fork->failed = h->failed;
	return fork;
}

bool sha256_end(struct sha256 *h, uint8_t hash_r[SHA256_SIZE])
{
	bool ok = EVP_DigestFinal_ex(h->ctx, hash_r, NULL) == 1 && !h->failed;

	h->failed = EVP_DigestInit_ex(h->ctx, NULL, NULL) != 1;
	return ok;
}

/* Bytes still to be read. */
struct der {
	const uint8_t *at;
	size_t left;
};

#define DER_INTEGER 0x02
#define DER_BIT_STRING 0x03
#define DER_OID 0x06
#define DER_SEQUENCE 0x30

/* Take one element with this tag off `d`: its contents. False: another tag, or it goes beyond the
 * end. */
static bool der_take(struct der *d, uint8_t tag, struct der *contents_r)
{
	size_t head = 2, n;

	if (d->left < 2 || d->at[0] != tag)
		return false;
	n = d->at[1];
	if (n >= 0x80) {
		size_t octets = n & 0x7f;

		if (octets < 1 || octets > 2 || d->left < 2 + octets)
			return false;
		n = octets == 1 ? d->at[2] : (size_t)d->at[2] << 8 | d->at[3];
		head += octets;
	}
	if (n > d->left - head)
		return false;
	*contents_r = (struct der){d->at + head, n};
	d->at += head + n;
	d->left -= head + n;
	return true;
}

/* An INTEGER without its leading zeros; taken as unsigned, as OpenSSL does. */
static bool der_take_number(struct der *d, struct der *number_r)
{
	if (!der_take(d, DER_INTEGER, number_r))
		return false;
	while (number_r->left > 0 && number_r->at[0] == 0) {
		number_r->at++;
		number_r->left--;
	}
	return true;
}

/* SubjectPublicKeyInfo: step into the BIT STRING of an rsaEncryption key. */
static bool der_enter_spki(struct der *d)
{
	static const uint8_t rsa_encryption[] = {0x2a, 0x86, 0x48, 0x86, 0xf7,
						 0x0d, 0x01, 0x01, 0x01};
	struct der outer, algorithm, oid, bits;

	if (!der_take(d, DER_SEQUENCE, &outer) || d->left != 0 ||
	    !der_take(&outer, DER_SEQUENCE, &algorithm) || !der_take(&algorithm, DER_OID, &oid) ||
	    oid.left != sizeof(rsa_encryption) || memcmp(oid.at, rsa_encryption, oid.left) != 0 ||
	    !der_take(&outer, DER_BIT_STRING, &bits) || outer.left != 0 || bits.left < 1 ||
	    bits.at[0] != 0)
		return false;
	*d = (struct der){bits.at + 1, bits.left - 1};
	return true;
}

/* Modulus and exponent of either form, nothing left over. */
static bool der_rsa(const uint8_t *bytes, size_t n, struct der *modulus_r, struct der *exponent_r)
{
	struct der d = {bytes, n}, sequence, probe = d;

	/* SubjectPublicKeyInfo begins with two SEQUENCEs, RSAPublicKey with SEQUENCE and INTEGER.
	 */
	if (der_take(&probe, DER_SEQUENCE, &sequence) && sequence.left > 0 &&
	    sequence.at[0] == DER_SEQUENCE && !der_enter_spki(&d))
		return false;
	return der_take(&d, DER_SEQUENCE, &sequence) && d.left == 0 &&
	       der_take_number(&sequence, modulus_r) && der_take_number(&sequence, exponent_r) &&
	       sequence.left == 0;
}

static unsigned bits_of(const struct der *number)
{
	unsigned bits = (unsigned)number->left * 8;

	for (uint8_t top = number->left > 0 ? number->at[0] : 0xff; top < 0x80;
	     top = (uint8_t)(top << 1))
		bits--;
	return bits;
}

/* NULL if the numbers make a key we verify with. */
static const char *rsa_refusal(const struct der *modulus, const struct der *exponent)
{
	unsigned bits = bits_of(modulus);

	if (bits < RSA_MIN_BITS)
		return "key is too short";
	if (bits > RSA_MAX_BITS)
		return "key is too long";
	if ((modulus->at[modulus->left - 1] & 1) == 0)
		return "key is not an RSA key";
	if (exponent->left < 1 || exponent->left > RSA_MAX_EXPONENT_BYTES ||
	    (exponent->at[exponent->left - 1] & 1) == 0 || bits_of(exponent) < 2)
		return "key has an unusable exponent";
	return NULL;
}

/* NULL: out of memory. */
static EVP_PKEY *rsa_make(const struct der *modulus, const struct der *exponent)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	BIGNUM *n = BN_bin2bn(modulus->at, (int)modulus->left, NULL);
	BIGNUM *e = BN_bin2bn(exponent->at, (int)exponent->left, NULL);
	OSSL_PARAM *params = NULL;
	EVP_PKEY *key = NULL;

	if (ctx != NULL && builder != NULL && n != NULL && e != NULL &&
	    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
	    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e) == 1 &&
	    (params = OSSL_PARAM_BLD_to_param(builder)) != NULL &&
	    EVP_PKEY_fromdata_init(ctx) == 1 &&
	    EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
		key = NULL;
	OSSL_PARAM_free(params);
	BN_free(e);
	BN_free(n);
	OSSL_PARAM_BLD_free(builder);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

/* A context that is ready to verify PKCS#1 v1.5 over SHA-256. NULL: out of memory. */
static EVP_PKEY_CTX *rsa_ready(EVP_PKEY *key)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);

	if (ctx != NULL && EVP_PKEY_verify_init(ctx) == 1 &&
	    EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1 &&
	    EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) == 1)
		return ctx;
	EVP_PKEY_CTX_free(ctx);
	return NULL;
}

bool public_key_rsa(const uint8_t *der, size_t n, struct public_key **key_r, unsigned *bits_r,
		    const char **refusal_r)
{
	struct der modulus, exponent;
	struct public_key *k;
	EVP_PKEY *key;

	*key_r = NULL;
	*bits_r = 0;
	*refusal_r = "key is not an RSA key";
	if (!der_rsa(der, n, &modulus, &exponent))
		return true;
	*bits_r = bits_of(&modulus);
	if ((*refusal_r = rsa_refusal(&modulus, &exponent)) != NULL)
		return true;
	k = calloc(1, sizeof(*k));
	key = rsa_make(&modulus, &exponent);
	if (k != NULL && key != NULL)
		k->rsa = rsa_ready(key); /* holds its own reference to the key */
	EVP_PKEY_free(key);
	if (k == NULL || k->rsa == NULL) {
		ERR_clear_error();
		public_key_free(k);
		return false;
	}
	*key_r = k;
	return true;
}

bool public_key_ed25519(const uint8_t *raw, size_t n, struct public_key **key_r,
			const char **refusal_r)
{
	struct public_key *k;

	*key_r = NULL;
	*refusal_r = "key is not an Ed25519 key";
	if (n != ED25519_SIZE)
		return true;
	*refusal_r = NULL;
	k = calloc(1, sizeof(*k));
	if (k == NULL)
		return false;
	k->ed25519 = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, raw, n);
	if (k->ed25519 == NULL) {
		ERR_clear_error();
		public_key_free(k);
		return false;
	}
	*key_r = k;
	return true;
}

void public_key_free(struct public_key *k)
{
	if (k == NULL)
		return;
	EVP_PKEY_CTX_free(k->rsa);
	EVP_PKEY_free(k->ed25519);
	free(k);
}

/* What OpenSSL's answer means; leaves its error queue empty. */
static enum verification outcome(int answer)
{
	bool memory = answer != 1 && ERR_GET_REASON(ERR_peek_last_error()) == ERR_R_MALLOC_FAILURE;

	if (answer == 1)
		return VERIFICATION_OK;
	ERR_clear_error();
	return memory ? VERIFICATION_FAILED : VERIFICATION_MISMATCH;
}

static enum verification verify_rsa(const struct public_key *k, const uint8_t *hash,
				    const uint8_t *signature, size_t n)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_dup(k->rsa);
	enum verification result = VERIFICATION_FAILED;

	if (ctx != NULL)
		result = outcome(EVP_PKEY_verify(ctx, signature, n, hash, SHA256_SIZE));
	EVP_PKEY_CTX_free(ctx);
	return result;
}

static enum verification verify_ed25519(const struct public_key *k, const uint8_t *hash,
					const uint8_t *signature, size_t n)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	enum verification result = VERIFICATION_FAILED;

	if (ctx != NULL && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, k->ed25519) == 1)
		result = outcome(EVP_DigestVerify(ctx, signature, n, hash, SHA256_SIZE));
	EVP_MD_CTX_free(ctx);
	return result;
}

enum verification public_key_verify(const struct public_key *k, const uint8_t hash[SHA256_SIZE],
				    const uint8_t *signature, size_t n)
{
	return k->rsa != NULL ? verify_rsa(k, hash, signature, n)
			      : verify_ed25519(k, hash, signature, n);
}

static bool private_key_usable(const EVP_PKEY *key)
{
	int kind = EVP_PKEY_get_base_id(key);

	return kind == EVP_PKEY_ED25519 ||
	       (kind == EVP_PKEY_RSA && EVP_PKEY_get_bits(key) >= RSA_MIN_BITS &&
		EVP_PKEY_get_size(key) <= MAX_SIGNATURE_BYTES);
}

/* A key file with a passphrase must not make the daemon ask a terminal. */
static int no_passphrase(char *buf, int size, int writing, void *arg)
{
	(void)buf;
	(void)size;
	(void)writing;
	(void)arg;
	return -1;
}

struct private_key *private_key_read(const char *path, struct error *why)
{
	struct private_key *k = calloc(1, sizeof(*k));
	FILE *f = k != NULL ? fopen(path, "re") : NULL;

	if (f == NULL) {
		error_set(why, "%s: %m", path);
		free(k);
		return NULL;
	}
	k->key = PEM_read_PrivateKey(f, NULL, no_passphrase, NULL);
	fclose(f);
	if (k->key != NULL && private_key_usable(k->key))
		return k;
	ERR_clear_error();
	error_set(why, "%s: no private key (PEM, RSA of 1024 bits or more, or Ed25519)", path);
	private_key_free(k);
	return NULL;
}

void private_key_free(struct private_key *k)
{
	if (k != NULL)
		EVP_PKEY_free(k->key);
	free(k);
}

bool private_key_is_rsa(const struct private_key *k)
{
	return EVP_PKEY_get_base_id(k->key) == EVP_PKEY_RSA;
}

static bool sign_rsa(EVP_PKEY *key, const uint8_t *hash, uint8_t *signature, size_t *n)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	bool ok = ctx != NULL && EVP_PKEY_sign_init(ctx) == 1 &&
		  EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1 &&
		  EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) == 1 &&
		  EVP_PKEY_sign(ctx, signature, n, hash, SHA256_SIZE) == 1;

	EVP_PKEY_CTX_free(ctx);
	return ok;
}

/* RFC 8463 3: the 32 bytes of the hash are the message. */
static bool sign_ed25519(EVP_PKEY *key, const uint8_t *hash, uint8_t *signature, size_t *n)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok = ctx != NULL && EVP_DigestSignInit(ctx, NULL, NULL, NULL, key) == 1 &&
		  EVP_DigestSign(ctx, signature, n, hash, SHA256_SIZE) == 1;

	EVP_MD_CTX_free(ctx);
	return ok;
}

bool private_key_sign(const struct private_key *k, const uint8_t hash[SHA256_SIZE],
		      uint8_t signature_r[MAX_SIGNATURE_BYTES], size_t *n_r)
{
	*n_r = MAX_SIGNATURE_BYTES;
	if ((private_key_is_rsa(k) ? sign_rsa : sign_ed25519)(k->key, hash, signature_r, n_r))
		return true;
	ERR_clear_error();
	return false;
}
