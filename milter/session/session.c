/* session.c - one connection and the message on it. */
#include "session/session.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "session/account.h"
#include "session/verify.h"

/* Longest wait before the end of the message, where a rule asks for it: Sendmail gives up after ten
 * seconds, Postfix after thirty. */
#define EARLY_MS 8000

/* What belongs to one message; made at MAIL, gone at session_reset(). */
struct message {
	struct facts facts;
	struct verdict verdict;
	char *mail_from;
	char **recipients;
	size_t recipient_count;
	bool recipients_lost; /* not all could be remembered */
	bool skip;	      /* an early rule skipped the checks: verdict.decision says which */
};

struct session {
	struct app *app;
	struct snapshot *snapshot;
	struct evidence evidence;
	char *client_name; /* as the MTA says; NULL if unknown */
	char *helo;
	bool trusted; /* the client is in trusted_networks: its fields with our id stay */
	bool hinted;  /* the questions about the client are asked for the coming message */
	struct message *message; /* NULL between messages */
};

struct session *session_new(struct app *app)
{
	struct session *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->app = app;
	s->snapshot = app_snapshot(app);
	s->evidence.snapshot = s->snapshot;
	s->evidence.client_name = s->evidence.helo = "";
	s->evidence.lookups = lookups_new(app->resolver);
	s->evidence.headers = headers_new(s->snapshot->config->header_limit);
	if (s->evidence.lookups == NULL || s->evidence.headers == NULL) {
		session_free(s);
		return NULL;
	}
	return s;
}

static void message_free(struct message *m)
{
	if (m == NULL)
		return;
	stamp_free(&m->verdict.stamp);
	for (size_t i = 0; i < m->recipient_count; i++)
		free(m->recipients[i]);
	free(m->recipients);
	free(m->mail_from);
	free(m);
}

void session_free(struct session *s)
{
	if (s == NULL)
		return;
	verify_free(&s->evidence);
	message_free(s->message);
	headers_free(s->evidence.headers);
	lookups_free(s->evidence.lookups);
	snapshot_unref(s->snapshot);
	free(s->client_name);
	free(s->helo);
	free(s);
}

void session_reset(struct session *s)
{
	if (s->message == NULL)
		return;
	verify_free(&s->evidence);
	message_free(s->message);
	s->message = NULL;
	headers_reset(s->evidence.headers);
	lookups_reset(s->evidence.lookups);
	s->hinted = false;
}

const struct config *session_config(const struct session *s)
{
	return s->snapshot->config;
}

const char *session_mark(const struct session *s)
{
	return s->snapshot->mark;
}

struct lookups *session_lookups(struct session *s)
{
	return s->evidence.lookups;
}

static void set_early_deadline(struct session *s)
{
	int64_t ms = s->snapshot->config->message_deadline;

	lookups_deadline(s->evidence.lookups, clock_mono_ms() + (ms < EARLY_MS ? ms : EARLY_MS));
}

/* Ask rules that can decide before the message is there. True: they decided; a skip is no refusal.
 */
static bool decide_early(struct session *s, enum stage stage, struct facts *f, struct decision *d)
{
	const struct config *c = s->snapshot->config;
	unsigned need = policy_need(f, c->rules, stage);

	if (need != 0) {
		set_early_deadline(s);
		verify_early(&s->evidence, need, f);
	}
	return policy_decide_early(f, c->rules, stage, c->mode == CONFIG_ENFORCE, d);
}

static bool trusted_client(const struct session *s)
{
	const struct config *c = s->snapshot->config;

	for (size_t i = 0; i < c->trusted_networks.count; i++)
		if (network_has(&c->trusted_networks.item[i], &s->evidence.client))
			return true;
	return false;
}

/* A client without an address is local only if the MTA says so: Postfix behind a proxy may not know
 * (XCLIENT ADDR=[UNAVAILABLE]), and that client must not go unchecked. */
static void set_client(struct facts *f, const struct evidence *e)
{
	f->client = e->client;
	f->client_unknown =
	    e->client.family == ADDR_NONE && strcasecmp(e->client_name, "localhost") != 0;
}

bool session_connect(struct session *s, const struct addr *client, const char *name,
		     struct decision *early_r)
{
	struct facts *f;
	bool refused;

	s->evidence.client = *client;
	free(s->client_name);
	s->client_name = name != NULL ? strndup(name, DOMAIN_SIZE) : NULL;
	s->evidence.client_name = s->client_name != NULL ? s->client_name : "";
	s->trusted = trusted_client(s);
	verify_hint_client(&s->evidence);
	s->hinted = true;
	if (!policy_refuses_at(s->snapshot->config->rules, STAGE_CONNECT))
		return false;
	f = calloc(1, sizeof(*f));
	if (f == NULL)
		return false;
	set_client(f, &s->evidence);
	refused = decide_early(s, STAGE_CONNECT, f, early_r) && action_refuses(early_r->action);
	free(f);
	return refused;
}

void session_helo(struct session *s, const char *helo)
{
	char *copy = strndup(helo, MAX_HELO_BYTES);

	if (copy == NULL)
		return;
	free(s->helo);
	s->helo = copy;
	s->evidence.helo = copy;
	verify_hint_helo(&s->evidence);
}

/* A path without its angle brackets. */
static char *bare_path(const char *path)
{
	size_t n = strlen(path);

	if (n >= 2 && path[0] == '<' && path[n - 1] == '>')
		return strndup(path + 1, n - 2);
	return strdup(path);
}

bool session_mail(struct session *s, const char *path, bool authenticated, struct decision *early_r)
{
	struct evidence *e = &s->evidence;
	struct message *m;

	session_reset(s);
	m = calloc(1, sizeof(*m));
	s->message = m;
	if (m == NULL || (m->mail_from = bare_path(path)) == NULL)
		return false; /* session_end() sees it and says so */
	e->now = clock_now(&s->app->clock);
	mailbox_path(path, &e->sender);
	set_client(&m->facts, e);
	m->facts.authenticated = authenticated;
	m->facts.null_sender = e->sender.null;
	m->facts.mail_from = m->mail_from;
	if (!s->hinted) {
		verify_hint_client(e);
		verify_hint_helo(e);
	}
	if (decide_early(s, STAGE_MAIL, &m->facts, &m->verdict.decision)) {
		m->skip = true;
		*early_r = m->verdict.decision;
		return action_refuses(early_r->action);
	}
	verify_hint_sender(e);
	return false;
}

static bool add_recipient(struct message *m, const char *path)
{
	size_t n = m->recipient_count;
	char **grown;

	if (n >= MAX_RECIPIENTS)
		return false;
	if ((n & (n - 1)) == 0) { /* room for the next power of two */
		grown = realloc(m->recipients, (n > 0 ? 2 * n : 1) * sizeof(*grown));
		if (grown == NULL)
			return false;
		m->recipients = grown;
	}
	m->recipients[n] = bare_path(path);
	if (m->recipients[n] == NULL)
		return false;
	m->recipient_count++;
	return true;
}

void session_rcpt(struct session *s, const char *path)
{
	if (s->message != NULL && !add_recipient(s->message, path))
		s->message->recipients_lost = true;
}

/* A CR before a fold is a byte of the value, and to some readers the end of a line. For those to
 * whom CRLF is a fold it gets one more. NULL: out of memory. */
static char *keep_cr(const char *value)
{
	char *text = malloc(2 * strlen(value) + 1), *to = text;

	if (text == NULL)
		return NULL;
	for (; *value != '\0'; value++) {
		if (value[0] == '\r' && value[1] == '\n')
			*to++ = '\r';
		*to++ = *value;
	}
	*to = '\0';
	return text;
}

static void add_header(struct headers *h, const char *name, const char *value)
{
	char *copy = NULL;

	if (strstr(value, "\r\n") != NULL && (copy = keep_cr(value)) == NULL)
		headers_fail(h);
	else
		headers_add(h, name, copy != NULL ? copy : value);
	free(copy);
}

void session_header(struct session *s, const char *name, const char *value)
{
	if (s->message == NULL)
		return;
	if (!s->trusted)
		stamp_received(&s->message->verdict.stamp, s->snapshot->config->authserv_id,
			       s->snapshot->mark, name, value);
	if (!s->message->skip)
		add_header(s->evidence.headers, name, value);
}

bool session_end_header(struct session *s)
{
	if (s->message == NULL || s->message->skip)
		return false;
	verify_header(&s->evidence, &s->message->facts);
	return verify_wants_body(&s->evidence);
}

void session_body(struct session *s, const unsigned char *bytes, size_t n)
{
	verify_body(&s->evidence, bytes, n);
}

static void log_facts(struct logline *l, const struct facts *f)
{
	logline_text(l, "iprev", iprev_result_name(f->iprev.result));
	logline_text(l, "helo_check", helo_result_name(f->helo.result));
	logline_text(l, "spf", spf_result_name(f->spf.result));
	logline_text(l, "spf_domain", f->spf.domain);
	logline_text(l, "dkim", dkim_result_name(dkim_best(&f->dkim)));
	for (size_t i = 0; i < f->dkim.count; i++)
		if (f->dkim.signature[i].result == dkim_best(&f->dkim)) {
			logline_text(l, "dkim_domain", f->dkim.signature[i].domain);
			break;
		}
	if (f->from_status != FROM_OK)
		logline_text(l, "from_status", from_status_name(f->from_status));
	if (f->discoveries_differ)
		logline_text(l, "discovery", "differs");
	if (f->arc.instances > 0)
		logline_text(l, "arc", arc_result_name(f->arc.result));
	logline_text(l, "dmarc", dmarc_result_name(f->dmarc.result));
	if (f->dmarc.policy_domain[0] != '\0')
		logline_text(l, "policy", dmarc_policy_name(f->dmarc.effective));
	if (f->dmarc.result == DMARC_TEMPERROR || f->dmarc.result == DMARC_PERMERROR)
		logline_text(l, "why", f->dmarc.reason);
}

static void log_question(void *queue_id, const struct lookups_seen *q)
{
	struct logline l;

	logline_start(&l, queue_id);
	logline_text(&l, "dns", dns_type_name(q->type));
	logline_text(&l, "name", q->name);
	logline_text(&l, "answer", q->answer != NULL ? dns_status_name(q->answer->status) : "none");
	logline_text(&l, "used", q->waited ? "yes" : "no");
	logline_int(&l, "ms", q->ms);
	logline_send(&l, LOG_LEVEL_DEBUG);
}

/* The one line of a message: who, what was found, which rule, what was done. */
static void log_verdict(struct session *s, const char *queue_id)
{
	const struct message *m = s->message;
	const struct decision *d = &m->verdict.decision;
	char text[ADDR_TEXT_SIZE];
	struct logline l;

	if (!log_wanted(LOG_LEVEL_INFO))
		return;
	logline_start(&l, queue_id);
	logline_text(&l, "client", addr_print(&s->evidence.client, text));
	logline_text(&l, "helo", s->evidence.helo);
	logline_text(&l, "mail_from", m->mail_from);
	if (m->verdict.checked) {
		logline_text(&l, "from", m->facts.author_count > 0 ? m->facts.author[0] : "");
		log_facts(&l, &m->facts);
	}
	logline_text(&l, "rule", d->rule);
	logline_text(&l, "action", action_name(d->action));
	logline_text(&l, "undecided", d->undecided);
	if (d->wanted != d->action)
		logline_text(&l, "wanted", action_name(d->wanted));
	if (d->code[0] != '\0') {
		logline_text(&l, "reply", d->code);
		logline_text(&l, "status", d->xcode);
		logline_text(&l, "text", d->text);
	}
	logline_int(&l, "ms", m->verdict.waited_ms);
	logline_send(&l, LOG_LEVEL_INFO);
}

/* Mail to the address our reports come from: answers, bounces, other people's reports on them.
 * Counting it would make reports about reports. */
static bool to_report_address(const struct session *s)
{
	const struct message *m = s->message;
	const char *address = s->snapshot->config->report_from;

	for (size_t i = 0; i < m->recipient_count; i++)
		if (strcasecmp(m->recipients[i], address) != 0)
			return false;
	return m->recipient_count > 0 && address[0] != '\0';
}

/* Count the message. A store that fails delays and loses no mail: it is said and counted. */
static void store_message(struct session *s, const char *queue_id)
{
	struct account account;
	struct error why;

	if (s->app->store == NULL)
		return;
	account_message(&account, s->evidence.now, &s->message->facts,
			&s->message->verdict.decision);
	if (to_report_address(s))
		account.row.reportable = false;
	if (store_add(s->app->store, &account.row, &why))
		return;
	metrics_inc(&s->app->metrics, METRIC_STORE_FAILURES);
	log_say(LOG_LEVEL_ERROR, "%s: the message is not counted: %s", queue_id ? queue_id : "-",
		why.text);
}

static void count_action(struct metrics *m, enum action a)
{
	static const enum metric which[] = {
	    [ACTION_SKIP] = METRIC_ACCEPTED,   [ACTION_ACCEPT] = METRIC_ACCEPTED,
	    [ACTION_MARK] = METRIC_ACCEPTED,   [ACTION_QUARANTINE] = METRIC_QUARANTINED,
	    [ACTION_REJECT] = METRIC_REJECTED, [ACTION_TEMPFAIL] = METRIC_TEMPFAILED};

	metrics_inc(m, METRIC_MESSAGES);
	metrics_inc(m, which[a]);
}

/* Run the checks, decide. */
static void judge(struct session *s)
{
	const struct config *c = s->snapshot->config;
	struct message *m = s->message;

	m->facts.recipients = (const char *const *)m->recipients;
	m->facts.recipient_count = m->recipient_count;
	verify_run(&s->evidence, c->message_deadline, &m->facts);
	headers_reset(s->evidence.headers); /* no need to keep it while the row is written */
	m->facts.internal_error |= m->recipients_lost; /* rules and a redirection need them all */
	m->verdict.checked = true;
	if (m->facts.dmarc.internal_error)
		metrics_inc(&s->app->metrics, METRIC_INTERNAL_ERRORS);
	if (m->facts.discoveries_differ)
		metrics_inc(&s->app->metrics, METRIC_DISCOVERY_DIFFERENCES);
	policy_decide(&m->facts, c->rules, c->mode == CONFIG_ENFORCE, &m->verdict.decision);
}

/* Header changes of a message that goes on. */
static bool stamp_message(struct session *s)
{
	struct verdict *v = &s->message->verdict;

	if (action_refuses(v->decision.action))
		return true;
	if (!stamp_complete(&v->stamp))
		return false;
	return !v->checked || stamp_results(&v->stamp, s->snapshot->config->authserv_id, v->facts);
}

static const struct verdict no_memory = {
    .decision = {.wanted = ACTION_TEMPFAIL,
		 .action = ACTION_TEMPFAIL,
		 .rule = "out of memory",
		 .reason = "",
		 .comment = "",
		 .code = "451",
		 .xcode = "4.3.0",
		 .text = "Temporary failure, please try again later"}};

/* The message cannot get our field, or has more forged ones than can be removed: it must not go on.
 */
static void put_off(struct verdict *v)
{
	v->decision = no_memory.decision;
	v->decision.rule = stamp_complete(&v->stamp) ? "out of memory" : "too many forged fields";
}

const struct verdict *session_end(struct session *s, const char *queue_id)
{
	int64_t begin = clock_mono_ms();
	struct message *m = s->message;

	if (m == NULL || m->mail_from == NULL)
		return &no_memory;
	m->verdict.facts = &m->facts;
	if (!m->skip)
		judge(s);
	if (!stamp_message(s))
		put_off(&m->verdict);
	else if (m->verdict.checked)
		store_message(s, queue_id);
	m->verdict.waited_ms = clock_mono_ms() - begin;
	count_action(&s->app->metrics, m->verdict.decision.action);
	if (log_wanted(LOG_LEVEL_DEBUG))
		lookups_each(s->evidence.lookups, log_question, (void *)queue_id);
	log_verdict(s, queue_id);
	return &m->verdict;
}
