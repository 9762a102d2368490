/* gzip.h - gzip compression (RFC 1952), always the same bytes for the same input. */
#ifndef ALIGND_REPORT_GZIP_H
#define ALIGND_REPORT_GZIP_H

#include "base/strbuf.h"

/* Append the compressed bytes (no time, no name in the header). False: out of memory or over the
 * cap of `out`. */
bool gzip_add(struct strbuf *out, const void *bytes, size_t n);

#endif
