/* encoded_word.c - what RFC 2047 encoded-words decode to. */
#include "mail/encoded_word.h"

#include <string.h>

#include "base/ascii.h"

static bool harmful(unsigned char c)
{
	return c == '\0' || c == '\b' || c == '\n' || c == '\r' || c == 0x7f;
}

static bool q_harmful(const char *s, size_t len)
{
	for (size_t i = 0; i + 2 < len; i++)
		if (s[i] == '=' && ascii_hex(s[i + 1]) >= 0 && ascii_hex(s[i + 2]) >= 0 &&
		    harmful((unsigned char)(ascii_hex(s[i + 1]) * 16 + ascii_hex(s[i + 2]))))
			return true;
	return false;
}

static bool b_harmful(const char *s, size_t len)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	unsigned bits = 0, have = 0;

	for (size_t i = 0; i < len && s[i] != '='; i++) {
		const char *d = s[i] != '\0' ? strchr(digits, s[i]) : NULL;

		if (d == NULL)
			continue;
		bits = (bits << 6 | (unsigned)(d - digits)) & 0xffff;
		have += 6;
		if (have < 8)
			continue;
		have -= 8;
		if (harmful((unsigned char)(bits >> have)))
			return true;
	}
	return false;
}

bool encoded_word_harmful(const char *text, size_t len)
{
	const char *end = text + len, *at = text, *mark, *stop;

	while ((at = memmem(at, (size_t)(end - at), "=?", 2)) != NULL) {
		at += 2;
		mark = memchr(at, '?', (size_t)(end - at));
		if (mark == NULL)
			return false;
		if (end - mark < 3 || mark[2] != '?')
			continue;
		at = mark + 3;
		stop = memmem(at, (size_t)(end - at), "?=", 2);
		if (stop == NULL)
			return false;
		if ((mark[1] | 0x20) == 'q' ? q_harmful(at, (size_t)(stop - at))
					    : b_harmful(at, (size_t)(stop - at)))
			return true;
		at = stop + 2;
	}
	return false;
}
