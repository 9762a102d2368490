/* resolver_unbound.h - the real resolver: one libunbound context for the whole process,
 * asynchronous, caching, with a small front cache of decoded answers. Create it after daemonising
 * and never fork afterwards. */
#ifndef ALIGND_DNS_RESOLVER_UNBOUND_H
#define ALIGND_DNS_RESOLVER_UNBOUND_H

#include "base/clock.h"
#include "base/error.h"
#include "base/metrics.h"
#include "dns/resolver.h"

struct resolver_settings {
	const char *const *nameservers; /* "ADDR" or "ADDR@PORT"; none: those of /etc/resolv.conf */
	size_t nameserver_count;
	int question_timeout_ms; /* a question not answered by then is DNS_TIMEOUT for its askers */
	size_t cache_bytes; /* memory for unbound's caches, and as much again for the front cache */
	const char *trust_anchor_file; /* DNSSEC root anchor, or NULL or "": no validation */
	struct metrics *metrics;       /* may be NULL */
};

/* Start the resolver and its thread. It opens up to 4096 UDP sockets but at most half of
 * RLIMIT_NOFILE: raise that first. NULL and the reason: no nameserver, bad address, unreadable
 * trust anchor. */
struct resolver *resolver_unbound_new(const struct resolver_settings *s, struct error *why);

#endif
