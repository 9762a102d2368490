/* test_dns_server.c - a small DNS server on the loopback. */
#include "test_dns_server.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TYPE_A = 1, TYPE_CNAME = 5, TYPE_SOA = 6, TYPE_PTR = 12, TYPE_TXT = 16 };

#define PACKET_MAX 65535
#define HEADER 12
#define NEGATIVE_TTL 60
#define CHAIN_MAX 16

struct record {
	struct record *next;
	char *name;
	int type;
	uint32_t ttl;
	size_t n;
	unsigned char data[];
};

struct mood {
	struct mood *next;
	enum test_dns_mood mood;
	char name[];
};

struct asked {
	struct asked *next;
	char name[];
};

struct test_dns_server {
	int udp, tcp, stop[2];
	pthread_t thread;
	pthread_mutex_t lock;
	char address[32];
	struct record *records, **records_end;
	struct mood *moods;
	struct asked *asked;
};

struct packet {
	unsigned char bytes[PACKET_MAX];
	size_t n;
};

static void *need(void *p)
{
	if (p == NULL)
		abort();
	return p;
}

/* -- the table --------------------------------------------------------------------------------- */

/* "a.b" as labels; returns the length. */
static size_t wire_name(const char *name, unsigned char out[256])
{
	size_t n = 0;

	while (*name != '\0') {
		size_t label = strcspn(name, ".");

		if (n + label + 2 > 255 || label > 63)
			abort();
		out[n++] = (unsigned char)label;
		memcpy(out + n, name, label);
		n += label;
		name += label + (name[label] == '.');
	}
	out[n++] = 0;
	return n;
}

void test_dns_server_add(struct test_dns_server *s, const char *name, int type, uint32_t ttl,
			 const void *data, size_t n)
{
	struct record *r = need(malloc(sizeof(*r) + n));

	*r = (struct record){NULL, need(strdup(name)), type, ttl, n};
	if (n > 0)
		memcpy(r->data, data, n);
	pthread_mutex_lock(&s->lock);
	*s->records_end = r;
	s->records_end = &r->next;
	pthread_mutex_unlock(&s->lock);
}

static void add_txt(struct test_dns_server *s, const char *name, const char *text)
{
	size_t left = strlen(text), n = 0;
	unsigned char *data = need(malloc(left + left / 255 + 1));

	do {
		size_t part = left > 255 ? 255 : left;

		data[n++] = (unsigned char)part;
		memcpy(data + n, text, part);
		n += part;
		text += part;
		left -= part;
	} while (left > 0);
	test_dns_server_add(s, name, TYPE_TXT, 300, data, n);
	free(data);
}

void test_dns_server_add_text(struct test_dns_server *s, const char *name, int type,
			      const char *text)
{
	unsigned char wire[256];

	switch (type) {
	case TYPE_A:
		if (inet_pton(AF_INET, text, wire) != 1)
			abort();
		test_dns_server_add(s, name, type, 300, wire, 4);
		return;
	case TYPE_PTR:
	case TYPE_CNAME:
		test_dns_server_add(s, name, type, 300, wire, wire_name(text, wire));
		return;
	case TYPE_TXT: add_txt(s, name, text); return;
	}
	abort();
}

void test_dns_server_mood(struct test_dns_server *s, const char *name, enum test_dns_mood mood)
{
	struct mood *m = need(malloc(sizeof(*m) + strlen(name) + 1));

	m->mood = mood;
	strcpy(m->name, name);
	pthread_mutex_lock(&s->lock);
	m->next = s->moods;
	s->moods = m;
	pthread_mutex_unlock(&s->lock);
}

unsigned test_dns_server_asked(struct test_dns_server *s, const char *name)
{
	unsigned n = 0;

	pthread_mutex_lock(&s->lock);
	for (struct asked *a = s->asked; a != NULL; a = a->next)
		n += strcasecmp(a->name, name) == 0;
	pthread_mutex_unlock(&s->lock);
	return n;
}

/* -- packets ----------------------------------------------------------------------------------- */

static void put(struct packet *p, const void *bytes, size_t n)
{
	if (p->n + n > sizeof(p->bytes))
		abort();
	if (n > 0)
		memcpy(p->bytes + p->n, bytes, n);
	p->n += n;
}

static void put_number(struct packet *p, uint32_t value, size_t bytes)
{
	unsigned char big[4];

	for (size_t i = 0; i < bytes; i++)
		big[i] = (unsigned char)(value >> 8 * (bytes - 1 - i));
	put(p, big, bytes);
}

static void put_record(struct packet *p, const char *name, int type, uint32_t ttl, const void *data,
		       size_t n)
{
	unsigned char wire[256];

	put(p, wire, wire_name(name, wire));
	put_number(p, (uint32_t)type, 2);
	put_number(p, 1, 2);
	put_number(p, ttl, 4);
	put_number(p, (uint32_t)n, 2);
	put(p, data, n);
}

/* The table's spelling of the name that a CNAME leads to; NULL: it is not there. */
static const char *target_name(struct test_dns_server *s, const struct record *alias)
{
	char target[256] = "";

	for (size_t at = 0; alias->data[at] != 0; at += 1u + alias->data[at]) {
		strcat(target, target[0] != '\0' ? "." : "");
		strncat(target, (const char *)alias->data + at + 1, alias->data[at]);
	}
	for (const struct record *r = s->records; r != NULL; r = r->next)
		if (strcasecmp(r->name, target) == 0)
			return r->name;
	return NULL;
}

/* The records of name and type, through CNAMEs. Returns how many; `known_r`: the last name has some
 * record. */
static unsigned put_answer(struct test_dns_server *s, struct packet *p, const char *name, int type,
			   bool *known_r)
{
	unsigned n = 0;

	for (int hop = 0; hop < CHAIN_MAX; hop++) {
		const struct record *alias = NULL;

		*known_r = false;
		for (const struct record *r = s->records; r != NULL; r = r->next) {
			if (strcasecmp(r->name, name) != 0)
				continue;
			*known_r = true;
			if (r->type == TYPE_CNAME)
				alias = r;
			if (r->type != type && r->type != TYPE_CNAME)
				continue;
			put_record(p, name, r->type, r->ttl, r->data, r->n);
			n++;
		}
		if (alias == NULL || type == TYPE_CNAME)
			break;
		name = target_name(s, alias);
		*known_r = name != NULL;
		if (name == NULL)
			break;
	}
	return n;
}

static void put_soa(struct packet *p)
{
	static const unsigned char soa[] = {0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0,
					    0, 0, 1, 0, 0, 0, 1, 0, 0, 0, NEGATIVE_TTL};

	put_record(p, "", TYPE_SOA, NEGATIVE_TTL, soa, sizeof(soa));
}

/* Read the question: its end, or 0. */
static size_t read_question(const unsigned char *in, size_t n, char name[256], int *type_r)
{
	size_t at = HEADER, out = 0;

	while (at < n && in[at] != 0) {
		size_t label = in[at];

		if (label > 63 || at + label >= n || out + label + 2 > 255)
			return 0;
		if (out > 0)
			name[out++] = '.';
		memcpy(name + out, in + at + 1, label);
		out += label;
		at += label + 1;
	}
	name[out] = '\0';
	if (n < HEADER || at + 5 > n)
		return 0;
	*type_r = in[at + 1] << 8 | in[at + 2];
	return at + 5;
}

static void set_header(struct packet *p, unsigned flags, unsigned answers, unsigned authority)
{
	p->bytes[2] = (unsigned char)(flags >> 8);
	p->bytes[3] = (unsigned char)flags;
	p->bytes[4] = 0, p->bytes[5] = 1;
	p->bytes[6] = (unsigned char)(answers >> 8), p->bytes[7] = (unsigned char)answers;
	p->bytes[8] = 0, p->bytes[9] = (unsigned char)authority;
	p->bytes[10] = p->bytes[11] = 0;
}

static const struct mood *mood_of(struct test_dns_server *s, const char *name)
{
	struct mood *m = s->moods;

	while (m != NULL && strcasecmp(m->name, name) != 0)
		m = m->next;
	return m;
}

static void note(struct test_dns_server *s, const char *name)
{
	struct asked *a = need(malloc(sizeof(*a) + strlen(name) + 1));

	strcpy(a->name, name);
	a->next = s->asked;
	s->asked = a;
}

/* The answer to a packet; false: none. */
static bool answer(struct test_dns_server *s, const unsigned char *in, size_t n, bool udp,
		   struct packet *p)
{
	unsigned flags = 0x8180, records; /* QR RD RA */
	const struct mood *m;
	char name[256];
	bool known;
	int type;
	size_t end = read_question(in, n, name, &type);

	if (end == 0)
		return false;
	note(s, name);
	p->n = 0;
	put(p, in, end);
	m = mood_of(s, name);
	if (m != NULL && m->mood == DNS_MOOD_SILENT)
		return false;
	if (m != NULL && m->mood == DNS_MOOD_SERVFAIL) {
		set_header(p, flags | 2, 0, 0);
		return true;
	}
	if (m != NULL && m->mood == DNS_MOOD_TRUNCATE && udp) {
		set_header(p, flags | 0x0200, 0, 0);
		return true;
	}
	records = put_answer(s, p, name, type, &known);
	if (records == 0)
		put_soa(p);
	set_header(p, flags | (known ? 0 : 3), records, records == 0);
	if (m != NULL && m->mood == DNS_MOOD_GARBAGE)
		p->n = end + (p->n - end) / 2;
	return true;
}

/* -- sockets ----------------------------------------------------------------------------------- */

static void serve_udp(struct test_dns_server *s, struct packet *p)
{
	unsigned char in[4096];
	struct sockaddr_in from;
	socklen_t size = sizeof(from);
	ssize_t n = recvfrom(s->udp, in, sizeof(in), 0, (struct sockaddr *)&from, &size);

	if (n > 0 && answer(s, in, (size_t)n, true, p))
		sendto(s->udp, p->bytes, p->n, 0, (struct sockaddr *)&from, size);
}

static bool transfer(int fd, unsigned char *bytes, size_t n, bool out)
{
	while (n > 0) {
		ssize_t done = out ? send(fd, bytes, n, MSG_NOSIGNAL) : recv(fd, bytes, n, 0);

		if (done <= 0)
			return false;
		bytes += done;
		n -= (size_t)done;
	}
	return true;
}

/* One question for each connection is enough. */
static void serve_tcp(struct test_dns_server *s, struct packet *p)
{
	int fd = accept(s->tcp, NULL, NULL);
	unsigned char in[4096], length[2];
	size_t n;

	if (fd < 0)
		return;
	if (transfer(fd, length, 2, false) && (n = length[0] * 256u + length[1]) <= sizeof(in) &&
	    transfer(fd, in, n, false) && answer(s, in, n, false, p)) {
		length[0] = (unsigned char)(p->n >> 8);
		length[1] = (unsigned char)p->n;
		if (transfer(fd, length, 2, true))
			transfer(fd, p->bytes, p->n, true);
	}
	close(fd);
}

static void *run(void *arg)
{
	struct test_dns_server *s = arg;
	struct packet *p = need(malloc(sizeof(*p)));
	struct pollfd fds[3] = {{s->udp, POLLIN, 0}, {s->tcp, POLLIN, 0}, {s->stop[0], POLLIN, 0}};

	while (poll(fds, 3, -1) >= 0 && fds[2].revents == 0) {
		pthread_mutex_lock(&s->lock);
		if (fds[0].revents != 0)
			serve_udp(s, p);
		if (fds[1].revents != 0)
			serve_tcp(s, p);
		pthread_mutex_unlock(&s->lock);
	}
	free(p);
	return NULL;
}

/* TCP on the port that UDP got; another pair if it is taken. */
static bool bind_pair(struct test_dns_server *s)
{
	struct sockaddr_in here = {.sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(here);

	s->udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	s->tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(s->udp, (struct sockaddr *)&here, size) == 0 &&
	    getsockname(s->udp, (struct sockaddr *)&here, &size) == 0 &&
	    bind(s->tcp, (struct sockaddr *)&here, size) == 0 && listen(s->tcp, 16) == 0) {
		snprintf(s->address, sizeof(s->address), "127.0.0.1@%d", ntohs(here.sin_port));
		return true;
	}
	close(s->udp);
	close(s->tcp);
	return false;
}

struct test_dns_server *test_dns_server_new(void)
{
	struct test_dns_server *s = need(calloc(1, sizeof(*s)));
	int tries = 0;

	s->records_end = &s->records;
	pthread_mutex_init(&s->lock, NULL);
	while (!bind_pair(s))
		if (++tries > 20)
			abort();
	if (pipe(s->stop) != 0 || pthread_create(&s->thread, NULL, run, s) != 0)
		abort();
	return s;
}

const char *test_dns_server_address(const struct test_dns_server *s)
{
	return s->address;
}

void test_dns_server_free(struct test_dns_server *s)
{
	void *next;

	if (s == NULL)
		return;
	close(s->stop[1]);
	pthread_join(s->thread, NULL);
	close(s->stop[0]);
	close(s->udp);
	close(s->tcp);
	for (struct record *r = s->records; r != NULL; r = next) {
		next = r->next;
		free(r->name);
		free(r);
	}
	for (struct mood *m = s->moods; m != NULL; m = next) {
		next = m->next;
		free(m);
	}
	for (struct asked *a = s->asked; a != NULL; a = next) {
		next = a->next;
		free(a);
	}
	pthread_mutex_destroy(&s->lock);
	free(s);
}
