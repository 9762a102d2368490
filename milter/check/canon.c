/* canon.c - the canonical forms of RFC 6376 3.4. */
#include "check/canon.h"

#include <string.h>

#include "base/ascii.h"

/* -- the body ---------------------------------------------------- */

void canon_body_start(struct canon_body *c, bool relaxed, uint64_t limit, struct sha256 *hash)
{
	memset(c, 0, offsetof(struct canon_body, buffer));
	c->relaxed = relaxed;
	c->limit = limit;
	c->hash = hash;
}

static void body_flush(struct canon_body *c)
{
	if (c->hash != NULL)
		sha256_add(c->hash, c->buffer, c->used);
	c->used = 0;
}

/* Canonical bytes: count all of them, hash those below the limit. */
static void body_write(struct canon_body *c, const void *bytes, size_t n)
{
	uint64_t room = c->length < c->limit ? c->limit - c->length : 0;
	size_t hashed = n < room ? n : (size_t)room;

	c->length += n;
	if (c->hash == NULL || hashed == 0)
		return;
	if (hashed > sizeof(c->buffer) - c->used)
		body_flush(c);
	if (hashed > sizeof(c->buffer)) {
		sha256_add(c->hash, bytes, hashed);
		return;
	}
	memcpy(c->buffer + c->used, bytes, hashed);
	c->used += hashed;
}

static void body_line_end(struct canon_body *c)
{
	c->cr = false;
	c->open = false;
	c->blank = false;
	c->lines++;
}

/* A stretch within one line, in relaxed form without white space. */
static void body_text(struct canon_body *c, const unsigned char *bytes, size_t n)
{
	for (; c->lines > 0; c->lines--)
		body_write(c, "\r\n", 2);
	if (c->blank)
		body_write(c, " ", 1);
	c->blank = false;
	c->any = true;
	body_write(c, bytes, n);
}

/* The length of the stretch at `bytes` that needs no thought. */
static size_t plain_stretch(const unsigned char *bytes, size_t n, bool relaxed)
{
	size_t i = 0;

	while (i < n && bytes[i] != '\r' && bytes[i] != '\n' &&
	       !(relaxed && ascii_is_blank((char)bytes[i])))
		i++;
	return i;
}

/* A CR that its LF does not follow is text. */
static void body_lone_cr(struct canon_body *c)
{
	c->cr = false;
	c->open = true;
	body_text(c, (const unsigned char *)"\r", 1);
}

void canon_body_add(struct canon_body *c, const unsigned char *bytes, size_t n)
{
	for (size_t i = 0; i < n;) {
		size_t plain;

		if (bytes[i] == '\n') {
			body_line_end(c);
			i++;
			continue;
		}
		if (c->cr)
			body_lone_cr(c);
		if (bytes[i] == '\r') {
			c->cr = true;
			i++;
			continue;
		}
		c->open = true;
		plain = plain_stretch(bytes + i, n - i, c->relaxed);
		if (plain > 0)
			body_text(c, bytes + i, plain);
		else
			c->blank = true;
		i += plain > 0 ? plain : 1;
	}
}

void canon_body_end(struct canon_body *c)
{
	if (c->cr)
		body_lone_cr(c);
	if (c->open)
		body_line_end(c);
	/* Empty lines at the end go, the end of the last line stays; an empty body is CRLF in
	 * simple form, nothing in relaxed form. */
	if (c->any || !c->relaxed)
		body_write(c, "\r\n", 2);
	body_flush(c);
}

/* -- the header -------------------------------------------------- */

/* Text that goes to a hash in pieces of some size. */
struct writer {
	struct sha256 *hash;
	size_t used;
	char text[512];
};

static void put(struct writer *w, char c)
{
	if (w->used == sizeof(w->text)) {
		sha256_add(w->hash, w->text, w->used);
		w->used = 0;
	}
	w->text[w->used++] = c;
}

static void put_end(struct writer *w, bool crlf)
{
	if (crlf) {
		put(w, '\r');
		put(w, '\n');
	}
	sha256_add(w->hash, w->text, w->used);
}

static void put_name(struct writer *w, const char *name, bool relaxed)
{
	size_t len = strlen(name);

	while (relaxed && len > 0 && ascii_is_blank(name[len - 1]))
		len--;
	for (size_t i = 0; i < len; i++)
		put(w, relaxed ? ascii_lower(name[i]) : name[i]);
	put(w, ':');
}

/* The value without the stretch from `cut` to `resume`. */
static void put_simple(struct writer *w, const char *value, const char *end, const char *cut,
		       const char *resume)
{
	char before = '\0';

	for (const char *at = value; at < end; at++) {
		if (at == cut && cut != resume)
			at = resume;
		if (at >= end)
			break;
		if (*at == '\n' && before != '\r')
			put(w, '\r');
		put(w, *at);
		before = *at;
	}
}

/* White space of RFC 6376 2.8, or an end of line within the value, which is a fold. A CR alone is
 * neither: to some readers it begins another field. */
static bool is_white(const char *at, const char *end)
{
	return ascii_is_blank(*at) || *at == '\n' || (*at == '\r' && at + 1 < end && at[1] == '\n');
}

static void put_relaxed(struct writer *w, const char *value, const char *end, const char *cut,
			const char *resume)
{
	bool blank = false, any = false;

	for (const char *at = value; at < end; at++) {
		if (at == cut && cut != resume)
			at = resume;
		if (at >= end)
			break;
		if (is_white(at, end)) {
			blank = true;
			continue;
		}
		if (blank && any)
			put(w, ' ');
		blank = false;
		any = true;
		put(w, *at);
	}
}

void canon_field(struct sha256 *h, const char *name, const char *value, size_t len, bool relaxed)
{
	struct writer w = {.hash = h, .used = 0};

	put_name(&w, name, relaxed);
	(relaxed ? put_relaxed : put_simple)(&w, value, value + len, NULL, NULL);
	put_end(&w, true);
}

void canon_own_field(struct sha256 *h, const char *name, const char *value, size_t len,
		     const char *b, size_t b_len, bool relaxed)
{
	struct writer w = {.hash = h, .used = 0};
	const char *end = value + len, *cut = b, *resume = b + b_len;

	while (cut > value && ascii_is_white(cut[-1]))
		cut--;
	while (resume < end && ascii_is_white(*resume))
		resume++;
	put_name(&w, name, relaxed);
	(relaxed ? put_relaxed : put_simple)(&w, value, end, cut, resume);
	put_end(&w, false);
}
