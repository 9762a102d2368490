/* test_report_show.c - reports for a person. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/report_show.h"
#include "support/report_world.h"
#include "support/test.h"

static void assert_contains(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("no \"%s\" in:\n%s", part, text);
}

static void lists_reports_and_destinations(void **state)
{
	struct report_world *w = *state;
	char *text;
	size_t n, count;
	FILE *f = open_memstream(&text, &n);

	saw(w, "a.example", "mailto:r@a.example,mailto:gone@a.example", true);
	saw(w, "b.example", "mailto:r@c.example", true);
	smtp_sink_answer(w->sink, "RCPT", "gone", "550 5.1.1 no such user");
	run_at(w, 0, NULL);
	assert_true(report_list(w->store, DAY, DAY, NULL, f, &count, NULL));
	fclose(f);
	assert_contains(text, "2024-10-04 sent       a.example  20241004");
	assert_contains(text, "\n           failed     gone@a.example  550 5.1.1 no such user\n");
	assert_contains(text, "\n           sent       r@a.example\n");
	assert_contains(text, "2024-10-04 suppressed b.example  20241004");
	assert_contains(text, "\n           r@c.example: the destination has not agreed");
	assert_int_equal(count, 2);
	free(text);
	f = open_memstream(&text, &n);
	assert_true(report_list(w->store, DAY, DAY, "b.example", f, &count, NULL));
	assert_true(report_list(w->store, DAY + 1, DAY + 1, NULL, f, &count, NULL));
	assert_int_equal(count, 0);
	fclose(f);
	assert_memory_equal(text, "2024-10-04 suppressed b.example", 31);
	assert_null(strstr(text, "a.example"));
	free(text);
}

static void lists_what_will_be_reported(void **state)
{
	struct report_world *w = *state;
	char *text;
	size_t n, count;
	FILE *f = open_memstream(&text, &n);

	saw(w, "a.example", "mailto:r@a.example", true);
	saw(w, "silent.example", "", true);
	assert_true(report_list(w->store, DAY, DAY, NULL, f, &count, NULL));
	fclose(f);
	assert_int_equal(count, 1);
	assert_string_equal(text, "2024-10-04 waiting    a.example  1 message\n");
	free(text);
}

/* The reason stands once, behind the destination. */
static void lists_when_a_report_that_was_put_off_is_sent(void **state)
{
	struct report_world *w = *state;
	char *text;
	size_t n, count;
	FILE *f = open_memstream(&text, &n);

	saw(w, "a.example", "mailto:r@a.example", true);
	smtp_sink_answer(w->sink, "RCPT", "r@", "451 4.3.0 later");
	run_at(w, 0, NULL);
	assert_true(report_list(w->store, DAY, DAY, NULL, f, &count, NULL));
	fclose(f);
	assert_contains(text, "2024-10-04 due        a.example  20241004");
	assert_contains(text, "  from 2024-10-05 ");
	assert_contains(text, " UTC\n           due        r@a.example  451 4.3.0 later\n");
	assert_null(strstr(strstr(text, "later") + 1, "later"));
	free(text);
}

/* Any past day can be shown again, byte for byte, sent or not. */
static void shows_the_document(void **state)
{
	struct report_world *w = *state;
	char *text[2];
	size_t n;

	saw(w, "a.example", "", true);
	for (int i = 0; i < 2; i++) {
		FILE *f = open_memstream(&text[i], &n);

		assert_true(report_show(&w->settings, w->store, DAY, "a.example", f, NULL));
		fclose(f);
		run_at(w, 0, NULL);
	}
	assert_string_equal(text[0], text[1]);
	assert_contains(text[0], "<domain>a.example</domain>");
	assert_contains(text[0], "<org_name>mx.example</org_name>");
	assert_contains(text[0], "</feedback>\n");
	assert_false(report_show(&w->settings, w->store, DAY, "b.example", stdout, &w->place->why));
	assert_string_equal(w->place->why.text, "nothing to report about b.example on 2024-10-04");
	free(text[0]);
	free(text[1]);
}

static void previews_without_sending(void **state)
{
	struct report_world *w = *state;
	char *text;
	size_t n, count;
	FILE *f = open_memstream(&text, &n);

	saw(w, "a.example", "mailto:r@a.example,mailto:x@c.example", true);
	saw(w, "b.example", "mailto:r@c.example", true);
	assert_true(report_preview(&w->run, NULL, f, &count, NULL));
	fclose(f);
	assert_int_equal(count, 2);
	assert_contains(text, "2024-10-04 a.example  20241004");
	assert_contains(
	    text,
	    "  1 message\n           to r@a.example\n           not to x@c.example: the dest");
	assert_contains(text, "not sent: r@c.example: the destination has not agreed");
	assert_int_equal(smtp_sink_count(w->sink), 0);
	assert_states(w, "a.example due; b.example due; ");
	free(text);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, report_world_new, report_world_free)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(lists_reports_and_destinations),
	    TEST(lists_what_will_be_reported),
	    TEST(lists_when_a_report_that_was_put_off_is_sent),
	    TEST(shows_the_document),
	    TEST(previews_without_sending),
	};
	return cmocka_run_group_tests_name("report_show", tests, NULL, NULL);
}
