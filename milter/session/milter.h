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

/* Serve; blocks until the process ends. Returns only if libmilter gives up. */
void milter_serve(void);

/* Judge no further message: put off those that end from now on, and wait at most `ms` for those
 * being judged. Then end the connections and remove a unix socket; libmilter's threads go on, but
 * do not touch `app` again. From any thread but a callback's. False: some callback is still at
 * work, and `app` must not be closed. */
bool milter_stop(int ms);

#endif
