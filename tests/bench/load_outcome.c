/* load_outcome.c - reading results out of the header fields that milters add. */
#include "load_outcome.h"

#include <string.h>
#include <strings.h>

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

const char *const verdict_name[VERDICTS] = {"accept", "reject", "tempfail", "discard", "error"};
const char *const word_name[WORDS] = {"-",    "pass",	   "fail",	"softfail", "neutral",
				      "none", "temperror", "permerror", "policy",   "other"};

unsigned char word_of(const char *text, size_t n)
{
	if (n == 8 && strncasecmp(text, "hardfail", 8) == 0)
		return 2; /* an older word for SPF fail */
	for (unsigned char i = 1; i < WORDS - 1; i++)
		if (strlen(word_name[i]) == n && strncasecmp(word_name[i], text, n) == 0)
			return i;
	return WORDS - 1;
}

/* Without comments, quotes and folds. */
static void plain_text(const char *value, char *out_r, size_t size)
{
	bool quoted = false;
	int depth = 0;
	size_t n = 0;

	for (; *value != '\0' && n + 1 < size; value++) {
		if (*value == '\\' && value[1] != '\0')
			value++;
		else if (*value == '"' && depth == 0)
			quoted = !quoted;
		else if (*value == '(' && !quoted)
			depth++;
		else if (*value == ')' && !quoted && depth > 0)
			depth--;
		else if (depth == 0 && !quoted)
			out_r[n++] =
			    *value == '\n' || *value == '\t' || *value == '\r' ? ' ' : *value;
	}
	out_r[n] = '\0';
}

/* "method = result property..." */
static void read_result(struct outcome *o, const char *part)
{
	size_t method = strcspn(part, "=/ ");
	const char *eq = strchr(part, '=');
	unsigned char word;

	if (eq == NULL)
		return;
	eq += 1 + strspn(eq + 1, " ");
	word = word_of(eq, strspn(eq, LETTERS));
	for (int i = 0; i < CHECKS; i++) {
		if (strlen(check_name[i]) != method ||
		    strncasecmp(check_name[i], part, method) != 0)
			continue;
		/* The corpus speaks of MAIL FROM, and one signature that passes is enough. */
		if (i == CHECK_SPF && strstr(part, "smtp.helo") != NULL &&
		    strstr(part, "smtp.mailfrom") == NULL)
			continue;
		if (o->got[i] == 0 || word == WORD_PASS || i != CHECK_DKIM)
			o->got[i] = word;
	}
}

static void read_results(struct outcome *o, const char *value, const char *authserv)
{
	char text[8192], *save = NULL, *part;

	plain_text(value, text, sizeof(text));
	part = strtok_r(text, ";", &save);
	if (part == NULL)
		return;
	part += strspn(part, " ");
	part[strcspn(part, " ")] = '\0';
	if (strcmp(authserv, "*") != 0 && strcasecmp(part, authserv) != 0)
		return;
	while ((part = strtok_r(NULL, ";", &save)) != NULL)
		read_result(o, part + strspn(part, " "));
}

void outcome_field(struct outcome *o, const char *name, const char *value, const char *authserv)
{
	if (strcasecmp(name, "Authentication-Results") == 0)
		read_results(o, value, authserv);
	if (strcasecmp(name, "Received-SPF") == 0 && o->got[CHECK_SPF] == 0) {
		value += strspn(value, " ");
		o->got[CHECK_SPF] = word_of(value, strspn(value, LETTERS));
	}
}
