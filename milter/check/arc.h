/* arc.h - validation of an Authenticated Received Chain (RFC 8617 5.2). A chain that passes says
 * who handled the message and that nobody altered what they wrote; it says nothing about their
 * honesty, hence the list of trusted sealers. */
#ifndef ALIGND_CHECK_ARC_H
#define ALIGND_CHECK_ARC_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "check/dkim_key.h"
#include "check/facts.h"
#include "dns/lookups.h"

struct arc_settings {
	const char *const
	    *trusted; /* sealers' domains, normal form; one stands for the names below it too */
	size_t trusted_count;
	unsigned min_key_bits;	     /* RSA */
	struct dkim_key_cache *keys; /* dkim_verifier_keys() */
};

/* One message. Make it only if the message has an ARC field (arc_is_field()). `s` is borrowed.
 * NULL: out of memory. */
struct arc_message;
struct arc_message *arc_message_new(const struct arc_settings *s, time_t now);
void arc_message_free(struct arc_message *m); /* NULL is fine */

/* True for the names of the three ARC fields. */
bool arc_is_field(const char *name);

/* Every header field of the message, in order, as dkim_message_header(). */
void arc_message_header(struct arc_message *m, const char *name, const char *value);

/* The header is complete: collect the sets and hint their keys. */
void arc_message_end_header(struct arc_message *m, struct lookups *l);

/* False if the verdict does not need the body any more. */
bool arc_message_wants_body(const struct arc_message *m);

/* A piece of the body. */
void arc_message_body(struct arc_message *m, const unsigned char *bytes, size_t n);

/* Judge the chain, waiting for keys. Of a trusted one `chain` tells what RFC 8617 7.2.2 wants in a
 * report: "arc=pass as[2].d=d2.example as[2].s=s2 as[1].d=d1.example as[1].s=s1
 * remote-ip[1]=192.0.2.1". A failure of the DNS is a failed chain (RFC 8617 5.2.1). False: out of
 * memory, and the facts say fail. */
bool arc_message_check(struct arc_message *m, struct lookups *l, struct arc_facts *out_r);

#endif
