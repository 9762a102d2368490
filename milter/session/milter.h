/* milter.h - the milter protocol: the only module that knows libmilter. Thin callbacks over
 * session.h. */
#ifndef ALIGND_SESSION_MILTER_H
#define ALIGND_SESSION_MILTER_H

#include "base/error.h"
#include "session/app.h"

/* Bind the socket the configuration names: "unix:/path", "inet:port@host", "inet6:port@[address]";
 * a stale unix socket is replaced, a live one is not. Once per process. `exit_r`: the sysexits code
 * that fits. */
bool milter_bind(struct app *app, const struct config *config, int *exit_r, struct error *why);

/* Serve until milter_stop(); blocks. False: libmilter gave up. */
bool milter_serve(void);

/* Refuse new messages for now, wait at most `ms` for those that are being judged, then make
 * milter_serve() return and remove a unix socket. From any thread but a callback's. */
void milter_stop(int ms);

#endif
