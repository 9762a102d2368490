/* test_log.c - log lines: nothing from outside can forge one. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "support/test.h"

struct capture {
	int saved, pipe[2];
};

static void capture_start(struct capture *c)
{
	fflush(stderr);
	assert_int_equal(pipe(c->pipe), 0);
	c->saved = dup(STDERR_FILENO);
	assert_true(c->saved >= 0);
	dup2(c->pipe[1], STDERR_FILENO);
	close(c->pipe[1]);
}

/* Everything written to stderr meanwhile; under the size of a pipe, so that no writer waits. */
static const char *capture_end(struct capture *c, char text_r[16384])
{
	size_t n = 0;
	ssize_t got;

	dup2(c->saved, STDERR_FILENO);
	close(c->saved);
	while (n < 16383 && (got = read(c->pipe[0], text_r + n, 16383 - n)) > 0)
		n += (size_t)got;
	close(c->pipe[0]);
	text_r[n] = '\0';
	return text_r;
}

static void says_a_sentence(void **state)
{
	struct capture c;
	char text[16384];

	log_open(false, LOG_LEVEL_INFO);
	capture_start(&c);
	log_say(LOG_LEVEL_INFO, "listening on %s", "inet:8891");
	assert_string_equal(capture_end(&c, text), "alignd: listening on inet:8891\n");
}

static void tells_the_journal_how_important_it_is(void **state)
{
	struct capture c;
	char stream[64], text[16384];
	struct stat st;

	capture_start(&c);
	assert_int_equal(fstat(STDERR_FILENO, &st), 0);
	snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	log_open(false, LOG_LEVEL_INFO);
	log_say(LOG_LEVEL_WARNING, "the store is full");
	setenv("JOURNAL_STREAM", "1:1", 1); /* of a parent whose stderr was the journal's */
	log_open(false, LOG_LEVEL_INFO);
	log_say(LOG_LEVEL_WARNING, "the store is full");
	unsetenv("JOURNAL_STREAM");
	log_open(false, LOG_LEVEL_INFO);
	assert_string_equal(capture_end(&c, text),
			    "<4>the store is full\nalignd: the store is full\n");
}

static void writes_only_what_is_important_enough(void **state)
{
	struct logline l;
	struct capture c;
	char text[16384];

	log_open(false, LOG_LEVEL_WARNING);
	assert_true(log_wanted(LOG_LEVEL_ERROR));
	assert_true(log_wanted(LOG_LEVEL_WARNING));
	assert_false(log_wanted(LOG_LEVEL_NOTICE));
	capture_start(&c);
	log_say(LOG_LEVEL_NOTICE, "no");
	logline_start(&l, "Q1");
	logline_text(&l, "k", "v");
	logline_send(&l, LOG_LEVEL_INFO);
	log_say(LOG_LEVEL_WARNING, "yes");
	assert_string_equal(capture_end(&c, text), "alignd: yes\n");
	log_open(false, LOG_LEVEL_INFO);
}

static void a_sentence_stays_one_line(void **state)
{
	char huge[5000], text[16384];
	struct capture c;

	capture_start(&c);
	log_say(LOG_LEVEL_INFO, "from %s", "a\nalignd: forged\r\x1b[2J\x7f\xc3\xa4\t");
	assert_string_equal(capture_end(&c, text),
			    "alignd: from a\\x0aalignd: forged\\x0d\\x1b[2J\\x7f\\xc3\\xa4\\x09\n");
	memset(huge, '\n', sizeof(huge));
	huge[sizeof(huge) - 1] = '\0';
	capture_start(&c);
	log_say(LOG_LEVEL_INFO, "%s", huge);
	capture_end(&c, text);
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
	assert_true(strlen(text) < 5000);
}

/* One key=value line with this value between two others. */
static const char *line_with(const char *value, char text_r[16384])
{
	struct logline l;
	struct capture c;

	capture_start(&c);
	logline_start(&l, NULL);
	logline_text(&l, "event", "result");
	logline_text(&l, "from", value);
	if (value != NULL && strlen(value) > 1000) /* several hostile values in one line */
		for (int i = 0; i < 9; i++)
			logline_text(&l, "again", value);
	logline_int(&l, "ms", -38);
	logline_send(&l, LOG_LEVEL_INFO);
	return capture_end(&c, text_r);
}

static void values_cannot_leave_their_quotes(void **state)
{
	static const struct {
		const char *value, *line;
	} rows[] = {
	    {"x.example", "alignd: event=result from=x.example ms=-38\n"},
	    {NULL, "alignd: event=result ms=-38\n"},
	    {"", "alignd: event=result from=\"\" ms=-38\n"},
	    {"a b", "alignd: event=result from=\"a b\" ms=-38\n"},
	    {"a=b", "alignd: event=result from=\"a=b\" ms=-38\n"},
	    {"a\" action=accept x=\"",
	     "alignd: event=result from=\"a\\\" action=accept x=\\\"\" ms=-38\n"},
	    {"a\\", "alignd: event=result from=\"a\\\\\" ms=-38\n"},
	    {"a\\\"", "alignd: event=result from=\"a\\\\\\\"\" ms=-38\n"},
	    {"a\nb", "alignd: event=result from=\"a\\x0ab\" ms=-38\n"},
	    {"\xff", "alignd: event=result from=\"\\xff\" ms=-38\n"},
	};
	char text[16384];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_string_equal(line_with(rows[i].value, text), rows[i].line);
}

static void a_long_value_hides_nothing_behind_it(void **state)
{
	static const char bytes[] = {'a', '"', '\n', '\xff'};
	char value[3000], text[16384];

	for (size_t i = 0; i < sizeof(bytes); i++) {
		memset(value, bytes[i], sizeof(value));
		value[sizeof(value) - 1] = '\0';
		line_with(value, text);
		assert_string_equal(text + strlen(text) - 8, " ms=-38\n");
	}
}

static void the_queue_id_leads_and_is_escaped(void **state)
{
	struct logline l;
	struct capture c;
	char text[16384];

	capture_start(&c);
	logline_start(&l, "4ZtR1");
	logline_text(&l, "k", "v");
	logline_send(&l, LOG_LEVEL_INFO);
	logline_start(&l, "4Z\ntR1");
	logline_int(&l, "n", INT64_MIN);
	logline_send(&l, LOG_LEVEL_INFO);
	logline_start(&l, "");
	logline_text(&l, "k", "v");
	logline_send(&l, LOG_LEVEL_INFO);
	assert_string_equal(capture_end(&c, text), "alignd: 4ZtR1: k=v\n"
						   "alignd: 4Z\\x0atR1: n=-9223372036854775808\n"
						   "alignd: k=v\n");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(says_a_sentence),
	    cmocka_unit_test(tells_the_journal_how_important_it_is),
	    cmocka_unit_test(writes_only_what_is_important_enough),
	    cmocka_unit_test(a_sentence_stays_one_line),
	    cmocka_unit_test(values_cannot_leave_their_quotes),
	    cmocka_unit_test(a_long_value_hides_nothing_behind_it),
	    cmocka_unit_test(the_queue_id_leads_and_is_escaped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
