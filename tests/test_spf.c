/* test_spf.c - check_host() over zones written as text. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "check/spf.h"
#include "support/spf_world.h"
#include "support/test.h"

/* The rows that many tests start from. */
static const char *const common[] = {
    "pass.example TXT v=spf1 +all",
    "fail.example TXT v=spf1 -all",
    "soft.example TXT v=spf1 ~all",
    "neutral.example TXT v=spf1 ?all",
    "none.example A 192.0.2.99",
    "perm.example TXT v=spf1 moo",
    "temp.example TXT !servfail",
    "host.example A 192.0.2.1",
    "host.example AAAA 2001:db8::1",
    "other.example A 198.51.100.7",
    "other.example AAAA 2001:db8:1::7",
    "broken.example A !servfail",
    "broken.example AAAA !timeout",
    "mail.example MX 10 other.example",
    "mail.example MX 20 host.example",
    "1.2.0.192.in-addr.arpa PTR host.example",
    "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa PTR host.example",
};

static void begin(struct spf_world *w)
{
	spf_world_begin(w);
	for (size_t i = 0; i < ARRAY_SIZE(common); i++)
		spf_world_add(w, common[i]);
}

/* One record of d.example for a client, in a world of its own; `more`: another line of the zone. */
static enum spf_result result_of(const char *record, const char *client, const char *more,
				 struct spf_facts *facts_r)
{
	struct spf_world w;

	begin(&w);
	fake_resolver_add(w.resolver, "d.example", DNS_TXT, record);
	if (more != NULL)
		spf_world_add(&w, more);
	assert_true(addr_parse(client, &w.params.client));
	spf_world_check(&w);
	if (facts_r != NULL)
		*facts_r = w.facts;
	spf_world_end(&w);
	return w.facts.result;
}

#define IP4 "192.0.2.1"
#define IP6 "2001:db8::1"

struct row {
	const char *record, *client;
	enum spf_result result;
};

static void run(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct spf_facts f;
		enum spf_result r = result_of(rows[i].record, rows[i].client, NULL, &f);

		if (r != rows[i].result)
			fail_msg("%s for %s: %s (%s)", rows[i].record, rows[i].client,
				 spf_result_name(r), f.reason);
	}
}

/* S30, S31, S34, S15 */
static void the_first_match_decides_by_its_qualifier(void **state)
{
	static const struct row rows[] = {
	    {"v=spf1", IP4, SPF_NEUTRAL},
	    {"v=spf1 all", IP4, SPF_PASS},
	    {"v=spf1 -all", IP4, SPF_FAIL},
	    {"v=spf1 ~all", IP6, SPF_SOFTFAIL},
	    {"v=spf1 ?all +all", IP4, SPF_NEUTRAL},
	    {"v=spf1 ip4:192.0.2.1 -all", IP4, SPF_PASS},
	    {"v=spf1 -ip4:192.0.2.0/24 all", IP4, SPF_FAIL},
	    {"v=spf1 ip4:192.0.2.2 ~all", IP4, SPF_SOFTFAIL},
	    {"v=spf1 ip4:0.0.0.0/0 -all", IP6, SPF_FAIL},
	    {"v=spf1 ip6:::/0 -all", IP6, SPF_PASS},
	    {"v=spf1 ip6:::/0 -all", IP4, SPF_FAIL},
	    {"v=spf1 ip6:2001:db8::/32 -all", IP6, SPF_PASS},
	    {"v=spf1 ip4:198.51.100.0/0 -all", IP4, SPF_PASS},
	    {"v=spf1 ip4:192.0.2.1 -all", "::ffff:192.0.2.1", SPF_PASS},
	    {"v=spf1 ip6:::ffff:192.0.2.1 -all", "::ffff:192.0.2.1", SPF_FAIL},
	    {"v=spf1 a:host.example -all", "127.0.0.1", SPF_FAIL},
	    {"v=spf1 mx:mail.example -all", "::1", SPF_FAIL},
	    {"v=spf1 all moo", IP4, SPF_PERMERROR},
	    {"v=spf1 all ip4:192.0.2.1/", IP4, SPF_PERMERROR},
	    {"v=spf1 all include:nowhere.example", IP4, SPF_PASS},
	};

	run(rows, ARRAY_SIZE(rows));
}

/* S34 */
static void a_and_mx_compare_addresses_of_the_clients_family(void **state)
{
	static const struct row rows[] = {
	    {"v=spf1 a:host.example -all", IP4, SPF_PASS},
	    {"v=spf1 a:HOST.Example. -all", IP6, SPF_PASS},
	    {"v=spf1 a:other.example -all", IP4, SPF_FAIL},
	    {"v=spf1 -mx:mail.example ~all", IP4, SPF_FAIL},
	    {"v=spf1 mx:mail.example -all", IP6, SPF_PASS},
	    {"v=spf1 mx:host.example -all", IP4, SPF_FAIL},
	    {"v=spf1 a:other.example/3 -all", IP4, SPF_PASS},
	    {"v=spf1 a:other.example//32 -all", IP4, SPF_FAIL},
	    {"v=spf1 a:other.example//32 -all", IP6, SPF_PASS},
	    {"v=spf1 a:other.example//48 -all", IP6, SPF_FAIL},
	    {"v=spf1 a:other.example/0 -all", IP4, SPF_PASS},
	    {"v=spf1 a:other.example/0 -all", IP6, SPF_FAIL},
	    {"v=spf1 a:other.example//0 -all", IP6, SPF_PASS},
	    {"v=spf1 mx:mail.example/0//0 -all", "9.9.9.9", SPF_PASS},
	    {"v=spf1 a:nowhere.example/0 -all", IP4, SPF_FAIL},
	    {"v=spf1 a:broken.example all", IP4, SPF_TEMPERROR},
	    {"v=spf1 mx:broken.example all", IP4, SPF_PASS},
	    {"v=spf1 a:a..example all", IP4, SPF_PASS},
	    {"v=spf1 a:%{l}.host.example -all", IP4, SPF_FAIL},
	    {"v=spf1 a:%{h}%%/24 -all", IP4, SPF_FAIL},
	    {"v=spf1 a:host.example/33 -all", IP4, SPF_PERMERROR},
	};

	run(rows, ARRAY_SIZE(rows));
	assert_int_equal(result_of("v=spf1 a -all", IP4, "d.example A 192.0.2.1", NULL), SPF_PASS);
	assert_int_equal(result_of("v=spf1 mx -all", IP4, "d.example MX 0 host.example", NULL),
			 SPF_PASS);
	assert_int_equal(result_of("v=spf1 mx -all", IP4, "d.example MX 0 ", NULL), SPF_FAIL);
	assert_int_equal(result_of("v=spf1 mx -all", IP4, "d.example MX !servfail", NULL),
			 SPF_TEMPERROR);
	assert_int_equal(result_of("v=spf1 mx -all", IP4, "d.example MX 0 broken.example", NULL),
			 SPF_TEMPERROR);
	assert_int_equal(
	    result_of("v=spf1 a:foo/24.example -all", IP4, "foo/24.example A 192.0.2.1", NULL),
	    SPF_PASS);
	assert_int_equal(result_of("v=spf1 a:%%x.%_y.example -all", IP4, NULL, NULL), SPF_FAIL);
}

/* S35 */
static void ptr_wants_a_confirmed_name_at_or_below_the_target(void **state)
{
	static const struct row rows[] = {
	    {"v=spf1 ptr:host.example -all", IP4, SPF_PASS},
	    {"v=spf1 ptr:Host.Example -all", IP6, SPF_PASS},
	    {"v=spf1 ptr:ost.example -all", IP4, SPF_FAIL},
	    {"v=spf1 ptr:x.host.example -all", IP4, SPF_FAIL},
	    {"v=spf1 ptr -all", IP4, SPF_FAIL},
	    {"v=spf1 ptr:host.example -all", "192.0.2.77", SPF_FAIL},
	    {"v=spf1 ptr:%{l}!.example -all", IP4, SPF_FAIL},
	};

	run(rows, ARRAY_SIZE(rows));
	assert_int_equal(result_of("v=spf1 ptr:a.example ~all", "192.0.2.9",
				   "9.2.0.192.in-addr.arpa PTR liar.a.example", NULL),
			 SPF_SOFTFAIL);
	assert_int_equal(result_of("v=spf1 ptr:a.example ~all", "192.0.2.9",
				   "9.2.0.192.in-addr.arpa PTR !servfail", NULL),
			 SPF_SOFTFAIL);
	assert_int_equal(result_of("v=spf1 ptr:a.example ~all", "192.0.2.9",
				   "9.2.0.192.in-addr.arpa PTR !refused", NULL),
			 SPF_TEMPERROR);
	assert_int_equal(result_of("v=spf1 ptr:broken.example ~all", "192.0.2.9",
				   "9.2.0.192.in-addr.arpa PTR broken.example", NULL),
			 SPF_SOFTFAIL);
}

/* S21 */
static void ptr_uses_the_first_ten_names(void **state)
{
	char line[100];

	for (unsigned place = 9; place <= 10; place++) {
		struct spf_world w;

		begin(&w);
		spf_world_add(&w, "d.example TXT v=spf1 ptr -all");
		assert_true(addr_parse("192.0.2.9", &w.params.client));
		for (unsigned i = 0; i < 12; i++) {
			snprintf(line, sizeof(line), "9.2.0.192.in-addr.arpa PTR %c.%s",
				 'a' + (int)i, i == place ? "d.example" : "e.example");
			spf_world_add(&w, line);
			snprintf(line, sizeof(line), "%c.d.example A 192.0.2.9", 'a' + (int)i);
			spf_world_add(&w, line);
		}
		assert_int_equal(spf_world_check(&w), place < 10 ? SPF_PASS : SPF_FAIL);
		assert_int_equal(fake_resolver_asked(w.resolver, "a.e.example", 0), 0);
		spf_world_end(&w);
	}
}

/* S36 */
static void exists_asks_for_an_a_record_whatever_the_family(void **state)
{
	static const struct row rows[] = {
	    {"v=spf1 exists:other.example -all", IP4, SPF_PASS},
	    {"v=spf1 exists:other.example -all", IP6, SPF_PASS},
	    {"v=spf1 exists:mail.example -all", IP4, SPF_FAIL},
	    {"v=spf1 exists:broken.example -all", IP6, SPF_TEMPERROR},
	};
	run(rows, ARRAY_SIZE(rows));
	assert_int_equal(result_of("v=spf1 exists:%{ir}.%{l1r-}._spf.%{d} -all", IP4,
				   "1.2.0.192.user._spf.d.example A 127.0.0.2", NULL),
			 SPF_PASS);
	assert_int_equal(result_of("v=spf1 exists:%{p}.x.example -all", IP4,
				   "host.example.x.example A 127.0.0.2", NULL),
			 SPF_PASS);
	assert_int_equal(result_of("v=spf1 exists:%{p}.x.example -all", "192.0.2.9",
				   "unknown.x.example A 127.0.0.2", NULL),
			 SPF_PASS);
}

/* S32 */
static void include_follows_its_table(void **state)
{
	static const struct row rows[] = {
	    {"v=spf1 include:pass.example -all", IP4, SPF_PASS},
	    {"v=spf1 ~include:pass.example -all", IP4, SPF_SOFTFAIL},
	    {"v=spf1 include:fail.example ?all", IP4, SPF_NEUTRAL},
	    {"v=spf1 include:soft.example -all", IP4, SPF_FAIL},
	    {"v=spf1 include:neutral.example -all", IP4, SPF_FAIL},
	    {"v=spf1 include:none.example all", IP4, SPF_PERMERROR},
	    {"v=spf1 include:nowhere.example all", IP4, SPF_PERMERROR},
	    {"v=spf1 include:perm.example all", IP4, SPF_PERMERROR},
	    {"v=spf1 include:temp.example all", IP4, SPF_TEMPERROR},
	    {"v=spf1 include:%{h}..x all", IP4, SPF_PERMERROR},
	    {"v=spf1 include:%{h1} all", IP4, SPF_PERMERROR},
	    {"v=spf1 include:d.example -all", IP4, SPF_PERMERROR},
	};

	run(rows, ARRAY_SIZE(rows));
}

/* S31, S33 */
static void redirect_replaces_the_result(void **state)
{
	static const struct row rows[] = {
	    {"v=spf1 redirect=pass.example", IP4, SPF_PASS},
	    {"v=spf1 redirect=fail.example ip4:192.0.2.1", IP4, SPF_PASS},
	    {"v=spf1 redirect=fail.example a:other.example", IP4, SPF_FAIL},
	    {"v=spf1 ?all redirect=fail.example", IP4, SPF_NEUTRAL},
	    {"v=spf1 redirect=pass.example -all", IP4, SPF_FAIL},
	    {"v=spf1 redirect=none.example", IP4, SPF_PERMERROR},
	    {"v=spf1 redirect=temp.example", IP4, SPF_TEMPERROR},
	    {"v=spf1 redirect=%{l}%{d1}", IP4, SPF_PERMERROR},
	    {"v=spf1 redirect=d.example", IP4, SPF_PERMERROR},
	    {"v=spf1 redirect=a..example", IP4, SPF_PERMERROR},
	};

	run(rows, ARRAY_SIZE(rows));
}

static void says_what_matched_and_where(void **state)
{
	struct spf_facts f;

	result_of("v=spf1 mx ~include:pass.example -all", IP4, NULL, &f);
	assert_string_equal(f.mechanism, "~include:pass.example");
	assert_string_equal(f.matched_in, "d.example");
	assert_string_equal(f.reason, "");
	assert_int_equal(f.terms, 2);
	assert_int_equal(f.voids, 1);
	result_of("v=spf1 redirect=Fail.Example", IP4, NULL, &f);
	assert_string_equal(f.mechanism, "-all");
	assert_string_equal(f.matched_in, "fail.example");
	assert_string_equal(f.domain, "d.example");
	result_of("v=spf1 include:fail.example", IP4, NULL, &f);
	assert_string_equal(f.mechanism, "");
	assert_string_equal(f.matched_in, "");
	result_of("v=spf1 include:nowhere.example all", IP4, NULL, &f);
	assert_string_equal(f.reason, "nowhere.example has no SPF record");
	result_of("v=spf1 a:broken.example all", IP4, NULL, &f);
	assert_string_equal(f.reason, "A of broken.example: servfail");
	result_of("v=spf1 all ip4:1.2.3\x01", IP4, NULL, &f);
	assert_string_equal(f.reason,
			    "syntax error at \"ip4:1.2.3?\" in the SPF record of d.example");
}

/* S14 */
static void records_are_selected_strictly(void **state)
{
	struct spf_world w;

	begin(&w);
	spf_world_add(&w, "two.example TXT v=spf1 -all");
	spf_world_add(&w, "two.example TXT V=SPF1");
	spf_world_add(&w, "one.example TXT v=spf10 all");
	spf_world_add(&w, "one.example TXT google-site-verification=x");
	spf_world_add(&w, "one.example TXT v=spf1 ip4:192.0.2.1 -all");
	fake_resolver_add_bytes(w.resolver, "nul.example", "v=spf1 ip4:192.0.2.1\0 -all", 26);
	w.params.domain = "two.example";
	assert_int_equal(spf_world_check(&w), SPF_PERMERROR);
	w.params.domain = "ONE.example.";
	assert_int_equal(spf_world_check(&w), SPF_PASS);
	assert_string_equal(w.facts.domain, "one.example");
	w.params.domain = "nul.example";
	assert_int_equal(spf_world_check(&w), SPF_PERMERROR);
	spf_world_end(&w);
}

/* S01, S12, S13, S14 */
static void without_a_domain_or_client_or_record_the_result_is_none(void **state)
{
	static const char *const rows[] = {
	    "",
	    "localhost",
	    "a..example",
	    "[192.0.2.1]",
	    "none.example",
	    "nowhere.example",
	    "\xff.example",
	    "a123456789a123456789a123456789a123456789a123456789a123456789a123.example",
	};
	struct spf_world w;

	begin(&w);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		w.params.domain = rows[i];
		assert_int_equal(spf_world_check(&w), SPF_NONE);
		assert_string_not_equal(w.facts.reason, "");
	}
	w.params.domain = NULL;
	assert_int_equal(spf_world_check(&w), SPF_NONE);
	w.params.domain = "fail.example";
	w.params.client.family = ADDR_NONE;
	assert_int_equal(spf_world_check(&w), SPF_NONE);
	spf_world_end(&w);
}

/* S13 */
static void a_failed_question_is_temperror_and_never_fail(void **state)
{
	static const enum dns_status failures[] = {DNS_SERVFAIL, DNS_BOGUS, DNS_REFUSED_HERE};

	for (size_t i = 0; i < ARRAY_SIZE(failures); i++) {
		struct spf_world w;

		begin(&w);
		fake_resolver_fail(w.resolver, "d.example", DNS_TXT, failures[i]);
		assert_int_equal(spf_world_check(&w), SPF_TEMPERROR);
		spf_world_end(&w);
	}
}

/* S23 */
static void what_is_missing_at_the_deadline_is_temperror(void **state)
{
	struct spf_world w;

	begin(&w);
	spf_world_add(&w, "d.example TXT v=spf1 a:slow.example -all");
	spf_world_add(&w, "slow.example A !timeout");
	lookups_deadline(w.lookups, clock_mono_ms() + 10);
	assert_int_equal(spf_world_check(&w), SPF_TEMPERROR);
	assert_string_equal(w.facts.reason, "A of slow.example: timeout");
	spf_world_end(&w);
}

/* S20 */
static void at_most_ten_terms_ask_the_dns(void **state)
{
	static const struct row rows[] = {
	    {"v=spf1 a:other.example a:other.example a:other.example a:other.example "
	     "a:other.example a:other.example "
	     "a:other.example a:other.example a:other.example a:host.example -all",
	     IP4, SPF_PASS},
	    {"v=spf1 a:other.example a:other.example a:other.example a:other.example "
	     "a:other.example a:other.example "
	     "a:other.example a:other.example a:other.example a:other.example a:host.example -all",
	     IP4, SPF_PERMERROR},
	    {"v=spf1 include:fail.example include:fail.example include:fail.example "
	     "include:fail.example "
	     "include:fail.example include:fail.example include:fail.example include:fail.example "
	     "include:fail.example "
	     "include:fail.example redirect=pass.example",
	     IP4, SPF_PERMERROR},
	};

	run(rows, ARRAY_SIZE(rows));
}

/* S20 */
static void limits_are_one_for_the_whole_tree(void **state)
{
	char record[400] = "v=spf1", line[500];
	struct spf_world w;

	begin(&w);
	/* 10 includes in each of 7 names, every level pointing at the next: a million paths */
	for (unsigned level = 0; level < 7; level++) {
		strcpy(record, "v=spf1");
		for (unsigned i = 0; i < 10; i++)
			snprintf(record + strlen(record), sizeof(record) - strlen(record),
				 " include:l%u.example", level + 1);
		snprintf(line, sizeof(line), "l%u.example TXT %s -all", level, record);
		spf_world_add(&w, line);
	}
	spf_world_add(&w, "l7.example TXT v=spf1 -all");
	w.params.domain = "l0.example";
	assert_int_equal(spf_world_check(&w), SPF_PERMERROR);
	assert_int_equal(w.facts.terms, 10);
	assert_in_range(lookups_count(w.lookups), 1, 11);
	spf_world_end(&w);
}

/* S22 */
static void void_lookups_are_limited_by_term(void **state)
{
	static const struct row rows[] = {
	    {"v=spf1 a:v1.example a:v2.example ?all", IP4, SPF_NEUTRAL},
	    {"v=spf1 a:v1.example a:v2.example exists:v3.example ?all", IP4, SPF_PERMERROR},
	    {"v=spf1 mx:v1.example ptr:v2.example ?all", "192.0.2.9", SPF_NEUTRAL},
	    {"v=spf1 mx:v1.example ptr:v2.example a:v3.example all", "192.0.2.9", SPF_PERMERROR},
	};
	struct spf_world w;

	run(rows, ARRAY_SIZE(rows));
	begin(&w);
	spf_world_add(&w, "d.example TXT v=spf1 mx a:v1.example ?all");
	for (unsigned i = 0; i < 5; i++)
		spf_world_add(&w, "d.example MX 0 onlyip4.example");
	spf_world_add(&w, "onlyip4.example A 192.0.2.5");
	assert_true(addr_parse(IP6, &w.params.client));
	assert_int_equal(spf_world_check(&w), SPF_NEUTRAL);
	assert_int_equal(w.facts.voids, 2);
	w.params.void_limit = 1;
	assert_int_equal(spf_world_check(&w), SPF_PERMERROR);
	spf_world_end(&w);
}

/* S21 */
static void more_than_ten_mx_hosts_are_an_error(void **state)
{
	struct spf_world w;
	char line[100];

	for (unsigned count = 10; count <= 11; count++) {
		begin(&w);
		spf_world_add(&w, "d.example TXT v=spf1 mx -all");
		for (unsigned i = 0; i < count; i++) {
			snprintf(line, sizeof(line), "d.example MX %u h%u.example", i, i);
			spf_world_add(&w, line);
			snprintf(line, sizeof(line), "h%u.example A 192.0.2.%u", i, 10 - i);
			spf_world_add(&w, line);
		}
		assert_int_equal(spf_world_check(&w), count == 10 ? SPF_PASS : SPF_PERMERROR);
		spf_world_end(&w);
	}
}

/* S38 */
static void an_explanation_is_the_one_of_the_deciding_record(void **state)
{
	static const struct {
		const char *record, *more, *text;
	} rows[] = {
	    {"v=spf1 -all exp=why.example", "why.example TXT %{s} from %{c} is not ours",
	     "user@d.example from 192.0.2.1 is not ours"},
	    {"v=spf1 exp=why.%{d} -all", "why.d.example TXT See http://%{d}/?s=%{S}",
	     "See http://d.example/?s=user%40d.example"},
	    {"v=spf1 ~all exp=why.example", "why.example TXT no", ""},
	    {"v=spf1 -all exp=why.example", "why.example TXT caf\xc3\xa9", ""},
	    {"v=spf1 -all exp=why.example", "why.example TXT bad %(s)", ""},
	    {"v=spf1 -all exp=why.example", "why.example TXT !servfail", ""},
	    {"v=spf1 -all exp=nowhere.example", NULL, ""},
	    {"v=spf1 -all exp=a..example", NULL, ""},
	    {"v=spf1 exp=why.example redirect=fail.example", "why.example TXT no", ""},
	    {"v=spf1 redirect=r.example exp=nowhere.example", "why.example TXT %{o} %{d}",
	     "d.example r.example"},
	    {"v=spf1 -include:r2.example -all", "why.example TXT no", ""},
	    {"v=spf1 include:r.example -all", "why.example TXT no", ""},
	};
	struct spf_world w;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		begin(&w);
		fake_resolver_add(w.resolver, "d.example", DNS_TXT, rows[i].record);
		if (rows[i].more != NULL)
			spf_world_add(&w, rows[i].more);
		spf_world_add(&w, "r.example TXT v=spf1 -all exp=why.example");
		spf_world_add(&w, "r2.example TXT v=spf1 +all exp=why.example");
		spf_world_check(&w);
		assert_string_equal(w.facts.explanation, rows[i].text);
		spf_world_end(&w);
	}
	begin(&w);
	spf_world_add(&w, "d.example TXT v=spf1 -all exp=why.example");
	spf_world_add(&w, "why.example TXT one");
	spf_world_add(&w, "why.example TXT two");
	assert_int_equal(spf_world_check(&w), SPF_FAIL);
	assert_string_equal(w.facts.explanation, "");
	spf_world_end(&w);
}

/* CVE-2023-42118: libspf2's own compiler overflows its stack on these. */
static void long_rows_of_macros_do_no_harm(void **state)
{
	char macros[510], record[5200];
	struct spf_world w;

	for (size_t i = 0; i < 127; i++)
		memcpy(macros + 4 * i, "%{d}", 4);
	strcpy(macros + 508, "A");
	begin(&w);
	spf_world_add(&w, "d.example TXT v=spf1 -all exp=why.example");
	fake_resolver_add(w.resolver, "why.example", DNS_TXT, macros);
	assert_int_equal(spf_world_check(&w), SPF_FAIL);
	assert_int_equal(strlen(w.facts.explanation), sizeof(w.facts.explanation) - 1);
	spf_world_end(&w);
	snprintf(record, sizeof(record), "v=spf1 a:%s", macros);
	memset(record + strlen(record), 'A', 4000);
	strcpy(record + 7 + 2 + 509 + 4000, ".example -all");
	assert_int_equal(result_of(record, IP4, NULL, NULL), SPF_FAIL);
	memcpy(record + 7, "x=", 2);
	assert_int_equal(result_of(record, IP4, NULL, NULL), SPF_FAIL);
}

/* S05 */
static void terms_with_a_non_ascii_local_part_never_match(void **state)
{
	static const struct {
		const char *record;
		enum spf_result result;
	} rows[] = {
	    {"v=spf1 exists:%{l}.x.example -all", SPF_FAIL},
	    {"v=spf1 include:%{s} -all", SPF_FAIL},
	    {"v=spf1 exists:%{L}.x.example -all", SPF_FAIL},
	    {"v=spf1 redirect=%{l}.x.example", SPF_NEUTRAL},
	    {"v=spf1 a:%{o} -all", SPF_PASS},
	};
	struct spf_world w;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		begin(&w);
		fake_resolver_add(w.resolver, "d.example", DNS_TXT, rows[i].record);
		spf_world_add(&w, "d.example A 192.0.2.1");
		spf_world_add(&w, "%c3%a9.x.example A 127.0.0.2");
		w.params.local = "\xc3\xa9";
		assert_int_equal(spf_world_check(&w), rows[i].result);
		spf_world_end(&w);
	}
}

/* S05 */
static void names_in_u_labels_are_asked_as_a_labels(void **state)
{
	struct spf_world w;

	begin(&w);
	spf_world_add(&w, "xn--bcher-kva.example TXT v=spf1 exists:%{h}.%{o}.x.example -all");
	spf_world_add(&w, "xn--h-bga.example.xn--bcher-kva.example.x.example A 127.0.0.2");
	w.params.domain = "B\xc3\xbc"
			  "cher.example";
	w.params.helo = "h\xc3\xa9.example";
	assert_int_equal(spf_world_check(&w), SPF_PASS);
	assert_string_equal(w.facts.domain, "xn--bcher-kva.example");
	spf_world_end(&w);
}

/* S03 */
static void an_empty_local_part_means_postmaster(void **state)
{
	struct spf_world w;

	begin(&w);
	spf_world_add(&w, "d.example TXT v=spf1 exists:%{l}.x.example -all");
	spf_world_add(&w, "postmaster.x.example A 127.0.0.2");
	w.params.local = "";
	assert_int_equal(spf_world_check(&w), SPF_PASS);
	spf_world_end(&w);
}

/* S37 */
static void the_name_of_the_client_prefers_the_domain_itself(void **state)
{
	struct spf_world w;

	begin(&w);
	spf_world_add(&w, "d.example TXT v=spf1 exists:%{p}.x.example -all");
	spf_world_add(&w, "1.2.0.192.in-addr.arpa PTR liar.d.example");
	spf_world_add(&w, "1.2.0.192.in-addr.arpa PTR mx.d.example");
	spf_world_add(&w, "mx.d.example A 192.0.2.1");
	spf_world_add(&w, "mx.d.example.x.example A 127.0.0.2");
	assert_int_equal(spf_world_check(&w), SPF_PASS);
	spf_world_add(&w, "1.2.0.192.in-addr.arpa PTR d.example");
	spf_world_add(&w, "d.example A 192.0.2.1");
	spf_world_add(&w, "d.example.x.example A 127.0.0.2");
	lookups_reset(w.lookups);
	lookups_deadline(w.lookups, clock_mono_ms() + 2000);
	assert_int_equal(spf_world_check(&w), SPF_PASS);
	assert_int_equal(fake_resolver_asked(w.resolver, "d.example.x.example", DNS_A), 1);
	spf_world_end(&w);
}

static void a_record_too_long_to_be_whole_is_an_error(void **state)
{
	char *record = malloc(70000);
	struct spf_world w;

	assert_non_null(record);
	strcpy(record, "v=spf1");
	for (size_t len = 6; len < 65000; len += 13)
		strcpy(record + len, " ip4:10.0.0.1");
	begin(&w);
	fake_resolver_add(w.resolver, "d.example", DNS_TXT, record);
	assert_int_equal(spf_world_check(&w), SPF_PERMERROR);
	spf_world_end(&w);
	free(record);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_first_match_decides_by_its_qualifier),
	    cmocka_unit_test(a_and_mx_compare_addresses_of_the_clients_family),
	    cmocka_unit_test(ptr_wants_a_confirmed_name_at_or_below_the_target),
	    cmocka_unit_test(ptr_uses_the_first_ten_names),
	    cmocka_unit_test(exists_asks_for_an_a_record_whatever_the_family),
	    cmocka_unit_test(include_follows_its_table),
	    cmocka_unit_test(redirect_replaces_the_result),
	    cmocka_unit_test(says_what_matched_and_where),
	    cmocka_unit_test(records_are_selected_strictly),
	    cmocka_unit_test(without_a_domain_or_client_or_record_the_result_is_none),
	    cmocka_unit_test(a_failed_question_is_temperror_and_never_fail),
	    cmocka_unit_test(what_is_missing_at_the_deadline_is_temperror),
	    cmocka_unit_test(at_most_ten_terms_ask_the_dns),
	    cmocka_unit_test(limits_are_one_for_the_whole_tree),
	    cmocka_unit_test(void_lookups_are_limited_by_term),
	    cmocka_unit_test(more_than_ten_mx_hosts_are_an_error),
	    cmocka_unit_test(an_explanation_is_the_one_of_the_deciding_record),
	    cmocka_unit_test(long_rows_of_macros_do_no_harm),
	    cmocka_unit_test(terms_with_a_non_ascii_local_part_never_match),
	    cmocka_unit_test(names_in_u_labels_are_asked_as_a_labels),
	    cmocka_unit_test(an_empty_local_part_means_postmaster),
	    cmocka_unit_test(the_name_of_the_client_prefers_the_domain_itself),
	    cmocka_unit_test(a_record_too_long_to_be_whole_is_an_error),
	};
	return cmocka_run_group_tests_name("spf", tests, NULL, NULL);
}
