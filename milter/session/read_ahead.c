/* read_ahead.c - read() and poll() with a buffer for the sockets that have one. */
#undef _FORTIFY_SOURCE /* it would have these two inline */
#include "session/read_ahead.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/* Sockets with a higher number are read without a buffer. */
#define MAX_SOCKETS 65536
/* Most messages fit. */
#define BUFFER 8192

/* What has been read of a socket and not been asked for; the buffer is there only while there is
 * something, so that a connection that waits takes no memory for it. */
struct ahead {
	unsigned char *bytes;
	size_t at, end;
};

static _Atomic(struct ahead *) sockets[MAX_SOCKETS];
/* Of this thread. A libmilter whose poll() did not come here would wait for bytes we have. */
static __thread int last_read = -1, last_polled = -1;

static struct ahead *ahead_of(int fd)
{
	if (fd < 0 || fd >= MAX_SOCKETS)
		return NULL;
	return atomic_load_explicit(&sockets[fd], memory_order_acquire);
}

int read_ahead_start(void)
{
	int fd = last_read, type;
	socklen_t size = sizeof(type);
	struct ahead *a;

	if (fd < 0 || fd >= MAX_SOCKETS || fd != last_polled || ahead_of(fd) != NULL ||
	    getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_STREAM)
		return -1;
	a = calloc(1, sizeof(*a));
	if (a == NULL)
		return -1;
	atomic_store_explicit(&sockets[fd], a, memory_order_release);
	return fd;
}

void read_ahead_stop(int fd)
{
	struct ahead *a;

	if (fd < 0)
		return;
	a = atomic_exchange(&sockets[fd], NULL);
	if (a != NULL)
		free(a->bytes);
	free(a);
}

static bool has_bytes(int fd)
{
	const struct ahead *a = ahead_of(fd);

	return a != NULL && a->bytes != NULL;
}

/* Fill the empty buffer; as recv(2) otherwise. */
static ssize_t fill(struct ahead *a, int fd)
{
	ssize_t got;

	a->bytes = malloc(BUFFER);
	if (a->bytes == NULL) {
		errno = ENOMEM;
		return -1;
	}
	got = recv(fd, a->bytes, BUFFER, 0);
	if (got <= 0) {
		free(a->bytes);
		a->bytes = NULL;
		return got;
	}
	a->at = 0;
	a->end = (size_t)got;
	return got;
}

/* read(2) */
ssize_t read(int fd, void *bytes, size_t n)
{
	struct ahead *a = ahead_of(fd);
	ssize_t got;

	if (a == NULL) {
		last_read = fd;
		return readv(fd, &(struct iovec){bytes, n}, 1);
	}
	if (a->bytes == NULL && n >= BUFFER)
		return recv(fd, bytes, n, 0);
	if (a->bytes == NULL && (got = fill(a, fd)) <= 0)
		return got;
	if (n > a->end - a->at)
		n = a->end - a->at;
	memcpy(bytes, a->bytes + a->at, n);
	a->at += n;
	if (a->at == a->end) {
		free(a->bytes);
		a->bytes = NULL;
	}
	return (ssize_t)n;
}

static int poll_kernel(struct pollfd *fds, nfds_t n, int ms)
{
	struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};

	return ppoll(fds, n, ms < 0 ? NULL : &t, NULL);
}

/* poll(2) */
int poll(struct pollfd *fds, nfds_t n, int ms)
{
	nfds_t ready = 0;
	int rc;

	for (nfds_t i = 0; i < n; i++) {
		last_polled = fds[i].fd;
		ready += (fds[i].events & POLLIN) != 0 && has_bytes(fds[i].fd);
	}
	if (ready == 0)
		return poll_kernel(fds, n, ms);
	if (ready < n) {
		rc = poll_kernel(fds, n, 0);
		if (rc < 0)
			return rc;
	} else {
		for (nfds_t i = 0; i < n; i++)
			fds[i].revents = 0;
	}
	rc = 0;
	for (nfds_t i = 0; i < n; i++) {
		if ((fds[i].events & POLLIN) != 0 && has_bytes(fds[i].fd))
			fds[i].revents |= POLLIN;
		rc += fds[i].revents != 0;
	}
	return rc;
}
