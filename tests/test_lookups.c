/* test_lookups.c - the DNS questions of one message. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "dns/lookups.h"
#include "support/fake_resolver.h"
#include "support/test.h"

struct fixture {
	struct resolver *resolver;
	struct lookups *lookups;
};

static int set_up(void **state)
{
	static struct fixture f;

	f.resolver = fake_resolver_new();
	f.lookups = lookups_new(f.resolver);
	assert_non_null(f.lookups);
	fake_resolver_add(f.resolver, "example.org", DNS_TXT, "v=spf1 -all");
	fake_resolver_add(f.resolver, "example.org", DNS_A, "192.0.2.1");
	fake_resolver_add(f.resolver, "example.org", DNS_MX, "10 mx.example.org");
	fake_resolver_fail(f.resolver, "silent.example", DNS_A, DNS_TIMEOUT);
	fake_resolver_fail(f.resolver, "broken.example", DNS_A, DNS_SERVFAIL);
	lookups_deadline(f.lookups, clock_mono_ms() + 5000);
	*state = &f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	lookups_free(f->lookups);
	resolver_free(f->resolver);
	return 0;
}

static void answers_keep_the_kind_of_failure(void **state)
{
	static const struct {
		const char *name;
		enum dns_type type;
		enum dns_status status;
		bool failed;
	} rows[] = {
	    {"example.org", DNS_TXT, DNS_OK, false},
	    {"example.org", DNS_AAAA, DNS_NODATA, false},
	    {"example.net", DNS_A, DNS_NXDOMAIN, false},
	    {"broken.example", DNS_A, DNS_SERVFAIL, true},
	    {"a..b", DNS_A, DNS_NXDOMAIN, false},
	    {"", DNS_A, DNS_NXDOMAIN, false},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct dns_answer *a = lookups_wait(f->lookups, rows[i].name, rows[i].type);

		assert_int_equal(a->status, rows[i].status);
		assert_int_equal(dns_failed(a), rows[i].failed);
	}
	assert_int_equal(fake_resolver_asked(f->resolver, "a..b", DNS_A), 0);
}

static void a_name_too_long_is_not_asked(void **state)
{
	struct fixture *f = *state;
	char name[260];

	memset(name, 'a', sizeof(name));
	for (size_t i = 50; i < sizeof(name); i += 51)
		name[i] = '.';
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(lookups_wait(f->lookups, name, DNS_A)->status, DNS_NXDOMAIN);
	lookups_hint(f->lookups, name, DNS_A);
	assert_int_equal(lookups_count(f->lookups), 0);
}

static void records_are_decoded(void **state)
{
	struct fixture *f = *state;
	const struct dns_answer *a = lookups_wait(f->lookups, "example.org", DNS_MX);

	assert_int_equal(a->count, 1);
	assert_string_equal(a->records[0].data, "mx.example.org");
	a = lookups_wait(f->lookups, "example.org", DNS_A);
	assert_int_equal(a->records[0].len, 4);
	assert_memory_equal(a->records[0].data, "\xc0\x00\x02\x01", 4);
}

static void each_question_is_asked_once_whatever_its_case(void **state)
{
	struct fixture *f = *state;
	const struct dns_answer *a;

	lookups_hint(f->lookups, "Example.ORG", DNS_TXT);
	lookups_hint(f->lookups, "example.org", DNS_TXT);
	a = lookups_wait(f->lookups, "EXAMPLE.org", DNS_TXT);
	assert_ptr_equal(a, lookups_wait(f->lookups, "example.org", DNS_TXT));
	assert_int_equal(fake_resolver_asked(f->resolver, "example.org", DNS_TXT), 1);
	assert_int_equal(lookups_count(f->lookups), 1);
	lookups_wait(f->lookups, "example.org", DNS_A);
	assert_int_equal(lookups_count(f->lookups), 2);
}

static void an_answer_from_another_thread_is_waited_for(void **state)
{
	struct fixture *f = *state;

	fake_resolver_delay(f->resolver, 5);
	lookups_hint(f->lookups, "example.org", DNS_TXT);
	assert_int_equal(lookups_wait(f->lookups, "example.org", DNS_A)->status, DNS_OK);
	assert_int_equal(lookups_wait(f->lookups, "example.org", DNS_TXT)->status, DNS_OK);
}

static void a_silent_question_ends_at_the_deadline(void **state)
{
	struct fixture *f = *state;
	int64_t start = clock_mono_ms();

	lookups_deadline(f->lookups, start + 20);
	assert_int_equal(lookups_wait(f->lookups, "silent.example", DNS_A)->status, DNS_TIMEOUT);
	assert_true(clock_mono_ms() >= start + 20);
	assert_int_equal(lookups_wait(f->lookups, "silent.example", DNS_A)->status, DNS_TIMEOUT);
	assert_true(clock_mono_ms() < start + 2000);
}

static void without_a_deadline_only_what_is_known_is_returned(void **state)
{
	struct fixture *f = *state;

	lookups_reset(f->lookups);
	assert_int_equal(lookups_wait(f->lookups, "example.org", DNS_A)->status, DNS_OK);
	assert_int_equal(lookups_wait(f->lookups, "silent.example", DNS_A)->status, DNS_TIMEOUT);
	lookups_deadline(f->lookups, -7);
	assert_int_equal(lookups_wait(f->lookups, "silent.example", DNS_A)->status, DNS_TIMEOUT);
}

static void a_question_given_up_stays_so_until_there_is_more_time(void **state)
{
	struct fixture *f = *state;
	int64_t now = clock_mono_ms();

	fake_resolver_delay(f->resolver, 15);
	lookups_deadline(f->lookups, now + 1);
	assert_int_equal(lookups_wait(f->lookups, "example.org", DNS_A)->status, DNS_TIMEOUT);
	usleep(40000);
	assert_int_equal(lookups_wait(f->lookups, "example.org", DNS_A)->status, DNS_TIMEOUT);
	lookups_deadline(f->lookups, now + 5000);
	assert_int_equal(lookups_wait(f->lookups, "example.org", DNS_A)->status, DNS_OK);
	lookups_deadline(f->lookups, now + 1);
	assert_int_equal(lookups_wait(f->lookups, "example.org", DNS_A)->status, DNS_TIMEOUT);
}

static void one_message_asks_no_more_than_its_limit(void **state)
{
	struct fixture *f = *state;
	const struct dns_answer *a = NULL;
	char name[32];

	for (int i = 0; i < MAX_MESSAGE_QUESTIONS; i++) {
		snprintf(name, sizeof(name), "n%d.example", i);
		a = lookups_wait(f->lookups, name, DNS_A);
		assert_int_equal(a->status, DNS_NXDOMAIN);
	}
	assert_int_equal(lookups_wait(f->lookups, "example.org", DNS_A)->status, DNS_REFUSED_HERE);
	assert_int_equal(lookups_wait(f->lookups, "n0.example", DNS_A)->status, DNS_NXDOMAIN);
	assert_int_equal(lookups_count(f->lookups), MAX_MESSAGE_QUESTIONS);
	assert_true(lookups_refused(f->lookups));
	lookups_reset(f->lookups);
	assert_false(lookups_refused(f->lookups));
	assert_int_equal(lookups_wait(f->lookups, "example.org", DNS_A)->status, DNS_OK);
}

static void hints_have_their_own_limit(void **state)
{
	struct fixture *f = *state;
	char name[32];

	for (int i = 0; i < 2 * MAX_HINTED_QUESTIONS; i++) {
		snprintf(name, sizeof(name), "n%d.example", i);
		lookups_hint(f->lookups, name, DNS_A);
	}
	assert_int_equal(lookups_count(f->lookups), MAX_HINTED_QUESTIONS);
	lookups_hint_sure(f->lookups, "example.org", DNS_TXT);
	assert_int_equal(fake_resolver_asked(f->resolver, "example.org", DNS_TXT), 1);
	assert_int_equal(lookups_wait(f->lookups, "example.org", DNS_A)->status, DNS_OK);
	assert_false(lookups_refused(f->lookups));
}

/* -- follows
 * ---------------------------------------------------------------------------------------- */

struct trail {
	int *calls;
	int left;
};

static void count_call(struct lookups *l, const char *name, const struct dns_answer *answer,
		       const void *arg)
{
	const struct trail *t = arg;

	(void)l;
	assert_string_equal(name, "example.org");
	assert_int_equal(answer->status, DNS_OK);
	++*t->calls;
}

/* Asks a name of its own each time, as an include chain does. */
static void chain(struct lookups *l, const char *name, const struct dns_answer *answer,
		  const void *arg)
{
	struct trail t = *(const struct trail *)arg;
	char next[32];

	(void)name;
	(void)answer;
	++*t.calls;
	if (t.left-- == 0)
		return;
	snprintf(next, sizeof(next), "c%d.example", t.left);
	lookups_hint_then(l, next, DNS_TXT, chain, &t, sizeof(t));
}

static void a_follow_is_called_once_even_for_a_known_answer(void **state)
{
	struct fixture *f = *state;
	int calls = 0;
	struct trail t = {&calls, 0};

	lookups_hint_then(f->lookups, "Example.org", DNS_TXT, count_call, &t, sizeof(t));
	assert_int_equal(calls, 1);
	lookups_wait(f->lookups, "example.org", DNS_TXT);
	assert_int_equal(calls, 1);
	lookups_hint_then(f->lookups, "example.org", DNS_TXT, count_call, &t, sizeof(t));
	assert_int_equal(calls, 2);
	assert_int_equal(fake_resolver_asked(f->resolver, "example.org", DNS_TXT), 1);
}

static void several_follows_of_one_question_are_all_called(void **state)
{
	struct fixture *f = *state;
	int calls = 0;
	struct trail t = {&calls, 0};

	fake_resolver_delay(f->resolver, 3);
	lookups_hint(f->lookups, "example.org", DNS_TXT);
	for (int i = 0; i < 3; i++)
		lookups_hint_then(f->lookups, "example.org", DNS_TXT, count_call, &t, sizeof(t));
	usleep(20000);
	lookups_reset(f->lookups);
	assert_int_equal(calls, 3);
}

static void follows_may_hint_more_up_to_the_limit(void **state)
{
	static const int delays[] = {0, 1};
	struct fixture *f = *state;

	for (size_t i = 0; i < 2; i++) {
		int calls = 0;
		struct trail t = {&calls, 20};

		fake_resolver_delay(f->resolver, delays[i]);
		lookups_deadline(f->lookups, clock_mono_ms() + 5000);
		lookups_hint_then(f->lookups, "c.example", DNS_TXT, chain, &t, sizeof(t));
		while (lookups_count(f->lookups) < 21)
			usleep(200);
		assert_int_equal(lookups_wait(f->lookups, "c0.example", DNS_TXT)->status,
				 DNS_NXDOMAIN);
		lookups_reset(f->lookups);
		assert_true(calls >= 20);
	}
	fake_resolver_delay(f->resolver, 0);
	int calls = 0;
	struct trail t = {&calls, 1000};
	lookups_hint_then(f->lookups, "c.example", DNS_TXT, chain, &t, sizeof(t));
	assert_int_equal(calls, MAX_HINTED_QUESTIONS);
}

static void again(struct lookups *l, const char *name, const struct dns_answer *answer,
		  const void *arg)
{
	(void)answer;
	++**(int *const *)arg;
	lookups_hint_then(l, name, DNS_TXT, again, arg, sizeof(int *));
}

static void a_follow_that_hints_its_own_name_ends(void **state)
{
	struct fixture *f = *state;
	int calls = 0, *at = &calls;

	lookups_hint_then(f->lookups, "example.org", DNS_TXT, again, &at, sizeof(at));
	assert_int_equal(calls, MAX_HINTED_QUESTIONS);
	assert_int_equal(lookups_count(f->lookups), 1);
}

static void no_follow_is_called_after_reset_or_free(void **state)
{
	struct fixture *f = *state;
	int calls = 0;
	struct trail t = {&calls, 0};

	fake_resolver_delay(f->resolver, 5);
	lookups_hint_then(f->lookups, "example.org", DNS_TXT, count_call, &t, sizeof(t));
	lookups_reset(f->lookups);
	lookups_hint_then(f->lookups, "example.org", DNS_A, count_call, &t, sizeof(t));
	lookups_free(f->lookups);
	f->lookups = lookups_new(f->resolver);
	usleep(15000);
	assert_int_equal(calls, 0);
}

static void reset_forgets_the_answers(void **state)
{
	struct fixture *f = *state;

	lookups_wait(f->lookups, "example.org", DNS_A);
	lookups_hint(f->lookups, "silent.example", DNS_A);
	lookups_reset(f->lookups);
	assert_int_equal(lookups_count(f->lookups), 0);
	lookups_wait(f->lookups, "example.org", DNS_A);
	assert_int_equal(fake_resolver_asked(f->resolver, "example.org", DNS_A), 2);
}

/* Freed and reset in the middle of a chain on the other thread: for the sanitizers and helgrind. */
static void a_message_may_end_at_any_moment(void **state)
{
	struct fixture *f = *state;

	fake_resolver_delay(f->resolver, 1);
	for (int i = 0; i < 60; i++) {
		int calls = 0, seen;
		struct trail t = {&calls, 50};
		struct lookups *l = lookups_new(f->resolver);

		lookups_deadline(l, clock_mono_ms() + 1000);
		for (int k = 0; k < 4; k++)
			lookups_hint_then(l, "c.example", DNS_TXT, chain, &t, sizeof(t));
		usleep((useconds_t)(i * 53));
		if (i % 2 == 0)
			lookups_reset(l);
		lookups_free(l);
		seen = calls;
		usleep(500);
		assert_int_equal(calls, seen);
	}
}

static void the_resolver_may_end_before_its_questions(void **state)
{
	struct fixture *f = *state;

	lookups_hint(f->lookups, "silent.example", DNS_A);
	resolver_free(f->resolver);
	assert_int_equal(lookups_wait(f->lookups, "silent.example", DNS_A)->status, DNS_TIMEOUT);
	f->resolver = NULL;
}

/* -- for a person to read
 * --------------------------------------------------------------------------- */

static void append(void *arg, const struct lookups_seen *s)
{
	char *text = arg;

	assert_true(s->ms >= 0);
	sprintf(text + strlen(text), "%s/%s/%s%s ", s->name, dns_type_name(s->type),
		s->answer != NULL ? dns_status_name(s->answer->status) : "-", s->waited ? "!" : "");
}

static void every_question_can_be_shown_in_order(void **state)
{
	struct fixture *f = *state;
	char text[512] = "";

	lookups_wait(f->lookups, "example.org", DNS_TXT);
	lookups_hint(f->lookups, "example.NET", DNS_A);
	lookups_hint(f->lookups, "silent.example", DNS_A);
	lookups_hint(f->lookups, "example.org", DNS_TXT);
	lookups_each(f->lookups, append, text);
	assert_string_equal(text, "example.org/TXT/ok! example.net/A/nxdomain silent.example/A/- ");
}

#define WITH_FIXTURE(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_FIXTURE(answers_keep_the_kind_of_failure),
	    WITH_FIXTURE(a_name_too_long_is_not_asked),
	    WITH_FIXTURE(records_are_decoded),
	    WITH_FIXTURE(each_question_is_asked_once_whatever_its_case),
	    WITH_FIXTURE(an_answer_from_another_thread_is_waited_for),
	    WITH_FIXTURE(a_silent_question_ends_at_the_deadline),
	    WITH_FIXTURE(without_a_deadline_only_what_is_known_is_returned),
	    WITH_FIXTURE(a_question_given_up_stays_so_until_there_is_more_time),
	    WITH_FIXTURE(one_message_asks_no_more_than_its_limit),
	    WITH_FIXTURE(hints_have_their_own_limit),
	    WITH_FIXTURE(a_follow_is_called_once_even_for_a_known_answer),
	    WITH_FIXTURE(several_follows_of_one_question_are_all_called),
	    WITH_FIXTURE(follows_may_hint_more_up_to_the_limit),
	    WITH_FIXTURE(a_follow_that_hints_its_own_name_ends),
	    WITH_FIXTURE(no_follow_is_called_after_reset_or_free),
	    WITH_FIXTURE(reset_forgets_the_answers),
	    WITH_FIXTURE(a_message_may_end_at_any_moment),
	    WITH_FIXTURE(the_resolver_may_end_before_its_questions),
	    WITH_FIXTURE(every_question_can_be_shown_in_order),
	};
	return cmocka_run_group_tests_name("lookups", tests, NULL, NULL);
}
