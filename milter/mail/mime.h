/* mime.h - text of the mails alignd itself sends: folded header fields, base64, multipart (RFC
 * 2045, 2046, 5322). Lines end in CRLF. ASCII only: whatever else comes makes the buffer fail,
 * nothing is guessed or encoded. */
#ifndef ALIGND_MAIL_MIME_H
#define ALIGND_MAIL_MIME_H

#include <stdbool.h>
#include <stddef.h>

#include "base/strbuf.h"

#define MIME_BOUNDARY_SIZE 71 /* RFC 2046 5.1.1: at most 70 characters */

struct mime_header {
	const char *name;
	const char *value;
};

struct mime_part {
	const char *type;	 /* "text/plain; charset=us-ascii", "application/gzip", ... */
	const char *filename;	 /* an attachment of this name; NULL: shown in place */
	const char *description; /* Content-Description; NULL: none */
	const void *bytes;
	size_t len;
	bool base64; /* else the bytes are text: printable ASCII, tabs and lines (LF or CRLF), none
		      * over 998 bytes */
};

struct mime_message {
	const struct mime_header
	    *headers; /* From, To, Subject, ...; not MIME-Version, not Content-Type */
	size_t header_count;
	const char *subtype; /* "mixed", or "report; report-type=feedback-report" */
	const char *id;	     /* unique to this message; the boundary is made from it */
	const struct mime_part *parts;
	size_t part_count;
};

/* Write the whole message. False (and `out` failed): out of room, or something that is not ASCII,
 * has a line end where none may be, an invalid name, or text that holds the boundary. */
bool mime_write(struct strbuf *out, const struct mime_message *m);

/* "name: value\r\n", folded at blanks before column 78 where there are any. Fails `out` for an
 * invalid name, a control or non-ASCII byte, or a stretch without blanks that would make a line of
 * over 998 bytes. */
void mime_header(struct strbuf *out, const char *name, const char *value);

/* Base64 in lines of 76 characters, each with CRLF. Nothing for no bytes. */
void mime_base64(struct strbuf *out, const void *bytes, size_t n);

/* "text" as a quoted-string with its quotes; fails `out` for a control or non-ASCII byte. */
void mime_quoted(struct strbuf *out, const char *text);

/* The boundary for an id: letters, digits and "=_.-" only, always the same for the same id. */
void mime_boundary(const char *id, char boundary_r[MIME_BOUNDARY_SIZE]);

#endif
