/* header.c - the bounded header list of one message. Bytes live in one region that grows by
 * doubling; fields are offsets into it, so that growing moves nothing but the region. */
#include "mail/header.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/ascii.h"
#include "base/limits.h"

#define FIRST_BYTES 8192
#define FIRST_FIELDS 64

struct span {
	size_t name, value, value_len; /* offsets into the region; each text has its NUL */
};

struct headers {
	char *bytes;
	size_t used, size, limit;
	struct span *fields;
	size_t count, room;
	bool overflow, failed;
};

struct headers *headers_new(size_t limit)
{
	struct headers *h = calloc(1, sizeof(*h));

	if (h != NULL)
		h->limit = limit;
	return h;
}

void headers_free(struct headers *h)
{
	if (h == NULL)
		return;
	free(h->bytes);
	free(h->fields);
	free(h);
}

void headers_reset(struct headers *h)
{
	free(h->bytes);
	free(h->fields);
	h->bytes = NULL;
	h->fields = NULL;
	h->size = h->room = 0;
	h->used = h->count = 0;
	h->overflow = h->failed = false;
}

/* The next size by doubling that holds `need`. `need` is bounded by the limits, so it cannot wrap.
 */
static size_t grown(size_t size, size_t first, size_t need)
{
	if (size == 0)
		size = first;
	while (size < need)
		size *= 2;
	return size;
}

static bool make_room(struct headers *h, size_t bytes)
{
	size_t size = grown(h->size, FIRST_BYTES, h->used + bytes);
	size_t room = grown(h->room, FIRST_FIELDS, h->count + 1);

	if (size != h->size) {
		char *p = realloc(h->bytes, size);

		if (p == NULL)
			return false;
		h->bytes = p;
		h->size = size;
	}
	if (room != h->room) {
		struct span *p = realloc(h->fields, room * sizeof(*p));

		if (p == NULL)
			return false;
		h->fields = p;
		h->room = room;
	}
	return true;
}

static size_t store(struct headers *h, const char *text, size_t len)
{
	size_t at = h->used;

	memcpy(h->bytes + at, text, len + 1);
	h->used += len + 1;
	return at;
}

bool headers_add(struct headers *h, const char *name, const char *value)
{
	size_t name_len = strnlen(name, MAX_HEADER_FIELD_BYTES + 1);
	size_t value_len = strnlen(value, MAX_HEADER_FIELD_BYTES + 1);
	size_t need = name_len + value_len + 2;
	struct span *s;

	if (name_len + value_len > MAX_HEADER_FIELD_BYTES || h->count == MAX_HEADER_FIELDS ||
	    need > h->limit || h->used > h->limit - need)
		h->overflow = true;
	if (!h->overflow && !h->failed && !make_room(h, need))
		h->failed = true;
	if (h->overflow || h->failed)
		return false;
	s = &h->fields[h->count++];
	s->name = store(h, name, name_len);
	s->value = store(h, value, value_len);
	s->value_len = value_len;
	return true;
}

void headers_fail(struct headers *h)
{
	h->failed = true;
}

bool headers_overflow(const struct headers *h)
{
	return h->overflow;
}

bool headers_failed(const struct headers *h)
{
	return h->failed;
}

size_t headers_count(const struct headers *h)
{
	return h->count;
}

struct header_field headers_at(const struct headers *h, size_t i)
{
	const struct span *s;

	assert(i < h->count);
	s = &h->fields[i];
	return (struct header_field){h->bytes + s->name, h->bytes + s->value, s->value_len, 0};
}

bool headers_next(const struct headers *h, const char *name, struct header_cursor *c,
		  struct header_field *field_r)
{
	while (c->at < h->count) {
		*field_r = headers_at(h, c->at++);
		if (header_name_is(field_r->name, name)) {
			field_r->nth = ++c->nth;
			return true;
		}
	}
	return false;
}

size_t headers_count_named(const struct headers *h, const char *name)
{
	struct header_cursor c = {0};
	struct header_field f;

	while (headers_next(h, name, &c, &f))
		;
	return c.nth;
}

static bool is_white(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

bool header_name_is(const char *name, const char *want)
{
	size_t n = strlen(want);

	while (is_white(*name))
		name++;
	if (strncasecmp(name, want, n) != 0)
		return false;
	for (name += n; is_white(*name); name++)
		;
	return *name == '\0';
}

bool header_name_valid(const char *name)
{
	if (*name == '\0')
		return false;
	for (; *name != '\0'; name++)
		if (*name < 33 || *name > 126 || *name == ':')
			return false;
	return true;
}

bool header_value_odd(const char *value, size_t len)
{
	const char *end = value + len;

	if (memchr(value, '\v', len) != NULL || memchr(value, '\f', len) != NULL)
		return true;
	while ((value = memchr(value, '\r', (size_t)(end - value))) != NULL)
		if (++value == end || *value != '\n')
			return true;
	return false;
}

bool header_value_clean(const char *value, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)value[i];

		if (c == '\r' && i + 1 < len && value[i + 1] == '\n')
			continue;
		if (c == '\n' && i + 1 < len && ascii_is_blank(value[i + 1]))
			continue;
		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}
