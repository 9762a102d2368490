/* authres_syntax.c - the words of an Authentication-Results field. */
#include "mail/authres_syntax.h"

#include <string.h>

#include "base/ascii.h"

static bool is_foreign(char c)
{
	return ((unsigned char)c & 0x80) != 0;
}

bool authres_is_keyword(char c)
{
	return ascii_is_alnum(c) || c == '-';
}

bool authres_is_token_byte(char c)
{
	return ascii_is_printable(c) && c != ' ' && strchr("()<>@,;:\\\"/[]?=", c) == NULL;
}

bool authres_is_token(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!authres_is_token_byte(text[i]))
			return false;
	return len > 0;
}

static bool is_dot_atom(const char *s, size_t len)
{
	char before = '.';

	for (size_t i = 0; i < len; before = s[i++]) {
		bool atext = ascii_is_alnum(s[i]) || is_foreign(s[i]) ||
			     (s[i] != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", s[i]) != NULL);

		if (!atext && (s[i] != '.' || before == '.'))
			return false;
	}
	return len > 0 && before != '.';
}

static bool is_quoted(const char *s, size_t len)
{
	if (len < 2 || s[0] != '"' || s[len - 1] != '"')
		return false;
	for (size_t i = 1; i < len - 1; i++) {
		if (s[i] == '"' || (s[i] == '\\' && ++i == len - 1))
			return false;
		if (!ascii_is_printable(s[i]) && !is_foreign(s[i]))
			return false;
	}
	return true;
}

static bool is_domain(const char *s, size_t len)
{
	char before = '.';

	for (size_t i = 0; i < len; before = s[i++])
		if (s[i] == '.'
			? before == '.'
			: !ascii_is_alnum(s[i]) && s[i] != '-' && s[i] != '_' && !is_foreign(s[i]))
			return false;
	return len > 0 && before != '.';
}

bool authres_is_address(const char *text, size_t len)
{
	const char *at = memrchr(text, '@', len);
	size_t local;

	if (at == NULL)
		return false;
	local = (size_t)(at - text);
	return (local == 0 || is_dot_atom(text, local) || is_quoted(text, local)) &&
	       is_domain(at + 1, len - local - 1);
}
