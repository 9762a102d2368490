/* fuzz_config.c - the configuration reader; what it accepts must print and read back the same. */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "config/config_print.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct config *read_text(const char *text, size_t size)
{
	static const char *const overrides[] = {"hostname=mx.example"};
	static struct config_errors errors;

	return config_load_text("f", text, size, overrides, 1, &errors);
}

static char *shown(const struct config *c, size_t *n_r)
{
	char *text = NULL;
	FILE *f = open_memstream(&text, n_r);

	if (f == NULL || !config_show(c, f) || fclose(f) != 0)
		abort();
	return text;
}

/* Without the comments, which tell other origins the second time. */
static size_t drop_comments(char *text)
{
	char *to = text;
	bool quoted = false;

	for (const char *p = text; *p != '\0'; p++) {
		if (quoted && *p == '\\')
			*to++ = *p++;
		else if (*p == '"')
			quoted = !quoted;
		else if (*p == '#' && !quoted)
			p += strcspn(p, "\n");
		if (quoted || (*p != ' ' && *p != '\n'))
			*to++ = *p;
	}
	*to = '\0';
	return (size_t)(to - text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct config *c, *again;
	char *first, *second;
	size_t n, m;

	if (size > 65536 || (size > 0 && memmem(data, size, "include", 7) != NULL))
		return 0; /* no files here */
	c = read_text((const char *)data, size);
	if (c == NULL)
		return 0;
	first = shown(c, &n);
	again = read_text(first, n);
	assert(again != NULL);
	second = shown(again, &m);
	assert(drop_comments(first) == drop_comments(second) && strcmp(first, second) == 0);
	free(first);
	free(second);
	config_unref(c);
	config_unref(again);
	return 0;
}
