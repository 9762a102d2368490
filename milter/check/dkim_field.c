/* dkim_field.c - the tags of a signature field, read strictly: "being liberal in what you accept is
 * definitely a bad strategy in this security context" (RFC 6376 6.1.1). PERMFAIL there is permerror
 * here; neutral is for what cannot be read or is not known to us (RFC 8601 2.7.1). */
#include "check/dkim_field.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/array.h"
#include "base/ascii.h"
#include "base/limits.h"

#define EXPIRY_DRIFT 300 /* seconds that x= may be past */
#define MAX_H_BYTES \
	4000 /* libopendkim cuts h= at 4095 bytes, and would hash other fields than were signed */
#define MAX_IDENTITY 512

/* Note the first problem only. */
static void problem(struct dkim_field *f, enum dkim_result result, const char *reason)
{
	if (f->problem != DKIM_NONE)
		return;
	f->problem = result;
	f->reason = reason;
}

static void read_tags(struct dkim_field *f, const char *value, size_t len)
{
	struct {
		const char *name;
		struct tag *tag;
	} known[] = {{"a", &f->a}, {"b", &f->b}, {"bh", &f->bh}, {"c", &f->c}, {"cv", &f->cv},
		     {"d", &f->d}, {"h", &f->h}, {"i", &f->i},	 {"l", &f->l}, {"q", &f->q},
		     {"s", &f->s}, {"t", &f->t}, {"v", &f->v},	 {"x", &f->x}};
	struct taglist list;
	struct tag tag;

	taglist_start(&list, value, len);
	while (taglist_next(&list, &tag))
		for (size_t i = 0; i < ARRAY_SIZE(known); i++)
			if (known[i].tag->name == NULL && tag_named(&tag, known[i].name))
				*known[i].tag = tag;
	if (list.bad)
		problem(f, DKIM_NEUTRAL, "signature has a syntax error");
	if (taglist_repeats(value, len))
		problem(f, DKIM_NEUTRAL, "signature repeats a tag");
}

static void read_version(struct dkim_field *f)
{
	if (f->v.name == NULL)
		problem(f, DKIM_PERMERROR, "signature has no v=");
	else if (!tag_value_is(&f->v, "1"))
		problem(f, DKIM_PERMERROR, "signature has an unknown version");
}

/* RFC 6376 6.1.1: the tags without which there is no signature. */
static void read_required(struct dkim_field *f, enum dkim_field_kind kind)
{
	if (f->a.name == NULL || f->a.value_len == 0)
		problem(f, DKIM_PERMERROR, "signature has no a=");
	if (f->b.name == NULL || f->b.value_len == 0)
		problem(f, DKIM_PERMERROR, "signature has no b=");
	if (f->d.name == NULL || f->d.value_len == 0)
		problem(f, DKIM_PERMERROR, "signature has no d=");
	if (f->s.name == NULL || f->s.value_len == 0)
		problem(f, DKIM_PERMERROR, "signature has no s=");
	if (kind == DKIM_FIELD_ARC_SEAL)
		return;
	if (f->bh.name == NULL || f->bh.value_len == 0)
		problem(f, DKIM_PERMERROR, "signature has no bh=");
	if (f->h.name == NULL || f->h.value_len == 0)
		problem(f, DKIM_PERMERROR, "signature has no h=");
}

/* A domain has two labels or more (the ABNF of d=); a final dot is in no syntax. */
static void read_names(struct dkim_field *f)
{
	const struct tag *d = &f->d, *s = &f->s;

	if (d->value_len == 0 || !domain_normal(d->value, d->value_len, f->domain))
		f->domain[0] = '\0';
	if (s->value_len == 0 || !domain_normal(s->value, s->value_len, f->selector))
		f->selector[0] = '\0';
	if (domain_labels(f->domain) < 2 || d->value[d->value_len - 1] == '.')
		problem(f, DKIM_PERMERROR, "d= is not a domain name");
	if (f->selector[0] == '\0' || s->value[s->value_len - 1] == '.')
		problem(f, DKIM_PERMERROR, "s= is not a selector");
}

static void read_algorithm(struct dkim_field *f)
{
	if (tag_value_is_nocase(&f->a, "rsa-sha256"))
		f->key_type = DKIM_KEY_RSA;
	else if (tag_value_is_nocase(&f->a, "ed25519-sha256"))
		f->key_type = DKIM_KEY_ED25519;
	else if (tag_value_is_nocase(&f->a, "rsa-sha1"))
		problem(f, DKIM_PERMERROR, "rsa-sha1 is not accepted"); /* RFC 8301 3.1 */
	else
		problem(f, DKIM_NEUTRAL, "unknown signature algorithm");
}

static void read_canonicalization(struct dkim_field *f)
{
	static const struct {
		const char *text;
		bool header_relaxed, body_relaxed;
	} known[] = {{"simple", false, false},	      {"relaxed", true, false},
		     {"simple/simple", false, false}, {"relaxed/simple", true, false},
		     {"simple/relaxed", false, true}, {"relaxed/relaxed", true, true}};

	if (f->c.name == NULL)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (tag_value_is_nocase(&f->c, known[i].text)) {
			f->header_relaxed = known[i].header_relaxed;
			f->body_relaxed = known[i].body_relaxed;
			return;
		}
	problem(f, DKIM_NEUTRAL, "unknown canonicalization");
}

/* One of the methods must be dns/txt, the others are ignored (RFC 6376 3.5). */
static void read_query(struct dkim_field *f)
{
	if (f->q.name != NULL && !tag_has_word(&f->q, "dns/txt"))
		problem(f, DKIM_NEUTRAL, "unknown query method");
}

bool dkim_field_signs(const struct dkim_field *f, const char *name)
{
	const char *at = NULL, *one;
	size_t len, want = strlen(name);

	while (want > 0 && ascii_is_white(name[want - 1]))
		want--;
	while (tag_next_word(&f->h, &at, &one, &len))
		if (len == want && strncasecmp(one, name, len) == 0)
			return true;
	return false;
}

static void read_signed_names(struct dkim_field *f, enum dkim_field_kind kind)
{
	size_t n = 0;

	if (f->h.value_len > MAX_H_BYTES) {
		problem(f, DKIM_PERMERROR, "h= is too long");
		return;
	}
	/* Empty names count too: each is skipped whenever h= is searched. */
	for (size_t i = 0; i < f->h.value_len; i++)
		n += f->h.value[i] == ':';
	if (n >= MAX_SIGNED_NAMES)
		problem(f, DKIM_PERMERROR, "h= is too long");
	if (!dkim_field_signs(f, "From"))
		problem(f, DKIM_PERMERROR, "From is not signed");
	if (kind == DKIM_FIELD_ARC_MESSAGE && dkim_field_signs(f, "ARC-Seal"))
		problem(f, DKIM_PERMERROR, "ARC-Seal is signed");
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* dkim-quoted-printable (RFC 6376 2.11) without its white space. False: syntax error or too long.
 */
static bool decode_quoted(const struct tag *tag, char *text_r, size_t size, size_t *n_r)
{
	size_t n = 0;

	for (size_t i = 0; i < tag->value_len; i++) {
		char c = tag->value[i];

		if (ascii_is_white(c))
			continue;
		if (c == '=') {
			int high = i + 2 < tag->value_len ? hex_digit(tag->value[i + 1]) : -1;
			int low = high >= 0 ? hex_digit(tag->value[i + 2]) : -1;

			if (low < 0)
				return false;
			c = (char)(high << 4 | low);
			i += 2;
		}
		if (n == size)
			return false;
		text_r[n++] = c;
	}
	*n_r = n;
	return true;
}

/* The domain of i= must be d= or below it. */
static void read_identity(struct dkim_field *f)
{
	char text[MAX_IDENTITY], name[DOMAIN_SIZE];
	const char *at;
	size_t n;

	if (f->i.name == NULL)
		return;
	if (!decode_quoted(&f->i, text, sizeof(text), &n)) {
		problem(f, DKIM_NEUTRAL, "i= has a syntax error");
		return;
	}
	at = memrchr(text, '@', n);
	if (at == NULL || !domain_normal(at + 1, n - (size_t)(at + 1 - text), name) ||
	    !domain_at_or_below(name, f->domain))
		problem(f, DKIM_PERMERROR, "i= is not within d=");
	else
		f->identity_below = strcmp(name, f->domain) != 0;
}

/* Unsigned decimal of 1 to `most` digits. What is longer than fits in 18 digits is as good as
 * infinite. */
static bool read_number(const struct tag *tag, size_t most, uint64_t *n_r)
{
	*n_r = 0;
	if (tag->value_len == 0 || tag->value_len > most)
		return false;
	for (size_t i = 0; i < tag->value_len; i++) {
		if (tag->value[i] < '0' || tag->value[i] > '9')
			return false;
		*n_r = *n_r < 100000000000000000U ? *n_r * 10 + (uint64_t)(tag->value[i] - '0')
						  : INT64_MAX;
	}
	return true;
}

/* RFC 6376 3.5: x= in the past and t= in the future may be refused. The first is the signer's wish;
 * the second would only punish a wrong clock, since t= is what the signer says it is. */
static void read_times(struct dkim_field *f, time_t now)
{
	uint64_t made = 0, expires = 0, present = now > 0 ? (uint64_t)now : 0;

	if (f->t.name != NULL && !read_number(&f->t, 76, &made))
		problem(f, DKIM_NEUTRAL, "t= is not a number");
	if (f->x.name != NULL && !read_number(&f->x, 76, &expires))
		problem(f, DKIM_NEUTRAL, "x= is not a number");
	if (f->x.name != NULL && f->t.name != NULL && expires <= made)
		problem(f, DKIM_PERMERROR, "signature expires before it was made");
	if (f->x.name != NULL && present > expires + EXPIRY_DRIFT)
		problem(f, DKIM_PERMERROR, "signature expired");
}

static void read_body_length(struct dkim_field *f)
{
	if (f->l.name == NULL)
		return;
	f->partial = true;
	if (!read_number(&f->l, 76, &f->body_length))
		problem(f, DKIM_NEUTRAL, "l= is not a number");
	else if (f->l.value_len > 18)
		problem(f, DKIM_PERMERROR, "l= is beyond the body");
}

/* RFC 8617 4.2.1: 1 to 50, without leading zeros. */
static void read_instance(struct dkim_field *f)
{
	uint64_t n;

	if (f->i.name != NULL && f->i.value_len > 0 && f->i.value[0] != '0' &&
	    read_number(&f->i, 2, &n) && n >= 1 && n <= MAX_ARC_SETS)
		f->instance = (unsigned)n;
	else
		problem(f, DKIM_PERMERROR, "i= is not an instance");
}

static void read_seal(struct dkim_field *f)
{
	read_instance(f);
	if (f->h.name != NULL)
		problem(f, DKIM_PERMERROR, "seal has h="); /* RFC 8617 4.1.3 */
}

void dkim_field_read(struct dkim_field *f, enum dkim_field_kind kind, const char *value, size_t len,
		     time_t now)
{
	memset(f, 0, sizeof(*f));
	f->reason = "";
	read_tags(f, value, len);
	if (kind == DKIM_FIELD_DKIM)
		read_version(f);
	read_required(f, kind);
	read_names(f);
	read_algorithm(f);
	read_times(f, now);
	if (kind == DKIM_FIELD_ARC_SEAL) {
		read_seal(f);
		return;
	}
	read_canonicalization(f);
	read_query(f);
	read_signed_names(f, kind);
	read_body_length(f);
	if (kind == DKIM_FIELD_DKIM)
		read_identity(f);
	else
		read_instance(f);
}

void dkim_field_key_name(const struct dkim_field *f, char name_r[DKIM_KEY_NAME_SIZE])
{
	snprintf(name_r, DKIM_KEY_NAME_SIZE, "%s._domainkey.%s", f->selector, f->domain);
}
