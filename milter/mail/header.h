/* header.h - the header of one message: a bounded list of fields in message order (RFC 5322 2.2).
 * Bytes are kept as the MTA gave them. Names are compared without regard to case and to white space
 * at their ends: "From :" is a From. */
#ifndef ALIGND_MAIL_HEADER_H
#define ALIGND_MAIL_HEADER_H

#include <stdbool.h>
#include <stddef.h>

/* The list; memory grows with use, never above the limits. */
struct headers;

/* A field, borrowed from the list until the next headers_add() or headers_reset(). NUL-terminated
 * both. */
struct header_field {
	const char *name;  /* as given */
	const char *value; /* as given: leading white space, folds and all */
	size_t value_len;
	size_t nth; /* counted from 1 among fields of the same name, as smfi_chgheader() wants it;
		     * set by headers_next() for a name, 0 from headers_at() */
};

/* An empty list that keeps at most `limit` bytes of names and values (and MAX_HEADER_FIELDS fields,
 * none over MAX_HEADER_FIELD_BYTES). NULL: out of memory. */
struct headers *headers_new(size_t limit);
void headers_free(struct headers *h); /* NULL is fine */

/* Forget the fields, the overflow and the failure; gives the memory back. */
void headers_reset(struct headers *h);

/* Append a copy. False if the field was not kept: over a limit (sticky, headers_overflow()) or out
 * of memory (sticky, headers_failed()); then this and all later fields are dropped, and the message
 * must not be judged as if it were whole. */
bool headers_add(struct headers *h, const char *name, const char *value);

/* As if memory had run out while a field was added. */
void headers_fail(struct headers *h);

bool headers_overflow(const struct headers *h);
bool headers_failed(const struct headers *h);

/* Fields kept, and field `i` of them, from 0. `i` must be below the count. */
size_t headers_count(const struct headers *h);
struct header_field headers_at(const struct headers *h, size_t i);

/* Iterate over the fields called `name`, from a zeroed cursor. False at the end. */
struct header_cursor {
	size_t at;
	size_t nth;
};
bool headers_next(const struct headers *h, const char *name, struct header_cursor *c,
		  struct header_field *field_r);

/* How many fields have this name. */
size_t headers_count_named(const struct headers *h, const char *name);

/* True if `name` is `want`, but for case and for white space at its ends. */
bool header_name_is(const char *name, const char *want);

/* RFC 5322 3.6.8: one or more of bytes 33 to 126, no colon. */
bool header_name_valid(const char *name);

/* True if the value has VT, FF, or CR without LF: white space to some readers, the end of a line to
 * others, and none of mail's (RFC 5322 2.2.2). */
bool header_value_odd(const char *value, size_t len);

/* True if the value has no control byte but tab, and every line end in it is a fold (RFC
 * 5322 2.2.3), as LF or CRLF. */
bool header_value_clean(const char *value, size_t len);

#endif
