/* test_dmarc_generated.c - DMARC of generated trees of records and generated facts: alignd, a
 * second reading of RFC 9989 written here, and libopendmarc come to the same. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "check/dmarc.h"
#include "support/fake_resolver.h"
#include "support/test.h"

#define WORLDS 20000

/* A small tree of names, each with its parent's index. */
static const struct {
	const char *name;
	int parent;
} tree[] = {{"e", -1},	  {"a.e", 0},	{"b.e", 0},	{"x.a.e", 1},
	    {"y.a.e", 1}, {"x.b.e", 2}, {"z.x.a.e", 3}, {"w.z.x.a.e", 6}};
#define NAMES (int)(ARRAY_SIZE(tree))

static unsigned chance(uint32_t *seed, unsigned n)
{
	*seed = *seed * 1664525 + 1013904223;
	return (*seed >> 8) % n;
}

/* What stands at a name; p -1: no record. sp and np -1: absent. */
struct published {
	bool exists, strict_spf, strict_dkim, testing;
	int p, sp, np;
	char psd; /* 'y', 'n', 'u' */
};

struct opinion {
	bool applies, pass;
	int policy; /* of a fail, after t=y */
};

/* RFC 9989 4.10.2, told once more. `suffix_r`: where a psd=y above the start ended the walk, else
 * -1. */
static int organization(const struct published *at, int start, int *suffix_r)
{
	int below = -1, shortest = -1;

	*suffix_r = -1;
	for (int i = start; i >= 0; below = i, i = tree[i].parent) {
		if (at[i].p < 0)
			continue;
		if (at[i].psd == 'n')
			return i;
		if (at[i].psd == 'y' && i != start) {
			*suffix_r = i;
			return below;
		}
		shortest = i;
		if (at[i].psd == 'y')
			break;
	}
	return shortest >= 0 ? shortest : start;
}

static bool relates(const struct published *at, int author, int other, bool strict)
{
	int ignored;

	return author == other ||
	       (!strict && organization(at, author, &ignored) == organization(at, other, &ignored));
}

/* `spf`, `dkim`: the name that passed, or -1. */
static struct opinion judge_again(const struct published *at, int author, int spf,
				  const int dkim[2])
{
	struct opinion o = {.applies = false};
	int suffix, org = organization(at, author, &suffix);
	int record = at[author].p >= 0 ? author : at[org].p >= 0 ? org : suffix;
	const struct published *r;

	if (record < 0)
		return o;
	r = &at[record];
	o.applies = true;
	o.policy = record == author		      ? r->p
		   : !at[author].exists && r->np >= 0 ? r->np
		   : r->sp >= 0			      ? r->sp
						      : r->p;
	if (r->testing && o.policy > 0)
		o.policy--;
	o.pass = spf >= 0 && relates(at, author, spf, r->strict_spf);
	for (int i = 0; i < 2; i++)
		o.pass |= dkim[i] >= 0 && relates(at, author, dkim[i], r->strict_dkim);
	return o;
}

static void publish(struct resolver *r, const struct published *p, const char *name)
{
	static const char *const policy[] = {"none", "quarantine", "reject"};
	char text[200], query[40];
	size_t n;

	snprintf(query, sizeof(query), "_dmarc.%s", name);
	if (p->p >= 0) {
		n = (size_t)sprintf(text, "v=DMARC1; p=%s; psd=%c; adkim=%c; aspf=%c; t=%c",
				    policy[p->p], p->psd, p->strict_dkim ? 's' : 'r',
				    p->strict_spf ? 's' : 'r', p->testing ? 'y' : 'n');
		if (p->sp >= 0)
			n += (size_t)sprintf(text + n, "; sp=%s", policy[p->sp]);
		if (p->np >= 0)
			sprintf(text + n, "; np=%s", policy[p->np]);
		fake_resolver_add(r, query, DNS_TXT, text);
	}
	if (p->exists)
		fake_resolver_add(r, name, DNS_A, "192.0.2.1");
}

static void invent(struct published at[NAMES], uint32_t *seed)
{
	for (int i = 0; i < NAMES; i++) {
		bool record = chance(seed, 2);

		at[i] = (struct published){
		    .exists = record || chance(seed, 2), /* the record is a name below */
		    .strict_spf = chance(seed, 4) == 0,
		    .strict_dkim = chance(seed, 4) == 0,
		    .testing = chance(seed, 4) == 0,
		    .p = record ? (int)chance(seed, 3) : -1,
		    .sp = (int)chance(seed, 4) - 1,
		    .np = (int)chance(seed, 4) - 1,
		    .psd = "uuuyn"[chance(seed, 5)],
		};
	}
	for (int i = NAMES - 1; i > 0; i--) /* what has a name below it exists */
		at[tree[i].parent].exists |= at[i].exists;
}

static int identifier(uint32_t *seed, bool *passed_r, char domain_r[DOMAIN_SIZE])
{
	int name = (int)chance(seed, (unsigned)NAMES);

	*passed_r = chance(seed, 2);
	strcpy(domain_r, tree[name].name);
	return *passed_r ? name : -1;
}

/* D13, D16, D17, D18, D19, D40, D41, D42, D43, D50, D52, D53, D56, D60. Every pass and fail is put
 * before libopendmarc too, and a difference would be an internal error. */
static void agrees_with_libopendmarc_and_a_second_reading_for_generated_facts(void **state)
{
	static const struct dmarc_settings s = {.discovery = DISCOVERY_TREEWALK};
	size_t passes = 0, fails = 0;
	uint32_t seed = 20261121;

	for (size_t n = 0; n < WORLDS; n++) {
		struct published at[ARRAY_SIZE(tree)];
		int author, spf, dkim[2];
		struct resolver *r = fake_resolver_new();
		struct lookups *l = lookups_new(r);
		struct dkim_signature signatures[2] = {{.key_bits = 2048}};
		struct facts f = {.dkim = {.count = 2, .signature = signatures}};
		struct dmarc_facts out;
		struct opinion want;
		bool passed;

		invent(at, &seed);
		for (int i = 0; i < NAMES; i++)
			publish(r, &at[i], tree[i].name);
		author = (int)chance(&seed, (unsigned)NAMES);
		spf = identifier(&seed, &passed, f.spf.domain);
		f.spf.result = passed ? SPF_PASS : SPF_SOFTFAIL;
		for (int i = 0; i < 2; i++) {
			dkim[i] = identifier(&seed, &passed, f.dkim.signature[i].domain);
			f.dkim.signature[i].result = passed ? DKIM_PASS : DKIM_FAIL;
		}
		lookups_deadline(l, clock_mono_ms());
		dmarc_check(l, &s, tree[author].name, &f, &out);
		want = judge_again(at, author, spf, dkim);
		assert_false(out.internal_error);
		if ((out.result != DMARC_NONE) != want.applies ||
		    (want.applies && out.result != (want.pass ? DMARC_PASS : DMARC_FAIL)) ||
		    (want.applies && (int)out.effective != want.policy))
			fail_msg("world %zu, author %s: %s %s, wanted %d %d %d", n,
				 tree[author].name, dmarc_result_name(out.result),
				 dmarc_policy_name(out.effective), want.applies, want.pass,
				 want.policy);
		passes += out.result == DMARC_PASS;
		fails += out.result == DMARC_FAIL;
		lookups_free(l);
		resolver_free(r);
	}
	assert_true(passes > WORLDS / 4 && fails > WORLDS / 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(agrees_with_libopendmarc_and_a_second_reading_for_generated_facts),
	};
	return cmocka_run_group_tests_name("dmarc_generated", tests, NULL, NULL);
}
