/* account.c - the row of one message for the aggregate report. */
#include "session/account.h"

/* What was done, as it is counted: a mark is for the log alone. */
static const char *done(enum action a)
{
	return action_name(a == ACTION_MARK ? ACTION_ACCEPT : a);
}

/* RFC 9990 3.1.1.9: what was done; `pass` for a pass under an enforcing policy. */
static const char *disposition(const struct facts *f, const struct decision *d)
{
	if (d->action == ACTION_REJECT)
		return "reject";
	if (d->action == ACTION_QUARANTINE)
		return "quarantine";
	if (f->dmarc.result == DMARC_PASS && f->dmarc.effective != POLICY_NONE)
		return "pass";
	return "none";
}

static void published_policy(struct row_policy *p, const struct dmarc_facts *f)
{
	const struct dmarc_record *r = &f->record;

	*p = (struct row_policy){
	    .domain = f->policy_domain,
	    .p = dmarc_policy_name(r->p),
	    .sp = r->has_sp ? dmarc_policy_name(r->sp) : NULL,
	    .np = r->has_np ? dmarc_policy_name(r->np) : NULL,
	    .adkim = r->strict_dkim ? "s" : "r",
	    .aspf = r->strict_spf ? "s" : "r",
	    .fo = r->fo,
	    .testing = r->testing ? "y" : "n",
	    .discovery = dmarc_discovery_name(f->discovery),
	    .rua = r->rua,
	    .error = r->error,
	};
}

/* RFC 9990 3.1.3: aligned passes first, strict before relaxed, then other passes, then the rest. */
static int priority(const struct dkim_signature *s)
{
	if (s->result != DKIM_PASS)
		return 0;
	return 1 + (int)s->aligned;
}

static void signatures(struct row *row, const struct dkim_facts *f)
{
	for (int want = 1 + ALIGNED_STRICT; want >= 0; want--) {
		for (size_t i = 0; i < f->count; i++) {
			const struct dkim_signature *s = &f->signature[i];

			if (priority(s) != want || s->domain[0] == '\0' || s->selector[0] == '\0')
				continue;
			row->dkim[row->dkim_count++] = (struct row_dkim){
			    s->domain, s->selector, dkim_result_name(s->result), s->reason};
		}
	}
}

/* Does the domain's report tell of the message? Without exactly one From field that can be read it
 * is outside DMARC (RFC 9989 5.3.1, 11.5): what a rule does with it is no answer to the policy of a
 * domain that stands there. */
static bool reportable(const struct facts *f, const struct decision *d)
{
	return (f->dmarc.result == DMARC_PASS || f->dmarc.result == DMARC_FAIL) &&
	       (f->from_status == FROM_OK || f->from_status == FROM_MULTIPLE) &&
	       d->action != ACTION_TEMPFAIL && f->client.family != ADDR_NONE;
}

void account_message(struct account *a, time_t when, const struct facts *f,
		     const struct decision *d)
{
	struct row *row = &a->row;

	*row = (struct row){
	    .when = when,
	    .dmarc = dmarc_result_name(f->dmarc.result),
	    .action = done(d->action),
	    .reportable = reportable(f, d),
	};
	if (!row->reportable)
		return;
	published_policy(&row->policy, &f->dmarc);
	row->source_ip = addr_print(&f->client, a->source_ip);
	row->header_from = f->dmarc.author_domain;
	row->envelope_from = f->null_sender ? "" : f->spf.domain;
	row->disposition = disposition(f, d);
	row->dkim_aligned = f->dmarc.dkim_aligned;
	row->spf_aligned = f->dmarc.spf_aligned != ALIGNED_NO;
	row->reason = d->reason;
	row->comment = d->comment;
	row->spf_domain = f->spf.domain;
	row->spf_result = spf_result_name(f->spf.result);
	signatures(row, &f->dkim);
}
