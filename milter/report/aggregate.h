/* aggregate.h - one aggregate report as a model (RFC 9990 3.1.1): who reports, about which
 * published policy, what was seen. Built from the rows of the store alone, so that any past day
 * gives the same report again. Pure.
 *
 * One report for each policy a domain published in a day (RFC 9990 3.1 allows it): each then says
 * which policy its dispositions followed, which one report with the last policy seen could not. */
#ifndef ALIGND_REPORT_AGGREGATE_H
#define ALIGND_REPORT_AGGREGATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/store_read.h"

/* Records of one report; a domain can be forged from any number of addresses. The rarest are left
 * out, and the report says so. 50000 make about 35 MB of XML and 1 MB of mail. */
#define AGGREGATE_MAX_RECORDS 50000

#define AGGREGATE_ID_SIZE 33

struct aggregate_record {
	const char *source_ip, *header_from, *envelope_from;
	const char *disposition; /* none, pass, quarantine, reject */
	bool dkim_aligned, spf_aligned;
	const char *reason, *comment;	     /* RFC 9990 3.1.6; "" if none */
	const char *spf_domain, *spf_result; /* "" if SPF had no domain */
	const struct row_dkim *dkim;
	size_t dkim_count;
	int64_t count;
};

struct aggregate {
	/* who reports; borrowed, set by the caller after aggregate_new() */
	const char *org_name, *email, *contact, *generator;
	char id[AGGREGATE_ID_SIZE];
	/* the period: first and last second */
	int64_t begin, end;
	struct row_policy policy;
	struct aggregate_record *records; /* the largest counts first */
	size_t count;
	int64_t messages;
	/* not in `records`, for lack of room */
	int64_t left_records, left_messages;
	struct aggregate_text *texts; /* private */
	size_t size;		      /* private */
};

/* The Report-ID of a policy's report by `submitter` (a domain): letters and digits only, so that it
 * can stand in the file name (RFC 9990 3.5.1, 3.5.2); the same for ever. False: out of memory. */
bool aggregate_id(const char *submitter, int64_t day, const char *domain,
		  const uint8_t key[TUPLE_KEY_SIZE], char id_r[AGGREGATE_ID_SIZE]);

/* An empty report on the day and policy of `p`; copies what it needs. NULL: out of memory. */
struct aggregate *aggregate_new(const struct store_policy *p);

/* NULL is fine. */
void aggregate_free(struct aggregate *a);

/* Add a record, to be called in the order of store_records(). What the format does not know becomes
 * the nearest it knows; a disposition that differs from the policy gets a reason (RFC 9990 3.1.1.9)
 * if it has none. False: out of memory. Over AGGREGATE_MAX_RECORDS it is only counted. */
bool aggregate_add(struct aggregate *a, const struct store_record *r);

/* Keep only the first `n` records, count the others as left out. */
void aggregate_cut(struct aggregate *a, size_t n);

/* The report on a policy, still without records; its Report-ID is not set. NULL and the reason; an
 * empty reason: the store does not hold it (any more). */
struct aggregate *aggregate_find(struct store *s, int64_t day, const char *domain,
				 const uint8_t key[TUPLE_KEY_SIZE], struct error *why);

/* Add all its records. False and the reason; an empty reason: there are none. */
bool aggregate_fill(struct aggregate *a, struct store *s, const uint8_t key[TUPLE_KEY_SIZE],
		    struct error *why);

#endif
