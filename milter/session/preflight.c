/* preflight.c - what the start needs, tried before any socket opens. */
#include "session/preflight.h"

#include <string.h>
#include <sysexits.h>

#include "session/app.h"
#include "session/probe.h"
#include "session/reporting.h"

static bool try_store(const struct config *c, enum preflight how, struct error *why)
{
	struct store *s;

	if (strcmp(c->store, "none") == 0)
		return true;
	if (how == PREFLIGHT_LOOK)
		return store_check(c->store, why);
	s = store_open(c->store, c->durable, why);
	store_close(s);
	return s != NULL;
}

bool preflight(const struct config *c, enum preflight how, int *exit_r, struct error *why,
	       struct error *warning_r)
{
	const struct clock clock = {.fixed = false};
	struct app app;

	warning_r->text[0] = '\0';
	*exit_r = EX_CANTCREAT;
	if (!try_store(c, how, why))
		return false;
	*exit_r = EX_CONFIG;
	if (!reporting_check(c, why))
		return false;
	if (!app_open(&app, config_ref(c), &clock, false, exit_r, why))
		return false;
	if (how == PREFLIGHT_LOOK && probe_resolver(app.resolver, c, PROBE_MS, warning_r))
		warning_r->text[0] = '\0';
	app_close(&app);
	return true;
}
