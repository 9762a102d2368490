/* test_listen.c - who listens on an address, and how a unix socket looks. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "session/listen.h"
#include "support/test.h"

static void knows_the_path_of_a_unix_socket(void **state)
{
	assert_string_equal(listen_path("unix:/run/alignd/sock"), "/run/alignd/sock");
	assert_null(listen_path("inet:8892@127.0.0.1"));
	assert_null(listen_path("inet6:8892@[::1]"));
}

/* Bind; false if this host has no such address. */
static bool serve(int fd, const void *address, socklen_t size)
{
	return fd >= 0 && bind(fd, address, size) == 0 && listen(fd, 5) == 0;
}

static void knocks(const char *address, bool there)
{
	if (listen_knock(address) != there)
		fail_msg("%s: %s", address, there ? "nobody" : "somebody");
}

static void knocks_at_a_unix_socket(void **state)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	char dir[] = "/tmp/alignd-test-XXXXXX", address[64];
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	assert_non_null(mkdtemp(dir));
	snprintf(un.sun_path, sizeof(un.sun_path), "%s/s", dir);
	snprintf(address, sizeof(address), "unix:%s/s", dir);
	knocks(address, false);
	assert_true(serve(fd, &un, sizeof(un)));
	knocks(address, true);
	close(fd);
	knocks(address, false); /* the file is there, its owner has gone */
	unlink(un.sun_path);
	rmdir(dir);
}

static void knocks_at_ports(void **state)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	int fd = socket(AF_INET, SOCK_STREAM, 0), fd6 = socket(AF_INET6, SOCK_STREAM, 0);
	socklen_t size = sizeof(in), size6 = sizeof(in6);
	char address[64];

	assert_true(serve(fd, &in, sizeof(in)));
	assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &size), 0);
	snprintf(address, sizeof(address), "inet:%u@127.0.0.1", ntohs(in.sin_port));
	knocks(address, true);
	snprintf(address, sizeof(address), "inet:%u@localhost", ntohs(in.sin_port));
	knocks(address, true);
	close(fd);
	knocks(address, false);
	if (serve(fd6, &in6, sizeof(in6))) {
		assert_int_equal(getsockname(fd6, (struct sockaddr *)&in6, &size6), 0);
		snprintf(address, sizeof(address), "inet6:%u@[::1]", ntohs(in6.sin6_port));
		knocks(address, true);
	}
	close(fd6);
}

static void knocks_nowhere_without_a_place(void **state)
{
	static const char *const rows[] = {"unix:",    "inet:",	      "inet:@", "inet:25",
					   "inet:25@", "inet6:25@[]", ""};
	char deep[256] = "unix:/";

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		knocks(rows[i], false);
	memset(deep + 6, 'x', sizeof(deep) - 7);
	knocks(deep, false);
}

static void dresses_a_socket(void **state)
{
	char path[] = "/tmp/alignd-test-XXXXXX";
	struct error why = {""};
	struct stat st;

	close(mkstemp(path));
	assert_true(listen_dress(path, (uid_t)-1, "", 0620, &why));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0620);
	assert_false(listen_dress(path, (uid_t)-1, "nosuchgroup", 0660, &why));
	assert_non_null(strstr(why.text, "nosuchgroup"));
	unlink(path);
	assert_false(listen_dress(path, (uid_t)-1, "", 0660, &why));
	assert_non_null(strstr(why.text, path));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(knows_the_path_of_a_unix_socket),
	    cmocka_unit_test(knocks_at_a_unix_socket),
	    cmocka_unit_test(knocks_at_ports),
	    cmocka_unit_test(knocks_nowhere_without_a_place),
	    cmocka_unit_test(dresses_a_socket),
	};
	return cmocka_run_group_tests_name("listen", tests, NULL, NULL);
}
