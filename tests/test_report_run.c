/* test_report_run.c - whole runs: who gets reports, once, and what happens when something is in the
 * way. */
#include <stdio.h>
#include <string.h>

#include "support/report_world.h"
#include "support/test.h"

#define HOUR 3600

/* A34, A57: once, whoever runs and however often. */
static void sends_each_report_once(void **state)
{
	struct report_world *w = *state;
	struct report_tally t;

	saw(w, "a.example", "mailto:r@a.example,mailto:s@a.example", true);
	saw(w, "b.example", "mailto:r@b.example", false);
	saw(w, "c.example", "", true);
	t = run_at(w, 0, NULL);
	assert_int_equal(t.entered, 2);
	assert_int_equal(t.mails, 3);
	assert_int_equal(t.sent, 2);
	t = run_at(w, HOUR, NULL);
	assert_int_equal(t.entered + t.mails + t.sent, 0);
	t = run_at(w, 30 * HOUR, "a.example");
	assert_int_equal(t.entered + t.mails + t.sent, 0);
	assert_states(w, "a.example sent; b.example sent; ");
	assert_int_equal(smtp_sink_count(w->sink), 3);
	assert_non_null(strstr(w->said, " for b.example: sent\n"));
}

/* A62: due in the first hours of the next day, not at midnight; the day itself is never reported.
 */
static void waits_for_the_end_of_the_day_and_spreads(void **state)
{
	struct report_world *w = *state;
	char domain[32], rua[48];
	unsigned early;

	for (int i = 0; i < 40; i++) {
		snprintf(domain, sizeof(domain), "d%d.example", i);
		snprintf(rua, sizeof(rua), "mailto:r@d%d.example", i);
		saw(w, domain, rua, true);
	}
	assert_int_equal(run_at(w, -12 * HOUR + 899, NULL).entered, 0);
	assert_int_equal(run_at(w, -12 * HOUR + 900, NULL).entered, 40);
	early = run_at(w, -12 * HOUR + 900 + 2 * HOUR, NULL).mails;
	assert_in_range(early, 5, 35);
	assert_int_equal(early + run_at(w, -12 * HOUR + 900 + 4 * HOUR, NULL).mails, 40);
}

/* The scene that had a host listed: spam domains that ask for reports, and real ones. */
static void sends_nothing_to_those_who_only_flood_or_forge(void **state)
{
	struct report_world *w = *state;
	char domain[32], rua[48];
	struct report_tally t;

	w->settings.to = REPORT_TO_EARNED;
	for (int i = 0; i < 91; i++) {
		snprintf(domain, sizeof(domain), "d%d.example", i);
		snprintf(rua, sizeof(rua), "mailto:r@d%d.example", i);
		saw(w, domain, rua, false);
		if (i < 10)
			saw(w, domain, rua, true);
	}
	t = run_at(w, 0, NULL);
	assert_int_equal(t.mails, 10);
	assert_int_equal(t.suppressed, 81);
	assert_int_equal(smtp_sink_count(w->sink), 10);
	assert_non_null(
	    strstr(w->said, "suppressed: no accepted message of it passed DMARC in 30 days\n"));
}

static void listed_domains_always_get_theirs(void **state)
{
	static const char *const listed[] = {"b.example"};
	struct report_world *w = *state;

	w->settings.domains = listed;
	w->settings.domain_count = 1;
	w->settings.to = REPORT_TO_LISTED;
	saw(w, "a.example", "mailto:r@a.example", true);
	saw(w, "sub.b.example", "mailto:r@b.example", false);
	fake_resolver_add(w->resolver, "_dmarc.b.example", DNS_TXT, "v=DMARC1; p=none");
	assert_int_equal(run_at(w, 0, NULL).mails, 1);
	assert_string_equal(smtp_sink_recipients(w->sink), "r@b.example ");
	assert_states(w, "a.example suppressed; sub.b.example sent; ");
}

/* A50, A56: every destination on its own. */
static void asks_outsiders_first_and_again_after_a_dns_failure(void **state)
{
	static const char NAME[] = "a.example._report._dmarc.c.example";
	struct report_world *w = *state;
	struct report_tally t;

	saw(w, "a.example", "mailto:x@b.example,mailto:r@a.example,mailto:y@c.example", true);
	fake_resolver_fail(w->resolver, NAME, DNS_TXT, DNS_SERVFAIL);
	t = run_at(w, 0, NULL);
	assert_int_equal(t.mails, 1);
	assert_int_equal(t.put_off, 1);
	assert_string_equal(smtp_sink_recipients(w->sink), "r@a.example ");
	assert_non_null(strstr(w->said, "y@c.example: DNS failure"));
	assert_int_equal(run_at(w, 899, NULL).put_off, 0);
	resolver_free(w->resolver);
	w->run.resolver = w->resolver = fake_resolver_new();
	fake_resolver_add(w->resolver, NAME, DNS_TXT, "v=DMARC1");
	t = run_at(w, 900, NULL);
	assert_int_equal(t.mails, 1);
	assert_int_equal(t.sent, 1);
	assert_string_equal(smtp_sink_recipients(w->sink), "r@a.example y@c.example ");
}

static void tells_nobody_who_has_not_agreed(void **state)
{
	struct report_world *w = *state;

	saw(w, "a.example", "mailto:x@b.example", true);
	saw(w, "b.example", "https://b.example/r", true);
	saw(w, "c.example", "mailto:DMARC@mx.example", true);
	assert_int_equal(run_at(w, 0, NULL).suppressed, 3);
	assert_int_equal(smtp_sink_count(w->sink), 0);
	assert_non_null(strstr(w->said, "suppressed: x@b.example: the destination has not agreed"));
	assert_non_null(strstr(w->said, "suppressed: no mail address in rua\n"));
	assert_non_null(strstr(w->said, "suppressed: DMARC@mx.example: our own address\n"));
}

/* A57: kept and tried again, not for ever; those who have it are not sent it again. */
static void tries_again_with_longer_pauses_and_gives_up(void **state)
{
	struct report_world *w = *state;
	time_t at = 0, pause = 900;

	saw(w, "a.example", "mailto:r@a.example,mailto:full@a.example", true);
	smtp_sink_answer(w->sink, "RCPT", "full", "452 4.2.2 mailbox full");
	assert_int_equal(run_at(w, at, NULL).put_off, 1);
	for (int attempt = 2; attempt < 10; attempt++) {
		assert_int_equal(run_at(w, at + pause - 1, NULL).put_off, 0);
		at += pause;
		assert_int_equal(run_at(w, at, NULL).put_off, 1);
		pause = pause < 3 * HOUR ? 2 * pause : 6 * HOUR;
	}
	assert_int_equal(run_at(w, at + 6 * HOUR, NULL).sent, 1);
	assert_int_equal(run_at(w, at + 20 * HOUR, NULL).sent, 0);
	assert_string_equal(smtp_sink_recipients(w->sink), "r@a.example ");
	assert_non_null(strstr(w->said, "sent: full@a.example: 452 4.2.2 mailbox full\n"));
}

static void believes_a_refusal(void **state)
{
	struct report_world *w = *state;

	saw(w, "a.example", "mailto:gone@a.example", true);
	smtp_sink_answer(w->sink, "RCPT", "gone", "550 5.1.1 no such user");
	assert_int_equal(run_at(w, 0, NULL).failed, 1);
	assert_int_equal(run_at(w, HOUR, NULL).failed, 0);
	smtp_sink_answer(w->sink, "RCPT", "", NULL);
	assert_int_equal(run_at(w, HOUR, "a.example").sent, 1);
	assert_states(w, "a.example sent; ");
}

static void stops_at_the_daily_limit_and_goes_on_tomorrow(void **state)
{
	struct report_world *w = *state;
	char domain[32], rua[48];

	w->settings.max_per_day = 3;
	for (int i = 0; i < 7; i++) {
		snprintf(domain, sizeof(domain), "d%d.example", i);
		snprintf(rua, sizeof(rua), "mailto:r@d%d.example", i);
		saw(w, domain, rua, true);
	}
	assert_int_equal(run_at(w, 0, NULL).mails, 3);
	assert_int_equal(run_at(w, HOUR, NULL).mails, 0);
	assert_int_equal(run_at(w, 24 * HOUR, NULL).mails, 3);
	assert_int_equal(run_at(w, 48 * HOUR, NULL).mails, 1);
}

/* A02: one report for each policy, eight at most. */
static void reports_each_policy_of_a_day_apart(void **state)
{
	static const char *const fo[] = {"0",	"1",   "d",   "s",   "0:d",
					 "0:s", "1:d", "1:s", "d:s", "0:d:s"};
	struct report_world *w = *state;
	struct row row = sample_row();

	for (size_t i = 0; i < ARRAY_SIZE(fo); i++) {
		row.policy.fo = fo[i];
		row.when = NOON + (time_t)i;
		add(w->store, &row);
	}
	assert_int_equal(run_at(w, 0, NULL).mails, 8);
}

static void leaves_out_the_rarest_until_the_mail_fits(void **state)
{
	struct report_world *w = *state;
	struct store *quick;
	struct row row = sample_row();
	char ip[32];

	store_close(w->store);
	quick = open_store(w->place, false);
	for (int i = 0; i < 4000; i++) {
		snprintf(ip, sizeof(ip), "10.%d.%d.%d", i * 7 % 251, i * 13 % 241, i % 239);
		row.source_ip = ip;
		add(quick, &row);
	}
	store_close(quick);
	w->run.store = w->store = open_store(w->place, true);
	w->settings.size_limit = 30000;
	assert_int_equal(run_at(w, 0, NULL).mails, 1);
	assert_true(strlen(smtp_sink_last(w->sink)) < 30000);
	assert_true(strlen(smtp_sink_last(w->sink)) > 10000);
	w->settings.size_limit = 100;
	row.policy.domain = "b.example";
	row.policy.rua = "mailto:r@b.example";
	add(w->store, &row);
	assert_int_equal(run_at(w, 0, NULL).failed, 1);
	assert_non_null(
	    strstr(w->said, "failed: r@b.example: the report does not fit into a mail\n"));
}

static void sends_one_day_when_asked(void **state)
{
	struct report_world *w = *state;
	struct row row = sample_row();
	struct report_tally t;
	int64_t day = DAY - 20;

	saw(w, "a.example", "mailto:r@a.example", true);
	row.when -= 20 * TUPLE_DAY;
	row.policy.domain = "b.example";
	row.policy.rua = "mailto:r@b.example";
	add(w->store, &row);
	w->run.day = &day;
	assert_int_equal(run_at(w, 0, NULL).mails, 1);
	assert_string_equal(smtp_sink_recipients(w->sink), "r@b.example ");
	assert_int_equal(run_at(w, 0, NULL).mails, 0);
	day = DAY + 1;
	assert_false(report_send(&w->run, NULL, &t, &w->place->why));
	assert_non_null(strstr(w->place->why.text, "the day has not ended"));
	w->run.day = NULL;
	assert_int_equal(run_at(w, 0, NULL).mails, 1);
}

static void stops_when_told(void **state)
{
	struct report_world *w = *state;
	atomic_bool stop = true;

	saw(w, "a.example", "mailto:r@a.example", true);
	w->run.stop = &stop;
	assert_int_equal(run_at(w, 0, NULL).mails, 0);
	stop = false;
	assert_int_equal(run_at(w, 0, NULL).mails, 1);
}

/* Rows of days long past are not dug out after an outage. */
static void leaves_old_days_alone(void **state)
{
	struct report_world *w = *state;

	saw(w, "a.example", "mailto:r@a.example", true);
	assert_int_equal(run_at(w, 7 * 24 * HOUR, NULL).entered, 0);
	assert_int_equal(run_at(w, 6 * 24 * HOUR, NULL).entered, 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, report_world_new, report_world_free)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(sends_each_report_once),
	    TEST(waits_for_the_end_of_the_day_and_spreads),
	    TEST(sends_nothing_to_those_who_only_flood_or_forge),
	    TEST(listed_domains_always_get_theirs),
	    TEST(asks_outsiders_first_and_again_after_a_dns_failure),
	    TEST(tells_nobody_who_has_not_agreed),
	    TEST(tries_again_with_longer_pauses_and_gives_up),
	    TEST(believes_a_refusal),
	    TEST(stops_at_the_daily_limit_and_goes_on_tomorrow),
	    TEST(reports_each_policy_of_a_day_apart),
	    TEST(leaves_out_the_rarest_until_the_mail_fits),
	    TEST(sends_one_day_when_asked),
	    TEST(stops_when_told),
	    TEST(leaves_old_days_alone),
	};
	return cmocka_run_group_tests_name("report_run", tests, NULL, NULL);
}
