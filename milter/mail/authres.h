/* authres.h - read Authentication-Results fields (RFC 8601 2.2): recognize those that claim to be
 * ours, and parse any. */
#ifndef ALIGND_MAIL_AUTHRES_H
#define ALIGND_MAIL_AUTHRES_H

#include <stdbool.h>
#include <stddef.h>

#define AUTHRES_NAME "Authentication-Results"

#define AUTHRES_ID_SIZE 256	 /* an authserv-id with its NUL: a domain name in practice */
#define AUTHRES_WORD_SIZE 32	 /* method, result, ptype, property */
#define AUTHRES_VALUE_SIZE 401	 /* a value, reason or comment */
#define AUTHRES_MAX_RESULTS 32	 /* results of one field that are parsed */
#define AUTHRES_MAX_PROPERTIES 8 /* properties of one result that are parsed */

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
