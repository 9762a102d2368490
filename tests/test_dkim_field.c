/* test_dkim_field.c - the tags of a signature field. */
#include <stdlib.h>
#include <string.h>

#include "check/dkim_field.h"
#include "support/test.h"

#define NOW 1700000000

/* Read from an exact-size block without a NUL; the tags are gone afterwards, the verdict stays. */
static void read_field(struct dkim_field *f, enum dkim_field_kind kind, const char *text)
{
	size_t len = strlen(text);
	char *copy = malloc(len > 0 ? len : 1);

	assert_non_null(copy);
	memcpy(copy, text, len);
	dkim_field_read(f, kind, copy, len, NOW);
	free(copy);
}

#define GOOD "v=1; a=rsa-sha256; d=example.org; s=sel; h=From:To; bh=AAAA; b=BBBB; "

/* K06, K08 */
static void reads_a_signature(void **state)
{
	static const char text[] =
	    " v=1; a=RSA-sha256; c=relaxed; q=dns/txt; i=joe@Sub.EXAMPLE.org;\r\n"
	    "\td=Example.ORG; s=B\xc3\xbc; l=17; t=1690000000; x=1800000000;\r\n"
	    " h=From : To\r\n\t: subject; z=a; bh=AA AA; b=BB\r\n BB;";
	char name[DKIM_KEY_NAME_SIZE];
	struct dkim_field f;

	dkim_field_read(&f, DKIM_FIELD_DKIM, text, strlen(text), NOW);
	assert_string_equal(f.reason, "");
	assert_int_equal(f.problem, DKIM_NONE);
	assert_string_equal(f.domain, "example.org");
	dkim_field_key_name(&f, name);
	assert_string_equal(name, "xn--b-eha._domainkey.example.org");
	assert_true(f.header_relaxed);
	assert_false(f.body_relaxed);
	assert_true(f.partial);
	assert_int_equal(f.body_length, 17);
	assert_true(f.identity_below);
	assert_true(dkim_field_signs(&f, "SUBJECT"));
	assert_false(dkim_field_signs(&f, "Subjec"));
	assert_int_equal(f.b.value_len, 7);
}

/* K01, K02, K03, K04, K05, K06, K16 */
static void says_what_is_wrong(void **state)
{
	static const struct {
		const char *text;
		enum dkim_result problem;
		const char *reason;
	} rows[] = {
	    {GOOD, DKIM_NONE, ""},
	    {"", DKIM_PERMERROR, "signature has no v="},
	    {"zork", DKIM_NEUTRAL, "signature has a syntax error"},
	    {GOOD "zork", DKIM_NEUTRAL, "signature has a syntax error"},
	    {GOOD ";", DKIM_NEUTRAL, "signature has a syntax error"},
	    {GOOD "zz=\x01", DKIM_NEUTRAL, "signature has a syntax error"},
	    {GOOD "d=evil.example", DKIM_NEUTRAL, "signature repeats a tag"},
	    {GOOD "zz=1; zz=1", DKIM_NEUTRAL, "signature repeats a tag"},
	    {"a=rsa-sha256; d=example.org; s=sel; h=From; bh=AAAA; b=BBBB", DKIM_PERMERROR,
	     "signature has no v="},
	    {"v=2; a=rsa-sha256; d=example.org; s=sel; h=From; bh=AAAA; b=BBBB", DKIM_PERMERROR,
	     "signature has an unknown version"},
	    {"v=01; a=rsa-sha256; d=example.org; s=sel; h=From; bh=AAAA; b=BBBB", DKIM_PERMERROR,
	     "signature has an unknown version"},
	    {"v=1; d=example.org; s=sel; h=From; bh=AAAA; b=BBBB", DKIM_PERMERROR,
	     "signature has no a="},
	    {"v=1; A=rsa-sha256; d=example.org; s=sel; h=From; bh=AAAA; b=BBBB", DKIM_PERMERROR,
	     "signature has no a="},
	    {"v=1; a=rsa-sha256; s=sel; h=From; bh=AAAA; b=BBBB", DKIM_PERMERROR,
	     "signature has no d="},
	    {"v=1; a=rsa-sha256; d=; s=sel; h=From; bh=AAAA; b=BBBB", DKIM_PERMERROR,
	     "signature has no d="},
	    {"v=1; a=rsa-sha256; d=example.org; h=From; bh=AAAA; b=BBBB", DKIM_PERMERROR,
	     "signature has no s="},
	    {"v=1; a=rsa-sha256; d=example.org; s=sel; bh=AAAA; b=BBBB", DKIM_PERMERROR,
	     "signature has no h="},
	    {"v=1; a=rsa-sha256; d=example.org; s=sel; h=From; b=BBBB", DKIM_PERMERROR,
	     "signature has no bh="},
	    {"v=1; a=rsa-sha256; d=example.org; s=sel; h=From; bh=AAAA; b=", DKIM_PERMERROR,
	     "signature has no b="},
	    {"v=1; a=rsa-sha1; d=example.org; s=sel; h=From; bh=AAAA; b=BBBB", DKIM_PERMERROR,
	     "rsa-sha1 is not accepted"},
	    {"v=1; a=rsa-sha512; d=example.org; s=sel; h=From; bh=AAAA; b=BBBB", DKIM_NEUTRAL,
	     "unknown signature algorithm"},
	    {"v=1; a=rsa-sha256; d=org; s=sel; h=From; bh=AAAA; b=BBBB", DKIM_PERMERROR,
	     "d= is not a domain name"},
	    {"v=1; a=rsa-sha256; d=example.org.; s=sel; h=From; bh=AAAA; b=BBBB", DKIM_PERMERROR,
	     "d= is not a domain name"},
	    {"v=1; a=rsa-sha256; d=example.org(.evil; s=sel; h=From; bh=AAAA; b=BBBB",
	     DKIM_PERMERROR, "d= is not a domain name"},
	    {"v=1; a=rsa-sha256; d=exam ple.org; s=sel; h=From; bh=AAAA; b=BBBB", DKIM_PERMERROR,
	     "d= is not a domain name"},
	    {"v=1; a=rsa-sha256; d=example.org; s=a b; h=From; bh=AAAA; b=BBBB", DKIM_PERMERROR,
	     "s= is not a selector"},
	    {"v=1; a=rsa-sha256; d=example.org; s=sel; h=To; bh=AAAA; b=BBBB", DKIM_PERMERROR,
	     "From is not signed"},
	    {"v=1; a=rsa-sha256; d=example.org; s=sel; h=xFrom:Fromx; bh=AAAA; b=BBBB",
	     DKIM_PERMERROR, "From is not signed"},
	    {GOOD "c=simple/nofws", DKIM_NEUTRAL, "unknown canonicalization"},
	    {GOOD "c=", DKIM_NEUTRAL, "unknown canonicalization"},
	    {GOOD "c=Relaxed/SIMPLE", DKIM_NONE, ""},
	    {GOOD "q=foo", DKIM_NEUTRAL, "unknown query method"},
	    {GOOD "q=dns", DKIM_NEUTRAL, "unknown query method"},
	    {GOOD "q=foo : dns/txt", DKIM_NONE, ""},
	    {GOOD "i=@example.org", DKIM_NONE, ""},
	    {GOOD "i=@a.example.org", DKIM_NONE, ""},
	    {GOOD "i=@example.net", DKIM_PERMERROR, "i= is not within d="},
	    {GOOD "i=@anexample.org", DKIM_PERMERROR, "i= is not within d="},
	    {GOOD "i=example.org", DKIM_PERMERROR, "i= is not within d="},
	    {GOOD "i=", DKIM_PERMERROR, "i= is not within d="},
	    {GOOD "i=a=40example.org", DKIM_NONE, ""},
	    {GOOD "i=@example.org=40evil.example", DKIM_PERMERROR, "i= is not within d="},
	    {GOOD "i=a=4", DKIM_NEUTRAL, "i= has a syntax error"},
	    {GOOD "i=a=4g@example.org", DKIM_NEUTRAL, "i= has a syntax error"},
	    {GOOD "l=0", DKIM_NONE, ""},
	    {GOOD "l=", DKIM_NEUTRAL, "l= is not a number"},
	    {GOOD "l=-1", DKIM_NEUTRAL, "l= is not a number"},
	    {GOOD "l=1x", DKIM_NEUTRAL, "l= is not a number"},
	    {GOOD "l=9223372036854775808", DKIM_PERMERROR, "l= is beyond the body"},
	    {GOOD "l=18446744073709551614", DKIM_PERMERROR, "l= is beyond the body"},
	    {GOOD "l=99999999999999999999999999999999999999999999", DKIM_PERMERROR,
	     "l= is beyond the body"},
	    {GOOD "t=1800000000", DKIM_NONE, ""},
	    {GOOD "t=18446744073709551616", DKIM_NONE, ""},
	    {GOOD "t=x", DKIM_NEUTRAL, "t= is not a number"},
	    {GOOD "x=1699999800", DKIM_NONE, ""},
	    {GOOD "x=1699999600", DKIM_PERMERROR, "signature expired"},
	    {GOOD "x=0", DKIM_PERMERROR, "signature expired"},
	    {GOOD "x=18446744073709551616", DKIM_NONE, ""},
	    {GOOD "x=abc", DKIM_NEUTRAL, "x= is not a number"},
	    {GOOD "t=1600000000; x=1600000000", DKIM_PERMERROR,
	     "signature expires before it was made"},
	    {GOOD "foo=bar; r=y", DKIM_NONE, ""},
	};
	struct dkim_field f;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		read_field(&f, DKIM_FIELD_DKIM, rows[i].text);
		if (f.problem != rows[i].problem || strcmp(f.reason, rows[i].reason) != 0)
			fail_msg("%s: %s, %s", rows[i].text, dkim_result_name(f.problem), f.reason);
	}
}

static void bounds_the_signed_names(void **state)
{
	char text[20000];
	struct dkim_field f;
	size_t n;

	strcpy(text, GOOD);
	n = (size_t)(strstr(text, "h=") - text) + 2;
	strcpy(text + n, "From");
	for (n += 4; n < 2000; n += 5)
		strcpy(text + n, ":From");
	strcpy(text + n, "; bh=AAAA; b=BBBB");
	read_field(&f, DKIM_FIELD_DKIM, text);
	assert_string_equal(f.reason, "h= is too long");
	memset(text + n - 1000, ':', 1000); /* empty names are searched through as well */
	read_field(&f, DKIM_FIELD_DKIM, text);
	assert_string_equal(f.reason, "h= is too long");
	memset(text + 100, 'x', 5000);
	strcpy(text + 5100, "; bh=AAAA; b=BBBB");
	read_field(&f, DKIM_FIELD_DKIM, text);
	assert_string_equal(f.reason, "h= is too long");
}

/* R52 */
static void reads_arc_fields(void **state)
{
	static const struct {
		enum dkim_field_kind kind;
		const char *text, *reason;
		unsigned instance;
	} rows[] = {
	    {DKIM_FIELD_ARC_MESSAGE, "i=1; a=rsa-sha256; d=example.org; s=sel; h=From; bh=AA; b=BB",
	     "", 1},
	    {DKIM_FIELD_ARC_MESSAGE,
	     "v=9; i=50; a=rsa-sha256; d=example.org; s=sel; h=From; bh=AA; b=BB", "", 50},
	    {DKIM_FIELD_ARC_MESSAGE,
	     "i=51; a=rsa-sha256; d=example.org; s=sel; h=From; bh=AA; b=BB",
	     "i= is not an instance", 0},
	    {DKIM_FIELD_ARC_MESSAGE,
	     "i=1; a=rsa-sha256; d=example.org; s=sel; h=From:arc-seal; bh=AA; b=BB",
	     "ARC-Seal is signed", 1},
	    {DKIM_FIELD_ARC_SEAL, "i=2; cv=pass; a=rsa-sha256; d=example.org; s=sel; t=1; b=BB", "",
	     2},
	    {DKIM_FIELD_ARC_SEAL, "i=01; cv=pass; a=rsa-sha256; d=example.org; s=sel; b=BB",
	     "i= is not an instance", 0},
	    {DKIM_FIELD_ARC_SEAL, "cv=pass; a=rsa-sha256; d=example.org; s=sel; b=BB",
	     "i= is not an instance", 0},
	    {DKIM_FIELD_ARC_SEAL, "i=1; cv=none; a=rsa-sha256; d=example.org; s=sel; h=From; b=BB",
	     "seal has h=", 1},
	};
	struct dkim_field f;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		read_field(&f, rows[i].kind, rows[i].text);
		assert_string_equal(f.reason, rows[i].reason);
		assert_int_equal(f.instance, rows[i].instance);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reads_a_signature),
	    cmocka_unit_test(says_what_is_wrong),
	    cmocka_unit_test(bounds_the_signed_names),
	    cmocka_unit_test(reads_arc_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
