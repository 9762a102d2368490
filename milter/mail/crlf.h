/* crlf.h - a body in pieces whose line ends become CRLF, be they LF or CRLF. A CR alone is a byte
 * like others: were it taken for a line end, a signed body could be changed, its MIME parts hidden
 * or made, and would still verify. Pieces of some size that are right already go on as they are. */
#ifndef ALIGND_MAIL_CRLF_H
#define ALIGND_MAIL_CRLF_H

#include <stdbool.h>
#include <stddef.h>

/* Zeroed: the beginning of a body. */
struct crlf {
	bool cr;   /* the last piece ended with a CR; an LF may follow */
	bool open; /* the last line has no end yet */
	bool lone; /* there was a CR without its LF */
};

/* Takes the bytes; called with n > 0. */
typedef void crlf_sink(void *arg, const unsigned char *bytes, size_t n);

void crlf_add(struct crlf *c, const unsigned char *bytes, size_t n, crlf_sink *sink, void *arg);

/* The body is complete: its last line gets its end if it has none. */
void crlf_end(struct crlf *c, crlf_sink *sink, void *arg);

#endif
