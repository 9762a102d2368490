/* report_plan.c - which reports there are to send, and what becomes of one. */
#include "report/report_plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Rows of a day come until its last messages have ended, minutes after midnight. */
#define CLOSE_SECONDS 900
/* Reports become due over this time, so that nobody gets all of them at midnight (RFC 9990 has no
 * word on it). */
#define SPREAD_SECONDS (4 * 3600)
/* Older days are not reported any more after an outage: nobody expects them. */
#define BACKLOG_DAYS 7
/* A domain that changes its record with every query gets this many reports a day. */
#define MAX_POLICIES 8
#define EARNED_DAYS 30
/* For all questions about the destinations of one report. */
#define DNS_MS 30000

const char *report_submitter(const struct report_settings *settings)
{
	const char *at = strrchr(settings->from, '@');

	return at != NULL ? at + 1 : settings->from;
}

/* -- entering -- */

struct entering {
	const struct report_run *run;
	time_t now;
	struct store_report *reports;
	size_t count, size;
	size_t same; /* policies met of the last domain and day */
	bool failed;
};

static bool same_day_and_domain(const struct entering *e, const struct store_policy *p)
{
	const struct store_report *last = e->count > 0 ? &e->reports[e->count - 1] : NULL;

	return last != NULL && last->day == p->day && strcmp(last->domain, p->policy.domain) == 0;
}

/* The id spreads them: it is a hash. */
static time_t due_at(const struct store_report *r)
{
	unsigned long hash = strtoul(r->id + strlen(r->id) - 6, NULL, 16);

	return (r->day + 1) * TUPLE_DAY + CLOSE_SECONDS + (time_t)(hash % SPREAD_SECONDS);
}

static bool grow(struct entering *e)
{
	size_t size = e->size > 0 ? 2 * e->size : 64;
	struct store_report *reports;

	if (e->count < e->size)
		return true;
	reports = realloc(e->reports, size * sizeof(*reports));
	if (reports == NULL)
		return false;
	e->reports = reports;
	e->size = size;
	return true;
}

static bool note_policy(void *arg, const struct store_policy *p)
{
	struct entering *e = arg;
	struct store_report r = {.day = p->day, .state = REPORT_DUE, .changed = e->now};

	if (p->policy.rua[0] == '\0') /* RFC 9989 4.7: no rua, no report */
		return true;
	e->same = same_day_and_domain(e, p) ? e->same + 1 : 1;
	if (e->same > MAX_POLICIES)
		return true;
	snprintf(r.domain, sizeof(r.domain), "%s", p->policy.domain);
	memcpy(r.key, p->key, sizeof(r.key));
	e->failed = !grow(e) ||
		    !aggregate_id(report_submitter(e->run->settings), r.day, r.domain, r.key, r.id);
	if (e->failed)
		return false;
	r.next = due_at(&r);
	e->reports[e->count++] = r;
	return true;
}

bool report_enter(const struct report_run *run, unsigned *entered_r, struct error *why)
{
	struct entering e = {.run = run, .now = clock_now(run->clock)};
	int64_t closed = (e.now - CLOSE_SECONDS) / TUPLE_DAY - 1;
	int64_t first = run->day != NULL ? *run->day : closed - BACKLOG_DAYS + 1;
	int64_t last = run->day != NULL ? *run->day : closed;
	bool ok;

	*entered_r = 0;
	if (last > closed) {
		error_set(why, "the day has not ended; its reports are made %d minutes later",
			  CLOSE_SECONDS / 60);
		return false;
	}
	ok = store_policies(run->store, first, last, NULL, note_policy, &e, why);
	if (ok && e.failed) {
		error_set(why, "out of memory");
		ok = false;
	}
	if (ok)
		ok = store_report_enter(run->store, e.reports, e.count, entered_r, why);
	free(e.reports);
	return ok;
}

/* -- one report -- */

static bool is_listed(const struct report_settings *s, const char *domain)
{
	for (size_t i = 0; i < s->domain_count; i++)
		if (domain_at_or_below(domain, s->domains[i]))
			return true;
	return false;
}

/* False: no, or the store failed (`broken_r`). */
static bool may_have_reports(const struct report_run *run, const struct store_report *r,
			     bool *broken_r, struct error *why)
{
	const struct report_settings *s = run->settings;
	bool earned;

	if (s->to == REPORT_TO_ALL || is_listed(s, r->domain))
		return true;
	if (s->to == REPORT_TO_LISTED) {
		error_set(why, "not listed");
		return false;
	}
	if (!store_earned(run->store, r->domain, r->day, EARNED_DAYS, &earned, why)) {
		*broken_r = true;
		return false;
	}
	if (!earned)
		error_set(why, "no accepted message of it passed DMARC in %d days", EARNED_DAYS);
	return earned;
}

static void refuse(struct report_plan *p, const struct report_address *a, const char *reason)
{
	snprintf(p->refused, sizeof(p->refused), "%s: %s", a->text, reason);
}

static void verify(const struct report_run *run, struct lookups *l, const char *domain,
		   const struct report_address *a, struct report_plan *p)
{
	/* Reports to ourselves would be reported on, to ourselves, for ever. */
	if (strcasecmp(a->text, run->settings->from) == 0) {
		refuse(p, a, "our own address");
		return;
	}
	switch (report_uri_verify(l, run->psl, domain, a, &p->to)) {
	case REPORT_ALLOWED: break;
	case REPORT_FORBIDDEN:
		refuse(p, a, "the destination has not agreed (RFC 9990 section 4)");
		break;
	case REPORT_LATER:
		refuse(p, a, "DNS failure");
		p->later = true;
		break;
	}
}

/* All destinations of the rua list that may get it. False: there is none and will be none. */
static bool find_destinations(const struct report_run *run, const char *domain,
			      struct report_plan *p, struct error *why)
{
	struct lookups *l = lookups_new(run->resolver);
	const char *rua = p->aggregate->policy.rua;
	struct report_addresses wanted;

	if (l == NULL) {
		p->later = true;
		return true;
	}
	lookups_deadline(l, clock_mono_ms() + DNS_MS);
	report_uri_parse(rua, strlen(rua), &wanted);
	for (size_t i = 0; i < wanted.count; i++)
		verify(run, l, domain, &wanted.address[i], p);
	lookups_free(l);
	if (p->to.count == 0 && !p->later)
		error_set(why, "%s", wanted.count > 0 ? p->refused : "no mail address in rua");
	return p->to.count > 0 || p->later;
}

bool report_label(struct aggregate *a, const struct report_settings *s, int64_t day,
		  const char *domain, const uint8_t key[TUPLE_KEY_SIZE])
{
	a->org_name = s->org[0] != '\0' ? s->org : report_submitter(s);
	a->email = s->from;
	a->contact = s->contact;
	a->generator = "alignd " ALIGND_VERSION;
	return aggregate_id(report_submitter(s), day, domain, key, a->id);
}

bool report_plan_make(const struct report_run *run, const struct store_report *r,
		      struct report_plan *p, bool *broken_r, struct error *why)
{
	struct error unread = {.text = ""};

	*p = (struct report_plan){.aggregate = NULL};
	*broken_r = false;
	if (why == NULL)
		why = &unread;
	if (!may_have_reports(run, r, broken_r, why))
		return false;
	p->aggregate = aggregate_find(run->store, r->day, r->domain, r->key, why);
	if (p->aggregate != NULL && find_destinations(run, r->domain, p, why)) {
		report_label(p->aggregate, run->settings, r->day, r->domain, r->key);
		/* The id it was entered with, whatever the submitter is now. */
		snprintf(p->aggregate->id, sizeof(p->aggregate->id), "%s", r->id);
		if (p->to.count == 0 || aggregate_fill(p->aggregate, run->store, r->key, why))
			return true;
		*broken_r = why->text[0] != '\0';
	} else if (p->aggregate == NULL) {
		*broken_r = why->text[0] != '\0';
	}
	if (why->text[0] == '\0')
		error_set(why, "its rows are gone");
	return false;
}

void report_plan_free(struct report_plan *p)
{
	aggregate_free(p->aggregate);
	p->aggregate = NULL;
}
