/* dkim_signer.h - a small DKIM signer for tests and the demo, written apart from the verifier: own
 * canonicalization, own order of fields. It signs what it is told, valid or not. Lack of memory
 * ends the test. */
#ifndef ALIGND_TESTS_DKIM_SIGNER_H
#define ALIGND_TESTS_DKIM_SIGNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct signer_key;

struct signer_key *signer_key_rsa(unsigned bits);
struct signer_key *signer_key_ed25519(void);
/* A private key from a PEM file; NULL if there is none. */
struct signer_key *signer_key_read(const char *path);
/* Write the private key. False: not possible. */
bool signer_key_write(const struct signer_key *k, const char *path);
void signer_key_free(struct signer_key *k);

/* "v=DKIM1; k=...; p=..."; the caller frees. */
char *signer_key_record(const struct signer_key *k);
/* p= alone; `bare` gives the RSAPublicKey form of RFC 6376 3.6.1. The caller frees. */
char *signer_key_base64(const struct signer_key *k, bool bare);
bool signer_key_is_rsa(const struct signer_key *k);

struct signer {
	const struct signer_key *key;
	const char *domain, *selector;
	const char *canon; /* c=; NULL: "relaxed/relaxed", "" leaves the tag out (simple/simple) */
	const char *headers; /* h=; NULL: "From" */
	const char *extra; /* more tags in front of bh=, such as "i=@a.example; t=1;"; NULL: none */
	const char *after; /* text behind the value of b=, such as "; zork"; NULL: none */
	const char *algorithm; /* a=; NULL: as the key */
	const char *field;     /* NULL: "DKIM-Signature" */
	const char *version;   /* NULL: "v=1;" */
	long body_length;      /* l= if `partial` */
	bool partial;
};

/* Sign a message: header fields with CRLF line ends, and the body. Returns "DKIM-Signature: ..."
 * without the final CRLF, b= folded; the caller frees. */
char *signer_sign(const struct signer *s, const char *header, const void *body, size_t body_len);

/* Sign ready text: base64 of the signature over the SHA-256 of `text`. The caller frees. */
char *signer_sign_text(const struct signer_key *k, const char *text);

/* "Name: value" (with folds) in relaxed form, without line end; the caller frees. */
char *signer_relaxed_field(const char *field);

#endif
