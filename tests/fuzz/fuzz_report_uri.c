/* fuzz_report_uri.c - rua lists of any bytes: every address that comes out can be written to an
 * SMTP command. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "report/report_uri.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct report_addresses a;

	report_uri_parse((const char *)data, size, &a);
	for (size_t i = 0; i < a.count; i++) {
		const char *text = a.address[i].text;

		if (text[strcspn(text, " \t\r\n<>\"\\,;:()[]")] != '\0' || text[0] == '-' ||
		    strchr(text, '@') == NULL)
			abort();
	}
	return 0;
}
