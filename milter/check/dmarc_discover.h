/* dmarc_discover.h - the DNS side of DMARC: the record at a name, and the walk that finds the
 * organizational domain and the record that governs a domain (RFC 9989 4.10). */
#ifndef ALIGND_CHECK_DMARC_DISCOVER_H
#define ALIGND_CHECK_DMARC_DISCOVER_H

#include <stdbool.h>

#include "base/domain.h"
#include "check/dmarc_psl.h"
#include "check/dmarc_record.h"
#include "dns/lookups.h"

/* What one query for _dmarc.NAME gave. SEVERAL counts as none in the tree walk, but RFC 7489 stops
 * there. FAILED is never to be read as none. */
enum dmarc_found { DMARC_FOUND_NONE, DMARC_FOUND_RECORD, DMARC_FOUND_SEVERAL, DMARC_FOUND_FAILED };

/* The DMARC record at `name` (RFC 9989 4.10 step 2): TXT records that do not begin with v=DMARC1
 * are dropped, and so are several that do. A record is one even if no policy can be drawn from it
 * (`r->valid` false): its psd tag counts in walks, and it is what the domain has published. `r`
 * means something for DMARC_FOUND_RECORD only. Waits. */
enum dmarc_found dmarc_record_at(struct lookups *l, const char *name, struct dmarc_record *r);

/* The result of one walk. Names point into `start`, which is borrowed. With failed queries `org`
 * and `record` are what would be right if nothing stood at the names that failed; the flag and the
 * last two names tell what may differ. */
struct dmarc_walk {
	const char *start;
	const char *org;	 /* organizational domain of `start` */
	const char *record;	 /* whose record governs mail from `start`; NULL: nobody's */
	const char *stop;	 /* where a psd tag ended the walk; NULL: it went to the top */
	bool record_unknown;	 /* a failure leaves open which record governs, if any does */
	const char *failed_low;	 /* the longest name on the way whose record is not known */
	const char *failed_high; /* the shortest one; both NULL: `org` is certain */
};

/* Ask for all levels of the walk of `domain` at once, without waiting. The names are those of a
 * walk that nothing stops: at most MAX_TREE_WALK. */
void dmarc_walk_hint(struct lookups *l, const char *domain);

/* Walk from `start` (normal form). Waits. With `psl` not NULL the organizational domain is the
 * list's, and at most two queries are made (RFC 7489 6.6.3). */
void dmarc_walk(struct lookups *l, const struct dmarc_psl *psl, const char *start,
		struct dmarc_walk *w_r);

/* Does the domain exist (RFC 9989 3.2.13)? Only NXDOMAIN says no: asked for TXT, the question SPF
 * asks too. A name that has something at _dmarc below it exists and is not asked. Waits. */
enum dmarc_existence { DMARC_EXISTS, DMARC_EXISTS_NOT, DMARC_EXISTENCE_UNKNOWN };
enum dmarc_existence dmarc_existence(struct lookups *l, const char *domain);

#endif
