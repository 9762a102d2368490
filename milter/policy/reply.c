/* reply.c - the SMTP reply of a rule that rejects or defers (RFC 7372, RFC 9989 7.2). */
#include "policy/reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/domain.h"

bool reply_code_parse(const char *text, char **code_r, char **xcode_r)
{
	unsigned part = 0, digits = 0;
	const char *x;

	if ((text[0] != '4' && text[0] != '5') || text[1] < '0' || text[1] > '5' ||
	    !ascii_is_digit(text[2]) || text[3] != ' ')
		return false;
	x = text + 4;
	if (x[0] != text[0] || x[1] != '.')
		return false;
	for (const char *p = x + 2; *p != '\0'; p++) {
		if (ascii_is_digit(*p)) {
			if (++digits > 3 || (digits == 2 && p[-1] == '0'))
				return false;
		} else if (*p != '.' || digits == 0 || ++part > 1) {
			return false;
		} else {
			digits = 0;
		}
	}
	if (part != 1 || digits == 0)
		return false;
	*code_r = strndup(text, 3);
	*xcode_r = strdup(x);
	if (*code_r == NULL || *xcode_r == NULL) {
		free(*code_r);
		free(*xcode_r);
		*code_r = *xcode_r = NULL;
	}
	return true;
}

static const char *author(const struct facts *f)
{
	if (f->dmarc.author_domain[0] != '\0')
		return f->dmarc.author_domain;
	return f->author_count > 0 ? f->author[0] : "";
}

enum word {
	WORD_FROM,
	WORD_CLIENT,
	WORD_CLIENT_NAME,
	WORD_HELO,
	WORD_MAIL_FROM,
	WORD_RULE,
	WORD_COUNT
};

static const char *const words[] = {"from", "client", "client_name", "helo", "mail_from", "rule"};

/* The word of "%{word}" at `p`, which begins with a percent sign; WORD_COUNT if it is none. */
static enum word word_at(const char *p)
{
	for (int i = 0; i < WORD_COUNT; i++) {
		size_t n = strlen(words[i]);

		if (p[1] == '{' && strncmp(p + 2, words[i], n) == 0 && p[2 + n] == '}')
			return (enum word)i;
	}
	return WORD_COUNT;
}

bool reply_text_check(const char *template, struct error *why)
{
	for (const char *p = template; (p = strchr(p, '%')) != NULL; p++) {
		if (p[1] == '%') {
			p++;
		} else if (word_at(p) == WORD_COUNT) {
			error_set(why,
				  "text has %.20s: must be %%{from}, %%{client}, %%{client_name}, "
				  "%%{helo}, "
				  "%%{mail_from}, %%{rule}, or %%%% for a percent sign",
				  p);
			return false;
		}
	}
	return true;
}

static const char *word_value(enum word w, const struct facts *f, const struct rule *rule,
			      char client[ADDR_TEXT_SIZE])
{
	switch (w) {
	case WORD_FROM: return author(f);
	case WORD_CLIENT: return addr_print(&f->client, client);
	case WORD_CLIENT_NAME: return f->iprev.result == IPREV_PASS ? f->iprev.name : "unknown";
	case WORD_HELO: return f->helo.name;
	case WORD_MAIL_FROM: return f->spf.domain;
	default: return rule->name;
	}
}

/* Append if it fits; anything but printable ASCII becomes a question mark (RFC 7208 8.4's care for
 * foreign text). */
static void append_byte(struct decision *d, size_t *len, char c)
{
	if (*len + 1 < sizeof(d->text))
		d->text[(*len)++] = ascii_shown(c);
	d->text[*len] = '\0';
}

static void append(struct decision *d, size_t *len, const char *text)
{
	for (; *text != '\0'; text++)
		append_byte(d, len, *text);
}

static void expand(const char *template, const struct facts *f, const struct rule *rule,
		   struct decision *d)
{
	char client[ADDR_TEXT_SIZE] = "";
	size_t len = 0;

	for (const char *p = template; *p != '\0'; p++) {
		enum word w = *p == '%' ? word_at(p) : WORD_COUNT;

		if (w != WORD_COUNT) {
			append(d, &len, word_value(w, f, rule, client));
			p += strlen(words[w]) + 2;
			continue;
		}
		if (p[0] == '%' && p[1] == '%')
			p++;
		append_byte(d, &len, *p);
	}
}

/* A reply by kind of rule; code for reject and for tempfail. */
struct standard {
	const char *reject_x, *reject_text;
	const char *tempfail_x, *tempfail_text;
};

static const struct standard internal = {
    "5.3.0", "Internal error of the mail filter", "4.3.0",
    "Internal error of the mail filter, please try again later"};
static const struct standard from_status[] = {
    [FROM_OK] = {"5.7.1", "From header field not accepted", "4.7.1",
		 "From header field not accepted now"},
    [FROM_MISSING] = {"5.7.1", "The message has no From header field", "4.7.1",
		      "The message has no From header field"},
    [FROM_REPEATED] = {"5.7.1", "The message has several From header fields", "4.7.1",
		       "The message has several From header fields"},
    [FROM_MULTIPLE] = {"5.7.1", "The From header field has several author domains", "4.7.1",
		       "The From header field has several author domains"},
    [FROM_MALFORMED] = {"5.7.1", "The From header field has no readable address", "4.7.1",
			"The From header field has no readable address"}};
static const struct standard dmarc = {
    "5.7.1", "Email rejected per DMARC policy for %{from}", "4.7.1",
    "DMARC policy for %{from} not available, please try again later"};
static const struct standard dmarc_local = {
    "5.7.1", "Email from %{from} not accepted for its DMARC result", "4.7.1",
    "Email from %{from} not accepted now for its DMARC result"};
static const struct standard several = {
    "5.7.26", "Multiple authentication checks failed", "4.7.26",
    "Multiple authentication checks failed, please try again later"};
static const struct standard iprev = {
    "5.7.25", "Reverse DNS validation failed for %{client}", "4.7.25",
    "Reverse DNS of %{client} not available, please try again later"};
static const struct standard spf_fail = {"5.7.23", "SPF validation failed", "4.7.24",
					 "SPF validation error, please try again later"};
static const struct standard spf_error = {"5.7.24", "SPF validation error", "4.7.24",
					  "SPF validation error, please try again later"};
static const struct standard dkim = {"5.7.20", "No passing DKIM signature found", "4.7.5",
				     "Unable to verify signature - key server unavailable"};
static const struct standard dkim_policy = {"5.7.21", "No acceptable DKIM signature found",
					    "4.7.21", "No acceptable DKIM signature found"};
static const struct standard arc = {"5.7.29", "ARC validation failure", "4.7.29",
				    "ARC validation failure"};
static const struct standard helo = {"5.7.1", "HELO name not accepted", "4.7.1",
				     "HELO name not accepted now"};
static const struct standard local = {"5.7.1", "Message not accepted by local policy", "4.7.1",
				      "Message not accepted now by local policy"};

/* Does the rule ask for anything but pass here? */
static bool asks_failure(const struct rule *rule, enum condition_id id, unsigned pass)
{
	const struct condition *c = rule_condition(rule, id);

	return c != NULL && !(c->mask & 1u << pass);
}

/* Does it ask for nothing but a temporary failure? */
static bool asks_temperror(const struct rule *rule, enum condition_id id, unsigned temperror)
{
	const struct condition *c = rule_condition(rule, id);

	return c != NULL && c->mask == 1u << temperror;
}

static const struct standard *dmarc_reply(const struct facts *f)
{
	if (f->dmarc.result == DMARC_TEMPERROR ||
	    (f->dmarc.result == DMARC_FAIL && f->dmarc.effective != POLICY_NONE))
		return &dmarc;
	return &dmarc_local;
}

static const struct standard *spf_reply(enum spf_result result)
{
	return result == SPF_PERMERROR ? &spf_error : &spf_fail;
}

/* RFC 7372 3.1: some signature is there that is only not good enough for us. */
static const struct standard *dkim_reply(const struct dkim_facts *f)
{
	for (size_t i = 0; i < f->count; i++)
		if (f->signature[i].result == DKIM_POLICY)
			return &dkim_policy;
	return &dkim;
}

/* The check whose missing answer a rule waits for; NULL if it is not one alone. */
static const struct standard *waiting_reply(const struct rule *rule)
{
	if (asks_temperror(rule, COND_IPREV, IPREV_TEMPERROR))
		return &iprev;
	if (asks_temperror(rule, COND_SPF, SPF_TEMPERROR) ||
	    asks_temperror(rule, COND_SPF_HELO, SPF_TEMPERROR))
		return &spf_error;
	return asks_temperror(rule, COND_DKIM, DKIM_TEMPERROR) ? &dkim : NULL;
}

/* Checks apart from the author's identity; 5.7.26 if several failed together (RFC 7372 3.4). */
static const struct standard *check_reply(const struct facts *f, const struct rule *rule)
{
	bool ip = asks_failure(rule, COND_IPREV, IPREV_PASS);
	bool from = asks_failure(rule, COND_SPF, SPF_PASS),
	     name = asks_failure(rule, COND_SPF_HELO, SPF_PASS);
	bool signature = asks_failure(rule, COND_DKIM, DKIM_PASS);

	if (ip + (from || name) + signature > 1)
		return &several;
	if (ip)
		return &iprev;
	if (from || name)
		return spf_reply(from ? f->spf.result : f->spf_helo.result);
	if (signature)
		return dkim_reply(&f->dkim);
	if (rule_condition(rule, COND_ARC) != NULL)
		return &arc;
	return rule_condition(rule, COND_HELO) != NULL ? &helo : &local;
}

static const struct standard *choose(const struct facts *f, const struct rule *rule, bool reject)
{
	const struct standard *waiting = reject ? NULL : waiting_reply(rule);

	if (rule_condition(rule, COND_INTERNAL_ERROR) != NULL)
		return &internal;
	if (rule_condition(rule, COND_FROM_STATUS) != NULL && f->from_status != FROM_OK)
		return &from_status[f->from_status];
	if (asks_failure(rule, COND_DMARC, DMARC_PASS))
		return dmarc_reply(f);
	return waiting != NULL ? waiting : check_reply(f, rule);
}

void reply_write(const struct facts *f, const struct rule *rule, struct decision *d)
{
	bool reject = d->wanted == ACTION_REJECT;
	const struct standard *s = choose(f, rule, reject);
	const char *text = reject ? s->reject_text : s->tempfail_text;
	bool own = reject || rule->action != ACTION_REJECT; /* its words are for what is done */

	snprintf(d->code, sizeof(d->code), "%s",
		 own && rule->code != NULL ? rule->code
		 : reject		   ? "550"
					   : "451");
	snprintf(d->xcode, sizeof(d->xcode), "%s",
		 own && rule->xcode != NULL ? rule->xcode
		 : reject		    ? s->reject_x
					    : s->tempfail_x);
	expand(own && rule->text != NULL ? rule->text : text, f, rule, d);
}
