/* dmarc_verdict.c - a second opinion. The only file that includes libopendmarc. */
#include "check/dmarc_verdict.h"

#include <opendmarc/dmarc.h>
#include <stdio.h>

#include "base/domain.h"

/* The library's parameters are not const, and may be written to. */
union text {
	char chars[DOMAIN_SIZE];
	unsigned char bytes[DOMAIN_SIZE];
};

static bool tell(DMARC_POLICY_T *ctx, const char *author, enum dmarc_policy policy, bool spf,
		 bool dkim)
{
	union text domain, record, selector = {"s"};

	snprintf(domain.chars, sizeof(domain.chars), "%s", author);
	snprintf(record.chars, sizeof(record.chars), "v=DMARC1; p=%s; adkim=s; aspf=s",
		 dmarc_policy_name(policy));
	if (opendmarc_policy_store_from_domain(ctx, domain.bytes) != DMARC_PARSE_OKAY ||
	    opendmarc_policy_store_dmarc(ctx, record.bytes, domain.bytes, NULL) != DMARC_PARSE_OKAY)
		return false;
	if (spf &&
	    opendmarc_policy_store_spf(ctx, domain.bytes, DMARC_POLICY_SPF_OUTCOME_PASS,
				       DMARC_POLICY_SPF_ORIGIN_MAILFROM, NULL) != DMARC_PARSE_OKAY)
		return false;
	return !dkim || opendmarc_policy_store_dkim(ctx, domain.bytes, selector.bytes,
						    DMARC_POLICY_DKIM_OUTCOME_PASS,
						    NULL) == DMARC_PARSE_OKAY;
}

static bool hear(DMARC_POLICY_T *ctx, struct dmarc_verdict *verdict_r)
{
	*verdict_r = (struct dmarc_verdict){.pass = false};
	switch (opendmarc_get_policy_to_enforce(ctx)) {
	case DMARC_POLICY_PASS: verdict_r->pass = true; return true;
	case DMARC_POLICY_NONE: verdict_r->policy = POLICY_NONE; return true;
	case DMARC_POLICY_QUARANTINE: verdict_r->policy = POLICY_QUARANTINE; return true;
	case DMARC_POLICY_REJECT: verdict_r->policy = POLICY_REJECT; return true;
	default: return false;
	}
}

bool dmarc_verdict(const char *author, enum dmarc_policy policy, bool spf, bool dkim,
		   struct dmarc_verdict *verdict_r)
{
	unsigned char nowhere[] = "192.0.2.1"; /* asked for, used for nothing */
	DMARC_POLICY_T *ctx = opendmarc_policy_connect_init(nowhere, false);
	bool ok;

	if (ctx == NULL)
		return false;
	ok = tell(ctx, author, policy, spf, dkim) && hear(ctx, verdict_r);
	opendmarc_policy_connect_shutdown(ctx);
	return ok;
}
