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
	struct header_cursor c = {0};

	assert(strcmp(last.name, name) == 0 && strcmp(last.value, value) == 0);
	assert(last.value_len == strlen(value));
	while (headers_next(h, name, &c, &found))
		assert(found.nth == c.nth);
	assert(c.nth == headers_count_named(h, name));
	if (header_name_valid(name))
		assert(c.nth > 0 && found.value == last.value);
	(void)header_value_clean(value, last.value_len);
	(void)header_value_odd(value, last.value_len);
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
