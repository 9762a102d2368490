/* mailbox.c - the author domains of a From field (RFC 5322 3.4, 3.6.2, RFC 6532, RFC 6854). One
 * pass, no allocation. Obsolete forms are read only where every reader agrees on the author: empty
 * list elements, dots in names. Routes and comments inside an address are legal or
 * were, but readers differ: MALFORMED. */
#include "mail/mailbox.h"

#include <string.h>

#include "base/ascii.h"
#include "base/utf8.h"
#include "mail/encoded_word.h"
#include "mail/header.h"

struct parser {
	const char *at, *end;
	bool utf8; /* the whole field is valid UTF-8 */
	size_t addresses;
	bool crowded; /* more domains than out->domain has room for */
	bool bracket; /* the name at work has one outside quotes */
	struct author_domains *out;
};

const char *from_status_name(enum from_status s)
{
	static const char *const names[] = {"ok", "missing", "repeated", "multiple", "malformed"};

	return names[s];
}

/* -- bytes ------------------------------------------------------------------------------------- */

static bool is_special(char c)
{
	return c == '\0' || strchr("()<>[]:;@\\,\".", c) != NULL;
}

/* RFC 5322 3.2.3 atext with RFC 6532's UTF-8. */
static bool is_atext(char c)
{
	unsigned char u = (unsigned char)c;

	return u > 0x20 && u != 0x7f && !is_special(c);
}

/* -- domains ----------------------------------------------------------------------------------- */

static void add_domain(struct parser *p, const char *name)
{
	struct author_domains *out = p->out;

	for (size_t i = 0; i < out->count; i++)
		if (strcmp(out->domain[i], name) == 0)
			return;
	if (out->count == MAX_AUTHOR_DOMAINS)
		p->crowded = true;
	else
		strcpy(out->domain[out->count++], name);
}

/* The bytes that may belong to a domain name as text. */
static size_t domain_span(const char *at, const char *end)
{
	size_t n = 0;

	for (; at + n < end; n++) {
		char c = at[n];

		if ((c & 0x80) == 0 && !ascii_is_alnum(c) && c != '-' && c != '_' && c != '.')
			break;
	}
	return n;
}

/* Of a malformed field: whatever stands behind an @, so that none of the possible authors goes
 * unjudged. */
static void collect_domains(struct parser *p, const char *text, size_t len)
{
	const char *end = text + len, *at = text;
	char name[DOMAIN_SIZE];

	while (at < end && !p->crowded && (at = memchr(at, '@', (size_t)(end - at))) != NULL) {
		size_t n;

		for (at++; at < end && ascii_is_white(*at); at++)
			;
		n = domain_span(at, end);
		if (domain_normal(at, n, name))
			add_domain(p, name);
		at += n;
	}
}

/* -- the lexical parts; each returns false for what is malformed ------------------------------- */

/* Readers that know less of quoting (or another charset) find the ends of such a text elsewhere;
 * harmless only as long as it has no @ that could look like an address then. */
static bool is_tricky(const char *text, size_t len, const char *marks)
{
	if (memchr(text, '@', len) == NULL)
		return false;
	for (; *marks != '\0'; marks++)
		if (memchr(text, *marks, len) != NULL)
			return true;
	return false;
}

/* In some double-byte charsets a backslash is the second half of a letter and quotes nothing. */
static bool doubtful_backslash(const struct parser *p)
{
	return !p->utf8 && ((unsigned char)p->at[-1] & 0x80) != 0;
}

/* A comment, at its '('. */
static bool comment(struct parser *p)
{
	const char *start = p->at;
	unsigned depth = 0;

	for (; p->at < p->end; p->at++) {
		if (*p->at == '\\') {
			if (doubtful_backslash(p) || ++p->at == p->end)
				return false;
		} else if (*p->at == '(') {
			if (++depth > MAX_COMMENT_DEPTH)
				return false;
		} else if (*p->at == ')' && --depth == 0) {
			p->at++;
			return !is_tricky(start, (size_t)(p->at - start), "<>\\\"");
		}
	}
	return false;
}

/* White space, folds and comments. */
static bool skip_cfws(struct parser *p)
{
	while (p->at < p->end) {
		if (*p->at == '(') {
			if (!comment(p))
				return false;
		} else if (ascii_is_white(*p->at)) {
			p->at++;
		} else {
			break;
		}
	}
	return true;
}

static void skip_fws(struct parser *p)
{
	while (p->at < p->end && ascii_is_white(*p->at))
		p->at++;
}

/* A quoted-string, at its '"'. */
static bool quoted(struct parser *p)
{
	const char *start = p->at++;

	for (; p->at < p->end; p->at++) {
		if (*p->at == '\\') {
			if (doubtful_backslash(p) || ++p->at == p->end)
				return false;
		} else if (*p->at == '"') {
			p->at++;
			return !is_tricky(start, (size_t)(p->at - start), "\\");
		}
	}
	return false;
}

/* One word of a display name or local part: a quoted-string, or a run of atoms, dots and (in names
 * only) brackets. */
static bool word(struct parser *p)
{
	const char *start = p->at;

	if (*p->at == '"' && !quoted(p))
		return false;
	while (*start != '"' && p->at < p->end &&
	       (is_atext(*p->at) || strchr(".[]", *p->at) != NULL))
		p->bracket |= strchr("[]", *p->at++) != NULL;
	return p->at > start && !encoded_word_harmful(start, (size_t)(p->at - start));
}

/* -- addresses --------------------------------------------------------------------------------- */

/* A local part that looks the same to everybody. Its dots may be anywhere (some providers allow
 * that); quoted text must not hold what ends an address elsewhere; no encoded-word, no wide form of
 * an ASCII sign. */
static bool good_local(const struct parser *p, const char *s, size_t len)
{
	bool quote = len > 0 && s[0] == '"';

	if (len == 0 || len > MAX_LOCAL_PART || (quote && (len < 3 || s[len - 1] != '"')))
		return false;
	if (memmem(s, len, "=?", 2) != NULL || memmem(s, len, "?=", 2) != NULL)
		return false;
	if (memmem(s, len, "\xef\xbc", 2) != NULL || memmem(s, len, "\xef\xb9", 2) != NULL)
		return false;
	for (size_t i = quote; i < len - quote; i++) {
		bool fits = is_atext(s[i]) || s[i] == '.' || (quote && s[i] == ' ');

		if (!fits || ((s[i] & 0x80) != 0 && !p->utf8))
			return false;
	}
	return true;
}

/* The rest of an address, at its '@', after a local part. In brackets, blanks around the '@' fool
 * nobody. */
static bool at_domain(struct parser *p, const char *local, size_t local_len, bool in_brackets)
{
	char name[DOMAIN_SIZE];
	size_t n;

	if (p->at == p->end || *p->at != '@')
		return false;
	p->at++;
	if (in_brackets)
		skip_fws(p);
	n = domain_span(p->at, p->end);
	if (!domain_normal(p->at, n, name))
		return false;
	p->at += n;
	add_domain(p, name);
	return good_local(p, local, local_len) && ++p->addresses <= MAX_FROM_ADDRESSES;
}

/* <local@domain>, at its '<'. A route begins with '@' and so has an empty local part. */
static bool angle(struct parser *p)
{
	const char *local;
	size_t local_len;

	p->at++;
	skip_fws(p);
	local = p->at;
	if (p->at == p->end || !word(p))
		return false;
	local_len = (size_t)(p->at - local);
	skip_fws(p);
	if (!at_domain(p, local, local_len, true))
		return false;
	skip_fws(p);
	if (p->at == p->end || *p->at != '>')
		return false;
	p->at++;
	return true;
}

static bool address_list(struct parser *p, bool in_group);

/* The members of a group, at its ':'. */
static bool group(struct parser *p)
{
	size_t before = p->addresses;

	p->at++;
	if (!address_list(p, true) || p->at == p->end || *p->at != ';')
		return false;
	p->at++;
	return p->addresses > before;
}

/* One mailbox or group: name <address>, address, or name: members; */
static bool address(struct parser *p, bool in_group)
{
	const char *first = p->at, *stop = p->at;
	bool one_piece = true;

	p->bracket = false;
	while (p->at < p->end && strchr("<@:,;", *p->at) == NULL) {
		one_piece &= stop == p->at;
		if (!word(p))
			return false;
		stop = p->at;
		if (!skip_cfws(p))
			return false;
	}
	if (p->at == p->end)
		return false;
	/* At a bracket some readers stop, and take what they have for the address. */
	if (*p->at == '<')
		return !(p->bracket && memchr(first, '@', (size_t)(p->at - first)) != NULL) &&
		       angle(p);
	if (*p->at == '@')
		return one_piece && stop == p->at &&
		       at_domain(p, first, (size_t)(stop - first), false);
	return *p->at == ':' && !in_group && stop > first && group(p);
}

/* Addresses between commas, up to the end or (in a group) its ';'. Elements may be empty (RFC
 * 5322 4.4). */
static bool address_list(struct parser *p, bool in_group)
{
	for (;;) {
		if (!skip_cfws(p))
			return false;
		if (p->at == p->end || (in_group && *p->at == ';'))
			return true;
		if (*p->at == ',') {
			p->at++;
			continue;
		}
		if (!address(p, in_group) || !skip_cfws(p))
			return false;
		if (p->at < p->end && *p->at != ',' && !(in_group && *p->at == ';'))
			return false;
	}
}

enum from_status mailbox_authors(const char *value, size_t len, struct author_domains *out_r)
{
	struct parser p = {.out = out_r};

	if (len == 0)
		value = ""; /* NULL is fine then */
	p.at = value;
	p.end = value + len;
	p.utf8 = utf8_valid(value, len);
	out_r->count = 0;
	if (header_value_clean(value, len) && address_list(&p, false) && p.addresses > 0 &&
	    !p.crowded)
		return out_r->count == 1 ? FROM_OK : FROM_MULTIPLE;
	collect_domains(&p, value, len);
	return FROM_MALFORMED;
}

/* -- SMTP paths -------------------------------------------------------------------------------- */

/* The last '@' outside quotes, or NULL; false if quotes do not close or a byte cannot be in a path.
 */
static bool find_at(const char *s, size_t len, const char **at_r)
{
	bool quote = false;

	*at_r = NULL;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c < 0x20 || c == 0x7f || (!quote && strchr(" <>", c) != NULL))
			return false;
		if (c == '"')
			quote = !quote;
		else if (c == '@' && !quote)
			*at_r = s + i;
		else if (c == '\\' && ++i == len)
			return false;
	}
	return !quote;
}

static bool path_domain(const char *s, size_t len, struct path *path_r)
{
	if (len > 2 && s[0] == '[' && s[len - 1] == ']') {
		path_r->literal = strspn(s + 1, "0123456789abcdefABCDEFIPvipV.:") == len - 2;
		return path_r->literal;
	}
	if (domain_normal(s, len, path_r->domain))
		return true;
	path_r->domain[0] = '\0';
	return false;
}

/* What is inside the brackets, without a source route. False if a route leads nowhere. */
static bool strip_path(const char **s, size_t *len)
{
	const char *colon;

	while (*len > 0 && ascii_is_blank((*s)[0]))
		(*s)++, (*len)--;
	while (*len > 0 && ascii_is_blank((*s)[*len - 1]))
		(*len)--;
	if (*len >= 2 && (*s)[0] == '<' && (*s)[*len - 1] == '>') {
		(*s)++;
		*len -= 2;
	}
	if (*len > 0 && (*s)[0] == '@' && (colon = memchr(*s, ':', *len)) != NULL) {
		*len -= (size_t)(colon + 1 - *s);
		*s = colon + 1;
		return *len > 0;
	}
	return true;
}

bool mailbox_path(const char *text, struct path *path_r)
{
	size_t len = strlen(text), local_len;
	const char *at;

	*path_r = (struct path){.null = false};
	if (!strip_path(&text, &len))
		return false;
	if (len == 0) {
		path_r->null = true;
		return true;
	}
	if (!find_at(text, len, &at))
		return false;
	local_len = at != NULL ? (size_t)(at - text) : len;
	if (local_len <= MAX_LOCAL_PART)
		memcpy(path_r->local, text, local_len);
	if (at != NULL && !path_domain(at + 1, len - local_len - 1, path_r))
		return false;
	return local_len > 0 && local_len <= MAX_LOCAL_PART;
}
