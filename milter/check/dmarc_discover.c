/* dmarc_discover.c - the record at a name, and the walk up the tree (RFC 9989 4.10). At most
 * MAX_TREE_WALK queries. */
#include "check/dmarc_discover.h"

#include <stdio.h>
#include <string.h>

#include "base/limits.h"

#define PREFIX "_dmarc."
#define QUERY_SIZE (sizeof(PREFIX) + DOMAIN_TEXT_MAX)

static const struct dns_answer *ask(struct lookups *l, const char *name)
{
	char query[QUERY_SIZE];

	snprintf(query, sizeof(query), PREFIX "%s", name);
	return lookups_wait(l, query, DNS_TXT);
}

enum dmarc_found dmarc_record_at(struct lookups *l, const char *name, struct dmarc_record *r)
{
	const struct dns_answer *a = ask(l, name);
	const struct dns_record *only = NULL;

	if (dns_failed(a))
		return DMARC_FOUND_FAILED;
	for (size_t i = 0; i < a->count; i++) {
		if (!dmarc_record_parse(a->records[i].data, a->records[i].len, r))
			continue;
		if (only != NULL)
			return DMARC_FOUND_SEVERAL;
		only = &a->records[i];
	}
	if (only == NULL)
		return DMARC_FOUND_NONE;
	(void)dmarc_record_parse(only->data, only->len, r);
	return DMARC_FOUND_RECORD;
}

/* The names of a walk from `start`, longest first (RFC 9989 4.10 steps 3, 4 and 7). */
static size_t walk_names(const char *start, const char *name_r[MAX_TREE_WALK])
{
	const char *next = domain_labels(start) > MAX_TREE_WALK
			       ? domain_tail(start, MAX_TREE_WALK - 1)
			       : domain_parent(start);
	size_t n = 0;

	name_r[n++] = start;
	for (; next != NULL && n < MAX_TREE_WALK; next = domain_parent(next))
		name_r[n++] = next;
	return n;
}

void dmarc_walk_hint(struct lookups *l, const char *domain)
{
	const char *name[MAX_TREE_WALK];
	char query[QUERY_SIZE];

	for (size_t n = walk_names(domain, name), i = 0; i < n; i++) {
		snprintf(query, sizeof(query), PREFIX "%s", name[i]);
		lookups_hint_sure(l, query, DNS_TXT);
	}
}

/* RFC 9989 4.10.2 and 4.10.1, from the last record met, its psd tag, and the name of the record met
 * before it. */
static void conclude(struct dmarc_walk *w, const char *last, enum dmarc_psd psd, const char *before)
{
	w->org = w->start;
	if (last == NULL)
		return;
	w->record = last;
	if (psd != PSD_YES || last == w->start) {
		w->org = last;
		return;
	}
	w->org = domain_tail(w->start, domain_labels(last) + 1);
	if (before == w->org)
		w->record = before;
}

static void walk_tree(struct lookups *l, struct dmarc_walk *w)
{
	const char *name[MAX_TREE_WALK], *last = NULL, *before = NULL;
	enum dmarc_psd psd = PSD_UNKNOWN;
	bool own = false;
	struct dmarc_record r;

	dmarc_walk_hint(l, w->start);
	for (size_t n = walk_names(w->start, name), i = 0; i < n && psd == PSD_UNKNOWN; i++) {
		switch (dmarc_record_at(l, name[i], &r)) {
		case DMARC_FOUND_RECORD:
			own |= i == 0;
			before = last;
			last = name[i];
			psd = r.psd;
			break;
		case DMARC_FOUND_FAILED:
			w->failed_low = w->failed_low != NULL ? w->failed_low : name[i];
			w->failed_high = name[i];
			break;
		case DMARC_FOUND_NONE:
		case DMARC_FOUND_SEVERAL: break;
		}
	}
	w->stop = psd != PSD_UNKNOWN ? last : NULL;
	conclude(w, last, psd, before);
	if (own)
		w->record = w->start;
	w->record_unknown = !own && w->failed_low != NULL;
}

/* RFC 7489 6.6.3: the author domain, then its organizational domain, which no DNS failure can make
 * uncertain. */
static void walk_psl(struct lookups *l, const struct dmarc_psl *psl, struct dmarc_walk *w)
{
	enum dmarc_found found;
	struct dmarc_record r;
	const char *at = w->start;

	w->org = dmarc_psl_org(psl, w->start);
	found = dmarc_record_at(l, at, &r);
	if (found == DMARC_FOUND_NONE && w->org != w->start) {
		at = w->org;
		found = dmarc_record_at(l, at, &r);
	}
	w->record = found == DMARC_FOUND_RECORD ? at : NULL;
	w->record_unknown = found == DMARC_FOUND_FAILED;
}

void dmarc_walk(struct lookups *l, const struct dmarc_psl *psl, const char *start,
		struct dmarc_walk *w_r)
{
	*w_r = (struct dmarc_walk){.start = start};
	if (psl != NULL)
		walk_psl(l, psl, w_r);
	else
		walk_tree(l, w_r);
}

enum dmarc_existence dmarc_existence(struct lookups *l, const char *domain)
{
	const struct dns_answer *below = ask(l, domain), *a;

	if (below->status == DNS_OK || below->status == DNS_NODATA)
		return DMARC_EXISTS;
	a = lookups_wait(l, domain, DNS_TXT);
	if (a->status == DNS_NXDOMAIN)
		return DMARC_EXISTS_NOT;
	return dns_failed(a) ? DMARC_EXISTENCE_UNKNOWN : DMARC_EXISTS;
}
