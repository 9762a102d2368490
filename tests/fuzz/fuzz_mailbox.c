/* fuzz_mailbox.c - From authors and SMTP paths: whatever is read is a normal name, and an accepted
 * author stands in the field behind an @. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mail/mailbox.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_name(const char *name)
{
	char again[DOMAIN_SIZE];

	assert(domain_normal(name, strlen(name), again) && strcmp(name, again) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct author_domains out;
	enum from_status s = mailbox_authors((const char *)data, size, &out);
	struct path path;
	char *text;

	assert(out.count <= MAX_AUTHOR_DOMAINS);
	assert(s != FROM_OK || out.count == 1);
	assert(s != FROM_MULTIPLE || out.count > 1);
	assert(s == FROM_MALFORMED || memchr(data, '\0', size) == NULL);
	for (size_t i = 0; i < out.count; i++)
		check_name(out.domain[i]);
	if ((text = malloc(size + 1)) == NULL)
		return 0;
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	if (mailbox_path(text, &path)) {
		assert(path.null == (path.local[0] == '\0'));
		assert(!path.null || path.domain[0] == '\0');
	}
	if (path.domain[0] != '\0')
		check_name(path.domain);
	free(text);
	return 0;
}
