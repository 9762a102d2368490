/* taglist.c - tag=value lists (RFC 6376 3.2, RFC 9989 4.8). */
#include "mail/taglist.h"

#include <string.h>
#include <strings.h>

#include "base/ascii.h"

/* More tags than any published list has; the search for repeated names is quadratic below it. */
#define TAGLIST_MAX_TAGS 64

static bool good_name(const char *name, size_t len)
{
	if (len == 0 || !ascii_is_alpha(name[0]))
		return false;
	for (size_t i = 1; i < len; i++)
		if (!ascii_is_alnum(name[i]) && name[i] != '_')
			return false;
	return true;
}

/* Printable ASCII, white space, or a byte of UTF-8 (RFC 8616 allows it; its order is the business
 * of who uses it). */
static bool good_value(const char *value, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)value[i];

		if ((c < 0x20 && !ascii_is_white(value[i])) || c == 0x7f || c >= 0xf5 ||
		    c == 0xc0 || c == 0xc1)
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
	ascii_trim(&tag_r->name, &tag_r->name_len);
	ascii_trim(&tag_r->value, &tag_r->value_len);
	return good_name(tag_r->name, tag_r->name_len);
}

bool taglist_next(struct taglist *t, struct tag *tag_r)
{
	while (t->at != t->end) {
		const char *at = t->at;
		const char *stop = memchr(at, ';', (size_t)(t->end - at));
		size_t len = (size_t)((stop != NULL ? stop : t->end) - at);

		t->at = stop != NULL ? stop + 1 : t->end;
		ascii_trim(&at, &len);
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
		if (ascii_lower(tag->value[i]) != ascii_lower(value[i]))
			return false;
	return true;
}

bool tag_next_word(const struct tag *tag, const char **at, const char **word_r, size_t *len_r)
{
	const char *end;

	if (tag->name == NULL)
		return false;
	end = tag->value + tag->value_len;
	for (*at = *at != NULL ? *at : tag->value; *at < end;) {
		const char *colon = memchr(*at, ':', (size_t)(end - *at));
		const char *stop = colon != NULL ? colon : end;

		*word_r = *at;
		*len_r = (size_t)(stop - *at);
		*at = colon != NULL ? colon + 1 : end;
		ascii_trim(word_r, len_r);
		if (*len_r > 0)
			return true;
	}
	return false;
}

bool tag_has_word(const struct tag *tag, const char *word)
{
	const char *at = NULL, *one;
	size_t len;

	while (tag_next_word(tag, &at, &one, &len))
		if (len == strlen(word) && strncasecmp(one, word, len) == 0)
			return true;
	return false;
}

bool tag_value_squeeze(const struct tag *tag, char *buf_r, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < tag->value_len; i++) {
		char c = tag->value[i];

		if (ascii_is_white(c))
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
