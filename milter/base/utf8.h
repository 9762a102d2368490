/* utf8.h - is it UTF-8 (RFC 3629)? Strict: no overlong form, no surrogate, nothing over U+10FFFF.
 */
#ifndef ALIGND_BASE_UTF8_H
#define ALIGND_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes of the character that `text` begins with; 0 if that is not valid UTF-8 or `len` is 0. */
size_t utf8_char(const char *text, size_t len);

/* The same of a printable character: 0 too for the control characters of ASCII and of Unicode
 * (U+0080 to U+009F), which some terminals obey. */
size_t utf8_printable(const char *text, size_t len);

/* True if all of it is valid; so is nothing at all. */
bool utf8_valid(const char *text, size_t len);

#endif
