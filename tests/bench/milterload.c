/* milterload.c - drive one milter, or several in series, as an MTA does, and measure. Exit code: 0
 * all messages got a verdict, 1 some did not, 2 usage or input. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "load_tally.h"

#define STACK_BYTES (256 * 1024)

/* How a connection is reused for several messages. */
enum reuse {
	REUSE_SESSION, /* one SMTP session: CONNECT and HELO once, the same message again and again
			*/
	REUSE_NC       /* QUIT_NC between messages, each with its own CONNECT */
};

struct options {
	const char *tsv, *dir, *csv, *label;
	int connections;
	size_t total, offset, per_connection;
	enum reuse reuse;
	double rate;
	bool terse;
};

struct bench {
	struct options options;
	struct load load;
	struct corpus corpus;
	struct outcome *outcome;
	double start;
	atomic_size_t next;
};

static const char usage[] =
    "usage: milterload -s SOCKET [-s SOCKET ...] -t ENVELOPES.tsv -d EMLDIR [options]\n"
    "  -s SOCKET milter socket, in chain order: unix:/path, local:/path, inet:port@host\n"
    "  -t FILE   envelopes (TSV, see load_corpus.h)\n"
    "  -d DIR    folder of the messages that the TSV names\n"
    "  -c N      concurrent connections (default 1)\n"
    "  -n N      messages in total (default: the TSV once); the TSV is cycled through\n"
    "  -o N      start at the N-th message of the TSV (0 first)\n"
    "  -k K      messages per milter connection (default 1: a fresh connection each)\n"
    "  -R HOW    how a connection is reused when K > 1:\n"
    "            session  one SMTP session, the same message K times (default)\n"
    "            nc       SMFIC_QUIT_NC between messages, each with its own CONNECT; a connection "
    "on which a\n"
    "                     milter answered ACCEPT is closed all the same\n"
    "  -r RATE   open loop: start RATE messages/s; latency then counts from the scheduled start\n"
    "  -q WHEN   the queue id macro {i} is known from: mail (Sendmail) or data (Postfix, default)\n"
    "  -b N      body chunk size (default 65535)\n"
    "  -T SEC    give up on a reply after SEC seconds (default 60)\n"
    "  -a NAME   value of macro {j}, and the authserv-id that counts for the comparison\n"
    "            (default mx.example; '*' counts every one)\n"
    "  -C FILE   write one CSV line per message\n"
    "  -l TEXT   label for the output\n"
    "  -1        print one line of key=value instead of the report\n"
    "  -H        print the fields that the milters added (for looking at a few messages)\n"
    "  -v        print every reply (with -c 1 -n 1)\n";

static void sleep_until(double when)
{
	double left = when - now();
	struct timespec t;

	if (left <= 0)
		return;
	t.tv_sec = (time_t)left;
	t.tv_nsec = (long)((left - (double)t.tv_sec) * 1e9);
	nanosleep(&t, NULL);
}

static void one_message(struct bench *b, struct mta *m, size_t number, size_t message)
{
	struct outcome *o = &b->outcome[number];
	char queue_id[24];
	double begin;

	if (b->options.rate > 0)
		sleep_until(b->start + (double)number / b->options.rate);
	begin = b->options.rate > 0 ? b->start + (double)number / b->options.rate : now();
	o->message = message;
	snprintf(queue_id, sizeof(queue_id), "4T%010zX", number);
	mta_send(m, &b->corpus.message[message], queue_id, o);
	o->total = now() - begin;
}

static bool any_done(const struct mta *m)
{
	for (size_t i = 0; i < m->load->milters; i++)
		if (m->peer[i].done)
			return true;
	return false;
}

/* After a message: go on with this connection, or end it. */
static void between(const struct bench *b, struct mta *m, const struct outcome *o, size_t *sent)
{
	bool nc = b->options.reuse == REUSE_NC;

	if (o->verdict == V_ERROR) {
		*sent = 0;
		return;
	}
	if (o->verdict != V_ACCEPT)
		mta_tell(m, C_ABORT);
	/* libmilter gives no answer to a CONNECT that follows ACCEPT and QUIT_NC: hang up instead.
	 */
	if (++*sent >= b->options.per_connection || (nc && any_done(m))) {
		mta_hang_up(m);
		*sent = 0;
	} else if (nc) {
		mta_tell(m, C_QUIT_NC);
		m->connected = false;
		for (size_t i = 0; i < m->load->milters; i++)
			m->peer[i].done = m->peer[i].done_all = false;
	}
}

static void *worker(void *arg)
{
	struct bench *b = arg;
	const struct options *o = &b->options;
	size_t batch = o->reuse == REUSE_SESSION ? o->per_connection : 1, sent = 0, first;
	struct mta m;

	mta_init(&m, &b->load);
	while ((first = atomic_fetch_add(&b->next, batch)) < o->total)
		for (size_t i = first; i < first + batch && i < o->total; i++) {
			one_message(b, &m, i, (o->offset + i / batch) % b->corpus.count);
			between(b, &m, &b->outcome[i], &sent);
		}
	mta_hang_up(&m);
	return NULL;
}

static void run_workers(struct bench *b)
{
	pthread_t *thread = grow(NULL, (size_t)b->options.connections * sizeof(*thread));
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	for (int i = 0; i < b->options.connections; i++)
		if (pthread_create(&thread[i], &attr, worker, b) != 0)
			die("cannot make a thread");
	for (int i = 0; i < b->options.connections; i++)
		pthread_join(thread[i], NULL);
	free(thread);
}

static size_t number(const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (end == text || *end != '\0' || *text == '-')
		die("%s is no number", text);
	return n;
}

static bool read_option(struct bench *b, int c, const char *value)
{
	struct options *o = &b->options;
	struct load *l = &b->load;

	switch (c) {
	case 's':
		if (l->milters == MAX_MILTERS)
			die("at most %d milters", MAX_MILTERS);
		l->socket[l->milters++] = value;
		return true;
	case 't': o->tsv = value; return true;
	case 'd': o->dir = value; return true;
	case 'c': o->connections = (int)number(value); return true;
	case 'n': o->total = number(value); return true;
	case 'o': o->offset = number(value); return true;
	case 'k': o->per_connection = number(value); return true;
	case 'R': o->reuse = strcmp(value, "nc") == 0 ? REUSE_NC : REUSE_SESSION; return true;
	case 'r': o->rate = atof(value); return true;
	case 'q': l->early_id = strcmp(value, "mail") == 0; return true;
	case 'b': l->chunk = number(value); return true;
	case 'T': l->timeout_ms = 1000 * (int)number(value); return true;
	case 'a': l->authserv = value; return true;
	case 'C': o->csv = value; return true;
	case 'l': o->label = value; return true;
	case '1': o->terse = true; return true;
	case 'H': l->show = true; return true;
	case 'v': l->verbose = true; return true;
	default: return false;
	}
}

static void read_options(struct bench *b, int argc, char **argv)
{
	const struct options *o = &b->options;
	int c;

	while ((c = getopt(argc, argv, "s:t:d:c:n:o:k:R:r:q:b:T:a:C:l:1Hvh")) != -1)
		if (!read_option(b, c, optarg)) {
			fputs(usage, c == 'h' ? stdout : stderr);
			exit(c == 'h' ? 0 : 2);
		}
	if (b->load.milters == 0 || o->tsv == NULL || o->dir == NULL || o->connections < 1 ||
	    o->connections > 10000 || o->per_connection < 1 || b->load.chunk < 1 ||
	    b->load.chunk > 65535 || b->load.timeout_ms < 1 || optind != argc) {
		fputs(usage, stderr);
		exit(2);
	}
	b->load.hostname = strcmp(b->load.authserv, "*") != 0 ? b->load.authserv : "mx.example";
}

int main(int argc, char **argv)
{
	static struct bench b = {
	    .options = {.label = "", .connections = 1, .per_connection = 1},
	    .load = {.authserv = "mx.example", .chunk = 65535, .timeout_ms = 60000},
	};
	struct run r;

	read_options(&b, argc, argv);
	signal(SIGPIPE, SIG_IGN);
	corpus_load(&b.corpus, b.options.tsv, b.options.dir);
	if (b.options.total == 0)
		b.options.total = b.corpus.count;
	b.outcome = grow(NULL, b.options.total * sizeof(*b.outcome));
	memset(b.outcome, 0, b.options.total * sizeof(*b.outcome));
	b.start = now();
	run_workers(&b);
	r = (struct run){b.options.label, b.options.connections,
			 now() - b.start, b.options.total,
			 b.outcome,	  &b.corpus,
			 &b.load};
	if (b.options.csv != NULL)
		tally_write_csv(&r, b.options.csv);
	(b.options.terse ? tally_print_line : tally_print)(&r);
	return tally_errors(&r) > 0 ? 1 : 0;
}
