/* utf8.h - is it UTF-8 (RFC 3629)? Strict: no overlong form, no surrogate, nothing over U+10FFFF.
 */
#ifndef ALIGND_MAIL_UTF8_H
#define ALIGND_MAIL_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes of the character that `text` begins with; 0 if that is not valid UTF-8 or `len` is 0. */
size_t utf8_char(const char *text, size_t len);

/* True if all of it is valid; so is nothing at all. */
bool utf8_valid(const char *text, size_t len);

#endif
