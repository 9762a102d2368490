/* strbuf.c - growing text with a cap and a sticky failure. */
#include "base/strbuf.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_SIZE 256

void strbuf_init(struct strbuf *b, size_t cap)
{
	*b = (struct strbuf){.cap = cap};
}

void strbuf_free(struct strbuf *b)
{
	free(b->text);
	strbuf_init(b, b->cap);
}

void strbuf_reset(struct strbuf *b)
{
	b->len = 0;
	b->failed = false;
	if (b->text != NULL)
		b->text[0] = '\0';
}

/* Make room for n more bytes and the NUL; false (and failed) if that is over the cap or the memory.
 */
static bool reserve(struct strbuf *b, size_t n)
{
	size_t size = b->size ? b->size : FIRST_SIZE;
	char *text;

	if (b->failed || n > b->cap - b->len) {
		b->failed = true;
		return false;
	}
	if (b->len + n < b->size)
		return true;
	while (size <= b->len + n)
		size *= 2;
	text = realloc(b->text, size);
	if (text == NULL) {
		b->failed = true;
		return false;
	}
	b->text = text;
	b->size = size;
	return true;
}

void strbuf_addn(struct strbuf *b, const void *bytes, size_t n)
{
	if (!reserve(b, n))
		return;
	if (n > 0)
		memcpy(b->text + b->len, bytes, n);
	b->len += n;
	b->text[b->len] = '\0';
}

void strbuf_add(struct strbuf *b, const char *text)
{
	strbuf_addn(b, text, strlen(text));
}

void strbuf_addc(struct strbuf *b, char c)
{
	strbuf_addn(b, &c, 1);
}

void strbuf_addf(struct strbuf *b, const char *format, ...)
{
	va_list args, again;
	int n;

	va_start(args, format);
	va_copy(again, args);
	n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (n < 0)
		b->failed = true;
	else if (reserve(b, (size_t)n)) {
		vsnprintf(b->text + b->len, (size_t)n + 1, format, again);
		b->len += (size_t)n;
	}
	va_end(again);
}

void strbuf_add_quoted(struct strbuf *b, const char *text)
{
	strbuf_addc(b, '"');
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			strbuf_addc(b, '\\');
		strbuf_addc(b, *text);
	}
	strbuf_addc(b, '"');
}

bool strbuf_ok(const struct strbuf *b)
{
	return !b->failed;
}

const char *strbuf_text(const struct strbuf *b)
{
	return b->text != NULL ? b->text : "";
}

bool strbuf_write(const struct strbuf *b, FILE *f)
{
	return strbuf_ok(b) && fwrite(strbuf_text(b), 1, b->len, f) == b->len;
}

char *strbuf_take(struct strbuf *b)
{
	char *text = NULL;

	strbuf_addn(b, "", 0);
	if (strbuf_ok(b)) {
		text = b->text;
		b->text = NULL;
	}
	strbuf_free(b);
	return text;
}
