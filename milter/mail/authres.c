/* authres.c - reading Authentication-Results fields (RFC 8601 2.2): whose they are, and what they
 * say. */
#include "mail/authres.h"

#include <string.h>
#include <strings.h>

#include "base/ascii.h"
#include "base/domain.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "mail/authres_syntax.h"
#include "mail/header.h"

#define SQUEEZE_CHUNK 4096 /* bytes searched at once */

struct reader {
	const char *at, *end;
	bool dressed; /* a comment or quotes were met: readers may differ */
};

/* NULL is fine for an empty text. */
static struct reader reader_of(const char *text, size_t len)
{
	const char *at = len > 0 ? text : "";

	return (struct reader){.at = at, .end = at + len};
}

/* -- the lexical parts ------------------------------------------------------------------------- */

static bool comment(struct reader *r)
{
	unsigned depth = 0;

	r->dressed = true;
	for (; r->at < r->end; r->at++) {
		if (*r->at == '\\') {
			if (++r->at == r->end)
				return false;
		} else if (*r->at == '(') {
			if (++depth > MAX_COMMENT_DEPTH)
				return false;
		} else if (*r->at == ')' && --depth == 0) {
			r->at++;
			return true;
		}
	}
	return false;
}

/* Comments and folding white space; false for an open comment. Line ends were checked by
 * header_value_clean(). */
static bool skip_cfws(struct reader *r)
{
	while (r->at < r->end) {
		if (*r->at == '(') {
			if (!comment(r))
				return false;
		} else if (ascii_is_white(*r->at)) {
			r->at++;
		} else {
			break;
		}
	}
	return true;
}

static bool peek(const struct reader *r, char c)
{
	return r->at < r->end && *r->at == c;
}

/* White space, the byte, white space. */
static bool sign(struct reader *r, char c)
{
	if (!skip_cfws(r) || !peek(r, c))
		return false;
	r->at++;
	return skip_cfws(r);
}

/* A quoted-string at its '"', unquoted. */
static bool quoted(struct reader *r, char *text_r, size_t size)
{
	size_t n = 0;

	r->dressed = true;
	for (r->at++; r->at < r->end && *r->at != '"'; r->at++) {
		if (*r->at == '\\' && ++r->at == r->end)
			return false;
		if (*r->at == '\r' || *r->at == '\n')
			continue;
		if (n + 1 == size)
			return false;
		text_r[n++] = *r->at;
	}
	text_r[n] = '\0';
	return r->at++ < r->end;
}

/* A run of bytes that `is` accepts, at least one, in lower case if wanted. */
static bool run(struct reader *r, bool (*is)(char), bool to_lower, char *text_r, size_t size)
{
	size_t n = 0;

	for (; r->at < r->end && is(*r->at); r->at++) {
		if (n + 1 == size)
			return false;
		text_r[n++] = to_lower ? ascii_lower(*r->at) : *r->at;
	}
	text_r[n] = '\0';
	return n > 0;
}

static bool keyword(struct reader *r, char word_r[AUTHRES_WORD_SIZE])
{
	return run(r, authres_is_keyword, true, word_r, AUTHRES_WORD_SIZE);
}

static bool number(struct reader *r, unsigned *number_r)
{
	const char *start = r->at;

	for (*number_r = 0; r->at < r->end && ascii_is_digit(*r->at); r->at++) {
		if (r->at - start == 6)
			return false;
		*number_r = *number_r * 10 + (unsigned)(*r->at - '0');
	}
	return r->at > start;
}

/* -- the authserv-id --------------------------------------------------------------------------- */

/* RFC 6532 lets a token of an EAI message hold UTF-8. */
static bool is_id_byte(char c)
{
	return authres_is_token_byte(c) || ((unsigned char)c & 0x80) != 0;
}

/* authserv-id [version], up to its ';' or the end. */
static bool read_id(struct reader *r, char id_r[AUTHRES_ID_SIZE], unsigned *version_r)
{
	bool ok;

	*version_r = 1;
	id_r[0] = '\0';
	if (!skip_cfws(r) || r->at == r->end)
		return false;
	if (*r->at == '"')
		ok = quoted(r, id_r, AUTHRES_ID_SIZE);
	else
		ok = run(r, is_id_byte, false, id_r, AUTHRES_ID_SIZE);
	for (char *c = id_r; ok && *c != '\0'; c++)
		*c = ascii_lower(*c);
	if (!ok || !skip_cfws(r))
		return false;
	if (r->at < r->end && ascii_is_digit(*r->at) && (!number(r, version_r) || !skip_cfws(r)))
		return false;
	return id_r[0] != '\0' && peek(r, ';');
}

/* -- claims ------------------------------------------------------------------------------------ */

/* What is left of a text when quoting, white space and control bytes are taken out. */
static bool counts(char c)
{
	return ascii_is_alnum(c) || c == '.' || c == '-' || c == '_';
}

static size_t squeeze(const char *text, size_t len, char *out_r, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < len && n < size; i++)
		if (counts(text[i]))
			out_r[n++] = ascii_lower(text[i]);
	return n;
}

/* Could a reader that skips whatever it does not understand (comments too or not) see the id in
 * there? Linear. */
static bool could_show(const char *text, size_t len, const char *our_id, bool comments)
{
	char want[AUTHRES_ID_SIZE], chunk[SQUEEZE_CHUNK];
	size_t want_len = squeeze(our_id, strlen(our_id), want, sizeof(want)), have = 0, depth = 0;

	if (want_len == 0 || want_len == sizeof(want))
		return true;
	for (size_t i = 0; i < len; i++) {
		depth += text[i] == '(';
		if (comments || depth == 0)
			have += squeeze(text + i, 1, chunk + have, 1);
		depth -= text[i] == ')' && depth > 0;
		if (have < sizeof(chunk))
			continue;
		if (memmem(chunk, have, want, want_len) != NULL)
			return true;
		memmove(chunk, chunk + have - want_len, want_len);
		have = want_len;
	}
	return memmem(chunk, have, want, want_len) != NULL;
}

/* An id as everybody writes it, perhaps with U-labels. */
static bool is_plain(const char *id)
{
	for (; *id != '\0'; id++)
		if (!counts(*id) && ((unsigned char)*id & 0x80) == 0)
			return false;
	return true;
}

/* Bytes that some readers decode, drop or stop at: nobody can say what they will see. */
static bool has_riddles(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if ((c < 0x20 && c != '\t' && c != '\r' && c != '\n') || c >= 0x7f || c == '%')
			return true;
	}
	return memmem(text, len, "=?", 2) != NULL;
}

/* The same name in another spelling: final dot, U-labels, compatibility letters. What is no valid
 * UTF-8 or no valid internationalized name may be anything. */
static bool spelled_like(const char *id, const char *our_id)
{
	char a[DOMAIN_SIZE], b[DOMAIN_SIZE];
	size_t len = strlen(id);
	bool foreign = false, named;

	for (size_t i = 0; i < len; i++)
		foreign |= ((unsigned char)id[i] & 0x80) != 0;
	named = domain_normal(id, len, a);
	if (foreign && (!named || !utf8_valid(id, len)))
		return true;
	return named && domain_normal(our_id, strlen(our_id), b) && strcmp(a, b) == 0;
}

enum authres_claim authres_claims(const char *value, size_t len, const char *our_id)
{
	struct reader r = reader_of(value, len);
	char id[AUTHRES_ID_SIZE];
	size_t head = len;
	unsigned version;

	if (header_value_clean(value, len) && read_id(&r, id, &version)) {
		if (strcasecmp(id, our_id) == 0)
			return AUTHRES_OURS;
		if (version != 1 || spelled_like(id, our_id))
			return AUTHRES_MAYBE_OURS;
		if (!r.dressed && is_plain(id))
			return AUTHRES_NOT_OURS;
		head = (size_t)(r.at - value);
	}
	if (head == 0)
		return AUTHRES_NOT_OURS;
	if (has_riddles(value, head) || could_show(value, head, our_id, true) ||
	    could_show(value, head, our_id, false))
		return AUTHRES_MAYBE_OURS;
	return AUTHRES_NOT_OURS;
}

/* -- the whole field --------------------------------------------------------------------------- */

/* The bytes of a bare value or address; which of both it is gets checked afterwards. */
static bool is_bare_byte(char c)
{
	return is_id_byte(c) || (c != '\0' && strchr("/=?@", c) != NULL);
}

/* value, or [local-part]@domain-name; an address keeps the quotes of its local part. */
static bool read_value(struct reader *r, char value_r[AUTHRES_VALUE_SIZE])
{
	const char *start = r->at;
	size_t len;

	if (peek(r, '"')) {
		if (!quoted(r, value_r, AUTHRES_VALUE_SIZE))
			return false;
		if (!peek(r, '@'))
			return true;
	}
	while (r->at < r->end && is_bare_byte(*r->at))
		r->at++;
	len = (size_t)(r->at - start);
	if (len >= AUTHRES_VALUE_SIZE ||
	    (!authres_is_token(start, len) && !authres_is_address(start, len)))
		return false;
	memcpy(value_r, start, len);
	value_r[len] = '\0';
	return true;
}

/* reason=value, "reason" already read. */
static bool read_reason(struct reader *r, struct authres_result *res)
{
	if (!sign(r, '=') || res->reason[0] != '\0' || res->count > 0)
		return false;
	return read_value(r, res->reason);
}

/* ptype.property=value, ptype already read. */
static bool read_property(struct reader *r, struct authres_result *res, const char *ptype)
{
	struct authres_property_value *p;

	if (res->count == AUTHRES_MAX_PROPERTIES)
		return false;
	p = &res->property[res->count++];
	strcpy(p->ptype, ptype);
	return sign(r, '.') && keyword(r, p->property) && sign(r, '=') && read_value(r, p->value);
}

/* method[/version]=result, then its reason and properties, up to the next ';' or the end. `method`
 * already read. */
static bool read_result(struct reader *r, struct authres_result *res)
{
	char word[AUTHRES_WORD_SIZE];
	unsigned version;

	if (!skip_cfws(r) || (peek(r, '/') && (!sign(r, '/') || !number(r, &version))))
		return false;
	if (!sign(r, '=') || !keyword(r, res->result))
		return false;
	for (;;) {
		const char *before = r->at;

		if (!skip_cfws(r))
			return false;
		if (r->at == r->end || *r->at == ';')
			return true;
		if (r->at == before || !keyword(r, word) || !skip_cfws(r))
			return false;
		if (strcmp(word, "reason") == 0 && peek(r, '=') ? !read_reason(r, res)
								: !read_property(r, res, word))
			return false;
	}
}

bool authres_parse(const char *value, size_t len, struct authres *out_r)
{
	struct reader r = reader_of(value, len);
	struct authres_result *res;

	memset(out_r, 0, sizeof(*out_r));
	if (!header_value_clean(value, len) || !read_id(&r, out_r->id, &out_r->version))
		return false;
	while (peek(&r, ';')) {
		if (out_r->count == AUTHRES_MAX_RESULTS || !sign(&r, ';'))
			return false;
		res = &out_r->result[out_r->count];
		if (!keyword(&r, res->method) || !skip_cfws(&r))
			return false;
		if (r.at == r.end && out_r->count == 0 && strcmp(res->method, "none") == 0)
			return true;
		if (!read_result(&r, res))
			return false;
		out_r->count++;
	}
	return r.at == r.end;
}
