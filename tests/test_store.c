/* test_store.c - rows counted, kept through a crash, read back, expired; and every way a file can be wrong. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/store.h"
#include "store/store_read.h"
#include "store/store_sqlite.h"

#define DAY 20000
#define NOON ((time_t)DAY * TUPLE_DAY + 43200)

struct place {
	char dir[64], path[96];
	struct error why;
};

static int set_up(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	snprintf(p->dir, sizeof(p->dir), "/tmp/alignd-test-store-XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	snprintf(p->path, sizeof(p->path), "%s/store.db", p->dir);
	*state = p;
	return 0;
}

static int tear_down(void **state)
{
	struct place *p = *state;
	char path[128];
	static const char *const ends[] = {"", "-wal", "-shm"};

	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s%s", p->path, ends[i]);
		unlink(path);
	}
	rmdir(p->dir);
	free(p);
	return 0;
}

static struct row sample_row(void)
{
	return (struct row){
	    .when = NOON,
	    .dmarc = "fail",
	    .action = "quarantine",
	    .reportable = true,
	    .policy = {.domain = "a.example", .p = "reject", .sp = "none", .adkim = "r", .aspf = "s", .fo = "0",
		       .testing = "n", .discovery = "treewalk", .rua = "mailto:r@a.example", .error = ""},
	    .source_ip = "192.0.2.1",
	    .header_from = "www.a.example",
	    .envelope_from = "",
	    .disposition = "quarantine",
	    .reason = "mailing_list",
	    .comment = "it's \"list\"; DROP TABLE aggregate",
	    .spf_domain = "mx.example",
	    .spf_result = "softfail",
	    .dkim = {{"a.example", "s1", "fail", "body hash\tdiffers\n"}, {"b.example", "", "permerror", NULL}},
	    .dkim_count = 2,
	};
}

static struct store *open_store(struct place *p, bool durable)
{
	struct store *s = store_open(p->path, durable, &p->why);

	if (s == NULL)
		fail_msg("%s", p->why.text);
	return s;
}

static void add(struct store *s, const struct row *row)
{
	struct error why = {.text = ""};

	if (!store_add(s, row, &why))
		fail_msg("%s", why.text);
}

/* What was read: the number of things seen and of messages behind them, and the last of each kind in text. */
struct seen {
	int64_t things, messages;
	uint8_t key[TUPLE_KEY_SIZE];
	char text[2048];
};

static bool see_policy(void *arg, const struct store_policy *p)
{
	struct seen *seen = arg;

	seen->things++;
	seen->messages += p->messages;
	memcpy(seen->key, p->key, sizeof(seen->key));
	snprintf(seen->text, sizeof(seen->text), "%lld %s p=%s sp=%s np=%s adkim=%s aspf=%s fo=%s t=%s %s rua=%s",
		 (long long)p->day, p->policy.domain, p->policy.p, p->policy.sp, p->policy.np, p->policy.adkim,
		 p->policy.aspf, p->policy.fo, p->policy.testing, p->policy.discovery, p->policy.rua);
	return true;
}

static bool see_record(void *arg, const struct store_record *r)
{
	struct seen *seen = arg;
	size_t n;

	seen->things++;
	seen->messages += r->count;
	snprintf(seen->text, sizeof(seen->text), "%s %s <%s> %s %d%d %s (%s) %s=%s %lld-%lld", r->row.source_ip,
		 r->row.header_from, r->row.envelope_from, r->row.disposition, r->row.dkim_aligned,
		 r->row.spf_aligned, r->row.reason, r->row.comment, r->row.spf_domain, r->row.spf_result,
		 (long long)(r->first - NOON), (long long)(r->last - NOON));
	for (size_t i = 0; i < r->row.dkim_count; i++) {
		n = strlen(seen->text);
		snprintf(seen->text + n, sizeof(seen->text) - n, " [%s|%s|%s|%s]", r->row.dkim[i].domain,
			 r->row.dkim[i].selector, r->row.dkim[i].result, r->row.dkim[i].human_result);
	}
	return true;
}

static bool see_outcome(void *arg, const struct store_outcome *o)
{
	struct seen *seen = arg;
	size_t n = strlen(seen->text);

	seen->things++;
	seen->messages += o->count;
	snprintf(seen->text + n, sizeof(seen->text) - n, "%s/%s=%lld ", o->dmarc, o->action, (long long)o->count);
	return true;
}

static struct seen policies(struct store *s, int64_t first, int64_t last)
{
	struct seen seen = {.text = ""};
	struct error why = {.text = ""};

	if (!store_policies(s, first, last, NULL, see_policy, &seen, &why))
		fail_msg("%s", why.text);
	return seen;
}

static struct seen records(struct store *s, int64_t day, const char *domain, const uint8_t *key)
{
	struct seen seen = {.text = ""};
	struct error why = {.text = ""};

	if (!store_records(s, day, domain, key, see_record, &seen, &why))
		fail_msg("%s", why.text);
	return seen;
}

static struct seen outcomes(struct store *s)
{
	struct seen seen = {.text = ""};
	struct error why = {.text = ""};

	if (!store_outcomes(s, 0, INT32_MAX, see_outcome, &seen, &why))
		fail_msg("%s", why.text);
	return seen;
}

static void gives_back_what_was_stored(void **state)
{
	struct place *p = *state;
	struct store *s = open_store(p, true);
	struct row row = sample_row();
	struct seen seen;

	add(s, &row);
	store_close(s);
	s = open_store(p, true);
	seen = policies(s, DAY, DAY);
	assert_string_equal(seen.text, "20000 a.example p=reject sp=none np= adkim=r aspf=s fo=0 t=n treewalk"
				       " rua=mailto:r@a.example");
	seen = records(s, DAY, "a.example", seen.key);
	assert_string_equal(seen.text, "192.0.2.1 www.a.example <> quarantine 00 mailing_list"
				       " (it's \"list\"; DROP TABLE aggregate) mx.example=softfail 0-0"
				       " [a.example|s1|fail|body hash differs ] [b.example||permerror|]");
	assert_int_equal(seen.messages, 1);
	store_close(s);
}

static void counts_equal_messages_together(void **state)
{
	struct place *p = *state;
	struct store *s = open_store(p, true);
	struct row row = sample_row();
	struct seen seen;

	for (int i = 0; i < 5; i++) {
		row.when = NOON + (i - 2) * 10;
		add(s, &row);
	}
	seen = policies(s, DAY, DAY);
	assert_int_equal(seen.things, 1);
	seen = records(s, DAY, "a.example", seen.key);
	assert_int_equal(seen.things, 1);
	assert_int_equal(seen.messages, 5);
	assert_non_null(strstr(seen.text, "softfail -20-20 "));
	store_close(s);
}

/* RFC 9990 3.1.1.7 (A03, A05): any difference makes another record; A02: another policy another report. */
static void tells_different_messages_apart(void **state)
{
	enum { IP, FROM, ENVELOPE, DISPOSITION, DKIM, SPF, REASON, COMMENT, SPF_DOMAIN, SPF_RESULT, SIGNATURE, SELECTOR,
	       FEWER, CHANGES };
	struct place *p = *state;
	struct store *s = open_store(p, false);
	struct seen seen;

	for (int change = 0; change <= CHANGES; change++) {
		struct row row = sample_row();

		row.source_ip = change == IP ? "192.0.2.2" : row.source_ip;
		row.header_from = change == FROM ? "a.example" : row.header_from;
		row.envelope_from = change == ENVELOPE ? "a.example" : row.envelope_from;
		row.disposition = change == DISPOSITION ? "none" : row.disposition;
		row.dkim_aligned = change == DKIM;
		row.spf_aligned = change == SPF;
		row.reason = change == REASON ? "other" : row.reason;
		row.comment = change == COMMENT ? "" : row.comment;
		row.spf_domain = change == SPF_DOMAIN ? "" : row.spf_domain;
		row.spf_result = change == SPF_RESULT ? "fail" : row.spf_result;
		row.dkim[0].result = change == SIGNATURE ? "pass" : row.dkim[0].result;
		row.dkim[1].selector = change == SELECTOR ? "s2" : row.dkim[1].selector;
		row.dkim_count = change == FEWER ? 1 : row.dkim_count;
		add(s, &row);
	}
	store_close(s);
	s = open_store(p, false);
	seen = policies(s, DAY, DAY);
	assert_int_equal(seen.things, 1);
	assert_int_equal(records(s, DAY, "a.example", seen.key).things, CHANGES + 1);
	store_close(s);
}

static void keeps_policies_and_days_apart_and_the_last_rua(void **state)
{
	struct place *p = *state;
	struct store *s = open_store(p, true);
	struct row row = sample_row();
	struct seen seen;

	add(s, &row);
	row.policy.rua = "mailto:new@a.example";
	add(s, &row);
	assert_int_equal(policies(s, DAY, DAY).things, 1);
	assert_non_null(strstr(policies(s, DAY, DAY).text, "rua=mailto:new@a.example"));
	row.policy.p = "none";
	add(s, &row);
	row.when += TUPLE_DAY;
	add(s, &row);
	row.when -= TUPLE_DAY;
	row.policy.domain = "b.example";
	add(s, &row);
	assert_int_equal(policies(s, DAY, DAY).things, 3);
	assert_int_equal(policies(s, DAY + 1, DAY + 1).things, 1);
	seen = policies(s, DAY - 5, DAY + 5);
	assert_int_equal(seen.things, 4);
	assert_int_equal(seen.messages, 5);
	store_close(s);
}

static void counts_outcomes_of_all_messages(void **state)
{
	struct place *p = *state;
	struct store *s = open_store(p, true);
	struct row row = {.when = NOON, .dmarc = "none", .action = "accept"};

	add(s, &row);
	add(s, &row);
	row.action = "reject";
	add(s, &row);
	row = sample_row();
	add(s, &row);
	assert_string_equal(outcomes(s).text, "fail/quarantine=1 none/accept=2 none/reject=1 ");
	assert_int_equal(policies(s, 0, INT32_MAX).things, 1);
	store_close(s);
}

static void knows_who_earned_a_report(void **state)
{
	static const struct { const char *disposition; bool dkim, spf, earned; } rows[] = {
	    {"pass", true, false, true}, {"none", false, true, true}, {"none", false, false, false},
	    {"reject", true, true, false}, {"quarantine", false, true, false},
	};
	struct place *p = *state;
	struct store *s = open_store(p, true);
	char domain[32];
	bool earned;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct row row = sample_row();

		snprintf(domain, sizeof(domain), "d%zu.example", i);
		row.policy.domain = domain;
		row.disposition = rows[i].disposition;
		row.dkim_aligned = rows[i].dkim;
		row.spf_aligned = rows[i].spf;
		add(s, &row);
		assert_true(store_earned(s, domain, DAY, 1, &earned, NULL));
		assert_int_equal(earned, rows[i].earned);
		assert_true(store_earned(s, domain, DAY + 6, 7, &earned, NULL));
		assert_int_equal(earned, rows[i].earned);
		assert_true(store_earned(s, domain, DAY + 7, 7, &earned, NULL));
		assert_false(earned);
		assert_true(store_earned(s, domain, DAY - 1, 7, &earned, NULL));
		assert_false(earned);
	}
	store_close(s);
}

static void expires_old_days_only(void **state)
{
	struct place *p = *state;
	struct store *s = open_store(p, false);

	for (int i = 0; i < 1200; i++) {
		struct row row = sample_row();
		char ip[32];

		snprintf(ip, sizeof(ip), "10.0.%d.%d", i / 256, i % 256);
		row.source_ip = ip;
		row.when = NOON - (i % 4) * TUPLE_DAY;
		add(s, &row);
	}
	store_close(s);
	s = open_store(p, true);
	assert_true(store_expire(s, NOON, 2, NULL));
	assert_int_equal(policies(s, 0, INT32_MAX).messages, 900);
	assert_int_equal(outcomes(s).messages, 900);
	assert_true(store_expire(s, NOON, 0, NULL));
	assert_int_equal(policies(s, 0, INT32_MAX).messages, 600);
	assert_int_equal(policies(s, 0, INT32_MAX).things, 2);
	store_close(s);
}

#define THREADS 16
#define EACH 40

static void *add_many(void *arg)
{
	struct row row = sample_row();

	for (int i = 0; i < EACH; i++)
		add(arg, &row);
	return NULL;
}

static void loses_nothing_under_many_threads(void **state)
{
	struct place *p = *state;

	for (int durable = 0; durable < 2; durable++) {
		struct store *s = open_store(p, durable);
		pthread_t thread[THREADS];

		for (int i = 0; i < THREADS; i++)
			assert_int_equal(pthread_create(&thread[i], NULL, add_many, s), 0);
		for (int i = 0; i < THREADS; i++)
			pthread_join(thread[i], NULL);
		if (durable)
			assert_int_equal(store_queued(s), 0);
		store_close(s);
		s = open_store(p, true);
		assert_int_equal(policies(s, DAY, DAY).messages, (durable + 1) * THREADS * EACH);
		store_close(s);
	}
}

/* A child adds rows, says so after each, and is killed in the middle: what it said is there. */
static void keeps_every_answered_row_when_killed(void **state)
{
	struct place *p = *state;
	struct row row = sample_row();
	struct store *s;
	int out[2], status, said = 0;
	char c;
	pid_t pid;

	assert_int_equal(pipe(out), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		s = store_open(p->path, true, NULL);
		while (s != NULL && store_add(s, &row, NULL) && write(out[1], "+", 1) == 1)
			;
		_exit(1);
	}
	close(out[1]);
	while (said < 50 && read(out[0], &c, 1) == 1)
		said++;
	kill(pid, SIGKILL);
	while (read(out[0], &c, 1) == 1)
		said++;
	close(out[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	s = open_store(p, true);
	assert_in_range(policies(s, DAY, DAY).messages, said, said + 1);
	store_close(s);
}

static void shares_the_file_with_a_tool(void **state)
{
	struct place *p = *state;
	struct store *s = open_store(p, true), *tool;
	struct row row = sample_row();

	add(s, &row);
	tool = store_attach(p->path, &p->why);
	assert_non_null(tool);
	assert_int_equal(policies(tool, DAY, DAY).messages, 1);
	add(s, &row);
	assert_int_equal(policies(tool, DAY, DAY).messages, 2);
	assert_true(store_expire(tool, NOON + 90 * TUPLE_DAY, 1, &p->why));
	assert_int_equal(policies(s, 0, INT32_MAX).things, 0);
	assert_false(store_add(tool, &row, &p->why));
	assert_string_equal(p->why.text, "the store is open for reading only");
	store_close(tool);
	store_close(s);
}

static void tools_do_not_make_a_file(void **state)
{
	struct place *p = *state;

	assert_null(store_attach(p->path, &p->why));
	assert_non_null(strstr(p->why.text, "No such file"));
	assert_int_equal(access(p->path, F_OK), -1);
}

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void run_sql(struct place *p, const char *sql)
{
	struct sdb *db = sdb_open(p->path, true, false, &p->why);
	struct sdb_query *q;

	assert_non_null(db);
	q = sdb_prepare(db, sql, &p->why);
	assert_non_null(q);
	assert_true(sdb_run(q, &p->why));
	sdb_query_free(q);
	sdb_close(db);
}

static void assert_refused(struct place *p, const char *reason)
{
	struct store *s = store_open(p->path, true, &p->why);

	assert_null(s);
	if (strstr(p->why.text, reason) == NULL || strstr(p->why.text, p->path) == NULL)
		fail_msg("\"%s\" instead of \"%s\"", p->why.text, reason);
}

static void refuses_a_text_file(void **state)
{
	struct place *p = *state;

	write_file(p->path, "This is a letter and no database at all, however long one makes it.\n");
	assert_refused(p, "not an alignd store");
}

static void refuses_the_database_of_another_program(void **state)
{
	struct place *p = *state;

	run_sql(p, "PRAGMA application_id=7");
	assert_refused(p, "another program");
}

static void refuses_a_newer_schema(void **state)
{
	struct place *p = *state;

	run_sql(p, "PRAGMA user_version=1000");
	assert_refused(p, "written by a newer alignd (schema 1000");
}

static void refuses_a_damaged_file(void **state)
{
	struct place *p = *state;
	char junk[4096];
	int fd;

	run_sql(p, "PRAGMA user_version");
	memset(junk, 0xa5, sizeof(junk));
	fd = open(p->path, O_WRONLY);
	assert_true(fd >= 0);
	/* the page of the table list, behind the file's own header */
	assert_int_equal(pwrite(fd, junk, sizeof(junk) - 100, 100), (ssize_t)sizeof(junk) - 100);
	close(fd);
	assert_refused(p, "damaged");
}

static void refuses_a_missing_directory(void **state)
{
	struct place *p = *state;
	char path[96];

	memcpy(path, p->path, sizeof(path));
	snprintf(p->path, sizeof(p->path), "%s/none/store.db", p->dir);
	assert_refused(p, "No such file or directory");
	memcpy(p->path, path, sizeof(path));
}

static void makes_a_file_that_others_cannot_read(void **state)
{
	struct place *p = *state;
	struct stat st;

	store_close(open_store(p, true));
	assert_int_equal(stat(p->path, &st), 0);
	assert_int_equal(st.st_mode & 07, 0);
}

/* The file may not grow, as on a full disk: rows are refused with a reason, and accepted again when it may. */
static void says_that_the_disk_is_full_and_recovers(void **state)
{
	struct place *p = *state;
	struct store *s = open_store(p, true);
	struct row row = sample_row();
	struct rlimit old, small;

	add(s, &row);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = (struct rlimit){.rlim_cur = 4096, .rlim_max = old.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	p->why.text[0] = '\0';
	assert_false(store_add(s, &row, &p->why));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_non_null(strstr(p->why.text, p->path));
	add(s, &row);
	assert_int_equal(policies(s, DAY, DAY).messages, 2);
	store_close(s);
}

static void refuses_what_cannot_be_a_row(void **state)
{
	struct place *p = *state;
	struct store *s = open_store(p, true);
	struct row row = sample_row();
	char *large = calloc(1, 100000);

	memset(large, 'a', 99999);
	row.comment = large;
	assert_false(store_add(s, &row, &p->why));
	row = sample_row();
	row.when = -1;
	assert_false(store_add(s, &row, &p->why));
	assert_int_equal(policies(s, 0, INT32_MAX).things, 0);
	free(large);
	store_close(s);
	store_close(NULL);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(gives_back_what_was_stored),
	    TEST(counts_equal_messages_together),
	    TEST(tells_different_messages_apart),
	    TEST(keeps_policies_and_days_apart_and_the_last_rua),
	    TEST(counts_outcomes_of_all_messages),
	    TEST(knows_who_earned_a_report),
	    TEST(expires_old_days_only),
	    TEST(loses_nothing_under_many_threads),
	    TEST(keeps_every_answered_row_when_killed),
	    TEST(shares_the_file_with_a_tool),
	    TEST(tools_do_not_make_a_file),
	    TEST(refuses_a_text_file),
	    TEST(refuses_the_database_of_another_program),
	    TEST(refuses_a_newer_schema),
	    TEST(refuses_a_damaged_file),
	    TEST(refuses_a_missing_directory),
	    TEST(makes_a_file_that_others_cannot_read),
	    TEST(says_that_the_disk_is_full_and_recovers),
	    TEST(refuses_what_cannot_be_a_row),
	};
	return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
