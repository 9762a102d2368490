/* dkim_signer.c - a small DKIM signer for tests. */
#include "dkim_signer.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

struct signer_key {
	EVP_PKEY *key;
};

static void *need(void *p)
{
	if (p == NULL)
		abort();
	return p;
}

static struct signer_key *wrap(EVP_PKEY *key)
{
	struct signer_key *k = need(calloc(1, sizeof(*k)));

	k->key = need(key);
	return k;
}

struct signer_key *signer_key_rsa(unsigned bits)
{
	return wrap(EVP_RSA_gen(bits));
}

struct signer_key *signer_key_ed25519(void)
{
	return wrap(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"));
}

struct signer_key *signer_key_read(const char *path)
{
	FILE *f = fopen(path, "r");
	EVP_PKEY *key = NULL;

	if (f != NULL) {
		key = PEM_read_PrivateKey(f, NULL, NULL, NULL);
		fclose(f);
	}
	return key != NULL ? wrap(key) : NULL;
}

bool signer_key_write(const struct signer_key *k, const char *path)
{
	FILE *f = fopen(path, "w");
	bool ok = f != NULL && PEM_write_PrivateKey(f, k->key, NULL, NULL, 0, NULL, NULL) == 1;

	return f != NULL && fclose(f) == 0 && ok;
}

void signer_key_free(struct signer_key *k)
{
	if (k != NULL)
		EVP_PKEY_free(k->key);
	free(k);
}

bool signer_key_is_rsa(const struct signer_key *k)
{
	return EVP_PKEY_get_base_id(k->key) == EVP_PKEY_RSA;
}

static char *base64(const unsigned char *bytes, size_t n)
{
	char *text = need(malloc(n * 4 / 3 + 8));

	EVP_EncodeBlock((unsigned char *)text, bytes, (int)n);
	return text;
}

char *signer_key_base64(const struct signer_key *k, bool bare)
{
	unsigned char raw[32], *der = NULL;
	size_t n = sizeof(raw);
	char *text;
	int len;

	if (!signer_key_is_rsa(k)) {
		if (EVP_PKEY_get_raw_public_key(k->key, raw, &n) != 1)
			abort();
		return base64(raw, n);
	}
	len = bare ? i2d_PublicKey(k->key, &der) : i2d_PUBKEY(k->key, &der);
	if (len <= 0)
		abort();
	text = base64(der, (size_t)len);
	OPENSSL_free(der);
	return text;
}

char *signer_key_record(const struct signer_key *k)
{
	char *p = signer_key_base64(k, false), *text = NULL;

	if (asprintf(&text, "v=DKIM1; k=%s; p=%s", signer_key_is_rsa(k) ? "rsa" : "ed25519", p) < 0)
		abort();
	free(p);
	return text;
}

char *signer_sign_text(const struct signer_key *k, const char *text)
{
	unsigned char hash[32], signature[2048];
	size_t n = sizeof(signature);
	EVP_MD_CTX *md = need(EVP_MD_CTX_new());
	bool ok;

	if (EVP_Digest(text, strlen(text), hash, NULL, EVP_sha256(), NULL) != 1)
		abort();
	if (signer_key_is_rsa(k)) {
		ok = EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, k->key) == 1 &&
		     EVP_DigestSign(md, signature, &n, (const unsigned char *)text, strlen(text)) ==
			 1;
	} else {
		ok = EVP_DigestSignInit(md, NULL, NULL, NULL, k->key) == 1 &&
		     EVP_DigestSign(md, signature, &n, hash, sizeof(hash)) == 1;
	}
	EVP_MD_CTX_free(md);
	if (!ok)
		abort();
	return base64(signature, n);
}

/* One field from `header` (which ends in CRLF or NUL) with its folds: its length without the CRLF.
 */
static size_t field_length(const char *header)
{
	const char *at = header;

	while ((at = strstr(at, "\r\n")) != NULL && (at[2] == ' ' || at[2] == '\t'))
		at += 2;
	return at != NULL ? (size_t)(at - header) : strlen(header);
}

char *signer_relaxed_field(const char *field)
{
	size_t len = strlen(field), n = 0, start, colon = strcspn(field, ":");
	char *out = need(malloc(len + 2));
	bool blank = false;

	for (size_t i = 0; i < colon; i++)
		if (field[i] != ' ' && field[i] != '\t')
			out[n++] = (char)tolower((unsigned char)field[i]);
	out[n++] = ':';
	start = n;
	for (size_t i = colon + 1; i < len; i++) {
		if (field[i] == '\r' || field[i] == '\n')
			continue;
		if (field[i] == ' ' || field[i] == '\t') {
			blank = true;
			continue;
		}
		if (blank && n > start)
			out[n++] = ' ';
		blank = false;
		out[n++] = field[i];
	}
	out[n] = '\0';
	return out;
}

/* Append the field in the wanted form, with a CRLF. */
static char *append(char *text, const char *field, size_t len, bool relaxed)
{
	char *one = need(strndup(field, len)),
	     *canon = relaxed ? signer_relaxed_field(one) : need(strdup(one));
	char *out = NULL;

	if (asprintf(&out, "%s%s\r\n", text, canon) < 0)
		abort();
	free(text);
	free(one);
	free(canon);
	return out;
}

/* The `nth` field called `name`, counted from the bottom; NULL if there are not as many. */
static const char *from_bottom(const char *header, const char *name, size_t name_len, size_t nth)
{
	const char *found[256];
	size_t n = 0;

	for (const char *at = header; *at != '\0';) {
		size_t len = field_length(at), colon = strcspn(at, ":"), end = colon;

		while (end > 0 && (at[end - 1] == ' ' || at[end - 1] == '\t'))
			end--;
		if (end == name_len && strncasecmp(at, name, name_len) == 0 && n < 256)
			found[n++] = at;
		at += len;
		if (at[0] == '\r')
			at += 2;
	}
	return nth <= n ? found[n - nth] : NULL;
}

/* How often `name` stands in the first `len` bytes of the list. */
static size_t times_before(const char *list, size_t len, const char *name, size_t name_len)
{
	size_t times = 0;

	for (size_t i = 0; i < len;) {
		size_t n = strcspn(list + i, ": \t\r\n");

		if (n == name_len && strncasecmp(list + i, name, n) == 0 && i + n <= len)
			times++;
		i += n + 1;
	}
	return times;
}

static char *signed_fields(const char *header, const char *list, bool relaxed)
{
	char *text = need(strdup(""));

	for (size_t i = 0; list[i] != '\0';) {
		size_t n = strcspn(list + i, ": \t\r\n");
		const char *field;

		if (n > 0) {
			field = from_bottom(header, list + i, n,
					    times_before(list, i, list + i, n) + 1);
			if (field != NULL)
				text = append(text, field, field_length(field), relaxed);
		}
		i += n + (list[i + n] != '\0');
	}
	return text;
}

/* The canonical body; *len_r its length. */
static char *canonical_body(const char *body, size_t len, bool relaxed, size_t *len_r)
{
	char *out = need(malloc(len + 3));
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		if (relaxed && (body[i] == ' ' || body[i] == '\t')) {
			if (n == 0 || out[n - 1] != ' ')
				out[n++] = ' ';
			continue;
		}
		if (relaxed && body[i] == '\r' && i + 1 < len && body[i + 1] == '\n' && n > 0 &&
		    out[n - 1] == ' ')
			n--;
		out[n++] = body[i];
	}
	if (relaxed && n > 0 && out[n - 1] == ' ')
		n--;
	if (n > 0 && (n < 2 || out[n - 2] != '\r' || out[n - 1] != '\n')) {
		out[n++] = '\r';
		out[n++] = '\n';
	}
	while (n >= 4 && memcmp(out + n - 4, "\r\n\r\n", 4) == 0)
		n -= 2;
	if (n == 2 && memcmp(out, "\r\n", 2) == 0)
		n = 0;
	if (n == 0 && !relaxed) {
		memcpy(out, "\r\n", 2);
		n = 2;
	}
	*len_r = n;
	return out;
}

static char *body_hash(const struct signer *s, const void *body, size_t len, bool relaxed)
{
	unsigned char hash[32];
	size_t n;
	char *canon = canonical_body(body, len, relaxed, &n);

	if (s->partial && s->body_length >= 0 && (size_t)s->body_length < n)
		n = (size_t)s->body_length;
	if (EVP_Digest(canon, n, hash, NULL, EVP_sha256(), NULL) != 1)
		abort();
	free(canon);
	return base64(hash, sizeof(hash));
}

/* The signature field up to and with "b=". */
static char *field_head(const struct signer *s, const char *canon, const char *bh)
{
	const char *algorithm = s->algorithm;
	char *text = NULL, length[40] = "", *c = NULL;

	if (algorithm == NULL)
		algorithm = signer_key_is_rsa(s->key) ? "rsa-sha256" : "ed25519-sha256";
	if (s->partial)
		snprintf(length, sizeof(length), " l=%ld;", s->body_length);
	if (asprintf(&c, canon[0] != '\0' ? " c=%s;" : "%s", canon) < 0 ||
	    asprintf(&text, "%s: %s a=%s;%s d=%s; s=%s;\r\n\th=%s;%s%s%s\r\n\tbh=%s;\r\n\tb=",
		     s->field != NULL ? s->field : "DKIM-Signature",
		     s->version != NULL ? s->version : "v=1;", algorithm, c, s->domain, s->selector,
		     s->headers != NULL ? s->headers : "From", length, s->extra != NULL ? " " : "",
		     s->extra != NULL ? s->extra : "", bh) < 0)
		abort();
	free(c);
	return text;
}

/* `head`, then the signature folded every 64 characters, then `after`. */
static char *field_finish(const char *head, const char *b, const char *after)
{
	char *text = need(malloc(strlen(head) + 2 * strlen(b) + strlen(after) + 1)),
	     *at = stpcpy(text, head);

	for (size_t i = 0; b[i] != '\0'; i++) {
		if (i > 0 && i % 64 == 0)
			at = stpcpy(at, "\r\n\t ");
		*at++ = b[i];
	}
	strcpy(at, after);
	return text;
}

char *signer_sign(const struct signer *s, const char *header, const void *body, size_t body_len)
{
	const char *canon = s->canon != NULL ? s->canon : "relaxed/relaxed";
	const char *after = s->after != NULL ? s->after : "";
	bool relaxed_header = strncasecmp(canon, "relaxed", 7) == 0;
	bool relaxed_body = strcasestr(canon, "/relaxed") != NULL;
	char *bh = body_hash(s, body, body_len, relaxed_body), *head = field_head(s, canon, bh);
	char *fields =
	    signed_fields(header, s->headers != NULL ? s->headers : "From", relaxed_header);
	char *own = NULL, *canonical, *all = NULL, *b, *out;

	if (asprintf(&own, "%s%s", head, after) < 0)
		abort();
	canonical = relaxed_header ? signer_relaxed_field(own) : need(strdup(own));
	if (asprintf(&all, "%s%s", fields, canonical) < 0)
		abort();
	b = signer_sign_text(s->key, all);
	out = field_finish(head, b, after);
	free(bh);
	free(head);
	free(fields);
	free(own);
	free(canonical);
	free(all);
	free(b);
	return out;
}
