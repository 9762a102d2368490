/* dmarc.h - DMARC (RFC 9989) of one author domain: discovery, alignment, result. The parts:
 * dmarc_record (parse), dmarc_discover (tree walk or public suffix list), dmarc_align
 * (identifiers), dmarc_verdict (libopendmarc's second opinion). */
#ifndef ALIGND_CHECK_DMARC_H
#define ALIGND_CHECK_DMARC_H

#include "check/facts.h"
#include "dns/lookups.h"

struct dmarc_psl;

struct dmarc_settings {
	enum dmarc_discovery discovery;
	const struct dmarc_psl *psl; /* for DISCOVERY_PSL; without it the tree is walked */
};

/* Ask for all levels of the walk of `domain` now: author domains, and identifiers that may have to
 * align with them. */
void dmarc_hint(struct lookups *l, const char *domain);

/* Judge. Reads f->spf (which is postmaster@HELO for the null sender; f->spf_helo never counts) and
 * f->dkim; writes f->dkim.signature[].aligned, ALIGNED_NO for a signature that has not passed, and
 * all of `out_r`. `author` is in normal form. Needs the other checks finished.
 *
 * - pass: an identifier that passed aligns;
 * - fail: none does, and nothing that failed to be looked up could change that;
 * - temperror: a DNS failure hides the record, or the identifier or the existence (np) on which
 *   pass, fail or the policy depends; never because of names that could not align. Or libopendmarc
 *   disagrees: internal_error is set;
 * - none: no author domain, no record, or a record no policy can be drawn from (policy_domain then
 *   says where it is);
 * - permerror: never. What is wrong in a record is dropped (RFC 9989 4.8) or ends DMARC for the
 *   message (4.10.1).
 *
 * The policy fields are filled for pass and fail, and for temperror once the record is known. A
 * record found by the public suffix list is read as one found by the walk: np and t count, pct does
 * not. */
void dmarc_check(struct lookups *l, const struct dmarc_settings *s, const char *author,
		 struct facts *f, struct dmarc_facts *out_r);

#endif
