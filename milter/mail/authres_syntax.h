/* authres_syntax.h - the words of an Authentication-Results field (RFC 8601 2.2), as writer and
 * reader both see them. */
#ifndef ALIGND_MAIL_AUTHRES_SYNTAX_H
#define ALIGND_MAIL_AUTHRES_SYNTAX_H

#include <stdbool.h>
#include <stddef.h>

/* A byte of a Keyword: letter, digit, hyphen. */
bool authres_is_keyword(char c);

/* A byte of an RFC 2045 token. */
bool authres_is_token_byte(char c);

/* One or more bytes of a token. */
bool authres_is_token(const char *text, size_t len);

/* [local-part]@domain-name; the local part a dot-atom or quoted-string, the domain letters, digits,
 * '-', '_' and dots. Bytes of UTF-8 count as letters. */
bool authres_is_address(const char *text, size_t len);

#endif
