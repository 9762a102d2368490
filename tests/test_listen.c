/* test_listen.c - the address, and the unix socket there. */
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

static void knows_a_socket_that_is_taken(void **state)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	char dir[] = "/tmp/alignd-test-XXXXXX";
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(un.sun_path, sizeof(un.sun_path), "%s/s", dir);
	assert_false(listen_taken(un.sun_path));
	assert_int_equal(bind(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	assert_false(listen_taken(un.sun_path));
	assert_int_equal(listen(fd, 0), 0);
	assert_true(listen_taken(un.sun_path));
	assert_true(listen_taken(un.sun_path)); /* its queue is full now */
	close(fd);
	assert_false(listen_taken(un.sun_path)); /* the file is there, its owner has gone */
	unlink(un.sun_path);
	rmdir(dir);
}

static void nobody_has_a_path_that_is_too_long(void **state)
{
	char deep[256] = "/";

	(void)state;
	memset(deep + 1, 'x', sizeof(deep) - 2);
	assert_false(listen_taken(deep));
	assert_false(listen_taken(""));
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
	    cmocka_unit_test(knows_a_socket_that_is_taken),
	    cmocka_unit_test(nobody_has_a_path_that_is_too_long),
	    cmocka_unit_test(dresses_a_socket),
	};
	return cmocka_run_group_tests_name("listen", tests, NULL, NULL);
}
