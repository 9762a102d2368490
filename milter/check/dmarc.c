/* dmarc.c - DMARC of one author domain, from discovery to result. */
#include "check/dmarc.h"

#include <stdio.h>
#include <string.h>

#include "check/dmarc_align.h"
#include "check/dmarc_discover.h"
#include "check/dmarc_verdict.h"

void dmarc_hint(struct lookups *l, const char *domain)
{
	if (domain[0] != '\0')
		dmarc_walk_hint(l, domain);
}

/* The reason is `why` with `name` behind it. */
static void conclude(struct dmarc_facts *out, enum dmarc_result result, const char *why,
		     const char *name)
{
	out->result = result;
	snprintf(out->reason, sizeof(out->reason), "%.60s%.*s", why, (int)sizeof(out->reason) - 61,
		 name);
}

/* RFC 9989 4.10.1: p for the domain that published it; sp for those below, np for those below that
 * do not exist. False: it could not be found out whether np applies, and it makes a difference. */
static bool choose_policy(struct lookups *l, const struct dmarc_walk *w, struct dmarc_facts *out)
{
	const struct dmarc_record *r = &out->record;
	enum dmarc_existence existence = DMARC_EXISTS;

	out->tag = TAG_P;
	out->published = r->p;
	if (w->record != w->start) {
		if (r->has_sp) {
			out->tag = TAG_SP;
			out->published = r->sp;
		}
		if (r->has_np)
			existence = dmarc_existence(l, w->start);
		if (existence == DMARC_EXISTS_NOT) {
			out->tag = TAG_NP;
			out->published = r->np;
		}
	}
	out->effective = out->published;
	if (r->testing && out->effective != POLICY_NONE)
		out->effective--;
	return existence != DMARC_EXISTENCE_UNKNOWN || r->np == out->published;
}

/* Result and policy are settled: libopendmarc must come to the same. */
static void confirm(struct dmarc_facts *out)
{
	struct dmarc_verdict v;

	if (dmarc_verdict(out->author_domain, out->effective, out->spf_aligned != ALIGNED_NO,
			  out->dkim_aligned, &v) &&
	    v.pass == (out->result == DMARC_PASS) && (v.pass || v.policy == out->effective))
		return;
	out->internal_error = true;
	conclude(out, DMARC_TEMPERROR, "libopendmarc does not agree about ", out->author_domain);
}

static void judge(struct dmarc_facts *out, const struct dmarc_alignment *al, bool policy_known)
{
	out->spf_aligned = al->spf;
	out->dkim_aligned = al->dkim;
	if (al->spf != ALIGNED_NO || al->dkim)
		conclude(out, DMARC_PASS, "", "");
	else if (al->unsure[0] != '\0')
		conclude(out, DMARC_TEMPERROR, "a DNS failure hides the alignment of ", al->unsure);
	else if (!policy_known)
		conclude(out, DMARC_TEMPERROR, "a DNS failure hides the existence of ",
			 out->author_domain);
	else
		conclude(out, DMARC_FAIL, "no aligned identifier passed", "");
	if (out->result == DMARC_PASS || out->result == DMARC_FAIL)
		confirm(out);
}

/* An identifier passed that is the author domain itself: whatever its policy, it is not failed. */
static bool author_proved(const struct facts *f, const char *author)
{
	bool proved = f->spf.result == SPF_PASS && strcmp(f->spf.domain, author) == 0;

	for (size_t i = 0; i < f->dkim.count; i++)
		proved |= f->dkim.signature[i].result == DKIM_PASS &&
			  strcmp(f->dkim.signature[i].domain, author) == 0;
	return proved;
}

/* A failure hides the policy, but only below a record that was found, and this one governs if none
 * stands there: tell it, for rules to ask for. Hardly any large domain has no name below it whose
 * DNS does not answer, and it must not do as an author. */
static void tell_likely_policy(struct lookups *l, const struct dmarc_walk *w, const struct facts *f,
			       struct dmarc_facts *out)
{
	if (w->record == NULL || w->failed_high == NULL ||
	    !domain_at_or_below(w->failed_high, w->record) || author_proved(f, w->start) ||
	    dmarc_record_at(l, w->record, &out->record) != DMARC_FOUND_RECORD || !out->record.valid)
		return;
	strcpy(out->policy_domain, w->record);
	choose_policy(l, w, out);
}

/* Discovery: the record that governs `out->author_domain`. False: there is none to go on with; the
 * result says why. */
static bool discover(struct lookups *l, const struct dmarc_walk *w, const struct facts *f,
		     struct dmarc_facts *out)
{
	strcpy(out->organizational_domain, w->org);
	if (w->record == NULL && !w->record_unknown) {
		conclude(out, DMARC_NONE, "no DMARC record", "");
		return false;
	}
	if (w->record_unknown)
		tell_likely_policy(l, w, f, out);
	if (w->record_unknown ||
	    dmarc_record_at(l, w->record, &out->record) != DMARC_FOUND_RECORD) {
		conclude(out, DMARC_TEMPERROR, "a DNS failure hides the policy of ", w->start);
		return false;
	}
	strcpy(out->policy_domain, w->record);
	if (!out->record.valid)
		conclude(out, DMARC_NONE, out->record.error, "");
	return out->record.valid;
}

void dmarc_check(struct lookups *l, const struct dmarc_settings *s, const char *author,
		 struct facts *f, struct dmarc_facts *out_r)
{
	const struct dmarc_psl *psl = s->discovery == DISCOVERY_PSL ? s->psl : NULL;
	struct dmarc_alignment alignment;
	struct dmarc_walk walk;
	bool policy_known;

	*out_r = (struct dmarc_facts){.result = DMARC_NONE};
	out_r->discovery = psl != NULL ? DISCOVERY_PSL : DISCOVERY_TREEWALK;
	for (size_t i = 0; i < f->dkim.count; i++)
		f->dkim.signature[i].aligned = ALIGNED_NO;
	if (author[0] == '\0') {
		conclude(out_r, DMARC_NONE, "no author domain", "");
		return;
	}
	strcpy(out_r->author_domain, author);
	dmarc_walk(l, psl, out_r->author_domain, &walk);
	if (!discover(l, &walk, f, out_r))
		return;
	policy_known = choose_policy(l, &walk, out_r);
	dmarc_align(l, psl, &walk, &out_r->record, f, &alignment);
	judge(out_r, &alignment, policy_known);
}
