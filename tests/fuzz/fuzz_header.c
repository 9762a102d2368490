/* fuzz_header.c - the header list: names and values between NULs come back as they went in, below
 * the limit. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mail/header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct headers *h, const char *name, const char *value)
{
	struct header_field last = headers_at(h, headers_count(h) - 1), found;
	size_t n = headers_count_named(h, name);
	char line[64];

	assert(strcmp(last.name, name) == 0 && strcmp(last.value, value) == 0);
	assert(last.value_len == strlen(value));
	if (header_name_valid(name))
		assert(headers_find(h, name, n, &found) && found.value == last.value);
	assert(header_unfold(value, last.value_len, line, sizeof(line)) < sizeof(line));
	assert(strpbrk(line, "\r\n") == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct headers *h = headers_new(4096);
	char *text = malloc(size + 2), *name, *value;

	if (h == NULL || text == NULL || size > 65536)
		goto out;
	if (size > 0)
		memcpy(text, data, size);
	text[size] = text[size + 1] = '\0';
	for (name = text; name < text + size; name = value + strlen(value) + 1) {
		value = name + strlen(name) + 1;
		if (headers_add(h, name, value))
			check(h, name, value);
		else
			assert(headers_overflow(h));
	}
out:
	headers_free(h);
	free(text);
	return 0;
}
