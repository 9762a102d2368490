/* rdata.h - the data of one record off the wire, as the standards lay it out and no other way: RFC
 * 1035 3.3, 3.4.1, RFC 3596 2.2. Names come without compression. */
#ifndef ALIGND_DNS_RDATA_H
#define ALIGND_DNS_RDATA_H

#include "dns/resolver.h"

/* Bytes rdata_decode() may write for a record of `len` bytes. */
size_t rdata_room(enum dns_type type, size_t len);

/* Decode `len` bytes of `raw` into `out` (rdata_room() bytes) as struct dns_record says;
 * `record_r->data` is `out`, and no NUL follows it yet. False if the data is malformed, or a TXT
 * record over MAX_TXT_BYTES: half a policy would mean something else than the whole. */
bool rdata_decode(enum dns_type type, const uint8_t *raw, size_t len, char *out,
		  struct dns_record *record_r);

#endif
