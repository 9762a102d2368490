/* fuzz_dmarc_record.c - DMARC records, and the URIs in them. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "check/dmarc_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dmarc_record r;

	(void)dmarc_uri_valid((const char *)data, size);
	if (!dmarc_record_parse((const char *)data, size, &r))
		return 0;
	assert(r.valid || (!r.has_sp && !r.has_np));
	assert(r.valid || r.error[0] != '\0');
	assert(r.has_p || r.p == POLICY_NONE);
	assert(memchr(r.fo, '\0', sizeof(r.fo)) != NULL && r.fo[0] != '\0');
	for (const char *p = r.rua; *p != '\0'; p++)
		assert(*p > ' ' && *p <= '~');
	assert(strlen(r.rua) < sizeof(r.rua) && strlen(r.ruf) < sizeof(r.ruf));
	return 0;
}
