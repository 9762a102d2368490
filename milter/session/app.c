/* app.c - the application context and its configuration snapshots. */
#include "session/app.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "dns/resolver_unbound.h"

/* The part of quarantine_header before the colon. */
static char *mark_name(const struct config *c)
{
	if (c->quarantine_by != CONFIG_QUARANTINE_HEADER)
		return strdup("");
	return strndup(c->quarantine_header, strcspn(c->quarantine_header, ": "));
}

void snapshot_unref(struct snapshot *s)
{
	if (s == NULL || atomic_fetch_sub(&s->references, 1) != 1)
		return;
	dkim_verifier_free(s->dkim);
	dmarc_psl_free(s->psl);
	config_unref(s->config);
	free(s->mark);
	free(s);
}

/* Takes `config`, also when it fails. */
static struct snapshot *snapshot_new(const struct config *config, struct metrics *metrics,
				     struct error *why)
{
	struct dkim_settings dkim = {
	    .max_signatures = (size_t)config->dkim_max_signatures,
	    .min_key_bits = (unsigned)config->dkim_min_bits,
	    .key_cache = MAX_DKIM_KEYS,
	    .partial_body_passes = config->dkim_allow_partial_body,
	    .metrics = metrics,
	};
	struct snapshot *s = calloc(1, sizeof(*s));

	if (s == NULL) {
		error_set(why, "out of memory");
		config_unref(config);
		return NULL;
	}
	atomic_init(&s->references, 1);
	s->config = config;
	s->mark = mark_name(config);
	s->dkim = dkim_verifier_new(&dkim, why);
	if (s->mark == NULL || s->dkim == NULL)
		goto fail;
	s->arc = (struct arc_settings){
	    .trusted = config->trusted_sealers.item,
	    .trusted_count = config->trusted_sealers.count,
	    .min_key_bits = (unsigned)config->dkim_min_bits,
	    .keys = dkim_verifier_keys(s->dkim),
	};
	if (config->discovery == DISCOVERY_PSL || config->compare_discovery) {
		s->psl = dmarc_psl_new(config->public_suffix_list, why);
		if (s->psl == NULL)
			goto fail;
	}
	return s;
fail:
	snapshot_unref(s);
	return NULL;
}

static struct resolver *open_resolver(const struct config *c, struct metrics *metrics,
				      struct error *why)
{
	struct resolver_settings settings = {
	    .nameservers = c->nameserver.item,
	    .nameserver_count = c->nameserver.count,
	    .question_timeout_ms = (int)c->dns_timeout,
	    .cache_bytes = c->dns_cache,
	    .trust_anchor_file = c->trust_anchor,
	    .metrics = metrics,
	};

	return resolver_unbound_new(&settings, why);
}

bool app_init(struct app *app, const struct config *config, const struct clock *clock,
	      struct resolver *resolver, struct store *store, struct error *why)
{
	*app = (struct app){.clock = *clock, .resolver = resolver, .store = store};
	pthread_mutex_init(&app->lock, NULL);
	app->current = snapshot_new(config, &app->metrics, why);
	if (app->current == NULL)
		app_close(app);
	return app->current != NULL;
}

bool app_open(struct app *app, const struct config *config, const struct clock *clock,
	      bool with_store, int *exit_r, struct error *why)
{
	struct resolver *resolver = NULL;
	struct store *store = NULL;

	if (with_store && strcmp(config->store, "none") != 0) {
		*exit_r = EX_CANTCREAT;
		store = store_open(config->store, config->durable, why);
		if (store == NULL)
			goto fail;
	}
	*exit_r = EX_UNAVAILABLE;
	resolver = open_resolver(config, &app->metrics, why);
	if (resolver == NULL)
		goto fail;
	*exit_r = EX_CONFIG;
	return app_init(app, config, clock, resolver, store, why);
fail:
	store_close(store);
	config_unref(config);
	return false;
}

void app_close(struct app *app)
{
	resolver_free(app->resolver);
	store_close(app->store);
	snapshot_unref(app->current);
	pthread_mutex_destroy(&app->lock);
}

void app_flush(struct app *app, int ms)
{
	int64_t end = clock_mono_ms() + ms;

	while (app->store != NULL && store_queued(app->store) > 0 && clock_mono_ms() < end)
		usleep(10000);
}

struct snapshot *app_snapshot(struct app *app)
{
	struct snapshot *s;

	pthread_mutex_lock(&app->lock);
	s = app->current;
	atomic_fetch_add(&s->references, 1);
	pthread_mutex_unlock(&app->lock);
	return s;
}

bool app_reload(struct app *app, const struct config *config, struct error *why)
{
	struct snapshot *fresh = snapshot_new(config, &app->metrics, why), *old;

	if (fresh == NULL)
		return false;
	pthread_mutex_lock(&app->lock);
	old = app->current;
	app->current = fresh;
	pthread_mutex_unlock(&app->lock);
	snapshot_unref(old);
	return true;
}
