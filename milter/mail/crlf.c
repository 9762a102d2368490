/* crlf.c - line ends of a body made CRLF. */
#include "mail/crlf.h"

#include <string.h>

static void line_end(struct crlf *c, crlf_sink *sink, void *arg)
{
	sink(arg, (const unsigned char *)"\r\n", 2);
	c->cr = false;
	c->open = false;
}

static void pass(struct crlf *c, const unsigned char *from, const unsigned char *to,
		 crlf_sink *sink, void *arg)
{
	if (from == to)
		return;
	sink(arg, from, (size_t)(to - from));
	c->open = to[-1] != '\n';
}

void crlf_add(struct crlf *c, const unsigned char *bytes, size_t n, crlf_sink *sink, void *arg)
{
	const unsigned char *from = bytes, *at = bytes, *end, *lf = NULL;

	if (n == 0)
		return;
	end = bytes + n;
	if (c->cr) {
		if (*at == '\n')
			from = ++at;
		line_end(c, sink, arg);
	}
	/* `from` to `at` is right as it stands; `lf` is the next LF from `at` on, `end` if there is
	 * none. */
	while (at < end) {
		const unsigned char *cr;

		if (lf == NULL || lf < at)
			lf = memchr(at, '\n', (size_t)(end - at));
		if (lf == NULL)
			lf = end;
		cr = memchr(at, '\r', (size_t)(lf - at));
		if (cr == NULL && lf == end)
			break;
		at = cr != NULL ? cr + 1 : lf + 1;
		if (cr != NULL && at == lf && lf != end) {
			at++;
			continue;
		}
		pass(c, from, at - 1, sink, arg);
		from = at;
		if (cr != NULL && at == end)
			c->cr = true;
		else
			line_end(c, sink, arg);
	}
	pass(c, from, end, sink, arg);
}

void crlf_end(struct crlf *c, crlf_sink *sink, void *arg)
{
	if (c->cr || c->open)
		line_end(c, sink, arg);
}
