/* ascii.h - kinds of bytes as protocols mean them: by ASCII, whatever the locale. Those of ctype.h
 * ask the locale, and are not defined for the bytes above 127 in a char. */
#ifndef ALIGND_BASE_ASCII_H
#define ALIGND_BASE_ASCII_H

#include <stdbool.h>
#include <stddef.h>

static inline bool ascii_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool ascii_is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline bool ascii_is_alnum(char c)
{
	return ascii_is_alpha(c) || ascii_is_digit(c);
}

/* The blank is printable. */
static inline bool ascii_is_printable(char c)
{
	return c >= ' ' && c <= '~';
}

/* WSP of RFC 5234: blank or tab. */
static inline bool ascii_is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* FWS of mail and of the records it asks for: blank, tab, CR or LF. */
static inline bool ascii_is_white(char c)
{
	return ascii_is_blank(c) || c == '\r' || c == '\n';
}

static inline char ascii_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* The value of a hexadecimal digit in any case; -1 if it is none. */
static inline int ascii_hex(char c)
{
	if (ascii_is_digit(c))
		return c - '0';
	c = ascii_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* What is shown of a byte from outside: '?' if it is not printable. */
static inline char ascii_shown(char c)
{
	return ascii_is_printable(c) ? c : '?';
}

/* Cut white space off both ends of the `*len` bytes at `*text`. */
static inline void ascii_trim(const char **text, size_t *len)
{
	while (*len > 0 && ascii_is_white(**text))
		(*text)++, (*len)--;
	while (*len > 0 && ascii_is_white((*text)[*len - 1]))
		(*len)--;
}

#endif
