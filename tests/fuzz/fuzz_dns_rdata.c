/* fuzz_dns_rdata.c - record data off the wire; the first byte chooses the type. */
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "dns/rdata.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum dns_type types[] = {DNS_A, DNS_PTR, DNS_MX, DNS_TXT, DNS_AAAA, DNS_NS};
	struct dns_record record;
	enum dns_type type;
	size_t room;
	char *out;

	if (size == 0)
		return 0;
	type = types[data[0] % 5];
	room = rdata_room(type, size - 1);
	out = malloc(room + 1);
	if (out == NULL)
		return 0;
	if (rdata_decode(type, data + 1, size - 1, out, &record) &&
	    (record.len > room || (type == DNS_TXT && record.len > MAX_TXT_BYTES) ||
	     ((type == DNS_PTR || type == DNS_MX) && memchr(out, '\0', record.len) != NULL)))
		abort();
	free(out);
	return 0;
}
