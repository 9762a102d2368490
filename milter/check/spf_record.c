/* spf_record.c - the grammar of SPF records (RFC 7208 12), strictly. */
#include "check/spf_record.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "base/array.h"
#include "base/ascii.h"
#include "check/spf_macro.h"

#define VERSION "v=spf1"

static bool is_word(struct spf_slice s, const char *word)
{
	return strlen(word) == s.len && strncasecmp(s.text, word, s.len) == 0;
}

/* -- the domain ------------------------------------------------------------------------------- */

/* A name that is no host name but can be asked: printable ASCII in its labels. */
static bool odd_domain(const char *text, char name_r[DOMAIN_SIZE])
{
	size_t n = strlen(text);

	if (n > 0 && text[n - 1] == '.')
		n--;
	if (n > DOMAIN_TEXT_MAX || text[0] == '[')
		return false;
	for (size_t i = 0; i < n; i++) {
		if (text[i] <= ' ' || text[i] > '~' || text[i] == '\\')
			return false;
		name_r[i] = ascii_lower(text[i]);
	}
	name_r[n] = '\0';
	return domain_askable(name_r);
}

bool spf_domain(const char *text, char name_r[DOMAIN_SIZE])
{
	if ((domain_normal(text, strlen(text), name_r) || odd_domain(text, name_r)) &&
	    domain_parent(name_r) != NULL)
		return true;
	name_r[0] = '\0';
	return false;
}

/* -- mechanisms ------------------------------------------------------------------------------- */

enum argument { ARG_NONE, ARG_SPEC, ARG_MAYBE_SPEC, ARG_MAYBE_SPEC_CIDR, ARG_IP4, ARG_IP6 };

static const struct {
	const char *name;
	enum spf_mechanism mechanism;
	enum argument argument;
} mechanisms[] = {
    {"ip4", SPF_IP4, ARG_IP4},		 {"ip6", SPF_IP6, ARG_IP6},
    {"include", SPF_INCLUDE, ARG_SPEC},	 {"a", SPF_A, ARG_MAYBE_SPEC_CIDR},
    {"mx", SPF_MX, ARG_MAYBE_SPEC_CIDR}, {"all", SPF_ALL, ARG_NONE},
    {"exists", SPF_EXISTS, ARG_SPEC},	 {"ptr", SPF_PTR, ARG_MAYBE_SPEC},
};

enum cidr { CIDR_NONE, CIDR_READ, CIDR_BAD };

/* Take "/digits" off the end of `s`; CIDR_BAD for a leading zero or a number over `max`. */
static enum cidr take_cidr(struct spf_slice *s, unsigned max, unsigned *bits_r)
{
	size_t at = s->len, digits;
	unsigned bits = 0;

	while (at > 0 && ascii_is_digit(s->text[at - 1]))
		at--;
	digits = s->len - at;
	if (digits == 0 || at == 0 || s->text[at - 1] != '/')
		return CIDR_NONE;
	if (digits > 3 || (digits > 1 && s->text[at] == '0'))
		return CIDR_BAD;
	for (size_t i = at; i < s->len; i++)
		bits = bits * 10 + (unsigned)(s->text[i] - '0');
	if (bits > max)
		return CIDR_BAD;
	*bits_r = bits;
	s->len = at - 1;
	return CIDR_READ;
}

/* dual-cidr-length: ["/" n] ["//" m] at the end of `s`. */
static bool take_dual_cidr(struct spf_slice *s, struct spf_directive *d)
{
	struct spf_slice rest = *s;
	unsigned bits;

	d->bits4 = 32;
	d->bits6 = 128;
	switch (take_cidr(&rest, 128, &bits)) {
	case CIDR_NONE: return true;
	case CIDR_BAD: return false;
	case CIDR_READ: break;
	}
	if (rest.len == 0 || rest.text[rest.len - 1] != '/')
		return take_cidr(s, 32, &d->bits4) == CIDR_READ;
	d->bits6 = bits;
	rest.len--;
	*s = rest;
	return take_cidr(s, 32, &d->bits4) != CIDR_BAD;
}

/* Four numbers of 0 to 255 without leading zeros, with dots between. Most terms of most records are
 * these. */
static bool read_ip4(struct spf_slice s, uint8_t bytes_r[4])
{
	size_t at = 0;

	for (unsigned i = 0; i < 4; i++) {
		unsigned n = 0;
		size_t start = at;

		for (; at < s.len && ascii_is_digit(s.text[at]) && at < start + 3; at++)
			n = n * 10 + (unsigned)(s.text[at] - '0');
		if (at == start || n > 255 || (at > start + 1 && s.text[start] == '0'))
			return false;
		bytes_r[i] = (uint8_t)n;
		if (i < 3 && (at == s.len || s.text[at++] != '.'))
			return false;
	}
	return at == s.len;
}

static bool read_ip6(struct spf_slice s, uint8_t bytes_r[16])
{
	char text[INET6_ADDRSTRLEN];

	if (s.len >= sizeof(text) || memchr(s.text, '\0', s.len) != NULL)
		return false;
	memcpy(text, s.text, s.len);
	text[s.len] = '\0';
	return inet_pton(AF_INET6, text, bytes_r) == 1;
}

static bool read_network(struct spf_slice s, bool ip6, struct network *net_r)
{
	net_r->bits = ip6 ? 128 : 32;
	net_r->addr.family = ip6 ? ADDR_IP6 : ADDR_IP4;
	if (take_cidr(&s, net_r->bits, &net_r->bits) == CIDR_BAD)
		return false;
	return ip6 ? read_ip6(s, net_r->addr.bytes) : read_ip4(s, net_r->addr.bytes);
}

/* `s`: what follows the mechanism's name, from the ':' or '/'. */
static bool read_argument(struct spf_slice s, enum argument argument, struct spf_directive *d)
{
	if (argument == ARG_NONE)
		return s.len == 0;
	if (argument == ARG_MAYBE_SPEC_CIDR && !take_dual_cidr(&s, d))
		return false;
	if (s.len == 0)
		return argument == ARG_MAYBE_SPEC || argument == ARG_MAYBE_SPEC_CIDR;
	if (s.text[0] != ':')
		return false;
	s.text++;
	s.len--;
	if (argument == ARG_IP4 || argument == ARG_IP6)
		return read_network(s, argument == ARG_IP6, &d->network);
	d->spec = s;
	return spf_macro_domain_spec(s.text, s.len);
}

static bool read_directive(struct spf_slice term, struct spf_directive *d_r)
{
	struct spf_slice name = term, rest;

	memset(d_r, 0, sizeof(*d_r));
	d_r->whole = term;
	d_r->qualifier = '+';
	if (memchr("+-~?", term.text[0], 4) != NULL) {
		d_r->qualifier = term.text[0];
		name.text++;
		name.len--;
	}
	rest = name;
	while (rest.len > 0 && rest.text[0] != ':' && rest.text[0] != '/') {
		rest.text++;
		rest.len--;
	}
	name.len -= rest.len;
	for (size_t i = 0; i < ARRAY_SIZE(mechanisms); i++) {
		if (is_word(name, mechanisms[i].name)) {
			d_r->mechanism = mechanisms[i].mechanism;
			return read_argument(rest, mechanisms[i].argument, d_r);
		}
	}
	return false;
}

/* -- terms ------------------------------------------------------------------------------------ */

/* The next run of bytes other than a space. */
static bool next_term(struct spf_slice terms, size_t *at, struct spf_slice *term_r)
{
	const char *space;

	while (*at < terms.len && terms.text[*at] == ' ')
		(*at)++;
	if (*at == terms.len)
		return false;
	term_r->text = terms.text + *at;
	space = memchr(term_r->text, ' ', terms.len - *at);
	term_r->len = space != NULL ? (size_t)(space - term_r->text) : terms.len - *at;
	*at += term_r->len;
	return true;
}

/* Length of a modifier's name: what stands before the first '='; 0 if the term is no modifier. */
static size_t modifier_name(struct spf_slice term)
{
	size_t n = 0;

	if (!ascii_is_alpha(term.text[0]))
		return 0;
	while (n < term.len && (ascii_is_alpha(term.text[n]) || ascii_is_digit(term.text[n]) ||
				term.text[n] == '-' || term.text[n] == '_' || term.text[n] == '.'))
		n++;
	return n < term.len && term.text[n] == '=' ? n : 0;
}

static bool read_modifier(struct spf_slice term, size_t name_len, struct spf_record *r)
{
	struct spf_slice name = {term.text, name_len};
	struct spf_slice value = {term.text + name_len + 1, term.len - name_len - 1};
	struct spf_slice *known = is_word(name, "redirect") ? &r->redirect
				  : is_word(name, "exp")    ? &r->exp
							    : NULL;

	if (known == NULL)
		return spf_macro_string(value.text, value.len, SPF_IN_TERM);
	if (known->text != NULL)
		return false;
	*known = value;
	return spf_macro_domain_spec(value.text, value.len);
}

bool spf_record_is(const char *text, size_t len)
{
	size_t n = strlen(VERSION);

	return len >= n && strncasecmp(text, VERSION, n) == 0 && (len == n || text[n] == ' ');
}

size_t spf_record_select(const struct dns_answer *answer, const struct dns_record **record_r)
{
	size_t found = 0;

	*record_r = NULL;
	for (size_t i = 0; i < answer->count; i++) {
		if (spf_record_is(answer->records[i].data, answer->records[i].len)) {
			*record_r = &answer->records[i];
			found++;
		}
	}
	return found;
}

bool spf_record_parse(const char *text, size_t len, struct spf_record *record_r,
		      struct spf_slice *bad_r)
{
	struct spf_directive d;
	size_t at = 0, name_len;

	memset(record_r, 0, sizeof(*record_r));
	record_r->terms.text = text + strlen(VERSION);
	record_r->terms.len = len - strlen(VERSION);
	while (next_term(record_r->terms, &at, bad_r)) {
		name_len = modifier_name(*bad_r);
		if (name_len > 0 ? !read_modifier(*bad_r, name_len, record_r)
				 : !read_directive(*bad_r, &d))
			return false;
		record_r->has_all |= name_len == 0 && d.mechanism == SPF_ALL;
	}
	return true;
}

bool spf_record_next(const struct spf_record *record, size_t *at, struct spf_directive *directive_r)
{
	struct spf_slice term;

	while (next_term(record->terms, at, &term))
		if (modifier_name(term) == 0)
			return read_directive(term, directive_r);
	return false;
}
