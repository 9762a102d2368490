/* choice.c - the words an option may have. */
#include "base/choice.h"

#include <string.h>

#include "base/nearest.h"

int choice_find(const char *choices, const char *word)
{
	size_t n = strlen(word);

	for (int i = 0; *choices != '\0'; i++) {
		size_t len = strcspn(choices, "|");

		if (len == n && strncmp(choices, word, n) == 0)
			return i;
		choices += len + (choices[len] == '|');
	}
	return -1;
}

const char *choice_at(const char *choices, unsigned i, char word_r[CHOICE_MAX + 1])
{
	size_t len = strcspn(choices, "|");

	for (; i > 0 && *choices != '\0'; i--) {
		choices += len + (choices[len] == '|');
		len = strcspn(choices, "|");
	}
	len = len <= CHOICE_MAX ? len : CHOICE_MAX;
	memcpy(word_r, choices, len);
	word_r[len] = '\0';
	return word_r;
}

void choice_print(const char *choices, struct strbuf *out)
{
	for (; *choices != '\0'; choices++)
		if (*choices == '|')
			strbuf_add(out, " | ");
		else
			strbuf_addc(out, *choices);
}

void choice_error(struct error *why, const char *key, const char *choices, const char *word)
{
	char choice[CHOICE_MAX + 1], next[CHOICE_MAX + 1], best[CHOICE_MAX + 1] = "";
	struct strbuf text;
	struct nearest near;

	strbuf_init(&text, ERROR_TEXT_MAX);
	strbuf_addf(&text, "%s = %.60s: must be ", key, word);
	nearest_start(&near, word);
	choice_at(choices, 0, choice);
	for (unsigned i = 0; *choice != '\0'; i++) {
		choice_at(choices, i + 1, next);
		strbuf_addf(&text, "%s%s", i == 0 ? "" : *next != '\0' ? ", " : " or ", choice);
		near.word = NULL;
		nearest_try(&near, choice);
		if (near.word != NULL)
			strcpy(best, choice);
		strcpy(choice, next);
	}
	if (*best != '\0')
		strbuf_addf(&text, "; did you mean %s?", best);
	error_set(why, "%s", strbuf_text(&text));
	strbuf_free(&text);
}
