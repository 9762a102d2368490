/* domain.c - domain names in one normal form. The only file that includes libidn2. */
#include "base/domain.h"

#include <idn2.h>
#include <string.h>

#include "base/ascii.h"

#define DOMAIN_LABEL_MAX 63 /* RFC 1035 3.1 */

static bool plain_byte(char c)
{
	return ascii_is_alnum(c) || c == '-' || c == '_';
}

/* RFC 5891 with the lower-casing of UTS 46, as browsers and MTAs do it. */
static bool to_a_labels(const char *text, size_t len, char name_r[DOMAIN_SIZE])
{
	char in[4 * DOMAIN_SIZE], *out = NULL;
	bool ok = false;

	if (len >= sizeof(in) || memchr(text, '\0', len) != NULL)
		return false;
	memcpy(in, text, len);
	in[len] = '\0';
	if (idn2_to_ascii_8z(in, &out, IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT) == IDN2_OK &&
	    strlen(out) <= DOMAIN_TEXT_MAX) {
		strcpy(name_r, out);
		ok = true;
	}
	idn2_free(out);
	return ok;
}

bool domain_askable(const char *name)
{
	size_t label = 0, i;

	for (i = 0; name[i] != '\0'; i++) {
		if (name[i] != '.') {
			label++;
		} else if (label == 0) {
			return false;
		} else {
			label = 0;
		}
		if (label > DOMAIN_LABEL_MAX || i >= DOMAIN_TEXT_MAX)
			return false;
	}
	return label > 0;
}

static bool normalize(const char *text, size_t len, char name_r[DOMAIN_SIZE])
{
	bool foreign = false;

	if (len > 0 && text[len - 1] == '.')
		len--;
	for (size_t i = 0; i < len; i++)
		foreign |= (unsigned char)text[i] >= 0x80;
	if (foreign) {
		if (!to_a_labels(text, len, name_r))
			return false;
		text = name_r;
		len = strlen(name_r);
	}
	if (len == 0 || len > DOMAIN_TEXT_MAX)
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = ascii_lower(text[i]);

		if (!plain_byte(c) && c != '.')
			return false;
		name_r[i] = c;
	}
	name_r[len] = '\0';
	return domain_askable(name_r);
}

bool domain_normal(const char *text, size_t len, char name_r[DOMAIN_SIZE])
{
	bool ok = normalize(text, len, name_r);

	if (!ok)
		name_r[0] = '\0';
	return ok;
}

bool domain_at_or_below(const char *name, const char *top)
{
	size_t n = strlen(name), t = strlen(top);

	if (t == 0 || t > n || strcmp(name + n - t, top) != 0)
		return false;
	return n == t || name[n - t - 1] == '.';
}

size_t domain_labels(const char *name)
{
	size_t n = name[0] != '\0';

	for (; *name != '\0'; name++)
		n += *name == '.';
	return n;
}

const char *domain_parent(const char *name)
{
	const char *dot = strchr(name, '.');

	return dot != NULL ? dot + 1 : NULL;
}

const char *domain_tail(const char *name, size_t n)
{
	for (size_t have = domain_labels(name); have > n; have--)
		name = strchr(name, '.') + 1;
	return name;
}

bool domain_is_hostname(const char *name)
{
	const char *last = strrchr(name, '.');
	char before = '.';

	if (last == NULL || last[1 + strspn(last + 1, "0123456789")] == '\0')
		return false;
	for (const char *p = name; *p != '\0'; before = *p++)
		if (*p == '_' || (*p == '-' && before == '.') || (*p == '.' && before == '-'))
			return false;
	return before != '-';
}
