/* fuzz_spf_macro.c - any bytes as a domain-spec and as an explanation; the first line is the local
 * part and HELO. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "check/spf_macro.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *client_name(void *arg)
{
	return arg;
}

static void expand(const struct spf_macros *m, const char *text, size_t len)
{
	char name[DOMAIN_SIZE], out[512];

	if (spf_macro_domain_spec(text, len) &&
	    spf_macro_name(m, text, len, name) == SPF_EXPANDED && !domain_askable(name))
		abort();
	if (!spf_macro_string(text, len, SPF_IN_EXPLANATION))
		return;
	spf_macro_explanation(m, text, len, out, sizeof(out));
	for (const char *p = out; *p != '\0'; p++)
		if (*p < ' ' || *p > '~')
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *line = size > 0 ? memchr(data, '\n', size) : NULL;
	size_t first = line != NULL ? (size_t)(line - data) : 0;
	char *local = calloc(1, first + 1), *text = malloc(size + 1);
	struct addr client = {.family = size % 2 ? ADDR_IP4 : ADDR_IP6, .bytes = {192, 0, 2, 1}};

	if (local != NULL && text != NULL && size > first) {
		const struct spf_macros m = {.local = local,
					     .sender_domain = "sender.example",
					     .domain = "d.example",
					     .helo = local,
					     .receiver = "r.example",
					     .client = &client,
					     .client_name = client_name,
					     .arg = local};

		memcpy(local, data, first);
		memcpy(text, data + first + 1, size - first - 1);
		expand(&m, text, size - first - 1);
	}
	free(local);
	free(text);
	return 0;
}
