/* test_store.c - many threads, crashes, a full disk: no answered row is lost. */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/store_expire.h"
#include "support/store_place.h"
#include "support/test.h"

#define THREADS 16
#define EACH 40

static void *add_many(void *arg)
{
	struct row row = sample_row();

	for (int i = 0; i < EACH; i++)
		add(arg, &row);
	return NULL;
}

static void loses_nothing_under_many_threads(void **state)
{
	struct place *p = *state;

	for (int durable = 0; durable < 2; durable++) {
		struct store *s = open_store(p, durable);
		pthread_t thread[THREADS];

		for (int i = 0; i < THREADS; i++)
			assert_int_equal(pthread_create(&thread[i], NULL, add_many, s), 0);
		for (int i = 0; i < THREADS; i++)
			pthread_join(thread[i], NULL);
		if (durable)
			assert_int_equal(store_queued(s), 0);
		store_close(s);
		s = open_store(p, true);
		assert_int_equal(policies(s, DAY, DAY).messages, (durable + 1) * THREADS * EACH);
		store_close(s);
	}
}

/* A child adds rows, says so after each, and is killed in the middle: what it said is there. */
static void keeps_every_answered_row_when_killed(void **state)
{
	struct place *p = *state;
	struct row row = sample_row();
	struct store *s;
	int out[2], status, said = 0;
	char c;
	pid_t pid;

	assert_int_equal(pipe(out), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		s = store_open(p->path, true, NULL);
		while (s != NULL && store_add(s, &row, NULL) && write(out[1], "+", 1) == 1)
			;
		_exit(1);
	}
	close(out[1]);
	while (said < 50 && read(out[0], &c, 1) == 1)
		said++;
	kill(pid, SIGKILL);
	while (read(out[0], &c, 1) == 1)
		said++;
	close(out[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	s = open_store(p, true);
	assert_in_range(policies(s, DAY, DAY).messages, said, said + 1);
	store_close(s);
}

static void shares_the_file_with_a_tool(void **state)
{
	struct place *p = *state;
	struct store *s = open_store(p, true), *tool;
	struct row row = sample_row();

	add(s, &row);
	tool = store_attach(p->path, &p->why);
	assert_non_null(tool);
	assert_int_equal(policies(tool, DAY, DAY).messages, 1);
	add(s, &row);
	assert_int_equal(policies(tool, DAY, DAY).messages, 2);
	assert_true(store_expire(tool, NOON + 90 * TUPLE_DAY, 1, &p->why));
	assert_int_equal(policies(s, 0, INT32_MAX).things, 0);
	assert_false(store_add(tool, &row, &p->why));
	assert_string_equal(p->why.text, "the store is open for reading only");
	store_close(tool);
	store_close(s);
}

static void tools_do_not_make_a_file(void **state)
{
	struct place *p = *state;

	assert_null(store_attach(p->path, &p->why));
	assert_non_null(strstr(p->why.text, "No such file"));
	assert_int_equal(access(p->path, F_OK), -1);
}

/* The file may not grow, as on a full disk: rows are refused with a reason, and accepted again when
 * it may. */
static void says_that_the_disk_is_full_and_recovers(void **state)
{
	struct place *p = *state;
	struct store *s = open_store(p, true);
	struct row row = sample_row();
	struct rlimit old, small;

	add(s, &row);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = (struct rlimit){.rlim_cur = 4096, .rlim_max = old.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	p->why.text[0] = '\0';
	assert_false(store_add(s, &row, &p->why));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_non_null(strstr(p->why.text, p->path));
	add(s, &row);
	assert_int_equal(policies(s, DAY, DAY).messages, 2);
	store_close(s);
}

/* Nobody waits for these rows: they are kept until they can be written. */
static void keeps_rows_in_memory_while_the_disk_is_full(void **state)
{
	struct place *p = *state;
	struct store *s = open_store(p, false);
	struct row row = sample_row();
	struct rlimit old, small;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = (struct rlimit){.rlim_cur = 4096, .rlim_max = old.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	add(s, &row);
	usleep(20000);
	add(s, &row);
	assert_int_equal(store_queued(s), 2);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	store_close(s);
	s = open_store(p, true);
	assert_int_equal(policies(s, DAY, DAY).messages, 2);
	store_close(s);
}

static void refuses_what_cannot_be_a_row(void **state)
{
	struct place *p = *state;
	struct store *s = open_store(p, true);
	struct row row = sample_row();
	char *large = calloc(1, 100000);

	memset(large, 'a', 99999);
	row.comment = large;
	assert_false(store_add(s, &row, &p->why));
	row = sample_row();
	row.when = -1;
	assert_false(store_add(s, &row, &p->why));
	assert_int_equal(policies(s, 0, INT32_MAX).things, 0);
	free(large);
	store_close(s);
	store_close(NULL);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, store_place_new, store_place_free)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(loses_nothing_under_many_threads),
	    TEST(keeps_every_answered_row_when_killed),
	    TEST(shares_the_file_with_a_tool),
	    TEST(tools_do_not_make_a_file),
	    TEST(says_that_the_disk_is_full_and_recovers),
	    TEST(keeps_rows_in_memory_while_the_disk_is_full),
	    TEST(refuses_what_cannot_be_a_row),
	};
	return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
