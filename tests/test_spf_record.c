/* test_spf_record.c - the grammar of SPF records. */
#include <stdlib.h>
#include <string.h>

#include "check/spf_record.h"
#include "support/test.h"

/* Parse a copy that ends where the record ends. */
static bool parses(const char *text, size_t len)
{
	char *copy = malloc(len > 0 ? len : 1);
	struct spf_record record;
	struct spf_slice bad;
	bool ok;

	assert_non_null(copy);
	memcpy(copy, text, len);
	ok = spf_record_is(copy, len) && spf_record_parse(copy, len, &record, &bad);
	free(copy);
	return ok;
}

/* S14 */
static void selects_records_by_their_version(void **state)
{
	static const struct {
		const char *text;
		bool is;
	} rows[] = {
	    {"v=spf1", true},		{"v=spf1 ", true},     {"V=SpF1 -all", true},
	    {"v=spf10", false},		{"v=spf1-all", false}, {" v=spf1", false},
	    {"v=spf", false},		{"", false},	       {"v=spf1\t-all", false},
	    {"spf2.0/pra -all", false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(spf_record_is(rows[i].text, strlen(rows[i].text)), rows[i].is);
}

/* S15, S16 */
static void accepts_what_the_grammar_allows(void **state)
{
	static const char *const rows[] = {
	    "v=spf1",
	    "v=spf1 ",
	    "v=spf1   -all  ",
	    "v=spf1 a",
	    "v=spf1 A",
	    "v=spf1 ~Mx ?PTR",
	    "v=spf1 a:mail.example",
	    "v=spf1 a:mail.example.",
	    "v=spf1 a:mail.example/24",
	    "v=spf1 a/24",
	    "v=spf1 a//64",
	    "v=spf1 a/24//64",
	    "v=spf1 a:x.example/0//0",
	    "v=spf1 mx:x.example/32//128",
	    "v=spf1 a:foo/bar.example/8",
	    "v=spf1 a:x_y.example",
	    "v=spf1 a:a.b-c",
	    "v=spf1 a:a.1-2",
	    "v=spf1 a:a.c0m",
	    "v=spf1 a:foo:bar/baz.example",
	    "v=spf1 a:..example",
	    "v=spf1 a:!#$&'()*.example",
	    "v=spf1 ptr",
	    "v=spf1 ptr:x.example",
	    "v=spf1 ip4:192.0.2.1",
	    "v=spf1 ip4:192.0.2.0/0",
	    "v=spf1 ip4:1.2.3.4/32",
	    "v=spf1 ip4:0.0.0.0",
	    "v=spf1 ip4:255.249.199.10/9",
	    "v=spf1 IP6:2001:db8::/32",
	    "v=spf1 ip6:::/0",
	    "v=spf1 ip6:::ffff:192.0.2.1/128",
	    "v=spf1 ip6:::1.1.1.1/0",
	    "v=spf1 include:%{d}",
	    "v=spf1 include:x%{d2r.-+,/_=}",
	    "v=spf1 exists:%{ir}.%{v}.x.example",
	    "v=spf1 exists:%{d}%%",
	    "v=spf1 exists:%{L1R-}.a",
	    "v=spf1 exists:%-.%_.%%.example",
	    "v=spf1 exists:%{d127}",
	    "v=spf1 exists:%{d99999999999999999999}",
	    "v=spf1 exists:%{d007}",
	    "v=spf1 redirect=x.example",
	    "v=spf1 REDIRECT=x.example EXP=y.example -all",
	    "v=spf1 moo=",
	    "v=spf1 moo.c-o_w=%{s}%%:/ moo.c-o_w=2",
	    "v=spf1 all=x",
	    "v=spf1 a=b:c/d",
	    "v=spf1 default=pass",
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (!parses(rows[i], strlen(rows[i])))
			fail_msg("refused: %s", rows[i]);
}

/* S15, S16 */
static void refuses_what_it_does_not(void **state)
{
	static const char *const rows[] = {
	    "v=spf1 unknown",
	    "v=spf1 -",
	    "v=spf1 --all",
	    "v=spf1 all.",
	    "v=spf1 all:x.example",
	    "v=spf1 all/8",
	    "v=spf1 -all:",
	    "v=spf1 =x",
	    "v=spf1 1a=x",
	    "v=spf1 +exp=x.example",
	    "v=spf1 redirect:x.example",
	    "v=spf1 a:",
	    "v=spf1 a/",
	    "v=spf1 a/33",
	    "v=spf1 a/032",
	    "v=spf1 a/-1",
	    "v=spf1 a//129",
	    "v=spf1 a//",
	    "v=spf1 a///64",
	    "v=spf1 a/24/64",
	    "v=spf1 a//64/24",
	    "v=spf1 a/24//64/",
	    "v=spf1 a:/24",
	    "v=spf1 a:x.example:8080",
	    "v=spf1 a:192.0.2.1",
	    "v=spf1 a:x.example..",
	    "v=spf1 a:.",
	    "v=spf1 a:museum",
	    "v=spf1 a:museum.",
	    "v=spf1 a:x.-a",
	    "v=spf1 a:x.a-",
	    "v=spf1 a:x.example/24a",
	    "v=spf1 a:x.example/1/2/3",
	    "v=spf1 a:x.example/0004",
	    "v=spf1 mx:",
	    "v=spf1 mx/33",
	    "v=spf1 mx:abc.123",
	    "v=spf1 ptr:",
	    "v=spf1 ptr/0",
	    "v=spf1 ptr:x.example/24",
	    "v=spf1 include",
	    "v=spf1 include:",
	    "v=spf1 include:x.example/24",
	    "v=spf1 include/8",
	    "v=spf1 include.x",
	    "v=spf1 exists",
	    "v=spf1 exists:",
	    "v=spf1 exists/24",
	    "v=spf1 exists:x.example/24",
	    "v=spf1 ip4",
	    "v=spf1 ip4:",
	    "v=spf1 ip4/8",
	    "v=spf1 ip4:192.0.2",
	    "v=spf1 ip4:192.0.2.1/33",
	    "v=spf1 ip4:192.0.2.1/032",
	    "v=spf1 ip4:192.0.2.1/",
	    "v=spf1 ip4:192.0.2.01",
	    "v=spf1 ip4:192.0.2.1:25",
	    "v=spf1 ip4:192.0.2.1//32",
	    "v=spf1 ip4:2001:db8::1",
	    "v=spf1 ip4:192.0.2.256",
	    "v=spf1 ip4:1.2.3.4.5",
	    "v=spf1 ip4:1.2.3.",
	    "v=spf1 ip4:.1.2.3",
	    "v=spf1 ip4:1..2.3",
	    "v=spf1 ip4:1.2.3.0004",
	    "v=spf1 ip4:1.2.3.4.",
	    "v=spf1 ip4:00.2.3.4",
	    "v=spf1 ip4:999.2.3.4",
	    "v=spf1 ip4:192.0.2.1/ -all",
	    "v=spf1 ip6",
	    "v=spf1 ip6:",
	    "v=spf1 ip6:192.0.2.1",
	    "v=spf1 ip6:2001:db8::1/129",
	    "v=spf1 ip6:x::y",
	    "v=spf1 ip6:2001:db8::1//64",
	    "v=spf1 ip6:fe80::1%eth0",
	    "v=spf1 ip6:1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc:dddd",
	    "v=spf1 redirect=",
	    "v=spf1 exp=",
	    "v=spf1 redirect=x.example redirect=y.example",
	    "v=spf1 exp=x.example EXP=x.example",
	    "v=spf1 redirect=museum",
	    "v=spf1 moo=%",
	    "v=spf1 moo=%{",
	    "v=spf1 exists:%(ir).x.example",
	    "v=spf1 exists:%{c}.x.example",
	    "v=spf1 exp=%{r}.x.example",
	    "v=spf1 redirect=%{t}",
	    "v=spf1 exists:%{d0}",
	    "v=spf1 exists:%{d1rr}",
	    "v=spf1 exists:%{dr1}",
	    "v=spf1 exists:%{d.",
	    "v=spf1 exists:%{}.a",
	    "v=spf1 exists:%{x}",
	    "v=spf1 exists:%{d*}",
	    "v=spf1 exists:%{d }",
	    "v=spf1 exists:%{d}com",
	    "v=spf1 exists:%{d}.",
	    "v=spf1 exists:x.example%",
	    "v=spf1 exists:x.%-com",
	    "v=spf1 a:caf\xc3\xa9.example",
	    "v=spf1 a\t-all",
	    "v=spf1 a:x.example\r\n",
	    "v=spf1 x=\x7f",
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (parses(rows[i], strlen(rows[i])))
			fail_msg("accepted: %s", rows[i]);
}

static void treats_nul_as_an_error_and_not_as_the_end(void **state)
{
	static const char in_term[] = "v=spf1 ip4:192.0.2.1\0junk -all", alone[] = "v=spf1 \0 -all",
			  in_modifier[] = "v=spf1 x=\0", at_version[] = "v=spf1\0";

	assert_false(parses(in_term, sizeof(in_term) - 1));
	assert_false(parses(alone, sizeof(alone) - 1));
	assert_false(parses(in_modifier, sizeof(in_modifier) - 1));
	assert_false(parses(at_version, sizeof(at_version) - 1));
}

static void assert_slice(struct spf_slice s, const char *text)
{
	assert_int_equal(s.len, strlen(text));
	assert_memory_equal(s.text, text, s.len);
}

static void hands_out_directives_with_their_parts(void **state)
{
	static const char text[] =
	    "v=spf1 -a:x.example/20//48 exp=why.example mx ~ip4:192.0.2.0/24 "
	    "redirect=other.example ?ip6:2001:db8::/32 all";
	struct spf_record record;
	struct spf_directive d;
	struct spf_slice bad;
	size_t at = 0;

	assert_true(spf_record_parse(text, strlen(text), &record, &bad));
	assert_true(record.has_all);
	assert_slice(record.exp, "why.example");
	assert_slice(record.redirect, "other.example");
	assert_true(spf_record_next(&record, &at, &d));
	assert_int_equal(d.mechanism, SPF_A);
	assert_int_equal(d.qualifier, '-');
	assert_slice(d.whole, "-a:x.example/20//48");
	assert_slice(d.spec, "x.example");
	assert_int_equal(d.bits4, 20);
	assert_int_equal(d.bits6, 48);
	assert_true(spf_record_next(&record, &at, &d));
	assert_int_equal(d.mechanism, SPF_MX);
	assert_int_equal(d.spec.len, 0);
	assert_int_equal(d.bits4, 32);
	assert_int_equal(d.bits6, 128);
	assert_true(spf_record_next(&record, &at, &d));
	assert_int_equal(d.mechanism, SPF_IP4);
	assert_int_equal(d.qualifier, '~');
	assert_int_equal(d.network.bits, 24);
	assert_true(spf_record_next(&record, &at, &d));
	assert_int_equal(d.mechanism, SPF_IP6);
	assert_int_equal(d.network.addr.family, ADDR_IP6);
	assert_true(spf_record_next(&record, &at, &d));
	assert_int_equal(d.mechanism, SPF_ALL);
	assert_int_equal(d.qualifier, '+');
	assert_false(spf_record_next(&record, &at, &d));
}

static void says_which_term_is_wrong(void **state)
{
	static const char text[] = "v=spf1 a  ip4:192.0.2.1/ -all";
	struct spf_record record;
	struct spf_slice bad;

	assert_false(spf_record_parse(text, strlen(text), &record, &bad));
	assert_slice(bad, "ip4:192.0.2.1/");
}

static void keeps_a_mapped_network_out_of_reach_of_ip4(void **state)
{
	static const char text[] = "v=spf1 ip6:::ffff:192.0.2.1";
	struct spf_record record;
	struct spf_directive d;
	struct spf_slice bad;
	struct addr client;
	size_t at = 0;

	assert_true(addr_parse("192.0.2.1", &client));
	assert_true(spf_record_parse(text, strlen(text), &record, &bad));
	assert_true(spf_record_next(&record, &at, &d));
	assert_false(network_has(&d.network, &client));
}

static void reads_records_of_any_length_to_their_end(void **state)
{
	size_t count = 8000, len = 6;
	char *text = malloc(len + 8 * count + 8);
	struct spf_record record;
	struct spf_directive d;
	struct spf_slice bad;
	size_t at = 0, n = 0;

	assert_non_null(text);
	memcpy(text, "v=spf1", len);
	for (size_t i = 0; i < count; i++, len += 7)
		memcpy(text + len, " ip6:::", 7);
	memcpy(text + len, " -all", 5);
	assert_true(spf_record_parse(text, len + 5, &record, &bad));
	while (spf_record_next(&record, &at, &d))
		n++;
	assert_int_equal(n, count + 1);
	assert_int_equal(d.mechanism, SPF_ALL);
	free(text);
}

/* S12 */
static void checks_the_domain_as_rfc_7208_4_3_asks(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
	    {"Example.COM", "example.com"},
	    {"example.com.", "example.com"},
	    {"a_b.example", "a_b.example"},
	    {"o'Brien+x.example", "o'brien+x.example"},
	    {"b\xc3\xbc"
	     "cher.example",
	     "xn--bcher-kva.example"},
	    {"", NULL},
	    {"localhost", NULL},
	    {"com.", NULL},
	    {"a..example", NULL},
	    {".example.com", NULL},
	    {"[192.0.2.1]", NULL},
	    {"a b.example", NULL},
	    {"a\\.b.example", NULL},
	    {"\xff.example", NULL},
	    {"a123456789a123456789a123456789a123456789a123456789a123456789a123.example", NULL},
	    {"!23456789a123456789a123456789a123456789a123456789a123456789a1234.example", NULL},
	    {"!23456789a123456789a123456789a123456789a123456789a123456789a123.example",
	     "!23456789a123456789a123456789a123456789a123456789a123456789a123.example"},
	};
	char name[DOMAIN_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (spf_domain(rows[i].in, name) != (rows[i].out != NULL))
			fail_msg("wrong: %s", rows[i].in);
		assert_string_equal(name, rows[i].out != NULL ? rows[i].out : "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(selects_records_by_their_version),
	    cmocka_unit_test(accepts_what_the_grammar_allows),
	    cmocka_unit_test(refuses_what_it_does_not),
	    cmocka_unit_test(treats_nul_as_an_error_and_not_as_the_end),
	    cmocka_unit_test(hands_out_directives_with_their_parts),
	    cmocka_unit_test(says_which_term_is_wrong),
	    cmocka_unit_test(keeps_a_mapped_network_out_of_reach_of_ip4),
	    cmocka_unit_test(reads_records_of_any_length_to_their_end),
	    cmocka_unit_test(checks_the_domain_as_rfc_7208_4_3_asks),
	};
	return cmocka_run_group_tests_name("spf_record", tests, NULL, NULL);
}
