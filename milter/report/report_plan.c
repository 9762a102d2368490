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
/* Reports entered at a time: a day may have millions. */
#define PAGE 500
#define EARNED_DAYS 30
/* For all questions about the destinations of one report. */
#define DNS_MS 30000

const char *report_submitter(const struct report_settings *settings)
{
	const char *at = strrchr(settings->from, '@');

	return at != NULL ? at + 1 : settings->from;
}

/* -- entering -- */

/* A page of reports of one day. */
struct entering {
	const struct report_run *run;
	time_t now;
	int64_t day;
	struct store_report *reports;
	size_t count;
	char domain[DOMAIN_SIZE]; /* the last one met */
	size_t same;		  /* its policies so far */
	bool more;		  /* the page ended before the day */
	bool failed;
};

/* The id spreads them: it is a hash. */
static time_t due_at(const struct store_report *r)
{
	unsigned long hash = strtoul(r->id + strlen(r->id) - 6, NULL, 16);

	return (r->day + 1) * TUPLE_DAY + CLOSE_SECONDS + (time_t)(hash % SPREAD_SECONDS);
}

static bool note_report(struct entering *e, const uint8_t key[TUPLE_KEY_SIZE])
{
	struct store_report *r = &e->reports[e->count];

	*r = (struct store_report){.day = e->day, .state = REPORT_DUE, .changed = e->now};
	snprintf(r->domain, sizeof(r->domain), "%s", e->domain);
	memcpy(r->key, key, sizeof(r->key));
	if (!aggregate_id(report_submitter(e->run->settings), r->day, r->domain, r->key, r->id))
		return false;
	r->next = due_at(r);
	e->count++;
	return true;
}

/* A page ends between two domains, and where one has too many policies: the next page begins after
 * it. */
static bool note_policy(void *arg, const char *domain, const uint8_t key[TUPLE_KEY_SIZE])
{
	struct entering *e = arg;
	bool other = strcmp(domain, e->domain) != 0;

	e->more = other ? e->count >= PAGE : e->same == MAX_POLICIES;
	if (e->more)
		return false;
	if (other) {
		snprintf(e->domain, sizeof(e->domain), "%s", domain);
		e->same = 0;
	}
	e->same++;
	e->failed = !note_report(e, key);
	return !e->failed;
}

/* False with an empty reason: out of memory. */
static bool enter_pages(struct entering *e, unsigned *entered, struct error *why)
{
	unsigned n;

	do {
		char after[DOMAIN_SIZE];

		snprintf(after, sizeof(after), "%s", e->domain);
		e->more = false;
		if (!store_asking(e->run->store, e->day, after, note_policy, e, why) || e->failed)
			return false;
		if (e->more && e->count < PAGE)
			continue;
		if (!store_report_enter(e->run->store, e->reports, e->count, &n, why))
			return false;
		*entered += n;
		e->count = 0;
	} while (e->more);
	return true;
}

static bool enter_day(const struct report_run *run, int64_t day, unsigned *entered,
		      struct error *why)
{
	struct entering e = {.run = run, .now = clock_now(run->clock), .day = day};
	bool done, ok = store_entering(run->store, day, &done, why);

	if (!ok || done)
		return ok;
	e.reports = malloc((PAGE + MAX_POLICIES) * sizeof(*e.reports));
	e.failed = e.reports == NULL;
	ok = !e.failed && enter_pages(&e, entered, why) && store_entered(run->store, day, why);
	if (e.failed)
		error_set(why, "out of memory");
	free(e.reports);
	return ok;
}

bool report_enter(const struct report_run *run, unsigned *entered_r, struct error *why)
{
	int64_t closed = (clock_now(run->clock) - CLOSE_SECONDS) / TUPLE_DAY - 1;
	int64_t first = run->day != NULL ? *run->day : closed - BACKLOG_DAYS + 1;
	int64_t last = run->day != NULL ? *run->day : closed;

	*entered_r = 0;
	if (last > closed) {
		error_set(why, "the day has not ended; its reports are made %d minutes later",
			  CLOSE_SECONDS / 60);
		return false;
	}
	for (int64_t day = first; day <= last; day++)
		if (!enter_day(run, day, entered_r, why))
			return false;
	return true;
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
