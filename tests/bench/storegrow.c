/* storegrow.c - a store that grows: days of counted tuples by store_add(), as alignd writes them,
 * and what is done with them later. Each step prints a line of key=value: wall clock and processor
 * time, memory, sizes of the files. */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "report/report_run.h"
#include "store/store_expire.h"

#define FIRST_DAY 20000
#define RUA "mailto:dmarc-reports@"
/* Days that are deleted in the end. */
#define EXPIRED 3
/* Tuples that are timed, each in another place of the day. */
#define PROBES 50000
/* Messages while old rows are deleted, each waiting for the disk, and the pause between two. */
#define MEANWHILE 2000
#define MEANWHILE_NS 1000000

struct sizes {
	int64_t days, tuples, domains;
};

static const char usage[] = "usage: storegrow STORE DAYS TUPLES DOMAINS\n"
			    "Write DAYS days of TUPLES tuples each, of DOMAINS domains, and the "
			    "last day all of one domain;\n"
			    "time the writing of further tuples on the way. Enter the reports, "
			    "make the large one, delete the\n"
			    "first three days.\n";

static void die(const char *what, const char *why)
{
	fprintf(stderr, "storegrow: %s: %s\n", what, why);
	exit(2);
}

static double seconds(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* A line of /proc/self/status, in MiB. */
static double status_mib(const char *name)
{
	FILE *f = fopen("/proc/self/status", "re");
	char line[128];
	double kib = 0;

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, name, strlen(name)) == 0)
			kib = strtod(line + strlen(name) + 1, NULL);
	if (f != NULL)
		fclose(f);
	return kib / 1024;
}

/* Let VmHWM begin anew. */
static void forget_peak(void)
{
	FILE *f = fopen("/proc/self/clear_refs", "we");

	if (f != NULL) {
		fputs("5", f);
		fclose(f);
	}
}

static double file_mib(const char *path, const char *end)
{
	char name[4096];
	struct stat st;

	snprintf(name, sizeof(name), "%s%s", path, end);
	return stat(name, &st) == 0 ? (double)st.st_size / 1048576 : 0;
}

/* -- steps -- */

struct step {
	const char *path;
	double wall, cpu;
};

static struct step begin(const char *path)
{
	forget_peak();
	return (struct step){path, seconds(CLOCK_MONOTONIC), seconds(CLOCK_PROCESS_CPUTIME_ID)};
}

static void end(const struct step *s, const char *name, int64_t day, int64_t things)
{
	double wall = seconds(CLOCK_MONOTONIC) - s->wall;
	double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - s->cpu;

	printf("step=%s day=%" PRId64 " n=%" PRId64
	       " secs=%.3f cpu=%.3f rate=%.0f cpu_us=%.2f rss=%.1f peak=%.1f db=%.1f wal=%.1f\n",
	       name, day, things, wall, cpu, (double)things / wall, cpu * 1e6 / (double)things,
	       status_mib("VmRSS"), status_mib("VmHWM"), file_mib(s->path, ""),
	       file_mib(s->path, "-wal"));
	fflush(stdout);
}

/* -- rows -- */

/* Spreads: neighbours in time are no neighbours in the file. */
static uint64_t scatter(uint64_t x)
{
	x = (x ^ x >> 31) * 0x9e3779b97f4a7c15u;
	return x ^ x >> 29;
}

/* The text of a row. */
struct names {
	char from[80], bounce[80], rua[96], ip[48];
};

static void add(struct store *s, const struct row *row)
{
	const struct timespec moment = {.tv_nsec = 2000000};
	struct error why = {.text = ""};

	/* Not durable: what is refused is refused because the queue is full. */
	while (!store_add(s, row, &why)) {
		if (strstr(why.text, "rows behind") == NULL)
			die("store_add", why.text);
		nanosleep(&moment, NULL);
	}
}

/* A tuple of its own for each number; the same again for the same. */
static struct row tuple(int64_t day, int64_t number, const char *domain, struct names *n)
{
	bool pass = number % 4 != 0;

	snprintf(n->from, sizeof(n->from), "news.%s", domain);
	snprintf(n->bounce, sizeof(n->bounce), "bounces.%s", domain);
	snprintf(n->rua, sizeof(n->rua), RUA "%s", domain);
	snprintf(n->ip, sizeof(n->ip), "2001:db8:%x:%x::25", (unsigned)(number >> 16),
		 (unsigned)(number & 0xffff));
	return (struct row){
	    .when = (day + FIRST_DAY) * TUPLE_DAY + number % TUPLE_DAY,
	    .dmarc = pass ? "pass" : "fail",
	    .action = pass ? "accept" : "reject",
	    .reportable = true,
	    .policy = {.domain = domain,
		       .p = "reject",
		       .adkim = "r",
		       .aspf = "r",
		       .fo = "0",
		       .testing = "n",
		       .discovery = "treewalk",
		       .rua = n->rua},
	    .source_ip = n->ip,
	    .header_from = n->from,
	    .envelope_from = n->bounce,
	    .spf_domain = n->bounce,
	    .spf_result = pass ? "pass" : "softfail",
	    .disposition = pass ? "none" : "reject",
	    .dkim_aligned = pass,
	    .spf_aligned = pass,
	    .dkim = {{domain, "selector1", pass ? "pass" : "fail", ""}},
	    .dkim_count = 1,
	};
}

static void write_tuple(struct store *s, int64_t day, int64_t number, int64_t domain)
{
	struct names n;
	char name[64];
	struct row row;

	if (domain < 0)
		snprintf(name, sizeof(name), "big.example");
	else
		snprintf(name, sizeof(name), "sender-%07" PRId64 ".example", domain);
	row = tuple(day, number, name, &n);
	add(s, &row);
}

static void wait_written(struct store *s)
{
	const struct timespec moment = {.tv_nsec = 2000000};

	while (store_queued(s) > 0)
		nanosleep(&moment, NULL);
}

/* Further tuples of a day, scattered over its domains. */
static void probe(struct store *s, const char *path, const struct sizes *z, int64_t day,
		  int64_t first, const char *name)
{
	struct step step = begin(path);

	for (int64_t i = 0; i < PROBES; i++)
		write_tuple(s, day, z->tuples + first + i,
			    (int64_t)(scatter((uint64_t)i) % (uint64_t)z->domains));
	wait_written(s);
	end(&step, name, day, PROBES);
}

/* In the order of the file, which is several times faster. */
static void fill(struct store *s, const char *path, const struct sizes *z, int64_t day)
{
	struct step step = begin(path);

	for (int64_t i = 0; i < z->tuples; i++)
		write_tuple(s, day, i, day == z->days - 1 ? -1 : i * z->domains / z->tuples);
	wait_written(s);
	end(&step, "fill", day, z->tuples);
}

/* Into a store of that many days: tuples of a new day, tuples of a full one, and these again. */
static void probes(struct store *s, const char *path, const struct sizes *z, int64_t day)
{
	probe(s, path, z, day, 0, "write");
	fill(s, path, z, day);
	if (day == 0 || day == z->days - 2) {
		probe(s, path, z, day, PROBES, "full");
		probe(s, path, z, day, PROBES, "again");
	}
}

/* -- what is done with them -- */

static void enter_reports(struct store *s, const char *path, const struct sizes *z,
			  const char *name)
{
	const struct report_settings settings = {.from = "dmarc@mx.example", .to = REPORT_TO_ALL};
	const struct clock clock = {.fixed = true, .now = (FIRST_DAY + z->days) * TUPLE_DAY + 3600};
	const struct report_run run = {.settings = &settings, .store = s, .clock = &clock};
	struct step step = begin(path);
	struct error why = {.text = ""};
	unsigned entered;

	if (!report_enter(&run, &entered, &why))
		die("report_enter", why.text);
	end(&step, name, z->days, entered);
}

/* Claim and end some, as a run that sends them does. */
static void claim_reports(struct store *s, const char *path, const struct sizes *z)
{
	const time_t now = (FIRST_DAY + z->days + 1) * TUPLE_DAY;
	const struct store_choice all = {.day = NULL};
	struct error why = {.text = ""};
	struct step step = begin(path);
	struct store_report r;
	int64_t n = 0, sent;

	for (; n < 200 && store_report_claim(s, now, 600, &all, &r, &why); n++) {
		if (!store_delivery_put(s, &r, "a@b.example", REPORT_SENT, now, "", &why))
			die("store_delivery_put", why.text);
		r.state = REPORT_SENT;
		if (!store_report_finish(s, &r, &why))
			die("store_report_finish", why.text);
	}
	if (!store_delivery_count(s, now - 60, &sent, &why))
		die("store_delivery_count", why.text);
	end(&step, "claim", 0, n);
}

static bool note_key(void *arg, const struct store_policy *p)
{
	memcpy(arg, p->key, TUPLE_KEY_SIZE);
	return false;
}

/* The report of the domain that has most rows, with a limit on its size. */
static void write_report(struct store *s, const char *path, int64_t day)
{
	const struct report_settings settings = {
	    .from = "dmarc@mx.example", .org = "", .contact = "", .size_limit = 10 << 20};
	struct error why = {.text = ""};
	struct step step = begin(path);
	uint8_t key[TUPLE_KEY_SIZE];
	struct aggregate *a;
	struct strbuf mail;
	int64_t records;

	if (!store_policies(s, day, day, "big.example", note_key, key, &why) ||
	    (a = aggregate_find(s, day, "big.example", key, &why)) == NULL ||
	    !report_label(a, &settings, day, "big.example", key) ||
	    !aggregate_fill(a, s, key, &why))
		die("report", why.text);
	records = (int64_t)a->count + a->left_records;
	if (!report_write(&settings, a, "a@b.example", 0, &mail))
		die("report", "does not fit");
	strbuf_free(&mail);
	aggregate_free(a);
	end(&step, "report", day - FIRST_DAY, records);
}

struct expiry {
	struct store *store;
	time_t now;
	int keep;
	struct error why;
	bool ok;
};

static void *delete_old(void *arg)
{
	struct expiry *e = arg;

	e->ok = store_expire(e->store, e->now, e->keep, &e->why);
	return NULL;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* How long messages wait for their row, one after the other. */
static void meanwhile(struct store *s, const struct sizes *z, const char *name)
{
	const struct timespec pause = {.tv_nsec = MEANWHILE_NS};
	static double wait[MEANWHILE];

	for (int i = 0; i < MEANWHILE; i++) {
		double from = seconds(CLOCK_MONOTONIC);

		write_tuple(s, z->days, i, i);
		wait[i] = (seconds(CLOCK_MONOTONIC) - from) * 1000;
		nanosleep(&pause, NULL);
	}
	qsort(wait, MEANWHILE, sizeof(*wait), by_size);
	printf("step=%s n=%d p50_ms=%.2f p99_ms=%.2f max_ms=%.2f\n", name, MEANWHILE,
	       wait[MEANWHILE / 2], wait[MEANWHILE / 100 * 99], wait[MEANWHILE - 1]);
}

/* Delete old days while messages come. */
static void expire(struct store *s, const char *path, const struct sizes *z)
{
	struct expiry e = {
	    .store = s, .now = (FIRST_DAY + z->days) * TUPLE_DAY, .keep = (int)z->days - EXPIRED};
	pthread_t thread;
	struct step step;

	meanwhile(s, z, "wait");
	step = begin(path);
	if (pthread_create(&thread, NULL, delete_old, &e) != 0)
		die("pthread_create", "no thread");
	meanwhile(s, z, "wait-expire");
	pthread_join(thread, NULL);
	if (!e.ok)
		die("store_expire", e.why.text);
	end(&step, "expire", 0, EXPIRED * z->tuples);
}

static struct store *open_store(const char *path, bool durable)
{
	struct error why = {.text = ""};
	struct store *s = store_open(path, durable, &why);

	if (s == NULL)
		die(path, why.text);
	return s;
}

int main(int argc, char **argv)
{
	struct sizes z;
	struct store *s;

	if (argc == 5)
		z = (struct sizes){strtoll(argv[2], NULL, 10), strtoll(argv[3], NULL, 10),
				   strtoll(argv[4], NULL, 10)};
	if (argc != 5 || z.days < EXPIRED + 2 || z.tuples < 100 || z.domains < 1) {
		fputs(usage, stderr);
		return 2;
	}
	s = open_store(argv[1], false);
	for (int64_t day = 0; day < z.days; day++)
		probes(s, argv[1], &z, day);
	store_close(s);
	s = open_store(argv[1], true);
	enter_reports(s, argv[1], &z, "enter");
	enter_reports(s, argv[1], &z, "enter-again");
	claim_reports(s, argv[1], &z);
	write_report(s, argv[1], FIRST_DAY + z.days - 1);
	expire(s, argv[1], &z);
	store_close(s);
	return 0;
}
