/* spf.c - check_host() of RFC 7208: which result a domain's records give for a client. A recursion
 * costs a term and MAX_SPF_TERMS bounds those, so it bounds depth, look-ups and time as well. */
#include "check/spf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/ascii.h"
#include "check/address.h"
#include "check/spf_macro.h"
#include "check/spf_match.h"
#include "check/spf_record.h"

struct check {
	struct lookups *lookups;
	const struct spf_params *params;
	struct spf_facts *out;
	struct spf_macros macros;
	struct spf_matcher *matcher;   /* made when the first directive needs it */
	char client_name[DOMAIN_SIZE]; /* %{p} */
};

/* What one directive does to the evaluation. ERROR: the result is in the caller's result_r. */
enum outcome { MATCH, NO_MATCH, ERROR };

static enum spf_result check_host(struct check *c, const char *domain, bool ours);

/* Note why, the first time only: what comes after is a consequence. Returns `r`. */
static enum spf_result because(struct check *c, enum spf_result r, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static enum spf_result because(struct check *c, enum spf_result r, const char *format, ...)
{
	char *reason = c->out->reason;
	va_list ap;

	if (reason[0] != '\0')
		return r;
	va_start(ap, format);
	vsnprintf(reason, REASON_SIZE, format, ap);
	va_end(ap);
	for (; *reason != '\0'; reason++)
		*reason = ascii_shown(*reason);
	return r;
}

static void copy_slice(char *to, size_t size, struct spf_slice s)
{
	snprintf(to, size, "%.*s", (int)(s.len < size ? s.len : size), s.text);
}

/* -- the name of the client, for %{p} (RFC 7208 7.3) ------------------------------------------ */

/* 0: the domain itself, 1: a name below it, 2: any other. The lowest valid one is wanted. */
static int rank(const char *name, const char *domain)
{
	if (strcmp(name, domain) == 0)
		return 0;
	return domain_at_or_below(name, domain) ? 1 : 2;
}

static const char *client_name(void *arg)
{
	struct check *c = arg;
	const struct addr *client = &c->params->client;
	char reverse[ADDR_PTR_SIZE];
	const struct dns_answer *ptr =
	    lookups_wait(c->lookups, addr_ptr_name(client, reverse), DNS_PTR);

	for (int wanted = 0; wanted <= 2; wanted++) {
		for (size_t i = 0; i < ptr->count && i < MAX_PTR_NAMES; i++) {
			const char *name = ptr->records[i].data;

			if (strlen(name) >= DOMAIN_SIZE || rank(name, c->macros.domain) != wanted ||
			    !address_among(lookups_wait(c->lookups, name, address_type(client)),
					   client))
				continue;
			return strcpy(c->client_name, name);
		}
	}
	return "unknown";
}

/* -- records ---------------------------------------------------------------------------------- */

/* Fetch and parse the record of `domain`. False: the result is in result_r. */
static bool fetch(struct check *c, const char *domain, struct spf_record *record_r,
		  enum spf_result *result_r)
{
	const struct dns_answer *a = lookups_wait(c->lookups, domain, DNS_TXT);
	const struct dns_record *txt;
	struct spf_slice bad;
	size_t found;

	if (dns_failed(a)) {
		*result_r =
		    because(c, SPF_TEMPERROR, "TXT of %s: %s", domain, dns_status_name(a->status));
		return false;
	}
	found = spf_record_select(a, &txt);
	if (found == 0)
		*result_r = because(c, SPF_NONE, "%s has no SPF record", domain);
	else if (found > 1)
		*result_r = because(c, SPF_PERMERROR, "%s has more than one SPF record", domain);
	else if (txt->len > MAX_TXT_BYTES)
		*result_r = because(c, SPF_PERMERROR, "the SPF record of %s is too long", domain);
	else if (!spf_record_parse(txt->data, txt->len, record_r, &bad))
		*result_r =
		    because(c, SPF_PERMERROR, "syntax error at \"%.*s\" in the SPF record of %s",
			    (int)(bad.len < 60 ? bad.len : 60), bad.text, domain);
	else
		return true;
	return false;
}

static bool count_term(struct check *c, enum spf_result *result_r)
{
	if (c->out->terms < MAX_SPF_TERMS) {
		c->out->terms++;
		return true;
	}
	*result_r = because(c, SPF_PERMERROR, "more than %d terms that ask the DNS", MAX_SPF_TERMS);
	return false;
}

static enum spf_expansion expand(struct check *c, const char *domain, struct spf_slice spec,
				 char name_r[DOMAIN_SIZE])
{
	c->macros.domain = domain;
	if (spec.len > 0)
		return spf_macro_name(&c->macros, spec.text, spec.len, name_r);
	strcpy(name_r, domain);
	return SPF_EXPANDED;
}

/* check_host() for an include or redirect, where "none" is an error (5.2, 6.1). */
static enum spf_result check_other(struct check *c, const char *target, bool ours)
{
	char domain[DOMAIN_SIZE];
	enum spf_result r = SPF_NONE;

	if (spf_domain(target, domain))
		r = check_host(c, domain, ours);
	if (r == SPF_NONE)
		r = because(c, SPF_PERMERROR, "\"%s\" is no domain", target);
	return r;
}

/* -- directives ------------------------------------------------------------------------------- */

static enum outcome eval_include(struct check *c, const char *target, enum spf_result *result_r)
{
	*result_r = check_other(c, target, false);
	if (*result_r == SPF_TEMPERROR || *result_r == SPF_PERMERROR)
		return ERROR;
	return *result_r == SPF_PASS ? MATCH : NO_MATCH;
}

static enum outcome eval_match(struct check *c, const struct spf_directive *d, const char *target,
			       enum spf_result *result_r)
{
	char reason[REASON_SIZE];
	bool found_nothing;

	if (c->matcher == NULL &&
	    (c->matcher = spf_matcher_new(c->lookups, &c->params->client)) == NULL) {
		*result_r = because(c, SPF_TEMPERROR, "out of memory");
		return ERROR;
	}
	switch (spf_match(c->matcher, d, target, &found_nothing, reason)) {
	case SPF_MATCH: return MATCH;
	case SPF_NO_MATCH: break;
	case SPF_MATCH_TEMPERROR: *result_r = because(c, SPF_TEMPERROR, "%s", reason); return ERROR;
	case SPF_MATCH_PERMERROR: *result_r = because(c, SPF_PERMERROR, "%s", reason); return ERROR;
	}
	if (found_nothing && ++c->out->voids > c->params->void_limit) {
		*result_r = because(c, SPF_PERMERROR, "more than %u terms found nothing in the DNS",
				    c->params->void_limit);
		return ERROR;
	}
	return NO_MATCH;
}

static enum outcome eval_directive(struct check *c, const char *domain,
				   const struct spf_directive *d, enum spf_result *result_r)
{
	char target[DOMAIN_SIZE];

	if (d->mechanism == SPF_ALL)
		return MATCH;
	if (d->mechanism == SPF_IP4 || d->mechanism == SPF_IP6)
		return network_has(&d->network, &c->params->client) ? MATCH : NO_MATCH;
	if (!count_term(c, result_r))
		return ERROR;
	switch (expand(c, domain, d->spec, target)) {
	case SPF_NEVER_MATCHES: return NO_MATCH;
	case SPF_EXPANDED_BADLY:
		if (d->mechanism != SPF_INCLUDE)
			return NO_MATCH;
		break;
	case SPF_EXPANDED: break;
	}
	if (d->mechanism == SPF_INCLUDE)
		return eval_include(c, target, result_r);
	return eval_match(c, d, target, result_r);
}

static enum spf_result qualified(char qualifier)
{
	switch (qualifier) {
	case '-': return SPF_FAIL;
	case '~': return SPF_SOFTFAIL;
	case '?': return SPF_NEUTRAL;
	default: return SPF_PASS;
	}
}

/* The publisher's words for a fail (6.2). Whatever is wrong with them, there are none then. */
static void explain(struct check *c, const char *domain, struct spf_slice exp)
{
	const struct dns_answer *a;
	char name[DOMAIN_SIZE];

	if (expand(c, domain, exp, name) != SPF_EXPANDED)
		return;
	a = lookups_wait(c->lookups, name, DNS_TXT);
	if (a->status == DNS_OK && a->count == 1 && a->records[0].len <= MAX_TXT_BYTES &&
	    spf_macro_string(a->records[0].data, a->records[0].len, SPF_IN_EXPLANATION))
		spf_macro_explanation(&c->macros, a->records[0].data, a->records[0].len,
				      c->out->explanation, sizeof(c->out->explanation));
}

/* Left to right; false if no directive decided. `ours`: the result is the check's, not that of an
 * include. */
static bool eval_directives(struct check *c, const char *domain, const struct spf_record *record,
			    bool ours, enum spf_result *result_r)
{
	struct spf_directive d;
	size_t at = 0;

	while (spf_record_next(record, &at, &d)) {
		switch (eval_directive(c, domain, &d, result_r)) {
		case NO_MATCH: continue;
		case ERROR: return true;
		case MATCH: break;
		}
		*result_r = qualified(d.qualifier);
		if (ours) {
			copy_slice(c->out->mechanism, sizeof(c->out->mechanism), d.whole);
			strcpy(c->out->matched_in, domain);
			if (*result_r == SPF_FAIL && record->exp.text != NULL)
				explain(c, domain, record->exp);
		}
		return true;
	}
	return false;
}

/* `domain` comes from spf_domain(). */
static enum spf_result check_host(struct check *c, const char *domain, bool ours)
{
	struct spf_record record;
	char target[DOMAIN_SIZE];
	enum spf_result result;

	if (!fetch(c, domain, &record, &result) ||
	    eval_directives(c, domain, &record, ours, &result))
		return result;
	if (record.redirect.text == NULL || record.has_all)
		return SPF_NEUTRAL;
	if (!count_term(c, &result))
		return result;
	if (expand(c, domain, record.redirect, target) == SPF_NEVER_MATCHES)
		return SPF_NEUTRAL;
	return check_other(c, target, ours);
}

/* -- the check -------------------------------------------------------------------------------- */

static const char *or_else(const char *text, const char *other)
{
	return text != NULL && text[0] != '\0' ? text : other;
}

/* HELO in A-labels if it is in U-labels; else as given. */
static const char *helo_name(const char *helo, char name_r[DOMAIN_SIZE])
{
	for (const char *p = helo; *p != '\0'; p++)
		if (*p & 0x80)
			return domain_normal(helo, strlen(helo), name_r) ? name_r : helo;
	return helo;
}

void spf_check(struct lookups *l, const struct spf_params *p, struct spf_facts *out_r)
{
	struct check c = {.lookups = l, .params = p, .out = out_r};
	char helo[DOMAIN_SIZE];

	memset(out_r, 0, sizeof(*out_r));
	out_r->result = SPF_NONE;
	if (p->client.family == ADDR_NONE) {
		because(&c, SPF_NONE, "the client has no IP address");
		return;
	}
	if (p->domain == NULL || !spf_domain(p->domain, out_r->domain)) {
		because(&c, SPF_NONE, "\"%s\" is no domain", or_else(p->domain, ""));
		return;
	}
	c.macros = (struct spf_macros){
	    .local = or_else(p->local, "postmaster"),
	    .sender_domain = out_r->domain,
	    .domain = out_r->domain,
	    .helo = helo_name(or_else(p->helo, "unknown"), helo),
	    .receiver = or_else(p->receiver, "unknown"),
	    .client = &p->client,
	    .now = p->now,
	    .client_name = client_name,
	    .arg = &c,
	};
	out_r->result = check_host(&c, out_r->domain, true);
	spf_matcher_free(c.matcher);
}
