/* report_run.c - send all due reports. */
#include "report/report_run.h"

#include <stdio.h>
#include <string.h>

#include "report/gzip.h"
#include "report/report_mail.h"

/* Tries of one report, and the pauses between: 15 minutes, doubled each time, at most six hours;
 * two days in all. */
#define MAX_ATTEMPTS 10
#define FIRST_PAUSE 900
#define LONGEST_PAUSE (6 * 3600)
/* A claim outlives the slowest run through its destinations. */
#define LEASE_SPARE 600
/* Of a mail, besides the report in base64. */
#define MAIL_OVERHEAD 8192

static bool stopped(const struct report_run *run)
{
	return run->stop != NULL && atomic_load(run->stop);
}

/* "20241004...: a.example: sent: ..." */
static void say(const struct report_run *run, const struct store_report *r)
{
	char line[STORE_REPORT_ERROR_SIZE + DOMAIN_SIZE + STORE_REPORT_ID_SIZE + 64];

	if (run->say == NULL)
		return;
	snprintf(line, sizeof(line), "report %s for %s: %s%s%s", r->id, r->domain,
		 r->state == REPORT_DUE ? "put off" : report_state_name(r->state),
		 r->error[0] != '\0' ? ": " : "", r->error);
	run->say(run->say_arg, line);
}

/* -- writing -- */

static bool take_xml(void *gzip, const char *bytes, size_t n)
{
	return gzip_add(gzip, bytes, n);
}

static bool compress(const struct aggregate *a, enum aggregate_format format, size_t limit,
		     struct strbuf *out)
{
	struct gzip *gzip;
	bool ok;

	strbuf_init(out, limit);
	gzip = gzip_new(out);
	ok = gzip != NULL && aggregate_xml_send(take_xml, gzip, a, format) && gzip_end(gzip);
	gzip_free(gzip);
	if (!ok)
		strbuf_free(out);
	return ok;
}

/* Base64 makes four bytes of three and two of each line end. */
static bool compress_to_fit(struct aggregate *a, const struct report_settings *s,
			    struct strbuf *gzip)
{
	size_t room = s->size_limit > MAIL_OVERHEAD ? s->size_limit - MAIL_OVERHEAD : 0;
	size_t limit = room / 78 * 57;

	for (;;) {
		if (compress(a, s->format, limit, gzip))
			return true;
		if (a->count <= 1)
			return false;
		aggregate_cut(a, a->count / 2);
	}
}

bool report_write(const struct report_settings *s, struct aggregate *a, const char *to, time_t now,
		  struct strbuf *mail_r)
{
	struct report_mail m = {.report = a,
				.submitter = report_submitter(s),
				.from = s->from,
				.to = to,
				.now = now,
				.signer = s->signer};
	struct strbuf gzip;
	bool ok;

	strbuf_init(mail_r, s->size_limit);
	if (!compress_to_fit(a, s, &gzip))
		return false;
	m.gzip = strbuf_text(&gzip);
	m.gzip_len = gzip.len;
	ok = report_mail_write(mail_r, &m);
	strbuf_free(&gzip);
	return ok;
}

/* -- sending -- */

/* What became of the destinations of one report. */
struct outcome {
	unsigned sent, failed, later;
	char error[STORE_REPORT_ERROR_SIZE];
};

static void note_error(struct outcome *o, const char *destination, const char *reason)
{
	snprintf(o->error, sizeof(o->error), "%.*s: %s", (int)sizeof(o->error) / 2, destination,
		 reason);
}

/* Give the mail to one destination and remember how it went. False: the store failed. */
static bool mail_one(const struct report_run *run, const struct store_report *r,
		     struct aggregate *a, const char *to, struct outcome *o, struct error *why)
{
	static const enum report_state states[] = {[REPORT_MAIL_TAKEN] = REPORT_SENT,
						   [REPORT_MAIL_LATER] = REPORT_DUE,
						   [REPORT_MAIL_REFUSED] = REPORT_FAILED};
	const struct report_settings *s = run->settings;
	enum report_mailed mailed = REPORT_MAIL_REFUSED;
	struct error said = {.text = "the report does not fit into a mail"};
	struct strbuf mail;

	if (report_write(s, a, to, clock_now(run->clock), &mail)) {
		said.text[0] = '\0';
		mailed = report_mailer_send(&s->mailer, s->from, to, strbuf_text(&mail), mail.len,
					    &said);
	}
	strbuf_free(&mail);
	o->sent += mailed == REPORT_MAIL_TAKEN;
	o->later += mailed == REPORT_MAIL_LATER;
	o->failed += mailed == REPORT_MAIL_REFUSED;
	if (mailed != REPORT_MAIL_TAKEN)
		note_error(o, to, said.text);
	return store_delivery_put(run->store, r, to, states[mailed], clock_now(run->clock),
				  said.text, why);
}

/* Every destination that has not got it. False: the store failed. */
static bool mail_all(const struct report_run *run, const struct store_report *r,
		     const struct report_plan *p, struct outcome *o, struct report_tally *t,
		     struct error *why)
{
	for (size_t i = 0; i < p->to.count; i++) {
		const char *to = p->to.address[i].text;
		enum report_state state;
		unsigned before = o->sent;

		if (!store_delivery_state(run->store, r, to, &state, why))
			return false;
		if (state == REPORT_SENT) {
			o->sent++;
		} else if (state == REPORT_FAILED) {
			o->failed++;
		} else if (stopped(run)) {
			o->later++;
		} else {
			if (!mail_one(run, r, p->aggregate, to, o, why))
				return false;
			t->mails += o->sent - before;
		}
	}
	return true;
}

static time_t next_try(const struct store_report *r, time_t now)
{
	time_t pause = FIRST_PAUSE;

	for (int i = 1; i < r->attempts && pause < LONGEST_PAUSE; i++)
		pause *= 2;
	return now + (pause < LONGEST_PAUSE ? pause : LONGEST_PAUSE);
}

static void conclude(struct store_report *r, const struct outcome *o, time_t now)
{
	if (o->later > 0 && r->attempts < MAX_ATTEMPTS) {
		r->state = REPORT_DUE;
		r->next = next_try(r, now);
	} else if (o->sent > 0) {
		r->state = REPORT_SENT;
	} else {
		r->state = REPORT_FAILED;
	}
	snprintf(r->error, sizeof(r->error), "%s", o->error);
}

/* A claimed report from plan to end. False: the store failed. */
static bool send_one(const struct report_run *run, struct store_report *r, struct report_tally *t,
		     struct error *why)
{
	struct outcome o = {.error = ""};
	struct error reason = {.text = ""};
	struct report_plan plan;
	bool broken, ok = report_plan_make(run, r, &plan, &broken, &reason);

	if (broken) {
		if (why != NULL)
			*why = reason;
	} else if (!ok) {
		r->state = REPORT_SUPPRESSED;
		snprintf(r->error, sizeof(r->error), "%s", reason.text);
		ok = true;
	} else {
		o.later = plan.later;
		snprintf(o.error, sizeof(o.error), "%s", plan.refused);
		ok = mail_all(run, r, &plan, &o, t, why);
		conclude(r, &o, clock_now(run->clock));
	}
	report_plan_free(&plan);
	r->changed = clock_now(run->clock);
	return ok && store_report_finish(run->store, r, why);
}

static void count(struct report_tally *t, enum report_state state)
{
	t->sent += state == REPORT_SENT;
	t->put_off += state == REPORT_DUE;
	t->failed += state == REPORT_FAILED;
	t->suppressed += state == REPORT_SUPPRESSED;
}

/* True if another mail may be sent today. */
static bool within_day(const struct report_run *run, const struct report_tally *t, int64_t already)
{
	if (already + t->mails < run->settings->max_per_day)
		return true;
	if (run->say != NULL)
		run->say(run->say_arg, "the largest number of reports of one day is reached");
	return false;
}

static bool send_due(const struct report_run *run, const char *domain, struct report_tally *t,
		     struct error *why)
{
	const struct store_choice choice = {.day = run->day, .domain = domain};
	time_t now = clock_now(run->clock);
	int lease = run->settings->mailer.seconds * REPORT_MAX_ADDRESSES + LEASE_SPARE;
	struct error reason = {.text = ""};
	struct store_report r;
	int64_t already;

	if (!store_delivery_count(run->store, now - now % TUPLE_DAY, &already, why))
		return false;
	while (!stopped(run) && within_day(run, t, already)) {
		if (!store_report_claim(run->store, clock_now(run->clock), lease, &choice, &r,
					&reason))
			break;
		if (!send_one(run, &r, t, &reason))
			break;
		count(t, r.state);
		say(run, &r);
	}
	if (why != NULL)
		*why = reason;
	return reason.text[0] == '\0';
}

bool report_send(const struct report_run *run, const char *domain, struct report_tally *t,
		 struct error *why)
{
	const struct store_choice choice = {.day = run->day, .domain = domain};

	*t = (struct report_tally){.entered = 0};
	if (!report_enter(run, &t->entered, why))
		return false;
	if ((choice.day != NULL || choice.domain != NULL) &&
	    !store_report_renew(run->store, &choice, clock_now(run->clock), why))
		return false;
	return send_due(run, domain, t, why);
}
