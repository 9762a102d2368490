/* report_sendmail.c - hand one mail to a sendmail command. One socket pair is the command's input
 * and output: the end of the mail is a half-closed socket, a command that dies early is no SIGPIPE.
 */
#include "report/report_sendmail.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/clock.h"

#define POLL_MS 100
#define CLOSED_MS 5
#define SAID_SIZE 200

struct command {
	pid_t pid;
	int fd;		/* our end; -1 when closed */
	const char *at; /* what is left of the mail */
	size_t left;
	int status;	      /* as waitpid() gave it */
	char said[SAID_SIZE]; /* the first line it printed */
	size_t said_len;
	bool said_all;
};

/* sendmail reads lines that end in LF; most would double the CR. */
static char *unix_lines(const char *message, size_t len, size_t *len_r)
{
	char *text = malloc(len + 1);
	size_t n = 0;

	for (size_t i = 0; text != NULL && i < len; i++)
		if (message[i] != '\r' || i + 1 == len || message[i + 1] != '\n')
			text[n++] = message[i];
	*len_r = n;
	return text;
}

/* The command gets no descriptor of ours but the socket, no blocked signal and no ignored one. */
static int spawn(pid_t *pid_r, int theirs, char *const argv[])
{
	char *const environment[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL};
	posix_spawn_file_actions_t files;
	posix_spawnattr_t how;
	sigset_t none, all;
	int code;

	sigemptyset(&none);
	sigfillset(&all);
	code = posix_spawn_file_actions_init(&files);
	if (code != 0)
		return code;
	code = posix_spawnattr_init(&how);
	if (code == 0) {
		posix_spawnattr_setsigmask(&how, &none);
		posix_spawnattr_setsigdefault(&how, &all);
		posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
		for (int fd = 0; fd <= 2 && code == 0; fd++)
			code = posix_spawn_file_actions_adddup2(&files, theirs, fd);
		code = code ? code : posix_spawn_file_actions_addclosefrom_np(&files, 3);
		code = code ? code : posix_spawn(pid_r, argv[0], &files, &how, argv, environment);
		posix_spawnattr_destroy(&how);
	}
	posix_spawn_file_actions_destroy(&files);
	return code;
}

static bool start(struct command *c, const char *program, const char *from, const char *to,
		  struct error *why)
{
	char *const argv[] = {(char *)program, "-i", "-f", (char *)from, "--", (char *)to, NULL};
	int pair[2], code;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
		error_set(why, "%m");
		return false;
	}
	code = spawn(&c->pid, pair[1], argv);
	close(pair[1]);
	if (code != 0) {
		close(pair[0]);
		error_set(why, "%s: %s", program, strerror(code));
		return false;
	}
	c->fd = pair[0];
	return true;
}

/* Keep the first line of what it prints, drop the rest. False: nothing more will come. */
static bool listen_to(struct command *c)
{
	char text[512];
	ssize_t n = recv(c->fd, text, sizeof(text), MSG_DONTWAIT);

	if (n <= 0)
		return n < 0 && (errno == EAGAIN || errno == EINTR);
	for (ssize_t i = 0; i < n && !c->said_all; i++) {
		c->said_all = text[i] == '\n' || c->said_len + 1 == SAID_SIZE;
		if (!c->said_all)
			c->said[c->said_len++] = ascii_shown(text[i]);
	}
	return true;
}

/* Give it more of the mail; half-close after the last byte, or when it does not want any. */
static void talk_to(struct command *c)
{
	ssize_t n = send(c->fd, c->at, c->left, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	c->at += n > 0 ? n : 0;
	c->left = n > 0 ? c->left - (size_t)n : 0;
	if (c->left == 0)
		shutdown(c->fd, SHUT_WR);
}

/* Serve the command until it ends or the time is over. */
static bool serve(struct command *c, int64_t deadline)
{
	while (clock_mono_ms() < deadline) {
		struct pollfd p = {.fd = c->fd,
				   .events = (short)(POLLIN | (c->left > 0 ? POLLOUT : 0))};

		if (waitpid(c->pid, &c->status, WNOHANG) == c->pid) {
			while (c->fd >= 0 && !c->said_all &&
			       recv(c->fd, &(char){0}, 1, MSG_PEEK | MSG_DONTWAIT) > 0)
				listen_to(c);
			return true;
		}
		/* A command that closed its end may take a moment more to end. */
		if (poll(&p, 1, c->fd >= 0 ? POLL_MS : CLOSED_MS) <= 0)
			continue;
		if ((p.revents & POLLOUT) != 0)
			talk_to(c);
		if ((p.revents & (POLLIN | POLLHUP | POLLERR)) != 0 && !listen_to(c)) {
			close(c->fd);
			c->fd = -1;
		}
	}
	return false;
}

/* Only what sysexits.h calls a fault of the mail itself is final. */
static enum report_mailed judge(const struct command *c, const char *program, struct error *why)
{
	int code = WIFEXITED(c->status) ? WEXITSTATUS(c->status) : -1;

	if (code == EX_OK)
		return REPORT_MAIL_TAKEN;
	if (c->said_len > 0)
		error_set(why, "%.*s", (int)c->said_len, c->said);
	else if (code >= 0)
		error_set(why, "%s: exit status %d", program, code);
	else
		error_set(why, "%s: ended by signal %d", program, WTERMSIG(c->status));
	return code == EX_DATAERR || code == EX_NOUSER || code == EX_NOHOST ? REPORT_MAIL_REFUSED
									    : REPORT_MAIL_LATER;
}

enum report_mailed report_sendmail(const char *program, int seconds, const char *from,
				   const char *to, const char *message, size_t len,
				   struct error *why)
{
	struct command c = {.fd = -1};
	enum report_mailed result = REPORT_MAIL_LATER;
	char *text = unix_lines(message, len, &c.left);

	c.at = text;
	if (text == NULL) {
		error_set(why, "out of memory");
	} else if (start(&c, program, from, to, why)) {
		if (serve(&c, clock_mono_ms() + 1000 * (int64_t)seconds)) {
			result = judge(&c, program, why);
		} else {
			kill(c.pid, SIGKILL);
			waitpid(c.pid, &c.status, 0);
			error_set(why, "%s: did not end in %d seconds", program, seconds);
		}
		if (c.fd >= 0)
			close(c.fd);
	}
	free(text);
	return result;
}
