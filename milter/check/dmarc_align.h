/* dmarc_align.h - which authenticated identifiers align with the author domain
 * (RFC 9989 4.4, 4.10.2). */
#ifndef ALIGND_CHECK_DMARC_ALIGN_H
#define ALIGND_CHECK_DMARC_ALIGN_H

#include "check/dmarc_discover.h"
#include "check/facts.h"

/* Have two names the same organizational domain? UNSURE: failed queries of one of the walks leave
 * it open. Pure. */
enum dmarc_kinship { DMARC_STRANGERS, DMARC_KIN, DMARC_UNSURE };
enum dmarc_kinship dmarc_kinship(const struct dmarc_walk *a, const struct dmarc_walk *b);

/* Could a walk from `name` come to the organizational domain of `a` at all? An organizational
 * domain is a name's own or one above it, so whoever stands elsewhere need not be asked, and his
 * broken DNS says nothing. Pure. */
bool dmarc_may_be_kin(const struct dmarc_walk *a, const char *name);

struct dmarc_alignment {
	enum alignment spf;	  /* of the SPF identifier, if SPF passed */
	bool dkim;		  /* of one passing signature or more */
	char unsure[DOMAIN_SIZE]; /* one that a temporary failure keeps from being aligned, or "" */
};

/* Align the MAIL FROM identity and every signature of `f` with the author domain, by the modes of
 * `record`. Writes f->dkim.signature[].aligned: ALIGNED_NO for every signature that has not passed.
 * An identifier counts as unsure if it passed and a DNS failure hides its organizational domain, or
 * if its own check ended in temperror and it is, or may be, aligned. Waits for the walks of the
 * identifiers that need one. */
void dmarc_align(struct lookups *l, const struct dmarc_psl *psl, const struct dmarc_walk *author,
		 const struct dmarc_record *record, struct facts *f, struct dmarc_alignment *out_r);

#endif
