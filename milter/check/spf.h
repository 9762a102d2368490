/* spf.h - SPF check_host() (RFC 7208), one identity at a time. Record syntax, macros, limits and
 * the order of evaluation are ours (spf_record, spf_macro); libspf2 matches single, already
 * expanded directives and never sees a foreign record. */
#ifndef ALIGND_CHECK_SPF_H
#define ALIGND_CHECK_SPF_H

#include <time.h>

#include "check/facts.h"
#include "dns/lookups.h"

struct spf_params {
	struct addr client;
	const char *helo;  /* as given */
	const char *local; /* local part of the identity; "postmaster" is used for "" */
	const char
	    *domain; /* domain of the identity as given or normal; checked by RFC 7208 4.3 here */
	const char *receiver; /* our host name, for %{r} */
	time_t now;	      /* for %{t} */
	unsigned void_limit;  /* MAX_SPF_VOIDS unless configured */
};

/* Evaluate, waiting for DNS as needed. What is missing at the deadline makes temperror. */
void spf_check(struct lookups *l, const struct spf_params *p, struct spf_facts *out_r);

#endif
