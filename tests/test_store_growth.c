/* test_store_growth.c - what the store does for one message or one report costs the same however
 * much else it holds. Cost is counted in steps of SQLite's virtual machine, which no other work on
 * this machine disturbs. */
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "store/store_expire.h"
#include "store/store_report.h"
#include "support/store_place.h"
#include "support/test.h"

#define MOST 400 /* domains of a day */

/* Of all connections since the last look. */
static atomic_llong steps;
/* Most rows that one DELETE took away. */
static atomic_llong most_deleted;

static int note_statement(unsigned type, void *context, void *statement, void *ns)
{
	sqlite3_stmt *s = statement;
	const char *sql = sqlite3_sql(s);

	(void)type;
	(void)context;
	(void)ns;
	atomic_fetch_add(&steps, sqlite3_stmt_status(s, SQLITE_STMTSTATUS_VM_STEP, 1));
	if (sql != NULL && strncmp(sql, "DELETE", 6) == 0) {
		long long n = sqlite3_changes64(sqlite3_db_handle(s));

		if (n > atomic_load(&most_deleted))
			atomic_store(&most_deleted, n);
	}
	return 0;
}

static int watch(sqlite3 *db, const char **error, const struct sqlite3_api_routines *api)
{
	(void)error;
	(void)api;
	return sqlite3_trace_v2(db, SQLITE_TRACE_PROFILE, note_statement, NULL);
}

static int watch_all(void **state)
{
	return sqlite3_auto_extension((void (*)(void))watch);
}

static long long look(void)
{
	return atomic_exchange(&steps, 0);
}

static void add_tuples(struct store *s, int64_t day, int domain, int n)
{
	char name[32], ip[32];

	snprintf(name, sizeof(name), "d%04d.example", domain);
	for (int i = 0; i < n; i++) {
		struct row row = sample_row();

		snprintf(ip, sizeof(ip), "10.%d.%d.%d", i >> 16, i >> 8 & 255, i & 255);
		row.when = day * TUPLE_DAY;
		row.policy.domain = row.header_from = name;
		row.source_ip = ip;
		add(s, &row);
	}
}

static struct store_report report_of(int64_t day, int domain, const uint8_t *key)
{
	struct store_report r = {.day = day, .next = day * TUPLE_DAY};

	snprintf(r.domain, sizeof(r.domain), "d%04d.example", domain);
	snprintf(r.id, sizeof(r.id), "%lld%d", (long long)day, domain);
	memcpy(r.key, key, sizeof(r.key));
	return r;
}

/* A day of `domains` with four tuples each and their reports, most still due, some sent. */
static void fill_day(struct place *p, int64_t day, int domains)
{
	struct store *s = open_store(p, false);
	uint8_t key[TUPLE_KEY_SIZE] = {1};
	struct store_report r[MOST];

	for (int i = 0; i < domains; i++) {
		add_tuples(s, day, i, 4);
		r[i] = report_of(day, i, key);
	}
	assert_true(store_report_enter(s, r, (size_t)domains, NULL, NULL));
	for (int i = 0; i < domains; i += domains / 4)
		assert_true(store_delivery_put(s, &r[i], "r@x.example", REPORT_SENT,
					       day * TUPLE_DAY, "", NULL));
	store_close(s);
}

static bool keep_key(void *arg, const struct store_policy *p)
{
	memcpy(arg, p->key, TUPLE_KEY_SIZE);
	return true;
}

static bool count_record(void *arg, const struct store_record *r)
{
	(void)r;
	++*(int *)arg;
	return true;
}

enum work { NEW_TUPLE, OLD_TUPLE, POLICY, RECORDS, EARNED, CLAIM, COUNT_SENT, WORKS };

static const char *const work_name[] = {"write a tuple",      "count a tuple",	"find a policy",
					"read records",	      "ask who earned", "claim a report",
					"count what was sent"};

static void claim(struct store *s)
{
	const struct store_choice all = {.day = NULL};
	struct store_report r;

	assert_true(store_report_claim(s, (DAY + 100) * TUPLE_DAY, 60, &all, &r, NULL));
	r.state = REPORT_SENT;
	assert_true(store_report_finish(s, &r, NULL));
}

/* The steps of each work on one domain of DAY. */
static void measure(struct place *p, int number, long long cost[WORKS])
{
	struct store *s = open_store(p, true);
	uint8_t key[TUPLE_KEY_SIZE];
	int64_t sent;
	bool earned;
	int records = 0;

	add_tuples(s, DAY, 9000, 1);
	look();
	add_tuples(s, DAY, 9001 + number, 1);
	cost[NEW_TUPLE] = look();
	add_tuples(s, DAY, 9001 + number, 1);
	cost[OLD_TUPLE] = look();
	assert_true(store_policies(s, DAY, DAY, "d0005.example", keep_key, key, NULL));
	cost[POLICY] = look();
	assert_true(store_records(s, DAY, "d0005.example", key, count_record, &records, NULL));
	assert_int_equal(records, 4);
	cost[RECORDS] = look();
	assert_true(store_earned(s, "d0005.example", DAY, 1, &earned, NULL));
	cost[EARNED] = look();
	claim(s);
	cost[CLAIM] = look();
	assert_true(store_delivery_count(s, (DAY + 50) * TUPLE_DAY, &sent, NULL));
	cost[COUNT_SENT] = look();
	store_close(s);
}

static void assert_as_before(const long long before[WORKS], const long long after[WORKS])
{
	for (int i = 0; i < WORKS; i++)
		if (after[i] > before[i] + before[i] / 4 + 20)
			fail_msg("%s: %lld steps, was %lld", work_name[i], after[i], before[i]);
}

static void costs_the_same_with_many_domains_and_days(void **state)
{
	struct place *p = *state;
	long long few[WORKS], domains[WORKS], days[WORKS];

	fill_day(p, DAY, 10);
	measure(p, 0, few);
	fill_day(p, DAY, MOST);
	measure(p, 1, domains);
	assert_as_before(few, domains);
	for (int day = 1; day <= 20; day++)
		fill_day(p, DAY - day, 40);
	measure(p, 2, days);
	assert_as_before(few, days);
}

static bool count_policy(void *arg, const struct store_policy *p)
{
	(void)p;
	++*(int *)arg;
	return true;
}

/* A domain that answers each query with another record. */
static long long steps_of_policies(struct place *p, int from, int to)
{
	struct store *s = open_store(p, false);
	struct row row = sample_row();
	char fo[16];
	int n = 0;

	for (int i = from; i < to; i++) {
		snprintf(fo, sizeof(fo), "%d", i);
		row.policy.fo = fo;
		add(s, &row);
	}
	store_close(s);
	s = open_store(p, true);
	look();
	assert_true(store_policies(s, DAY, DAY, NULL, count_policy, &n, NULL));
	assert_int_equal(n, to);
	store_close(s);
	return look();
}

static void many_policies_of_a_domain_cost_no_square(void **state)
{
	struct place *p = *state;
	long long hundred = steps_of_policies(p, 0, 100);

	assert_in_range(steps_of_policies(p, 100, 1000), 1, 15 * hundred);
}

/* The writer waits for the end of a transaction. */
static void deletes_a_large_domain_piece_by_piece(void **state)
{
	struct place *p = *state;
	struct store *s = open_store(p, false);

	add_tuples(s, DAY, 1, 2500);
	add_tuples(s, DAY + 1, 1, 300);
	add_tuples(s, DAY + 2, 1, 300);
	store_close(s);
	s = open_store(p, true);
	atomic_store(&most_deleted, 0);
	assert_true(store_expire(s, (DAY + 3) * TUPLE_DAY, 2, NULL));
	assert_int_equal(policies(s, 0, INT32_MAX).messages, 600);
	assert_in_range(atomic_load(&most_deleted), 1, 500);
	assert_true(store_expire(s, (DAY + 9) * TUPLE_DAY, 2, NULL));
	assert_int_equal(policies(s, 0, INT32_MAX).messages, 0);
	assert_in_range(atomic_load(&most_deleted), 1, 500);
	store_close(s);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, store_place_new, store_place_free)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(costs_the_same_with_many_domains_and_days),
	    TEST(many_policies_of_a_domain_cost_no_square),
	    TEST(deletes_a_large_domain_piece_by_piece),
	};
	return cmocka_run_group_tests_name("store_growth", tests, watch_all, NULL);
}
