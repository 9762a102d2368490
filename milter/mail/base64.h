/* base64.h - strict reading of base64 (RFC 4648 4) as DKIM uses it: white space may stand anywhere
 * (RFC 6376 2.10). */
#ifndef ALIGND_MAIL_BASE64_H
#define ALIGND_MAIL_BASE64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Decode `len` bytes of text into at most `size` bytes. Padding may be left out, as the ABNF of RFC
 * 6376 has it. False (and *n_r 0) for any other character, padding in the wrong place or of the
 * wrong length, bits set behind the last byte, or a result that does not fit. No text is a result
 * of no bytes. */
bool base64_decode(const char *text, size_t len, uint8_t *bytes_r, size_t size, size_t *n_r);

#endif
