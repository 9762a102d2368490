/* test_report_sendmail.c - mail given to a command that takes it, fails, dies or never ends. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "report/report_sendmail.h"
#include "support/test.h"

struct place {
	char dir[64], program[96], output[96];
	struct error why;
};

static int set_up(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	snprintf(p->dir, sizeof(p->dir), "/tmp/alignd-test-sendmail-XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	snprintf(p->program, sizeof(p->program), "%s/sendmail", p->dir);
	snprintf(p->output, sizeof(p->output), "%s/output", p->dir);
	*state = p;
	return 0;
}

static int tear_down(void **state)
{
	struct place *p = *state;

	unlink(p->program);
	unlink(p->output);
	rmdir(p->dir);
	free(p);
	return 0;
}

/* Run a shell script as sendmail. */
static enum report_mailed run(struct place *p, const char *script, int seconds, const char *message,
			      size_t len)
{
	FILE *f = fopen(p->program, "we");

	assert_non_null(f);
	fprintf(f, "#!/bin/sh\nout=%s\n%s\n", p->output, script);
	fclose(f);
	assert_int_equal(chmod(p->program, 0700), 0);
	p->why.text[0] = '\0';
	return report_sendmail(p->program, seconds, "dmarc@mx.example", "r@a.example", message, len,
			       &p->why);
}

static void gives_arguments_and_lines(void **state)
{
	struct place *p = *state;
	char text[500];
	FILE *f;
	size_t n;

	assert_int_equal(
	    run(p, "echo \"$*\" >$out; cat >>$out", 5, "From: x\r\n\r\na\rb\r\n.\r\nc\r\n", 23),
	    REPORT_MAIL_TAKEN);
	f = fopen(p->output, "r");
	assert_non_null(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	fclose(f);
	assert_string_equal(text, "-i -f dmarc@mx.example -- r@a.example\nFrom: x\n\na\rb\n.\nc\n");
}

static void tells_refused_from_later(void **state)
{
	static const struct {
		const char *script;
		enum report_mailed result;
		const char *why;
	} rows[] = {
	    {"cat >/dev/null; exit 75", REPORT_MAIL_LATER, "exit status 75"},
	    {"cat >/dev/null; exit 67", REPORT_MAIL_REFUSED, "exit status 67"},
	    {"echo 'fatal: no such user' >&2; echo more; exit 67", REPORT_MAIL_REFUSED,
	     "fatal: no such user"},
	    {"exit 1", REPORT_MAIL_LATER, "exit status 1"},
	    {"kill -9 $$", REPORT_MAIL_LATER, "signal 9"},
	};
	struct place *p = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(run(p, rows[i].script, 5, "x\r\n", 3), rows[i].result);
		if (strstr(p->why.text, rows[i].why) == NULL || strstr(p->why.text, "more") != NULL)
			fail_msg("\"%s\" instead of \"%s\"", p->why.text, rows[i].why);
	}
}

/* More than any pipe holds, to a command that reads it all, none of it, or talks without end. */
static void survives_large_mail_and_commands_that_do_not_listen(void **state)
{
	static const struct {
		const char *script;
		enum report_mailed result;
	} rows[] = {
	    {"wc -c >$out", REPORT_MAIL_TAKEN},
	    {"exec <&-; exit 0", REPORT_MAIL_TAKEN},
	    {"head -c 3000000 /dev/zero; cat >/dev/null; exit 70", REPORT_MAIL_LATER},
	};
	struct place *p = *state;
	size_t len = 4000000;
	char *large = malloc(len);

	memset(large, 'x', len);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(run(p, rows[i].script, 10, large, len), rows[i].result);
	free(large);
}

static void kills_a_command_that_does_not_end(void **state)
{
	struct place *p = *state;
	int64_t start = clock_mono_ms();

	assert_int_equal(run(p, "exec sleep 600", 1, "x\r\n", 3), REPORT_MAIL_LATER);
	assert_true(clock_mono_ms() - start < 5000);
	assert_non_null(strstr(p->why.text, "did not end in 1 seconds"));
}

static void gives_it_no_descriptor_and_no_blocked_signal(void **state)
{
	struct place *p = *state;
	sigset_t all, old;
	struct stat st;
	int fd = open("/dev/null", O_RDONLY);

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(
	    run(p,
		"{ ls -l /proc/$$/fd | grep null; grep -E 'SigBlk.*[1-9a-f]|SigIgn.*[1-9a-f]...$'"
		" /proc/self/status; } >$out; exit 0",
		5, "x\r\n", 3),
	    REPORT_MAIL_TAKEN);
	assert_int_equal(stat(p->output, &st), 0);
	assert_int_equal(st.st_size, 0);
	signal(SIGPIPE, SIG_DFL);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	close(fd);
}

static void says_that_there_is_no_such_program(void **state)
{
	struct place *p = *state;

	assert_int_equal(report_sendmail("/nonexistent/sendmail", 5, "a@b.example", "c@d.example",
					 "x", 1, &p->why),
			 REPORT_MAIL_LATER);
	/* valgrind makes a fork() of posix_spawn()'s vfork(), which cannot tell why */
	assert_string_equal(p->why.text, getenv("ALIGND_UNDER") == NULL
					     ? "/nonexistent/sendmail: No such file or directory"
					     : "/nonexistent/sendmail: exit status 127");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(gives_arguments_and_lines),
	    TEST(tells_refused_from_later),
	    TEST(survives_large_mail_and_commands_that_do_not_listen),
	    TEST(kills_a_command_that_does_not_end),
	    TEST(gives_it_no_descriptor_and_no_blocked_signal),
	    TEST(says_that_there_is_no_such_program),
	};
	return cmocka_run_group_tests_name("report_sendmail", tests, NULL, NULL);
}
