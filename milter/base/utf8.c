/* utf8.c - strict UTF-8 (RFC 3629 section 4). */
#include "base/utf8.h"

#include "base/ascii.h"

size_t utf8_char(const char *text, size_t len)
{
	const unsigned char *s = (const unsigned char *)text;
	unsigned char low = 0x80, high = 0xbf; /* range of the second byte */
	size_t n;

	if (len == 0)
		return 0;
	if (s[0] < 0x80)
		return 1;
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	n = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	if (s[0] == 0xe0)
		low = 0xa0;
	else if (s[0] == 0xed)
		high = 0x9f;
	else if (s[0] == 0xf0)
		low = 0x90;
	else if (s[0] == 0xf4)
		high = 0x8f;
	if (len < n || s[1] < low || s[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

size_t utf8_printable(const char *text, size_t len)
{
	size_t n = utf8_char(text, len);
	bool c1 = n == 2 && text[0] == '\xc2' && (unsigned char)text[1] < 0xa0;

	return c1 || (n == 1 && !ascii_is_printable(text[0])) ? 0 : n;
}

bool utf8_valid(const char *text, size_t len)
{
	size_t n;

	for (; len > 0; text += n, len -= n)
		if ((n = utf8_char(text, len)) == 0)
			return false;
	return true;
}
