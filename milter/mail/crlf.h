/* crlf.h - a body in pieces whose line ends become CRLF, be they LF, CR or CRLF. Pieces of some
 * size that are right already go on as they are. */
#ifndef ALIGND_MAIL_CRLF_H
#define ALIGND_MAIL_CRLF_H

#include <stdbool.h>
#include <stddef.h>

/* Zeroed: the beginning of a body. */
struct crlf {
	bool cr;   /* a CR ended the last piece; its LF may follow */
	bool open; /* the last line has no end yet */
};

/* Takes the bytes; called with n > 0. */
typedef void crlf_sink(void *arg, const unsigned char *bytes, size_t n);

void crlf_add(struct crlf *c, const unsigned char *bytes, size_t n, crlf_sink *sink, void *arg);

/* The body is complete: its last line gets its end if it has none. */
void crlf_end(struct crlf *c, crlf_sink *sink, void *arg);

#endif
