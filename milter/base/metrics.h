/* metrics.h - the program's counters. Lock-free; one struct, made by main and handed down. */
#ifndef ALIGND_BASE_METRICS_H
#define ALIGND_BASE_METRICS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* METRIC(identifier, name in the metrics text, help) */
#define METRICS(METRIC) \
	METRIC(CONNECTIONS, "connections_total", "Connections from the MTA.") \
	METRIC(CONNECTIONS_REFUSED, "connections_refused_total", "Connections over max_sessions.") \
	METRIC(MESSAGES, "messages_total", "Messages judged.") \
	METRIC(ACCEPTED, "accepted_total", "Messages accepted.") \
	METRIC(QUARANTINED, "quarantined_total", "Messages quarantined.") \
	METRIC(REJECTED, "rejected_total", "Messages rejected.") \
	METRIC(TEMPFAILED, "tempfailed_total", "Messages answered with a temporary failure.") \
	METRIC(INTERNAL_ERRORS, "internal_errors_total", \
	       "Contradictions inside alignd; please report.") \
	METRIC(DISCOVERY_DIFFERENCES, "discovery_differences_total", \
	       "Messages judged differently by tree walk and public suffix list.") \
	METRIC(STORE_FAILURES, "store_failures_total", "Rows that could not be stored.") \
	METRIC(DNS_QUESTIONS, "dns_questions_total", "Questions asked of the DNS cache.") \
	METRIC(DNS_CACHE_HITS, "dns_cache_hits_total", "Questions answered by the front cache.") \
	METRIC(DNS_TIMEOUTS, "dns_timeouts_total", "Questions unanswered at their deadline.") \
	METRIC(DKIM_KEY_HITS, "dkim_key_hits_total", "Decoded DKIM keys found in the cache.") \
	METRIC(DKIM_KEY_MISSES, "dkim_key_misses_total", "DKIM keys that had to be decoded.")

enum metric {
#define METRIC(id, name, help) METRIC_##id,
	METRICS(METRIC)
#undef METRIC
	    METRIC_COUNT
};

struct metrics {
	_Atomic uint64_t value[METRIC_COUNT];
};

/* Add one. `m` may be NULL (tests): then nothing happens. */
static inline void metrics_inc(struct metrics *m, enum metric which)
{
	if (m != NULL)
		atomic_fetch_add_explicit(&m->value[which], 1, memory_order_relaxed);
}

/* The counter's value now. */
uint64_t metrics_get(struct metrics *m, enum metric which);

/* Name and help of a counter, for the metrics text. */
const char *metrics_name(enum metric which);
const char *metrics_help(enum metric which);

#endif
