/* dmarc_verdict.h - libopendmarc's opinion of a message whose record and alignment are already
 * known. */
#ifndef ALIGND_CHECK_DMARC_VERDICT_H
#define ALIGND_CHECK_DMARC_VERDICT_H

#include <stdbool.h>

#include "check/dmarc_record.h"

struct dmarc_verdict {
	bool pass;
	enum dmarc_policy policy; /* to enforce, unless `pass` */
};

/* Judge a message from `author` (normal form) under `policy`, where SPF and DKIM pass with an
 * aligned identifier or not. The library's own parser and alignment are too lenient to see anything
 * foreign (a one-letter label or a public suffix aligns with strangers), so it gets a record
 * written here and the author domain as the identifier of what passed. False: it failed or gave an
 * answer of no use. Thread-safe. */
bool dmarc_verdict(const char *author, enum dmarc_policy policy, bool spf, bool dkim,
		   struct dmarc_verdict *verdict_r);

#endif
