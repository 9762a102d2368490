/* dnsdelay.c - a DNS forwarder that holds back every answer for a fixed time. One process, one
 * epoll loop; the delay limits no concurrency: any number of questions (up to 65535 by UDP) wait
 * side by side. A UDP question gets an id of ours on the way up and its own id back. A TCP
 * connection is passed through to one of its own, its answers delayed. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define UDPMAX 65535
#define STALE 10.0 /* seconds after which an unanswered id may be used again */

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}
static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* ---- TCP: two ends, bytes pass through ---- */
struct end {
	int fd;
	struct end *peer;
	int refs; /* delayed items that still point here */
	int dead, eof_sent;
};

/* ---- delayed items, a heap by due time (seq keeps equal ones in order) ---- */
struct item {
	double due;
	uint64_t seq;
	struct sockaddr_in to; /* UDP */
	struct end *tcp;       /* or TCP, len 0 = end of stream */
	size_t len;
	unsigned char data[];
};
static struct item **heap;
static size_t hn, hcap;
static uint64_t hseq;

static int before(const struct item *a, const struct item *b)
{
	return a->due < b->due || (a->due <= b->due && a->seq < b->seq);
}
static void heap_push(struct item *it)
{
	if (hn == hcap &&
	    (heap = realloc(heap, sizeof *heap * (hcap = hcap ? hcap * 2 : 4096))) == NULL)
		die("malloc");
	it->seq = hseq++;
	size_t i = hn++;
	for (; i && before(it, heap[(i - 1) / 2]); i = (i - 1) / 2)
		heap[i] = heap[(i - 1) / 2];
	heap[i] = it;
}
static struct item *heap_pop(void)
{
	struct item *top = heap[0], *last = heap[--hn];
	size_t i = 0, c;
	while ((c = 2 * i + 1) < hn) {
		if (c + 1 < hn && before(heap[c + 1], heap[c]))
			c++;
		if (!before(heap[c], last))
			break;
		heap[i] = heap[c];
		i = c;
	}
	if (hn)
		heap[i] = last;
	return top;
}

/* ---- state ---- */
static struct {
	struct sockaddr_in from;
	uint16_t id;
	double when;
	char used;
} pending[65536];
static uint16_t next_id;
static int udp_in, udp_up, tcp_in, ep;
static struct sockaddr_in laddr, uaddr;
static double delay, jitter, loss;
static unsigned long n_udp, n_tcp, n_drop;
static const char *statfile;
static volatile sig_atomic_t quit, want_stat;

static void on_signal(int s)
{
	if (s == SIGUSR1)
		want_stat = 1;
	else
		quit = 1;
}
static void write_stat(void)
{
	FILE *f;
	if (statfile == NULL || (f = fopen(statfile, "w")) == NULL)
		return;
	fprintf(f, "queries=%lu udp=%lu tcp=%lu dropped=%lu\n", n_udp + n_tcp, n_udp, n_tcp,
		n_drop);
	fclose(f);
}

static double due_time(void)
{
	return now() + delay + (jitter > 0 ? jitter * (double)rand() / RAND_MAX : 0);
}

static void watch(int fd, void *p)
{
	struct epoll_event e = {.events = EPOLLIN, .data.ptr = p};
	if (epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e) != 0)
		die("epoll_ctl");
}

static void udp_query(void)
{
	unsigned char b[UDPMAX];
	for (;;) {
		struct sockaddr_in from;
		socklen_t fl = sizeof from;
		ssize_t n =
		    recvfrom(udp_in, b, sizeof b, MSG_DONTWAIT, (struct sockaddr *)&from, &fl);
		if (n < 12)
			return;
		double t = now();
		int tries = 0;
		while (pending[next_id].used && t - pending[next_id].when < STALE &&
		       ++tries < 65536)
			next_id++;
		if (tries == 65536) {
			n_drop++;
			continue;
		}
		pending[next_id].used = 1;
		pending[next_id].from = from;
		pending[next_id].when = t;
		memcpy(&pending[next_id].id, b, 2);
		memcpy(b, &next_id, 2);
		next_id++;
		n_udp++;
		if (send(udp_up, b, (size_t)n, 0) < 0)
			n_drop++;
	}
}

static void udp_answer(void)
{
	unsigned char b[UDPMAX];
	for (;;) {
		ssize_t n = recv(udp_up, b, sizeof b, MSG_DONTWAIT);
		if (n < 12)
			return;
		uint16_t id;
		memcpy(&id, b, 2);
		if (!pending[id].used)
			continue;
		pending[id].used = 0;
		if (loss > 0 && (double)rand() / RAND_MAX * 100 < loss) {
			n_drop++;
			continue;
		}
		memcpy(b, &pending[id].id, 2);
		if (delay <= 0 && jitter <= 0) {
			sendto(udp_in, b, (size_t)n, 0, (struct sockaddr *)&pending[id].from,
			       sizeof pending[id].from);
			continue;
		}
		struct item *it = malloc(sizeof *it + (size_t)n);
		if (it == NULL)
			die("malloc");
		it->due = due_time();
		it->to = pending[id].from;
		it->tcp = NULL;
		it->len = (size_t)n;
		memcpy(it->data, b, (size_t)n);
		heap_push(it);
	}
}

static void end_free(struct end *e)
{
	if (e->dead && e->refs == 0 && e->fd >= 0) {
		close(e->fd);
		e->fd = -1;
	}
	if (e->peer && e->fd < 0 && e->peer->fd < 0) {
		free(e->peer);
		free(e);
	}
}
static void pair_close(struct end *e)
{
	struct end *p = e->peer;
	for (int i = 0; i < 2; i++) {
		struct end *x = i ? p : e;
		if (!x->dead) {
			x->dead = 1;
			epoll_ctl(ep, EPOLL_CTL_DEL, x->fd, NULL);
		}
	}
	int pd = p->refs == 0, ed = e->refs == 0;
	if (pd && p->fd >= 0) {
		close(p->fd);
		p->fd = -1;
	}
	if (ed)
		end_free(e);
}

static void tcp_accept(void)
{
	for (;;) {
		int fd = accept4(tcp_in, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd < 0)
			return;
		int up = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (up < 0 || connect(up, (struct sockaddr *)&uaddr, sizeof uaddr) != 0) {
			if (up >= 0)
				close(up);
			close(fd);
			continue;
		}
		struct end *c = calloc(1, sizeof *c), *u = calloc(1, sizeof *u);
		if (!c || !u)
			die("malloc");
		c->fd = fd, u->fd = up, c->peer = u, u->peer = c;
		u->eof_sent = -1; /* marks the upstream's end */
		n_tcp++;
		watch(fd, c);
		watch(up, u);
	}
}

static void tcp_read(struct end *e)
{
	unsigned char b[65536];
	ssize_t n = recv(e->fd, b, sizeof b, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (e->eof_sent != -1) { /* from the client: pass on at once */
		if (n <= 0) {
			pair_close(e);
			return;
		}
		if (send(e->peer->fd, b, (size_t)n, MSG_NOSIGNAL) != n)
			pair_close(e);
		return;
	}
	if (n < 0)
		n = 0;
	struct item *it = malloc(sizeof *it + (size_t)n);
	if (it == NULL)
		die("malloc");
	it->due = due_time();
	it->tcp = e->peer;
	it->len = (size_t)n;
	memcpy(it->data, b, (size_t)n);
	e->peer->refs++;
	heap_push(it);
	if (n == 0)
		epoll_ctl(ep, EPOLL_CTL_DEL, e->fd, NULL);
}

static void deliver(struct item *it)
{
	struct end *e = it->tcp;
	if (e == NULL)
		sendto(udp_in, it->data, it->len, 0, (struct sockaddr *)&it->to, sizeof it->to);
	else {
		e->refs--;
		if (e->dead)
			end_free(e);
		else if (it->len == 0 ||
			 send(e->fd, it->data, it->len, MSG_NOSIGNAL) != (ssize_t)it->len)
			pair_close(e);
	}
	free(it);
}

static int parse(const char *s, struct sockaddr_in *a)
{
	char h[64];
	unsigned p;
	memset(a, 0, sizeof *a);
	a->sin_family = AF_INET;
	if (sscanf(s, "%63[^:]:%u", h, &p) != 2 || p > 65535 ||
	    inet_pton(AF_INET, h, &a->sin_addr) != 1)
		return -1;
	a->sin_port = htons((uint16_t)p);
	return 0;
}

static const char usage[] =
    "usage: dnsdelay -l ADDR:PORT -u ADDR:PORT [-d MS] [-j MS] [-L PERCENT] [-s FILE]\n"
    "  -l ADDR:PORT  listen here, UDP and TCP, IPv4\n"
    "  -u ADDR:PORT  the server that answers\n"
    "  -d MS         hold each answer back so long (default 0); fractions allowed\n"
    "  -j MS         and a random part of this longer\n"
    "  -L PERCENT    drop this share of the UDP answers\n"
    "  -s FILE       write counts to FILE on SIGUSR1 and at the end\n";

static void read_options(int argc, char **argv)
{
	int c, have = 0;

	while ((c = getopt(argc, argv, "l:u:d:j:L:s:h")) != -1)
		switch (c) {
		case 'l': have |= parse(optarg, &laddr) == 0 ? 1 : 0; break;
		case 'u': have |= parse(optarg, &uaddr) == 0 ? 2 : 0; break;
		case 'd': delay = atof(optarg) / 1e3; break;
		case 'j': jitter = atof(optarg) / 1e3; break;
		case 'L': loss = atof(optarg); break;
		case 's': statfile = optarg; break;
		default: fputs(usage, c == 'h' ? stdout : stderr); exit(c == 'h' ? 0 : 2);
		}
	if (have != 3) {
		fputs(usage, stderr);
		exit(2);
	}
}

static void open_sockets(void)
{
	int one = 1, big = 4 << 20;

	udp_in = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	udp_up = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	tcp_in = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (udp_in < 0 || udp_up < 0 || tcp_in < 0)
		die("socket");
	setsockopt(tcp_in, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	for (int i = 0; i < 2; i++) {
		setsockopt(i ? udp_up : udp_in, SOL_SOCKET, SO_RCVBUF, &big, sizeof(big));
		setsockopt(i ? udp_up : udp_in, SOL_SOCKET, SO_SNDBUF, &big, sizeof(big));
	}
	if (bind(udp_in, (struct sockaddr *)&laddr, sizeof(laddr)) != 0 ||
	    bind(tcp_in, (struct sockaddr *)&laddr, sizeof(laddr)) != 0 || listen(tcp_in, 256) != 0)
		die("listen");
	if (connect(udp_up, (struct sockaddr *)&uaddr, sizeof(uaddr)) != 0)
		die("upstream");
	if ((ep = epoll_create1(EPOLL_CLOEXEC)) < 0)
		die("epoll");
	watch(udp_in, &udp_in);
	watch(udp_up, &udp_up);
	watch(tcp_in, &tcp_in);
}

/* Wait for bytes, at most until the next answer is due. */
static void turn(void)
{
	struct timespec left_ts, *timeout = NULL;
	struct epoll_event events[64];
	int n;

	if (hn > 0) {
		double left = heap[0]->due - now();

		left = left < 0 ? 0 : left;
		left_ts.tv_sec = (time_t)left;
		left_ts.tv_nsec = (long)((left - (double)left_ts.tv_sec) * 1e9);
		timeout = &left_ts;
	}
	n = epoll_pwait2(ep, events, 64, timeout, NULL);
	if (n < 0 && errno != EINTR)
		die("epoll_pwait2");
	for (int i = 0; i < n; i++) {
		void *p = events[i].data.ptr;

		if (p == &udp_in)
			udp_query();
		else if (p == &udp_up)
			udp_answer();
		else if (p == &tcp_in)
			tcp_accept();
		else {
			tcp_read(p);
			break; /* it may have freed an end that a later event names: ask again */
		}
	}
}

int main(int argc, char **argv)
{
	struct sigaction sa = {.sa_handler = on_signal};

	read_options(argc, argv);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGUSR1, &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
	open_sockets();
	while (!quit) {
		turn();
		while (hn > 0 && heap[0]->due <= now())
			deliver(heap_pop());
		if (want_stat) {
			want_stat = 0;
			write_stat();
		}
	}
	write_stat();
	return 0;
}
