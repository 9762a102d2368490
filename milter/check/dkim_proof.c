/* dkim_proof.c - a signature against the keys published for it. */
#include "check/dkim_proof.h"

#include "mail/base64.h"

/* What is to be proved. */
struct claim {
	const struct dkim_field *field;
	unsigned min_key_bits;
	const uint8_t *hash;
	uint8_t signature[MAX_SIGNATURE_BYTES];
	size_t signature_len;
};

static void conclude(struct dkim_proof *p, enum dkim_result result, const char *reason)
{
	p->result = result;
	p->reason = reason;
}

static void trouble(struct dkim_proof *p)
{
	conclude(p, DKIM_TEMPERROR, "internal error");
	p->failed = true;
}

static void try_verification(const struct claim *c, const struct dkim_key *k, struct dkim_proof *p)
{
	switch (dkim_key_verify(k, c->hash, c->signature, c->signature_len)) {
	case VERIFICATION_OK: conclude(p, DKIM_PASS, p->testing ? "testing key" : ""); break;
	case VERIFICATION_MISMATCH: conclude(p, DKIM_FAIL, "signature did not verify"); break;
	case VERIFICATION_FAILED: trouble(p); break;
	}
}

static void try_key(const struct claim *c, const struct dkim_key *k, struct dkim_proof *p)
{
	const char *refusal = dkim_key_refusal(k);

	p->key_bits = dkim_key_bits(k);
	p->testing = dkim_key_testing(k);
	if (refusal != NULL)
		conclude(p, DKIM_PERMERROR, refusal);
	else if (dkim_key_type(k) != c->field->key_type)
		conclude(p, DKIM_PERMERROR, "key is not of the kind that a= names");
	else if (dkim_key_strict(k) && c->field->identity_below)
		conclude(p, DKIM_PERMERROR, "key does not allow i= below d=");
	else if (dkim_key_type(k) == DKIM_KEY_RSA && p->key_bits < c->min_key_bits)
		conclude(p, DKIM_POLICY, "key is shorter than accepted here");
	else
		try_verification(c, k, p);
}

/* Which of two results about different records stands: the same whatever their order. What is no
 * key record counts only if nothing else is there. */
static unsigned rank(enum dkim_result result, bool other)
{
	switch (result) {
	case DKIM_PASS: return 6;
	case DKIM_POLICY: return 5;
	case DKIM_TEMPERROR: return 4;
	case DKIM_FAIL: return 3;
	default: return other ? 1 : 2;
	}
}

static void try_records(const struct claim *c, struct dkim_key_cache *keys, const char *name,
			const struct dns_answer *answer, struct dkim_proof *best)
{
	unsigned best_rank = 0, found = 0;

	for (size_t i = 0; i < answer->count; i++) {
		const struct dns_record *r = &answer->records[i];
		struct dkim_key *k = dkim_key_get(keys, name, r->data, r->len);
		struct dkim_proof one = {0};
		bool other = k != NULL && dkim_key_is_other(k);

		if (!other && ++found > MAX_KEY_RECORDS) {
			dkim_key_unref(k);
			conclude(best, DKIM_PERMERROR, "too many key records");
			return;
		}
		if (k == NULL)
			trouble(&one);
		else
			try_key(c, k, &one);
		dkim_key_unref(k);
		if (rank(one.result, other) > best_rank) {
			*best = one;
			best_rank = rank(one.result, other);
		}
	}
}

void dkim_prove(struct dkim_key_cache *keys, unsigned min_key_bits, struct lookups *l,
		const struct dkim_field *f, const uint8_t hash[SHA256_SIZE],
		struct dkim_proof *out_r)
{
	struct claim c = {.field = f, .min_key_bits = min_key_bits, .hash = hash};
	const struct dns_answer *answer;
	char name[DKIM_KEY_NAME_SIZE];

	*out_r = (struct dkim_proof){0};
	if (!base64_decode(f->b.value, f->b.value_len, c.signature, sizeof(c.signature),
			   &c.signature_len)) {
		conclude(out_r, DKIM_NEUTRAL, "b= is not base64");
		return;
	}
	dkim_field_key_name(f, name);
	answer = lookups_wait(l, name, DNS_TXT);
	if (answer->status == DNS_OK && answer->count > 0)
		try_records(&c, keys, name, answer, out_r);
	else if (answer->status == DNS_TIMEOUT)
		conclude(out_r, DKIM_TEMPERROR, "key lookup timed out");
	else if (answer->status == DNS_BOGUS)
		conclude(out_r, DKIM_TEMPERROR, "key fails DNSSEC validation");
	else if (dns_failed(answer))
		conclude(out_r, DKIM_TEMPERROR, "key lookup failed");
	else
		conclude(out_r, DKIM_PERMERROR, "key not found");
}
