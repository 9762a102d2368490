/* message.h - takes the bytes of a message apart as an MTA hands it to a milter. */
#ifndef ALIGND_TESTS_MESSAGE_H
#define ALIGND_TESTS_MESSAGE_H

#include <stddef.h>

/* Both on the heap, exactly as long as they are; the value with its leading white space and folds.
 */
typedef void message_field(void *arg, const char *name, const char *value);

/* Call `field` for each header field (lines without a colon are passed over; a NUL ends the text it
 * stands in). Returns where the body begins, `bytes` + `n` if there is none. Line ends may be LF or
 * CRLF. */
const char *message_split(const char *bytes, size_t n, message_field *field, void *arg);

#endif
