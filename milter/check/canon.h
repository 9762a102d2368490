/* canon.h - the canonical forms of RFC 6376 3.4 fed to a hash: bodies in pieces, header fields one
 * by one. For what libopendkim cannot do: ARC, the full length of a body that a signature covers in
 * part, and our own signatures. */
#ifndef ALIGND_CHECK_CANON_H
#define ALIGND_CHECK_CANON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/crypto.h"

#define CANON_WHOLE UINT64_MAX /* as a limit: all of the body */
#define CANON_BUFFER 1024

/* A body on its way. The caller sees `length` only. */
struct canon_body {
	uint64_t length;     /* after the end: bytes of the whole canonical body */
	uint64_t limit;	     /* bytes that are hashed */
	struct sha256 *hash; /* borrowed; NULL: only count */
	bool relaxed;
	bool any;	/* a byte that is no line end was seen */
	bool blank;	/* relaxed: white space not yet written */
	bool cr;	/* a CR whose LF may follow */
	bool open;	/* inside a line */
	uint64_t lines; /* line ends not yet written */
	size_t used;
	unsigned char buffer[CANON_BUFFER];
};

/* Begin. Line ends become CRLF, be they LF or CRLF; a CR alone is text. */
void canon_body_start(struct canon_body *c, bool relaxed, uint64_t limit, struct sha256 *hash);
void canon_body_add(struct canon_body *c, const unsigned char *bytes, size_t n);
/* The body is complete: what is left goes to the hash, which the caller ends. */
void canon_body_end(struct canon_body *c);

/* One header field with its final CRLF. `name` and `value` as the MTA gave them; LF in the value
 * becomes CRLF. */
void canon_field(struct sha256 *h, const char *name, const char *value, size_t len, bool relaxed);

/* The signature field itself: without the `b_len` bytes at `b`, which lie in `value`, and the white
 * space around them; no CRLF (RFC 6376 3.7). */
void canon_own_field(struct sha256 *h, const char *name, const char *value, size_t len,
		     const char *b, size_t b_len, bool relaxed);

#endif
