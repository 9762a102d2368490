/* app.h - the application context: what every session shares. Built by main or alignctl, handed
 * down, never global. The configuration and what is made from it form a snapshot; a reload swaps
 * it, a session keeps the one it began with. */
#ifndef ALIGND_SESSION_APP_H
#define ALIGND_SESSION_APP_H

#include <pthread.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/metrics.h"
#include "check/arc.h"
#include "check/dkim.h"
#include "check/dmarc.h"
#include "check/dmarc_psl.h"
#include "config/config.h"
#include "dns/resolver.h"
#include "store/store.h"

/* Immutable but for its count. */
struct snapshot {
	atomic_uint references;
	const struct config *config;
	char *mark; /* name in quarantine_header, "" unless quarantine_by = header */
	struct dkim_verifier *dkim;
	struct arc_settings arc; /* borrows from config and dkim */
	struct dmarc_psl *psl;	 /* NULL unless a public suffix list is in use */
};

struct app {
	struct clock clock;
	struct metrics metrics;
	struct resolver *resolver;
	struct store *store;  /* NULL: nothing is stored */
	pthread_mutex_t lock; /* guards `current` */
	struct snapshot *current;
};

/* Make the context of parts that are there; takes all of them, also when it fails. `store` may be
 * NULL. False and a sentence; then `app` needs no app_close(). */
bool app_init(struct app *app, const struct config *config, const struct clock *clock,
	      struct resolver *resolver, struct store *store, struct error *why);

/* Take over `config` and open what it names: keys, public suffix list, resolver, and the store if
 * `with_store`. Creates threads: call after daemonising. False and a sentence; then `app` needs no
 * app_close(). `config` is taken in both cases. `exit_r`: the sysexits code that fits. */
bool app_open(struct app *app, const struct config *config, const struct clock *clock,
	      bool with_store, int *exit_r, struct error *why);

/* End the threads, commit, free. No session may be left. */
void app_close(struct app *app);

/* Instead of app_close() where a session may be left and the process ends: wait at most `ms` until
 * what is queued for the store is written. */
void app_flush(struct app *app, int ms);

/* The configuration in force, counted. */
struct snapshot *app_snapshot(struct app *app);
void snapshot_unref(struct snapshot *s); /* NULL is fine */

/* Put a newly read configuration in force; takes `config`. Listening address, DNS, store, user and
 * log target stay as they were until a restart. False: the old one stays in force. */
bool app_reload(struct app *app, const struct config *config, struct error *why);

#endif
