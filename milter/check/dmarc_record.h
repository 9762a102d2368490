/* dmarc_record.h - one published DMARC policy record, parsed (RFC 9989 4.7, 4.8; records written for RFC 7489 too). */
#ifndef ALIGND_CHECK_DMARC_RECORD_H
#define ALIGND_CHECK_DMARC_RECORD_H

#include <stdbool.h>
#include <stddef.h>

#define DMARC_RUA_SIZE 2048	/* URI list kept; longer lists are cut at a comma */

enum dmarc_policy { POLICY_NONE, POLICY_QUARANTINE, POLICY_REJECT };
enum dmarc_tag { TAG_P, TAG_SP, TAG_NP };
enum dmarc_psd { PSD_UNKNOWN, PSD_YES, PSD_NO };

struct dmarc_record {
	bool valid;			/* a policy can be drawn from it: see dmarc_record_parse() */
	enum dmarc_policy p, sp, np;	/* sp and np: only where has_sp, has_np */
	bool has_p, has_sp, has_np;
	bool strict_dkim, strict_spf;	/* adkim=s, aspf=s */
	bool testing;			/* t=y */
	enum dmarc_psd psd;
	char fo[16];			/* normal form "0", "1:d:s"; "0" by default */
	char rua[DMARC_RUA_SIZE];	/* as published, white space removed; "" if absent */
	char ruf[DMARC_RUA_SIZE];
	char error[64];			/* what was wrong and how it was taken, for the report; "" if all was right */
};

/* Parse one TXT record of `len` bytes (strings joined). False: it does not begin with v=DMARC1, so it is no DMARC
 * record at all (RFC 9989 4.7, 4.10 step 2). True: it is one; `r->valid` tells whether it has a policy: with no valid p,
 * or a bad sp or np, it counts as p=none if rua holds a valid URI, else there is no DMARC processing (RFC 9989 4.10.1). */
bool dmarc_record_parse(const char *text, size_t len, struct dmarc_record *r);

#endif
