/* load_tally.c - the report on a run. */
#include "load_tally.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What one check came to in all messages. */
struct comparison {
	size_t got[WORDS];	    /* by what was written */
	size_t wrong[WORDS][WORDS]; /* by what was expected and written */
	size_t checked, right;
};

struct tally {
	double *total, *eom; /* seconds, sorted */
	size_t totals, eoms;
	size_t verdict[VERDICTS], quarantined;
	struct comparison check[CHECKS];
};

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void compare(struct comparison *c, const struct outcome *o, unsigned char got,
		    const char *expected)
{
	unsigned char want;

	c->got[got]++;
	if (expected == NULL || o->verdict == V_ERROR)
		return;
	want = word_of(expected, strlen(expected));
	c->checked++;
	if (want == got)
		c->right++;
	else
		c->wrong[want][got]++;
}

static struct tally tally_make(const struct run *r)
{
	struct tally t = {.total = grow(NULL, r->count * sizeof(double)),
			  .eom = grow(NULL, r->count * sizeof(double))};

	for (size_t i = 0; i < r->count; i++) {
		const struct outcome *o = &r->outcome[i];

		t.verdict[o->verdict]++;
		t.quarantined += o->quarantine;
		if (o->verdict != V_ERROR)
			t.total[t.totals++] = o->total;
		if (o->verdict != V_ERROR && o->eom > 0)
			t.eom[t.eoms++] = o->eom;
		for (int k = 0; k < CHECKS; k++)
			compare(&t.check[k], o, o->got[k],
				r->corpus->message[o->message].expect[k]);
	}
	qsort(t.total, t.totals, sizeof(double), by_value);
	qsort(t.eom, t.eoms, sizeof(double), by_value);
	return t;
}

static void tally_free(struct tally *t)
{
	free(t->total);
	free(t->eom);
}

/* A percentile in milliseconds. */
static double percentile(const double *sorted, size_t n, double p)
{
	size_t i = (size_t)(p * (double)n + 0.999999); /* rounded up: the i-th smallest */

	return n == 0 ? 0 : 1e3 * sorted[i > n ? n - 1 : i > 0 ? i - 1 : 0];
}

static bool silent(const struct comparison *c, size_t count)
{
	return c->checked == 0 || c->got[0] == count;
}

static void print_latencies(const char *name, const double *sorted, size_t n)
{
	printf(" %s50=%.3f %s95=%.3f %s99=%.3f %smax=%.3f", name, percentile(sorted, n, .5), name,
	       percentile(sorted, n, .95), name, percentile(sorted, n, .99), name,
	       percentile(sorted, n, 1));
}

void tally_print_line(const struct run *r)
{
	struct tally t = tally_make(r);

	printf("label=%s conns=%d n=%zu secs=%.3f rate=%.1f", r->label, r->connections, t.totals,
	       r->seconds, (double)t.totals / r->seconds);
	print_latencies("tot", t.total, t.totals);
	print_latencies("eom", t.eom, t.eoms);
	for (int i = 0; i < VERDICTS; i++)
		printf(" %s=%zu", verdict_name[i], t.verdict[i]);
	printf(" quarantine=%zu", t.quarantined);
	for (int k = 0; k < CHECKS; k++)
		if (!silent(&t.check[k], r->count))
			printf(" %s_ok=%zu/%zu", check_name[k], t.check[k].right,
			       t.check[k].checked);
	putchar('\n');
	tally_free(&t);
}

static void print_check(const char *name, const struct comparison *c, size_t count)
{
	printf("%-6s", name);
	for (int j = 0; j < WORDS; j++)
		if (c->got[j] > 0)
			printf(" %s %zu", j ? word_name[j] : "(nothing)", c->got[j]);
	if (silent(c, count)) {
		putchar('\n');
		return;
	}
	printf("   | as expected %zu of %zu\n", c->right, c->checked);
	for (int want = 0; want < WORDS; want++)
		for (int got = 0; got < WORDS; got++)
			if (c->wrong[want][got] > 0)
				printf("       expected %s, got %s: %zu\n", word_name[want],
				       got ? word_name[got] : "(nothing)", c->wrong[want][got]);
}

void tally_print(const struct run *r)
{
	struct tally t = tally_make(r);
	const struct load *l = r->load;

	printf("%s%s%zu messages in %.3f s = %.1f messages/s, %d connections at once, %lu "
	       "connects, %lu replies\n",
	       r->label, *r->label ? ": " : "", t.totals, r->seconds, (double)t.totals / r->seconds,
	       r->connections, l->connects, l->replies);
	printf("latency ms     p50      p95      p99      max\n");
	for (int i = 0; i < 2; i++) {
		const double *v = i ? t.eom : t.total;
		size_t n = i ? t.eoms : t.totals;

		printf("  %-7s %8.2f %8.2f %8.2f %8.2f\n", i ? "at EOM" : "total",
		       percentile(v, n, .5), percentile(v, n, .95), percentile(v, n, .99),
		       percentile(v, n, 1));
	}
	printf("verdicts:");
	for (int i = 0; i < VERDICTS; i++)
		printf(" %s %zu", verdict_name[i], t.verdict[i]);
	printf(", quarantine %zu\n", t.quarantined);
	printf("changes: headers added %lu, inserted %lu, changed %lu; body replaced %lu; "
	       "recipients, sender %lu; body "
	       "skips %lu; progress %lu\n",
	       l->added, l->inserted, l->changed, l->replaced, l->other, l->skips, l->progress);
	for (int k = 0; k < CHECKS; k++)
		print_check(check_name[k], &t.check[k], r->count);
	tally_free(&t);
}

void tally_write_csv(const struct run *r, const char *path)
{
	FILE *f = fopen(path, "we");

	if (f == NULL)
		die("%s: %s", path, strerror(errno));
	fputs("seq,file,class,total_ms,eom_ms,verdict,quarantine,iprev,spf,dkim,dmarc\n", f);
	for (size_t i = 0; i < r->count; i++) {
		const struct outcome *o = &r->outcome[i];
		const struct message *m = &r->corpus->message[o->message];

		fprintf(f, "%zu,%s,%s,%.3f,%.3f,%s,%d", i, m->file, m->class, o->total * 1e3,
			o->eom * 1e3, verdict_name[o->verdict], o->quarantine);
		for (int k = 0; k < CHECKS; k++)
			fprintf(f, ",%s", word_name[o->got[k]]);
		fputc('\n', f);
	}
	if (fclose(f) != 0)
		die("%s: %s", path, strerror(errno));
}

size_t tally_errors(const struct run *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->count; i++)
		n += r->outcome[i].verdict == V_ERROR;
	return n;
}
