/* preflight.h - what the start needs, tried before any socket opens: the store, the resolver's
 * settings, keys, lists, programs. */
#ifndef ALIGND_SESSION_PREFLIGHT_H
#define ALIGND_SESSION_PREFLIGHT_H

#include <stdbool.h>

#include "base/error.h"
#include "config/config.h"

enum preflight {
	PREFLIGHT_LOOK, /* make and change nothing, but ask the resolver whether it answers */
	PREFLIGHT_START /* make the store if it is not there */
};

/* Try all that `c` names, as the user we are. Threads come and go: a process that forks later calls
 * it in a child. False and a sentence; `exit_r`: the sysexits code that fits. `warning_r`: what is
 * no reason not to start, "" if there is nothing. */
bool preflight(const struct config *c, enum preflight how, int *exit_r, struct error *why,
	       struct error *warning_r);

#endif
