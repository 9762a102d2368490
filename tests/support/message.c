/* message.c - takes the bytes of a message apart. */
#include "message.h"

#include <stdlib.h>
#include <string.h>

/* The start of the next field: behind the LF that no white space follows. */
static const char *field_end(const char *at, const char *end)
{
	do {
		at = memchr(at, '\n', (size_t)(end - at));
		at = at != NULL ? at + 1 : end;
	} while (at < end && (*at == ' ' || *at == '\t'));
	return at;
}

/* Not strndup(): strict sanitizers want a NUL in what it reads. */
static char *copy(const char *from, size_t n)
{
	char *text = malloc(n + 1);

	if (text == NULL)
		return NULL;
	memcpy(text, from, n);
	text[n] = '\0';
	return text;
}

static void give(const char *at, const char *end, message_field *field, void *arg)
{
	const char *colon = memchr(at, ':', (size_t)(end - at));
	char *name, *value;

	if (colon == NULL)
		return;
	name = copy(at, (size_t)(colon - at));
	value = copy(colon + 1, (size_t)(end - colon - 1));
	if (name != NULL && value != NULL)
		field(arg, name, value);
	free(name);
	free(value);
}

const char *message_split(const char *bytes, size_t n, message_field *field, void *arg)
{
	const char *at = bytes, *end = n > 0 ? bytes + n : bytes;

	while (at < end && *at != '\n' && !(*at == '\r' && end - at > 1 && at[1] == '\n')) {
		const char *next = field_end(at, end), *last = next;

		if (last > at && last[-1] == '\n')
			last--;
		if (last > at && last[-1] == '\r')
			last--;
		give(at, last, field, arg);
		at = next;
	}
	if (at < end)
		at += *at == '\r' ? 2 : 1;
	return at;
}
