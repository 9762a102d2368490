/* resolver_unbound.c - the real resolver. The only file that includes unbound.h.
 *
 * A question goes through three doors: the cache of decoded answers, the flights (an equal question
 * may be on its way), and libunbound, which works in a thread of its own. Our pump thread takes its
 * results, calls the askers, and ends the waiting of those whose time is over; their question goes
 * on and its late answer fills the caches. */
#include "dns/resolver_unbound.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unbound.h>
#include <unistd.h>

#include "base/addr.h"
#include "base/array.h"
#include "base/limits.h"
#include "dns/answer_cache.h"
#include "dns/flights.h"
#include "dns/rdata.h"

#define RESOLV_CONF "/etc/resolv.conf"
#define CLASS_IN 1
#define LEAST_PORTS 64	/* libunbound's own 16 allow 160 questions a second at 100 ms */
#define SPARE_FILES 256 /* left to the rest of the process when files are few */

struct unbound {
	struct resolver base;
	struct ub_ctx *ctx;
	struct answer_cache *cache;
	struct flights *flights;
	struct metrics *metrics;
	int timeout_ms;
	uint64_t seed; /* of the hash of questions */
	pthread_t pump;
	bool pumping;
	int wake; /* eventfd: the pump's poll shall return */
	atomic_bool stop;
	struct dns_answer *failed[DNS_REFUSED_HERE + 1]; /* ready for when memory is short */
};

/* -- from libunbound's result to an answer ----------------------------------------------------- */

/* The name asked for is an alias: it exists, even if what it leads to does not (RFC 2308 2.1.1). */
static bool is_alias(const struct ub_result *r)
{
	return r->canonname != NULL && r->canonname[0] != '\0' &&
	       strcasecmp(r->canonname, r->qname) != 0;
}

static enum dns_status status_of(const struct ub_result *r)
{
	if (r->bogus)
		return DNS_BOGUS; /* first: the data is there nevertheless */
	if (r->havedata)
		return DNS_OK;
	if (r->nxdomain)
		return is_alias(r) ? DNS_NODATA : DNS_NXDOMAIN;
	return r->rcode == 0 ? DNS_NODATA : DNS_SERVFAIL;
}

static size_t room_for(const struct ub_result *r)
{
	size_t room = 1;

	for (size_t i = 0; r->data[i] != NULL; i++)
		room += rdata_room((enum dns_type)r->qtype, (size_t)r->len[i]);
	return room;
}

/* The records that can be read; if none can, the server has failed. Of too many TXT records none is
 * told: the one that matters could be missing, and its absence would be a finding. NULL: out of
 * memory. */
static struct dns_answer *decode_records(const struct ub_result *r)
{
	struct dns_record records[MAX_ANSWER_RECORDS];
	char *decoded = malloc(room_for(r)), *out = decoded;
	struct dns_answer *a;
	size_t n = 0, i = 0;

	if (decoded == NULL)
		return NULL;
	for (; r->data[i] != NULL && n < MAX_ANSWER_RECORDS; i++)
		if (rdata_decode((enum dns_type)r->qtype, (const uint8_t *)r->data[i],
				 (size_t)r->len[i], out, &records[n]))
			out += records[n++].len;
	if (r->data[i] != NULL && r->qtype == DNS_TXT)
		n = 0;
	a = dns_answer_new(n > 0 ? DNS_OK : DNS_SERVFAIL, records, n);
	free(decoded);
	return a;
}

/* NULL: out of memory. */
static struct dns_answer *decode(const struct ub_result *r)
{
	enum dns_status status = status_of(r);
	struct dns_answer *a;

	a = status == DNS_OK ? decode_records(r) : dns_answer_new(status, NULL, 0);
	if (a == NULL)
		return NULL;
	a->rcode = r->rcode & 15;
	a->secure = r->secure;
	a->ttl = r->ttl > 0 ? (uint32_t)r->ttl : 0;
	return a;
}

/* -- asking ------------------------------------------------------------------------------------ */

/* libunbound's result, on the pump thread. */
static void on_result(void *arg, int error, struct ub_result *r)
{
	struct flight *flight = arg;
	struct unbound *u = flight_home(flight);
	struct dns_answer *a = error == 0 && r != NULL ? decode(r) : NULL;

	ub_resolve_free(r);
	if (a == NULL) /* a name that libunbound cannot read cannot be in the DNS */
		a = dns_answer_ref(u->failed[error == UB_SYNTAX ? DNS_NXDOMAIN : DNS_SERVFAIL]);
	answer_cache_put(u->cache, flight_question(flight), a, clock_mono_ms());
	flights_land(u->flights, flight, a);
	dns_answer_unref(a);
}

static void wake_pump(struct unbound *u)
{
	const uint64_t one = 1;

	if (write(u->wake, &one, sizeof(one)) < 0)
		return; /* EAGAIN: it has been woken more often than can be counted */
}

static void ask_dns(struct unbound *u, const struct question *q, int64_t now,
		    dns_answered *answered, void *arg)
{
	struct flight *flight;
	bool first, sent = false;

	switch (flights_join(u->flights, q, answered, arg, now + u->timeout_ms, &flight, &first)) {
	case FLIGHT_REFUSED: answered(arg, dns_answer_ref(u->failed[DNS_REFUSED_HERE])); return;
	case FLIGHT_STARTED: break;
	case FLIGHT_JOINED: sent = true; break;
	}
	if (!sent &&
	    ub_resolve_async(u->ctx, q->name, (int)q->type, CLASS_IN, flight, on_result, NULL) != 0)
		flights_land(u->flights, flight, u->failed[DNS_REFUSED_HERE]);
	if (first)
		wake_pump(u);
}

static void unbound_ask(struct resolver *r, const char *name, enum dns_type type,
			dns_answered *answered, void *arg)
{
	struct unbound *u = (struct unbound *)r;
	int64_t now = clock_mono_ms();
	struct dns_answer *a;
	struct question q;

	metrics_inc(u->metrics, METRIC_DNS_QUESTIONS);
	if (!question_set(&q, name, type, u->seed) && strcmp(name, ".") != 0) {
		answered(arg, dns_answer_ref(u->failed[DNS_NXDOMAIN]));
		return;
	}
	a = answer_cache_get(u->cache, &q, now);
	if (a == NULL) {
		ask_dns(u, &q, now, answered, arg);
		return;
	}
	metrics_inc(u->metrics, METRIC_DNS_CACHE_HITS);
	answered(arg, a);
}

/* -- the pump ---------------------------------------------------------------------------------- */

/* End the waiting of those whose time is over. Returns how long poll() may sleep. */
static int expire(struct unbound *u)
{
	int64_t now = clock_mono_ms(), due;

	for (unsigned n = flights_expire(u->flights, now, u->failed[DNS_TIMEOUT]); n > 0; n--)
		metrics_inc(u->metrics, METRIC_DNS_TIMEOUTS);
	due = flights_next_due(u->flights);
	if (due < 0)
		return -1;
	return due <= now ? 0 : due - now < INT_MAX ? (int)(due - now) : INT_MAX;
}

static void *pump(void *arg)
{
	struct unbound *u = arg;
	struct pollfd fds[2] = {{.fd = ub_fd(u->ctx), .events = POLLIN},
				{.fd = u->wake, .events = POLLIN}};
	uint64_t times;

	while (!atomic_load(&u->stop)) {
		if (poll(fds, 2, expire(u)) <= 0)
			continue;
		if (fds[1].revents != 0 && read(u->wake, &times, sizeof(times)) < 0)
			continue;
		if (fds[0].revents != 0 && ub_process(u->ctx) != 0)
			fds[0].fd = -1; /* its thread is gone: do not spin, all time out */
	}
	return NULL;
}

/* -- start and end ----------------------------------------------------------------------------- */

static bool option(struct unbound *u, const char *name, const char *value, struct error *why)
{
	int e = ub_ctx_set_option(u->ctx, name, value);

	if (e != 0)
		error_set(why, "libunbound does not take %s %s: %s", name, value, ub_strerror(e));
	return e == 0;
}

static bool option_number(struct unbound *u, const char *name, uint64_t value, struct error *why)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	return option(u, name, text, why);
}

/* UDP sockets that may be open at one time. There must be more than questions on their way: a
 * question that waits for a socket lets libunbound believe that the nameserver is slow, and soon
 * that it is down. */
static size_t ports(void)
{
	const size_t most = MAX_OPEN_QUESTIONS / 3 * 4;
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur >= 2 * most + SPARE_FILES)
		return most;
	if (files.rlim_cur < 2 * LEAST_PORTS + SPARE_FILES)
		return LEAST_PORTS;
	return (files.rlim_cur - SPARE_FILES) / 2;
}

/* The part of the memory for answers that libunbound gets. Our own cache has what was asked;
 * libunbound's serves what it asks on the way, such as the keys of DNSSEC. */
static size_t library_cache(const struct resolver_settings *s)
{
	return s->cache_bytes / 8;
}

static bool set_options(struct unbound *u, const struct resolver_settings *s, struct error *why)
{
	static const char *const options[][2] = {
	    /* a resolver on this host is the best one */
	    {"do-not-query-localhost:", "no"},
	    /* a relay in a private network asks PTR of it */
	    {"unblock-lan-zones:", "yes"},
	    {"insecure-lan-zones:", "yes"},
	    /* a sender who has just mended his DNS */
	    {"cache-max-negative-ttl:", "300"},
	    /* a nameserver that was away is asked again within seconds of its return, not after
	     * 15 minutes */
	    {"infra-cache-max-rtt:", "12000"},
	    {"infra-host-ttl:", "5"},
	    {"infra-keep-probing:", "yes"},
	    /* large TXT sets come by TCP */
	    {"outgoing-num-tcp:", "64"},
	    /* the same answer for the same question */
	    {"rrset-roundrobin:", "no"},
	};
	bool validate = s->trust_anchor_file != NULL && s->trust_anchor_file[0] != '\0';

	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		if (!option(u, options[i][0], options[i][1], why))
			return false;
	return option(u, "module-config:", validate ? "validator iterator" : "iterator", why) &&
	       option_number(u, "rrset-cache-size:", library_cache(s) / 3 * 2, why) &&
	       option_number(u, "msg-cache-size:", library_cache(s) / 3, why) &&
	       option_number(u, "outgoing-range:", ports(), why) &&
	       option_number(u, "num-queries-per-thread:", MAX_OPEN_QUESTIONS, why);
}

/* "ADDR" or "ADDR@PORT". */
static bool nameserver_readable(const char *text)
{
	const char *at = strchr(text, '@');
	size_t n = at != NULL ? (size_t)(at - text) : strlen(text);
	char host[ADDR_TEXT_SIZE], *end;
	struct addr addr;
	long port;

	if (n >= sizeof(host))
		return false;
	memcpy(host, text, n);
	host[n] = '\0';
	if (!addr_parse(host, &addr))
		return false;
	if (at == NULL)
		return true;
	port = strtol(at + 1, &end, 10);
	return at[1] >= '0' && at[1] <= '9' && *end == '\0' && port >= 1 && port <= 65535;
}

/* libunbound would go to the root servers itself when the file names nobody. */
static bool names_a_server(const char *path, struct error *why)
{
	FILE *file = fopen(path, "re");
	char line[512], address[512];
	bool found = false;

	if (file == NULL) {
		error_set(why, "no nameserver is configured, and %s: %s", path, strerror(errno));
		return false;
	}
	while (!found && fgets(line, sizeof(line), file) != NULL)
		found = sscanf(line, " nameserver %511s", address) == 1;
	fclose(file);
	if (!found)
		error_set(why, "no nameserver is configured, and %s names none", path);
	return found;
}

static bool set_nameservers(struct unbound *u, const struct resolver_settings *s, struct error *why)
{
	int e;

	for (size_t i = 0; i < s->nameserver_count; i++)
		if (!nameserver_readable(s->nameservers[i]) ||
		    ub_ctx_set_fwd(u->ctx, s->nameservers[i]) != 0) {
			error_set(why, "nameserver \"%s\" is not ADDRESS or ADDRESS@PORT",
				  s->nameservers[i]);
			return false;
		}
	if (s->nameserver_count > 0)
		return true;
	if (!names_a_server(RESOLV_CONF, why))
		return false;
	if ((e = ub_ctx_resolvconf(u->ctx, NULL)) != 0)
		error_set(why, "%s: %s", RESOLV_CONF, ub_strerror(e));
	return e == 0;
}

static bool set_trust_anchor(struct unbound *u, const char *path, struct error *why)
{
	FILE *file;

	if (path == NULL || path[0] == '\0')
		return true;
	file = fopen(path, "re");
	if (file == NULL) {
		error_set(why, "trust anchor %s: %s", path, strerror(errno));
		return false;
	}
	fclose(file);
	if (ub_ctx_add_ta_file(u->ctx, path) == 0)
		return true;
	error_set(why, "trust anchor %s cannot be used", path);
	return false;
}

/* Zones that libunbound would answer by itself. The reverse zones of this host are always asked
 * for; the special names too if the nameservers are the administrator's own, who may run such a
 * zone. */
static bool open_zones(struct unbound *u, const struct resolver_settings *s, struct error *why)
{
	static const char *const zones[] = {
	    "127.in-addr.arpa",
	    "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa",
	    "localhost",
	    "test",
	    "invalid",
	    "onion",
	    "home.arpa",
	};
	size_t count = s->nameserver_count > 0 ? ARRAY_SIZE(zones) : 2;
	int e = 0;

	for (size_t i = 0; i < count && e == 0; i++)
		e = ub_ctx_zone_remove(u->ctx, zones[i]);
	if (e != 0) /* the first of them makes libunbound read all its settings */
		error_set(why, "the resolver cannot start%s: %s",
			  s->trust_anchor_file != NULL && s->trust_anchor_file[0] != '\0'
			      ? " (is the trust anchor file good?)"
			      : "",
			  ub_strerror(e));
	return e == 0;
}

static bool set_up(struct unbound *u, const struct resolver_settings *s, struct error *why)
{
	error_set(why, "out of memory");
	for (int i = DNS_NODATA; i <= DNS_REFUSED_HERE; i++)
		if ((u->failed[i] = dns_answer_new((enum dns_status)i, NULL, 0)) == NULL)
			return false;
	if (getrandom(&u->seed, sizeof(u->seed), 0) != sizeof(u->seed) ||
	    (u->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) < 0) {
		error_set(why, "the resolver cannot start: %s", strerror(errno));
		return false;
	}
	if ((u->flights = flights_new(u, ports() / 4 * 3, u->seed)) == NULL ||
	    (u->cache = answer_cache_new(s->cache_bytes - library_cache(s))) == NULL ||
	    (u->ctx = ub_ctx_create()) == NULL)
		return false;
	ub_ctx_debugout(u->ctx, NULL); /* it would write to stderr */
	return ub_ctx_async(u->ctx, 1) == 0 && set_options(u, s, why) &&
	       set_nameservers(u, s, why) && set_trust_anchor(u, s->trust_anchor_file, why) &&
	       open_zones(u, s, why);
}

/* Nobody asks any more but follows of the answers given here, and these are refused. */
static void unbound_free(struct resolver *r)
{
	struct unbound *u = (struct unbound *)r;

	if (u->pumping) {
		atomic_store(&u->stop, true);
		wake_pump(u);
		pthread_join(u->pump, NULL);
		flights_close(u->flights, u->failed[DNS_TIMEOUT]);
	}
	if (u->ctx != NULL)
		ub_ctx_delete(u->ctx);
	flights_free(u->flights);
	answer_cache_free(u->cache);
	if (u->wake >= 0)
		close(u->wake);
	for (int i = 0; i <= DNS_REFUSED_HERE; i++)
		dns_answer_unref(u->failed[i]);
	free(u);
}

struct resolver *resolver_unbound_new(const struct resolver_settings *s, struct error *why)
{
	struct unbound *u = calloc(1, sizeof(*u));
	int e;

	if (u == NULL) {
		error_set(why, "out of memory");
		return NULL;
	}
	u->base = (struct resolver){unbound_ask, unbound_free};
	u->metrics = s->metrics;
	u->timeout_ms = s->question_timeout_ms;
	u->wake = -1;
	if (!set_up(u, s, why)) {
		unbound_free(&u->base);
		return NULL;
	}
	e = pthread_create(&u->pump, NULL, pump, u);
	if (e != 0) {
		error_set(why, "the resolver's thread cannot start: %s", strerror(e));
		unbound_free(&u->base);
		return NULL;
	}
	u->pumping = true;
	return &u->base;
}
