/* milter.c - libmilter's callbacks: translate, hand on, answer. libmilter gives xxfi_connect no
 * user pointer, hence the one static below; it is set before the first connection and cleared after
 * the last. */
#include "session/milter.h"

#include <errno.h>
#include <grp.h>
#include <libmilter/mfapi.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"
#include "session/session.h"

/* The most one protocol packet may carry: above it libmilter drops the connection. Postfix sends
 * header fields of up to 102400 bytes; this is the largest size libmilter takes. */
#define MAX_PACKET 1048575

static struct {
	struct app *app;
	atomic_int sessions; /* connections open */
	atomic_int judging;  /* messages at their end */
	atomic_bool stopping;
	atomic_bool served; /* libmilter has ended */
	char *unix_path;    /* to be removed at the end; NULL for inet */
	char *listen;
} self;

/* One connection. */
struct connection {
	struct session *session;
	unsigned long quiet; /* SMFIP_NR_* steps that are not answered */
	bool leading_space;  /* header values keep, and need, the space after the colon */
};

static struct connection *connection_of(SMFICTX *ctx)
{
	return smfi_getpriv(ctx);
}

/* Go on; without a word where none was agreed. */
static sfsistat go_on(const struct connection *c, unsigned long step)
{
	return c != NULL && (c->quiet & step) ? SMFIS_NOREPLY : SMFIS_CONTINUE;
}

static sfsistat answer(SMFICTX *ctx, const struct decision *d)
{
	char text[512];
	size_t n = 0;

	if (d->action == ACTION_REJECT || d->action == ACTION_TEMPFAIL) {
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

static bool full(void)
{
	return atomic_load(&self.stopping) ||
	       atomic_load(&self.sessions) > (int)self.app->current->config->max_sessions;
}

/* True if some rule may refuse at this stage: only then is a reply agreed there. */
static bool decides_at(const struct connection *c, enum stage stage)
{
	const struct rules *r = session_config(c->session)->rules;

	for (size_t i = 0; i < r->count; i++)
		if (r->rule[i]->stage == stage)
			return true;
	return false;
}

static sfsistat on_negotiate(SMFICTX *ctx, unsigned long actions, unsigned long steps,
			     unsigned long f2, unsigned long f3, unsigned long *actions_r,
			     unsigned long *steps_r, unsigned long *f2_r, unsigned long *f3_r)
{
	/* Not of steps without a callback: libmilter answers those, and logs each time that it
	 * should not. */
	unsigned long quiet =
	    SMFIP_NR_HELO | SMFIP_NR_RCPT | SMFIP_NR_HDR | SMFIP_NR_EOH | SMFIP_NR_BODY;
	struct connection *c = calloc(1, sizeof(*c));

	(void)f2;
	(void)f3;
	if (c == NULL || (c->session = session_new(self.app)) == NULL) {
		free(c);
		return SMFIS_REJECT; /* the MTA's default action: alignd asks for tempfail in its
					set-up */
	}
	atomic_fetch_add(&self.sessions, 1);
	metrics_inc(&self.app->metrics, METRIC_CONNECTIONS);
	if (!full() && !decides_at(c, STAGE_CONNECT))
		quiet |= SMFIP_NR_CONN;
	if (!decides_at(c, STAGE_MAIL))
		quiet |= SMFIP_NR_MAIL;
	*actions_r = actions & (SMFIF_ADDHDRS | SMFIF_CHGHDRS | SMFIF_QUARANTINE | SMFIF_ADDRCPT |
				SMFIF_DELRCPT);
	*steps_r = steps & (SMFIP_NODATA | SMFIP_NOUNKNOWN | SMFIP_HDR_LEADSPC | quiet);
	*f2_r = *f3_r = 0;
	c->quiet = *steps_r & quiet;
	c->leading_space = (*steps_r & SMFIP_HDR_LEADSPC) != 0;
	if (actions & SMFIF_SETSYMLIST) {
		*actions_r |= SMFIF_SETSYMLIST;
		smfi_setsymlist(ctx, SMFIM_CONNECT, (char[]){"j"});
		smfi_setsymlist(ctx, SMFIM_ENVFROM, (char[]){"{auth_type} {auth_authen}"});
		smfi_setsymlist(ctx, SMFIM_EOM, (char[]){"i"});
	}
	smfi_setpriv(ctx, c);
	return SMFIS_CONTINUE;
}

static sfsistat on_connect(SMFICTX *ctx, char *host, _SOCK_ADDR *sa)
{
	struct connection *c = connection_of(ctx);
	struct addr client = addr_from_sockaddr(sa);
	const char *name = sa != NULL && sa->sa_family == AF_UNIX ? "localhost" : host;
	struct decision early;

	if (c == NULL)
		return SMFIS_TEMPFAIL;
	if (!(c->quiet & SMFIP_NR_CONN) && full()) {
		metrics_inc(&self.app->metrics, METRIC_CONNECTIONS_REFUSED);
		return SMFIS_TEMPFAIL;
	}
	if (session_connect(c->session, &client, name, &early))
		return answer(ctx, &early);
	return go_on(c, SMFIP_NR_CONN);
}

static sfsistat on_helo(SMFICTX *ctx, char *name)
{
	struct connection *c = connection_of(ctx);

	session_helo(c->session, name);
	return go_on(c, SMFIP_NR_HELO);
}

static sfsistat on_mail(SMFICTX *ctx, char **args)
{
	struct connection *c = connection_of(ctx);
	const char *user = smfi_getsymval(ctx, (char[]){"{auth_authen}"});
	const char *type = smfi_getsymval(ctx, (char[]){"{auth_type}"});
	bool authenticated = (user != NULL && *user != '\0') || (type != NULL && *type != '\0');
	struct decision early;

	if (session_mail(c->session, args[0], authenticated, &early))
		return answer(ctx, &early);
	return go_on(c, SMFIP_NR_MAIL);
}

static sfsistat on_rcpt(SMFICTX *ctx, char **args)
{
	struct connection *c = connection_of(ctx);

	session_rcpt(c->session, args[0]);
	return go_on(c, SMFIP_NR_RCPT);
}

static sfsistat on_header(SMFICTX *ctx, char *name, char *value)
{
	struct connection *c = connection_of(ctx);

	session_header(c->session, name, value);
	return go_on(c, SMFIP_NR_HDR);
}

static sfsistat on_end_header(SMFICTX *ctx)
{
	struct connection *c = connection_of(ctx);

	session_end_header(c->session);
	return go_on(c, SMFIP_NR_EOH);
}

static sfsistat on_body(SMFICTX *ctx, unsigned char *bytes, size_t n)
{
	struct connection *c = connection_of(ctx);

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
	return remove_fields(ctx, "Authentication-Results", &st->results) &&
	       remove_fields(ctx, session_mark(c->session), &st->marks) &&
	       (st->field == NULL || insert_field(ctx, c, "Authentication-Results", st->field));
}

/* Send the message to the quarantine mailbox alone. */
static bool redirect(SMFICTX *ctx, const struct facts *f, const char *mailbox)
{
	char path[MAX_PATH_BYTES + 3];

	for (size_t i = 0; i < f->recipient_count; i++) {
		snprintf(path, sizeof(path), "<%s>", f->recipients[i]);
		if (smfi_delrcpt(ctx, path) != MI_SUCCESS)
			return false;
	}
	snprintf(path, sizeof(path), "<%s>", mailbox);
	return smfi_addrcpt(ctx, path) == MI_SUCCESS;
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

static sfsistat on_end(SMFICTX *ctx)
{
	struct connection *c = connection_of(ctx);
	const struct verdict *v;
	sfsistat result;

	atomic_fetch_add(&self.judging, 1);
	v = session_end(c->session, smfi_getsymval(ctx, (char[]){"i"}));
	if (!apply_stamp(ctx, c, &v->stamp) ||
	    (v->decision.action == ACTION_QUARANTINE && !apply_quarantine(ctx, c, v))) {
		log_say(LOG_LEVEL_ERROR,
			"the MTA did not take the changes of a message: it is put off");
		result = SMFIS_TEMPFAIL;
	} else {
		result = answer(ctx, &v->decision);
	}
	session_reset(c->session);
	atomic_fetch_sub(&self.judging, 1);
	return result == SMFIS_CONTINUE ? SMFIS_ACCEPT : result;
}

static sfsistat on_abort(SMFICTX *ctx)
{
	struct connection *c = connection_of(ctx);

	if (c != NULL)
		session_reset(c->session);
	return SMFIS_CONTINUE;
}

static sfsistat on_close(SMFICTX *ctx)
{
	struct connection *c = connection_of(ctx);

	if (c == NULL)
		return SMFIS_CONTINUE;
	session_free(c->session);
	free(c);
	smfi_setpriv(ctx, NULL);
	atomic_fetch_sub(&self.sessions, 1);
	return SMFIS_CONTINUE;
}

static struct smfiDesc descriptor = {
    .xxfi_name = (char[]){"alignd"},
    .xxfi_version = SMFI_VERSION,
    .xxfi_flags = SMFIF_ADDHDRS | SMFIF_CHGHDRS | SMFIF_QUARANTINE | SMFIF_ADDRCPT | SMFIF_DELRCPT |
		  SMFIF_SETSYMLIST,
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

/* Connect to our own listening address. `errno` tells why not. */
static int dial(void)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV},
			*ai = NULL;
	char host[256], port[16];
	int fd = -1;

	if (self.unix_path != NULL) {
		snprintf(un.sun_path, sizeof(un.sun_path), "%s", self.unix_path);
		fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fd >= 0 && connect(fd, (struct sockaddr *)&un, sizeof(un)) == 0)
			return fd;
	} else if (sscanf(self.listen, "%*[^:]:%15[^@]@%255s", port, host) == 2) {
		char *name = host[0] == '[' ? host + 1 : host;

		name[strcspn(name, "]")] = '\0';
		if (getaddrinfo(name, port, &hints, &ai) != 0)
			return -1;
		fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fd >= 0 && connect(fd, ai->ai_addr, ai->ai_addrlen) == 0) {
			freeaddrinfo(ai);
			return fd;
		}
		freeaddrinfo(ai);
	}
	if (fd >= 0)
		close(fd);
	return -1;
}

/* Nobody must be listening there yet: libmilter would take a unix socket away from whoever is. */
static bool address_free(struct error *why)
{
	int fd = dial();

	if (fd < 0)
		return true;
	close(fd);
	error_set(why, "cannot listen on %s: another program already does", self.listen);
	return false;
}

/* Find socket_group; -1: none is set. */
static bool find_group(const struct config *c, gid_t *gid_r, struct error *why)
{
	const struct group *g;

	*gid_r = (gid_t)-1;
	if (c->socket_group[0] == '\0')
		return true;
	g = getgrnam(c->socket_group);
	if (g == NULL) {
		error_set(why, "socket_group = %s: there is no such group", c->socket_group);
		return false;
	}
	*gid_r = g->gr_gid;
	return true;
}

/* Group and mode of the unix socket. */
static bool dress_socket(const struct config *c, gid_t gid, struct error *why)
{
	if (chown(self.unix_path, (uid_t)-1, gid) == 0 &&
	    chmod(self.unix_path, (mode_t)c->socket_mode) == 0)
		return true;
	error_set(why, "cannot set group and mode of %s: %s", self.unix_path, strerror(errno));
	unlink(self.unix_path);
	return false;
}

bool milter_bind(struct app *app, const struct config *config, int *exit_r, struct error *why)
{
	mode_t mask;
	gid_t gid;
	int rc;

	self.app = app;
	self.listen = strdup(config->listen);
	if (strncmp(config->listen, "unix:", 5) == 0)
		self.unix_path = strdup(config->listen + 5);
	*exit_r = EX_OSERR;
	if (self.listen == NULL ||
	    (self.unix_path == NULL && strncmp(config->listen, "unix:", 5) == 0)) {
		error_set(why, "out of memory");
		return false;
	}
	smfi_setmaxdatasize(MAX_PACKET);
	if (smfi_register(descriptor) != MI_SUCCESS || smfi_setconn(self.listen) != MI_SUCCESS) {
		error_set(why, "libmilter does not take the address %s", self.listen);
		return false;
	}
	*exit_r = EX_UNAVAILABLE;
	if (!find_group(config, &gid, why) || !address_free(why))
		return false;
	smfi_setbacklog(512);
	mask = umask(0117);
	errno = 0;
	rc = smfi_opensocket(true);
	umask(mask);
	if (rc != MI_SUCCESS) {
		error_set(why, "cannot listen on %s%s%s", self.listen, errno ? ": " : "",
			  errno ? strerror(errno) : "");
		return false;
	}
	return self.unix_path == NULL || dress_socket(config, gid, why);
}

bool milter_serve(void)
{
	bool ok = smfi_main() == MI_SUCCESS;

	atomic_store(&self.served, true);
	if (self.unix_path != NULL)
		unlink(self.unix_path);
	return ok;
}

/* libmilter's listener looks every five seconds only whether it shall end, and holds up smfi_stop()
 * meanwhile. A connection that comes and goes wakes it. */
static void *wake_listener(void *arg)
{
	(void)arg;
	while (!atomic_load(&self.served)) {
		int fd = dial();

		if (fd >= 0)
			close(fd);
		usleep(20000);
	}
	return NULL;
}

void milter_stop(int ms)
{
	int64_t end = clock_mono_ms() + ms;
	pthread_t thread;
	bool waking;

	atomic_store(&self.stopping, true);
	while (atomic_load(&self.judging) > 0 && clock_mono_ms() < end)
		usleep(10000);
	waking = pthread_create(&thread, NULL, wake_listener, NULL) == 0;
	smfi_stop();
	if (waking)
		pthread_join(thread, NULL);
}
