/* spf_record.h - one SPF record: is the whole of it well formed, and which terms does it hold (RFC
 * 7208 3, 4.6, 12)? Pure. A record is read in place: terms are slices of it, so no number of terms
 * costs memory. */
#ifndef ALIGND_CHECK_SPF_RECORD_H
#define ALIGND_CHECK_SPF_RECORD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"
#include "base/domain.h"
#include "dns/resolver.h"

/* Some bytes of the record, without NUL. */
struct spf_slice {
	const char *text;
	size_t len;
};

enum spf_mechanism { SPF_ALL, SPF_INCLUDE, SPF_A, SPF_MX, SPF_PTR, SPF_IP4, SPF_IP6, SPF_EXISTS };

struct spf_directive {
	enum spf_mechanism mechanism;
	char qualifier;		/* '+', '-', '~', '?' */
	struct spf_slice whole; /* as written */
	struct spf_slice spec;	/* the domain-spec; len 0: the current domain is meant */
	struct network
	    network; /* ip4, ip6. "::ffff:192.0.2.1" stays IPv6: it matches no IPv4 client (5) */
	unsigned bits4, bits6; /* a, mx: prefix lengths */
};

struct spf_record {
	struct spf_slice terms;		/* what follows the version */
	struct spf_slice redirect, exp; /* domain-specs; text NULL: absent */
	bool has_all;
};

/* The <domain> of check_host() in the form it is asked in (4.3, RFC 8616 4): lower case, A-labels.
 * False for what is malformed or has one label only: there the result is none. Odd but legal names
 * (printable ASCII) are let through. */
bool spf_domain(const char *text, char name_r[DOMAIN_SIZE]);

/* True if this TXT record is an SPF record: "v=spf1" (any case) followed by a space or the end
 * (4.5). */
bool spf_record_is(const char *text, size_t len);

/* The SPF records among the TXT records of `answer` (4.5): how many, and the last of them (NULL if
 * none). */
size_t spf_record_select(const struct dns_answer *answer, const struct dns_record **record_r);

/* Check the whole of an SPF record (spf_record_is()). False for a syntax error anywhere: `bad_r` is
 * then the term, as written, that holds the first one. Borrows `text`. */
bool spf_record_parse(const char *text, size_t len, struct spf_record *record_r,
		      struct spf_slice *bad_r);

/* The next directive of a parsed record; `at` starts at 0. False at the end. Modifiers are passed
 * over. */
bool spf_record_next(const struct spf_record *record, size_t *at,
		     struct spf_directive *directive_r);

#endif
