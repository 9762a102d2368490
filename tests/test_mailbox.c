/* test_mailbox.c - author domains and SMTP paths. The hostile rows follow the published work on
 * sender spoofing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mail/mailbox.h"
#include "support/test.h"

#define V(text) text, sizeof(text) - 1

/* Parse an exact-size copy, so that a checker sees any over-read; the domains joined by blanks. */
static enum from_status read_from(const char *value, size_t len,
				  char joined_r[MAX_AUTHOR_DOMAINS * DOMAIN_SIZE + 8])
{
	struct author_domains *out = malloc(sizeof(*out));
	char *copy = malloc(len > 0 ? len : 1);
	enum from_status s;

	assert_non_null(out);
	assert_non_null(copy);
	memcpy(copy, value, len);
	s = mailbox_authors(copy, len, out);
	joined_r[0] = '\0';
	for (size_t i = 0; i < out->count; i++) {
		strcat(joined_r, i > 0 ? " " : "");
		strcat(joined_r, out->domain[i]);
	}
	free(copy);
	free(out);
	return s;
}

struct row {
	const char *value;
	size_t len;
	enum from_status status;
	const char *domains;
};

static void check_rows(const struct row *rows, size_t n)
{
	char joined[MAX_AUTHOR_DOMAINS * DOMAIN_SIZE + 8];

	for (size_t i = 0; i < n; i++) {
		enum from_status s = read_from(rows[i].value, rows[i].len, joined);

		if (s != rows[i].status || strcmp(joined, rows[i].domains) != 0)
			fail_msg("[%s] gave %s [%s]", rows[i].value, from_status_name(s), joined);
	}
}

/* D01, D05 */
static void reads_plain_mail(void **state)
{
	static const struct row rows[] = {
	    {V("a@x.example"), FROM_OK, "x.example"},
	    {V(" a@x.example "), FROM_OK, "x.example"},
	    {V("<a@x.example>"), FROM_OK, "x.example"},
	    {V("< a@x.example >"), FROM_OK, "x.example"},
	    {V("Alice <a@x.example>"), FROM_OK, "x.example"},
	    {V("Alice <a@ x.example>"), FROM_OK, "x.example"},
	    {V("Alice <a @\n\tx.example>"), FROM_OK, "x.example"},
	    {V("Alice<a@x.example>"), FROM_OK, "x.example"},
	    {V("Alice B. Example <a@x.example>"), FROM_OK, "x.example"},
	    {V("\"Example, Alice\" <a@x.example>"), FROM_OK, "x.example"},
	    {V("\"Alice \\\"Al\\\" Example\" <a@x.example>"), FROM_OK, "x.example"},
	    {V("\"\" <a@x.example>"), FROM_OK, "x.example"},
	    {V("'Alice' <a@x.example>"), FROM_OK, "x.example"},
	    {V("a@x.example (Alice)"), FROM_OK, "x.example"},
	    {V("(Alice) a@x.example"), FROM_OK, "x.example"},
	    {V("a@x.example(Alice (nested (deep)))"), FROM_OK, "x.example"},
	    {V("Alice (home) Example <a@x.example> (really)"), FROM_OK, "x.example"},
	    {V("Alice\n <a@x.example>"), FROM_OK, "x.example"},
	    {V("Alice\r\n\t<a@x.example>\r\n "), FROM_OK, "x.example"},
	    {V("\"Alice\r\n Example\" <a@x.example>"), FROM_OK, "x.example"},
	    {V("a.b+c-d_e=f/g!h@x.example"), FROM_OK, "x.example"},
	    {V("\"a b\"@x.example"), FROM_OK, "x.example"},
	    {V("a..b.@x.example"), FROM_OK, "x.example"},
	    {V("[List] Alice <a@x.example>"), FROM_OK, "x.example"},
	    {V("A@X.EXAMPLE"), FROM_OK, "x.example"},
	    {V("a@x.example."), FROM_OK, "x.example"},
	    {V("a@mail_1.x.example"), FROM_OK, "mail_1.x.example"},
	    {V("a@localhost"), FROM_OK, "localhost"},
	    {V("=?utf-8?Q?Al=C3=AFce?= <a@x.example>"), FROM_OK, "x.example"},
	    {V("=?utf-8?B?QWxpY2VAZ29vZC5leGFtcGxl?= <a@x.example>"), FROM_OK, "x.example"},
	    {V("=?iso-2022-jp?B?GyRCOzNFRBsoQg==?= <a@x.example>"), FROM_OK, "x.example"},
	    {V("\"=?utf-8?Q?Al=C3=AFce?=\" <a@x.example>"), FROM_OK, "x.example"},
	    {V("Al\xc3\xaf"
	       "ce <a@x.example>"),
	     FROM_OK, "x.example"},
	    {V("Al\xef"
	       "ce <a@x.example>"),
	     FROM_OK, "x.example"},
	    {V("\xc3\xa4@b\xc3\xbc"
	       "cher.example"),
	     FROM_OK, "xn--bcher-kva.example"},
	    {V("a@xn--bcher-kva.example"), FROM_OK, "xn--bcher-kva.example"},
	    {V("a@x.example,"), FROM_OK, "x.example"},
	    {V(", a@x.example, ,"), FROM_OK, "x.example"},
	    {V("a@x.example, b@X.example, C <c@x.example>"), FROM_OK, "x.example"},
	    {V("a@x.example, b@y.example"), FROM_MULTIPLE, "x.example y.example"},
	    {V("A <a@x.example>, \"B, C\" <b@y.example>, a@x.example"), FROM_MULTIPLE,
	     "x.example y.example"},
	    {V("a@x.example, b@sub.x.example"), FROM_MULTIPLE, "x.example sub.x.example"},
	    {V("Team: a@x.example, B <b@x.example>;"), FROM_OK, "x.example"},
	    {V("\"The Team\": a@x.example ; , b@y.example"), FROM_MULTIPLE, "x.example y.example"},
	    {V("a@1.example, a@2.example, a@3.example, a@4.example"), FROM_MULTIPLE,
	     "1.example 2.example 3.example 4.example"},
	};

	check_rows(rows, ARRAY_SIZE(rows));
}

static void names_that_look_like_addresses_are_only_names(void **state)
{
	static const struct row rows[] = {
	    {V("\"a@good.example\" <b@evil.example>"), FROM_OK, "evil.example"},
	    {V("\"<a@good.example>\" <b@evil.example>"), FROM_OK, "evil.example"},
	    {V("\"a@good.example, \" <b@evil.example>"), FROM_OK, "evil.example"},
	    {V("b@evil.example (a@good.example)"), FROM_OK, "evil.example"},
	    {V("=?utf-8?Q?a=40good.example?= <b@evil.example>"), FROM_OK, "evil.example"},
	    {V("a=good.example <b@evil.example>"), FROM_OK, "evil.example"},
	    /* the same, unquoted: readers disagree */
	    {V("a@good.example <b@evil.example>"), FROM_MALFORMED, "good.example evil.example"},
	    {V("=?utf-8?Q?a@good.example?= <b@evil.example>"), FROM_MALFORMED,
	     "good.example evil.example"},
	    {V("Alice a@good.example <b@evil.example>"), FROM_MALFORMED,
	     "good.example evil.example"},
	    {V("[a@good.example] <b@evil.example>"), FROM_MALFORMED, "good.example evil.example"},
	    {V("\"a@good.example\"] <b@evil.example>"), FROM_MALFORMED,
	     "good.example evil.example"},
	    {V("[x] (a@good.example) <b@evil.example>"), FROM_MALFORMED,
	     "good.example evil.example"},
	    {V("a@good.example\t<b@evil.example>"), FROM_MALFORMED, "good.example evil.example"},
	};

	check_rows(rows, ARRAY_SIZE(rows));
}

/* D07 */
static void what_readers_could_show_differently_is_malformed(void **state)
{
	static const struct row rows[] = {
	    /* no address */
	    {V(""), FROM_MALFORMED, ""},
	    {V("   "), FROM_MALFORMED, ""},
	    {V("<>"), FROM_MALFORMED, ""},
	    {V("Alice"), FROM_MALFORMED, ""},
	    {V("Alice <>"), FROM_MALFORMED, ""},
	    {V("Alice <alice>"), FROM_MALFORMED, ""},
	    {V("undisclosed-senders:;"), FROM_MALFORMED, ""},
	    {V("nobody: ;, Team: a@x.example;"), FROM_MALFORMED, "x.example"},
	    {V("@good.example"), FROM_MALFORMED, "good.example"},
	    {V("<@good.example>"), FROM_MALFORMED, "good.example"},
	    {V("a@"), FROM_MALFORMED, ""},
	    {V("a@[192.0.2.1]"), FROM_MALFORMED, ""},
	    {V("<a@[IPv6:2001:db8::1]>"), FROM_MALFORMED, ""},
	    /* not all of the list has a domain: shown with the reader's own */
	    {V("ceo, <b@evil.example>"), FROM_MALFORMED, "evil.example"},
	    {V("Doe, John <j@x.example>"), FROM_MALFORMED, "x.example"},
	    /* several addresses in one */
	    {V("a@good.example@evil.example"), FROM_MALFORMED, "good.example evil.example"},
	    {V("<a@good.example@evil.example>"), FROM_MALFORMED, "good.example evil.example"},
	    {V("<b@evil.example>a@good.example"), FROM_MALFORMED, "evil.example good.example"},
	    {V("<b@evil.example> <a@good.example>"), FROM_MALFORMED, "evil.example good.example"},
	    {V("<b@evil.example><a@good.example>"), FROM_MALFORMED, "evil.example good.example"},
	    {V("a@good.example b@evil.example"), FROM_MALFORMED, "good.example evil.example"},
	    {V("a@good.example;b@evil.example"), FROM_MALFORMED, "good.example evil.example"},
	    {V("<<a@good.example>b@evil.example>"), FROM_MALFORMED, "good.example evil.example"},
	    {V("<a@good.example,b@evil.example>"), FROM_MALFORMED, "good.example evil.example"},
	    {V("<a@good.example>, b@evil.example>"), FROM_MALFORMED, "good.example evil.example"},
	    {V("<a@good.example>\\<b@evil.example>"), FROM_MALFORMED, "good.example evil.example"},
	    {V("\"a@good.example\"@evil.example"), FROM_MALFORMED, "evil.example good.example"},
	    {V("\"a@good.example\"<b@evil.example"), FROM_MALFORMED, "evil.example good.example"},
	    {V("\"b@evil.example,\"@good.example"), FROM_MALFORMED, "good.example evil.example"},
	    {V("\"b\\@evil.example\"@good.example"), FROM_MALFORMED, "evil.example good.example"},
	    {V("<\"x@good.example>\"@evil.example>"), FROM_MALFORMED, "evil.example good.example"},
	    {V("b@evil.example <a@good.example> c@other.example"), FROM_MALFORMED,
	     "evil.example good.example other.example"},
	    /* routes */
	    {V("<@good.example:b@evil.example>"), FROM_MALFORMED, "good.example evil.example"},
	    {V("<@evil.example,@any.example:a@good.example>"), FROM_MALFORMED,
	     "evil.example any.example good.example"},
	    /* brackets and what follows them */
	    {V("a@x.example>"), FROM_MALFORMED, "x.example"},
	    {V("<a@x.example"), FROM_MALFORMED, "x.example"},
	    {V("Alice <a@x.example> Example"), FROM_MALFORMED, "x.example"},
	    {V("Alice <a@x.example>>"), FROM_MALFORMED, "x.example"},
	    {V("Alice <<a@x.example>>"), FROM_MALFORMED, "x.example"},
	    /* comments */
	    {V("a(x)@good.example"), FROM_MALFORMED, "good.example"},
	    {V("a@(x)good.example"), FROM_MALFORMED, ""},
	    {V("a@good.example(x).evil.example"), FROM_MALFORMED, "good.example"},
	    {V("<a@good.example(b@evil.example)>"), FROM_MALFORMED, "good.example evil.example"},
	    {V("<a(b@evil.example)@good.example>"), FROM_MALFORMED, "evil.example good.example"},
	    {V("(<a@good.example>) b@evil.example"), FROM_MALFORMED, "good.example evil.example"},
	    {V("(\\) a@good.example) <b@evil.example>"), FROM_MALFORMED,
	     "good.example evil.example"},
	    {V("(a@good.example\") <b@evil.example>"), FROM_MALFORMED, "good.example evil.example"},
	    {V("(a@good.example <b@evil.example>"), FROM_MALFORMED, "good.example evil.example"},
	    {V("a@good.example)"), FROM_MALFORMED, "good.example"},
	    {V("Alice ) <a@x.example>"), FROM_MALFORMED, "x.example"},
	    {V("((((((((((((((((( x ))))))))))))))))) a@x.example"), FROM_MALFORMED, "x.example"},
	    /* quotes */
	    {V("\"Alice <a@x.example>"), FROM_MALFORMED, "x.example"},
	    {V("Alice\" <a@x.example>"), FROM_MALFORMED, "x.example"},
	    {V("\"a\\\" <a@good.example>\" <b@evil.example>"), FROM_MALFORMED,
	     "good.example evil.example"},
	    {V("\"Alice\\"), FROM_MALFORMED, ""},
	    {V("\\Alice <a@x.example>"), FROM_MALFORMED, "x.example"},
	    /* Shift_JIS: the backslash is half a letter */
	    {V("\"\x95\\\" <b@evil.example>, \" <a@good.example>"), FROM_MALFORMED,
	     "evil.example good.example"},
	    {V("(\x95\\) <b@evil.example>"), FROM_MALFORMED, "evil.example"},
	    /* groups */
	    {V("Team: a@x.example"), FROM_MALFORMED, "x.example"},
	    {V("Team: a@x.example; b@y.example"), FROM_MALFORMED, "x.example y.example"},
	    {V("A: B: a@x.example;;"), FROM_MALFORMED, "x.example"},
	    {V(": a@x.example;"), FROM_MALFORMED, "x.example"},
	    {V("mailto:a@x.example"), FROM_MALFORMED, "x.example"},
	    /* white space inside */
	    {V("a @x.example"), FROM_MALFORMED, "x.example"},
	    {V("a@ x.example"), FROM_MALFORMED, "x.example"},
	    {V("<a@x.example y.example>"), FROM_MALFORMED, "x.example"},
	    {V("<a b@x.example>"), FROM_MALFORMED, "x.example"},
	    {V("<a @x .example>"), FROM_MALFORMED, "x"},
	    {V("< @x.example>"), FROM_MALFORMED, "x.example"},
	    {V("<a@good\n .example>"), FROM_MALFORMED, "good"},
	    /* bytes */
	    {V("<a@good.example\0@evil.example>"), FROM_MALFORMED, "good.example evil.example"},
	    {V("a@good.example\0"), FROM_MALFORMED, "good.example"},
	    {V("Al\0ice <a@x.example>"), FROM_MALFORMED, "x.example"},
	    {V("\"Al\0ice\" <a@x.example>"), FROM_MALFORMED, "x.example"},
	    {V("Alice\r<a@x.example>"), FROM_MALFORMED, "x.example"},
	    {V("Alice\n<a@x.example>"), FROM_MALFORMED, "x.example"},
	    {V("a@x.example\nFrom: b@y.example"), FROM_MALFORMED, "x.example y.example"},
	    {V("a@x.example\r\n"), FROM_MALFORMED, "x.example"},
	    {V("Al\x1b[2Jice <a@x.example>"), FROM_MALFORMED, "x.example"},
	    {V("Al\x7fice <a@x.example>"), FROM_MALFORMED, "x.example"},
	    {V("a\x08@x.example"), FROM_MALFORMED, "x.example"},
	    {V("\xff@x.example"), FROM_MALFORMED, "x.example"},
	    {V("a@\xff.example"), FROM_MALFORMED, ""},
	    {V("a@good..example"), FROM_MALFORMED, ""},
	    {V("a@.good.example"), FROM_MALFORMED, ""},
	    {V("a@good.example.."), FROM_MALFORMED, ""},
	    {V("a@good!x.example"), FROM_MALFORMED, "good"},
	    {V("a@good.example'"), FROM_MALFORMED, "good.example"},
	    {V("a\xef\xbc\xa0good.example@evil.example"), FROM_MALFORMED, "evil.example"},
	    {V("a\xef\xb9\xabgood.example@evil.example"), FROM_MALFORMED, "evil.example"},
	    /* encoded-words */
	    {V("=?utf-8?B?YUBnb29kLmV4YW1wbGU=?=@evil.example"), FROM_MALFORMED, "evil.example"},
	    {V("<=?utf-8?Q?a=40good.example?=@evil.example>"), FROM_MALFORMED, "evil.example"},
	    {V("=?utf-8?B?PGFAZ29vZC5leGFtcGxlPg==?="), FROM_MALFORMED, ""},
	    {V("a@=?utf-8?Q?good?=.example"), FROM_MALFORMED, ""},
	    {V("=?utf-8?Q?a=40good.example=00?= <b@evil.example>"), FROM_MALFORMED, "evil.example"},
	    {V("\"=?utf-8?q?a=40good.example=0a?=\" <b@evil.example>"), FROM_MALFORMED,
	     "evil.example"},
	    {V("=?utf-8?b?YUBnb29kLmV4YW1wbGUA?= <b@evil.example>"), FROM_MALFORMED,
	     "evil.example"},
	    {V("=?a?Q?b?==?utf-8?b?YUBnb29kLmV4YW1wbGUA?= <b@evil.example>"), FROM_MALFORMED,
	     "evil.example"},
	};

	check_rows(rows, ARRAY_SIZE(rows));
}

/* `n` addresses a@N.example (or all at x.example) joined by commas. */
static enum from_status read_many(size_t n, bool distinct, char *joined_r)
{
	char text[MAX_FROM_ADDRESSES * 32 + 64] = "";

	for (size_t i = 0; i < n; i++)
		sprintf(text + strlen(text), "%sa@%zu.example", i > 0 ? "," : "", distinct ? i : 0);
	return read_from(text, strlen(text), joined_r);
}

static void a_crowd_of_authors_is_malformed(void **state)
{
	char joined[MAX_AUTHOR_DOMAINS * DOMAIN_SIZE + 8];

	assert_int_equal(read_many(MAX_FROM_ADDRESSES, false, joined), FROM_OK);
	assert_int_equal(read_many(MAX_FROM_ADDRESSES + 1, false, joined), FROM_MALFORMED);
	assert_string_equal(joined, "0.example");
	assert_int_equal(read_many(MAX_AUTHOR_DOMAINS, true, joined), FROM_MULTIPLE);
	assert_int_equal(read_many(MAX_AUTHOR_DOMAINS + 1, true, joined), FROM_MALFORMED);
	assert_string_equal(joined, "0.example 1.example 2.example 3.example");
}

static void a_huge_field_is_read_in_linear_time(void **state)
{
	static const char fill[] = "(\"@<,:;\\ =?a?Q?=0";
	size_t len = MAX_HEADER_FIELD_BYTES;
	char *text = malloc(len), joined[MAX_AUTHOR_DOMAINS * DOMAIN_SIZE + 8];

	assert_non_null(text);
	for (const char *c = fill; *c != '\0'; c++) {
		memset(text, *c, len);
		memcpy(text, "a@x.example,", 12);
		read_from(text, len, joined);
		memcpy(text + len - 12, " <a@y.example>", 12);
		read_from(text, len, joined);
	}
	for (size_t i = 0; i < len; i++)
		text[i] = "=?a?Q?"[i % 6];
	assert_int_equal(read_from(text, len, joined), FROM_MALFORMED);
	free(text);
}

static void reads_smtp_paths(void **state)
{
	static const struct {
		const char *text;
		bool ok;
		const char *local, *domain;
		bool null, literal;
	} rows[] = {
	    {"<a@x.example>", true, "a", "x.example", false, false},
	    {"a@x.example", true, "a", "x.example", false, false},
	    {" <a@X.Example.> ", true, "a", "x.example", false, false},
	    {"<>", true, "", "", true, false},
	    {"", true, "", "", true, false},
	    {"<postmaster>", true, "postmaster", "", false, false},
	    {"<@r.example,@s.example:a@x.example>", true, "a", "x.example", false, false},
	    {"<\"a b@c>\"@x.example>", true, "\"a b@c>\"", "x.example", false, false},
	    {"<\"a\\\"@y.example\"@x.example>", true, "\"a\\\"@y.example\"", "x.example", false,
	     false},
	    {"<a@b@x.example>", true, "a@b", "x.example", false, false},
	    {"<a+b=y.example@x.example>", true, "a+b=y.example", "x.example", false, false},
	    {"<a@b\xc3\xbc"
	     "cher.example>",
	     true, "a", "xn--bcher-kva.example", false, false},
	    {"<a@[192.0.2.1]>", true, "a", "", false, true},
	    {"<a@[IPv6:2001:db8::1]>", true, "a", "", false, true},
	    {"<a@[]>", false, "a", "", false, false},
	    {"<a@[x y]>", false, "", "", false, false},
	    {"<a@[evil.example]>", false, "a", "", false, false},
	    {"<@x.example>", false, "", "x.example", false, false},
	    {"<@r.example:>", false, "", "", false, false},
	    {"<a@>", false, "a", "", false, false},
	    {"<a@b..c>", false, "a", "", false, false},
	    {"<a b@x.example>", false, "", "", false, false},
	    {"<a@x.example", false, "", "", false, false},
	    {"a@x.example>", false, "", "", false, false},
	    {"<<a@x.example>>", false, "", "", false, false},
	    {"<a@x.example> SIZE=1", false, "", "", false, false},
	    {"<\"a@x.example>", false, "", "", false, false},
	    {"<a\n@x.example>", false, "", "", false, false},
	    {"<a\\>", false, "", "", false, false},
	};
	struct path p;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *copy = strdup(rows[i].text);
		bool ok = mailbox_path(copy, &p);

		free(copy);
		if (ok != rows[i].ok || strcmp(p.local, rows[i].local) != 0 ||
		    strcmp(p.domain, rows[i].domain) != 0 || p.null != rows[i].null ||
		    (ok && p.literal != rows[i].literal))
			fail_msg("[%s] gave %d [%s] [%s]", rows[i].text, ok, p.local, p.domain);
	}
}

static void a_local_part_has_a_limit(void **state)
{
	char text[MAX_LOCAL_PART + 32];
	struct path p;

	memset(text, 'a', sizeof(text));
	strcpy(text + MAX_LOCAL_PART, "@x.example");
	assert_true(mailbox_path(text, &p));
	assert_int_equal(strlen(p.local), MAX_LOCAL_PART);
	memset(text, 'a', sizeof(text));
	strcpy(text + MAX_LOCAL_PART + 1, "@x.example");
	assert_false(mailbox_path(text, &p));
	assert_string_equal(p.domain, "x.example");
}

static void every_status_has_a_name(void **state)
{
	assert_string_equal(from_status_name(FROM_OK), "ok");
	assert_string_equal(from_status_name(FROM_MISSING), "missing");
	assert_string_equal(from_status_name(FROM_REPEATED), "repeated");
	assert_string_equal(from_status_name(FROM_MULTIPLE), "multiple");
	assert_string_equal(from_status_name(FROM_MALFORMED), "malformed");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reads_plain_mail),
	    cmocka_unit_test(names_that_look_like_addresses_are_only_names),
	    cmocka_unit_test(what_readers_could_show_differently_is_malformed),
	    cmocka_unit_test(a_crowd_of_authors_is_malformed),
	    cmocka_unit_test(a_huge_field_is_read_in_linear_time),
	    cmocka_unit_test(reads_smtp_paths),
	    cmocka_unit_test(a_local_part_has_a_limit),
	    cmocka_unit_test(every_status_has_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
