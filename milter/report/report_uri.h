/* report_uri.h - where reports go: the mailto URIs of a rua list (RFC 9990 3.5), and whether a
 * destination outside the policy's organization wants them (RFC 9990 4). At most
 * REPORT_MAX_ADDRESSES destinations of one list. */
#ifndef ALIGND_REPORT_REPORT_URI_H
#define ALIGND_REPORT_REPORT_URI_H

#include <stddef.h>

#include "base/domain.h"
#include "check/dmarc_discover.h"
#include "dns/lookups.h"

/* Destinations served; real records have one or two. The rest of a list is ignored (RFC 9990 3.5).
 */
#define REPORT_MAX_ADDRESSES 8
#define REPORT_LOCAL_MAX 128
#define REPORT_ADDRESS_SIZE (REPORT_LOCAL_MAX + 1 + DOMAIN_SIZE)

struct report_address {
	char text[REPORT_ADDRESS_SIZE]; /* local@host; the local part is a dot-atom and begins with
					   no hyphen */
	char host[DOMAIN_SIZE];		/* normal form, a host name */
};

struct report_addresses {
	size_t count;
	struct report_address address[REPORT_MAX_ADDRESSES];
};

/* Read a rua list: mailto URIs between commas, in their order, each once. A size limit ("!10m") and
 * a query ("?x=y") are ignored; other schemes and what is malformed are left out. Any byte may
 * come. */
void report_uri_parse(const char *text, size_t len, struct report_addresses *out_r);

/* LATER: a temporary DNS failure leaves it open. */
enum report_permission { REPORT_ALLOWED, REPORT_FORBIDDEN, REPORT_LATER };

/* May reports on `policy_domain` go to `wanted`? Always inside one organization; else the
 * destination host must say so in the DNS, and may name other addresses of itself. ALLOWED: they
 * are added to `out` (as far as there is room, each once). `psl`: not NULL for RFC 7489 discovery.
 * Waits for DNS within the deadline of `l`. */
enum report_permission report_uri_verify(struct lookups *l, const struct dmarc_psl *psl,
					 const char *policy_domain,
					 const struct report_address *wanted,
					 struct report_addresses *out);

#endif
