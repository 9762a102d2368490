/* smtp_sink.c - an SMTP server on loopback that takes what a test lets it take. One connection at a
 * time. */
#include "base/array.h"
#include "smtp_sink.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINE 2048
#define LAST (1 << 20)

struct smtp_sink {
	int listener;
	int connection; /* -1: none */
	char url[64];
	pthread_t thread;
	pthread_mutex_t lock;
	bool stop;
	char command[16], part[64], reply[200];
	char from[400], to[400], recipients[4096];
	char last[LAST];
	size_t last_len, count;
};

static const char *usual(const char *command)
{
	static const struct {
		const char *command, *reply;
	} rows[] = {
	    {"CONNECT", "220 sink.example"},
	    {"EHLO", "250 sink.example"},
	    {"STARTTLS", "220 go on"},
	    {"DATA", "354 go on"},
	    {"QUIT", "221 bye"},
	    {".", "250 taken"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (strcasecmp(rows[i].command, command) == 0)
			return rows[i].reply;
	return "250 well";
}

/* What to answer; `usual_r`: it is not the rule that speaks. */
static void choose(struct smtp_sink *s, const char *command, char reply_r[200], bool *usual_r)
{
	pthread_mutex_lock(&s->lock);
	*usual_r = strcasecmp(s->command, command) != 0 || strstr(s->to, s->part) == NULL;
	snprintf(reply_r, 200, "%s", *usual_r ? usual(command) : s->reply);
	pthread_mutex_unlock(&s->lock);
}

/* False: the client is gone, or the rule says not to answer. */
static bool say(FILE *io, const char *reply)
{
	if (strcmp(reply, "hang") != 0)
		return fprintf(io, "%s\r\n", reply) > 0 && fflush(io) == 0;
	while (fgetc(io) != EOF)
		;
	return false;
}

static bool answer(struct smtp_sink *s, FILE *io, const char *command, bool *usual_r)
{
	char reply[200];

	choose(s, command, reply, usual_r);
	return say(io, reply);
}

static void take_path(const char *line, char path_r[400])
{
	const char *start = strchr(line, '<'), *end = start != NULL ? strchr(start, '>') : NULL;

	snprintf(path_r, 400, "%.*s", end != NULL ? (int)(end - start - 1) : 0,
		 end != NULL ? start + 1 : "");
}

static void note_recipient(struct smtp_sink *s)
{
	size_t n = strlen(s->recipients);

	snprintf(s->recipients + n, sizeof(s->recipients) - n, "%s ", s->to);
}

/* The end of a mail: counted before the client hears of it. */
static bool end_mail(struct smtp_sink *s, FILE *io)
{
	char reply[200];
	bool taken;

	choose(s, ".", reply, &taken);
	pthread_mutex_lock(&s->lock);
	if (taken) {
		s->count++;
		note_recipient(s);
	}
	pthread_mutex_unlock(&s->lock);
	return say(io, reply);
}

static bool take_mail(struct smtp_sink *s, FILE *io)
{
	char line[LINE], *text;

	pthread_mutex_lock(&s->lock);
	s->last_len = (size_t)snprintf(s->last, LAST, "%s %s\n", s->from, s->to);
	pthread_mutex_unlock(&s->lock);
	while (fgets(line, sizeof(line), io) != NULL) {
		if (strcmp(line, ".\r\n") == 0)
			return end_mail(s, io);
		text = line[0] == '.' ? line + 1 : line;
		pthread_mutex_lock(&s->lock);
		if (s->last_len + strlen(text) < LAST)
			s->last_len += (size_t)sprintf(s->last + s->last_len, "%s", text);
		pthread_mutex_unlock(&s->lock);
	}
	return false;
}

static void talk(struct smtp_sink *s, FILE *io)
{
	char line[LINE], command[16];
	bool well;

	s->from[0] = s->to[0] = '\0';
	if (!answer(s, io, "CONNECT", &well))
		return;
	while (fgets(line, sizeof(line), io) != NULL) {
		line[strcspn(line, "\r\n")] = '\0';
		snprintf(command, sizeof(command), "%.*s", (int)strcspn(line, " "), line);
		if (strcasecmp(command, "MAIL") == 0)
			take_path(line, s->from);
		if (strcasecmp(command, "RCPT") == 0)
			take_path(line, s->to);
		if (!answer(s, io, command, &well) || strcasecmp(command, "QUIT") == 0 ||
		    strcasecmp(command, "STARTTLS") == 0) /* it cannot go on in TLS */
			return;
		if (strcasecmp(command, "DATA") == 0 && well && !take_mail(s, io))
			return;
	}
}

static void *serve(void *arg)
{
	struct smtp_sink *s = arg;
	int fd;

	while ((fd = accept(s->listener, NULL, NULL)) >= 0) {
		FILE *io = fdopen(fd, "r+");

		pthread_mutex_lock(&s->lock);
		s->connection = s->stop ? -1 : fd;
		if (s->stop)
			shutdown(fd, SHUT_RDWR);
		pthread_mutex_unlock(&s->lock);
		if (io == NULL)
			abort();
		talk(s, io);
		pthread_mutex_lock(&s->lock);
		s->connection = -1;
		pthread_mutex_unlock(&s->lock);
		fclose(io);
	}
	return NULL;
}

struct smtp_sink *smtp_sink_new(void)
{
	struct smtp_sink *s = calloc(1, sizeof(*s));
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);

	if (s == NULL)
		abort();
	s->connection = -1;
	pthread_mutex_init(&s->lock, NULL);
	s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(s->listener, (struct sockaddr *)&at, len) != 0 || listen(s->listener, 8) != 0 ||
	    getsockname(s->listener, (struct sockaddr *)&at, &len) != 0)
		abort();
	snprintf(s->url, sizeof(s->url), "smtp://127.0.0.1:%d", ntohs(at.sin_port));
	if (pthread_create(&s->thread, NULL, serve, s) != 0)
		abort();
	return s;
}

void smtp_sink_free(struct smtp_sink *s)
{
	pthread_mutex_lock(&s->lock);
	s->stop = true;
	if (s->connection >= 0)
		shutdown(s->connection, SHUT_RDWR);
	pthread_mutex_unlock(&s->lock);
	shutdown(s->listener, SHUT_RDWR);
	pthread_join(s->thread, NULL);
	close(s->listener);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

const char *smtp_sink_url(struct smtp_sink *s)
{
	return s->url;
}

void smtp_sink_answer(struct smtp_sink *s, const char *command, const char *part, const char *reply)
{
	pthread_mutex_lock(&s->lock);
	snprintf(s->command, sizeof(s->command), "%s", reply != NULL ? command : "");
	snprintf(s->part, sizeof(s->part), "%s", part);
	snprintf(s->reply, sizeof(s->reply), "%s", reply != NULL ? reply : "");
	pthread_mutex_unlock(&s->lock);
}

size_t smtp_sink_count(struct smtp_sink *s)
{
	size_t n;

	pthread_mutex_lock(&s->lock);
	n = s->count;
	pthread_mutex_unlock(&s->lock);
	return n;
}

/* The texts do not change while no client talks; the lock makes them seen. */
static const char *look(struct smtp_sink *s, const char *text)
{
	pthread_mutex_lock(&s->lock);
	pthread_mutex_unlock(&s->lock);
	return text;
}

const char *smtp_sink_last(struct smtp_sink *s)
{
	return look(s, s->last);
}

const char *smtp_sink_recipients(struct smtp_sink *s)
{
	return look(s, s->recipients);
}
