/* dkim.c - verification of DKIM signatures. libopendkim canonicalizes and hashes what passed
 * dkim_field.c, and every signature is ignored in its final callback, so that it asks for no key;
 * what remains is done here. The order of its calls is not free: dkim_sig_gethashes() ends the
 * process for a signature that has an error. The only includer of opendkim/dkim.h. */
#include "check/dkim.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <opendkim/dkim.h>

#include "base/ascii.h"
#include "base/strbuf.h"
#include "check/dkim_field.h"
#include "check/dkim_hash.h"
#include "check/dkim_key.h"
#include "check/dkim_proof.h"
#include "mail/base64.h"
#include "mail/crlf.h"
#include "mail/header.h"

/* The library compares t= and x= with time(); our check of x= uses the caller's clock, and t= is
 * not checked. A drift of thirty years keeps it out of the way, but for t= that has not ten digits
 * (it computes t= minus drift, unsigned): such signatures are hashed here. */
#define LIBRARY_DRIFT 1000000000U
/* Bytes of i= that fit into the library's buffer, with the end. */
#define LIBRARY_IDENTITY 255

struct dkim_verifier {
	struct dkim_settings settings;
	DKIM_LIB *library;
	struct dkim_key_cache *keys;
};

/* One DKIM-Signature field. */
struct entry {
	struct dkim_field field;
	struct header_field header;
	size_t at;	       /* its place in the header */
	bool fed;	       /* the library has it */
	struct dkim_hash *own; /* hashed here; else by the library */
	DKIM_SIGINFO *info;    /* after the end of the message */
};

struct dkim_message {
	struct dkim_verifier *verifier;
	time_t now;
	struct headers *headers;
	size_t seen; /* DKIM-Signature fields */
	struct entry *entries;
	size_t count;
	bool failed;  /* out of memory, or the library refused to work: nothing can be judged */
	bool trouble; /* the same, for one signature */
	bool hashing; /* some signature needs the body */
	DKIM *handle; /* NULL if the library has nothing to do */
	struct crlf crlf;
	struct strbuf line;
	struct dkim_signature *signatures; /* `count` of them: the verdict */
};

static DKIM_CBSTAT ignore_all(DKIM *handle, DKIM_SIGINFO **list, int n)
{
	(void)handle;
	for (int i = 0; i < n; i++)
		dkim_sig_ignore(list[i]);
	return DKIM_CBSTAT_CONTINUE;
}

static bool library_open(struct dkim_verifier *v, struct error *why)
{
	/* Not FIXCRLF: it copies the body byte by byte and costs more than all the rest; crlf.c
	 * does it. */
	unsigned flags = DKIM_LIBFLAGS_DELAYSIGPROC | DKIM_LIBFLAGS_BADSIGHANDLES;
	uint64_t drift = LIBRARY_DRIFT;

	v->library = dkim_init(NULL, NULL);
	if (v->library == NULL) {
		error_set(why, "libopendkim does not start");
		return false;
	}
	if (dkim_options(v->library, DKIM_OP_SETOPT, DKIM_OPTS_FLAGS, &flags, sizeof(flags)) !=
		DKIM_STAT_OK ||
	    dkim_options(v->library, DKIM_OP_SETOPT, DKIM_OPTS_CLOCKDRIFT, &drift, sizeof(drift)) !=
		DKIM_STAT_OK ||
	    dkim_set_final(v->library, ignore_all) != DKIM_STAT_OK) {
		error_set(why, "libopendkim refuses its options");
		return false;
	}
	return true;
}

struct dkim_verifier *dkim_verifier_new(const struct dkim_settings *s, struct error *why)
{
	struct dkim_verifier *v = calloc(1, sizeof(*v));

	assert(s->max_signatures >= 1 && s->max_signatures <= MAX_DKIM_SIGNATURES);
	if (v == NULL) {
		error_set(why, "out of memory");
		return NULL;
	}
	v->settings = *s;
	v->keys = dkim_key_cache_new(s->key_cache, s->metrics);
	if (v->keys == NULL)
		error_set(why, "out of memory");
	if (v->keys == NULL || !library_open(v, why)) {
		dkim_verifier_free(v);
		return NULL;
	}
	return v;
}

void dkim_verifier_free(struct dkim_verifier *v)
{
	if (v == NULL)
		return;
	if (v->library != NULL)
		dkim_close(v->library);
	dkim_key_cache_free(v->keys);
	free(v);
}

struct dkim_key_cache *dkim_verifier_keys(struct dkim_verifier *v)
{
	return v->keys;
}

struct dkim_message *dkim_message_new(struct dkim_verifier *v, time_t now)
{
	struct dkim_message *m = calloc(1, sizeof(*m));

	if (m == NULL)
		return NULL;
	m->verifier = v;
	m->now = now;
	strbuf_init(&m->line, 2 * MAX_SIGNED_HEADER_BYTES);
	m->headers = headers_new(MAX_SIGNED_HEADER_BYTES);
	if (m->headers == NULL) {
		dkim_message_free(m);
		return NULL;
	}
	return m;
}

/* Give back all that only the verdict needs. */
static void end_hashing(struct dkim_message *m)
{
	if (m->handle != NULL)
		dkim_free(m->handle);
	m->handle = NULL;
	for (size_t i = 0; i < m->count; i++)
		dkim_hash_free(m->entries[i].own);
	free(m->entries);
	m->entries = NULL;
	m->count = 0;
	headers_free(m->headers);
	m->headers = NULL;
	strbuf_free(&m->line);
}

void dkim_message_free(struct dkim_message *m)
{
	if (m == NULL)
		return;
	end_hashing(m);
	free(m->signatures);
	free(m);
}

void dkim_message_header(struct dkim_message *m, const char *name, const char *value)
{
	/* Fields that are not kept make the list overflow: then no signature is judged. */
	if (header_name_is(name, DKIM_SIGNHEADER))
		m->seen++;
	headers_add(m->headers, name, value);
}

/* -- the end of the header --------------------------------------- */

/* A long field costs too much. Of names with white space before the colon the library takes some
 * for a signature's and some not. */
static bool entry_refuse_unfit(struct entry *e)
{
	if (e->header.value_len > MAX_SIGNATURE_FIELD_BYTES) {
		e->field.problem = DKIM_PERMERROR;
		e->field.reason = "signature is too long";
	} else if (strlen(e->header.name) != strlen(DKIM_SIGNHEADER)) {
		e->field.problem = DKIM_NEUTRAL;
		e->field.reason = "signature has white space in its name";
	}
	return e->field.problem != DKIM_NONE;
}

static void entry_read(struct entry *e, time_t now)
{
	if (!entry_refuse_unfit(e))
		dkim_field_read(&e->field, DKIM_FIELD_DKIM, e->header.value, e->header.value_len,
				now);
}

/* Read the first DKIM-Signature fields. False: out of memory. */
static bool entries_read(struct dkim_message *m)
{
	size_t most = m->verifier->settings.max_signatures, n = headers_count(m->headers);

	if (m->seen == 0)
		return true;
	m->entries = calloc(m->seen < most ? m->seen : most, sizeof(*m->entries));
	if (m->entries == NULL)
		return false;
	for (size_t i = 0; i < n && m->count < most; i++) {
		struct header_field field = headers_at(m->headers, i);

		if (!header_name_is(field.name, DKIM_SIGNHEADER))
			continue;
		m->entries[m->count].header = field;
		m->entries[m->count].at = i;
		entry_read(&m->entries[m->count++], m->now);
	}
	return !headers_failed(m->headers);
}

/* True if some signature that the library is to hash has this name in its h=. */
static bool name_is_signed(const struct dkim_message *m, const char *name)
{
	for (size_t i = 0; i < m->count; i++)
		if (m->entries[i].field.problem == DKIM_NONE && m->entries[i].own == NULL &&
		    dkim_field_signs(&m->entries[i].field, name))
			return true;
	return false;
}

/* Something is to be judged by its hash; by the library's, if `library`. */
static bool anything_to_hash(const struct dkim_message *m, bool library)
{
	for (size_t i = 0; i < m->count; i++)
		if (m->entries[i].field.problem == DKIM_NONE &&
		    (!library || m->entries[i].own == NULL))
			return true;
	return false;
}

/* "name:value" with CRLF at its folds, to the library. */
static DKIM_STAT feed_field(struct dkim_message *m, const struct header_field *field)
{
	const char *at = field->value, *end = at + field->value_len, *lf;

	assert(at != NULL);
	strbuf_reset(&m->line);
	strbuf_add(&m->line, field->name);
	strbuf_addc(&m->line, ':');
	for (; (lf = memchr(at, '\n', (size_t)(end - at))) != NULL; at = lf + 1) {
		strbuf_addn(&m->line, at, (size_t)(lf - at));
		strbuf_add(&m->line, lf > field->value && lf[-1] == '\r' ? "\n" : "\r\n");
	}
	strbuf_addn(&m->line, at, (size_t)(end - at));
	if (!strbuf_ok(&m->line))
		return DKIM_STAT_NORESOURCE;
	return dkim_header(m->handle, (unsigned char *)m->line.text, m->line.len);
}

static void feed_signature(struct dkim_message *m, struct entry *e)
{
	if (e->field.problem != DKIM_NONE || e->own != NULL)
		return;
	e->fed = true;
	if (feed_field(m, &e->header) == DKIM_STAT_OK)
		return;
	e->field.problem = DKIM_NEUTRAL;
	e->field.reason = "signature has a syntax error";
}

/* The library cannot read a field: those who sign its name cannot be verified. */
static void refuse_signers_of(struct dkim_message *m, const char *name)
{
	for (size_t i = 0; i < m->count; i++) {
		struct entry *e = &m->entries[i];

		if (e->field.problem != DKIM_NONE || e->own != NULL ||
		    !dkim_field_signs(&e->field, name))
			continue;
		e->field.problem = DKIM_NEUTRAL;
		e->field.reason = "a signed field has a syntax error";
	}
}

static void feed_signed_field(struct dkim_message *m, const struct header_field *field)
{
	if (!name_is_signed(m, field->name))
		return;
	if (feed_field(m, field) != DKIM_STAT_OK)
		refuse_signers_of(m, field->name);
}

/* The signatures and the fields they sign. Others would only cost time: the library searches all it
 * has. */
static bool feed_header(struct dkim_message *m)
{
	DKIM_STAT status;
	size_t next = 0;

	m->handle = dkim_verify(m->verifier->library, (const unsigned char *)"", NULL, &status);
	if (m->handle == NULL)
		return false;
	for (size_t i = 0; i < headers_count(m->headers); i++) {
		struct header_field field = headers_at(m->headers, i);

		if (next < m->count && m->entries[next].at == i)
			feed_signature(m, &m->entries[next++]);
		else if (!header_name_is(field.name, DKIM_SIGNHEADER))
			feed_signed_field(m, &field);
	}
	return dkim_eoh(m->handle) == DKIM_STAT_OK;
}

/* True if it signs a field that the library reads amiss: with white space before its colon (it
 * overlooks some, so that a second From could hide from a signature that forbids one, h=From:From),
 * or with odd white space in its value (a CR in the place of a blank would begin a field, to some
 * readers, and still verify). */
static bool signs_odd_field(const struct dkim_message *m, const struct dkim_field *f)
{
	for (size_t i = 0; i < headers_count(m->headers); i++) {
		struct header_field h = headers_at(m->headers, i);

		if ((!header_name_valid(h.name) || header_value_odd(h.value, h.value_len)) &&
		    dkim_field_signs(f, h.name))
			return true;
	}
	return false;
}

/* The library reads past the end of an i= that is longer than this, or that it decodes. */
static bool identity_is_unsafe(const struct tag *i)
{
	return i->name != NULL &&
	       (i->value_len > LIBRARY_IDENTITY || memchr(i->value, '=', i->value_len) != NULL);
}

/* What the library cannot hash, or not as the standards want it: it takes no UTF-8 (RFC 8616),
 * leaves out the value of every tag whose name ends in b, tells no length of a body that goes on
 * behind l=, and if h= names DKIM-Signature it takes the signature itself for one of the signed
 * fields and writes past the end of its list. */
static bool needs_own_hash(const struct dkim_message *m, const struct entry *e)
{
	struct taglist list;
	struct tag tag;

	if (e->field.partial || identity_is_unsafe(&e->field.i) ||
	    dkim_field_signs(&e->field, DKIM_SIGNHEADER) ||
	    (e->field.t.name != NULL && e->field.t.value_len != 10) ||
	    signs_odd_field(m, &e->field) || header_value_odd(e->header.value, e->header.value_len))
		return true;
	for (size_t i = 0; i < e->header.value_len; i++)
		if ((unsigned char)e->header.value[i] >= 0x80)
			return true;
	taglist_start(&list, e->header.value, e->header.value_len);
	while (taglist_next(&list, &tag))
		if (tag.name_len > 1 && tag.name[tag.name_len - 1] == 'b')
			return true;
	return false;
}

static bool start_own_hashes(struct dkim_message *m)
{
	size_t started = 0;

	for (size_t i = 0; i < m->count; i++) {
		struct entry *e = &m->entries[i];

		if (e->field.problem != DKIM_NONE || !needs_own_hash(m, e))
			continue;
		if (started++ == MAX_OWN_HASHES) {
			started--;
			e->field.problem = DKIM_POLICY;
			e->field.reason =
			    "too many unusual signatures (l=, UTF-8, signed signatures)";
		} else if ((e->own = dkim_hash_new(&e->field)) == NULL) {
			return false;
		}
	}
	return true;
}

static void hint_keys(const struct dkim_message *m, struct lookups *l)
{
	char name[DKIM_KEY_NAME_SIZE];

	for (size_t i = 0; i < m->count; i++)
		if (m->entries[i].field.problem == DKIM_NONE) {
			dkim_field_key_name(&m->entries[i].field, name);
			lookups_hint_sure(l, name, DNS_TXT);
		}
}

void dkim_message_end_header(struct dkim_message *m, struct lookups *l)
{
	m->failed = !entries_read(m);
	if (m->failed || headers_overflow(m->headers))
		return;
	m->hashing = anything_to_hash(m, false);
	if (!m->hashing)
		return;
	hint_keys(m, l);
	m->failed = !start_own_hashes(m) || (anything_to_hash(m, true) && !feed_header(m));
}

bool dkim_message_wants_body(const struct dkim_message *m)
{
	return m->hashing && !m->failed;
}

static void feed_body(void *arg, const unsigned char *bytes, size_t n)
{
	struct dkim_message *m = arg;

	if (m->handle != NULL && dkim_body(m->handle, (unsigned char *)bytes, n) != DKIM_STAT_OK)
		m->failed = true;
	for (size_t i = 0; i < m->count; i++)
		if (m->entries[i].own != NULL)
			dkim_hash_body(m->entries[i].own, bytes, n);
}

void dkim_message_body(struct dkim_message *m, const unsigned char *bytes, size_t n)
{
	if (dkim_message_wants_body(m))
		crlf_add(&m->crlf, bytes, n, feed_body, m);
}

/* -- the verdict ------------------------------------------------- */

static void verdict(struct dkim_signature *s, enum dkim_result result, const char *reason)
{
	s->result = result;
	snprintf(s->reason, sizeof(s->reason), "%s", reason);
}

static void trouble(struct dkim_message *m, struct dkim_signature *s)
{
	verdict(s, DKIM_TEMPERROR, "internal error");
	m->trouble = true;
}

/* The tag without white space, printable, cut to fit. */
static void copy_printable(char *text_r, size_t size, const struct tag *tag)
{
	size_t n = 0;

	for (size_t i = 0; i < tag->value_len && n + 1 < size; i++) {
		if (!ascii_is_white(tag->value[i]))
			text_r[n++] = ascii_shown(tag->value[i]);
	}
	text_r[n] = '\0';
}

static void describe(const struct dkim_field *f, struct dkim_signature *s)
{
	memcpy(s->domain, f->domain, sizeof(s->domain));
	memcpy(s->selector, f->selector, sizeof(s->selector));
	copy_printable(s->identity, sizeof(s->identity), &f->i);
	copy_printable(s->algorithm, sizeof(s->algorithm), &f->a);
	copy_printable(s->b, sizeof(s->b), &f->b);
}

/* The library is at the end of the message: find each entry in its list. The n-th field fed is the
 * n-th there. */
static bool finish_library(struct dkim_message *m)
{
	DKIM_SIGINFO **list = NULL;
	size_t fed = 0;
	int n = 0;

	crlf_end(&m->crlf, feed_body, m);
	if (m->handle == NULL)
		return !m->failed;
	/* "All ignored" is what ignore_all() makes of a message that went well. */
	if (m->failed || dkim_eom(m->handle, NULL) != DKIM_STAT_NOSIG ||
	    dkim_getsiglist(m->handle, &list, &n) != DKIM_STAT_OK)
		return false;
	for (size_t i = 0; i < m->count; i++) {
		if (!m->entries[i].fed)
			continue;
		if (fed >= (size_t)n)
			return false;
		m->entries[i].info = list[fed++];
	}
	return fed == (size_t)n;
}

/* The hashes of a signature, from where they were made. False: there are none, and the verdict says
 * why. Next to white space or a line's end the library overlooks a CR alone, so that one could be
 * added to what was signed; no signer may leave one in what is sent (RFC 6376 5.3). */
static bool take_hashes(struct dkim_message *m, const struct entry *e, struct dkim_hashes *out_r,
			struct dkim_signature *s)
{
	void *header, *body;
	size_t header_len, body_len;
	int error;

	if (e->own != NULL) {
		if (dkim_hash_end(e->own, m->headers, e->at, out_r))
			return true;
		trouble(m, s);
		return false;
	}
	if (m->crlf.lone) {
		verdict(s, DKIM_NEUTRAL, "the body has a CR alone");
		return false;
	}
	error = dkim_sig_geterror(e->info);
	if (error != DKIM_SIGERROR_UNKNOWN) {
		const char *text = dkim_sig_geterrorstr(error);

		verdict(s, DKIM_PERMERROR, text != NULL ? text : "refused by the library");
		return false;
	}
	if (dkim_sig_gethashes(e->info, &header, &header_len, &body, &body_len) != DKIM_STAT_OK ||
	    header_len != SHA256_SIZE || body_len != SHA256_SIZE) {
		trouble(m, s);
		return false;
	}
	memcpy(out_r->header, header, SHA256_SIZE);
	memcpy(out_r->body, body, SHA256_SIZE);
	return true;
}

/* The body is what the signature says. */
static bool judge_body(const struct dkim_field *f, const struct dkim_hashes *hashes,
		       struct dkim_signature *s)
{
	uint8_t claimed[SHA256_SIZE];
	size_t n;

	s->partial_body = f->partial && f->body_length < hashes->body_length;
	if (f->partial && f->body_length > hashes->body_length)
		verdict(s, DKIM_PERMERROR, "l= is beyond the body");
	else if (!base64_decode(f->bh.value, f->bh.value_len, claimed, sizeof(claimed), &n) ||
		 n != SHA256_SIZE)
		verdict(s, DKIM_NEUTRAL, "bh= is not a SHA-256 hash");
	else if (memcmp(claimed, hashes->body, SHA256_SIZE) != 0)
		verdict(s, DKIM_FAIL, "body hash did not verify");
	else
		return true;
	return false;
}

static void judge(struct dkim_message *m, struct lookups *l, const struct entry *e,
		  struct dkim_signature *s)
{
	const struct dkim_settings *settings = &m->verifier->settings;
	struct dkim_hashes hashes = {.body_length = 0}; /* one with l= makes its own, and sets it */
	struct dkim_proof proof;

	if (!take_hashes(m, e, &hashes, s) || !judge_body(&e->field, &hashes, s))
		return;
	dkim_prove(m->verifier->keys, settings->min_key_bits, l, &e->field, hashes.header, &proof);
	verdict(s, proof.result, proof.reason);
	s->key_bits = proof.key_bits;
	s->testing = proof.testing;
	m->trouble |= proof.failed;
	if (s->result == DKIM_PASS && s->partial_body && !settings->partial_body_passes)
		verdict(s, DKIM_POLICY, "signature covers a part of the body only");
}

static void judge_all(struct dkim_message *m, struct lookups *l)
{
	bool whole = !headers_overflow(m->headers);

	if (!m->failed && !finish_library(m))
		m->failed = true;
	for (size_t i = 0; i < m->count; i++) {
		const struct dkim_field *f = &m->entries[i].field;
		struct dkim_signature *s = &m->signatures[i];

		describe(f, s);
		if (f->problem != DKIM_NONE)
			verdict(s, f->problem, f->reason);
		else if (!whole)
			verdict(s, DKIM_PERMERROR, "header is too large");
		else if (m->failed)
			trouble(m, s);
		else
			judge(m, l, &m->entries[i], s);
	}
}

bool dkim_message_check(struct dkim_message *m, struct lookups *l, struct dkim_facts *out_r)
{
	*out_r = (struct dkim_facts){.untried = m->seen};
	m->signatures = calloc(m->count > 0 ? m->count : 1, sizeof(*m->signatures));
	if (m->signatures == NULL)
		return false;
	judge_all(m, l);
	*out_r = (struct dkim_facts){m->count, m->seen - m->count, m->signatures};
	end_hashing(m);
	return !m->failed && !m->trouble;
}
