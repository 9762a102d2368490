/* dkim_hash.c - header hash and body hash of one signature by our own canonicalization. */
#include "check/dkim_hash.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "check/canon.h"

struct dkim_hash {
	const struct dkim_field *field;
	struct sha256 *hash;
	struct canon_body body;
};

struct dkim_hash *dkim_hash_new(const struct dkim_field *f)
{
	struct dkim_hash *h = malloc(sizeof(*h));

	if (h == NULL)
		return NULL;
	h->field = f;
	h->hash = sha256_new();
	if (h->hash == NULL) {
		free(h);
		return NULL;
	}
	canon_body_start(&h->body, f->body_relaxed, f->partial ? f->body_length : CANON_WHOLE,
			 h->hash);
	return h;
}

void dkim_hash_free(struct dkim_hash *h)
{
	if (h == NULL)
		return;
	sha256_free(h->hash);
	free(h);
}

void dkim_hash_body(struct dkim_hash *h, const unsigned char *bytes, size_t n)
{
	canon_body_add(&h->body, bytes, n);
}

/* The field, among those not yet used, that h= means by this name: from the bottom up (RFC
 * 6376 5.4.2). White space before the colon does not count. */
static bool take_field(const struct headers *all, const char *name, size_t len, bool *used,
		       struct header_field *field_r)
{
	for (size_t i = headers_count(all); i-- > 0;) {
		const char *have = used[i] ? "" : headers_at(all, i).name;

		if (strncasecmp(have, name, len) != 0 ||
		    have[len + strspn(have + len, " \t")] != '\0')
			continue;
		used[i] = true;
		*field_r = headers_at(all, i);
		return true;
	}
	return false;
}

bool dkim_hash_end(struct dkim_hash *h, const struct headers *all, size_t own,
		   struct dkim_hashes *out_r)
{
	const struct dkim_field *f = h->field;
	struct header_field field = headers_at(all, own);
	bool *used = calloc(headers_count(all), sizeof(*used)), ok;
	const char *at = NULL, *name;
	size_t len;

	if (used == NULL)
		return false;
	canon_body_end(&h->body);
	ok = sha256_end(h->hash, out_r->body);
	out_r->body_length = h->body.length;
	used[own] = true;
	while (tag_next_word(&f->h, &at, &name, &len)) {
		struct header_field one;

		if (take_field(all, name, len, used, &one))
			canon_field(h->hash, one.name, one.value, one.value_len, f->header_relaxed);
	}
	canon_own_field(h->hash, field.name, field.value, field.value_len, f->b.value,
			f->b.value_len, f->header_relaxed);
	free(used);
	return sha256_end(h->hash, out_r->header) && ok;
}
