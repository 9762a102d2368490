/* fuzz_taglist.c - tag=value lists: every slice stays inside the text and is trimmed. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "mail/taglist.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct taglist t;
	struct tag tag;
	char buf[64];

	taglist_start(&t, text, size);
	while (taglist_next(&t, &tag)) {
		assert(tag.name_len > 0 && tag.name >= text &&
		       tag.value + tag.value_len <= text + size);
		assert(memchr(tag.value, ';', tag.value_len) == NULL);
		if (tag_value_copy(&tag, buf, sizeof(buf)))
			assert(tag_value_is(&tag, buf) && tag_value_is_nocase(&tag, buf));
		if (tag_value_squeeze(&tag, buf, sizeof(buf)))
			assert(strpbrk(buf, " \t\r\n") == NULL);
	}
	(void)taglist_repeats(text, size);
	(void)taglist_find(text, size, "v", &tag);
	return 0;
}
