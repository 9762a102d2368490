/* report_sign.c - a DKIM signature for the mails alignd itself writes. */
#include "report/report_sign.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/array.h"
#include "base/ascii.h"
#include "base/crypto.h"
#include "check/canon.h"
#include "mail/mime.h"

#define MAX_FIELD 8192
#define OWN_NAME "DKIM-Signature"

/* Signed if they are there (RFC 6376 5.4.1), one of each: we write no other. */
static const char *const signed_fields[] = {"From",	    "To",	   "Subject",
					    "Date",	    "Message-ID",  "Auto-Submitted",
					    "MIME-Version", "Content-Type"};

#define FIELDS ARRAY_SIZE(signed_fields)

struct report_signer {
	struct private_key *key;
	char *domain, *selector;
};

struct report_signer *report_signer_new(const char *key_file, const char *domain,
					const char *selector, struct error *why)
{
	struct report_signer *s = calloc(1, sizeof(*s));

	if (s == NULL || (s->domain = strdup(domain)) == NULL ||
	    (s->selector = strdup(selector)) == NULL)
		error_set(why, "out of memory");
	else if ((s->key = private_key_read(key_file, why)) != NULL)
		return s;
	report_signer_free(s);
	return NULL;
}

void report_signer_free(struct report_signer *s)
{
	if (s == NULL)
		return;
	private_key_free(s->key);
	free(s->domain);
	free(s->selector);
	free(s);
}

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
		while (stop != NULL && stop + 2 < end && ascii_is_blank(stop[2]) && (stop += 2));
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

	strbuf_init(&lines, 2 * MAX_SIGNATURE_BYTES);
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
	struct sha256 *hash = sha256_new();
	uint8_t digest[SHA256_SIZE];
	struct canon_body c;
	bool ok;

	if (hash == NULL)
		return false;
	canon_body_start(&c, true, CANON_WHOLE, hash);
	canon_body_add(&c, (const unsigned char *)body, len);
	canon_body_end(&c);
	ok = sha256_end(hash, digest);
	sha256_free(hash);
	if (ok)
		add_base64(out, digest, sizeof(digest));
	return ok;
}

/* The hash of the signed fields and of our own, which ends in "b=". */
static bool hash_header(const char *message, size_t header, const struct strbuf *own,
			uint8_t hash_r[SHA256_SIZE])
{
	struct sha256 *hash = sha256_new();
	const size_t name = strlen(OWN_NAME) + 1;
	bool ok;

	if (hash == NULL)
		return false;
	for (size_t i = 0; i < FIELDS; i++) {
		size_t n, skip = strlen(signed_fields[i]) + 1;
		const char *field = find_field(message, header, signed_fields[i], &n);

		if (field != NULL)
			canon_field(hash, signed_fields[i], field + skip, n - skip, true);
	}
	canon_own_field(hash, OWN_NAME, own->text + name, own->len - name, own->text + own->len, 0,
			true);
	ok = sha256_end(hash, hash_r);
	sha256_free(hash);
	return ok;
}

/* "DKIM-Signature: ..." up to and with "b=", in lines. */
static bool begin_signature(const struct report_signer *s, const char *message, size_t header,
			    size_t len, time_t now, struct strbuf *out)
{
	size_t n;

	strbuf_addf(out,
		    OWN_NAME ": v=1; a=%s; c=relaxed/relaxed;\r\n\td=%s; s=%s;\r\n\tt=%lld; h=",
		    private_key_is_rsa(s->key) ? "rsa-sha256" : "ed25519-sha256", s->domain,
		    s->selector, (long long)now);
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
	const char *end = memmem(message, len, "\r\n\r\n", 4);
	size_t header = end != NULL ? (size_t)(end - message) + 2 : 0, n;
	uint8_t hash[SHA256_SIZE], signature[MAX_SIGNATURE_BYTES];
	struct strbuf own;
	bool ok;

	if (end == NULL)
		return false;
	strbuf_init(&own, MAX_FIELD);
	ok = begin_signature(s, message, header, len, now, &own) &&
	     hash_header(message, header, &own, hash) &&
	     private_key_sign(s->key, hash, signature, &n);
	if (ok)
		add_base64(&own, signature, n);
	strbuf_addn(out, strbuf_text(&own), own.len);
	strbuf_add(out, "\r\n");
	ok = ok && strbuf_ok(&own) && strbuf_ok(out);
	strbuf_free(&own);
	return ok;
}
