/* listen.h - the address the MTA connects to, in libmilter's notation: "unix:/path",
 * "inet:port@host", "inet6:port@[address]". libmilter itself binds it; here is what it does not do.
 */
#ifndef ALIGND_SESSION_LISTEN_H
#define ALIGND_SESSION_LISTEN_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

/* The path of a unix socket; NULL for any other address. */
const char *listen_path(const char *address);

/* True: somebody listens on the unix socket at `path`, even if he is too busy to accept. Connects
 * as an MTA would, and hangs up at once. */
bool listen_taken(const char *path);

/* Owner, group (either may be -1: as it is) and mode of the unix socket at `path`. */
bool listen_dress(const char *path, uid_t owner, const char *group, mode_t mode, struct error *why);

#endif
