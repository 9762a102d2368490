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

#include "base/strbuf.h"
#include "check/canon.h"
#include "check/dkim_field.h"
#include "check/dkim_key.h"
#include "check/dkim_proof.h"
#include "mail/base64.h"
#include "mail/crlf.h"
#include "mail/header.h"

/* Different l= in one message; each costs a hash of its own over the body. */
#define MAX_PARTIAL_BODIES 4
/* The library compares t= and x= with time(); our check of x= uses the caller's clock, and t= is
 * not checked. A drift of thirty years keeps the library out of the way; it then refuses t= before
 * 2001 (t= minus drift, unsigned). */
#define LIBRARY_DRIFT 1000000000U

struct dkim_verifier {
	struct dkim_settings settings;
	DKIM_LIB *library;
	struct dkim_key_cache *keys;
};

/* One DKIM-Signature field. */
struct entry {
	struct dkim_field field;
	struct header_field header;
	size_t at;	    /* its place in the header */
	bool unfit;	    /* the library must not see it */
	bool fed;	    /* the library has it */
	DKIM_SIGINFO *info; /* after the end of the message */
};

struct dkim_message {
	struct dkim_verifier *verifier;
	time_t now;
	struct headers *headers;
	size_t seen; /* DKIM-Signature fields */
	struct entry *entries;
	size_t count;
	bool sign_signatures; /* some h= names DKIM-Signature */
	bool failed;  /* out of memory, or the library refused to work: nothing can be judged */
	bool trouble; /* the same, for one signature */
	DKIM *handle; /* NULL if nothing is left to hash */
	struct crlf crlf;
	struct canon_body *length[2]; /* simple, relaxed: made if an l= must be compared */
	struct strbuf line;
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

void dkim_message_free(struct dkim_message *m)
{
	if (m == NULL)
		return;
	if (m->handle != NULL)
		dkim_free(m->handle);
	free(m->entries);
	free(m->length[0]);
	free(m->length[1]);
	headers_free(m->headers);
	strbuf_free(&m->line);
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

/* True if an earlier signature has the same l=, or there is room for one more. */
static bool partial_body_allowed(const struct dkim_message *m, size_t i)
{
	const struct dkim_field *f = &m->entries[i].field;
	size_t different = 0;

	for (size_t j = 0; j < i; j++) {
		const struct dkim_field *other = &m->entries[j].field;

		if (other->problem != DKIM_NONE || !other->partial)
			continue;
		if (other->body_length == f->body_length && other->body_relaxed == f->body_relaxed)
			return true;
		different++;
	}
	return different < MAX_PARTIAL_BODIES;
}

/* A long field costs too much. Of names with white space before the colon the library takes some
 * for a signature's and some not. */
static void entry_refuse_unfit(struct entry *e)
{
	if (e->header.value_len > MAX_SIGNATURE_FIELD_BYTES) {
		e->field.problem = DKIM_PERMERROR;
		e->field.reason = "signature is too long";
	} else if (strlen(e->header.name) != strlen(DKIM_SIGNHEADER)) {
		e->field.problem = DKIM_NEUTRAL;
		e->field.reason = "signature has white space in its name";
	}
	e->unfit = e->field.problem != DKIM_NONE;
}

static void entry_read(struct dkim_message *m, size_t i)
{
	struct entry *e = &m->entries[i];
	struct dkim_field *f = &e->field;

	entry_refuse_unfit(e);
	if (e->unfit)
		return;
	dkim_field_read(f, DKIM_FIELD_DKIM, e->header.value, e->header.value_len, m->now);
	if (f->problem == DKIM_NONE && f->partial && !partial_body_allowed(m, i)) {
		f->problem = DKIM_POLICY;
		f->reason = "too many different l=";
	}
	if (f->problem == DKIM_NONE && dkim_field_signs(f, DKIM_SIGNHEADER))
		m->sign_signatures = true;
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
		entry_read(m, m->count++);
	}
	return !headers_failed(m->headers);
}

/* True if some signature that is still to be judged has this name in its h=. */
static bool name_is_signed(const struct dkim_message *m, const char *name)
{
	for (size_t i = 0; i < m->count; i++)
		if (m->entries[i].field.problem == DKIM_NONE &&
		    dkim_field_signs(&m->entries[i].field, name))
			return true;
	return false;
}

static bool anything_to_hash(const struct dkim_message *m)
{
	for (size_t i = 0; i < m->count; i++)
		if (m->entries[i].field.problem == DKIM_NONE)
			return true;
	return false;
}

/* "name:value" with CRLF at its folds, to the library. */
static DKIM_STAT feed_field(struct dkim_message *m, const struct header_field *field)
{
	const char *at = field->value, *end = at + field->value_len, *lf;

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
	if (e->unfit || (e->field.problem != DKIM_NONE && !m->sign_signatures))
		return;
	e->fed = true;
	if (feed_field(m, &e->header) == DKIM_STAT_OK || e->field.problem != DKIM_NONE)
		return;
	e->field.problem = DKIM_NEUTRAL;
	e->field.reason = "signature has a syntax error";
}

/* A field that the library would overlook, or cannot read: those who sign its name cannot be
 * verified. White space before the colon would otherwise hide a second From from a signature that
 * forbids one. */
static void refuse_signers_of(struct dkim_message *m, const char *name)
{
	for (size_t i = 0; i < m->count; i++) {
		struct dkim_field *f = &m->entries[i].field;

		if (f->problem != DKIM_NONE || !dkim_field_signs(f, name))
			continue;
		f->problem = DKIM_NEUTRAL;
		f->reason = "a signed field has a bad name";
	}
}

static void feed_signed_field(struct dkim_message *m, const struct header_field *field)
{
	if (!name_is_signed(m, field->name))
		return;
	if (!header_name_valid(field->name) || feed_field(m, field) != DKIM_STAT_OK)
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

static bool start_lengths(struct dkim_message *m)
{
	for (size_t i = 0; i < m->count; i++) {
		const struct dkim_field *f = &m->entries[i].field;
		struct canon_body **c = &m->length[f->body_relaxed];

		if (f->problem != DKIM_NONE || !f->partial || *c != NULL)
			continue;
		if ((*c = malloc(sizeof(**c))) == NULL)
			return false;
		canon_body_start(*c, f->body_relaxed, CANON_WHOLE, NULL);
	}
	return true;
}

/* A signature over other signatures needs all of them. */
static void refuse_unfed_signatures(struct dkim_message *m)
{
	bool all = m->seen == m->count;

	for (size_t i = 0; i < m->count; i++)
		all &= !m->entries[i].unfit;
	for (size_t i = 0; i < m->count && !all; i++) {
		struct dkim_field *f = &m->entries[i].field;

		if (f->problem == DKIM_NONE && dkim_field_signs(f, DKIM_SIGNHEADER)) {
			f->problem = DKIM_PERMERROR;
			f->reason = "covers a signature that is not verified";
		}
	}
}

static void hint_keys(const struct dkim_message *m, struct lookups *l)
{
	char name[DKIM_KEY_NAME_SIZE];

	for (size_t i = 0; i < m->count; i++)
		if (m->entries[i].field.problem == DKIM_NONE) {
			dkim_field_key_name(&m->entries[i].field, name);
			lookups_hint(l, name, DNS_TXT);
		}
}

void dkim_message_end_header(struct dkim_message *m, struct lookups *l)
{
	m->failed = !entries_read(m);
	if (m->failed || headers_overflow(m->headers))
		return;
	if (m->sign_signatures)
		refuse_unfed_signatures(m);
	if (!anything_to_hash(m))
		return;
	hint_keys(m, l);
	m->failed = !feed_header(m) || !start_lengths(m);
}

bool dkim_message_wants_body(const struct dkim_message *m)
{
	return m->handle != NULL && !m->failed;
}

static void feed_body(void *arg, const unsigned char *bytes, size_t n)
{
	struct dkim_message *m = arg;

	if (dkim_body(m->handle, (unsigned char *)bytes, n) != DKIM_STAT_OK)
		m->failed = true;
	for (size_t i = 0; i < 2; i++)
		if (m->length[i] != NULL)
			canon_body_add(m->length[i], bytes, n);
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
		unsigned char c = (unsigned char)tag->value[i];

		if (c != ' ' && c != '\t' && c != '\r' && c != '\n')
			text_r[n++] = c > ' ' && c < 0x7f ? (char)c : '?';
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

	if (m->handle == NULL)
		return true;
	crlf_end(&m->crlf, feed_body, m);
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
	for (size_t i = 0; i < 2; i++)
		if (m->length[i] != NULL)
			canon_body_end(m->length[i]);
	return fed == (size_t)n;
}

/* Header hash and body hash match what the signature says, as far as that is known without the key.
 */
static bool judge_hashes(struct dkim_message *m, const struct entry *e, struct dkim_signature *s,
			 const uint8_t **header_hash_r)
{
	uint64_t length = e->field.partial ? m->length[e->field.body_relaxed]->length : 0;
	uint8_t claimed[SHA256_SIZE];
	void *header, *body;
	size_t header_len, body_len, n;
	int error = dkim_sig_geterror(e->info);

	if (e->field.partial && e->field.body_length > length) {
		verdict(s, DKIM_PERMERROR, "l= is beyond the body");
		return false;
	}
	s->partial_body = e->field.partial && e->field.body_length < length;
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
	if (!base64_decode(e->field.bh.value, e->field.bh.value_len, claimed, sizeof(claimed),
			   &n) ||
	    n != SHA256_SIZE) {
		verdict(s, DKIM_NEUTRAL, "bh= is not a SHA-256 hash");
		return false;
	}
	if (memcmp(claimed, body, SHA256_SIZE) != 0) {
		verdict(s, DKIM_FAIL, "body hash did not verify");
		return false;
	}
	*header_hash_r = header;
	return true;
}

static void judge(struct dkim_message *m, struct lookups *l, const struct entry *e,
		  struct dkim_signature *s)
{
	const struct dkim_settings *settings = &m->verifier->settings;
	struct dkim_proof proof;
	const uint8_t *hash;

	if (!judge_hashes(m, e, s, &hash))
		return;
	dkim_prove(m->verifier->keys, settings->min_key_bits, l, &e->field, hash, &proof);
	verdict(s, proof.result, proof.reason);
	s->key_bits = proof.key_bits;
	s->testing = proof.testing;
	m->trouble |= proof.failed;
	if (s->result == DKIM_PASS && s->partial_body && !settings->partial_body_passes)
		verdict(s, DKIM_POLICY, "signature covers a part of the body only");
}

bool dkim_message_check(struct dkim_message *m, struct lookups *l, struct dkim_facts *out_r)
{
	bool whole = !headers_overflow(m->headers);

	memset(out_r, 0, sizeof(*out_r));
	if (!m->failed && !finish_library(m))
		m->failed = true;
	out_r->count = m->count;
	out_r->untried = m->seen - m->count;
	for (size_t i = 0; i < m->count; i++) {
		const struct dkim_field *f = &m->entries[i].field;
		struct dkim_signature *s = &out_r->signature[i];

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
	return !m->failed && !m->trouble;
}
