/* findings.c - a message as the checks found it. */
#include "findings.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/choice.h"

#define POLICIES "none|quarantine|reject"
#define SPF_RESULTS "none|neutral|pass|fail|softfail|temperror|permerror"

static void start(struct findings *m)
{
	memset(m, 0, sizeof(*m));
	m->f.dkim.signature = m->signatures;
	addr_parse("192.0.2.1", &m->f.client);
	m->f.mail_from = "someone@bounce.example";
	m->f.recipients = m->recipients;
	m->recipients[0] = "user@here.example";
	m->f.recipient_count = 1;
	m->f.author_count = 1;
	strcpy(m->f.author[0], "mail.example.com");
	m->f.iprev.result = IPREV_PASS;
	strcpy(m->f.iprev.name, "mx.relay.example");
	m->f.helo.result = HELO_MATCH;
	strcpy(m->f.helo.name, "mx.relay.example");
	m->f.spf.result = SPF_PASS;
	strcpy(m->f.spf.domain, "bounce.example");
	m->f.dmarc.result = DMARC_FAIL;
	strcpy(m->f.dmarc.author_domain, "mail.example.com");
	strcpy(m->f.dmarc.policy_domain, "example.com");
	m->f.dmarc.published = m->f.dmarc.effective = POLICY_REJECT;
}

/* Results of one word each; the choices stand in the order of the enums. */
static const struct {
	const char *key, *choices;
	size_t at;
} results[] = {
    {"iprev", "none|pass|fail|temperror|permerror", offsetof(struct facts, iprev.result)},
    {"helo", "none|match|mismatch|invalid|temperror", offsetof(struct facts, helo.result)},
    {"spf", SPF_RESULTS, offsetof(struct facts, spf.result)},
    {"spf_helo", SPF_RESULTS, offsetof(struct facts, spf_helo.result)},
    {"arc", "none|pass|fail", offsetof(struct facts, arc.result)},
    {"from", "ok|missing|repeated|multiple|malformed", offsetof(struct facts, from_status)},
    {"dmarc", "none|pass|fail|temperror|permerror", offsetof(struct facts, dmarc.result)},
    {"published", POLICIES, offsetof(struct facts, dmarc.published)},
    {"effective", POLICIES, offsetof(struct facts, dmarc.effective)},
};

static const struct {
	const char *word;
	size_t at;
} flags[] = {
    {"login", offsetof(struct facts, authenticated)},
    {"null_sender", offsetof(struct facts, null_sender)},
    {"list", offsetof(struct facts, list)},
    {"trusted", offsetof(struct facts, arc.trusted)},
    {"testing", offsetof(struct facts, dmarc.record.testing)},
    {"contradiction", offsetof(struct facts, dmarc.internal_error)},
    {"internal_error", offsetof(struct facts, internal_error)},
};

/* Abort rather than test something else than the row says. */
static unsigned find(const char *choices, const char *word)
{
	int i = choice_find(choices, word);

	if (i < 0)
		abort();
	return (unsigned)i;
}

static void set_client(struct findings *m, const char *value)
{
	if (addr_parse(value, &m->f.client))
		return;
	m->f.client_unknown = find("local|unknown", value) == 1;
	m->f.client = (struct addr){.family = ADDR_NONE};
	m->f.iprev.result = IPREV_NONE;
}

static void set_dkim(struct findings *m, char *value)
{
	static const char *const domains[] = {"bad.example", "sig.good.example"};

	for (const char *result; (result = strsep(&value, ",")) != NULL; m->f.dkim.count++) {
		struct dkim_signature *s = &m->signatures[m->f.dkim.count];

		s->result = find("none|pass|fail|policy|neutral|temperror|permerror", result);
		strcpy(s->domain, domains[m->f.dkim.count]);
	}
}

static void set_result(struct findings *m, const char *key, const char *value)
{
	for (size_t i = 0; i < ARRAY_SIZE(results); i++)
		if (strcmp(results[i].key, key) == 0) {
			unsigned place = find(results[i].choices, value);

			memcpy((char *)&m->f + results[i].at, &place, sizeof(place));
			return;
		}
	abort();
}

static void set_flag(struct findings *m, const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (strcmp(flags[i].word, word) == 0) {
			*((bool *)((char *)&m->f + flags[i].at)) = true;
			return;
		}
	abort();
}

static void forget_record(struct findings *m)
{
	m->f.dmarc.policy_domain[0] = '\0';
	m->f.dmarc.published = m->f.dmarc.effective = POLICY_NONE;
}

static void set(struct findings *m, char *word)
{
	char *value = strchr(word, '=');

	if (value != NULL)
		*value++ = '\0';
	if (strcmp(word, "no_record") == 0) {
		forget_record(m);
	} else if (value == NULL) {
		set_flag(m, word);
	} else if (strcmp(word, "client") == 0) {
		set_client(m, value);
	} else if (strcmp(word, "dkim") == 0) {
		set_dkim(m, value);
	} else if (strcmp(word, "policy") == 0) {
		set_result(m, "published", value);
		set_result(m, "effective", value);
	} else {
		set_result(m, word, value);
	}
}

/* What goes with that. */
static void settle(struct findings *m)
{
	struct facts *f = &m->f;

	if (f->null_sender)
		f->mail_from = "";
	if (f->from_status == FROM_MISSING) {
		f->author_count = 0;
		f->dmarc.author_domain[0] = '\0';
	}
	if (f->dmarc.result == DMARC_NONE)
		forget_record(m);
}

void findings_make(struct findings *m, const char *words)
{
	char text[120], *rest = text;

	start(m);
	if (snprintf(text, sizeof(text), "%s", words) >= (int)sizeof(text))
		abort();
	for (char *word; (word = strsep(&rest, " ")) != NULL;)
		if (word[0] != '\0')
			set(m, word);
	settle(m);
}
