/* milter.c - libmilter's callbacks: translate, hand on, answer. libmilter gives xxfi_connect no
 * user pointer, hence the one static below; it is set before the first connection and cleared after
 * the last.
 *
 * Callbacks run on libmilter's threads, and there is no good way to end these: smfi_stop() takes up
 * to five seconds, and the threads go on afterwards, with mutexes that are destroyed under them. So
 * libmilter runs until the process ends. Every callback passes a door, enter() and leave(): once it
 * is shut nobody gets in, and when those inside have left, what they work with may be freed. */
#include "session/milter.h"

#include <errno.h>
#include <libmilter/mfapi.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"
#include "mail/authres.h"
#include "session/listen.h"
#include "session/read_ahead.h"
#include "session/session.h"

/* The most one protocol packet may carry: above it libmilter drops the connection. Postfix sends
 * header fields of up to 102400 bytes; this is the largest size libmilter takes. */
#define MAX_PACKET 1048575
/* What we may do to a message. */
#define CHANGES (SMFIF_ADDHDRS | SMFIF_CHGHDRS | SMFIF_QUARANTINE | SMFIF_ADDRCPT | SMFIF_DELRCPT)
/* Between two log lines about connections over max_sessions. */
#define FULL_LOG_MS 60000
/* At the end, for callbacks other than the judging ones; a rule with a stage may wait in one. */
#define LEAVE_MS 2000
/* Between two looks at what is waited for at the end. */
#define PAUSE_US 10000

/* One connection. */
struct connection {
	LIST_ENTRY(connection) beside;
	struct session *session;
	int ahead;	     /* of read_ahead_start() */
	unsigned long quiet; /* SMFIP_NR_* steps that are not answered */
	bool may_change;     /* the MTA lets us do all that we may want to */
	bool leading_space;  /* header values keep, and need, the space after the colon */
};

static struct {
	struct app *app;
	char *address;
	struct stat socket;   /* our unix socket: another's in its place is not ours to remove */
	atomic_bool stopping; /* no message is judged any more */
	atomic_int judging;   /* messages at their end */
	atomic_bool shut;     /* the door */
	atomic_int inside;    /* callbacks at work */
	_Atomic int64_t full_logged_ms;
	pthread_mutex_t lock; /* the members below */
	LIST_HEAD(, connection) connections;
	long count;
} self = {.lock = PTHREAD_MUTEX_INITIALIZER, .full_logged_ms = INT64_MIN / 2};

/* libmilter has a thread that stops it on HUP, TERM and INT. The kernel may give it a signal that
 * arrives while another is on its way to the main thread, and a reload would be the end. This takes
 * the place of the C library's sigwait() for the whole program, where nobody else calls it: that
 * thread waits for ever, with these signals blocked, and main.c gets them all. */
int sigwait(const sigset_t *set, int *number)
{
	(void)set;
	(void)number;
	for (;;)
		pause();
}

/* -- connections and the door -- */

/* The connection, if the callback may work: leave() then. NULL: the program ends, or the MTA does
 * not keep to the protocol (libmilter takes MAIL without a negotiation). */
static struct connection *enter(SMFICTX *ctx)
{
	struct connection *c = NULL;

	atomic_fetch_add(&self.inside, 1);
	if (!atomic_load(&self.shut))
		c = smfi_getpriv(ctx);
	if (c == NULL)
		atomic_fetch_sub(&self.inside, 1);
	return c;
}

static sfsistat leave(sfsistat answer)
{
	atomic_fetch_sub(&self.inside, 1);
	return answer;
}

/* Go on; without a word where none was agreed. */
static sfsistat go_on(const struct connection *c, unsigned long step)
{
	return leave(c->quiet & step ? SMFIS_NOREPLY : SMFIS_CONTINUE);
}

static struct connection *connection_new(void)
{
	struct connection *c = calloc(1, sizeof(*c));

	if (c == NULL || (c->session = session_new(self.app)) == NULL) {
		free(c);
		return NULL;
	}
	pthread_mutex_lock(&self.lock);
	LIST_INSERT_HEAD(&self.connections, c, beside);
	self.count++;
	pthread_mutex_unlock(&self.lock);
	metrics_inc(&self.app->metrics, METRIC_CONNECTIONS);
	return c;
}

static void connection_free(struct connection *c)
{
	pthread_mutex_lock(&self.lock);
	LIST_REMOVE(c, beside);
	self.count--;
	pthread_mutex_unlock(&self.lock);
	session_free(c->session);
	free(c);
}

/* True if this connection is one too many. */
static bool full(const struct connection *c)
{
	long count;

	pthread_mutex_lock(&self.lock);
	count = self.count;
	pthread_mutex_unlock(&self.lock);
	return count > session_config(c->session)->max_sessions;
}

/* True if this connection is not to be served. */
static bool refused(const struct connection *c)
{
	int64_t now = clock_mono_ms(), last = atomic_load(&self.full_logged_ms);

	if (atomic_load(&self.stopping))
		return true;
	if (!full(c))
		return false;
	metrics_inc(&self.app->metrics, METRIC_CONNECTIONS_REFUSED);
	if (now - last >= FULL_LOG_MS &&
	    atomic_compare_exchange_strong(&self.full_logged_ms, &last, now))
		log_say(
		    LOG_LEVEL_WARNING,
		    "more than max_sessions = %ld connections: a temporary failure for the rest",
		    session_config(c->session)->max_sessions);
	return true;
}

/* -- the callbacks -- */

static sfsistat answer(SMFICTX *ctx, const struct decision *d)
{
	char text[512];
	size_t n = 0;

	if (action_refuses(d->action)) {
		for (const char *p = d->text; *p != '\0' && n < sizeof(text) - 2; p++) {
			if (*p == '%') /* the MTA reads it as a format */
				text[n++] = '%';
			text[n++] = *p;
		}
		text[n] = '\0';
		smfi_setreply(ctx, (char *)(uintptr_t)d->code, (char *)(uintptr_t)d->xcode, text);
		return d->action == ACTION_REJECT ? SMFIS_REJECT : SMFIS_TEMPFAIL;
	}
	return d->action == ACTION_SKIP ? SMFIS_ACCEPT : SMFIS_CONTINUE;
}

static sfsistat on_negotiate(SMFICTX *ctx, unsigned long actions, unsigned long steps,
			     unsigned long f2, unsigned long f3, unsigned long *actions_r,
			     unsigned long *steps_r, unsigned long *f2_r, unsigned long *f3_r)
{
	/* Not of steps without a callback: libmilter answers those, and logs each time that it
	 * should not. */
	unsigned long quiet =
	    SMFIP_NR_HELO | SMFIP_NR_RCPT | SMFIP_NR_HDR | SMFIP_NR_EOH | SMFIP_NR_BODY;
	struct connection *c = NULL;
	const struct rules *rules;

	(void)f2;
	(void)f3;
	atomic_fetch_add(&self.inside, 1);
	if (!atomic_load(&self.shut))
		c = connection_new();
	if (c == NULL)
		return leave(SMFIS_REJECT); /* the MTA's default action: alignd asks for tempfail */
	rules = session_config(c->session)->rules;
	if (!atomic_load(&self.stopping) && !full(c) && !policy_refuses_at(rules, STAGE_CONNECT))
		quiet |= SMFIP_NR_CONN;
	if (!policy_refuses_at(rules, STAGE_MAIL))
		quiet |= SMFIP_NR_MAIL;
	*actions_r = actions & CHANGES;
	*steps_r = steps & (SMFIP_NODATA | SMFIP_NOUNKNOWN | SMFIP_HDR_LEADSPC | quiet);
	*f2_r = *f3_r = 0;
	c->ahead = read_ahead_start();
	c->quiet = *steps_r & quiet;
	c->may_change = *actions_r == CHANGES;
	c->leading_space = (*steps_r & SMFIP_HDR_LEADSPC) != 0;
	if (actions & SMFIF_SETSYMLIST) {
		*actions_r |= SMFIF_SETSYMLIST;
		smfi_setsymlist(ctx, SMFIM_CONNECT, (char[]){"j"});
		/* The queue id: Sendmail tells it with MAIL and not at the end, Postfix has none
		 * before DATA. And j, which is always there: without any macro of this MAIL
		 * libmilter goes on with those of the last one, and its login. */
		smfi_setsymlist(ctx, SMFIM_ENVFROM, (char[]){"i j {auth_type} {auth_authen}"});
		smfi_setsymlist(ctx, SMFIM_EOM, (char[]){"i"});
	}
	smfi_setpriv(ctx, c);
	return leave(SMFIS_CONTINUE);
}

static sfsistat on_connect(SMFICTX *ctx, char *host, _SOCK_ADDR *sa)
{
	struct connection *c = enter(ctx);
	struct addr client = addr_from_sockaddr(sa);
	const char *name = sa != NULL && sa->sa_family == AF_UNIX ? "localhost" : host;
	struct decision early;

	if (c == NULL)
		return SMFIS_TEMPFAIL;
	if (!(c->quiet & SMFIP_NR_CONN) && refused(c))
		return leave(SMFIS_TEMPFAIL);
	if (session_connect(c->session, &client, name, &early))
		return leave(answer(ctx, &early));
	return go_on(c, SMFIP_NR_CONN);
}

static sfsistat on_helo(SMFICTX *ctx, char *name)
{
	struct connection *c = enter(ctx);

	if (c == NULL)
		return SMFIS_TEMPFAIL;
	session_helo(c->session, name);
	return go_on(c, SMFIP_NR_HELO);
}

static bool has_macro(SMFICTX *ctx, const char *name)
{
	const char *value = smfi_getsymval(ctx, (char *)(uintptr_t)name);

	return value != NULL && *value != '\0';
}

static sfsistat on_mail(SMFICTX *ctx, char **args)
{
	struct connection *c = enter(ctx);
	struct decision early;
	bool authenticated;

	if (c == NULL)
		return SMFIS_TEMPFAIL;
	authenticated = has_macro(ctx, "{auth_authen}") || has_macro(ctx, "{auth_type}");
	if (session_mail(c->session, args[0], authenticated, &early))
		return leave(answer(ctx, &early));
	return go_on(c, SMFIP_NR_MAIL);
}

static sfsistat on_rcpt(SMFICTX *ctx, char **args)
{
	struct connection *c = enter(ctx);

	if (c == NULL)
		return SMFIS_TEMPFAIL;
	session_rcpt(c->session, args[0]);
	return go_on(c, SMFIP_NR_RCPT);
}

static sfsistat on_header(SMFICTX *ctx, char *name, char *value)
{
	struct connection *c = enter(ctx);

	if (c == NULL)
		return SMFIS_TEMPFAIL;
	session_header(c->session, name, value);
	return go_on(c, SMFIP_NR_HDR);
}

static sfsistat on_end_header(SMFICTX *ctx)
{
	struct connection *c = enter(ctx);

	if (c == NULL)
		return SMFIS_TEMPFAIL;
	session_end_header(c->session);
	return go_on(c, SMFIP_NR_EOH);
}

static sfsistat on_body(SMFICTX *ctx, unsigned char *bytes, size_t n)
{
	struct connection *c = enter(ctx);

	if (c == NULL)
		return SMFIS_TEMPFAIL;
	session_body(c->session, bytes, n);
	return go_on(c, SMFIP_NR_BODY);
}

/* Insert our field at the top, above the MTA's own Received. */
static bool insert_field(SMFICTX *ctx, const struct connection *c, const char *name,
			 const char *value)
{
	char *text;
	bool ok;

	if (!c->leading_space)
		return smfi_insheader(ctx, 0, (char *)(uintptr_t)name, (char *)(uintptr_t)value) ==
		       MI_SUCCESS;
	if (asprintf(&text, " %s", value) < 0)
		return false;
	ok = smfi_insheader(ctx, 0, (char *)(uintptr_t)name, text) == MI_SUCCESS;
	free(text);
	return ok;
}

static bool remove_fields(SMFICTX *ctx, const char *name, const struct unwanted *u)
{
	for (size_t i = u->count; i > 0; i--)
		if (smfi_chgheader(ctx, (char *)(uintptr_t)name, (int)u->index[i - 1], NULL) !=
		    MI_SUCCESS)
			return false;
	return true;
}

static bool apply_stamp(SMFICTX *ctx, const struct connection *c, const struct stamp *st)
{
	return remove_fields(ctx, AUTHRES_NAME, &st->results) &&
	       remove_fields(ctx, session_mark(c->session), &st->marks) &&
	       (st->field == NULL || insert_field(ctx, c, AUTHRES_NAME, st->field));
}

static bool change_recipient(SMFICTX *ctx, int (*change)(SMFICTX *, char *), const char *mailbox)
{
	char *path;
	bool ok;

	if (asprintf(&path, "<%s>", mailbox) < 0)
		return false;
	ok = change(ctx, path) == MI_SUCCESS;
	free(path);
	return ok;
}

/* Send the message to the quarantine mailbox alone. */
static bool redirect(SMFICTX *ctx, const struct facts *f, const char *mailbox)
{
	for (size_t i = 0; i < f->recipient_count; i++)
		if (!change_recipient(ctx, smfi_delrcpt, f->recipients[i]))
			return false;
	return change_recipient(ctx, smfi_addrcpt, mailbox);
}

static bool apply_quarantine(SMFICTX *ctx, const struct connection *c, const struct verdict *v)
{
	const struct config *config = session_config(c->session);
	const char *value;
	char reason[128];

	switch (config->quarantine_by) {
	case CONFIG_QUARANTINE_HOLD:
		snprintf(reason, sizeof(reason), "alignd: rule %s", v->decision.rule);
		return smfi_quarantine(ctx, reason) == MI_SUCCESS;
	case CONFIG_QUARANTINE_REDIRECT: return redirect(ctx, v->facts, config->quarantine_address);
	default:
		value = strchr(config->quarantine_header, ':') + 1;
		return insert_field(ctx, c, session_mark(c->session), value + strspn(value, " "));
	}
}

/* What is refused needs no changes: a thousand of them would cost both sides time. */
static bool change_message(SMFICTX *ctx, const struct connection *c, const struct verdict *v)
{
	if (action_refuses(v->decision.action))
		return true;
	return apply_stamp(ctx, c, &v->stamp) &&
	       (v->decision.action != ACTION_QUARANTINE || apply_quarantine(ctx, c, v));
}

/* Judge the message and tell the MTA. */
static sfsistat judge(SMFICTX *ctx, const struct connection *c)
{
	const char *queue_id = smfi_getsymval(ctx, (char[]){"i"});
	const struct verdict *v = session_end(c->session, queue_id);
	sfsistat result;

	if (!change_message(ctx, c, v)) {
		log_say(c->may_change ? LOG_LEVEL_NOTICE : LOG_LEVEL_ERROR, "%s: %s: put off",
			queue_id != NULL ? queue_id : "-",
			c->may_change ? "the MTA has hung up"
				      : "the MTA does not let the message be changed so");
		return SMFIS_TEMPFAIL;
	}
	result = answer(ctx, &v->decision);
	return result == SMFIS_CONTINUE ? SMFIS_ACCEPT : result;
}

static sfsistat put_off(SMFICTX *ctx)
{
	smfi_setreply(ctx, (char[]){"451"}, (char[]){"4.3.2"},
		      (char[]){"The mail filter is stopping, please try again later"});
	return SMFIS_TEMPFAIL;
}

static sfsistat on_end(SMFICTX *ctx)
{
	struct connection *c = enter(ctx);
	sfsistat result;

	if (c == NULL)
		return SMFIS_TEMPFAIL;
	atomic_fetch_add(&self.judging, 1);
	result = atomic_load(&self.stopping) ? put_off(ctx) : judge(ctx, c);
	session_reset(c->session);
	atomic_fetch_sub(&self.judging, 1);
	return leave(result);
}

static sfsistat on_abort(SMFICTX *ctx)
{
	struct connection *c = enter(ctx);

	if (c == NULL)
		return SMFIS_CONTINUE;
	session_reset(c->session);
	return leave(SMFIS_CONTINUE);
}

static sfsistat on_close(SMFICTX *ctx)
{
	struct connection *c = enter(ctx);

	if (c == NULL)
		return SMFIS_CONTINUE;
	read_ahead_stop(c->ahead);
	connection_free(c);
	smfi_setpriv(ctx, NULL);
	return leave(SMFIS_CONTINUE);
}

static struct smfiDesc descriptor = {
    .xxfi_name = (char[]){"alignd"},
    .xxfi_version = SMFI_VERSION,
    .xxfi_flags = CHANGES | SMFIF_SETSYMLIST,
    .xxfi_connect = on_connect,
    .xxfi_helo = on_helo,
    .xxfi_envfrom = on_mail,
    .xxfi_envrcpt = on_rcpt,
    .xxfi_header = on_header,
    .xxfi_eoh = on_end_header,
    .xxfi_body = on_body,
    .xxfi_eom = on_end,
    .xxfi_abort = on_abort,
    .xxfi_close = on_close,
    .xxfi_negotiate = on_negotiate,
};

/* -- from the socket to the end -- */

/* Of a unix socket, before the first client comes. */
static bool dress_socket(const struct config *c, uid_t owner, struct error *why)
{
	const char *path = listen_path(self.address);
	char full[PATH_MAX], *address;

	if (path == NULL)
		return true;
	if (realpath(path, full) == NULL || stat(full, &self.socket) != 0 ||
	    asprintf(&address, "unix:%s", full) < 0) {
		error_set(why, "%s: %s", path, strerror(errno));
		return false;
	}
	free(self.address);
	self.address = address; /* good from every directory */
	return listen_dress(full, owner, c->socket_group, (mode_t)c->socket_mode, why);
}

bool milter_bind(struct app *app, const struct config *config, uid_t owner, int *exit_r,
		 struct error *why)
{
	const char *path;
	mode_t mask;
	int rc;

	self.app = app;
	self.address = strdup(config->listen);
	smfi_setmaxdatasize(MAX_PACKET);
	*exit_r = EX_OSERR;
	if (self.address == NULL || smfi_register(descriptor) != MI_SUCCESS ||
	    smfi_setconn(self.address) != MI_SUCCESS) {
		error_set(why, "libmilter does not take the address %s", config->listen);
		return false;
	}
	*exit_r = EX_UNAVAILABLE;
	path = listen_path(self.address);
	/* libmilter would take the socket away from its owner; of a port the kernel takes care. */
	if (path != NULL && listen_taken(path)) {
		error_set(why, "cannot listen on %s: another program already does", self.address);
		return false;
	}
	smfi_setbacklog(512);
	mask = umask(0117);
	errno = 0;
	rc = smfi_opensocket(true);
	umask(mask);
	if (rc != MI_SUCCESS) {
		error_set(why, "cannot listen on %s%s%s", self.address, errno ? ": " : "",
			  errno ? strerror(errno) : "");
		return false;
	}
	if (dress_socket(config, owner, why))
		return true;
	milter_stop(0);
	return false;
}

void milter_serve(void)
{
	smfi_main();
}

static bool wait_zero(atomic_int *number, int ms)
{
	int64_t end = clock_mono_ms() + ms;

	while (atomic_load(number) > 0 && clock_mono_ms() < end)
		usleep(PAUSE_US);
	return atomic_load(number) == 0;
}

/* The socket's name is still in the file system, or another alignd's. */
static void remove_socket(void)
{
	const char *path = self.address != NULL ? listen_path(self.address) : NULL;
	struct stat now;

	if (path != NULL && stat(path, &now) == 0 && now.st_ino == self.socket.st_ino &&
	    now.st_dev == self.socket.st_dev)
		unlink(path);
}

bool milter_stop(int ms)
{
	struct connection *c;

	atomic_store(&self.stopping, true);
	wait_zero(&self.judging, ms);
	atomic_store(&self.shut, true);
	remove_socket();
	if (!wait_zero(&self.inside, LEAVE_MS))
		return false;
	while ((c = LIST_FIRST(&self.connections)) != NULL)
		connection_free(c);
	free(self.address);
	self.address = NULL;
	return true;
}
