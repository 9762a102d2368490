/* gzip.h - gzip compression (RFC 1952), piece by piece: always the same bytes for the same pieces.
 */
#ifndef ALIGND_REPORT_GZIP_H
#define ALIGND_REPORT_GZIP_H

#include "base/strbuf.h"

struct gzip;

/* Begin to append compressed bytes (no time, no name in the header) to `out`. NULL: out of memory.
 */
struct gzip *gzip_new(struct strbuf *out);

/* The next bytes. False: over the cap of `out`, or out of memory there. */
bool gzip_add(struct gzip *z, const void *bytes, size_t n);

/* The last bytes are given: write what is left. False as above, now or earlier. */
bool gzip_end(struct gzip *z);

/* NULL is fine. */
void gzip_free(struct gzip *z);

#endif
