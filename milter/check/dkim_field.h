/* dkim_field.h - the tags of a signature field: DKIM-Signature (RFC 6376 3.5),
 * ARC-Message-Signature and ARC-Seal (RFC 8617 4.1). Whether the signature is true is the business
 * of dkim.c and arc.c. */
#ifndef ALIGND_CHECK_DKIM_FIELD_H
#define ALIGND_CHECK_DKIM_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/domain.h"
#include "check/dkim_key.h"
#include "check/facts.h"
#include "mail/taglist.h"

#define DKIM_KEY_NAME_SIZE (2 * DOMAIN_SIZE + sizeof("._domainkey."))

enum dkim_field_kind { DKIM_FIELD_DKIM, DKIM_FIELD_ARC_MESSAGE, DKIM_FIELD_ARC_SEAL };

struct dkim_field {
	enum dkim_result problem;   /* DKIM_NONE: well-formed and of a kind we verify */
	const char *reason;	    /* of the problem; "" if none */
	char domain[DOMAIN_SIZE];   /* d=, normal form; "" if missing or no domain name */
	char selector[DOMAIN_SIZE]; /* s=, the same */
	/* The tags as written, borrowed from the text; a NULL name if absent. */
	struct tag a, b, bh, c, cv, d, h, i, l, q, s, t, v, x;
	enum dkim_key_type key_type;	   /* from a= */
	bool header_relaxed, body_relaxed; /* from c= */
	bool partial;			   /* l= is there */
	uint64_t body_length;		   /* its number */
	bool identity_below;		   /* the domain of i= is below d=, not d= itself */
	unsigned instance;		   /* ARC: i=, 1 to MAX_ARC_SETS; 0 if missing or wrong */
};

/* Read the `len` bytes of a field's value; the tags are borrowed from it. All that can be read is,
 * even if there is a problem: it is for people to see. `now` judges x=. */
void dkim_field_read(struct dkim_field *f, enum dkim_field_kind kind, const char *value, size_t len,
		     time_t now);

/* The name to ask for the key. */
void dkim_field_key_name(const struct dkim_field *f, char name_r[DKIM_KEY_NAME_SIZE]);

/* True if h= has this name; white space at the end of `name` does not count. */
bool dkim_field_signs(const struct dkim_field *f, const char *name);

#endif
