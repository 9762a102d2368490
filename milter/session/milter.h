/* milter.h - the milter protocol: the only module that knows libmilter. Thin callbacks over
 * session.h. */
#ifndef ALIGND_SESSION_MILTER_H
#define ALIGND_SESSION_MILTER_H

#include <sys/types.h>

#include "base/error.h"
#include "session/app.h"

/* Bind the socket the configuration names: "unix:/path", "inet:port@host", "inet6:port@[address]";
 * a stale unix socket is replaced, a live one is not. A unix socket goes to `owner` ((uid_t)-1: who
 * we are). `app` need not be open yet, only before milter_serve(). Once per process. False: nothing
 * is left of it. `exit_r`: the sysexits code that fits. */
bool milter_bind(struct app *app, const struct config *config, uid_t owner, int *exit_r,
		 struct error *why);

/* Serve until milter_stop(); blocks. False: libmilter gave up. */
bool milter_serve(void);

/* Judge no further message: put off those that end from now on, wait at most `ms` for those being
 * judged, then make milter_serve() return. From any thread but a callback's. */
void milter_stop(int ms);

/* After milter_serve() has returned, or instead of it: remove a unix socket, keep libmilter's
 * threads out, end the connections that are left. False: some callback is still at work after `ms`,
 * and `app` must not be closed. */
bool milter_close(int ms);

#endif
