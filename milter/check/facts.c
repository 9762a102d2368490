/* facts.c - names of the results. */
#include "check/facts.h"

const char *iprev_result_name(enum iprev_result r)
{
	static const char *const name[] = {"none", "pass", "fail", "temperror", "permerror"};

	return name[r];
}

const char *helo_result_name(enum helo_result r)
{
	static const char *const name[] = {"none", "match", "mismatch", "invalid", "temperror"};

	return name[r];
}

const char *spf_result_name(enum spf_result r)
{
	static const char *const name[] = {"none",     "neutral",   "pass",	"fail",
					   "softfail", "temperror", "permerror"};

	return name[r];
}

const char *dkim_result_name(enum dkim_result r)
{
	static const char *const name[] = {"none",    "pass",	   "fail",     "policy",
					   "neutral", "temperror", "permerror"};

	return name[r];
}

const char *arc_result_name(enum arc_result r)
{
	static const char *const name[] = {"none", "pass", "fail"};

	return name[r];
}

const char *dmarc_result_name(enum dmarc_result r)
{
	static const char *const name[] = {"none", "pass", "fail", "temperror", "permerror"};

	return name[r];
}

const char *dmarc_discovery_name(enum dmarc_discovery d)
{
	static const char *const name[] = {"treewalk", "psl"};

	return name[d];
}

enum dkim_result dkim_best(const struct dkim_facts *f)
{
	enum dkim_result best = f->count > 0 ? f->signature[0].result : DKIM_NONE;

	for (size_t i = 0; i < f->count; i++) {
		if (f->signature[i].result == DKIM_PASS)
			return DKIM_PASS;
		if (f->signature[i].result == DKIM_TEMPERROR)
			best = DKIM_TEMPERROR;
	}
	return best;
}
