/* test_store_report.c - a report is claimed by one, sent once, and not lost with the process that
 * claimed it. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "store/store_report.h"
#include "support/store_place.h"
#include "support/test.h"

#define LEASE 100

static const struct store_choice ALL;

static struct store_report sample_report(int64_t day, const char *domain)
{
	struct store_report r = {.day = day, .state = REPORT_DUE, .next = NOON, .changed = NOON};

	snprintf(r.domain, sizeof(r.domain), "%s", domain);
	snprintf(r.id, sizeof(r.id), "id%lld", (long long)day);
	memcpy(r.key, "0123456789abcdef", sizeof(r.key));
	return r;
}

static bool see_report(void *arg, const struct store_report *r)
{
	char *text = arg;
	size_t n = strlen(text);

	snprintf(text + n, 500 - n, "%lld/%s/%s/%s/%d ", (long long)r->day, r->domain, r->id,
		 report_state_name(r->state), r->attempts);
	return true;
}

static void assert_reports(struct store *s, const char *wanted)
{
	char text[500] = "";

	assert_true(store_reports(s, 0, INT32_MAX, see_report, text, NULL));
	assert_string_equal(text, wanted);
}

static void is_entered_once(void **state)
{
	struct place *p = *state;
	struct store *s = open_store(p, true);
	struct store_report r = sample_report(DAY, "a.example");
	unsigned entered;

	assert_true(store_report_enter(s, &r, 1, &entered, NULL) && entered);
	strcpy(r.id, "other");
	r.state = REPORT_SUPPRESSED;
	assert_true(store_report_enter(s, &r, 1, &entered, NULL) && !entered);
	r.key[0]++;
	assert_true(store_report_enter(s, &r, 1, &entered, NULL) && entered);
	assert_reports(s, "20000/a.example/id20000/due/0 20000/a.example/other/suppressed/0 ");
	store_close(s);
}

/* A policy that comes while the day's reports are entered, or later, opens the day again. */
static void knows_which_days_are_entered(void **state)
{
	struct place *p = *state;
	struct store *s = open_store(p, true);
	struct row row = sample_row();
	bool done;

	assert_true(store_entering(s, DAY, &done, NULL) && !done);
	assert_true(store_entering(s, DAY, &done, NULL) && !done);
	add(s, &row);
	assert_true(store_entered(s, DAY, NULL));
	assert_true(store_entering(s, DAY, &done, NULL) && !done);
	assert_true(store_entered(s, DAY, NULL));
	assert_true(store_entering(s, DAY, &done, NULL) && done);
	assert_true(store_entering(s, DAY + 1, &done, NULL) && !done);
	add(s, &row);
	assert_true(store_entering(s, DAY, &done, NULL) && done);
	row.policy.p = "none";
	add(s, &row);
	assert_true(store_entering(s, DAY, &done, NULL) && !done);
	store_close(s);
}

static void is_claimed_in_its_turn_and_finished(void **state)
{
	struct place *p = *state;
	struct store *s = open_store(p, true);
	struct store_report a = sample_report(DAY, "a.example"),
			    b = sample_report(DAY, "b.example"), r;
	struct error why;

	b.next = NOON - 1;
	assert_true(store_report_enter(s, &a, 1, NULL, NULL) &&
		    store_report_enter(s, &b, 1, NULL, NULL));
	assert_false(store_report_claim(s, NOON - 2, LEASE, &ALL, &r, &why));
	assert_string_equal(why.text, "");
	assert_true(store_report_claim(s, NOON, LEASE, &ALL, &r, &why));
	assert_string_equal(r.domain, "b.example");
	assert_string_equal(r.id, "id20000");
	assert_int_equal(r.attempts, 1);
	assert_memory_equal(r.key, b.key, sizeof(r.key));
	r.state = REPORT_DUE, r.next = NOON + 50, strcpy(r.error, "mailbox full");
	assert_true(store_report_finish(s, &r, NULL));
	assert_true(store_report_claim(s, NOON, LEASE, &ALL, &r, &why));
	assert_string_equal(r.domain, "a.example");
	r.state = REPORT_SENT;
	assert_true(store_report_finish(s, &r, NULL));
	assert_false(store_report_claim(s, NOON + 49, LEASE, &ALL, &r, &why));
	assert_true(store_report_claim(s, NOON + 50, LEASE, &ALL, &r, &why));
	assert_string_equal(r.error, "mailbox full");
	assert_reports(s, "20000/a.example/id20000/sent/1 20000/b.example/id20000/claimed/2 ");
	store_close(s);
}

static void is_claimed_again_when_the_lease_ends(void **state)
{
	struct place *p = *state;
	struct store *s = open_store(p, true);
	struct store_report r = sample_report(DAY, "a.example"), first, second;

	assert_true(store_report_enter(s, &r, 1, NULL, NULL));
	assert_true(store_report_claim(s, NOON, LEASE, &ALL, &first, &p->why));
	assert_false(store_report_claim(s, NOON + LEASE - 1, LEASE, &ALL, &second, &p->why));
	assert_true(store_report_claim(s, NOON + LEASE, LEASE, &ALL, &second, &p->why));
	first.state = REPORT_FAILED;
	assert_false(store_report_finish(s, &first, &p->why));
	assert_non_null(strstr(p->why.text, "another process"));
	second.state = REPORT_SENT;
	assert_true(store_report_finish(s, &second, NULL));
	assert_false(store_report_finish(s, &second, NULL));
	assert_reports(s, "20000/a.example/id20000/sent/2 ");
	store_close(s);
}

static void is_renewed_for_its_domain_only(void **state)
{
	struct place *p = *state;
	struct store *s = open_store(p, true);
	struct store_report r;
	enum report_state now;

	for (int i = 0; i < 3; i++) {
		r = sample_report(DAY + i, i < 2 ? "a.example" : "b.example");
		assert_true(store_report_enter(s, &r, 1, NULL, NULL));
		assert_true(store_report_claim(
		    s, NOON, LEASE, &(struct store_choice){.domain = r.domain}, &r, &p->why));
		assert_true(
		    store_delivery_put(s, &r, "x@a.example", REPORT_FAILED, NOON, "550", NULL));
		assert_true(store_delivery_put(s, &r, "y@a.example", REPORT_SENT, NOON, "", NULL));
		r.state = i == 1 ? REPORT_SENT : REPORT_FAILED;
		assert_true(store_report_finish(s, &r, NULL));
	}
	assert_true(
	    store_report_renew(s, &(struct store_choice){.domain = "a.example"}, NOON, NULL));
	assert_reports(s, "20000/a.example/id20000/due/0 20001/a.example/id20001/sent/1"
			  " 20002/b.example/id20002/failed/1 ");
	r = sample_report(DAY, "a.example");
	assert_true(store_delivery_state(s, &r, "x@a.example", &now, NULL) && now == REPORT_DUE);
	assert_true(store_delivery_state(s, &r, "y@a.example", &now, NULL) && now == REPORT_SENT);
	assert_false(store_report_claim(
	    s, NOON, LEASE, &(struct store_choice){.domain = "b.example"}, &r, &p->why));
	assert_true(store_report_claim(s, NOON, LEASE,
				       &(struct store_choice){.domain = "a.example"}, &r, &p->why));
	store_close(s);
}

static void is_chosen_by_day(void **state)
{
	struct place *p = *state;
	struct store *s = open_store(p, true);
	int64_t day = DAY + 1;
	struct store_choice choice = {.day = &day};
	struct store_report r;

	for (int i = 0; i < 3; i++) {
		r = sample_report(DAY + i, "a.example");
		r.state = i == 0 ? REPORT_DUE : REPORT_FAILED;
		assert_true(store_report_enter(s, &r, 1, NULL, NULL));
	}
	assert_false(store_report_claim(s, NOON, LEASE, &choice, &r, &p->why));
	assert_true(store_report_renew(s, &choice, NOON, NULL));
	assert_reports(s, "20000/a.example/id20000/due/0 20001/a.example/id20001/due/0"
			  " 20002/a.example/id20002/failed/0 ");
	choice.domain = "b.example";
	assert_false(store_report_claim(s, NOON, LEASE, &choice, &r, &p->why));
	choice.domain = "a.example";
	assert_true(store_report_claim(s, NOON, LEASE, &choice, &r, &p->why));
	assert_int_equal(r.day, DAY + 1);
	assert_false(store_report_claim(s, NOON, LEASE, &choice, &r, &p->why));
	store_close(s);
}

static bool see_delivery(void *arg, const struct store_delivery *d)
{
	char *text = arg;
	size_t n = strlen(text);

	snprintf(text + n, 500 - n, "%s %s %s; ", d->destination, report_state_name(d->state),
		 d->error);
	return true;
}

static void remembers_each_destination(void **state)
{
	struct place *p = *state;
	struct store *s = open_store(p, true);
	struct store_report a = sample_report(DAY, "a.example"),
			    b = sample_report(DAY, "b.example");
	char text[500] = "";
	int64_t count;
	enum report_state now;

	assert_true(store_delivery_state(s, &a, "x@a.example", &now, NULL) && now == REPORT_DUE);
	assert_true(store_delivery_put(s, &a, "x@a.example", REPORT_DUE, NOON, "451 later", NULL));
	assert_true(store_delivery_state(s, &a, "x@a.example", &now, NULL) && now == REPORT_DUE);
	assert_true(store_delivery_put(s, &a, "x@a.example", REPORT_SENT, NOON + 1, NULL, NULL));
	assert_true(
	    store_delivery_put(s, &a, "z@a.example", REPORT_FAILED, NOON + 1, "550 no", NULL));
	assert_true(store_delivery_state(s, &a, "x@a.example", &now, NULL) && now == REPORT_SENT);
	assert_true(store_delivery_state(s, &a, "z@a.example", &now, NULL) && now == REPORT_FAILED);
	assert_true(store_delivery_state(s, &b, "x@a.example", &now, NULL) && now == REPORT_DUE);
	assert_true(store_delivery_count(s, NOON + 1, &count, NULL));
	assert_int_equal(count, 1);
	assert_true(store_delivery_count(s, NOON + 2, &count, NULL));
	assert_int_equal(count, 0);
	assert_true(store_deliveries(s, &a, see_delivery, text, NULL));
	assert_string_equal(text, "x@a.example sent ; z@a.example failed 550 no; ");
	store_close(s);
}

#define REPORTS 40

struct claimer {
	struct place *place;
	int claimed;
};

static void *claim_all(void *arg)
{
	struct claimer *c = arg;
	struct store *s = store_attach(c->place->path, NULL);
	struct store_report r;

	while (s != NULL && store_report_claim(s, NOON, LEASE, &ALL, &r, NULL))
		c->claimed++;
	store_close(s);
	return NULL;
}

static void is_never_claimed_by_two_at_once(void **state)
{
	struct place *p = *state;
	struct store *s = open_store(p, false);
	struct claimer claimer[4];
	pthread_t thread[4];
	int sum = 0;

	for (int i = 0; i < REPORTS; i++) {
		struct store_report r = sample_report(DAY + i, "a.example");

		assert_true(store_report_enter(s, &r, 1, NULL, NULL));
	}
	for (int i = 0; i < 4; i++) {
		claimer[i] = (struct claimer){.place = p};
		assert_int_equal(pthread_create(&thread[i], NULL, claim_all, &claimer[i]), 0);
	}
	for (int i = 0; i < 4; i++) {
		pthread_join(thread[i], NULL);
		sum += claimer[i].claimed;
	}
	assert_int_equal(sum, REPORTS);
	store_close(s);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, store_place_new, store_place_free)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(is_entered_once),
	    TEST(knows_which_days_are_entered),
	    TEST(is_claimed_in_its_turn_and_finished),
	    TEST(is_claimed_again_when_the_lease_ends),
	    TEST(is_renewed_for_its_domain_only),
	    TEST(is_chosen_by_day),
	    TEST(remembers_each_destination),
	    TEST(is_never_claimed_by_two_at_once),
	};
	return cmocka_run_group_tests_name("store_report", tests, NULL, NULL);
}
