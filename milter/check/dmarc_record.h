/* dmarc_record.h - one published DMARC policy record, parsed (RFC 9989 4.7, 4.8; records written
 * for RFC 7489 too). */
#ifndef ALIGND_CHECK_DMARC_RECORD_H
#define ALIGND_CHECK_DMARC_RECORD_H

#include <stdbool.h>
#include <stddef.h>

#define DMARC_RUA_SIZE 2048 /* URI list kept; longer lists are cut at a comma */

enum dmarc_policy { POLICY_NONE, POLICY_QUARANTINE, POLICY_REJECT };
enum dmarc_tag { TAG_P, TAG_SP, TAG_NP };
enum dmarc_psd { PSD_UNKNOWN, PSD_YES, PSD_NO };

struct dmarc_record {
	bool valid;		     /* a policy can be drawn from it: see dmarc_record_parse() */
	enum dmarc_policy p, sp, np; /* sp and np: only where has_sp, has_np */
	bool has_p, has_sp, has_np;
	bool strict_dkim, strict_spf; /* adkim=s, aspf=s */
	bool testing;		      /* t=y */
	enum dmarc_psd psd;
	char fo[16];		  /* normal form "0", "1:d:s"; "0" by default */
	char rua[DMARC_RUA_SIZE]; /* the URIs as published, joined by commas; "" if absent */
	char ruf[DMARC_RUA_SIZE];
	char error[64]; /* what was wrong and how it was taken, or "" */
};

/* How texts that leave room are read:
 * - tag names in lower case only (RFC 6376 3.2), but "V" for v (RFC 9989 4.8); values of words in
 *   any case;
 * - white space is free around tags, values and commas, but nothing may stand before v;
 * - of a repeated tag the first counts, and what is no tag=value is passed over (4.8: syntax errors
 *   are dropped);
 * - a record without p is not simply p=none (4.7): like one with a wrong p it needs a rua for that
 *   (4.10.1);
 * - pct, rf and ri are unknown tags;
 * - rua and ruf keep each URI of printable ASCII, right or wrong, without white space around it.
 *
 * Parse one TXT record of `len` bytes (strings joined). False: it does not begin with v=DMARC1, so
 * it is no DMARC record at all (RFC 9989 4.7, 4.10 step 2). True: it is one; `r->valid` tells
 * whether it has a policy: with no valid p, or a bad sp or np, it counts as p=none if rua holds a
 * valid URI, else there is no DMARC processing (RFC 9989 4.10.1). */
bool dmarc_record_parse(const char *text, size_t len, struct dmarc_record *r);

/* "p", "sp", "np"; "none", "quarantine", "reject". */
const char *dmarc_tag_name(enum dmarc_tag tag);
const char *dmarc_policy_name(enum dmarc_policy p);

/* Is this one URI that reports can be asked to (RFC 9989 4.8: dmarc-uri or obs-dmarc-uri, which has
 * a size like "!10m" at the end)? Syntax only: any scheme; mailto needs an address. `uri` is `len`
 * bytes of anything. */
bool dmarc_uri_valid(const char *uri, size_t len);

#endif
