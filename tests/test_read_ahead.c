/* test_read_ahead.c - read() and poll() look into the buffer of those sockets that have one. */
#undef _FORTIFY_SOURCE /* read() itself, as libmilter calls it */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "session/read_ahead.h"
#include "support/test.h"

/* An MTA's end and ours. */
struct pair {
	int theirs, ours;
};

static struct pair pair_new(void)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	return (struct pair){fds[0], fds[1]};
}

static void pair_close(struct pair p)
{
	close(p.theirs);
	close(p.ours);
}

static void put(int fd, const void *bytes, size_t n)
{
	assert_int_equal(send(fd, bytes, n, MSG_NOSIGNAL), n);
}

static void want(int fd, const char *text)
{
	char got[16] = "";

	assert_int_equal(read(fd, got, strlen(text)), strlen(text));
	assert_string_equal(got, text);
}

static int ready(int fd)
{
	struct pollfd f = {.fd = fd, .events = POLLIN};
	int n = poll(&f, 1, 0);

	assert_int_equal(n, f.revents != 0);
	return f.revents;
}

/* A pair whose first byte is read, so that it can be started. */
static struct pair started(void)
{
	struct pair p = pair_new();

	put(p.theirs, "x", 1);
	want(p.ours, "x");
	assert_int_equal(ready(p.ours), 0);
	assert_int_equal(read_ahead_start(), p.ours);
	return p;
}

static int left_in_kernel(int fd)
{
	int n = -1;

	assert_int_equal(ioctl(fd, FIONREAD, &n), 0);
	return n;
}

static void takes_all_there_is_in_one_piece(void **state)
{
	struct pair p = started();

	put(p.theirs, "onetwo", 6);
	assert_int_equal(ready(p.ours), POLLIN);
	want(p.ours, "one");
	assert_int_equal(left_in_kernel(p.ours), 0);
	assert_int_equal(ready(p.ours), POLLIN);
	want(p.ours, "two");
	assert_int_equal(ready(p.ours), 0);
	put(p.theirs, "three", 5);
	want(p.ours, "three");
	read_ahead_stop(p.ours);
	pair_close(p);
}

static void gives_what_is_there_and_no_more(void **state)
{
	struct pair p = started();
	char got[16];

	put(p.theirs, "abc", 3);
	assert_int_equal(read(p.ours, got, sizeof(got)), 3);
	put(p.theirs, "d", 1);
	assert_int_equal(read(p.ours, got, 1), 1);
	shutdown(p.theirs, SHUT_WR);
	assert_true(ready(p.ours) & POLLIN);
	assert_int_equal(read(p.ours, got, sizeof(got)), 0);
	read_ahead_stop(p.ours);
	pair_close(p);
}

static void tells_errors_as_they_are(void **state)
{
	struct pair p = started();
	char c;

	assert_int_equal(fcntl(p.ours, F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(read(p.ours, &c, 1), -1);
	assert_int_equal(errno, EAGAIN);
	read_ahead_stop(p.ours);
	pair_close(p);
}

static void keeps_every_byte_in_order(void **state)
{
	enum { N = 60000 };
	struct pair p = started();
	unsigned char *sent = malloc(N), *got = malloc(N);
	size_t have = 0;

	for (size_t i = 0; i < N; i++)
		sent[i] = (unsigned char)(i * 7 + i / 251);
	put(p.theirs, sent, N);
	for (size_t step = 1; have < N; step = step * 3 % 20011) {
		size_t n = step < N - have ? step : N - have;
		ssize_t r = read(p.ours, got + have, n);

		assert_true(r > 0 && (size_t)r <= n);
		have += (size_t)r;
	}
	assert_memory_equal(sent, got, N);
	free(sent);
	free(got);
	read_ahead_stop(p.ours);
	pair_close(p);
}

static void polls_those_with_a_buffer_and_those_without(void **state)
{
	struct pair a = started(), b = pair_new(), c = pair_new();
	struct pollfd f[] = {{.fd = a.ours, .events = POLLIN},
			     {.fd = b.ours, .events = POLLIN},
			     {.fd = c.ours, .events = POLLIN | POLLOUT},
			     {.fd = -1, .events = POLLIN}};

	assert_int_equal(poll(f, 2, 0), 0);
	assert_int_equal(poll(f, 4, -1), 1);
	assert_int_equal(f[2].revents, POLLOUT);
	put(a.theirs, "ab", 2);
	want(a.ours, "a");
	assert_int_equal(poll(f, 2, -1), 1);
	assert_int_equal(f[0].revents, POLLIN);
	assert_int_equal(f[1].revents, 0);
	put(b.theirs, "c", 1);
	assert_int_equal(poll(f, 4, -1), 3);
	assert_int_equal(f[0].revents, POLLIN);
	assert_int_equal(f[1].revents, POLLIN);
	f[0].events = POLLOUT;
	assert_int_equal(poll(f, 1, 0), 1);
	assert_int_equal(f[0].revents, POLLOUT);
	read_ahead_stop(a.ours);
	pair_close(a);
	pair_close(b);
	pair_close(c);
}

static void reads_nothing_ahead_of_others(void **state)
{
	struct pair p = pair_new();
	char got[4] = "";
	int fds[2];

	put(p.theirs, "ab", 2);
	ready(p.theirs);
	want(p.ours, "a");
	assert_int_equal(read_ahead_start(), -1); /* another was polled */
	assert_int_equal(left_in_kernel(p.ours), 1);
	pair_close(p);
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], "ab", 2), 2);
	ready(fds[0]);
	assert_int_equal(read(fds[0], got, 1), 1);
	assert_int_equal(read_ahead_start(), -1); /* no socket */
	assert_int_equal(read(fds[0], got, 4), 1);
	assert_int_equal(got[0], 'b');
	close(fds[0]);
	close(fds[1]);
	assert_int_equal(read_ahead_start(), -1); /* closed */
	assert_int_equal(read(-1, got, 1), -1);
	assert_int_equal(errno, EBADF);
}

static void forgets_a_socket_that_was_stopped(void **state)
{
	struct pair p = started();

	assert_int_equal(read_ahead_start(), -1); /* once is enough */
	put(p.theirs, "ab", 2);
	want(p.ours, "a");
	read_ahead_stop(p.ours);
	read_ahead_stop(p.ours);
	read_ahead_stop(-1);
	put(p.theirs, "cd", 2);
	want(p.ours, "c");
	assert_int_equal(left_in_kernel(p.ours), 1);
	pair_close(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(takes_all_there_is_in_one_piece),
	    cmocka_unit_test(gives_what_is_there_and_no_more),
	    cmocka_unit_test(tells_errors_as_they_are),
	    cmocka_unit_test(keeps_every_byte_in_order),
	    cmocka_unit_test(polls_those_with_a_buffer_and_those_without),
	    cmocka_unit_test(reads_nothing_ahead_of_others),
	    cmocka_unit_test(forgets_a_socket_that_was_stopped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
