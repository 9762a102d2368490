/* fuzz_spf_record.c - any bytes as an SPF record. What parses must read back to its end. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "check/spf_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct spf_record record;
	struct spf_directive d;
	struct spf_slice bad;
	size_t at = 0;

	if (text == NULL)
		return 0;
	if (size > 0)
		memcpy(text, data, size);
	if (spf_record_is(text, size) && spf_record_parse(text, size, &record, &bad)) {
		while (spf_record_next(&record, &at, &d))
			if (d.whole.len == 0 || d.whole.text + d.whole.len > text + size)
				abort();
		if (at != record.terms.len)
			abort();
	}
	free(text);
	return 0;
}
