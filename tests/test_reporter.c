/* test_reporter.c - the daemon's background thread, with a store, a mail server and a clock of the
 * test. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "session/reporter.h"
#include "support/config_text.h"
#include "support/fake_resolver.h"
#include "support/smtp_sink.h"
#include "support/store_place.h"
#include "support/test.h"

#define SOON_MS 5000 /* what happens in milliseconds has happened by then */

struct world {
	struct place *place;
	struct smtp_sink *sink;
	struct app app;
};

/* A store with one row of DAY, and the app `days` later. */
static struct world *open_world(int days, const char *options)
{
	struct world *w = calloc(1, sizeof(*w));
	struct row row = sample_row();
	struct clock clock = {true, NOON + days * TUPLE_DAY};
	struct store *store;
	char text[512];
	void *place;

	log_open(false, LOG_LEVEL_ERROR);
	store_place_new(&place);
	w->place = place;
	w->sink = smtp_sink_new();
	store = open_store(w->place, true);
	add(store, &row);
	snprintf(
	    text, sizeof(text),
	    "reports = yes\nreport_from = r@mx.example\nreport_to = all\nreport_smtp = \"%s\"\n%s",
	    smtp_sink_url(w->sink), options);
	assert_true(
	    app_init(&w->app, config_of(text), &clock, fake_resolver_new(), store, &w->place->why));
	return w;
}

static void close_world(struct world *w)
{
	void *place = w->place;

	app_close(&w->app);
	smtp_sink_free(w->sink);
	store_place_free(&place);
	free(w);
}

static void sends_what_is_due_and_ends_when_told(void **state)
{
	struct world *w = open_world(1, "");
	struct reporter *r = reporter_start(&w->app);

	assert_non_null(r);
	for (int i = 0; i < SOON_MS && smtp_sink_count(w->sink) == 0; i++)
		usleep(1000);
	assert_true(reporter_stop(r, SOON_MS));
	assert_int_equal(smtp_sink_count(w->sink), 1);
	assert_string_equal(smtp_sink_recipients(w->sink), "r@a.example ");
	close_world(w);
}

static void deletes_old_rows(void **state)
{
	struct world *w = open_world(40, "keep = 30d\n");
	struct reporter *r = reporter_start(&w->app);
	struct seen s;

	do {
		usleep(1000);
		s = policies(w->app.store, 0, INT64_MAX);
	} while (s.things > 0);
	assert_true(reporter_stop(r, SOON_MS));
	assert_int_equal(smtp_sink_count(w->sink), 0);
	close_world(w);
}

static void waits_no_longer_than_told(void **state)
{
	char path[] = "/tmp/alignd-test-XXXXXX", busy[] = "/tmp/alignd-test-XXXXXX", text[64],
	     script[128];
	int fd = mkstemp(path), flag = mkstemp(busy);
	struct reporter *r;
	struct world *w;
	struct stat st;

	snprintf(script, sizeof(script), "#!/bin/sh\necho >%s\nexec sleep 0.3\n", busy);
	assert_int_equal(write(fd, script, strlen(script)), strlen(script));
	assert_int_equal(fchmod(fd, 0700), 0);
	close(fd);
	snprintf(text, sizeof(text), "report_sendmail = \"%s\"\n", path);
	w = open_world(1, text);
	r = reporter_start(&w->app);
	do
		usleep(1000);
	while (fstat(flag, &st) == 0 && st.st_size == 0);
	assert_false(reporter_stop(r, 10));
	assert_true(reporter_stop(r, SOON_MS));
	close_world(w);
	close(flag);
	unlink(busy);
	unlink(path);
}

static void is_not_there_without_a_store(void **state)
{
	const struct clock now = {true, NOON};
	struct error why;
	struct app app;

	assert_true(
	    app_init(&app, config_of("store = none\n"), &now, fake_resolver_new(), NULL, &why));
	assert_null(reporter_start(&app));
	assert_true(reporter_stop(NULL, 0));
	app_close(&app);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(sends_what_is_due_and_ends_when_told),
	    cmocka_unit_test(deletes_old_rows),
	    cmocka_unit_test(waits_no_longer_than_told),
	    cmocka_unit_test(is_not_there_without_a_store),
	};
	return cmocka_run_group_tests_name("reporter", tests, NULL, NULL);
}
