/* report_world.c - everything a run of reports meets. */
#include "report_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

static void hear(void *arg, const char *line)
{
	struct report_world *w = arg;
	size_t n = strlen(w->said);

	snprintf(w->said + n, sizeof(w->said) - n, "%s\n", line);
}

int report_world_new(void **state)
{
	struct report_world *w = calloc(1, sizeof(*w));
	void *place;

	assert_non_null(w);
	store_place_new(&place);
	w->place = place;
	w->store = open_store(w->place, true);
	w->resolver = fake_resolver_new();
	w->sink = smtp_sink_new();
	w->clock = (struct clock){.fixed = true, .now = NOON + TUPLE_DAY};
	w->settings = (struct report_settings){
	    .from = "dmarc@mx.example",
	    .org = "",
	    .contact = "",
	    .to = REPORT_TO_ALL,
	    .mailer = {.smtp = smtp_sink_url(w->sink), .helo = "mx.example", .seconds = 5},
	    .max_per_day = 1000,
	    .size_limit = 10 << 20,
	};
	w->run = (struct report_run){
	    .settings = &w->settings,
	    .store = w->store,
	    .resolver = w->resolver,
	    .clock = &w->clock,
	    .say = hear,
	    .say_arg = w,
	};
	*state = w;
	return 0;
}

int report_world_free(void **state)
{
	struct report_world *w = *state;
	void *place = w->place;

	smtp_sink_free(w->sink);
	resolver_free(w->resolver);
	store_close(w->store);
	free(w);
	return store_place_free(&place);
}

void saw(struct report_world *w, const char *domain, const char *rua, bool passed)
{
	struct row row = sample_row();

	row.policy.domain = row.header_from = domain;
	row.policy.rua = rua;
	row.dkim_aligned = passed;
	row.disposition = passed ? "pass" : "reject";
	row.dmarc = passed ? "pass" : "fail";
	row.reason = row.comment = "";
	add(w->store, &row);
}

struct report_tally run_at(struct report_world *w, time_t after, const char *domain)
{
	struct error why = {.text = ""};
	struct report_tally t;

	w->clock.now = NOON + TUPLE_DAY + after;
	if (!report_send(&w->run, domain, &t, &why))
		fail_msg("%s", why.text);
	return t;
}

static bool note_state(void *arg, const struct store_report *r)
{
	char *text = arg;
	size_t n = strlen(text);

	snprintf(text + n, 4096 - n, "%s %s; ", r->domain, report_state_name(r->state));
	return true;
}

void assert_states(struct report_world *w, const char *wanted)
{
	char text[4096] = "";

	assert_true(store_reports(w->store, 0, INT32_MAX, note_state, text, NULL));
	assert_string_equal(text, wanted);
}
