/* spf_macro.c - macro strings of SPF: grammar and expansion (RFC 7208 7, RFC 8616 4). */
#include "check/spf_macro.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/ascii.h"
#include "base/limits.h"

static bool is_delimiter(char c)
{
	return c == '.' || c == '-' || c == '+' || c == ',' || c == '/' || c == '_' || c == '=';
}

/* -- grammar ---------------------------------------------------------------------------------- */

/* One macro-expand, taken apart. */
struct macro {
	char letter; /* lower case; '%', '_' and '-' for the three escapes */
	bool escape; /* the letter was upper case: URL-escape the value */
	bool reverse;
	unsigned keep;		/* right-hand parts to keep; 0: all */
	const char *delimiters; /* count 0: the dot */
	size_t delimiter_count;
};

/* Digits followed by nothing that a number may have: at least 127 must be told apart, more parts
 * than any value has need not be. Returns false for zero. */
static bool read_keep(const char **p, const char *end, unsigned *keep_r)
{
	const char *start = *p;

	*keep_r = 0;
	for (; *p < end && ascii_is_digit(**p); (*p)++)
		if (*keep_r < 100000)
			*keep_r = *keep_r * 10 + (unsigned)(**p - '0');
	return *p == start || *keep_r > 0;
}

/* Read the macro-expand at `p`, which is a '%'. Returns its length, 0 if it is none. */
static size_t read_macro(const char *p, const char *end, enum spf_place place, struct macro *m_r)
{
	const char *q = p + 1, *letters = place == SPF_IN_TERM ? "slodiphv" : "slodiphvcrt";

	memset(m_r, 0, sizeof(*m_r));
	if (q == end)
		return 0;
	m_r->letter = *q;
	if (*q == '%' || *q == '_' || *q == '-')
		return 2;
	if (*q++ != '{' || q == end || !ascii_is_alpha(*q))
		return 0;
	m_r->letter = ascii_lower(*q);
	m_r->escape = *q != m_r->letter;
	if (strchr(letters, m_r->letter) == NULL)
		return 0;
	q++;
	if (!read_keep(&q, end, &m_r->keep))
		return 0;
	if (q < end && ascii_lower(*q) == 'r') {
		m_r->reverse = true;
		q++;
	}
	for (m_r->delimiters = q; q < end && is_delimiter(*q); q++)
		m_r->delimiter_count++;
	return q < end && *q == '}' ? (size_t)(q + 1 - p) : 0;
}

/* Walk a macro-string. False for a syntax error; else where the last macro-expand ends (NULL: there
 * is none). */
static bool walk(const char *text, size_t len, enum spf_place place, const char **last_macro_end_r)
{
	const char *p = text, *end = text + len;
	struct macro m;
	size_t n;

	*last_macro_end_r = NULL;
	while (p < end) {
		if (*p == '%') {
			if ((n = read_macro(p, end, place, &m)) == 0)
				return false;
			p += n;
			*last_macro_end_r = p;
		} else if ((*p > ' ' && *p <= '~') || (*p == ' ' && place == SPF_IN_EXPLANATION)) {
			p++;
		} else {
			return false;
		}
	}
	return true;
}

bool spf_macro_string(const char *text, size_t len, enum spf_place place)
{
	const char *last;

	return walk(text, len, place, &last);
}

bool spf_macro_domain_spec(const char *text, size_t len)
{
	const char *last, *end = text + len, *top;
	bool alpha_or_dash = false;

	if (len == 0 || !walk(text, len, SPF_IN_TERM, &last))
		return false;
	if (last == end)
		return true;
	if (end[-1] == '.')
		end--;
	for (top = end; top > text && (ascii_is_alnum(top[-1]) || top[-1] == '-'); top--)
		alpha_or_dash |= !ascii_is_digit(top[-1]);
	if (top == end || top == text || top[-1] != '.' || (last != NULL && top - 1 < last))
		return false;
	return alpha_or_dash && top[0] != '-' && end[-1] != '-';
}

bool spf_macro_only(const char *text, size_t len, const char *letters)
{
	const char *p = text, *end = text + len;
	struct macro m;

	while ((p = memchr(p, '%', (size_t)(end - p))) != NULL) {
		size_t n = read_macro(p, end, SPF_IN_TERM, &m);

		if (n == 0 || strchr(letters, m.letter) == NULL)
			return false;
		p += n;
	}
	return true;
}

/* -- expansion -------------------------------------------------------------------------------- */

/* Where expanded text goes. A name keeps its right end: only the last TAIL bytes can matter after
 * the cut to 253 (254 and a final dot). An explanation keeps its left end. */
#define TAIL (DOMAIN_TEXT_MAX + 2)

struct out {
	char *text;
	size_t len, size;
	bool keep_right;
	bool never; /* a local part was used that no name may hold */
};

static bool out_full(const struct out *o)
{
	return !o->keep_right && o->len == o->size;
}

static void put(struct out *o, char c)
{
	if (o->len == o->size) {
		if (!o->keep_right)
			return;
		memmove(o->text, o->text + o->size - TAIL, TAIL);
		o->len = TAIL;
	}
	o->text[o->len++] = c;
}

static void put_escaped(struct out *o, char c)
{
	static const char hex[] = "0123456789ABCDEF";

	if (ascii_is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~') {
		put(o, c);
		return;
	}
	put(o, '%');
	put(o, hex[(unsigned char)c >> 4]);
	put(o, hex[(unsigned char)c & 15]);
}

static void put_part(struct out *o, const struct macro *m, const char *p, const char *end)
{
	for (; p < end; p++)
		m->escape ? put_escaped(o, *p) : put(o, *p);
}

static bool splits(const struct macro *m, char c)
{
	return m->delimiter_count == 0 ? c == '.'
				       : memchr(m->delimiters, c, m->delimiter_count) != NULL;
}

/* The last `keep` parts in their order. */
static void put_forward(struct out *o, const struct macro *m, const char *value, const char *end,
			size_t skip)
{
	const char *p = value, *q;

	for (;; p = q + 1) {
		for (q = p; q < end && !splits(m, *q); q++)
			;
		if (skip > 0) {
			skip--;
		} else {
			put_part(o, m, p, q);
			if (q < end)
				put(o, '.');
		}
		if (q == end)
			return;
	}
}

/* The first `keep` parts from last to first: the right-hand ones after the reversal. */
static void put_reversed(struct out *o, const struct macro *m, const char *value, const char *end,
			 size_t skip)
{
	const char *p, *q = end;

	for (;; q = p - 1) {
		for (p = q; p > value && !splits(m, p[-1]); p--)
			;
		if (skip > 0) {
			skip--;
		} else {
			put_part(o, m, p, q);
			if (p > value)
				put(o, '.');
		}
		if (p == value)
			return;
	}
}

static void put_value(struct out *o, const struct macro *m, const char *value)
{
	const char *end = value + strlen(value);
	size_t parts = 1, skip;

	for (const char *p = value; p < end; p++)
		parts += splits(m, *p);
	skip = m->keep > 0 && m->keep < parts ? parts - m->keep : 0;
	if (m->reverse)
		put_reversed(o, m, value, end, skip);
	else
		put_forward(o, m, value, end, skip);
}

/* Dotted nibbles for IPv6, upper case as in the examples of the public test suite; names have no
 * case. */
static void print_nibbles(const struct addr *a, char *text_r)
{
	static const char hex[] = "0123456789ABCDEF";

	for (int i = 0; i < 32; i++) {
		*text_r++ = hex[i % 2 ? a->bytes[i / 2] & 15 : a->bytes[i / 2] >> 4];
		*text_r++ = i < 31 ? '.' : '\0';
	}
}

static bool usable_local(const char *local)
{
	const char *p = local;

	while (*p != '\0' && !(*p & 0x80))
		p++;
	return *p == '\0' && p - local <= MAX_LOCAL_PART;
}

static void put_letter(struct out *o, const struct spf_macros *in, const struct macro *m)
{
	char text[MAX_LOCAL_PART + DOMAIN_SIZE + 2];

	if (m->letter == 's' || m->letter == 'l')
		o->never |= !usable_local(in->local);
	switch (m->letter) {
	case 's':
		snprintf(text, sizeof(text), "%.*s@%s", MAX_LOCAL_PART, in->local,
			 in->sender_domain);
		put_value(o, m, text);
		break;
	case 'l': put_value(o, m, in->local); break;
	case 'o': put_value(o, m, in->sender_domain); break;
	case 'd': put_value(o, m, in->domain); break;
	case 'h': put_value(o, m, in->helo); break;
	case 'r': put_value(o, m, in->receiver); break;
	case 'p': put_value(o, m, in->client_name(in->arg)); break;
	case 'v': put_value(o, m, in->client->family == ADDR_IP6 ? "ip6" : "in-addr"); break;
	case 'c': put_value(o, m, addr_print(in->client, text)); break;
	case 'i':
		addr_print(in->client, text);
		if (in->client->family == ADDR_IP6)
			print_nibbles(in->client, text);
		put_value(o, m, text);
		break;
	case 't':
		snprintf(text, sizeof(text), "%lld", (long long)in->now);
		put_value(o, m, text);
		break;
	}
}

static void expand(struct out *o, const struct spf_macros *in, const char *text, size_t len,
		   enum spf_place place)
{
	const char *p = text, *end = text + len;
	struct macro m;

	while (p < end && !out_full(o)) {
		size_t n = *p == '%' ? read_macro(p, end, place, &m) : 0;

		if (n == 0) {
			put(o, *p++);
			continue;
		}
		p += n;
		switch (m.letter) {
		case '%': put(o, '%'); break;
		case '_': put(o, ' '); break;
		case '-': put(o, '%'), put(o, '2'), put(o, '0'); break;
		default: put_letter(o, in, &m); break;
		}
	}
}

/* Drop left-most labels until the name fits (7.3); false if a single label is too long. */
static bool cut_left(const char **name, size_t *len)
{
	while (*len > DOMAIN_TEXT_MAX) {
		const char *dot = memchr(*name, '.', *len);

		if (dot == NULL)
			return false;
		*len -= (size_t)(dot + 1 - *name);
		*name = dot + 1;
	}
	return true;
}

enum spf_expansion spf_macro_name(const struct spf_macros *m, const char *text, size_t len,
				  char name_r[DOMAIN_SIZE])
{
	char buf[4 * TAIL];
	struct out o = {.text = buf, .size = sizeof(buf), .keep_right = true};
	const char *name = buf;

	name_r[0] = '\0';
	if (len > MAX_SPF_SPEC)
		return SPF_EXPANDED_BADLY;
	expand(&o, m, text, len, SPF_IN_TERM);
	if (o.never)
		return SPF_NEVER_MATCHES;
	if (o.len > 0 && buf[o.len - 1] == '.')
		o.len--;
	if (!cut_left(&name, &o.len))
		return SPF_EXPANDED_BADLY;
	for (size_t i = 0; i < o.len; i++)
		name_r[i] = ascii_lower(name[i]);
	name_r[o.len] = '\0';
	/* A backslash is an escape to the resolver; no published name holds one. */
	return domain_askable(name_r) && strchr(name_r, '\\') == NULL ? SPF_EXPANDED
								      : SPF_EXPANDED_BADLY;
}

void spf_macro_explanation(const struct spf_macros *m, const char *text, size_t len, char *text_r,
			   size_t size)
{
	struct out o = {.text = text_r, .size = size - 1};

	expand(&o, m, text, len, SPF_IN_EXPLANATION);
	for (size_t i = 0; i < o.len; i++)
		text_r[i] = ascii_shown(text_r[i]);
	text_r[o.len] = '\0';
}
