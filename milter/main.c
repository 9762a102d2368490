/* main.c - the daemon from start to end: options, configuration, privilege, context, socket,
 * signals, drain. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <malloc.h>
#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"
#include "config/config.h"
#include "config/config_print.h"
#include "config/config_restart.h"
#include "session/app.h"
#include "session/milter.h"
#include "session/preflight.h"
#include "session/probe.h"
#include "session/reporter.h"
#include "session/reporting.h"

#define MAX_OVERRIDES 100
/* When we are told to stop, less in all than the service's TimeoutStopSec: for messages being
 * judged, longer than the default message_deadline; for a report being sent; for rows being
 * written. */
#define DRAIN_MS 25000
#define REPORT_MS 20000
#define FLUSH_MS 5000

static const char usage[] =
    "Usage: alignd [-c FILE] [-o 'key = value']... [-f] [-n] [--now EPOCH]\n"
    "       alignd -V | -h\n"
    "\n"
    "A milter that checks PTR, SPF, DKIM and DMARC of incoming mail, applies the rules of its\n"
    "configuration, and counts what it saw for DMARC aggregate reports. See alignd(8).\n"
    "\n"
    "  -c FILE           read this configuration (default " CONFIG_DEFAULT_FILE ")\n"
    "  -o 'key = value'  set an option, over the file; may be repeated\n"
    "  -f                stay in the foreground and log to stderr\n"
    "  -n                check the configuration and what it names, and exit\n"
    "  --now EPOCH       act as if this were the time, for tests; only with -f\n"
    "  -V                print the version\n"
    "  -h                print this help\n";

struct options {
	const char *file;
	const char *overrides[MAX_OVERRIDES];
	size_t override_count;
	bool foreground, check_only;
	struct clock clock;
	char path[PATH_MAX]; /* `file`, when it was not absolute */
};

static _Noreturn void die(int code, const char *text)
{
	fprintf(stderr, "alignd: %s\n", text);
	exit(code);
}

static _Noreturn void wrong_usage(const char *text)
{
	fprintf(stderr, "alignd: %s\nTry 'alignd -h'.\n", text);
	exit(EX_USAGE);
}

static const char *argument(int argc, char **argv, int *i, const char *what)
{
	if (*i + 1 >= argc)
		wrong_usage(what);
	return argv[++*i];
}

static void read_options(int argc, char **argv, struct options *o)
{
	*o = (struct options){.file = NULL};
	for (int i = 1; i < argc; i++) {
		const char *a = argv[i];

		if (strcmp(a, "-c") == 0) {
			o->file = argument(argc, argv, &i, "-c needs a file name");
		} else if (strcmp(a, "-o") == 0) {
			if (o->override_count == MAX_OVERRIDES)
				wrong_usage("too many -o options");
			o->overrides[o->override_count++] = argument(
			    argc, argv, &i, "-o needs an option, such as -o 'mode = monitor'");
		} else if (strcmp(a, "-f") == 0) {
			o->foreground = true;
		} else if (strcmp(a, "-n") == 0) {
			o->check_only = true;
		} else if (strcmp(a, "--now") == 0) {
			if (!clock_set(&o->clock, argument(argc, argv, &i,
							   "--now needs the seconds since 1970")))
				wrong_usage("--now needs the seconds since 1970, a whole number");
		} else if (strcmp(a, "-V") == 0) {
			puts("alignd " ALIGND_VERSION);
			exit(EX_OK);
		} else if (strcmp(a, "-h") == 0 || strcmp(a, "--help") == 0) {
			fputs(usage, stdout);
			exit(EX_OK);
		} else {
			fprintf(stderr, "alignd: unknown argument \"%s\"\nTry 'alignd -h'.\n", a);
			exit(EX_USAGE);
		}
	}
	if (o->clock.fixed && !o->foreground)
		wrong_usage("--now is for tests and needs -f");
}

/* The file to be read; without -c, a missing default file means the defaults: NULL. */
static const char *file_of(const struct options *o)
{
	return o->file != NULL ? o->file : config_default_file();
}

/* Read the configuration. NULL: every error is told. */
static const struct config *load(const struct options *o, bool to_log)
{
	struct config_errors errors;
	const struct config *c;

	c = config_load(file_of(o), o->overrides, o->override_count, &errors);
	if (c == NULL && !to_log)
		config_errors_print(&errors, "alignd", stderr);
	for (size_t i = 0; c == NULL && to_log && i < errors.count; i++)
		log_say(LOG_LEVEL_ERROR, "%s", errors.item[i].text);
	return c;
}

/* Who to be once the socket is open. */
struct user {
	const char *name; /* NULL: stay who we are */
	uid_t uid;
	gid_t gid;
};

/* The group that `option` names, NULL if it is empty; ends the start if there is no such group. */
static const struct group *find_group(const char *option, const char *name)
{
	const struct group *gr = name[0] != '\0' ? getgrnam(name) : NULL;
	char text[128];

	if (gr != NULL || name[0] == '\0')
		return gr;
	snprintf(text, sizeof(text), "%s = %s: there is no such group", option, name);
	die(EX_NOUSER, text);
}

/* Looked up at the start, when a mistake can still be told. */
static struct user find_user(const struct config *c)
{
	const struct passwd *pw = c->user[0] != '\0' ? getpwnam(c->user) : NULL;
	struct user u = {.name = NULL, .uid = (uid_t)-1};
	const struct group *gr;
	char text[128];

	if (pw == NULL && c->user[0] != '\0') {
		snprintf(text, sizeof(text), "user = %s: there is no such user", c->user);
		die(EX_NOUSER, text);
	}
	find_group("socket_group", c->socket_group);
	gr = find_group("group", c->group);
	if (pw == NULL)
		return u;
	u.gid = gr != NULL ? gr->gr_gid : pw->pw_gid;
	if (pw->pw_uid == getuid() && u.gid == getgid())
		return u;
	u.name = c->user;
	u.uid = pw->pw_uid;
	return u;
}

static bool become(const struct user *u, struct error *why)
{
	if (u->name == NULL ||
	    (initgroups(u->name, u->gid) == 0 && setgid(u->gid) == 0 && setuid(u->uid) == 0))
		return true;
	error_set(why, "cannot become user \"%s\": %s", u->name, strerror(errno));
	return false;
}

/* Try, in a child, what the start needs; the exit code, with a sentence unless it is EX_OK. In a
 * child, because it has to be done as the user we shall be, while the socket is opened as who we
 * are. */
static int rehearse(const struct config *c, const struct user *u, bool look)
{
	struct error why, warning = {""};
	int status, code = EX_NOPERM;
	pid_t pid = fork();

	if (pid < 0)
		die(EX_OSERR, strerror(errno));
	if (pid > 0) {
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
		if (!WIFEXITED(status))
			die(EX_SOFTWARE, "the check before the start was killed");
		return WEXITSTATUS(status);
	}
	if (become(u, &why) &&
	    preflight(c, look ? PREFLIGHT_LOOK : PREFLIGHT_START, &code, &why, &warning))
		code = EX_OK;
	else
		fprintf(stderr, "alignd: %s\n", why.text);
	if (warning.text[0] != '\0')
		fprintf(stderr, "alignd: warning: %s\n", warning.text);
	_exit(code);
}

/* The end of alignd -n. */
static int tell_check(const struct options *o, int code)
{
	const char *file = file_of(o);

	if (code != EX_OK)
		return code;
	if (file != NULL)
		printf("alignd: %s is right\n", file);
	else
		puts("alignd: there is no " CONFIG_DEFAULT_FILE
		     ": the defaults are used, and they are right");
	return fflush(stdout) == 0 ? EX_OK : EX_IOERR;
}

/* Leave the terminal. The parent stays until the child says how the start went: its exit code is
 * ours. Returns the descriptor to say it on. */
static int daemonize(struct options *o)
{
	int fds[2], code = EX_SOFTWARE, null;
	pid_t pid;

	if (o->file != NULL && realpath(o->file, o->path) != NULL)
		o->file = o->path; /* a reload looks for it from "/" */
	if (pipe2(fds, O_CLOEXEC) != 0 || (pid = fork()) < 0)
		die(EX_OSERR, strerror(errno));
	if (pid > 0) {
		close(fds[1]);
		if (read(fds[0], &code, sizeof(code)) != (ssize_t)sizeof(code))
			code = EX_SOFTWARE;
		_exit(code);
	}
	close(fds[0]);
	setsid();
	umask(027);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
	}
	return fds[1];
}

/* Say how the start went: to the waiting parent, or by READY=1 to a service manager (sd_notify(3)).
 * With `hush` stderr is given up then. */
static void started(int fd, int code, bool hush)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	int null, s;

	if (fd >= 0) {
		if (write(fd, &code, sizeof(code)) < 0)
			code = EX_OSERR;
		close(fd);
		null = hush ? open("/dev/null", O_RDWR | O_CLOEXEC) : -1;
		if (null >= 0)
			dup2(null, STDERR_FILENO);
	}
	if (code != EX_OK || path == NULL || strlen(path) >= sizeof(un.sun_path))
		return;
	strcpy(un.sun_path, path);
	if (path[0] == '@')
		un.sun_path[0] = '\0';
	s = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (s < 0)
		return;
	if (sendto(s, "READY=1", 7, MSG_NOSIGNAL, (struct sockaddr *)&un,
		   (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path))) < 0)
		log_say(LOG_LEVEL_WARNING, "cannot tell the service manager: %s", strerror(errno));
	close(s);
}

/* Every open question to the DNS takes a socket, every connection another: use all that we may. */
static void raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/* glibc makes up to eight heaps for each processor, and each keeps what it once had: two are enough
 * for threads not to meet, and take a third less memory. */
static void limit_heaps(void)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);

	mallopt(M_ARENA_MAX, processors > 0 && processors < 1000 ? 2 * (int)processors : 2);
}

/* Blocked in all threads, they wait for run(). USR2 comes from serve(). */
static sigset_t our_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	return set;
}

/* `running` is the configuration of the start. */
static void reload(struct app *app, const struct options *o, const struct config *running)
{
	const struct config *c = load(o, true);
	enum log_level level;
	struct strbuf names;
	struct error why;

	if (c == NULL) {
		log_say(LOG_LEVEL_ERROR,
			"the configuration has errors: the old one stays in force");
		return;
	}
	strbuf_init(&names, 1024);
	level = c->log_level;
	if (config_needs_restart(running, c, &names))
		log_say(LOG_LEVEL_WARNING, "taken up by a restart only: %s", strbuf_text(&names));
	strbuf_free(&names);
	if (!reporting_check(c, &why)) {
		config_unref(c);
	} else if (app_reload(app, c, &why)) {
		log_say(LOG_LEVEL_NOTICE, "configuration read anew");
		log_set_level(level);
		return;
	}
	log_say(LOG_LEVEL_ERROR, "%s: the old configuration stays in force", why.text);
}

static void *serve(void *arg)
{
	milter_serve();
	kill(getpid(), SIGUSR2);
	return arg;
}

/* Serve from now on, and tell the log how things stand. Mail need not wait for the probe. */
static void begin(const struct app *app, const struct options *o, const struct config *c)
{
	pthread_t thread;
	struct error why;

	if (file_of(o) == NULL)
		log_say(LOG_LEVEL_NOTICE,
			"there is no " CONFIG_DEFAULT_FILE ": the defaults are used");
	log_say(LOG_LEVEL_NOTICE, "alignd %s serves on %s", ALIGND_VERSION, c->listen);
	if (pthread_create(&thread, NULL, serve, NULL) != 0 || pthread_detach(thread) != 0)
		die(EX_OSERR, "cannot start the server's thread");
	if (!probe_resolver(app->resolver, c, PROBE_MS, &why))
		log_say(LOG_LEVEL_WARNING, "%s", why.text);
}

/* Until told to stop. */
static int wait_for_the_end(struct app *app, const struct options *o, const struct config *running)
{
	const sigset_t set = our_signals();

	for (;;) {
		switch (sigwaitinfo(&set, NULL)) {
		case SIGHUP:
		case SIGUSR1: reload(app, o, running); break;
		case SIGTERM:
		case SIGINT: log_say(LOG_LEVEL_NOTICE, "stopping"); return EX_OK;
		case SIGUSR2: log_say(LOG_LEVEL_ERROR, "libmilter gave up"); return EX_SOFTWARE;
		}
	}
}

/* End what has been started, and the process. A thread that is still at work must not find its
 * ground gone: then nothing is cleared up. libmilter's threads go on in any case, so that no
 * library may clear up after us, as exit() would have it. */
static _Noreturn void finish(struct app *app, struct reporter *reporter, int code)
{
	bool idle = milter_stop(DRAIN_MS);

	if (reporter_stop(reporter, REPORT_MS) && idle) {
		app_close(app);
		log_say(LOG_LEVEL_NOTICE, "stopped");
	} else {
		app_flush(app, FLUSH_MS);
		log_say(LOG_LEVEL_NOTICE, "stopped, with work left undone");
	}
	_exit(code);
}

/* From the log to the end of the service. Returns an exit code, the reason told, if the start
 * fails. */
static int start(struct options *options, const struct config *config, const struct user *user)
{
	const bool to_syslog = !options->foreground && config->log_target == CONFIG_LOG_SYSLOG;
	const sigset_t signals = our_signals();
	struct reporter *reporter;
	int code, parent = -1;
	struct error why;
	struct app app;

	log_open(to_syslog, config->log_level);
	if (!options->foreground)
		parent = daemonize(options);
	signal(SIGPIPE, SIG_IGN);
	raise_file_limit();
	limit_heaps();
	pthread_sigmask(SIG_BLOCK, &signals, NULL); /* before any thread: they inherit it */
	if (!milter_bind(&app, config, user->uid, &code, &why))
		goto fail;
	if (!options->foreground && chdir("/") != 0) /* so as to keep no file system busy */
		log_say(LOG_LEVEL_WARNING, "cannot leave the directory: %s", strerror(errno));
	code = EX_NOPERM;
	if (!become(user, &why) ||
	    !app_open(&app, config_ref(config), &options->clock, true, &code, &why)) {
		milter_stop(0);
		goto fail;
	}
	/* From here on nothing from outside ends the process but TERM and INT. */
	reporter = reporter_start(&app);
	begin(&app, options, config);
	started(parent, EX_OK, to_syslog);
	code = wait_for_the_end(&app, options, config);
	config_unref(config);
	finish(&app, reporter, code);
fail:
	fprintf(stderr, "alignd: %s\n", why.text);
	started(parent, code, false);
	return code;
}

int main(int argc, char **argv)
{
	const struct config *config;
	struct options options;
	struct user user;
	int code;

	read_options(argc, argv, &options);
	config = load(&options, false);
	if (config == NULL)
		return EX_CONFIG;
	user = find_user(config);
	code = rehearse(config, &user, options.check_only);
	if (options.check_only)
		code = tell_check(&options, code);
	else if (code == EX_OK)
		code = start(&options, config, &user);
	config_unref(config);
	return code;
}
