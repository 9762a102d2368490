/* crlf.c - line ends of a body made CRLF. */
#include "mail/crlf.h"

#include <string.h>

/* What goes to the sink, gathered: a body of bare CRs would call it for each of them. */
struct out {
	crlf_sink *sink;
	void *arg;
	size_t used;
	unsigned char bytes[1024];
};

static void start(struct out *o, crlf_sink *sink, void *arg)
{
	o->sink = sink;
	o->arg = arg;
	o->used = 0;
}

static void flush(struct out *o)
{
	if (o->used > 0)
		o->sink(o->arg, o->bytes, o->used);
	o->used = 0;
}

static void put(struct out *o, const unsigned char *bytes, size_t n)
{
	if (n > sizeof(o->bytes) - o->used)
		flush(o);
	if (n > sizeof(o->bytes)) {
		o->sink(o->arg, bytes, n);
		return;
	}
	memcpy(o->bytes + o->used, bytes, n);
	o->used += n;
}

static void line_end(struct crlf *c, struct out *o)
{
	put(o, (const unsigned char *)"\r\n", 2);
	c->cr = false;
	c->open = false;
}

static void pass(struct crlf *c, const unsigned char *from, const unsigned char *to, struct out *o)
{
	if (from == to)
		return;
	put(o, from, (size_t)(to - from));
	c->open = to[-1] != '\n';
}

void crlf_add(struct crlf *c, const unsigned char *bytes, size_t n, crlf_sink *sink, void *arg)
{
	const unsigned char *from = bytes, *at = bytes, *end, *lf = NULL;
	struct out o;

	if (n == 0)
		return;
	start(&o, sink, arg);
	end = bytes + n;
	if (c->cr) {
		if (*at == '\n')
			from = ++at;
		line_end(c, &o);
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
		pass(c, from, at - 1, &o);
		from = at;
		if (cr != NULL && at == end)
			c->cr = true;
		else
			line_end(c, &o);
	}
	pass(c, from, end, &o);
	flush(&o);
}

void crlf_end(struct crlf *c, crlf_sink *sink, void *arg)
{
	struct out o;

	start(&o, sink, arg);
	if (c->cr || c->open)
		line_end(c, &o);
	flush(&o);
}
