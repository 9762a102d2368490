/* mailbox.h - addresses: the author domains of From (RFC 5322 3.6.2, RFC 6854) and the SMTP paths
 * (RFC 5321 4.1.2). Strict on purpose: what a mail reader could show differently than we read it is
 * MALFORMED, never a guess. */
#ifndef ALIGND_MAIL_MAILBOX_H
#define ALIGND_MAIL_MAILBOX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/domain.h"
#include "base/limits.h"

/* OK: one field, one author domain. MISSING: no From field. REPEATED: several From fields.
 * MULTIPLE: one field with several author domains. MALFORMED: no author domain can be read with
 * certainty. */
enum from_status { FROM_OK, FROM_MISSING, FROM_REPEATED, FROM_MULTIPLE, FROM_MALFORMED };

/* "ok", "missing", "repeated", "multiple", "malformed". */
const char *from_status_name(enum from_status s);

struct author_domains {
	size_t count; /* distinct, in the order met; at most MAX_AUTHOR_DOMAINS kept */
	char domain[MAX_AUTHOR_DOMAINS][DOMAIN_SIZE]; /* normal form */
};

/* Read the body of one From field: `len` bytes, folds and all. FROM_OK, FROM_MULTIPLE or
 * FROM_MALFORMED; domains that could be read are in `out_r` in every case (so that a malformed From
 * may still be evaluated). More than MAX_AUTHOR_DOMAINS domains or MAX_FROM_ADDRESSES addresses are
 * FROM_MALFORMED: none escapes by being one too many. */
enum from_status mailbox_authors(const char *value, size_t len, struct author_domains *out_r);

struct path {
	char local[MAX_LOCAL_PART + 1]; /* as given, quotes kept */
	char domain[DOMAIN_SIZE];	/* normal form; "" if it has none or a literal */
	bool null;			/* "<>" */
	bool literal;			/* user@[192.0.2.1] */
};

/* Read an SMTP path, with or without <>, as the MTA passes it. False: unusable (fields then hold
 * what could be read). A path without @ ("postmaster") is usable and has no domain; an empty one is
 * null. A source route (@a,@b:) is dropped; the last @ outside quotes divides local part and
 * domain. */
bool mailbox_path(const char *text, struct path *path_r);

#endif
