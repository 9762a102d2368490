/* authres_write.h - write one Authentication-Results field (RFC 8601 2.2). No value can inject
 * anything into it. */
#ifndef ALIGND_MAIL_AUTHRES_WRITE_H
#define ALIGND_MAIL_AUTHRES_WRITE_H

#include "base/strbuf.h"
#include "mail/authres.h"

/* Writes the value of one field: authres_start, then for each method authres_method followed by at
 * most one authres_reason and any number of comments and properties, then authres_finish. The text
 * begins without a blank and is folded with "\n\t" (libmilter's way): lines stay under about 100
 * columns, and under 998 whatever the values are. What is not printable ASCII becomes '?'. */
struct authres_writer {
	struct strbuf *out;
	size_t column; /* of the line being written */
	size_t methods;
};

/* Begin in `out`, borrowed, with what it holds kept. */
void authres_start(struct authres_writer *w, struct strbuf *out, const char *authserv_id);

/* "; method=result". Both are our own keywords: letters, digits, hyphens (asserted). */
void authres_method(struct authres_writer *w, const char *method, const char *result);

/* " reason=..."; nothing if `text` is NULL or "". */
void authres_reason(struct authres_writer *w, const char *text);

/* " (text)"; nothing if `text` is NULL or "". */
void authres_comment(struct authres_writer *w, const char *text);

/* " ptype.property=value": bare if the value is a token or an address, quoted if not; nothing if it
 * is NULL or "". */
void authres_property(struct authres_writer *w, const char *ptype, const char *property,
		      const char *value);

/* "; none" if there was no method. Returns strbuf_ok(). */
bool authres_finish(struct authres_writer *w);

#endif
