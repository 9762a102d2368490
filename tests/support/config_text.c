/* config_text.c - configurations from text. */
#include "config_text.h"

#include <stdlib.h>
#include <string.h>

#include "config/config_print.h"
#include "test.h"

static const char *const named[] = {"hostname=mx.here.example"};

static const struct config *load(const char *text, struct config_errors *errors)
{
	return config_load_text("t.conf", text, strlen(text), named, 1, errors);
}

const struct config *config_of(const char *text)
{
	struct config_errors errors;
	const struct config *c = load(text, &errors);

	if (c == NULL)
		fail_msg("%s\nin: %s", errors.item[0].text, text);
	return c;
}

const char *config_error_of(const char *text)
{
	static struct config_errors errors;
	const struct config *c = load(text, &errors);
	const char *sentence;

	if (c != NULL || errors.count != 1)
		fail_msg("%zu errors in: %s", c != NULL ? 0 : errors.count, text);
	sentence = strstr(errors.item[0].text, ": ");
	assert_non_null(sentence);
	return sentence + 2;
}

char *config_shown(const struct config *c)
{
	char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	assert_non_null(f);
	assert_true(config_show(c, f));
	assert_int_equal(fclose(f), 0);
	return text;
}

char *written_by(bool (*write)(FILE *f))
{
	char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	assert_non_null(f);
	assert_true(write(f));
	assert_int_equal(fclose(f), 0);
	return text;
}

void drop_comments(char *text)
{
	char *to = text;
	bool quoted = false;

	for (const char *p = text; *p != '\0'; p++) {
		if (*p == '"' && (p == text || p[-1] != '\\' || p[-2] == '\\'))
			quoted = !quoted;
		if (*p == '#' && !quoted)
			p += strcspn(p, "\n");
		if (quoted || !(*p == '\n' || *p == ' ') ||
		    (to > text && to[-1] != '\n' && to[-1] != ' '))
			*to++ = *p;
		else if (*p == '\n' && to > text && to[-1] == ' ')
			to[-1] = '\n';
	}
	*to = '\0';
}
