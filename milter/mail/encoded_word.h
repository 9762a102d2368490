/* encoded_word.h - encoded-words in a display name (RFC 2047): only whether one hides what breaks a
 * reader. */
#ifndef ALIGND_MAIL_ENCODED_WORD_H
#define ALIGND_MAIL_ENCODED_WORD_H

#include <stdbool.h>
#include <stddef.h>

/* True if an encoded-word in the text decodes to a NUL, CR, LF, backspace or DEL: readers are known
 * to cut or rewrite the shown author there. Text without encoded-words, or with broken ones, is
 * harmless. Linear. */
bool encoded_word_harmful(const char *text, size_t len);

#endif
