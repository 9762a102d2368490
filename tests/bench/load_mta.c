/* load_mta.c - one message through a chain of milters. */
#include "load_mta.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/* What an event came to, beyond enum verdict. */
enum { GO_ON = -1, SKIP = -2 };

double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

void mta_init(struct mta *m, struct load *load)
{
	memset(m, 0, sizeof(*m));
	m->load = load;
	for (size_t i = 0; i < MAX_MILTERS; i++) {
		m->peer[i].wire.fd = -1;
		m->peer[i].wire.timeout_ms = load->timeout_ms;
		m->peer[i].wire.verbose = load->verbose;
	}
}

static void count(atomic_ulong *counter)
{
	atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

/* -- macros
 * ------------------------------------------------------------------------------------------- */

/* The macros that Postfix sends by default at each stage (postconf milter_*_macros). */
static const char *const default_macros[STAGES] = {
    [ST_CONNECT] = "j {daemon_name} {daemon_addr} v _",
    [ST_HELO] = "",
    [ST_MAIL] = "i {mail_addr} {mail_host} {mail_mailer}",
    [ST_RCPT] = "i {rcpt_addr} {rcpt_host} {rcpt_mailer}",
    [ST_DATA] = "i",
    [ST_EOM] = "i",
    [ST_EOH] = "i",
};

static const char *domain_of(const char *path)
{
	const char *at = strrchr(path, '@');

	return at != NULL ? at + 1 : "";
}

/* NULL: not known here, such as {auth_authen} without authentication. */
static const char *macro_value(struct mta *m, const char *name, enum stage stage)
{
	const struct message *msg = m->message;
	const struct {
		const char *name, *value;
	} known[] = {
	    {"j", m->load->hostname},
	    {"v", "milterload"},
	    {"{daemon_name}", m->load->hostname},
	    {"{daemon_addr}", "127.0.0.1"},
	    {"{daemon_port}", "25"},
	    {"{if_addr}", "127.0.0.1"},
	    {"{client_addr}", msg->ip},
	    {"{client_name}", msg->name},
	    {"{client_ptr}", msg->name},
	    {"{client_port}", "40000"},
	    {"{client_connections}", "1"},
	    {"{client_resolve}", strcmp(msg->name, "unknown") != 0 ? "OK" : "FAIL"},
	    {"{mail_addr}", msg->from},
	    {"{mail_host}", domain_of(msg->from)},
	    {"{mail_mailer}", "smtp"},
	    {"{rcpt_mailer}", "smtp"},
	    {"{rcpt_addr}", stage == ST_RCPT ? m->rcpt : NULL},
	    {"{rcpt_host}", stage == ST_RCPT ? domain_of(m->rcpt) : NULL},
	    {"i", stage >= ST_DATA || m->load->early_id ? m->queue_id : NULL},
	};

	if (strcmp(name, "_") == 0) {
		snprintf(m->macro, sizeof(m->macro), "%s [%s]", msg->name, msg->ip);
		return m->macro;
	}
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (strcmp(known[i].name, name) == 0)
			return known[i].value;
	return NULL;
}

static bool put_macros(struct mta *m, struct wire *w, enum stage stage, enum command command)
{
	char packet[4096], list[1024], *save = NULL;
	size_t n = 0;

	packet[n++] = (char)command;
	snprintf(list, sizeof(list), "%s",
		 w->macros[stage] != NULL ? w->macros[stage] : default_macros[stage]);
	for (char *name = strtok_r(list, " ,", &save); name != NULL;
	     name = strtok_r(NULL, " ,", &save)) {
		const char *value = macro_value(m, name, stage);

		if (value == NULL || n + strlen(name) + strlen(value) + 2 > sizeof(packet))
			continue;
		n += (size_t)sprintf(packet + n, "%s", name) + 1;
		n += (size_t)sprintf(packet + n, "%s", value) + 1;
	}
	return wire_put(w, C_MACRO, packet, n, NULL, 0);
}

/* -- changes of the message
 * ----------------------------------------------------------------------------- */

static char *text_copy(const char *text)
{
	return copy(text, strlen(text));
}

static void insert_field(struct mta *m, size_t at, const char *name, const char *value,
			 bool leading_space)
{
	struct field *f;

	if (m->fields + 1 > m->room)
		m->field = grow(m->field, (m->room = 2 * m->room + 32) * sizeof(*m->field));
	if (at > m->fields)
		at = m->fields;
	f = &m->field[at];
	memmove(f + 1, f, (m->fields - at) * sizeof(*f));
	f->own = true;
	f->name = text_copy(name);
	f->value = grow(NULL, strlen(value) + 2);
	sprintf(f->value, "%s%s", leading_space ? "" : " ", value);
	m->fields++;
	if (m->added_count < MAX_ADDED)
		m->added[m->added_count++] =
		    (struct field){text_copy(name), text_copy(value), true};
}

static void free_field(const struct field *f)
{
	if (f->own) {
		free(f->name);
		free(f->value);
	}
}

/* Replace the `index`th field of this name, from 1; remove it if the value is empty, add it if
 * there is none. */
static void change_field(struct mta *m, uint32_t index, const char *name, const char *value,
			 bool leading_space)
{
	uint32_t seen = 0;
	size_t at = SIZE_MAX;

	for (size_t i = 0; i < m->fields; i++) {
		if (strcasecmp(m->field[i].name, name) != 0 || ++seen != (index ? index : 1))
			continue;
		free_field(&m->field[i]);
		memmove(m->field + i, m->field + i + 1, (m->fields - i - 1) * sizeof(*m->field));
		m->fields--;
		at = i;
		break;
	}
	if (*value != '\0')
		insert_field(m, at, name, value, leading_space);
}

/* INSHEADER and CHGHEADER: a number, a name, a value. */
static bool indexed_change(struct mta *m, struct wire *w, int reply)
{
	const char *name = (const char *)w->in + 4, *value;
	bool leading_space = (w->steps & P_LEADSPC) != 0;
	uint32_t index;

	if (w->in_len < 6)
		return false;
	memcpy(&index, w->in, 4);
	index = ntohl(index);
	value = name + strlen(name) + 1;
	count(reply == R_INSHEADER ? &m->load->inserted : &m->load->changed);
	if (reply == R_INSHEADER)
		insert_field(m, index, name, value, leading_space);
	else
		change_field(m, index, name, value, leading_space);
	return true;
}

/* REPLBODY: the first piece replaces the body, the others are appended. */
static void replace_body(struct mta *m, const struct wire *w, bool first)
{
	count(&m->load->replaced);
	if (first) {
		if (m->own_body)
			free(m->body);
		m->body = NULL;
		m->body_len = 0;
		m->own_body = true;
	}
	m->body = grow(m->body, m->body_len + w->in_len);
	memcpy(m->body + m->body_len, w->in, w->in_len);
	m->body_len += w->in_len;
}

/* -- events
 * --------------------------------------------------------------------------------------------- */

/* Read replies until one that ends the event: that one, or 0 if the connection is broken. */
static int await(struct mta *m, struct wire *w, struct outcome *o)
{
	bool first_piece = true;

	if (!wire_flush(w))
		return 0;
	for (;;) {
		int reply = wire_get(w);
		const char *text = (const char *)w->in;

		count(&m->load->replies);
		switch (reply) {
		case -1: return 0;
		case R_PROGRESS: count(&m->load->progress); break;
		case R_ADDHEADER:
			count(&m->load->added);
			insert_field(m, SIZE_MAX, text, text + strlen(text) + 1,
				     w->steps & P_LEADSPC);
			break;
		case R_INSHEADER:
		case R_CHGHEADER:
			if (!indexed_change(m, w, reply))
				return 0;
			break;
		case R_REPLBODY:
			replace_body(m, w, first_piece);
			first_piece = false;
			break;
		case R_QUARANTINE: o->quarantine = 1; break;
		case R_ADDRCPT:
		case R_DELRCPT:
		case R_ADDRCPT_PAR:
		case R_CHGFROM: count(&m->load->other); break;
		case R_REPLYCODE: return text[0] == '4' ? R_TEMPFAIL : R_REJECT;
		case R_CONNFAIL:
		case R_SHUTDOWN: return R_TEMPFAIL;
		default: return reply;
		}
	}
}

/* The event is sent: wait for the reply, unless the milter said that it gives none. */
static int settle(struct mta *m, struct peer *p, struct outcome *o, uint32_t no_reply,
		  enum stage stage)
{
	if (p->wire.steps & no_reply)
		return GO_ON;
	switch (await(m, &p->wire, o)) {
	case R_CONTINUE: return GO_ON;
	case R_SKIP: return SKIP;
	case R_ACCEPT:
		p->done = true;
		p->done_all |= stage <= ST_HELO;
		return GO_ON;
	case R_REJECT: return V_REJECT;
	case R_TEMPFAIL: return V_TEMPFAIL;
	case R_DISCARD: return V_DISCARD;
	default: return V_ERROR;
	}
}

/* An event with its macros. These leave even where the milter switched the event `off`: so Postfix
 * does it. */
static int event(struct mta *m, struct peer *p, struct outcome *o, enum stage stage,
		 enum command command, const void *data, size_t n, uint32_t off, uint32_t no_reply)
{
	if (!put_macros(m, &p->wire, stage, command))
		return V_ERROR;
	if (p->wire.steps & off)
		return GO_ON;
	if (!wire_put(&p->wire, command, data, n, NULL, 0))
		return V_ERROR;
	return settle(m, p, o, no_reply, stage);
}

static int send_connect(struct mta *m, struct peer *p, struct outcome *o)
{
	const struct message *msg = m->message;
	bool six = strchr(msg->ip, ':') != NULL;
	uint16_t port = htons(40000);
	char data[600];
	size_t n;

	n = (size_t)snprintf(data, 256, "%s", msg->name) + 1;
	data[n++] = six ? '6' : '4';
	memcpy(data + n, &port, 2);
	n += 2;
	n += (size_t)snprintf(data + n, 256, "%s%s", six ? "IPv6:" : "", msg->ip) + 1;
	return event(m, p, o, ST_CONNECT, C_CONNECT, data, n, P_NOCONNECT, P_NR_CONN);
}

static int send_helo(struct mta *m, struct peer *p, struct outcome *o)
{
	const char *helo = m->message->helo;

	if (p->done_all)
		return GO_ON;
	return event(m, p, o, ST_HELO, C_HELO, helo, strlen(helo) + 1, P_NOHELO, P_NR_HELO);
}

static int send_path(struct mta *m, struct peer *p, struct outcome *o, enum stage stage,
		     const char *path)
{
	bool mail = stage == ST_MAIL;
	char data[600];
	int n = snprintf(data, sizeof(data), "<%s>", path) + 1;

	if (p->done)
		return GO_ON;
	return event(m, p, o, stage, mail ? C_MAIL : C_RCPT, data, (size_t)n,
		     mail ? P_NOMAIL : P_NORCPT, mail ? P_NR_MAIL : P_NR_RCPT);
}

static int send_data(struct mta *m, struct peer *p, struct outcome *o)
{
	if (p->done)
		return GO_ON;
	return event(m, p, o, ST_DATA, C_DATA, NULL, 0, P_NODATA, P_NR_DATA);
}

static int send_header(struct mta *m, struct peer *p, struct outcome *o)
{
	int v = GO_ON;

	if (p->wire.steps & P_NOHDRS)
		return GO_ON;
	for (size_t i = 0; i < m->fields && v == GO_ON && !p->done; i++) {
		const char *value = m->field[i].value;

		if (!(p->wire.steps & P_LEADSPC) && (*value == ' ' || *value == '\t'))
			value++;
		if (!put_macros(m, &p->wire, ST_EOH, C_HEADER) ||
		    !wire_put(&p->wire, C_HEADER, m->field[i].name, strlen(m->field[i].name) + 1,
			      value, strlen(value) + 1))
			return V_ERROR;
		v = settle(m, p, o, P_NR_HDR, ST_DATA);
	}
	return v == SKIP ? GO_ON : v;
}

static int send_body(struct mta *m, struct peer *p, struct outcome *o)
{
	int v = GO_ON;

	for (size_t at = 0; at < m->body_len && v == GO_ON && !p->done; at += m->load->chunk) {
		size_t left = m->body_len - at;

		v = event(m, p, o, ST_EOM, C_BODY, m->body + at,
			  left < m->load->chunk ? left : m->load->chunk, P_NOBODY, P_NR_BODY);
	}
	if (v == SKIP)
		count(&m->load->skips);
	return v == SKIP ? GO_ON : v;
}

/* The message itself, to one milter. */
static int send_message(struct mta *m, struct peer *p, struct outcome *o)
{
	double begin;
	int v;

	if (p->done || (v = send_header(m, p, o)) >= 0 || p->done)
		return p->done ? GO_ON : v;
	if ((v = event(m, p, o, ST_EOH, C_EOH, NULL, 0, P_NOEOH, P_NR_EOH)) >= 0)
		return v;
	if (p->done || (v = send_body(m, p, o)) >= 0 || p->done)
		return p->done ? GO_ON : v;
	if (!put_macros(m, &p->wire, ST_EOM, C_EOM) || !wire_put(&p->wire, C_EOM, NULL, 0, NULL, 0))
		return V_ERROR;
	begin = now();
	v = settle(m, p, o, 0, ST_EOM);
	o->eom += now() - begin;
	return v;
}

/* -- the chain
 * -------------------------------------------------------------------------------------------- */

typedef int step(struct mta *m, struct peer *p, struct outcome *o);

static int each(struct mta *m, struct outcome *o, step *s)
{
	int v = GO_ON;

	for (size_t i = 0; i < m->load->milters && v < 0; i++)
		v = s(m, &m->peer[i], o);
	return v;
}

static int begin_connection(struct mta *m, struct outcome *o)
{
	int v;

	for (size_t i = 0; i < m->load->milters; i++) {
		struct peer *p = &m->peer[i];

		if (p->wire.fd >= 0)
			continue;
		p->done = p->done_all = false;
		if (!wire_open(&p->wire, m->load->socket[i]))
			return V_ERROR;
		count(&m->load->connects);
	}
	if ((v = each(m, o, send_connect)) >= 0 || (v = each(m, o, send_helo)) >= 0)
		return v;
	m->connected = true;
	return GO_ON;
}

static int send_mail(struct mta *m, struct peer *p, struct outcome *o)
{
	p->done = p->done_all;
	return send_path(m, p, o, ST_MAIL, m->message->from);
}

static int send_rcpt(struct mta *m, struct peer *p, struct outcome *o)
{
	return send_path(m, p, o, ST_RCPT, m->rcpt);
}

/* The message goes on while any recipient is left. */
static int send_rcpts(struct mta *m, struct outcome *o)
{
	int last = V_REJECT;
	size_t left = 0;

	for (size_t i = 0; i < m->message->rcpts; i++) {
		int v;

		m->rcpt = m->message->rcpt[i];
		v = each(m, o, send_rcpt);
		if (v == V_ERROR)
			return v;
		if (v < 0)
			left++;
		else
			last = v;
	}
	return left > 0 ? GO_ON : last;
}

static enum verdict run_chain(struct mta *m, struct outcome *o)
{
	int v = m->connected ? GO_ON : begin_connection(m, o);

	if (v < 0)
		v = each(m, o, send_mail);
	if (v < 0)
		v = send_rcpts(m, o);
	if (v < 0)
		v = each(m, o, send_data);
	if (v < 0)
		v = each(m, o, send_message);
	return v < 0 ? V_ACCEPT : (enum verdict)v;
}

static void take_message(struct mta *m, const struct message *message, const char *queue_id)
{
	m->message = message;
	snprintf(m->queue_id, sizeof(m->queue_id), "%s", queue_id);
	if (m->room < message->fields)
		m->field = grow(m->field, (m->room = message->fields + 32) * sizeof(*m->field));
	if (message->fields > 0)
		memcpy(m->field, message->field, message->fields * sizeof(*m->field));
	m->fields = message->fields;
	m->body = message->body;
	m->body_len = message->body_len;
	m->own_body = false;
}

static void drop_message(struct mta *m)
{
	for (size_t i = 0; i < m->fields; i++)
		free_field(&m->field[i]);
	for (size_t i = 0; i < m->added_count; i++)
		free_field(&m->added[i]);
	m->added_count = 0;
	if (m->own_body)
		free(m->body);
}

void mta_send(struct mta *m, const struct message *message, const char *queue_id, struct outcome *o)
{
	take_message(m, message, queue_id);
	o->verdict = (unsigned char)run_chain(m, o);
	for (size_t i = 0; i < m->added_count; i++) {
		if (m->load->show)
			printf("%s\t%s: %s\n", message->file, m->added[i].name, m->added[i].value);
		outcome_field(o, m->added[i].name, m->added[i].value, m->load->authserv);
	}
	drop_message(m);
	if (o->verdict == V_ERROR) { /* who knows in what state they are: start afresh */
		for (size_t i = 0; i < m->load->milters; i++)
			wire_close(&m->peer[i].wire);
		m->connected = false;
	}
}

void mta_tell(struct mta *m, enum command command)
{
	for (size_t i = 0; i < m->load->milters; i++) {
		struct wire *w = &m->peer[i].wire;

		if (w->fd >= 0 && (!wire_put(w, command, NULL, 0, NULL, 0) || !wire_flush(w)))
			wire_close(w);
	}
}

void mta_hang_up(struct mta *m)
{
	mta_tell(m, C_QUIT);
	for (size_t i = 0; i < m->load->milters; i++)
		wire_close(&m->peer[i].wire);
	m->connected = false;
}
