/* authres.h - Authentication-Results fields (RFC 8601 2.2): write ours, recognize those that claim
 * to be ours, and parse any. No value can inject anything into what is written. */
#ifndef ALIGND_MAIL_AUTHRES_H
#define ALIGND_MAIL_AUTHRES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/strbuf.h"

#define AUTHRES_NAME "Authentication-Results"

#define AUTHRES_ID_SIZE 256  /* an authserv-id with its NUL: a domain name in practice */
#define AUTHRES_WORD_SIZE 32 /* method, result, ptype, property */
#define AUTHRES_VALUE_SIZE \
	401 /* a value, reason or comment; what is longer is cut and ends in "..." */
#define AUTHRES_MAX_RESULTS 32	 /* results of one field that are parsed */
#define AUTHRES_MAX_PROPERTIES 8 /* properties of one result that are parsed */

/* -- writing
 * ------------------------------------------------------------------------------------------ */

/* Writes the value of one field: authres_start, then for each method authres_method followed by at
 * most one authres_reason and any number of comments and properties, then authres_finish. The text
 * begins without a blank and is folded with "\n\t" (libmilter's way): lines stay under about 100
 * columns, and under 998 whatever the values are. Foreign bytes: a control byte becomes '?', a
 * non-ASCII byte too unless `utf8` is set and it is part of valid UTF-8. */
struct authres_writer {
	struct strbuf *out;
	bool utf8;     /* the message is EAI (SMTPUTF8): set after authres_start() */
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

/* -- reading
 * ------------------------------------------------------------------------------------------ */

/* The authserv-id of a field's value: comments and folds skipped, unquoted, ASCII lower case. False
 * if RFC 8601's grammar finds none (then "" is written). */
bool authres_id(const char *value, size_t len, char id_r[AUTHRES_ID_SIZE]);

/* Does a field claim to be written by `our_id`? MAYBE: the grammar does not say so, but a tolerant
 * reader could: odd quoting, control bytes, other spellings of the same name, an unsupported
 * version. Delete OURS and MAYBE. */
enum authres_claim { AUTHRES_NOT_OURS, AUTHRES_OURS, AUTHRES_MAYBE_OURS };
enum authres_claim authres_claims(const char *value, size_t len, const char *our_id);

struct authres_property_value {
	char ptype[AUTHRES_WORD_SIZE], property[AUTHRES_WORD_SIZE]; /* lower case */
	char value[AUTHRES_VALUE_SIZE];				    /* unquoted */
};

struct authres_result {
	char method[AUTHRES_WORD_SIZE], result[AUTHRES_WORD_SIZE]; /* lower case */
	char reason[AUTHRES_VALUE_SIZE];			   /* unquoted; "" if none */
	size_t count;
	struct authres_property_value property[AUTHRES_MAX_PROPERTIES];
};

/* About 120 KB: not for the stack of a worker thread. */
struct authres {
	char id[AUTHRES_ID_SIZE];
	unsigned version;
	size_t count; /* 0: "none" */
	struct authres_result result[AUTHRES_MAX_RESULTS];
};

/* Parse a whole value strictly by the grammar. False: it is not well-formed, has no authserv-id, or
 * exceeds the bounds. */
bool authres_parse(const char *value, size_t len, struct authres *out_r);

#endif
