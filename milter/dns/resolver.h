/* resolver.h - a question to the DNS and its answer. One interface, two makers: resolver_unbound.c
 * (the real one) and tests/support/fake_resolver.c. Checks do not use it directly: they ask through
 * dns/lookups.h. */
#ifndef ALIGND_DNS_RESOLVER_H
#define ALIGND_DNS_RESOLVER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum dns_type { DNS_A = 1, DNS_NS = 2, DNS_PTR = 12, DNS_MX = 15, DNS_TXT = 16, DNS_AAAA = 28 };

/* How a question ended. The four failures are never to be read as "no record". */
enum dns_status {
	DNS_OK,	      /* records of the type asked for (a CNAME was followed) */
	DNS_NODATA,   /* the name exists, without such records; also an alias whose target does not
			 exist */
	DNS_NXDOMAIN, /* the name does not exist */
	DNS_SERVFAIL, /* the server failed or refused: every other RCODE */
	DNS_TIMEOUT,  /* no answer by the deadline */
	DNS_BOGUS,    /* DNSSEC validation failed: the data is not to be believed */
	DNS_REFUSED_HERE /* not asked: out of memory, or over the limit of one message */
};

/* One record, decoded:
 * A, AAAA  data = the 4 or 16 raw bytes;
 * TXT      data = the character-strings joined with nothing between (may hold any byte, NUL too);
 * PTR, MX, NS  data = the name as text, lower case, no final dot; a byte outside [a-z0-9_-] inside
 * a label is written \DDD, so that no label can pretend to hold a dot. The root is "". A NUL
 * follows the data, not counted in `len`. */
struct dns_record {
	const char *data;
	size_t len;
};

/* Immutable once made, counted by reference. */
struct dns_answer {
	atomic_uint references;
	enum dns_status status;
	int rcode;    /* as the server gave it, 0 to 15; -1 if none came */
	bool secure;  /* validated by DNSSEC */
	uint32_t ttl; /* seconds */
	size_t count; /* at most MAX_ANSWER_RECORDS */
	struct dns_record records[];
};

/* Make an answer that owns copies of `count` records (cut at MAX_ANSWER_RECORDS), one reference.
 * NULL: out of memory. */
struct dns_answer *dns_answer_new(enum dns_status status, const struct dns_record *records,
				  size_t count);
struct dns_answer *dns_answer_ref(struct dns_answer *a);
/* NULL is fine. */
void dns_answer_unref(struct dns_answer *a);

/* True for the failures that say nothing about the name (SERVFAIL and below in the enum). */
bool dns_failed(const struct dns_answer *a);

/* "ok", "nodata", "nxdomain", "servfail", "timeout", "bogus", "refused". */
const char *dns_status_name(enum dns_status status);
/* "A", "PTR", ... */
const char *dns_type_name(enum dns_type type);

/* Called once for each question, from the asking thread (answer known at once) or from the
 * resolver's own thread. Takes over one reference to `answer` (never NULL). Must not block. */
typedef void dns_answered(void *arg, struct dns_answer *answer);

struct resolver {
	/* Ask `name` (normal or escaped text, no final dot; "." is the root) for `type`; `answered`
	 * is called exactly once, perhaps before this returns. Any thread. */
	void (*ask)(struct resolver *r, const char *name, enum dns_type type,
		    dns_answered *answered, void *arg);
	/* Stop and free; every question still open is answered with a failure first. */
	void (*free)(struct resolver *r);
};

/* NULL is fine. */
void resolver_free(struct resolver *r);

#endif
