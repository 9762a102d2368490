/* test_flights.c - the questions on their way, and who waits for each. */
#include <pthread.h>
#include <stdio.h>

#include "base/limits.h"
#include "dns/flights.h"
#include "support/test.h"

#define MOST 800

struct seen {
	unsigned calls;
	enum dns_status last;
};

static void note(void *arg, struct dns_answer *answer)
{
	struct seen *s = arg;

	s->calls++;
	s->last = answer->status;
	dns_answer_unref(answer);
}

static enum flights_joined join(struct flights *f, const char *name, struct seen *s, int64_t due,
				struct flight **flight_r, bool *first_r)
{
	struct question q;

	assert_true(question_set(&q, name, DNS_A, 3));
	return flights_join(f, &q, note, s, due, flight_r, first_r);
}

struct fixture {
	struct flights *flights;
	struct dns_answer *ok, *timeout;
};

static int set_up(void **state)
{
	static struct fixture f;

	f.flights = flights_new(&f, MOST, 0);
	f.ok = dns_answer_new(DNS_OK, NULL, 0);
	f.timeout = dns_answer_new(DNS_TIMEOUT, NULL, 0);
	*state = &f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	flights_free(f->flights);
	flights_free(NULL);
	assert_int_equal(f->ok->references, 1);
	assert_int_equal(f->timeout->references, 1);
	dns_answer_unref(f->ok);
	dns_answer_unref(f->timeout);
	return 0;
}

static void equal_questions_share_a_flight(void **state)
{
	struct fixture *f = *state;
	struct flight *one, *two, *other;
	struct seen a = {0}, b = {0}, c = {0};
	bool first;

	assert_int_equal(flights_next_due(f->flights), -1);
	assert_int_equal(join(f->flights, "a.example", &a, 10, &one, &first), FLIGHT_STARTED);
	assert_true(first);
	assert_ptr_equal(flight_home(one), f);
	assert_string_equal(flight_question(one)->name, "a.example");
	assert_int_equal(join(f->flights, "A.example", &b, 20, &two, &first), FLIGHT_JOINED);
	assert_false(first);
	assert_ptr_equal(one, two);
	assert_int_equal(join(f->flights, "b.example", &c, 20, &other, &first), FLIGHT_STARTED);
	flights_land(f->flights, one, f->ok);
	assert_int_equal(a.calls, 1);
	assert_int_equal(b.calls, 1);
	assert_int_equal(c.calls, 0);
	assert_int_equal(flights_next_due(f->flights), 20);
	assert_int_equal(join(f->flights, "a.example", &a, 30, &one, &first), FLIGHT_STARTED);
	flights_land(f->flights, one, f->ok);
	flights_land(f->flights, other, f->ok);
	assert_int_equal(c.last, DNS_OK);
}

static void each_waiter_has_its_own_time(void **state)
{
	struct fixture *f = *state;
	struct seen a = {0}, b = {0}, late = {0};
	struct flight *flight;
	bool first;

	join(f->flights, "a.example", &a, 10, &flight, &first);
	join(f->flights, "a.example", &b, 20, &flight, &first);
	assert_int_equal(flights_expire(f->flights, 9, f->timeout), 0);
	assert_int_equal(flights_next_due(f->flights), 10);
	assert_int_equal(flights_expire(f->flights, 10, f->timeout), 1);
	assert_int_equal(a.last, DNS_TIMEOUT);
	assert_int_equal(b.calls, 0);
	assert_int_equal(flights_expire(f->flights, 99, f->timeout), 1);
	assert_int_equal(flights_next_due(f->flights), -1);
	/* the question is still on its way: no second one is sent */
	assert_int_equal(join(f->flights, "a.example", &late, 200, &flight, &first), FLIGHT_JOINED);
	assert_true(first);
	flights_land(f->flights, flight, f->ok);
	assert_int_equal(late.last, DNS_OK);
	assert_int_equal(a.calls + b.calls + late.calls, 3);
}

static void questions_on_their_way_are_bounded(void **state)
{
	struct fixture *f = *state;
	struct flight *flight, *last = NULL;
	struct seen s = {0};
	char name[32];
	bool first;

	for (int i = 0; i < MOST; i++) {
		snprintf(name, sizeof(name), "n.d%d.example", i);
		assert_int_equal(join(f->flights, name, &s, i, &last, &first), FLIGHT_STARTED);
	}
	assert_int_equal(join(f->flights, "more.example", &s, 1, &flight, &first), FLIGHT_REFUSED);
	assert_int_equal(join(f->flights, "n.d0.example", &s, 1, &flight, &first), FLIGHT_JOINED);
	flights_expire(f->flights, INT64_MAX, f->timeout); /* giving up does not make room */
	assert_int_equal(join(f->flights, "more.example", &s, 1, &flight, &first), FLIGHT_REFUSED);
	flights_land(f->flights, last, f->ok);
	assert_int_equal(join(f->flights, "more.example", &s, 1, &flight, &first), FLIGHT_STARTED);
	flights_close(f->flights, f->timeout);
	assert_int_equal(s.calls, MOST + 2);
}

static void one_domain_gets_no_more_than_its_share(void **state)
{
	static const struct {
		const char *below, *stranger;
	} rows[] = {
	    {"example.org", "example.net"},
	    {"a.b.example.org", "example.net"},
	    {"7.2.192.in-addr.arpa", "1.7.3.192.in-addr.arpa"},
	    {"0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa",
	     "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.9.b.d.0.1.0.0.2.ip6.arpa"},
	};
	struct fixture *f = *state;
	struct flight *flight;
	struct seen s = {0};
	char name[100];
	bool first;

	for (size_t row = 0; row < ARRAY_SIZE(rows); row++) {
		struct flights *own = flights_new(NULL, MOST, 0);
		int i = 0;

		do
			snprintf(name, sizeof(name), "%d.%s", ++i, rows[row].below);
		while (join(own, name, &s, 1, &flight, &first) == FLIGHT_STARTED);
		assert_int_equal(i, MOST / 8 + 2);
		assert_int_equal(join(own, rows[row].stranger, &s, 1, &flight, &first),
				 FLIGHT_STARTED);
		snprintf(name, sizeof(name), "1.%s", rows[row].below);
		assert_int_equal(join(own, name, &s, 1, &flight, &first), FLIGHT_JOINED);
		flights_land(own, flight, f->ok);
		assert_int_equal(join(own, name, &s, 1, &flight, &first), FLIGHT_STARTED);
		flights_close(own, f->ok);
		flights_free(own);
	}
}

static void waiters_are_bounded(void **state)
{
	struct fixture *f = *state;
	struct flight *flight;
	struct seen s = {0};
	bool first;

	for (int i = 0; i < MAX_QUESTION_WAITERS; i++)
		assert_int_not_equal(join(f->flights, "a.example", &s, 1, &flight, &first),
				     FLIGHT_REFUSED);
	assert_int_equal(join(f->flights, "a.example", &s, 1, &flight, &first), FLIGHT_REFUSED);
	flights_close(f->flights, f->timeout);
	assert_int_equal(s.calls, MAX_QUESTION_WAITERS);
}

static void after_the_end_nobody_can_join(void **state)
{
	struct fixture *f = *state;
	struct flight *flight;
	struct seen s = {0};
	bool first;

	join(f->flights, "a.example", &s, 1000, &flight, &first);
	flights_close(f->flights, f->timeout);
	assert_int_equal(s.calls, 1);
	assert_int_equal(join(f->flights, "a.example", &s, 1, &flight, &first), FLIGHT_REFUSED);
	assert_int_equal(join(f->flights, "b.example", &s, 1, &flight, &first), FLIGHT_REFUSED);
	assert_int_equal(s.calls, 1);
}

#define WITH_FLIGHTS(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_FLIGHTS(equal_questions_share_a_flight),
	    WITH_FLIGHTS(each_waiter_has_its_own_time),
	    WITH_FLIGHTS(questions_on_their_way_are_bounded),
	    WITH_FLIGHTS(one_domain_gets_no_more_than_its_share),
	    WITH_FLIGHTS(waiters_are_bounded),
	    WITH_FLIGHTS(after_the_end_nobody_can_join),
	};
	return cmocka_run_group_tests_name("flights", tests, NULL, NULL);
}
