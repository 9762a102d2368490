/* dmarc.h - DMARC (RFC 9989) of one author domain: discovery, alignment, result. The parts: dmarc_record (parse),
 * dmarc_discover (tree walk or public suffix list), dmarc_align (identifiers), dmarc_verdict (libopendmarc's second
 * opinion). */
#ifndef ALIGND_CHECK_DMARC_H
#define ALIGND_CHECK_DMARC_H

#include "check/facts.h"
#include "dns/lookups.h"

struct dmarc_settings {
	enum dmarc_discovery discovery;
};

/* Ask for all levels of the walk of `domain` now: author domains, and identifiers that may have to align with them. */
void dmarc_hint(struct lookups *l, const char *domain);

/* Judge. Reads f->spf, f->null_sender and f->dkim; writes the alignment into f->dkim.signature[].aligned and all of
 * `out_r`. `author` is in normal form. Needs the other checks finished. */
void dmarc_check(struct lookups *l, const struct dmarc_settings *s, const char *author, struct facts *f,
		 struct dmarc_facts *out_r);

#endif
