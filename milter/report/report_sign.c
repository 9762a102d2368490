/* report_sign.c - a DKIM signature for the mails alignd itself writes. */
#include "report/report_sign.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/array.h"
#include "base/digest.h"
#include "mail/mime.h"

#define MIN_RSA_BITS 1024  /* RFC 8301 3.2 */
#define MAX_SIGNATURE 1024 /* RSA of 8192 bits */
#define MAX_FIELD 8192

/* Signed if they are there (RFC 6376 5.4.1), one of each: we write no other. */
static const char *const signed_fields[] = {"From",	    "To",	   "Subject",
					    "Date",	    "Message-ID",  "Auto-Submitted",
					    "MIME-Version", "Content-Type"};

#define FIELDS ARRAY_SIZE(signed_fields)

struct report_signer {
	EVP_PKEY *key;
	char *domain, *selector;
};

static bool key_usable(const EVP_PKEY *key)
{
	int kind = EVP_PKEY_get_base_id(key);

	return kind == EVP_PKEY_ED25519 ||
	       (kind == EVP_PKEY_RSA && EVP_PKEY_get_bits(key) >= MIN_RSA_BITS &&
		EVP_PKEY_get_size(key) <= MAX_SIGNATURE);
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

static EVP_PKEY *read_key(const char *path, struct error *why)
{
	FILE *f = fopen(path, "re");
	EVP_PKEY *key;

	if (f == NULL) {
		error_set(why, "%s: %m", path);
		return NULL;
	}
	key = PEM_read_PrivateKey(f, NULL, no_passphrase, NULL);
	fclose(f);
	if (key != NULL && key_usable(key))
		return key;
	error_set(why, "%s: no private key (PEM, RSA of 1024 bits or more, or Ed25519)", path);
	EVP_PKEY_free(key);
	return NULL;
}

struct report_signer *report_signer_new(const char *key_file, const char *domain,
					const char *selector, struct error *why)
{
	struct report_signer *s = calloc(1, sizeof(*s));

	if (s == NULL || (s->domain = strdup(domain)) == NULL ||
	    (s->selector = strdup(selector)) == NULL)
		error_set(why, "out of memory");
	else if ((s->key = read_key(key_file, why)) != NULL)
		return s;
	report_signer_free(s);
	return NULL;
}

void report_signer_free(struct report_signer *s)
{
	if (s == NULL)
		return;
	EVP_PKEY_free(s->key);
	free(s->domain);
	free(s->selector);
	free(s);
}

/* -- canonical forms (RFC 6376 3.4.2, 3.4.4) -- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* `n` bytes with each run of blanks as one, none at the end. */
static void add_relaxed(struct strbuf *out, const char *text, size_t n)
{
	while (n > 0 && is_blank(text[n - 1]))
		n--;
	for (size_t i = 0; i < n; i++)
		if (!is_blank(text[i]))
			strbuf_addc(out, text[i]);
		else if (!is_blank(text[i + 1]))
			strbuf_addc(out, ' ');
}

/* "name:value" as it is signed, without line end. `n` bytes of field, folds and all. */
static void add_field(struct strbuf *out, const char *field, size_t n)
{
	const char *colon = memchr(field, ':', n);
	struct strbuf flat;

	strbuf_init(&flat, MAX_FIELD);
	for (const char *c = field; c < colon; c++)
		strbuf_addc(out, (char)(*c >= 'A' && *c <= 'Z' ? *c + 32 : *c));
	strbuf_addc(out, ':');
	for (const char *c = colon + 1; c < field + n; c++)
		if (*c != '\r' && *c != '\n' && (flat.len > 0 || !is_blank(*c)))
			strbuf_addc(&flat, *c);
	if (strbuf_ok(&flat))
		add_relaxed(out, strbuf_text(&flat), flat.len);
	else
		out->failed = true;
	strbuf_free(&flat);
}

static void add_body(struct strbuf *out, const char *body, size_t n)
{
	size_t empty = 0;

	for (const char *end = body + n; body < end;) {
		const char *stop = memmem(body, (size_t)(end - body), "\r\n", 2);
		size_t line = (size_t)((stop != NULL ? stop : end) - body), trimmed = line;

		while (trimmed > 0 && is_blank(body[trimmed - 1]))
			trimmed--;
		if (trimmed == 0)
			empty++;
		for (; trimmed > 0 && empty > 0; empty--)
			strbuf_add(out, "\r\n");
		if (trimmed > 0) {
			add_relaxed(out, body, trimmed);
			strbuf_add(out, "\r\n");
		}
		body += stop != NULL ? line + 2 : line;
	}
}

/* -- the signature -- */

/* The field of this name in the header block, folds included, without the last CRLF. NULL: not
 * there. */
static const char *find_field(const char *header, size_t len, const char *name, size_t *len_r)
{
	size_t n = strlen(name);
	const char *end = header + len;

	while (header < end) {
		const char *stop = header;

		do
			stop = memmem(stop, (size_t)(end - stop), "\r\n", 2);
		while (stop != NULL && stop + 2 < end && is_blank(stop[2]) && (stop += 2));
		if (stop == NULL)
			return NULL;
		if ((size_t)(stop - header) > n && header[n] == ':' &&
		    strncasecmp(header, name, n) == 0) {
			*len_r = (size_t)(stop - header);
			return header;
		}
		header = stop + 2;
	}
	return NULL;
}

/* Base64 in lines that go on with a tab. */
static void add_base64(struct strbuf *out, const void *bytes, size_t n)
{
	struct strbuf lines;

	strbuf_init(&lines, 2 * MAX_SIGNATURE);
	mime_base64(&lines, bytes, n);
	for (const char *c = strbuf_text(&lines); *c != '\0'; c++)
		if (*c != '\r' && *c != '\n')
			strbuf_addc(out, *c);
		else if (*c == '\n' && c[1] != '\0')
			strbuf_add(out, "\r\n\t");
	if (!strbuf_ok(&lines))
		out->failed = true;
	strbuf_free(&lines);
}

static bool add_body_hash(struct strbuf *out, const char *body, size_t len)
{
	uint8_t digest[DIGEST_SIZE];
	struct strbuf canonical;
	bool ok;

	strbuf_init(&canonical, len + 2);
	add_body(&canonical, body, len);
	ok = strbuf_ok(&canonical) && digest_sha256(strbuf_text(&canonical), canonical.len, digest);
	strbuf_free(&canonical);
	if (ok)
		add_base64(out, digest, sizeof(digest));
	return ok;
}

/* RFC 8463 3: Ed25519 signs the SHA-256 digest of the header; RSA hashes on its own. */
static bool add_signature(const struct report_signer *s, const struct strbuf *header,
			  struct strbuf *out)
{
	bool rsa = EVP_PKEY_get_base_id(s->key) == EVP_PKEY_RSA, ok;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	uint8_t digest[DIGEST_SIZE];
	unsigned char signature[MAX_SIGNATURE];
	const void *text = rsa ? (const void *)strbuf_text(header) : digest;
	size_t len = rsa ? header->len : sizeof(digest), n = sizeof(signature);

	ok = context != NULL && digest_sha256(strbuf_text(header), header->len, digest) &&
	     EVP_DigestSignInit(context, NULL, rsa ? EVP_sha256() : NULL, NULL, s->key) == 1 &&
	     EVP_DigestSign(context, signature, &n, text, len) == 1;
	EVP_MD_CTX_free(context);
	if (ok)
		add_base64(out, signature, n);
	return ok;
}

/* "DKIM-Signature: ..." up to and with "b=", in lines. */
static bool begin_signature(const struct report_signer *s, const char *message, size_t header,
			    size_t len, time_t now, struct strbuf *out)
{
	bool rsa = EVP_PKEY_get_base_id(s->key) == EVP_PKEY_RSA;
	size_t n;

	strbuf_addf(
	    out, "DKIM-Signature: v=1; a=%s; c=relaxed/relaxed;\r\n\td=%s; s=%s;\r\n\tt=%lld; h=",
	    rsa ? "rsa-sha256" : "ed25519-sha256", s->domain, s->selector, (long long)now);
	for (size_t i = 0, listed = 0; i < FIELDS; i++)
		if (find_field(message, header, signed_fields[i], &n) != NULL)
			strbuf_addf(out, "%s%s", listed++ > 0 ? ":" : "", signed_fields[i]);
	strbuf_add(out, ";\r\n\tbh=");
	if (!add_body_hash(out, message + header + 2, len - header - 2))
		return false;
	strbuf_add(out, ";\r\n\tb=");
	return strbuf_ok(out);
}

bool report_signer_sign(const struct report_signer *s, const char *message, size_t len, time_t now,
			struct strbuf *out)
{
	const char *end = memmem(message, len, "\r\n\r\n", 4), *field;
	size_t header = end != NULL ? (size_t)(end - message) + 2 : 0, n;
	struct strbuf hashed, own;
	bool ok;

	if (end == NULL)
		return false;
	strbuf_init(&hashed, FIELDS * MAX_FIELD);
	strbuf_init(&own, MAX_FIELD);
	ok = begin_signature(s, message, header, len, now, &own);
	for (size_t i = 0; i < FIELDS; i++) {
		if ((field = find_field(message, header, signed_fields[i], &n)) == NULL)
			continue;
		add_field(&hashed, field, n);
		strbuf_add(&hashed, "\r\n");
	}
	if (ok)
		add_field(&hashed, strbuf_text(&own), own.len);
	ok = ok && strbuf_ok(&hashed) && add_signature(s, &hashed, &own);
	strbuf_addn(out, strbuf_text(&own), own.len);
	strbuf_add(out, "\r\n");
	ok = ok && strbuf_ok(&own) && strbuf_ok(out);
	strbuf_free(&hashed);
	strbuf_free(&own);
	return ok;
}
