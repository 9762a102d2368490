/* taglist.c - tag=value lists (RFC 6376 3.2, RFC 9989 4.8). */
#include "mail/taglist.h"

#include <string.h>

/* More tags than any published list has; the search for repeated names is quadratic below it. */
#define TAGLIST_MAX_TAGS 64

static bool is_white(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static void trim(const char **at, size_t *len)
{
	while (*len > 0 && is_white((*at)[0]))
		(*at)++, (*len)--;
	while (*len > 0 && is_white((*at)[*len - 1]))
		(*len)--;
}

static bool good_name(const char *name, size_t len)
{
	if (len == 0 || !is_alpha(name[0]))
		return false;
	for (size_t i = 1; i < len; i++)
		if (!is_alpha(name[i]) && !(name[i] >= '0' && name[i] <= '9') && name[i] != '_')
			return false;
	return true;
}

/* Printable ASCII, white space, or a byte of UTF-8 (RFC 8616 allows it; its order is the business
 * of who uses it). */
static bool good_value(const char *value, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)value[i];

		if ((c < 0x20 && !is_white(value[i])) || c == 0x7f || c >= 0xf5 || c == 0xc0 ||
		    c == 0xc1)
			return false;
	}
	return true;
}

void taglist_start(struct taglist *t, const char *text, size_t len)
{
	*t = (struct taglist){.at = text, .end = len > 0 ? text + len : text};
}

/* Read one element of `len` bytes. False: it is no tag=value. */
static bool read_tag(const char *at, size_t len, struct tag *tag_r)
{
	const char *equals = memchr(at, '=', len);

	if (equals == NULL)
		return false;
	tag_r->name = at;
	tag_r->name_len = (size_t)(equals - at);
	tag_r->value = equals + 1;
	tag_r->value_len = len - tag_r->name_len - 1;
	trim(&tag_r->name, &tag_r->name_len);
	trim(&tag_r->value, &tag_r->value_len);
	return good_name(tag_r->name, tag_r->name_len);
}

bool taglist_next(struct taglist *t, struct tag *tag_r)
{
	while (t->at != t->end) {
		const char *at = t->at;
		const char *stop = memchr(at, ';', (size_t)(t->end - at));
		size_t len = (size_t)((stop != NULL ? stop : t->end) - at);

		t->at = stop != NULL ? stop + 1 : t->end;
		trim(&at, &len);
		if (len == 0 && stop == NULL)
			break; /* white space after the last ';' */
		if (len > 0 && read_tag(at, len, tag_r)) {
			t->bad |= !good_value(tag_r->value, tag_r->value_len);
			return true;
		}
		t->bad = true;
	}
	return false;
}

bool taglist_find(const char *text, size_t len, const char *name, struct tag *tag_r)
{
	struct taglist t;

	taglist_start(&t, text, len);
	while (taglist_next(&t, tag_r))
		if (tag_named(tag_r, name))
			return true;
	return false;
}

bool taglist_repeats(const char *text, size_t len)
{
	struct tag seen[TAGLIST_MAX_TAGS], tag;
	struct taglist t;
	size_t n = 0;

	taglist_start(&t, text, len);
	while (taglist_next(&t, &tag)) {
		for (size_t i = 0; i < n; i++)
			if (seen[i].name_len == tag.name_len &&
			    memcmp(seen[i].name, tag.name, tag.name_len) == 0)
				return true;
		if (n == TAGLIST_MAX_TAGS)
			return true;
		seen[n++] = tag;
	}
	return false;
}

static bool same(const char *at, size_t len, const char *text)
{
	return strlen(text) == len && memcmp(at, text, len) == 0;
}

bool tag_named(const struct tag *tag, const char *name)
{
	return same(tag->name, tag->name_len, name);
}

bool tag_value_is(const struct tag *tag, const char *value)
{
	return same(tag->value, tag->value_len, value);
}

bool tag_value_is_nocase(const struct tag *tag, const char *value)
{
	if (strlen(value) != tag->value_len)
		return false;
	for (size_t i = 0; i < tag->value_len; i++)
		if (lower(tag->value[i]) != lower(value[i]))
			return false;
	return true;
}

static bool copy(const struct tag *tag, bool squeeze, char *buf_r, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < tag->value_len; i++) {
		char c = tag->value[i];

		if (squeeze && is_white(c))
			continue;
		if (c == '\0' || n + 1 >= size) {
			buf_r[0] = '\0';
			return false;
		}
		buf_r[n++] = c;
	}
	buf_r[n] = '\0';
	return true;
}

bool tag_value_copy(const struct tag *tag, char *buf_r, size_t size)
{
	return copy(tag, false, buf_r, size);
}

bool tag_value_squeeze(const struct tag *tag, char *buf_r, size_t size)
{
	return copy(tag, true, buf_r, size);
}
