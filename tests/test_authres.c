/* test_authres.c - Authentication-Results: recognized, parsed. */
#include <stdlib.h>
#include <string.h>

#include "mail/authres.h"
#include "support/test.h"

#define V(text) text, sizeof(text) - 1

static struct authres parsed; /* too large for a stack */

static void *exact_copy(const char *text, size_t len)
{
	char *copy = malloc(len > 0 ? len : 1);

	assert_non_null(copy);
	memcpy(copy, text, len);
	return copy;
}

static bool parse(const char *text, size_t len)
{
	char *copy = exact_copy(text, len);
	bool ok = authres_parse(copy, len, &parsed);

	free(copy);
	return ok;
}

/* R42 */
static void finds_the_id(void **state)
{
	static const struct {
		const char *value;
		size_t len;
		const char *id; /* NULL: none */
	} rows[] = {
	    {V("mx.example; none"), "mx.example"},
	    {V(" MX.Example;spf=pass"), "mx.example"},
	    {V("\n\tmx.example\r\n ; none"), "mx.example"},
	    {V("(a (b) \\)) mx.example (c); none"), "mx.example"},
	    {V("\"mx.example\"; none"), "mx.example"},
	    {V("\"mx\\.ex\r\n ample\"; none"), "mx.ex ample"},
	    {V("mx.example 1; none"), "mx.example"},
	    {V("mx.example (v) 2 (x); none"), "mx.example"},
	    {V("b\xc3\xbc"
	       "cher.example; none"),
	     "b\xc3\xbc"
	     "cher.example"},
	    {V(""), NULL},
	    {V(";"), NULL},
	    {V("; none"), NULL},
	    {V("\"\"; none"), NULL},
	    {V("mx.example"), NULL},
	    {V("mx.example x; none"), NULL},
	    {V("mx.example 1x; none"), NULL},
	    {V("mx.example 1234567; none"), NULL},
	    {V("spf=pass smtp.mailfrom=mx.example; none"), NULL},
	    {V("mx@example; none"), NULL},
	    {V("mx\0.example; none"), NULL},
	    {V("mx.example\n; none"), NULL},
	    {V("mx.example; none\rX"), NULL},
	    {V("(mx.example; none"), NULL},
	    {V("\"mx.example; none"), NULL},
	    {V("\"mx.example\\"), NULL},
	};
	char huge[AUTHRES_ID_SIZE + 7] = "";

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (parse(rows[i].value, rows[i].len) != (rows[i].id != NULL))
			fail_msg("%s", rows[i].value);
		if (rows[i].id != NULL)
			assert_string_equal(parsed.id, rows[i].id);
	}
	memset(huge, 'a', AUTHRES_ID_SIZE);
	strcpy(huge + AUTHRES_ID_SIZE, "; none");
	assert_false(parse(huge, strlen(huge)));
	assert_true(parse(huge + 1, strlen(huge + 1)));
}

/* R40, R41, R42, R43 */
static void knows_fields_that_claim_to_be_ours(void **state)
{
	enum { NO = AUTHRES_NOT_OURS, OURS = AUTHRES_OURS, MAYBE = AUTHRES_MAYBE_OURS };
	static const struct {
		const char *value;
		size_t len;
		int claim;
	} rows[] = {
	    {V("mx.example; none"), OURS},
	    {V("MX.EXAMPLE; spf=pass"), OURS},
	    {V("\n mx.example\n ; spf=pass"), OURS},
	    {V("\"mx.example\"; spf=pass"), OURS},
	    {V("\"mx\\.example\"; spf=pass"), OURS},
	    {V("(x) mx.example (y) 1; spf=pass"), OURS},
	    {V("mx.example 2; spf=pass"), OURS},
	    {V("mx.example; this is not a result"), OURS},
	    /* others keep theirs, whatever they say about us */
	    {V("other.example; none"), NO},
	    {V("other.example; spf=pass smtp.mailfrom=mx.example"), NO},
	    {V("other.example; dkim=pass (mx.example; none) header.d=\"mx.example\""), NO},
	    {V("other.example; mx.example; spf=pass"), NO},
	    {V("sub.mx.example; none"), NO},
	    {V("evil-mx.example; none"), NO},
	    {V("mx.example.evil.example; none"), NO},
	    {V("mx.exampl; none"), NO},
	    {V("(hello) other.example; none"), NO},
	    {V("\"other.example\"; none"), NO},
	    {V("other.example 1; none"), NO},
	    {V("spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=a.example; dkim=none"), NO},
	    {V("b\xc3\xbc"
	       "cher.example; none"),
	     NO},
	    {V("other.example; dkim=pass header.i=\"b\xc3\xbc"
	       "cher@x.example\""),
	     NO},
	    {V("other.example; dkim=pass reason=\"100% good\""), NO},
	    {V(""), NO},
	    {V("none"), NO},
	    /* whatever else could be read as ours */
	    {V("other.example 2; none"), MAYBE},
	    {V("mx.example"), MAYBE},
	    {V("mx.example spf=pass"), MAYBE},
	    {V("mx.example, spf=pass"), MAYBE},
	    {V("mx.example: spf=pass"), MAYBE},
	    {V("mx.example/1; spf=pass"), MAYBE},
	    {V("mx.example 1x; spf=pass"), MAYBE},
	    {V("mx.example v1; spf=pass"), MAYBE},
	    {V("mx.example x; spf=pass"), MAYBE},
	    {V("x mx.example; spf=pass"), MAYBE},
	    {V("; mx.example; spf=pass"), MAYBE},
	    {V("=mx.example; spf=pass"), MAYBE},
	    {V("<mx.example>; spf=pass"), MAYBE},
	    {V("[mx.example]; spf=pass"), MAYBE},
	    {V("@mx.example; spf=pass"), MAYBE},
	    {V("mx.example.; spf=pass"), MAYBE},
	    {V("mx . example; spf=pass"), MAYBE},
	    {V("mx.\r\n example; spf=pass"), MAYBE},
	    {V("mx.ex(x)ample; spf=pass"), MAYBE},
	    {V("(mx.example) other.example; spf=pass"), MAYBE},
	    {V("(mx.example; spf=pass) other.example; none"), MAYBE},
	    {V("other.example (; mx.example); spf=pass"), MAYBE},
	    {V("(mx.example; spf=pass"), MAYBE},
	    {V("((x) mx.example; spf=pass"), MAYBE},
	    {V("\"mx.example; spf=pass"), MAYBE},
	    {V("\"mx.example \"; spf=pass"), MAYBE},
	    {V("\" mx.example\"; spf=pass"), MAYBE},
	    {V("\"other.example; mx.example\"; spf=pass"), MAYBE},
	    {V("mx.\"example\"; spf=pass"), MAYBE},
	    {V("'mx.example'; spf=pass"), MAYBE},
	    {V("*mx.example*; spf=pass"), MAYBE},
	    {V("mx.(x(y))example; spf=pass"), MAYBE},
	    {V("mx\\.example; spf=pass"), MAYBE},
	    {V("mx.example\0; spf=pass"), MAYBE},
	    {V("\0mx.example; spf=pass"), MAYBE},
	    {V("m\0x.example; spf=pass"), MAYBE},
	    {V("m\x01x.example; spf=pass"), MAYBE},
	    {V("\x7fmx.example; spf=pass"), MAYBE},
	    {V("\vmx.example; spf=pass"), MAYBE},
	    {V("other.example; none\nAuthentication-Results: mx.example; spf=pass"), MAYBE},
	    {V("other.example; none\rAuthentication-Results: mx.example; spf=pass"), MAYBE},
	    {V("mx%2eexample; spf=pass"), MAYBE},
	    {V("=?us-ascii?q?mx=2eexample?=; spf=pass"), MAYBE},
	    {V("=?us-ascii?b?bXguZXhhbXBsZQ==?=; spf=pass"), MAYBE},
	    {V("mx\xe3\x80\x82"
	       "example; spf=pass"),
	     MAYBE},					   /* ideographic full stop */
	    {V("\xef\xbd\x8dx.example; spf=pass"), MAYBE}, /* fullwidth m */
	    {V("m\xc2\xadx.example; spf=pass"), MAYBE},	   /* soft hyphen */
	    {V("\xa0mx.example; spf=pass"), MAYBE},
	    {V("\xc2\xa0mx.example; spf=pass"), MAYBE}, /* no-break space */
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *copy = exact_copy(rows[i].value, rows[i].len);
		int claim = (int)authres_claims(copy, rows[i].len, "mx.Example");

		if (claim != rows[i].claim)
			fail_msg("[%s] gave %d", rows[i].value, claim);
		free(copy);
	}
}

/* R42 */
static void u_labels_and_a_labels_are_the_same_name(void **state)
{
	static const char u[] = "b\xc3\xbc"
				"cher.example; none",
			  a[] = "xn--bcher-kva.example; none";

	assert_int_equal(authres_claims(u, sizeof(u) - 1, "xn--bcher-kva.example"),
			 AUTHRES_MAYBE_OURS);
	assert_int_equal(authres_claims(a, sizeof(a) - 1,
					"b\xc3\xbc"
					"cher.example"),
			 AUTHRES_MAYBE_OURS);
	assert_int_equal(authres_claims(u, sizeof(u) - 1,
					"b\xc3\xbc"
					"cher.example"),
			 AUTHRES_OURS);
	assert_int_equal(authres_claims(u, sizeof(u) - 1, "other.example"), AUTHRES_NOT_OURS);
}

static void finds_the_id_anywhere_in_a_huge_field(void **state)
{
	size_t len = 131072;
	char *text = malloc(len);

	assert_non_null(text);
	for (size_t at = 1; at + 12 < len; at += 997) {
		memset(text, 'a', len);
		text[0] = '(';
		memcpy(text + at, "mx.\n example", 12);
		assert_int_equal(authres_claims(text, len, "mx.example"), AUTHRES_MAYBE_OURS);
		memcpy(text + at, "mx.\n exempla", 12);
		assert_int_equal(authres_claims(text, len, "mx.example"), AUTHRES_NOT_OURS);
	}
	free(text);
}

/* R01, R22 */
static void parses_the_examples_of_rfc_8601(void **state)
{
	static const char one[] = " example.org 1; none";
	static const char two[] = " example.com;\r\n"
				  "          auth=pass (cram-md5) smtp.auth=sender@example.net;\r\n"
				  "          spf=pass smtp.mailfrom=example.net";
	static const char three[] =
	    "foo.example.net (foobar) 1 (baz);\r\n"
	    "    dkim (Because I like it) / 1 (One yay) = (wait for it) fail\r\n"
	    "      policy (A dot can go here) . (like that) expired\r\n"
	    "      (this surprised me) = (as I wasn't expecting it) 1362471462";
	static const char four[] = "example.com; dkim=pass reason=\"good signature\"\n"
				   "\theader.i=@mail-router.example.net; dkim=fail reason=bad\n"
				   "\theader.i=\"a b\"@newyork.example.com header.b=\"a/b+\"";

	assert_true(parse(one, sizeof(one) - 1));
	assert_string_equal(parsed.id, "example.org");
	assert_int_equal(parsed.version, 1);
	assert_int_equal(parsed.count, 0);
	assert_true(parse(two, sizeof(two) - 1));
	assert_int_equal(parsed.count, 2);
	assert_string_equal(parsed.result[0].method, "auth");
	assert_string_equal(parsed.result[0].property[0].value, "sender@example.net");
	assert_string_equal(parsed.result[1].property[0].property, "mailfrom");
	assert_true(parse(three, sizeof(three) - 1));
	assert_string_equal(parsed.result[0].result, "fail");
	assert_string_equal(parsed.result[0].property[0].property, "expired");
	assert_string_equal(parsed.result[0].property[0].value, "1362471462");
	assert_true(parse(four, sizeof(four) - 1));
	assert_string_equal(parsed.result[0].reason, "good signature");
	assert_string_equal(parsed.result[0].property[0].value, "@mail-router.example.net");
	assert_string_equal(parsed.result[1].reason, "bad");
	assert_string_equal(parsed.result[1].property[0].value, "\"a b\"@newyork.example.com");
	assert_string_equal(parsed.result[1].property[1].value, "a/b+");
}

static void refuses_what_the_grammar_does_not_know(void **state)
{
	static const char *const rows[] = {
	    "m",
	    "m;",
	    "m; ;",
	    "m; spf",
	    "m; spf=",
	    "m; spf=pass;",
	    "m; none; spf=pass",
	    "m; spf=pass; none",
	    "m; spf=pass x",
	    "m; spf=pass x.",
	    "m; spf=pass x.y",
	    "m; spf=pass x.y=",
	    "m; spf=pass x.y=a:b",
	    "m; spf=pass x.y=\"a",
	    "m; spf=pass x.y=a@b@c",
	    "m; spf=pass x.y=\"a\"b",
	    "m; spf/x=pass",
	    "m; spf=pass reason=a reason=b",
	    "m; spf=pass x.y=z reason=a",
	    "m; spf=pass (",
	    "m; sp_f=pass",
	    "m; spf=pass x.y=z\nw",
	    "m; spf=pass x.y=\"\x01\"",
	    "m; spf=passx.y=z",
	    "m 1 1; none",
	    "m; aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa=pass",
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (parse(rows[i], strlen(rows[i])))
			fail_msg("%s", rows[i]);
}

static void parsing_is_bounded(void **state)
{
	char text[20000] = "m";

	for (int i = 0; i < AUTHRES_MAX_RESULTS; i++)
		strcat(text, "; spf=pass");
	assert_true(parse(text, strlen(text)));
	strcat(text, "; spf=pass");
	assert_false(parse(text, strlen(text)));
	strcpy(text, "m; spf=pass");
	for (int i = 0; i < AUTHRES_MAX_PROPERTIES; i++)
		strcat(text, " a.b=c");
	assert_true(parse(text, strlen(text)));
	strcat(text, " a.b=c");
	assert_false(parse(text, strlen(text)));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(finds_the_id),
	    cmocka_unit_test(knows_fields_that_claim_to_be_ours),
	    cmocka_unit_test(u_labels_and_a_labels_are_the_same_name),
	    cmocka_unit_test(finds_the_id_anywhere_in_a_huge_field),
	    cmocka_unit_test(parses_the_examples_of_rfc_8601),
	    cmocka_unit_test(refuses_what_the_grammar_does_not_know),
	    cmocka_unit_test(parsing_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
