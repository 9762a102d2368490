/* test_report_plan.c - what a report will hold and where it will go, or why not. */
#include <stdio.h>
#include <string.h>

#include "support/report_world.h"
#include "support/test.h"

static bool first_report(void *arg, const struct store_report *r)
{
	*(struct store_report *)arg = *r;
	return false;
}

static struct store_report entered(struct report_world *w)
{
	struct store_report r = {.day = -1};
	unsigned n;

	assert_true(report_enter(&w->run, &n, NULL));
	assert_int_equal(n, 1);
	assert_true(store_reports(w->store, 0, INT32_MAX, first_report, &r, NULL));
	return r;
}

static void knows_its_submitter(void **state)
{
	struct report_settings s = {.from = "a@b@mx.example"};

	assert_string_equal(report_submitter(&s), "mx.example");
}

static void enters_a_report_with_its_id_and_time(void **state)
{
	struct report_world *w = *state;
	struct store_report r;
	char id[AGGREGATE_ID_SIZE];
	unsigned n;

	saw(w, "a.example", "mailto:r@a.example", true);
	saw(w, "b.example", "", true);
	r = entered(w);
	assert_int_equal(r.day, DAY);
	assert_string_equal(r.domain, "a.example");
	assert_true(aggregate_id("mx.example", DAY, "a.example", r.key, id));
	assert_string_equal(r.id, id);
	assert_in_range(r.next, (DAY + 1) * TUPLE_DAY + 900,
			(DAY + 1) * TUPLE_DAY + 900 + 4 * 3600);
	assert_true(report_enter(&w->run, &n, NULL));
	assert_int_equal(n, 0);
}

static void see(struct store *quick, int domain, int policy)
{
	struct row row = sample_row();
	char name[32], fo[16];

	snprintf(name, sizeof(name), "d%04d.example", domain);
	snprintf(fo, sizeof(fo), "%d", policy);
	row.policy.domain = name;
	row.policy.fo = fo;
	add(quick, &row);
}

/* More domains than are entered at a time, and one in their midst that changes its record with
 * every query. */
static void enters_a_large_day_in_pages(void **state)
{
	struct report_world *w = *state;
	struct store *quick;
	unsigned n;

	store_close(w->store);
	quick = open_store(w->place, false);
	for (int i = 0; i < 1700; i++)
		see(quick, i, 0);
	for (int i = 1; i < 700; i++)
		see(quick, 499, i);
	store_close(quick);
	w->run.store = w->store = open_store(w->place, true);
	assert_true(report_enter(&w->run, &n, NULL));
	assert_int_equal(n, 1699 + 8);
	assert_true(report_enter(&w->run, &n, NULL));
	assert_int_equal(n, 0);
}

/* A row that had to wait for room on the disk. */
static void enters_what_comes_after_its_day(void **state)
{
	struct report_world *w = *state;
	unsigned n;

	saw(w, "a.example", "mailto:r@a.example", true);
	entered(w);
	saw(w, "a.example", "mailto:r@a.example", false);
	assert_true(report_enter(&w->run, &n, NULL));
	assert_int_equal(n, 0);
	saw(w, "b.example", "mailto:r@b.example", true);
	assert_true(report_enter(&w->run, &n, NULL));
	assert_int_equal(n, 1);
}

/* A12 */
static void holds_everything_a_mail_needs(void **state)
{
	struct report_world *w = *state;
	struct report_plan plan;
	struct store_report r;
	struct error why;
	bool broken;

	w->settings.contact = "https://mx.example/";
	saw(w, "a.example", "mailto:r@a.example,mailto:x@b.example", true);
	r = entered(w);
	assert_true(report_plan_make(&w->run, &r, &plan, &broken, &why));
	assert_int_equal(plan.to.count, 1);
	assert_string_equal(plan.to.address[0].text, "r@a.example");
	assert_string_equal(plan.refused,
			    "x@b.example: the destination has not agreed (RFC 9990 section 4)");
	assert_false(plan.later);
	assert_int_equal(plan.aggregate->count, 1);
	assert_string_equal(plan.aggregate->org_name, "mx.example");
	assert_string_equal(plan.aggregate->email, "dmarc@mx.example");
	assert_string_equal(plan.aggregate->contact, "https://mx.example/");
	assert_memory_equal(plan.aggregate->generator, "alignd ", 7);
	assert_string_equal(plan.aggregate->id, r.id);
	report_plan_free(&plan);
}

/* A63 */
static void says_why_there_will_be_none(void **state)
{
	struct report_world *w = *state;
	struct report_plan plan;
	struct store_report r;
	struct error why;
	bool broken;

	saw(w, "a.example", "mailto:r@a.example", false);
	r = entered(w);
	w->settings.to = REPORT_TO_LISTED;
	assert_false(report_plan_make(&w->run, &r, &plan, &broken, &why));
	assert_false(broken);
	assert_string_equal(why.text, "not listed");
	report_plan_free(&plan);
	w->settings.to = REPORT_TO_ALL;
	r.day++;
	assert_false(report_plan_make(&w->run, &r, &plan, &broken, &why));
	assert_false(broken);
	assert_string_equal(why.text, "its rows are gone");
	report_plan_free(&plan);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, report_world_new, report_world_free)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(knows_its_submitter), TEST(enters_a_report_with_its_id_and_time),
	    TEST(enters_a_large_day_in_pages),	   TEST(enters_what_comes_after_its_day),
	    TEST(holds_everything_a_mail_needs),   TEST(says_why_there_will_be_none),
	};
	return cmocka_run_group_tests_name("report_plan", tests, NULL, NULL);
}
