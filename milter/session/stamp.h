/* stamp.h - the header text of a verdict: which received Authentication-Results fields go and which
 * field comes (RFC 8601 5 and 2.2, RFC 9989 9). */
#ifndef ALIGND_SESSION_STAMP_H
#define ALIGND_SESSION_STAMP_H

#include <stdbool.h>
#include <stddef.h>

#include "check/facts.h"

/* Received fields of one name that have to go, by their index from 1 among the fields of that name.
 */
struct unwanted {
	unsigned received; /* fields of that name seen so far */
	size_t count;
	unsigned *index; /* ascending; delete the last one first */
	bool failed;	 /* they could not all be noted: the message must not go on */
};

struct stamp {
	char *field; /* value of our Authentication-Results field, folded with LF TAB, no leading
			space; or NULL */
	struct unwanted results; /* Authentication-Results fields that claim to be ours */
	struct unwanted marks;	 /* fields with the name of our quarantine header */
};

/* Look at one received header field in message order. Every field has to be shown, however many
 * there are: a forged one that stays would speak in our name. Up to MAX_UNWANTED_FIELDS are noted;
 * so many are read too, of further Authentication-Results fields all count as unwanted.
 * `mark` is the name of the quarantine header, or "". */
void stamp_received(struct stamp *st, const char *authserv_id, const char *mark, const char *name,
		    const char *value);

/* True if everything unwanted could be noted. */
bool stamp_complete(const struct stamp *st);

/* Build the field of a checked message. False: out of memory. */
bool stamp_results(struct stamp *st, const char *authserv_id, const struct facts *f);

/* Free what the stamp holds; it may be used again. */
void stamp_free(struct stamp *st);

#endif
