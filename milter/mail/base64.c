/* base64.c - strict reading of base64 (RFC 4648 4). */
#include "mail/base64.h"

/* Value of a character; 64: padding, 65: white space, 66: not of the alphabet. */
static unsigned value_of(unsigned char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26U;
	if (c >= '0' && c <= '9')
		return c - '0' + 52U;
	if (c == '+' || c == '/')
		return c == '+' ? 62 : 63;
	if (c == '=')
		return 64;
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' ? 65 : 66;
}

bool base64_decode(const char *text, size_t len, uint8_t *bytes_r, size_t size, size_t *n_r)
{
	unsigned bits = 0, pending = 0, digits = 0, padding = 0;
	size_t n = 0;

	*n_r = 0;
	for (size_t i = 0; i < len; i++) {
		unsigned v = value_of((unsigned char)text[i]);

		if (v == 65)
			continue;
		if (v == 66 || (v < 64 && padding > 0))
			return false;
		if (v == 64) {
			padding++;
			continue;
		}
		bits = (bits << 6 | v) & 0xffff;
		pending += 6;
		digits = (digits + 1) % 4;
		if (pending < 8)
			continue;
		if (n == size)
			return false;
		pending -= 8;
		bytes_r[n++] = (uint8_t)(bits >> pending);
	}
	/* One digit alone is no byte; the bits behind the last byte must be zero; padding, if any,
	 * fills up to four. */
	if (digits == 1 || (bits & ((1U << pending) - 1)) != 0)
		return false;
	if (padding > 0 && (digits == 0 || digits + padding != 4))
		return false;
	*n_r = n;
	return true;
}
