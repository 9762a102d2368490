/* arc.c - chain validation (RFC 8617 5.2). The newest ARC-Message-Signature covers header and body
 * like a DKIM signature, each ARC-Seal the ARC fields up to its own set. At most MAX_ARC_SETS sets,
 * the body is hashed once. */
#include "check/arc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/ascii.h"
#include "base/crypto.h"
#include "base/limits.h"
#include "check/canon.h"
#include "check/dkim_field.h"
#include "check/dkim_hash.h"
#include "check/dkim_proof.h"
#include "mail/authres.h"
#include "mail/base64.h"
#include "mail/header.h"

enum part { PART_RESULTS, PART_MESSAGE, PART_SEAL, PARTS };

static const char *const part_name[PARTS] = {"ARC-Authentication-Results", "ARC-Message-Signature",
					     "ARC-Seal"};

struct set {
	struct header_field header[PARTS]; /* a NULL name: not there */
	size_t at;			   /* place of the ARC-Message-Signature in the header */
	struct dkim_field seal;
};

struct arc_message {
	const struct arc_settings *settings;
	time_t now;
	struct headers *headers;
	struct set *sets;	  /* MAX_ARC_SETS of them, once there is one */
	unsigned count;		  /* the highest instance */
	struct dkim_field newest; /* the ARC-Message-Signature of the highest instance */
	struct dkim_hash *hash;
	bool failed;	    /* out of memory */
	bool temporary;	    /* a key could not be looked up */
	const char *reason; /* why the chain fails; NULL: it does not, so far */
};

struct arc_message *arc_message_new(const struct arc_settings *s, time_t now)
{
	struct arc_message *m = calloc(1, sizeof(*m));

	if (m == NULL)
		return NULL;
	m->settings = s;
	m->now = now;
	m->headers = headers_new(MAX_SIGNED_HEADER_BYTES);
	if (m->headers == NULL) {
		arc_message_free(m);
		return NULL;
	}
	return m;
}

void arc_message_free(struct arc_message *m)
{
	if (m == NULL)
		return;
	headers_free(m->headers);
	dkim_hash_free(m->hash);
	free(m->sets);
	free(m);
}

/* PARTS if it is none of them. */
static enum part part_of(const char *name)
{
	enum part p = PART_RESULTS;

	while (p < PARTS && !header_name_is(name, part_name[p]))
		p++;
	return p;
}

bool arc_is_field(const char *name)
{
	return part_of(name) != PARTS;
}

void arc_message_header(struct arc_message *m, const char *name, const char *value)
{
	headers_add(m->headers, name, value);
}

/* -- the sets ---------------------------------------------------- */

static const char *skip_white(const char *at)
{
	return at + strspn(at, " \t\r\n");
}

/* ARC-Authentication-Results begin with "i=N;". 0: they do not. */
static unsigned results_instance(const char *value)
{
	const char *at = skip_white(value);
	unsigned n = 0;

	if (*at != 'i' || *(at = skip_white(at + 1)) != '=')
		return 0;
	at = skip_white(at + 1);
	if (*at == '0')
		return 0;
	for (; ascii_is_digit(*at) && n <= MAX_ARC_SETS; at++)
		n = n * 10 + (unsigned)(*at - '0');
	return *skip_white(at) == ';' && n <= MAX_ARC_SETS ? n : 0;
}

/* The instance of a signature field, all of which is read for a seal. */
static unsigned signature_instance(const struct header_field *h, struct dkim_field *f,
				   enum part part, time_t now)
{
	if (h->value_len > MAX_SIGNATURE_FIELD_BYTES)
		return 0;
	dkim_field_read(f, part == PART_SEAL ? DKIM_FIELD_ARC_SEAL : DKIM_FIELD_ARC_MESSAGE,
			h->value, h->value_len, now);
	return f->instance;
}

/* Put the field into its set. NULL, or why there is no chain. */
static const char *collect_field(struct arc_message *m, size_t at, enum part part)
{
	struct header_field h = headers_at(m->headers, at);
	struct dkim_field f;
	unsigned instance = part == PART_RESULTS ? results_instance(h.value)
						 : signature_instance(&h, &f, part, m->now);
	struct set *s;

	if (instance == 0)
		return "an ARC field has no valid instance";
	s = &m->sets[instance - 1];
	if (s->header[part].name != NULL)
		return "an ARC field is there twice";
	s->header[part] = h;
	if (part == PART_SEAL)
		s->seal = f;
	if (part == PART_MESSAGE)
		s->at = at;
	if (instance > m->count)
		m->count = instance;
	return NULL;
}

/* Each set is whole, and each seal says what it must about the chain before it. */
static const char *structure_problem(const struct arc_message *m)
{
	if (m->count > 0 && m->sets[m->count - 1].seal.cv.name != NULL &&
	    tag_value_is(&m->sets[m->count - 1].seal.cv, "fail"))
		return "the newest seal says that the chain had failed";
	for (unsigned i = 0; i < m->count; i++) {
		const struct set *s = &m->sets[i];

		for (enum part p = PART_RESULTS; p < PARTS; p++)
			if (s->header[p].name == NULL)
				return "an ARC field is missing";
		if (s->seal.problem != DKIM_NONE)
			return s->seal.reason;
		if (s->seal.cv.name == NULL || !tag_value_is(&s->seal.cv, i == 0 ? "none" : "pass"))
			return "a seal has the wrong cv=";
	}
	return NULL;
}

static const char *collect(struct arc_message *m)
{
	size_t n = headers_count(m->headers);

	for (size_t i = 0; i < n; i++) {
		enum part part = part_of(headers_at(m->headers, i).name);
		const char *problem;

		if (part == PARTS)
			continue;
		if (m->sets == NULL && (m->sets = calloc(MAX_ARC_SETS, sizeof(*m->sets))) == NULL) {
			m->failed = true;
			return "internal error";
		}
		if ((problem = collect_field(m, i, part)) != NULL)
			return problem;
	}
	if (headers_overflow(m->headers))
		return "header is too large";
	return structure_problem(m);
}

static void hint(struct lookups *l, const struct dkim_field *f)
{
	char name[DKIM_KEY_NAME_SIZE];

	dkim_field_key_name(f, name);
	lookups_hint(l, name, DNS_TXT);
}

void arc_message_end_header(struct arc_message *m, struct lookups *l)
{
	const struct header_field *h;

	m->failed = headers_failed(m->headers);
	m->reason = m->failed ? "internal error" : collect(m);
	if (m->reason != NULL || m->count == 0)
		return;
	h = &m->sets[m->count - 1].header[PART_MESSAGE];
	dkim_field_read(&m->newest, DKIM_FIELD_ARC_MESSAGE, h->value, h->value_len, m->now);
	if (m->newest.problem != DKIM_NONE) {
		m->reason = m->newest.reason;
		return;
	}
	hint(l, &m->newest);
	for (unsigned i = m->count; i-- > 0;)
		hint(l, &m->sets[i].seal);
	if ((m->hash = dkim_hash_new(&m->newest)) == NULL) {
		m->failed = true;
		m->reason = "internal error";
	}
}

bool arc_message_wants_body(const struct arc_message *m)
{
	return m->reason == NULL && m->count > 0;
}

void arc_message_body(struct arc_message *m, const unsigned char *bytes, size_t n)
{
	if (arc_message_wants_body(m))
		dkim_hash_body(m->hash, bytes, n);
}

/* -- the signatures ---------------------------------------------- */

/* NULL: it verifies. */
static const char *signature_problem(struct arc_message *m, struct lookups *l,
				     const struct dkim_field *f, const uint8_t *hash)
{
	struct dkim_proof proof;

	dkim_prove(m->settings->keys, m->settings->min_key_bits, l, f, hash, &proof);
	m->failed |= proof.failed;
	m->temporary |= proof.result == DKIM_TEMPERROR;
	return proof.result == DKIM_PASS ? NULL : proof.reason;
}

static const char *internal_error(struct arc_message *m)
{
	m->failed = true;
	return "internal error";
}

static const char *message_problem(struct arc_message *m, struct lookups *l)
{
	const struct dkim_field *f = &m->newest;
	struct dkim_hashes hashes;
	uint8_t claimed[SHA256_SIZE];
	size_t n;

	if (!dkim_hash_end(m->hash, m->headers, m->sets[m->count - 1].at, &hashes))
		return internal_error(m);
	if (f->partial && f->body_length != hashes.body_length)
		return "message signature covers a part of the body only";
	if (!base64_decode(f->bh.value, f->bh.value_len, claimed, sizeof(claimed), &n) ||
	    n != SHA256_SIZE || memcmp(hashes.body, claimed, SHA256_SIZE) != 0)
		return "body hash did not verify";
	return signature_problem(m, l, f, hashes.header);
}

/* Hash what seal `i` covers: `before` has all sets before it, and takes this one in. */
static bool hash_seal(const struct set *s, struct sha256 *before, uint8_t hash_r[SHA256_SIZE])
{
	const struct header_field *own = &s->header[PART_SEAL];
	struct sha256 *h;
	bool ok;

	for (enum part p = PART_RESULTS; p < PART_SEAL; p++)
		canon_field(before, s->header[p].name, s->header[p].value, s->header[p].value_len,
			    true);
	h = sha256_fork(before);
	if (h == NULL)
		return false;
	canon_own_field(h, own->name, own->value, own->value_len, s->seal.b.value,
			s->seal.b.value_len, true);
	ok = sha256_end(h, hash_r);
	sha256_free(h);
	canon_field(before, own->name, own->value, own->value_len, true);
	return ok;
}

static const char *seals_problem(struct arc_message *m, struct lookups *l)
{
	struct sha256 *before = sha256_new();
	const char *problem = NULL;
	uint8_t hash[SHA256_SIZE];

	for (unsigned i = 0; i < m->count && problem == NULL; i++) {
		if (before == NULL || !hash_seal(&m->sets[i], before, hash)) {
			problem = internal_error(m);
		} else {
			problem = signature_problem(m, l, &m->sets[i].seal, hash);
		}
	}
	sha256_free(before);
	return problem;
}

/* -- the verdict ------------------------------------------------- */

static bool is_trusted(const struct arc_settings *s, const char *domain)
{
	for (size_t i = 0; i < s->trusted_count; i++)
		if (domain_at_or_below(domain, s->trusted[i]))
			return true;
	return false;
}

static bool all_trusted(const struct arc_message *m)
{
	for (unsigned i = 0; i < m->count; i++)
		if (!is_trusted(m->settings, m->sets[i].seal.domain))
			return false;
	return true;
}

/* Where the message came from, as the first sealer has seen it; "" if it does not say. */
static void first_client(const struct arc_message *m, char text_r[ADDR_TEXT_SIZE])
{
	const struct header_field *h = &m->sets[0].header[PART_RESULTS];
	const char *results = memchr(h->value, ';', h->value_len); /* "i=1;" comes first */
	struct authres *a = malloc(sizeof(*a));
	struct addr client;

	text_r[0] = '\0';
	if (a == NULL || results == NULL ||
	    !authres_parse(results + 1, h->value_len - (size_t)(results + 1 - h->value), a))
		goto out;
	for (size_t i = 0; i < a->count; i++)
		for (size_t k = 0; k < a->result[i].count; k++)
			if (strcmp(a->result[i].property[k].property, "remote-ip") == 0 &&
			    addr_parse(a->result[i].property[k].value, &client))
				addr_print(&client, text_r);
out:
	free(a);
}

/* The newest seals come first, as many as fit. */
static void describe(const struct arc_message *m, char chain_r[ARC_CHAIN_SIZE])
{
	char client[ADDR_TEXT_SIZE], one[2 * DOMAIN_SIZE + 32], end[ADDR_TEXT_SIZE + 16] = "";
	size_t used = (size_t)sprintf(chain_r, "arc=pass");

	first_client(m, client);
	if (client[0] != '\0')
		snprintf(end, sizeof(end), " remote-ip[1]=%s", client);
	for (unsigned i = m->count; i > 0; i--) {
		const struct dkim_field *seal = &m->sets[i - 1].seal;
		size_t n = (size_t)snprintf(one, sizeof(one), " as[%u].d=%s as[%u].s=%s", i,
					    seal->domain, i, seal->selector);

		if (used + n + strlen(end) >= ARC_CHAIN_SIZE)
			break;
		strcpy(chain_r + used, one);
		used += n;
	}
	strcpy(chain_r + used, end);
}

bool arc_message_check(struct arc_message *m, struct lookups *l, struct arc_facts *out_r)
{
	memset(out_r, 0, sizeof(*out_r));
	out_r->instances = m->count;
	if (m->reason == NULL && m->count == 0)
		return true;
	if (m->reason == NULL)
		m->reason = message_problem(m, l);
	if (m->reason == NULL)
		m->reason = seals_problem(m, l);
	if (m->reason != NULL) {
		out_r->result = ARC_FAIL;
		out_r->undecided = m->temporary && all_trusted(m);
		snprintf(out_r->reason, sizeof(out_r->reason), "%s", m->reason);
		return !m->failed;
	}
	out_r->result = ARC_PASS;
	out_r->trusted = all_trusted(m);
	memcpy(out_r->sealer, m->sets[m->count - 1].seal.domain, sizeof(out_r->sealer));
	if (out_r->trusted)
		describe(m, out_r->chain);
	return true;
}
