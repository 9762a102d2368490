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
	const char *word;
	char buf[64];
	size_t len;

	taglist_start(&t, text, size);
	while (taglist_next(&t, &tag)) {
		assert(tag.name_len > 0 && tag.name >= text &&
		       tag.value + tag.value_len <= text + size);
		assert(memchr(tag.value, ';', tag.value_len) == NULL);
		for (const char *at = NULL; tag_next_word(&tag, &at, &word, &len);)
			assert(len > 0 && word >= tag.value && word + len <= at);
		if (tag_value_squeeze(&tag, buf, sizeof(buf)))
			assert(strpbrk(buf, " \t\r\n") == NULL);
	}
	(void)taglist_repeats(text, size);
	return 0;
}
