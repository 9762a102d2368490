/* gzip.c - gzip compression by zlib, whose default header holds no time. */
#include "report/gzip.h"

#include <limits.h>
#include <zlib.h>

#define GZIP_WINDOW (15 + 16) /* 16: gzip instead of zlib format */
#define GZIP_MEMORY 8	      /* zlib's default */

bool gzip_add(struct strbuf *out, const void *bytes, size_t n)
{
	unsigned char chunk[16384];
	z_stream z = {.next_in = (unsigned char *)bytes, .avail_in = (unsigned)n};
	int code = Z_OK;

	if (n > UINT_MAX || deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, GZIP_WINDOW,
					 GZIP_MEMORY, Z_DEFAULT_STRATEGY) != Z_OK)
		return false;
	while (code == Z_OK && strbuf_ok(out)) {
		z.next_out = chunk;
		z.avail_out = sizeof(chunk);
		code = deflate(&z, Z_FINISH);
		strbuf_addn(out, chunk, sizeof(chunk) - z.avail_out);
	}
	deflateEnd(&z);
	return code == Z_STREAM_END && strbuf_ok(out);
}
