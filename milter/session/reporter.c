/* reporter.c - the daemon's background thread. */
#include "session/reporter.h"

#include <stdlib.h>

#include "base/log.h"
#include "report/report_run.h"
#include "session/reporting.h"
#include "store/store_expire.h"

#define ROUND_MS 600000 /* between two looks at what is due */
#define DAY_MS 86400000

struct reporter {
	struct app *app;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool stop, ended;
	atomic_bool stopping; /* the same, for a run at work */
};

/* Wait for the next round; false when it is time to end. */
static bool pause_round(struct reporter *r)
{
	const struct timespec until = clock_timespec(clock_mono_ms() + ROUND_MS);
	bool go_on;

	pthread_mutex_lock(&r->lock);
	while (!r->stop && pthread_cond_timedwait(&r->wake, &r->lock, &until) == 0)
		;
	go_on = !r->stop;
	pthread_mutex_unlock(&r->lock);
	return go_on;
}

static void expire(struct reporter *r, const struct config *c)
{
	struct error why;

	if (!store_expire(r->app->store, clock_now(&r->app->clock), (int)(c->keep / DAY_MS), &why))
		log_say(LOG_LEVEL_WARNING, "old rows could not be deleted: %s", why.text);
}

static void say(void *arg, const char *line)
{
	(void)arg;
	log_say(LOG_LEVEL_INFO, "report: %s", line);
}

static void send_reports(struct reporter *r, const struct snapshot *s)
{
	struct reporting reporting;
	struct report_tally tally;
	struct report_run run;
	struct error why;

	if (!reporting_open(&reporting, s->config, &why)) {
		log_say(LOG_LEVEL_ERROR, "reports cannot be sent: %s", why.text);
		return;
	}
	run = reporting_run(&reporting, r->app, s);
	run.stop = &r->stopping;
	run.say = say;
	if (!report_send(&run, NULL, &tally, &why))
		log_say(LOG_LEVEL_ERROR, "reports: %s", why.text);
	reporting_close(&reporting);
}

static void *work(void *arg)
{
	struct reporter *r = arg;

	do {
		struct snapshot *s = app_snapshot(r->app);

		expire(r, s->config);
		if (s->config->reports)
			send_reports(r, s);
		snapshot_unref(s);
	} while (pause_round(r));
	pthread_mutex_lock(&r->lock);
	r->ended = true;
	pthread_cond_signal(&r->wake);
	pthread_mutex_unlock(&r->lock);
	return NULL;
}

struct reporter *reporter_start(struct app *app)
{
	struct reporter *r = app->store != NULL ? calloc(1, sizeof(*r)) : NULL;

	if (r == NULL)
		return NULL;
	r->app = app;
	pthread_mutex_init(&r->lock, NULL);
	clock_cond_init(&r->wake);
	if (pthread_create(&r->thread, NULL, work, r) == 0)
		return r;
	log_say(LOG_LEVEL_ERROR, "no thread for reports: none are sent and old rows stay");
	pthread_cond_destroy(&r->wake);
	pthread_mutex_destroy(&r->lock);
	free(r);
	return NULL;
}

bool reporter_stop(struct reporter *r, int ms)
{
	const struct timespec until = clock_timespec(clock_mono_ms() + ms);
	bool ended;

	if (r == NULL)
		return true;
	pthread_mutex_lock(&r->lock);
	r->stop = true;
	atomic_store(&r->stopping, true);
	pthread_cond_signal(&r->wake);
	while (!r->ended && pthread_cond_timedwait(&r->wake, &r->lock, &until) == 0)
		;
	ended = r->ended;
	pthread_mutex_unlock(&r->lock);
	if (!ended)
		return false;
	pthread_join(r->thread, NULL);
	pthread_cond_destroy(&r->wake);
	pthread_mutex_destroy(&r->lock);
	free(r);
	return true;
}
