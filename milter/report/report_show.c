/* report_show.c - reports for a person. */
#include "report/report_show.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "report/report_day.h"

/* Of one document shown on a terminal or piped into a file. */
#define MAX_XML ((size_t)256 << 20)

/* -- reports kept, to ask the store about them one by one -- */

struct reports {
	struct store_report *list;
	size_t count, size;
	const char *domain; /* NULL: all */
	bool open_only;	    /* not those that are done */
	bool failed;
};

static bool keep_report(void *arg, const struct store_report *r)
{
	struct reports *k = arg;

	if (k->domain != NULL && strcmp(k->domain, r->domain) != 0)
		return true;
	if (k->open_only && r->state != REPORT_DUE && r->state != REPORT_CLAIMED)
		return true;
	if (k->count == k->size) {
		size_t size = k->size > 0 ? 2 * k->size : 64;
		struct store_report *list = realloc(k->list, size * sizeof(*list));

		if (list == NULL) {
			k->failed = true;
			return false;
		}
		k->list = list;
		k->size = size;
	}
	k->list[k->count++] = *r;
	return true;
}

static bool keep_reports(struct reports *k, struct store *s, int64_t first, int64_t last,
			 struct error *why)
{
	if (!store_reports(s, first, last, keep_report, k, why))
		return false;
	if (k->failed)
		error_set(why, "out of memory");
	return !k->failed;
}

/* -- lists -- */

/* What a line is indented by below a report. */
#define BELOW "           "

struct deliveries {
	const char *error; /* the report's */
	bool said;	   /* by one of them */
	FILE *out;
};

static bool print_delivery(void *arg, const struct store_delivery *d)
{
	struct deliveries *all = arg;
	size_t n = strlen(d->error), m = strlen(all->error);

	fprintf(all->out, BELOW "%-10s %s%s%s\n", report_state_name(d->state), d->destination,
		n > 0 ? "  " : "", d->error);
	all->said |= n > 0 && m >= n && strcmp(all->error + m - n, d->error) == 0;
	return true;
}

/* When a report that was put off, or is not yet due, is sent. */
static void print_next(FILE *out, const struct store_report *r)
{
	char text[32];
	struct tm t;

	if (r->state == REPORT_DUE && gmtime_r(&r->next, &t) != NULL &&
	    strftime(text, sizeof(text), "%Y-%m-%d %H:%M", &t) > 0)
		fprintf(out, "  from %s UTC", text);
}

static bool print_report(FILE *out, struct store *s, const struct store_report *r,
			 struct error *why)
{
	struct deliveries all = {.error = r->error, .said = r->error[0] == '\0', .out = out};
	char day[REPORT_DAY_SIZE];

	fprintf(out, "%s %-10s %s  %s", report_day_print(r->day, day), report_state_name(r->state),
		r->domain, r->id);
	print_next(out, r);
	fputc('\n', out);
	if (!store_deliveries(s, r, print_delivery, &all, why))
		return false;
	if (!all.said)
		fprintf(out, BELOW "%s\n", r->error);
	return true;
}

struct waiting {
	const struct reports *entered;
	size_t count;
	FILE *out;
};

/* The order of store_reports(). */
static int compare(const void *policy, const void *report)
{
	const struct store_policy *p = policy;
	const struct store_report *r = report;
	int by_domain = strcmp(p->policy.domain, r->domain);

	if (p->day != r->day)
		return p->day < r->day ? -1 : 1;
	return by_domain != 0 ? by_domain : memcmp(p->key, r->key, TUPLE_KEY_SIZE);
}

/* A policy that asks for reports and has none entered: its day is not over, or nobody has looked
 * yet. */
static bool print_waiting(void *arg, const struct store_policy *p)
{
	struct waiting *w = arg;
	char day[REPORT_DAY_SIZE];

	if (p->policy.rua[0] == '\0' ||
	    (w->entered->count > 0 &&
	     bsearch(p, w->entered->list, w->entered->count, sizeof(*w->entered->list), compare)))
		return true;
	fprintf(w->out, "%s %-10s %s  %lld message%s\n", report_day_print(p->day, day), "waiting",
		p->policy.domain, (long long)p->messages, p->messages == 1 ? "" : "s");
	w->count++;
	return true;
}

bool report_list(struct store *s, int64_t first, int64_t last, const char *domain, FILE *out,
		 size_t *count_r, struct error *why)
{
	struct reports k = {.domain = domain};
	struct waiting w = {&k, 0, out};
	bool ok = keep_reports(&k, s, first, last, why);

	for (size_t i = 0; ok && i < k.count; i++)
		ok = print_report(out, s, &k.list[i], why);
	ok = ok && store_policies(s, first, last, domain, print_waiting, &w, why);
	*count_r = k.count + w.count;
	free(k.list);
	return ok;
}

/* -- documents -- */

struct keys {
	uint8_t (*list)[TUPLE_KEY_SIZE];
	size_t count;
	bool failed;
};

static bool keep_key(void *arg, const struct store_policy *p)
{
	struct keys *k = arg;
	uint8_t(*list)[TUPLE_KEY_SIZE] = realloc(k->list, (k->count + 1) * sizeof(*list));

	k->failed = list == NULL;
	if (k->failed)
		return false;
	k->list = list;
	memcpy(k->list[k->count++], p->key, TUPLE_KEY_SIZE);
	return true;
}

static bool show_one(const struct report_settings *settings, struct store *s, int64_t day,
		     const char *domain, const uint8_t key[TUPLE_KEY_SIZE], FILE *out,
		     struct error *why)
{
	struct aggregate *a = aggregate_find(s, day, domain, key, why);
	struct strbuf xml;
	bool ok;

	if (a == NULL)
		return false;
	strbuf_init(&xml, MAX_XML);
	ok = aggregate_fill(a, s, key, why);
	if (ok) {
		ok = report_label(a, settings, day, domain, key) &&
		     aggregate_xml_write(&xml, a, settings->format);
		error_set(why, "%s", ok ? "" : "out of memory");
	}
	if (ok &&
	    (fwrite(strbuf_text(&xml), 1, xml.len, out) != xml.len || fputc('\n', out) == EOF)) {
		error_set(why, "cannot write");
		ok = false;
	}
	strbuf_free(&xml);
	aggregate_free(a);
	return ok;
}

bool report_show(const struct report_settings *settings, struct store *s, int64_t day,
		 const char *domain, FILE *out, struct error *why)
{
	struct keys k = {.list = NULL};
	char text[REPORT_DAY_SIZE];
	bool ok = store_policies(s, day, day, domain, keep_key, &k, why);

	if (ok && (k.failed || k.count == 0)) {
		if (k.failed)
			error_set(why, "out of memory");
		else
			error_set(why, "nothing to report about %s on %s", domain,
				  report_day_print(day, text));
		ok = false;
	}
	for (size_t i = 0; ok && i < k.count; i++)
		ok = show_one(settings, s, day, domain, k.list[i], out, why);
	free(k.list);
	return ok;
}

/* -- preview -- */

/* False: the store failed. */
static bool preview_one(const struct report_run *run, const struct store_report *r, FILE *out,
			struct error *why)
{
	struct report_plan plan;
	char day[REPORT_DAY_SIZE];
	bool broken, ok = report_plan_make(run, r, &plan, &broken, why);

	if (!broken) {
		fprintf(out, "%s %s  %s", report_day_print(r->day, day), r->domain, r->id);
		if (ok)
			fprintf(out, "  %lld message%s", (long long)plan.aggregate->messages,
				plan.aggregate->messages == 1 ? "" : "s");
		else
			fprintf(out, "  not sent: %s", why->text);
		fputc('\n', out);
		for (size_t i = 0; i < plan.to.count; i++)
			fprintf(out, BELOW "to %s\n", plan.to.address[i].text);
		if (plan.refused[0] != '\0' && ok)
			fprintf(out, BELOW "not to %s\n", plan.refused);
	}
	report_plan_free(&plan);
	return !broken;
}

bool report_preview(const struct report_run *run, const char *domain, FILE *out, size_t *count_r,
		    struct error *why)
{
	struct reports k = {.domain = domain, .open_only = true};
	struct error unread;
	int64_t first = run->day != NULL ? *run->day : 0;
	int64_t last = run->day != NULL ? *run->day : INT64_MAX;
	unsigned entered;
	bool ok =
	    report_enter(run, &entered, why) && keep_reports(&k, run->store, first, last, why);

	for (size_t i = 0; ok && i < k.count; i++)
		ok = preview_one(run, &k.list[i], out, why != NULL ? why : &unread);
	*count_r = k.count;
	free(k.list);
	return ok;
}
