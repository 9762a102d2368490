/* stamp.c - which Authentication-Results fields go and which one comes. */
#include "session/stamp.h"

#include <stdlib.h>
#include <string.h>

#include "mail/authres_write.h"
#include "mail/header.h"

#define FIELD_MAX_BYTES \
	32768 /* the longest field: MAX_DKIM_SIGNATURES results of five capped values each */

static void note(struct unwanted *u)
{
	unsigned *grown;

	if (u->count >= MAX_UNWANTED_FIELDS) {
		u->failed = true;
		return;
	}
	if ((u->count & (u->count - 1)) == 0) { /* room for the next power of two */
		grown = realloc(u->index, (u->count ? 2 * u->count : 1) * sizeof(*grown));
		if (grown == NULL) {
			u->failed = true;
			return;
		}
		u->index = grown;
	}
	u->index[u->count++] = u->received;
}

void stamp_received(struct stamp *st, const char *authserv_id, const char *mark, const char *name,
		    const char *value)
{
	if (header_name_is(name, AUTHRES_NAME)) {
		st->results.received++;
		if (st->results.received > MAX_UNWANTED_FIELDS ||
		    authres_claims(value, strlen(value), authserv_id) != AUTHRES_NOT_OURS)
			note(&st->results);
	} else if (mark[0] != '\0' && header_name_is(name, mark)) {
		st->marks.received++;
		note(&st->marks);
	}
}

bool stamp_complete(const struct stamp *st)
{
	return !st->results.failed && !st->marks.failed;
}

static void add_iprev(struct authres_writer *w, const struct facts *f)
{
	char text[ADDR_TEXT_SIZE];

	if (f->iprev.result == IPREV_NONE)
		return;
	authres_method(w, "iprev", iprev_result_name(f->iprev.result));
	authres_reason(w, f->iprev.result == IPREV_PASS ? "" : f->iprev.reason);
	authres_comment(w, f->iprev.result == IPREV_PASS ? f->iprev.name : "");
	authres_property(w, "policy", "iprev", addr_print(&f->client, text));
}

/* The local part is not authenticated and stays out (RFC 8601 2.7.2). */
static void add_spf(struct authres_writer *w, const struct spf_facts *spf, const char *property)
{
	authres_method(w, "spf", spf_result_name(spf->result));
	if (spf->result == SPF_TEMPERROR || spf->result == SPF_PERMERROR)
		authres_reason(w, spf->reason);
	authres_property(w, "smtp", property, spf->domain);
}

static void add_dkim(struct authres_writer *w, const struct dkim_facts *f)
{
	if (f->count == 0)
		authres_method(w, "dkim", "none");
	for (size_t i = 0; i < f->count; i++) {
		const struct dkim_signature *s = &f->signature[i];

		authres_method(w, "dkim", dkim_result_name(s->result));
		authres_reason(w, s->reason);
		authres_property(w, "header", "d", s->domain);
		authres_property(w, "header", "i", s->identity);
		authres_property(w, "header", "s", s->selector);
		authres_property(w, "header", "a", s->algorithm);
		authres_property(w, "header", "b", s->b);
	}
}

static void add_arc(struct authres_writer *w, const struct facts *f)
{
	char text[ADDR_TEXT_SIZE];

	if (f->arc.result == ARC_NONE && f->arc.instances == 0)
		return;
	authres_method(w, "arc", arc_result_name(f->arc.result));
	authres_reason(w, f->arc.reason);
	authres_comment(w, f->arc.sealer);
	if (f->client.family != ADDR_NONE)
		authres_property(w, "smtp", "remote-ip", addr_print(&f->client, text));
}

static void add_dmarc(struct authres_writer *w, const struct facts *f)
{
	authres_method(w, "dmarc", dmarc_result_name(f->dmarc.result));
	if (f->from_status != FROM_OK)
		authres_comment(w, from_status_name(f->from_status));
	if (f->dmarc.result == DMARC_TEMPERROR || f->dmarc.result == DMARC_PERMERROR)
		authres_reason(w, f->dmarc.reason);
	authres_property(w, "header", "from", f->dmarc.author_domain);
	if (f->dmarc.policy_domain[0] != '\0')
		authres_property(w, "policy", "dmarc", dmarc_policy_name(f->dmarc.effective));
}

bool stamp_results(struct stamp *st, const char *authserv_id, const struct facts *f)
{
	struct authres_writer w;
	struct strbuf text;

	strbuf_init(&text, FIELD_MAX_BYTES);
	authres_start(&w, &text, authserv_id);
	add_iprev(&w, f);
	if (!f->null_sender)
		add_spf(&w, &f->spf, "mailfrom");
	if (f->null_sender || f->spf_helo.domain[0] != '\0')
		add_spf(&w, &f->spf_helo, "helo");
	add_dkim(&w, &f->dkim);
	add_arc(&w, f);
	add_dmarc(&w, f);
	authres_finish(&w);
	free(st->field);
	st->field = strbuf_take(&text);
	return st->field != NULL;
}

void stamp_free(struct stamp *st)
{
	free(st->field);
	free(st->results.index);
	free(st->marks.index);
	*st = (struct stamp){0};
}
