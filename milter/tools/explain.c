/* explain.c - a verdict in words, or as header and facts. */
#include "tools/explain.h"

#include <string.h>

#include "base/ascii.h"
#include "mail/authres.h"

/* Print text from outside: what a terminal could take for a command becomes \xHH. */
static void put_safe(FILE *out, const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (ascii_is_printable(text[i]))
			fputc(text[i], out);
		else
			fprintf(out, "\\x%02x", (unsigned char)text[i]);
	}
}

static void put(FILE *out, const char *text)
{
	put_safe(out, text, strlen(text));
}

/* "name      result  " with the detail, which is never empty, to come from the caller. */
static void head(FILE *out, const char *name, const char *result)
{
	fprintf(out, "%-10s %-10s", name, result);
}

static void why(FILE *out, const char *reason)
{
	if (reason[0] == '\0')
		return;
	fputs(" - ", out);
	put(out, reason);
}

/* "name      result  subject - reason", as far as there are any. */
static void finding(FILE *out, const char *name, const char *result, const char *subject,
		    const char *reason)
{
	if (subject[0] == '\0' && reason[0] == '\0') {
		fprintf(out, "%-10s %s", name, result);
		return;
	}
	head(out, name, result);
	put(out, subject[0] != '\0' ? subject : reason);
	if (subject[0] != '\0')
		why(out, reason);
}

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

static void text_client(FILE *out, const struct explained *x)
{
	const struct facts *f = x->verdict->facts;
	char text[ADDR_TEXT_SIZE];

	fputs("client     ", out);
	put(out, f->client.family != ADDR_NONE ? addr_print(&f->client, text) : x->client);
	fputs(", HELO ", out);
	put(out, x->helo);
	fputs(", MAIL FROM <", out);
	put(out, x->mail_from);
	fprintf(out, ">%s\n\n", f->authenticated ? ", authenticated" : "");
}

static void text_iprev(FILE *out, const struct facts *f)
{
	finding(out, "iprev", iprev_result_name(f->iprev.result), f->iprev.name, f->iprev.reason);
	fputc('\n', out);
	finding(out, "helo", helo_result_name(f->helo.result), f->helo.name, "");
	fputs(f->helo.is_ptr_name ? " (the confirmed PTR name)\n" : "\n", out);
}

static void text_spf(FILE *out, const char *name, const struct spf_facts *spf)
{
	bool matched = spf->mechanism[0] != '\0';

	finding(out, name, spf_result_name(spf->result), spf->domain, matched ? "" : spf->reason);
	if (matched) {
		fputs(": ", out);
		put(out, spf->mechanism);
		fputs(" in the record of ", out);
		put(out, spf->matched_in);
		why(out, spf->reason);
	}
	if (spf->result != SPF_NONE)
		fprintf(out, " (%u of %d DNS terms, %u void)", spf->terms, MAX_SPF_TERMS,
			spf->voids);
	fputc('\n', out);
	if (spf->explanation[0] != '\0') {
		fprintf(out, "%21s they say: ", "");
		put(out, spf->explanation);
		fputc('\n', out);
	}
}

static void text_dkim(FILE *out, const struct dkim_facts *f)
{
	static const char *const aligned[] = {"not aligned", "aligned (relaxed)",
					      "aligned (strict)"};

	if (f->count == 0)
		fputs("dkim       none      no signature\n", out);
	for (size_t i = 0; i < f->count; i++) {
		const struct dkim_signature *s = &f->signature[i];

		head(out, i == 0 ? "dkim" : "", dkim_result_name(s->result));
		fputs("d=", out);
		put(out, s->domain);
		fputs(" s=", out);
		put(out, s->selector);
		fputs(" a=", out);
		put(out, s->algorithm);
		if (s->key_bits > 0)
			fprintf(out, ", %u bits", s->key_bits);
		fprintf(out, ", %s", aligned[s->aligned]);
		why(out, s->reason);
		fputc('\n', out);
	}
	if (f->untried > 0)
		fprintf(out, "%21s%zu more signature%s not tried\n", "", f->untried,
			plural(f->untried));
}

static void text_arc(FILE *out, const struct arc_facts *f)
{
	if (f->instances == 0 && f->result == ARC_NONE)
		return;
	head(out, "arc", arc_result_name(f->result));
	fprintf(out, "%u set%s", f->instances, plural(f->instances));
	if (f->sealer[0] != '\0') {
		fputs(", sealed by ", out);
		put(out, f->sealer);
		fputs(f->trusted ? " (trusted)" : " (not trusted)", out);
	}
	why(out, f->reason);
	fputc('\n', out);
}

static void text_dmarc(FILE *out, const struct facts *f)
{
	const struct dmarc_facts *d = &f->dmarc;

	finding(out, "from", from_status_name(f->from_status),
		f->author_count > 0 ? f->author[0] : "", "");
	for (size_t i = 1; i < f->author_count; i++) {
		fputs(", ", out);
		put(out, f->author[i]);
	}
	fputc('\n', out);
	finding(out, "dmarc", dmarc_result_name(d->result), d->author_domain, d->reason);
	fputc('\n', out);
	if (d->policy_domain[0] == '\0')
		return;
	fprintf(out, "%21srecord of ", "");
	put(out, d->policy_domain);
	fprintf(out, ": %s=%s%s, effective policy %s (%s)\n", dmarc_tag_name(d->tag),
		dmarc_policy_name(d->published), d->record.testing ? ", t=y" : "",
		dmarc_policy_name(d->effective),
		d->discovery == DISCOVERY_PSL ? "public suffix list" : "tree walk");
	fprintf(out, "%21sorganizational domain ", "");
	put(out, d->organizational_domain);
	fprintf(out, "; SPF %s, DKIM %s\n", d->spf_aligned ? "aligned" : "not aligned",
		d->dkim_aligned ? "aligned" : "not aligned");
}

static void text_quarantine(FILE *out, const struct config *c)
{
	switch (c->quarantine_by) {
	case CONFIG_QUARANTINE_HEADER: fprintf(out, "adds       %s\n", c->quarantine_header); break;
	case CONFIG_QUARANTINE_HOLD: fputs("held       in the queue of the MTA\n", out); break;
	case CONFIG_QUARANTINE_REDIRECT:
		fprintf(out, "goes to    %s, to nobody else\n", c->quarantine_address);
		break;
	}
}

static void text_decision(FILE *out, const struct explained *x)
{
	const struct decision *d = &x->verdict->decision;
	size_t removed = x->verdict->stamp.results.count;

	fprintf(out, "\nrule       \"%s\": %s", d->rule, action_name(d->wanted));
	if (d->action != d->wanted)
		fprintf(out, "; mode = monitor: %s", action_name(d->action));
	fputc('\n', out);
	if (d->undecided != NULL)
		fprintf(out, "           not rejected while a DNS failure hides the rule \"%s\"\n",
			d->undecided);
	if (d->reason[0] != '\0')
		fprintf(out, "reported   %s %s\n", d->reason, d->comment);
	if (action_refuses(d->action))
		fprintf(out, "reply      %s %s %s\n", d->code, d->xcode, d->text);
	else if (d->action == ACTION_QUARANTINE)
		text_quarantine(out, x->config);
	if (removed > 0)
		fprintf(out, "removes    %zu " AUTHRES_NAME " field%s with our name\n", removed,
			plural(removed));
}

static void text_records(FILE *out, const struct lookups_seen *s)
{
	char text[ADDR_TEXT_SIZE];
	struct addr a;

	for (size_t i = 0; s->answer != NULL && i < s->answer->count; i++) {
		const struct dns_record *r = &s->answer->records[i];

		fputs(i == 0 ? "  " : ", ", out);
		if (s->type == DNS_A || s->type == DNS_AAAA) {
			a = addr_from_bytes(r->data, r->len);
			fputs(addr_print(&a, text), out);
		} else if (s->type == DNS_TXT) {
			fputc('"', out);
			put_safe(out, r->data, r->len < 200 ? r->len : 200);
			fputs(r->len > 200 ? "...\"" : "\"", out);
		} else {
			put_safe(out, r->data, r->len);
		}
	}
}

static void text_question(void *arg, const struct lookups_seen *s)
{
	FILE *out = arg;

	fprintf(out, "%-5s ", dns_type_name(s->type));
	put(out, s->name);
	fprintf(out, "  %s, %lld ms",
		s->answer != NULL ? dns_status_name(s->answer->status) : "no answer",
		(long long)s->ms);
	if (!s->waited)
		fputs(", not needed", out);
	text_records(out, s);
	fputc('\n', out);
}

void explain_text(FILE *out, const struct explained *x)
{
	const struct facts *f = x->verdict->facts;

	text_client(out, x);
	if (x->verdict->checked) {
		text_iprev(out, f);
		text_spf(out, "spf", &f->spf);
		text_spf(out, "spf helo", &f->spf_helo);
		text_dkim(out, &f->dkim);
		text_arc(out, &f->arc);
		text_dmarc(out, f);
	} else {
		fputs("no check was made\n", out);
	}
	text_decision(out, x);
	if (x->verdict->stamp.field != NULL) {
		fputc('\n', out);
		explain_header(out, x);
	}
	fprintf(out, "\n%zu DNS question%s\n", lookups_count(x->lookups),
		plural(lookups_count(x->lookups)));
	lookups_each(x->lookups, text_question, out);
}

void explain_header(FILE *out, const struct explained *x)
{
	struct stamp st = {0};

	if (x->verdict->stamp.field != NULL)
		fprintf(out, AUTHRES_NAME ": %s\n", x->verdict->stamp.field);
	else if (x->verdict->checked &&
		 stamp_results(&st, x->config->authserv_id, x->verdict->facts))
		fprintf(out, AUTHRES_NAME ": %s\n", st.field); /* of a message that is refused */
	stamp_free(&st);
}

static void fact(FILE *out, const char *name, const char *value)
{
	fprintf(out, "Fact: %s=", name);
	put(out, value);
	fputc('\n', out);
}

void explain_facts(FILE *out, const struct explained *x)
{
	const struct facts *f = x->verdict->facts;
	const struct dmarc_facts *d = &f->dmarc;

	fact(out, "action", action_name(x->verdict->decision.action));
	fact(out, "rule", x->verdict->decision.rule);
	fact(out, "from_status", from_status_name(f->from_status));
	fact(out, "helo", helo_result_name(f->helo.result));
	fact(out, "iprev_reason", f->iprev.reason);
	fact(out, "spf_mechanism", f->spf.mechanism);
	fact(out, "spf_explanation", f->spf.explanation);
	fact(out, "org_domain", d->organizational_domain);
	fact(out, "spf_aligned", d->spf_aligned ? "true" : "false");
	fact(out, "dkim_aligned", d->dkim_aligned ? "true" : "false");
	if (d->policy_domain[0] == '\0')
		return;
	fact(out, "policy_domain", d->policy_domain);
	fact(out, "policy_tag", dmarc_tag_name(d->tag));
	fact(out, "policy", dmarc_policy_name(d->published));
	fact(out, "effective_policy", dmarc_policy_name(d->effective));
}
