/* test_store_sqlite.c - every way a file can be wrong has its sentence. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/store_sqlite.h"
#include "support/store_place.h"
#include "support/test.h"

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void assert_says(const struct place *p, const char *reason)
{
	if (strstr(p->why.text, reason) == NULL || strstr(p->why.text, p->path) == NULL)
		fail_msg("\"%s\" instead of \"%s\"", p->why.text, reason);
}

/* Before the start and at it. */
static void assert_refused(struct place *p, const char *reason)
{
	assert_false(store_check(p->path, &p->why));
	assert_says(p, reason);
	assert_null(store_open(p->path, true, &p->why));
	assert_says(p, reason);
}

static void refuses_a_text_file(void **state)
{
	struct place *p = *state;

	write_file(p->path,
		   "This is a letter and no database at all, however long one makes it.\n");
	assert_refused(p, "not an alignd store");
}

static void refuses_the_database_of_another_program(void **state)
{
	struct place *p = *state;

	place_run_sql(p, "PRAGMA application_id=7");
	assert_refused(p, "another program");
}

static void refuses_a_damaged_file(void **state)
{
	struct place *p = *state;
	char junk[4096];
	int fd;

	place_run_sql(p, "PRAGMA user_version");
	memset(junk, 0xa5, sizeof(junk));
	fd = open(p->path, O_WRONLY);
	assert_true(fd >= 0);
	/* the page of the table list, behind the file's own header */
	assert_int_equal(pwrite(fd, junk, sizeof(junk) - 100, 100), (ssize_t)sizeof(junk) - 100);
	close(fd);
	assert_refused(p, "damaged");
}

static void refuses_a_missing_directory(void **state)
{
	struct place *p = *state;
	char path[96];

	memcpy(path, p->path, sizeof(path));
	snprintf(p->path, sizeof(p->path), "%s/none/store.db", p->dir);
	assert_refused(p, "No such file or directory");
	memcpy(p->path, path, sizeof(path));
}

static void a_check_makes_nothing_and_changes_nothing(void **state)
{
	struct place *p = *state;
	struct stat before, after;

	assert_true(store_check(p->path, &p->why));
	assert_int_equal(access(p->path, F_OK), -1);
	place_run_sql(p, "PRAGMA user_version=0"); /* as an older alignd left it */
	assert_int_equal(stat(p->path, &before), 0);
	assert_true(store_check(p->path, &p->why));
	assert_int_equal(stat(p->path, &after), 0);
	assert_memory_equal(&before.st_mtim, &after.st_mtim, sizeof(before.st_mtim));
}

static void refuses_what_a_newer_alignd_wrote(void **state)
{
	struct place *p = *state;

	place_run_sql(p, "PRAGMA user_version=999");
	assert_refused(p, "a newer alignd (schema 999");
}

static void makes_a_file_that_others_cannot_read(void **state)
{
	struct place *p = *state;
	struct stat st;

	store_close(open_store(p, true));
	assert_int_equal(stat(p->path, &st), 0);
	assert_int_equal(st.st_mode & 07, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, store_place_new, store_place_free)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(refuses_a_text_file),
	    TEST(refuses_the_database_of_another_program),
	    TEST(refuses_a_damaged_file),
	    TEST(refuses_a_missing_directory),
	    TEST(a_check_makes_nothing_and_changes_nothing),
	    TEST(refuses_what_a_newer_alignd_wrote),
	    TEST(makes_a_file_that_others_cannot_read),
	};
	return cmocka_run_group_tests_name("store_sqlite", tests, NULL, NULL);
}
