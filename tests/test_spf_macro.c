/* test_spf_macro.c - macro strings of SPF. */
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "check/spf_macro.h"
#include "support/test.h"

static const char *count_calls(void *arg)
{
	++*(unsigned *)arg;
	return "mx.example.org";
}

struct world {
	struct addr client;
	struct spf_macros macros;
	unsigned calls;
};

static void setup(struct world *w, const char *client)
{
	assert_true(addr_parse(client, &w->client));
	w->calls = 0;
	w->macros = (struct spf_macros){
	    .local = "strong-bad",
	    .sender_domain = "email.example.com",
	    .domain = "email.example.com",
	    .helo = "mail.example.net",
	    .receiver = "mx.receiver.example",
	    .client = &w->client,
	    .now = 1700000000,
	    .client_name = count_calls,
	    .arg = &w->calls,
	};
}

static const char *name_of(const struct spf_macros *m, const char *spec)
{
	static char name[DOMAIN_SIZE];

	assert_true(spf_macro_string(spec, strlen(spec), SPF_IN_TERM));
	assert_int_equal(spf_macro_name(m, spec, strlen(spec), name), SPF_EXPANDED);
	return name;
}

static const char *text_of(const struct spf_macros *m, const char *text)
{
	static char out[512];

	assert_true(spf_macro_string(text, strlen(text), SPF_IN_EXPLANATION));
	spf_macro_explanation(m, text, strlen(text), out, sizeof(out));
	return out;
}

/* The rows of RFC 7208 7.4 and some more. (S37) */
static void expands_the_examples_of_the_rfc(void **state)
{
	static const struct {
		const char *spec, *name;
	} rows[] = {
	    {"%{s}", "strong-bad@email.example.com"},
	    {"%{o}", "email.example.com"},
	    {"%{d}", "email.example.com"},
	    {"%{d4}", "email.example.com"},
	    {"%{d3}", "email.example.com"},
	    {"%{d2}", "example.com"},
	    {"%{d1}", "com"},
	    {"%{dr}", "com.example.email"},
	    {"%{d2r}", "example.email"},
	    {"%{l}", "strong-bad"},
	    {"%{l-}", "strong.bad"},
	    {"%{lr}", "strong-bad"},
	    {"%{lr-}", "bad.strong"},
	    {"%{l1r-}", "strong"},
	    {"%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"},
	    {"%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com"},
	    {"%{lr-}.lp.%{ir}.%{v}._spf.%{d2}", "bad.strong.lp.3.2.0.192.in-addr._spf.example.com"},
	    {"%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}", "3.2.0.192.in-addr.strong.lp._spf.example.com"},
	    {"%{d2}.trusted-domains.example.net", "example.com.trusted-domains.example.net"},
	    {"%{i}.%{h}.a", "192.0.2.3.mail.example.net.a"},
	    {"%{p}.a", "mx.example.org.a"},
	    {"a%%b%_c%-d.example", "a%b c%20d.example"},
	    {"A.%{D}", "a.email.example.com"},
	    {"x.example.", "x.example"},
	    {"%{d99999999999}", "email.example.com"},
	    {"%{S1@}x.a", NULL},
	    {"%{s1.+}x.a", "comx.a"},
	    {"%{o-.=}", "email.example.com"},
	    {"%{L}.%{S}.a", "strong-bad.strong-bad%40email.example.com.a"},
	};
	struct world w;

	setup(&w, "192.0.2.3");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (rows[i].name == NULL)
			assert_false(
			    spf_macro_string(rows[i].spec, strlen(rows[i].spec), SPF_IN_TERM));
		else
			assert_string_equal(name_of(&w.macros, rows[i].spec), rows[i].name);
	}
}

/* S37 */
static void writes_ipv6_as_nibbles(void **state)
{
	struct world w;

	setup(&w, "2001:db8::cb01");
	assert_string_equal(
	    name_of(&w.macros, "%{ir}.%{v}._spf.%{d2}"),
	    "1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6._spf.example.com");
	assert_string_equal(text_of(&w.macros, "%{c} %{i1r}"), "2001:db8::cb01 2");
}

static void writes_explanations(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
	    {"%{i} is not one of %{d}'s designated mail servers.",
	     "192.0.2.3 is not one of email.example.com's designated mail servers."},
	    {"See http://%{d}/why.html?s=%{S}&i=%{I}",
	     "See http://email.example.com/why.html?s=strong-bad%40email.example.com&i=192.0.2.3"},
	    {"%{r} at %{t}, %{C}", "mx.receiver.example at 1700000000, 192.0.2.3"},
	    {"100%% a%_b%-c", "100% a b%20c"},
	    {"", ""},
	};
	struct world w;

	setup(&w, "192.0.2.3");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_string_equal(text_of(&w.macros, rows[i].in), rows[i].out);
}

/* S38 */
static void lets_nothing_but_printable_ascii_into_an_explanation(void **state)
{
	struct world w;

	setup(&w, "192.0.2.3");
	w.macros.local = "\xff\r\n\x01x";
	w.macros.helo = "\x1b[2J\x7f";
	assert_string_equal(text_of(&w.macros, "%{l} %{h}"), "????x ?[2J?");
	assert_string_equal(text_of(&w.macros, "%{L}"), "%FF%0D%0A%01x");
	assert_false(spf_macro_string("caf\xc3\xa9", 5, SPF_IN_EXPLANATION));
	assert_false(spf_macro_string("a\nb", 3, SPF_IN_EXPLANATION));
	assert_false(spf_macro_string("a\0b", 3, SPF_IN_EXPLANATION));
}

/* S37 */
static void escapes_all_but_unreserved_bytes(void **state)
{
	struct world w;

	setup(&w, "192.0.2.3");
	w.macros.local = "~jack&jill=up-a_b3.c/ \"";
	assert_string_equal(text_of(&w.macros, "%{L}"), "~jack%26jill%3Dup-a_b3.c%2F%20%22");
}

/* RFC 7208 7.3: no special treatment of leading, trailing or consecutive delimiters. */
static void keeps_empty_parts(void **state)
{
	struct world w;

	setup(&w, "192.0.2.3");
	w.macros.local = "-a--b-";
	assert_string_equal(text_of(&w.macros, "%{l-}"), ".a..b.");
	assert_string_equal(text_of(&w.macros, "%{lr-}"), ".b..a.");
	assert_string_equal(text_of(&w.macros, "%{l2-}"), "b.");
	assert_string_equal(text_of(&w.macros, "%{l2r-}"), "a.");
	assert_string_equal(text_of(&w.macros, "%{l1-}"), "");
	w.macros.local = "";
	assert_string_equal(text_of(&w.macros, "[%{lr-}]"), "[]");
}

/* S37 */
static void drops_labels_at_the_left_of_long_names(void **state)
{
	char helo[300], wanted[DOMAIN_SIZE];
	struct world w;

	setup(&w, "192.0.2.3");
	/* 30 labels of 9 bytes: 299. Ten bytes per label: 25 labels and ".a" are 251, 26 are 261.
	 */
	for (size_t i = 0; i < 30; i++)
		snprintf(helo + 10 * i, sizeof(helo) - 10 * i, "label%04zu.", i);
	helo[299] = '\0';
	w.macros.helo = helo;
	snprintf(wanted, sizeof(wanted), "%s.a", helo + 50);
	assert_string_equal(name_of(&w.macros, "%{h}.a"), wanted);
	assert_string_equal(name_of(&w.macros, "%{h}.%{h}.%{h}.%{h}.%{h}.%{h}.%{h}.%{h}.a."),
			    wanted);
	/* exactly 253 stays: 25 labels with dots, ".abc" less one */
	snprintf(wanted, sizeof(wanted), "%s.abc", helo + 50);
	assert_int_equal(strlen(wanted), 253);
	assert_string_equal(name_of(&w.macros, "%{h}.abc"), wanted);
	snprintf(wanted, sizeof(wanted), "%s.abcd", helo + 60);
	assert_string_equal(name_of(&w.macros, "%{h}.abcd"), wanted);
}

static void knows_names_that_cannot_be_asked(void **state)
{
	static const char *const rows[] = {
	    "%{l}..example",
	    ".%{l}.example",
	    "%{l}.abcdefghij%{l}%{l}%{l}%{l}%{l}%{l}.example",
	    "%{lr-+}%{l}%{l}%{l}%{l}%{l}%{l}%{l}%{l}%{l}%{l}",
	    "a\\b.example",
	};
	char name[DOMAIN_SIZE], spec[MAX_SPF_SPEC + 2];
	struct world w;

	setup(&w, "192.0.2.3");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(spf_macro_name(&w.macros, rows[i], strlen(rows[i]), name),
				 SPF_EXPANDED_BADLY);
	memset(spec, '.', sizeof(spec));
	memcpy(spec + MAX_SPF_SPEC - 2, "a.b", 3);
	assert_int_equal(spf_macro_name(&w.macros, spec, MAX_SPF_SPEC, name), SPF_EXPANDED_BADLY);
	for (size_t i = 1; i < sizeof(spec); i += 2)
		spec[i - 1] = 'x';
	spec[MAX_SPF_SPEC] = 'y';
	assert_int_equal(spf_macro_name(&w.macros, spec + 1, MAX_SPF_SPEC, name), SPF_EXPANDED);
	assert_int_equal(spf_macro_name(&w.macros, spec, MAX_SPF_SPEC + 1, name),
			 SPF_EXPANDED_BADLY);
}

/* RFC 8616 4. (S05) */
static void never_matches_a_non_ascii_local_part(void **state)
{
	char name[DOMAIN_SIZE], longest[MAX_LOCAL_PART + 2];
	struct world w;

	setup(&w, "192.0.2.3");
	w.macros.local = "andr\xc3\xa9";
	assert_int_equal(spf_macro_name(&w.macros, "%{l}.a", 6, name), SPF_NEVER_MATCHES);
	assert_int_equal(spf_macro_name(&w.macros, "%{S}.a", 6, name), SPF_NEVER_MATCHES);
	assert_int_equal(spf_macro_name(&w.macros, "%{o}.a", 6, name), SPF_EXPANDED);
	memset(longest, 'x', sizeof(longest));
	longest[MAX_LOCAL_PART + 1] = '\0';
	w.macros.local = longest;
	assert_int_equal(spf_macro_name(&w.macros, "%{s}.a", 6, name), SPF_NEVER_MATCHES);
}

static void asks_for_the_clients_name_only_when_used(void **state)
{
	struct world w;

	setup(&w, "192.0.2.3");
	name_of(&w.macros, "%{d}.%%{p}.a");
	assert_int_equal(w.calls, 0);
	name_of(&w.macros, "%{P}.a");
	assert_int_equal(w.calls, 1);
}

static void bounds_its_output(void **state)
{
	char text[509], out[64];
	struct world w;

	setup(&w, "192.0.2.3");
	for (size_t i = 0; i < 127; i++)
		memcpy(text + 4 * i, "%{d}", 4);
	text[508] = 'A';
	assert_true(spf_macro_string(text, sizeof(text), SPF_IN_EXPLANATION));
	memset(out, 1, sizeof(out));
	spf_macro_explanation(&w.macros, text, sizeof(text), out, sizeof(out) - 1);
	assert_int_equal(strlen(out), sizeof(out) - 2);
	assert_int_equal(out[sizeof(out) - 1], 1);
}

static void tells_which_letters_are_used(void **state)
{
	assert_true(spf_macro_only("x.example", 9, ""));
	assert_true(spf_macro_only("%{i}.%{D2r}.a", 13, "di"));
	assert_false(spf_macro_only("%{i}.%{l}.a", 11, "di"));
	assert_false(spf_macro_only("%%.a", 4, "di"));
	assert_true(spf_macro_only("%%.a", 4, "%"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(expands_the_examples_of_the_rfc),
	    cmocka_unit_test(writes_ipv6_as_nibbles),
	    cmocka_unit_test(writes_explanations),
	    cmocka_unit_test(lets_nothing_but_printable_ascii_into_an_explanation),
	    cmocka_unit_test(escapes_all_but_unreserved_bytes),
	    cmocka_unit_test(keeps_empty_parts),
	    cmocka_unit_test(drops_labels_at_the_left_of_long_names),
	    cmocka_unit_test(knows_names_that_cannot_be_asked),
	    cmocka_unit_test(never_matches_a_non_ascii_local_part),
	    cmocka_unit_test(asks_for_the_clients_name_only_when_used),
	    cmocka_unit_test(bounds_its_output),
	    cmocka_unit_test(tells_which_letters_are_used),
	};
	return cmocka_run_group_tests_name("spf_macro", tests, NULL, NULL);
}
