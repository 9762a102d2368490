/* test_dmarc_align.c - alignment of identifiers. Rows name the duty they check. */
#include <stdio.h>
#include <string.h>

#include "check/dmarc_align.h"
#include "support/dmarc_world.h"
#include "support/test.h"

static enum dmarc_kinship kin(struct dmarc_world *w, const char *a, const char *b)
{
	struct dmarc_walk walk[2];

	dmarc_walk(w->lookups, NULL, a, &walk[0]);
	dmarc_walk(w->lookups, NULL, b, &walk[1]);
	return dmarc_kinship(&walk[0], &walk[1]);
}

static void compares_organizational_domains(void **state)
{
	static const struct {
		const char *duty, *a, *b, *rows[WORLD_ROWS];
		enum dmarc_kinship kinship;
	} rows[] = {
	    {"D52 siblings", "a.example.com", "b.example.com", {"example.com v=DMARC1"}, DMARC_KIN},
	    {"D52 parent", "a.example.com", "example.com", {"example.com v=DMARC1"}, DMARC_KIN},
	    {"D52 child", "example.com", "a.example.com", {"example.com v=DMARC1"}, DMARC_KIN},
	    {"D52 strangers",
	     "example.com",
	     "example.net",
	     {"example.com v=DMARC1"},
	     DMARC_STRANGERS},
	    {"D53 own walk of the identifier",
	     "example.com",
	     "x.example.com",
	     {"example.com v=DMARC1", "x.example.com v=DMARC1; psd=n"},
	     DMARC_STRANGERS},
	    {"D55 record only at the subdomain",
	     "news.example.com",
	     "example.com",
	     {"news.example.com v=DMARC1"},
	     DMARC_STRANGERS},
	    {"D55 its child",
	     "news.example.com",
	     "k1.news.example.com",
	     {"news.example.com v=DMARC1"},
	     DMARC_KIN},
	    {"D56 the suffix and who is below it",
	     "mega.bank.example",
	     "bank.example",
	     {"bank.example v=DMARC1; psd=y"},
	     DMARC_STRANGERS},
	    {"D56 neighbours below a suffix",
	     "giant.bank.example",
	     "mail.mega.bank.example",
	     {"bank.example v=DMARC1; psd=y"},
	     DMARC_STRANGERS},
	    {"D56 one-letter names",
	     "bank.de",
	     "x.de",
	     {"bank.de v=DMARC1", "x.de v=DMARC1"},
	     DMARC_STRANGERS},
	    {"D56 top-level name", "bank.de", "de", {"bank.de v=DMARC1"}, DMARC_STRANGERS},
	    {"D61 failure above the organization does not matter",
	     "a.example.com",
	     "b.example.com",
	     {"example.com v=DMARC1", "!com"},
	     DMARC_KIN},
	    {"D61 failure at the identifier, below the organization",
	     "a.example.com",
	     "b.example.com",
	     {"example.com v=DMARC1", "!b.example.com"},
	     DMARC_UNSURE},
	    {"D61 failure at the organization of both",
	     "a.example.com",
	     "b.example.com",
	     {"!example.com"},
	     DMARC_UNSURE},
	    {"D56 suffix right above a name that the long walk leaves out",
	     "1.2.3.4.5.6.7.8",
	     "a.b.1.2.3.4.5.6.7.8",
	     {"1.2.3.4.5.6.7.8 v=DMARC1; psd=y", "2.3.4.5.6.7.8 v=DMARC1; psd=y"},
	     DMARC_KIN},
	    {"D61 failure in its place",
	     "1.2.3.4.5.6.7.8",
	     "a.b.1.2.3.4.5.6.7.8",
	     {"1.2.3.4.5.6.7.8 v=DMARC1; psd=y", "!2.3.4.5.6.7.8"},
	     DMARC_UNSURE},
	    {"D61 failure at a common name above",
	     "example.com",
	     "example2.com",
	     {"example.com v=DMARC1", "!com"},
	     DMARC_UNSURE},
	    {"D61 broken DNS of a stranger",
	     "example.com",
	     "x.attacker.net",
	     {"example.com v=DMARC1", "!x.attacker.net", "!attacker.net", "!net"},
	     DMARC_STRANGERS},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct dmarc_world w;

		dmarc_world_make(&w, rows[i].rows);
		if (kin(&w, rows[i].a, rows[i].b) != rows[i].kinship ||
		    kin(&w, rows[i].b, rows[i].a) != rows[i].kinship)
			fail_msg("%s", rows[i].duty);
		dmarc_world_end(&w);
	}
}

/* The answer came after one walk had given up on it and before the other asked. */
static void a_late_answer_is_no_reason_to_part_two_names(void **state)
{
	const struct dmarc_walk early = {.start = "a.example.com",
					 .org = "a.example.com",
					 .failed_low = "example.com",
					 .failed_high = "example.com"};
	struct dmarc_walk late = {.start = "b.example.com", .org = "example.com"};

	assert_int_equal(dmarc_kinship(&early, &late), DMARC_UNSURE);
	late.stop = "example.com";
	assert_int_equal(dmarc_kinship(&early, &late), DMARC_UNSURE);
	late.stop = late.org = "b.example.com";
	assert_int_equal(dmarc_kinship(&early, &late), DMARC_STRANGERS);
}

/* A tree small enough to try everything that could stand where a query failed. */
#define NAMES 7
static const char *const tree[NAMES] = {"t",	   "x.t",	"y.x.t", "z.y.x.t",
					"w.y.x.t", "v.z.y.x.t", "u.x.t"};
enum state_of_name { NOTHING, PLAIN, PSD_N, PSD_Y, FAILS, STATES };

static void build(const enum state_of_name state[NAMES], struct dmarc_world *w)
{
	static const char *const suffix[STATES] = {"", " v=DMARC1", " v=DMARC1; psd=n",
						   " v=DMARC1; psd=y", ""};
	char text[NAMES][40];
	const char *rows[WORLD_ROWS] = {NULL};

	for (size_t i = 0; i < NAMES; i++) {
		const char *before = state[i] == FAILS ? "!" : state[i] == NOTHING ? "+" : "";

		snprintf(text[i], sizeof(text[i]), "%s%s%s", before, tree[i], suffix[state[i]]);
		rows[i] = text[i];
	}
	dmarc_world_make(w, rows);
}

struct outcome {
	bool kin, strangers;	  /* in some world they are */
	bool governed[NAMES + 1]; /* the record of this name governs in some world; last: none */
};

static void try_everything(enum state_of_name state[NAMES], const char *a, const char *b,
			   struct outcome *o)
{
	struct dmarc_world w;
	struct dmarc_walk walk;
	size_t i;

	for (i = 0; i < NAMES && state[i] != FAILS; i++)
		;
	if (i < NAMES) {
		for (state[i] = NOTHING; state[i] < FAILS; state[i]++)
			try_everything(state, a, b, o);
		return; /* state[i] is FAILS again */
	}
	build(state, &w);
	if (kin(&w, a, b) == DMARC_KIN)
		o->kin = true;
	else
		o->strangers = true;
	dmarc_walk(w.lookups, NULL, a, &walk);
	for (i = 0; i < NAMES && (walk.record == NULL || strcmp(walk.record, tree[i]) != 0); i++)
		;
	o->governed[i] = true;
	dmarc_world_end(&w);
}

/* What is said with failures must hold whatever stands behind them, and "unsure" must be true. */
static void failures_are_taken_for_all_they_could_hide(void **state)
{
	uint32_t seed = 20261121;
	size_t unsure = 0;

	for (int round = 0; round < 1500; round++) {
		enum state_of_name given[NAMES];
		struct dmarc_world w;
		struct dmarc_walk walk;
		struct outcome o = {.kin = false};
		enum dmarc_kinship said;
		const char *a, *b;
		size_t governors = 0, failures = 0;

		for (size_t i = 0; i < NAMES; i++) {
			seed = seed * 1664525 + 1013904223;
			given[i] =
			    (seed >> 16) % 7 > 4 ? NOTHING : (enum state_of_name)((seed >> 16) % 7);
			if (given[i] == FAILS && ++failures > 3)
				given[i] = NOTHING;
		}
		a = tree[(seed >> 8) % NAMES];
		b = tree[(seed >> 12) % NAMES];
		if (a == b)
			continue; /* identical names align without a walk */
		build(given, &w);
		said = kin(&w, a, b);
		dmarc_walk(w.lookups, NULL, a, &walk);
		try_everything(given, a, b, &o);
		assert_int_equal(said, !o.strangers ? DMARC_KIN
				       : !o.kin	    ? DMARC_STRANGERS
						    : DMARC_UNSURE);
		for (size_t i = 0; i <= NAMES; i++)
			governors += o.governed[i];
		assert_int_equal(walk.record_unknown, governors > 1);
		if (!dmarc_may_be_kin(&walk, b))
			assert_false(o.kin);
		unsure += said == DMARC_UNSURE;
		dmarc_world_end(&w);
	}
	assert_true(unsure > 20);
}

#define NO_DKIM \
	{ \
		{ \
			NULL, DKIM_NONE \
		} \
	}

struct signed_by {
	const char *domain;
	enum dkim_result result;
};

static const struct align_row {
	const char *duty;
	const char *mode; /* the record at example.com behind "v=DMARC1" */
	const char *rows[WORLD_ROWS];
	enum spf_result spf_result;
	const char *spf;
	struct signed_by dkim[3];
	enum alignment spf_aligned;
	bool dkim_aligned;
	const char *unsure;
} align_rows[] = {
    {"D50 any signature",
     "",
     {NULL},
     SPF_NONE,
     "",
     {{"esp.example", DKIM_PASS}, {"example.com", DKIM_FAIL}, {"m.example.com", DKIM_PASS}},
     ALIGNED_NO,
     true,
     ""},
    {"D50 a signature that does not pass",
     "",
     {NULL},
     SPF_NONE,
     "",
     {{"example.com", DKIM_FAIL}, {"example.com", DKIM_POLICY}, {"example.com", DKIM_NEUTRAL}},
     ALIGNED_NO,
     false,
     ""},
    {"D51 only pass", "", {NULL}, SPF_SOFTFAIL, "example.com", NO_DKIM, ALIGNED_NO, false, ""},
    {"D51 neutral", "", {NULL}, SPF_NEUTRAL, "example.com", NO_DKIM, ALIGNED_NO, false, ""},
    {"D51 pass", "", {NULL}, SPF_PASS, "example.com", NO_DKIM, ALIGNED_STRICT, false, ""},
    {"D51 no domain", "", {NULL}, SPF_PASS, "", NO_DKIM, ALIGNED_NO, false, ""},
    {"D52 relaxed", "", {NULL}, SPF_PASS, "b.example.com", NO_DKIM, ALIGNED_RELAXED, false, ""},
    {"D52 aspf=s",
     "; aspf=s",
     {NULL},
     SPF_PASS,
     "b.example.com",
     {{"b.example.com", DKIM_PASS}},
     ALIGNED_NO,
     true,
     ""},
    {"D52 adkim=s",
     "; adkim=s",
     {NULL},
     SPF_PASS,
     "b.example.com",
     {{"b.example.com", DKIM_PASS}},
     ALIGNED_RELAXED,
     false,
     ""},
    {"D52 strict and identical",
     "; adkim=s; aspf=s",
     {NULL},
     SPF_PASS,
     "example.com",
     {{"example.com", DKIM_PASS}},
     ALIGNED_STRICT,
     true,
     ""},
    {"D61 SPF temperror of an aligned domain",
     "",
     {NULL},
     SPF_TEMPERROR,
     "b.example.com",
     NO_DKIM,
     ALIGNED_NO,
     false,
     "b.example.com"},
    {"D61 SPF temperror of the author domain",
     "; aspf=s",
     {NULL},
     SPF_TEMPERROR,
     "example.com",
     NO_DKIM,
     ALIGNED_NO,
     false,
     "example.com"},
    {"D61 SPF temperror, strict, another name",
     "; aspf=s",
     {NULL},
     SPF_TEMPERROR,
     "b.example.com",
     NO_DKIM,
     ALIGNED_NO,
     false,
     ""},
    {"D61 SPF temperror of a stranger",
     "",
     {"!evil.example", "!example"},
     SPF_TEMPERROR,
     "evil.example",
     NO_DKIM,
     ALIGNED_NO,
     false,
     ""},
    {"D61 DKIM temperror of an aligned domain",
     "",
     {NULL},
     SPF_NONE,
     "",
     {{"b.example.com", DKIM_TEMPERROR}},
     ALIGNED_NO,
     false,
     "b.example.com"},
    {"D61 DKIM temperror of a stranger",
     "",
     {"!evil.example"},
     SPF_NONE,
     "",
     {{"evil.example", DKIM_TEMPERROR}},
     ALIGNED_NO,
     false,
     ""},
    {"D61 a pass whose walk fails",
     "",
     {"!b.example.com"},
     SPF_PASS,
     "b.example.com",
     NO_DKIM,
     ALIGNED_NO,
     false,
     "b.example.com"},
    {"D61 a stranger's pass whose walk fails",
     "",
     {"!evil.example", "!example"},
     SPF_PASS,
     "evil.example",
     {{"x.evil.example", DKIM_PASS}},
     ALIGNED_NO,
     false,
     ""},
    {"D61 a pass below another organization of the author's names",
     "",
     {"sub.example.com v=DMARC1; psd=n", "!a.b.example.com"},
     SPF_PASS,
     "a.sub.example.com",
     NO_DKIM,
     ALIGNED_NO,
     false,
     ""},
    {"D53 a permerror gives no identifier",
     "",
     {NULL},
     SPF_PERMERROR,
     "example.com",
     {{"example.com", DKIM_PERMERROR}},
     ALIGNED_NO,
     false,
     ""},
};

static void aligns_what_passed_and_remembers_what_might_have(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(align_rows); i++) {
		const struct align_row *row = &align_rows[i];
		const char *rows[WORLD_ROWS] = {NULL};
		struct dkim_signature signatures[3] = {{.key_bits = 2048}};
		struct facts f = {.spf = {.result = row->spf_result}, .dkim.signature = signatures};
		struct dmarc_alignment out;
		struct dmarc_record r;
		struct dmarc_world w;
		struct dmarc_walk author;
		char record[80];

		snprintf(record, sizeof(record), "example.com v=DMARC1; p=reject%s", row->mode);
		memcpy(rows, row->rows, sizeof(row->rows[0]) * (WORLD_ROWS - 1));
		for (size_t k = 0; k < WORLD_ROWS; k++)
			if (rows[k] == NULL) {
				rows[k] = record;
				break;
			}
		strcpy(f.spf.domain, row->spf);
		for (; f.dkim.count < 3 && row->dkim[f.dkim.count].domain != NULL; f.dkim.count++) {
			struct dkim_signature *s = &f.dkim.signature[f.dkim.count];

			strcpy(s->domain, row->dkim[f.dkim.count].domain);
			s->result = row->dkim[f.dkim.count].result;
			s->aligned = ALIGNED_STRICT; /* to be overwritten */
		}
		dmarc_world_make(&w, rows);
		dmarc_walk(w.lookups, NULL, "example.com", &author);
		assert_int_equal(dmarc_record_at(w.lookups, "example.com", &r), DMARC_FOUND_RECORD);
		dmarc_align(w.lookups, NULL, &author, &r, &f, &out);
		if (out.spf != row->spf_aligned || out.dkim != row->dkim_aligned ||
		    strcmp(out.unsure, row->unsure) != 0)
			fail_msg("%s: spf %d, dkim %d, unsure '%s'", row->duty, out.spf, out.dkim,
				 out.unsure);
		for (size_t k = 0; k < f.dkim.count; k++)
			if (f.dkim.signature[k].result != DKIM_PASS)
				assert_int_equal(f.dkim.signature[k].aligned, ALIGNED_NO);
		dmarc_world_end(&w);
	}
}

/* D54 and more: no walk where names are identical, strict is asked for, or alignment is out of the
 * question. */
static void walks_only_where_a_walk_can_matter(void **state)
{
	static const struct {
		const char *record, *identifier;
		unsigned asked;
	} rows[] = {
	    {"example.com v=DMARC1; p=none", "example.com", 2},
	    {"example.com v=DMARC1; p=none; adkim=s", "a.b.example.com", 2},
	    {"example.com v=DMARC1; p=none", "a.b.example.net", 2},
	    {"example.com v=DMARC1; p=none", "bexample.com", 2},
	    {"example.com v=DMARC1; p=none", "com", 2},
	    {"example.com v=DMARC1; p=none", "a.b.example.com", 4},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *zone[WORLD_ROWS] = {rows[i].record};
		struct dkim_signature signature = {.result = DKIM_PASS};
		struct facts f = {.dkim = {.count = 1, .signature = &signature}};
		struct dmarc_alignment out;
		struct dmarc_record r;
		struct dmarc_world w;
		struct dmarc_walk author;

		strcpy(signature.domain, rows[i].identifier);
		dmarc_world_make(&w, zone);
		dmarc_walk(w.lookups, NULL, "example.com", &author);
		(void)dmarc_record_at(w.lookups, "example.com", &r);
		dmarc_align(w.lookups, NULL, &author, &r, &f, &out);
		assert_int_equal(lookups_count(w.lookups), rows[i].asked);
		dmarc_world_end(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(compares_organizational_domains),
	    cmocka_unit_test(a_late_answer_is_no_reason_to_part_two_names),
	    cmocka_unit_test(failures_are_taken_for_all_they_could_hide),
	    cmocka_unit_test(aligns_what_passed_and_remembers_what_might_have),
	    cmocka_unit_test(walks_only_where_a_walk_can_matter),
	};
	return cmocka_run_group_tests_name("dmarc_align", tests, NULL, NULL);
}
