/* dmarc_align.c - identifiers against the author domain. Names in normal form: strcmp() compares.
 */
#include "check/dmarc_align.h"

#include <string.h>

/* Is the failed name above the place where the ways up from both meet? Then its record is the same
 * to both. */
static bool fails_for_both_alike(const struct dmarc_walk *a, const struct dmarc_walk *b,
				 const char *failed)
{
	size_t below = domain_labels(failed) + 1;

	return domain_labels(a->start) >= below && domain_labels(b->start) >= below &&
	       strcmp(domain_tail(a->start, below), domain_tail(b->start, below)) == 0;
}

/* Could the failed name of one walk hold a record that the other walk `w` meets? */
static bool may_meet(const struct dmarc_walk *w, const char *failed)
{
	return failed != NULL && domain_at_or_below(w->start, failed) &&
	       (w->stop == NULL || domain_at_or_below(failed, w->stop));
}

/* Could a psd=y at one of the failed names of `w` make `org` its organizational domain? */
static bool may_end_at(const struct dmarc_walk *w, const char *org)
{
	const char *above = domain_parent(org);

	return w->failed_high != NULL && above != NULL && domain_at_or_below(w->start, org) &&
	       domain_at_or_below(above, w->failed_high) &&
	       domain_at_or_below(w->failed_low, above);
}

static bool may_be_kin(const struct dmarc_walk *a, const struct dmarc_walk *b)
{
	return may_meet(a, b->failed_high) || may_end_at(b, a->org);
}

enum dmarc_kinship dmarc_kinship(const struct dmarc_walk *a, const struct dmarc_walk *b)
{
	if (strcmp(a->org, b->org) != 0)
		return may_be_kin(a, b) || may_be_kin(b, a) ? DMARC_UNSURE : DMARC_STRANGERS;
	if ((a->failed_low != NULL && !fails_for_both_alike(a, b, a->failed_low)) ||
	    (b->failed_low != NULL && !fails_for_both_alike(a, b, b->failed_low)))
		return DMARC_UNSURE;
	return DMARC_KIN;
}

bool dmarc_may_be_kin(const struct dmarc_walk *a, const char *name)
{
	return domain_at_or_below(name, a->org) ||
	       (a->failed_high != NULL && domain_at_or_below(name, a->failed_high));
}

/* One identifier to align. */
struct identifier {
	const char *domain;
	bool strict;
	bool passed; /* false: its check ended in temperror */
};

struct aligner {
	struct lookups *lookups;
	const struct dmarc_psl *psl;
	const struct dmarc_walk *author;
	struct dmarc_alignment *out;
};

static bool needs_walk(const struct aligner *al, const struct identifier *id)
{
	return !id->strict && strcmp(id->domain, al->author->start) != 0 &&
	       dmarc_may_be_kin(al->author, id->domain);
}

static enum dmarc_kinship kinship_of(const struct aligner *al, const struct identifier *id)
{
	struct dmarc_walk walk = {.start = id->domain};

	if (strcmp(id->domain, al->author->start) == 0)
		return DMARC_KIN;
	if (!needs_walk(al, id))
		return DMARC_STRANGERS;
	if (al->psl != NULL)
		walk.org = dmarc_psl_org(al->psl, id->domain);
	else
		dmarc_walk(al->lookups, NULL, id->domain, &walk);
	return dmarc_kinship(al->author, &walk);
}

static enum alignment align(const struct aligner *al, const struct identifier *id)
{
	enum dmarc_kinship kinship = kinship_of(al, id);

	if (kinship == DMARC_UNSURE || (kinship == DMARC_KIN && !id->passed)) {
		strcpy(al->out->unsure, id->domain);
		return ALIGNED_NO;
	}
	if (kinship == DMARC_STRANGERS)
		return ALIGNED_NO;
	return strcmp(id->domain, al->author->start) == 0 ? ALIGNED_STRICT : ALIGNED_RELAXED;
}

/* The identifiers of the message: SPF's first if it has one, then one for each signature. Those
 * that neither passed nor might have passed have no domain. */
static void collect(const struct facts *f, const struct dmarc_record *record,
		    struct identifier id_r[1 + MAX_DKIM_SIGNATURES])
{
	id_r[0] = (struct identifier){"", record->strict_spf, f->spf.result == SPF_PASS};
	if (f->spf.result == SPF_PASS || f->spf.result == SPF_TEMPERROR)
		id_r[0].domain = f->spf.domain;
	for (size_t i = 0; i < f->dkim.count; i++) {
		const struct dkim_signature *s = &f->dkim.signature[i];

		id_r[i + 1] = (struct identifier){"", record->strict_dkim, s->result == DKIM_PASS};
		if (s->result == DKIM_PASS || s->result == DKIM_TEMPERROR)
			id_r[i + 1].domain = s->domain;
	}
}

void dmarc_align(struct lookups *l, const struct dmarc_psl *psl, const struct dmarc_walk *author,
		 const struct dmarc_record *record, struct facts *f, struct dmarc_alignment *out_r)
{
	struct aligner al = {l, psl, author, out_r};
	struct identifier id[1 + MAX_DKIM_SIGNATURES];

	*out_r = (struct dmarc_alignment){.spf = ALIGNED_NO};
	collect(f, record, id);
	for (size_t i = 0; psl == NULL && i <= f->dkim.count; i++)
		if (needs_walk(&al, &id[i]))
			dmarc_walk_hint(l, id[i].domain);
	out_r->spf = align(&al, &id[0]);
	for (size_t i = 0; i < f->dkim.count; i++) {
		f->dkim.signature[i].aligned = align(&al, &id[i + 1]);
		out_r->dkim |= f->dkim.signature[i].aligned != ALIGNED_NO;
	}
}
