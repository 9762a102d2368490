/* crlf.c - line ends of a body made CRLF. */
#include "mail/crlf.h"

#include <string.h>

/* What goes to the sink, gathered: a body of bare LFs would call it for each of them. */
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
	c->open = false;
}

static void pass(struct crlf *c, const unsigned char *from, const unsigned char *to, struct out *o)
{
	if (from == to)
		return;
	put(o, from, (size_t)(to - from));
	c->open = to[-1] != '\n';
}

/* Does a CR stand before the last byte? */
static bool cr_inside(const unsigned char *from, const unsigned char *to)
{
	const unsigned char *cr = memchr(from, '\r', (size_t)(to - from));

	return cr != NULL && cr + 1 != to;
}

void crlf_add(struct crlf *c, const unsigned char *bytes, size_t n, crlf_sink *sink, void *arg)
{
	const unsigned char *from = bytes, *end, *lf;
	struct out o;

	if (n == 0)
		return;
	start(&o, sink, arg);
	end = bytes + n;
	c->lone |= c->cr && bytes[0] != '\n';
	/* What stands before `from` has gone out. */
	for (const unsigned char *at = bytes; at < end; at = lf + 1) {
		lf = memchr(at, '\n', (size_t)(end - at));
		if (lf == NULL) {
			c->lone |= cr_inside(at, end);
			break;
		}
		c->lone |= cr_inside(at, lf);
		if (lf == bytes ? c->cr : lf[-1] == '\r')
			continue;
		pass(c, from, lf, &o);
		line_end(c, &o);
		from = lf + 1;
	}
	pass(c, from, end, &o);
	c->cr = end[-1] == '\r';
	flush(&o);
}

void crlf_end(struct crlf *c, crlf_sink *sink, void *arg)
{
	struct out o;

	start(&o, sink, arg);
	c->lone |= c->cr;
	if (c->open)
		line_end(c, &o);
	flush(&o);
}
