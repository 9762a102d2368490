/* error.c - the one-line reason of a failed call. */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void error_set(struct error *why, const char *format, ...)
{
	va_list args;

	if (why == NULL)
		return;
	va_start(args, format);
	vsnprintf(why->text, sizeof(why->text), format, args);
	va_end(args);
}

void error_prefix(struct error *why, const char *format, ...)
{
	struct error old;
	va_list args;
	size_t n;

	if (why == NULL)
		return;
	old = *why;
	va_start(args, format);
	vsnprintf(why->text, sizeof(why->text), format, args);
	va_end(args);
	n = strlen(why->text);
	snprintf(why->text + n, sizeof(why->text) - n, ": %s", old.text);
}
