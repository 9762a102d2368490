/* gzip.c - gzip compression by zlib, whose default header holds no time. */
#include "report/gzip.h"

#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <zlib.h>

#define GZIP_WINDOW (15 + 16) /* 16: gzip instead of zlib format */
#define GZIP_MEMORY 8	      /* zlib's default */

struct gzip {
	z_stream z;
	struct strbuf *out;
	unsigned char chunk[16384];
};

struct gzip *gzip_new(struct strbuf *out)
{
	struct gzip *g = calloc(1, sizeof(*g));

	if (g == NULL)
		return NULL;
	g->out = out;
	if (deflateInit2(&g->z, Z_BEST_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, GZIP_MEMORY,
			 Z_DEFAULT_STRATEGY) == Z_OK)
		return g;
	free(g);
	return NULL;
}

void gzip_free(struct gzip *g)
{
	if (g == NULL)
		return;
	deflateEnd(&g->z);
	free(g);
}

/* Compress until zlib wants more, or has ended. */
static bool work(struct gzip *g, int flush)
{
	int code = Z_OK;

	do {
		g->z.next_out = g->chunk;
		g->z.avail_out = sizeof(g->chunk);
		code = deflate(&g->z, flush);
		strbuf_addn(g->out, g->chunk, sizeof(g->chunk) - g->z.avail_out);
	} while (code == Z_OK && g->z.avail_out == 0 && strbuf_ok(g->out));
	return (code == Z_OK || code == Z_BUF_ERROR || code == Z_STREAM_END) && strbuf_ok(g->out);
}

bool gzip_add(struct gzip *g, const void *bytes, size_t n)
{
	if (n > UINT_MAX)
		return false;
	g->z.next_in = (unsigned char *)(uintptr_t)bytes;
	g->z.avail_in = (unsigned)n;
	return work(g, Z_NO_FLUSH);
}

bool gzip_end(struct gzip *g)
{
	g->z.next_in = g->chunk; /* nothing is read, but NULL would be an error */
	g->z.avail_in = 0;
	return work(g, Z_FINISH);
}
