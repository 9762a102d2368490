/* fuzz_authres.c - Authentication-Results: reading any bytes; and writing any values, which must
 * come back the same. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "mail/authres_write.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define VALUES 6

static void read_it(const char *text, size_t size, struct authres *parsed)
{
	enum authres_claim claim = authres_claims(text, size, "mx.example");

	if (authres_parse(text, size, parsed))
		assert((claim == AUTHRES_OURS) == (strcmp(parsed->id, "mx.example") == 0));
}

/* What the writer makes of a short value. */
static void clean(char *text)
{
	for (; *text != '\0'; text++)
		*text = ascii_shown(*text);
}

static void check_lines(const char *text)
{
	for (const char *line = text; *line != '\0'; line++) {
		size_t n = strcspn(line, "\n\r");

		assert(n < 998 && line[n] != '\r');
		line += n;
		if (*line == '\0')
			break;
		assert(line[1] == '\t');
	}
}

static void write_it(char value[VALUES][AUTHRES_VALUE_SIZE], struct authres *parsed)
{
	struct authres_writer w;
	struct strbuf b;
	size_t n = 0;

	strbuf_init(&b, 65536);
	authres_start(&w, &b, value[0]);
	authres_method(&w, "spf", "softfail");
	authres_comment(&w, value[1]);
	authres_reason(&w, value[2]);
	for (size_t i = 3; i < VALUES; i++)
		authres_property(&w, "smtp", "mailfrom", value[i]);
	authres_comment(&w, value[1]);
	if (!authres_finish(&w)) {
		assert(value[0][0] == '\0' || strlen(value[0]) >= AUTHRES_ID_SIZE);
		strbuf_free(&b);
		return;
	}
	check_lines(strbuf_text(&b));
	assert(authres_parse(strbuf_text(&b), b.len, parsed) && parsed->count == 1);
	assert(authres_claims(strbuf_text(&b), b.len, parsed->id) == AUTHRES_OURS);
	for (size_t i = 2; i < VALUES; i++) {
		clean(value[i]);
		if (i == 2)
			assert(strcmp(parsed->result[0].reason, value[i]) == 0);
		else if (value[i][0] != '\0')
			assert(strcmp(parsed->result[0].property[n++].value, value[i]) == 0);
	}
	strbuf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct authres *parsed = malloc(sizeof(*parsed));
	char value[VALUES][AUTHRES_VALUE_SIZE] = {{0}};

	if (parsed == NULL)
		return 0;
	read_it((const char *)data, size, parsed);
	for (size_t i = 0, at = 1; i < VALUES && at < size; i++) {
		size_t n = strnlen((const char *)data + at, size - at);

		memcpy(value[i], data + at, n < AUTHRES_VALUE_SIZE ? n : AUTHRES_VALUE_SIZE - 1);
		at += n + 1;
	}
	if (size > 1)
		write_it(value, parsed);
	free(parsed);
	return 0;
}
