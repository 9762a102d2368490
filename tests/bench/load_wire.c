/* load_wire.c - the MTA's end of one connection to a milter. */
#include "load_wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "load_corpus.h"

#define VERSION 6
#define ALL_ACTIONS 0x1ff /* SMFIF_*, its own macro lists included */
#define MAX_PACKET (64u << 20)
#define MAX_BUFFERED 131072

void wire_close(struct wire *w)
{
	if (w->fd >= 0)
		close(w->fd);
	w->fd = -1;
	w->out_len = w->read_at = w->read_end = 0;
	for (int i = 0; i < STAGES; i++) {
		free(w->macros[i]);
		w->macros[i] = NULL;
	}
}

bool wire_flush(struct wire *w)
{
	size_t at = 0;

	while (at < w->out_len) {
		ssize_t n = send(w->fd, w->out + at, w->out_len - at, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += (size_t)n;
	}
	w->out_len = 0;
	return true;
}

bool wire_put(struct wire *w, enum command command, const void *a, size_t a_len, const void *b,
	      size_t b_len)
{
	uint32_t len = htonl((uint32_t)(1 + a_len + b_len));
	unsigned char *out;

	if (w->out_len > MAX_BUFFERED && !wire_flush(w))
		return false;
	if (w->out_len + 5 + a_len + b_len > w->out_size)
		w->out = grow(w->out, w->out_size = 2 * (w->out_len + 5 + a_len + b_len));
	out = w->out + w->out_len;
	memcpy(out, &len, 4);
	out[4] = (unsigned char)command;
	if (a_len > 0)
		memcpy(out + 5, a, a_len);
	if (b_len > 0)
		memcpy(out + 5 + a_len, b, b_len);
	w->out_len += 5 + a_len + b_len;
	return true;
}

/* Wait for more bytes. */
static bool refill(struct wire *w)
{
	struct pollfd p = {.fd = w->fd, .events = POLLIN};
	ssize_t n;
	int ready;

	do {
		ready = poll(&p, 1, w->timeout_ms);
	} while (ready < 0 && errno == EINTR);
	if (ready <= 0)
		return false;
	do {
		n = recv(w->fd, w->read, sizeof(w->read), 0);
	} while (n < 0 && errno == EINTR);
	w->read_at = 0;
	w->read_end = n > 0 ? (size_t)n : 0;
	return n > 0;
}

static bool take(struct wire *w, unsigned char *to, size_t n)
{
	while (n > 0) {
		size_t have = w->read_end - w->read_at, part = have < n ? have : n;

		if (have == 0) {
			if (!refill(w))
				return false;
			continue;
		}
		memcpy(to, w->read + w->read_at, part);
		w->read_at += part;
		to += part;
		n -= part;
	}
	return true;
}

static void print_packet(const struct wire *w, int command)
{
	bool indexed = (command == R_INSHEADER || command == R_CHGHEADER) && w->in_len >= 4;

	fprintf(stderr, "< %c %zu %.200s\n", command, w->in_len,
		(const char *)w->in + (indexed ? 4 : 0));
}

int wire_get(struct wire *w)
{
	unsigned char head[5];
	uint32_t len;

	if (!take(w, head, 5))
		return -1;
	memcpy(&len, head, 4);
	len = ntohl(len);
	if (len < 1 || len > MAX_PACKET)
		return -1;
	w->in_len = len - 1;
	if (w->in_size < w->in_len + 2)
		w->in = grow(w->in, w->in_size = 2 * (w->in_len + 2));
	if (!take(w, w->in, w->in_len))
		return -1;
	w->in[w->in_len] = w->in[w->in_len + 1] = '\0';
	if (w->verbose)
		print_packet(w, head[4]);
	return head[4];
}

static int dial_inet(const char *address)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST}, *ai;
	char host[256] = "127.0.0.1", port[16] = "";
	int fd, one = 1;

	if (sscanf(strchr(address, ':') + 1, "%15[0-9]@%255s", port, host) < 1)
		die("%s: want inet:port@host", address);
	if (getaddrinfo(host, port, &hints, &ai) != 0)
		die("%s: a numeric address is needed", address);
	fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (fd >= 0 && connect(fd, ai->ai_addr, ai->ai_addrlen) != 0) {
		close(fd);
		fd = -1;
	}
	freeaddrinfo(ai);
	return fd;
}

static int dial(const char *address)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	const char *path = strchr(address, ':');
	int fd;

	if (strncmp(address, "inet", 4) == 0)
		return dial_inet(address);
	path = path != NULL ? path + 1 : address;
	if (strlen(path) >= sizeof(un.sun_path))
		die("%s: path too long", path);
	strcpy(un.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&un, sizeof(un)) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static uint32_t number_at(const struct wire *w, size_t at)
{
	uint32_t n;

	memcpy(&n, w->in + at, 4);
	return ntohl(n);
}

/* The milter's macro lists: stage, text, stage, text. */
static void read_macro_lists(struct wire *w)
{
	for (size_t at = 12; at + 4 < w->in_len;) {
		const char *list = (const char *)w->in + at + 4;
		uint32_t stage = number_at(w, at);

		at += 4 + strlen(list) + 1;
		if (stage < STAGES) {
			free(w->macros[stage]);
			w->macros[stage] = copy(list, strlen(list));
		}
	}
}

bool wire_open(struct wire *w, const char *address)
{
	uint32_t offer[3] = {htonl(VERSION), htonl(ALL_ACTIONS), htonl(P_ALL)}, version;

	w->fd = dial(address);
	if (w->fd < 0 || !wire_put(w, C_OPTNEG, offer, sizeof(offer), NULL, 0) || !wire_flush(w) ||
	    wire_get(w) != C_OPTNEG || w->in_len < 12)
		return false;
	version = number_at(w, 0);
	w->steps = number_at(w, 8);
	if (version < 2 || version > VERSION || (w->steps & ~(uint32_t)P_ALL & 0xffffff)) {
		fprintf(stderr, "milterload: %s: answers version %u, protocol %#x\n", address,
			version, w->steps);
		return false;
	}
	read_macro_lists(w);
	if (w->verbose)
		fprintf(stderr, "= %s: version %u protocol %#x\n", address, version, w->steps);
	return true;
}
