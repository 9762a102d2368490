/* verify.c - run the checks of one message: ask early, wait late. */
#include "session/verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "check/dmarc.h"
#include "check/helo.h"
#include "check/iprev.h"
#include "check/spf.h"
#include "check/spf_hint.h"

/* Of the time that the checks may take, SPF and the client's names leave this part to the others:
 * the sender's DNS decides how long they take, and must not decide that his author's policy cannot
 * be found out. */
#define LAST_SHARE 4

void verify_hint_client(const struct evidence *e)
{
	iprev_hint(e->lookups, &e->client);
}

/* HELO as a name for SPF; "" if it is a literal or no name. */
static bool helo_domain(const struct evidence *e, char name_r[DOMAIN_SIZE])
{
	return domain_normal(e->helo, strlen(e->helo), name_r);
}

void verify_hint_helo(const struct evidence *e)
{
	char name[DOMAIN_SIZE];

	helo_hint(e->lookups, e->helo, &e->client);
	if (helo_domain(e, name))
		spf_hint(e->lookups, name, &e->client);
}

void verify_hint_sender(const struct evidence *e)
{
	if (e->sender.domain[0] != '\0')
		spf_hint(e->lookups, e->sender.domain, &e->client);
}

/* An identifier can align only below the author's organizational domain: ask for its walk if it
 * looks related. */
static bool related(const char *identifier, const char *author)
{
	return strcmp(identifier, author) != 0 && domain_labels(identifier) > 1 &&
	       strcmp(domain_tail(identifier, 2), domain_tail(author, 2)) == 0;
}

static void add_authors(struct facts *f, const struct author_domains *authors)
{
	for (size_t k = 0; k < authors->count; k++) {
		size_t j = 0;

		while (j < f->author_count && strcmp(f->author[j], authors->domain[k]) != 0)
			j++;
		if (j == f->author_count && j < MAX_AUTHOR_DOMAINS)
			strcpy(f->author[f->author_count++], authors->domain[k]);
	}
}

/* A header that was not kept whole may hold another From: it counts as malformed (RFC 9989 11.5).
 */
static void find_authors(const struct evidence *e, struct facts *f)
{
	struct header_cursor cursor = {0};
	struct author_domains authors;
	struct header_field field;

	f->from_status = FROM_MISSING;
	while (headers_next(e->headers, "From", &cursor, &field)) {
		enum from_status status = mailbox_authors(field.value, field.value_len, &authors);

		f->from_status = field.nth > 1 ? FROM_REPEATED : status;
		add_authors(f, &authors);
	}
	if (headers_overflow(e->headers))
		f->from_status = FROM_MALFORMED;
}

static void start_dkim(struct evidence *e)
{
	if (headers_count_named(e->headers, "DKIM-Signature") == 0)
		return;
	e->dkim = dkim_message_new(e->snapshot->dkim, e->now);
	if (e->dkim == NULL) {
		e->failed = true;
		return;
	}
	for (size_t i = 0; i < headers_count(e->headers); i++) {
		struct header_field field = headers_at(e->headers, i);

		dkim_message_header(e->dkim, field.name, field.value);
	}
	dkim_message_end_header(e->dkim, e->lookups);
}

static bool has_arc(const struct headers *h)
{
	for (size_t i = 0; i < headers_count(h); i++)
		if (arc_is_field(headers_at(h, i).name))
			return true;
	return false;
}

static void start_arc(struct evidence *e)
{
	if (!has_arc(e->headers))
		return;
	e->arc = arc_message_new(&e->snapshot->arc, e->now);
	if (e->arc == NULL) {
		e->failed = true;
		return;
	}
	for (size_t i = 0; i < headers_count(e->headers); i++) {
		struct header_field field = headers_at(e->headers, i);

		arc_message_header(e->arc, field.name, field.value);
	}
	arc_message_end_header(e->arc, e->lookups);
}

void verify_header(struct evidence *e, struct facts *f)
{
	e->failed = headers_failed(e->headers);
	find_authors(e, f);
	f->list = headers_count_named(e->headers, "List-Id") > 0 ||
		  headers_count_named(e->headers, "List-Post") > 0;
	for (size_t i = 0; i < f->author_count; i++) {
		dmarc_hint(e->lookups, f->author[i]);
		if (related(e->sender.domain, f->author[i]))
			dmarc_hint(e->lookups, e->sender.domain);
	}
	start_dkim(e);
	start_arc(e);
}

bool verify_wants_body(const struct evidence *e)
{
	return (e->dkim != NULL && dkim_message_wants_body(e->dkim)) ||
	       (e->arc != NULL && arc_message_wants_body(e->arc));
}

void verify_body(struct evidence *e, const unsigned char *bytes, size_t n)
{
	if (e->dkim != NULL)
		dkim_message_body(e->dkim, bytes, n);
	if (e->arc != NULL)
		arc_message_body(e->arc, bytes, n);
}

static struct spf_params spf_identity(const struct evidence *e, const char *local,
				      const char *domain)
{
	return (struct spf_params){
	    .client = e->client,
	    .helo = e->helo,
	    .local = local,
	    .domain = domain,
	    .receiver = e->snapshot->config->hostname,
	    .now = e->now,
	    .void_limit = (unsigned)e->snapshot->config->spf_void_limit,
	};
}

/* The client's name. The MTA's opinion is no evidence, but where the DNS has no PTR record and the
 * MTA knows a name all the same (its hosts file, an answer that has changed), the two do not agree:
 * fail (RFC 8601 2.7.3). */
static void run_iprev(const struct evidence *e, struct iprev_facts *f)
{
	char name[DOMAIN_SIZE];

	iprev_check(e->lookups, &e->client, f);
	if (f->result != IPREV_PERMERROR ||
	    !domain_normal(e->client_name, strlen(e->client_name), name) ||
	    domain_parent(name) == NULL)
		return;
	f->result = IPREV_FAIL;
	snprintf(f->reason, sizeof(f->reason), "no PTR record, but the MTA knows a name");
}

/* HELO identity first: it is the MAIL FROM identity too when the reverse-path is null (RFC
 * 7208 2.4). */
static void run_spf(const struct evidence *e, struct facts *f)
{
	char helo[DOMAIN_SIZE];
	struct spf_params p;

	helo_domain(e, helo);
	p = spf_identity(e, "postmaster", helo);
	spf_check(e->lookups, &p, &f->spf_helo);
	if (f->null_sender) {
		f->spf = f->spf_helo;
		return;
	}
	p = spf_identity(e, e->sender.local, e->sender.domain);
	spf_check(e->lookups, &p, &f->spf);
}

/* The higher, the stricter: with several author domains the strictest outcome counts (RFC
 * 9989 11.5). */
static int strictness(const struct dmarc_facts *d)
{
	static const int of[] = {
	    [DMARC_PASS] = 0, [DMARC_NONE] = 1, [DMARC_PERMERROR] = 2, [DMARC_TEMPERROR] = 4};

	if (d->result != DMARC_FAIL)
		return of[d->result];
	return d->effective == POLICY_NONE ? 3 : 4 + (int)d->effective;
}

/* Judge by the other way of discovery too, and say whether anything that matters comes out
 * differently. */
static bool discoveries_differ(const struct evidence *e, struct facts *f)
{
	struct dmarc_settings other = {
	    .discovery = f->dmarc.discovery == DISCOVERY_PSL ? DISCOVERY_TREEWALK : DISCOVERY_PSL,
	    .psl = e->snapshot->psl,
	};
	struct dmarc_facts *d = calloc(1, sizeof(*d));
	bool differ;

	if (d == NULL)
		return false;
	dmarc_check(e->lookups, &other, f->dmarc.author_domain, f, d);
	differ = d->result != f->dmarc.result || d->effective != f->dmarc.effective ||
		 strcmp(d->policy_domain, f->dmarc.policy_domain) != 0;
	free(d);
	return differ;
}

static void run_dmarc(const struct evidence *e, struct facts *f)
{
	struct dmarc_settings settings = {
	    .discovery = e->snapshot->config->discovery,
	    .psl = e->snapshot->psl,
	};
	size_t strictest = 0;
	int most = -1;
	bool differ = false;

	for (size_t i = 0; i < f->author_count; i++) {
		dmarc_check(e->lookups, &settings, f->author[i], f, &f->dmarc);
		if (strictness(&f->dmarc) > most) {
			most = strictness(&f->dmarc);
			strictest = i;
		}
		if (e->snapshot->config->compare_discovery)
			differ |= discoveries_differ(e, f);
	}
	/* Leave the alignment of the strictest in the signatures; the answers are at hand. */
	if (f->author_count > 1 || (f->author_count > 0 && e->snapshot->config->compare_discovery))
		dmarc_check(e->lookups, &settings, f->author[strictest], f, &f->dmarc);
	f->discoveries_differ = differ;
}

void verify_run(struct evidence *e, int64_t ms, struct facts *f)
{
	int64_t end = clock_mono_ms() + ms;

	lookups_deadline(e->lookups, end - ms / LAST_SHARE);
	run_iprev(e, &f->iprev);
	helo_check(e->lookups, e->helo, &e->client, &f->iprev, &f->helo);
	run_spf(e, f);
	lookups_deadline(e->lookups, end);
	if (e->dkim != NULL && !dkim_message_check(e->dkim, e->lookups, &f->dkim))
		e->failed = true;
	run_dmarc(e, f);
	/* Last: DMARC does not need it, and how long fifty keys take is for their owners to say. */
	if (e->arc != NULL && !arc_message_check(e->arc, e->lookups, &f->arc))
		e->failed = true;
	f->internal_error = e->failed || f->dmarc.internal_error ||
			    (f->dmarc.result == DMARC_TEMPERROR && lookups_refused(e->lookups));
}

void verify_early(const struct evidence *e, unsigned need, struct facts *f)
{
	if (need & NEED_IPREV)
		run_iprev(e, &f->iprev);
	if (need & NEED_HELO)
		helo_check(e->lookups, e->helo, &e->client, &f->iprev, &f->helo);
	if (need & (NEED_SPF | NEED_SPF_HELO))
		run_spf(e, f);
}

void verify_free(struct evidence *e)
{
	dkim_message_free(e->dkim);
	arc_message_free(e->arc);
	e->dkim = NULL;
	e->arc = NULL;
	e->failed = false;
}
