/* test_dmarc_record.c - DMARC policy records. Rows name the duty they check (RFC 9989 receiver
 * duties D..). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check/dmarc_record.h"
#include "support/test.h"

/* Parse a copy that ends where the text ends, so that a checker sees a read beyond it. */
static bool parse_bytes(const void *text, size_t len, struct dmarc_record *r)
{
	char *copy = malloc(len > 0 ? len : 1);
	bool is;

	assert_non_null(copy);
	memcpy(copy, text, len);
	is = dmarc_record_parse(copy, len, r);
	free(copy);
	return is;
}

static bool parse(const char *text, struct dmarc_record *r)
{
	return parse_bytes(text, strlen(text), r);
}

/* The record in one line: "p=reject sp=none s=dkim,spf t psd=y fo=1:d". */
static const char *shown(const struct dmarc_record *r, char text_r[160])
{
	static const char *const policy[] = {"none", "quarantine", "reject"};
	static const char *const psd[] = {"u", "y", "n"};
	size_t n;

	if (!r->valid)
		return strcpy(text_r, "invalid");
	n = (size_t)sprintf(text_r, "p=%s", policy[r->p]);
	if (r->has_sp)
		n += (size_t)sprintf(text_r + n, " sp=%s", policy[r->sp]);
	if (r->has_np)
		n += (size_t)sprintf(text_r + n, " np=%s", policy[r->np]);
	n += (size_t)sprintf(text_r + n, "%s%s%s", r->strict_dkim ? " adkim" : "",
			     r->strict_spf ? " aspf" : "", r->testing ? " t" : "");
	if (r->psd != PSD_UNKNOWN)
		n += (size_t)sprintf(text_r + n, " psd=%s", psd[r->psd]);
	if (strcmp(r->fo, "0") != 0)
		sprintf(text_r + n, " fo=%s", r->fo);
	return text_r;
}

static void knows_its_records_by_the_version(void **state)
{
	static const struct {
		const char *duty, *text;
		bool is;
	} rows[] = {
	    {"D11 plain", "v=DMARC1; p=none", true},
	    {"D11 alone", "v=DMARC1", true},
	    {"D11 with its semicolon", "v=DMARC1;", true},
	    {"D11 blanks", "v = DMARC1 ; p=none", true},
	    {"D11 tab", "v\t=\tDMARC1\t;p=none", true},
	    {"D11 the ABNF takes V", "V=DMARC1; p=none", true},
	    {"D11 value in lower case", "v=dmarc1; p=none", false},
	    {"D11 value in mixed case", "v=Dmarc1; p=none", false},
	    {"D11 not first", "p=none; v=DMARC1", false},
	    {"D11 behind an empty element", ";v=DMARC1; p=none", false},
	    {"D11 behind junk", "vv; v=DMARC1; p=none", false},
	    {"D11 behind a blank", " v=DMARC1; p=none", false},
	    {"D11 longer version", "v=DMARC10; p=none", false},
	    {"D11 later version", "v=DMARC2; p=none", false},
	    {"D11 no separator", "v=DMARC1p=none", false},
	    {"D11 comma for a separator", "v=DMARC1, p=none", false},
	    {"D11 empty version", "v=; p=none", false},
	    {"D11 another tag", "vv=DMARC1; p=none", false},
	    {"D12 SPF", "v=spf1 -all", false},
	    {"D12 empty", "", false},
	    {"D12 text", "DMARC1", false},
	};
	struct dmarc_record r;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (parse(rows[i].text, &r) != rows[i].is)
			fail_msg("%s: %s", rows[i].duty, rows[i].text);
	assert_false(dmarc_record_parse(NULL, 0, &r));
	assert_false(parse_bytes("v=DMARC1\0; p=none", 17, &r));
}

/* F04 and F20 by the rows of fo and rf. */
static void reads_tags_and_drops_what_is_wrong(void **state)
{
	static const struct {
		const char *duty, *text, *shown;
	} rows[] = {
	    {"D30 order is free", "v=DMARC1; adkim=s; sp=none; p=reject", "p=reject sp=none adkim"},
	    {"D30 white space", "v=DMARC1;p =\treject ; \t sp= none;", "p=reject sp=none"},
	    {"D30 no space", "v=DMARC1;p=reject;np=none;psd=n;t=y", "p=reject np=none t psd=n"},
	    {"D30 unknown tags", "v=DMARC1; p=reject; x=1; foo=bar; _=2", "p=reject"},
	    {"D30 trailing ;", "v=DMARC1; p=reject;  ; ", "p=reject"},
	    {"D30 no tag at all", "v=DMARC1; p=reject; bogus", "p=reject"},
	    {"D30 tag without name", "v=DMARC1; =none; p=reject", "p=reject"},
	    {"D30 tag name in upper case", "v=DMARC1; P=none; p=reject", "p=reject"},
	    {"D31 t", "v=DMARC1; p=reject; t=x", "p=reject"},
	    {"D31 t empty", "v=DMARC1; p=reject; t=", "p=reject"},
	    {"D31 psd", "v=DMARC1; p=reject; psd=yes", "p=reject"},
	    {"D31 psd=u", "v=DMARC1; p=reject; psd=u", "p=reject"},
	    {"D31 adkim, aspf", "v=DMARC1; p=reject; adkim=strict; aspf=x", "p=reject"},
	    {"D31 fo", "v=DMARC1; p=reject; fo=2", "p=reject"},
	    {"D31 fo of 0 and 1", "v=DMARC1; p=reject; fo=0:1", "p=reject"},
	    {"D31 fo twice d", "v=DMARC1; p=reject; fo=d:d", "p=reject"},
	    {"D31 fo ending in :", "v=DMARC1; p=reject; fo=1:", "p=reject"},
	    {"D31 fo with a bad member", "v=DMARC1; p=reject; fo=1:x", "p=reject"},
	    {"D31 fo by commas", "v=DMARC1; p=reject; fo=1,d", "p=reject"},
	    {"D31 fo empty", "v=DMARC1; p=reject; fo=", "p=reject"},
	    {"D31 fo too long", "v=DMARC1; p=reject; fo=1:d:s:1:d:s:1:d:s:1", "p=reject"},
	    {"D31 fo good", "v=DMARC1; p=reject; fo=s:1:d", "p=reject fo=1:d:s"},
	    {"D31 fo single", "v=DMARC1; p=reject; fo=d", "p=reject fo=d"},
	    {"D31 fo blanks and case", "v=DMARC1; p=reject; fo=1 : S", "p=reject fo=1:s"},
	    {"D34 historic tags", "v=DMARC1; p=reject; pct=0; rf=iodef; ri=1", "p=reject"},
	    {"D34 historic and wrong", "v=DMARC1; p=reject; pct=abc; ri=-1", "p=reject"},
	    {"D36 case of policies", "v=DMARC1; p=REJECT; sp=Quarantine; np=nOnE",
	     "p=reject sp=quarantine np=none"},
	    {"D36 case of letters", "v=DMARC1; p=none; adkim=S; aspf=S; t=Y; psd=N",
	     "p=none adkim aspf t psd=n"},
	    {"D36 no prefix", "v=DMARC1; p=rej", "invalid"},
	    {"repeated p: the first", "v=DMARC1; p=reject; p=none", "p=reject"},
	    {"repeated sp: the first", "v=DMARC1; p=none; sp=reject; sp=x", "p=none sp=reject"},
	    {"repeated t: the first", "v=DMARC1; p=none; t=n; t=y", "p=none"},
	    {"repeated fo: the first", "v=DMARC1; p=none; fo=1; fo=d", "p=none fo=1"},
	    {"two records in one", "v=DMARC1; p=reject; v=DMARC1; p=none", "p=reject"},
	};
	char text[160];
	struct dmarc_record r;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_true(parse(rows[i].text, &r));
		if (strcmp(shown(&r, text), rows[i].shown) != 0)
			fail_msg("%s: %s: %s", rows[i].duty, rows[i].text, text);
	}
}

static void falls_back_to_none_for_those_who_want_reports(void **state)
{
	static const struct {
		const char *duty, *text, *shown, *error;
	} rows[] = {
	    {"D32 wrong p", "v=DMARC1; p=rejct; rua=mailto:a@example.com", "p=none",
	     "no valid p: taken as p=none"},
	    {"D32 wrong p, no rua", "v=DMARC1; p=rejct", "invalid", "no valid p: no policy"},
	    {"D32 wrong p, ruf only", "v=DMARC1; p=rejct; ruf=mailto:a@example.com", "invalid",
	     "no valid p: no policy"},
	    {"D32 wrong sp", "v=DMARC1; p=reject; sp=x; rua=mailto:a@example.com", "p=none",
	     "no valid sp: taken as p=none"},
	    {"D32 empty sp", "v=DMARC1; p=reject; sp=; rua=mailto:a@example.com", "p=none",
	     "no valid sp: taken as p=none"},
	    {"D32 wrong np", "v=DMARC1; p=reject; sp=none; np=no; rua=mailto:a@example.com",
	     "p=none", "no valid np: taken as p=none"},
	    {"D32 wrong np, no rua", "v=DMARC1; p=reject; np=no", "invalid",
	     "no valid np: no policy"},
	    {"D32 one good URI of two", "v=DMARC1; p=x; rua=a@example.com, mailto:a@example.com",
	     "p=none", "no valid p: taken as p=none"},
	    {"D32 rua without scheme", "v=DMARC1; p=x; rua=a@example.com", "invalid",
	     "no valid p: no policy"},
	    {"D32 empty rua", "v=DMARC1; p=x; rua=", "invalid", "no valid p: no policy"},
	    {"D32 the second rua does not count", "v=DMARC1; p=x; rua=; rua=mailto:a@example.com",
	     "invalid", "no valid p: no policy"},
	    {"D32 other tags stay", "v=DMARC1; rua=mailto:a@example.com; psd=y; adkim=s",
	     "p=none adkim psd=y", "no valid p: taken as p=none"},
	    {"D33 no p", "v=DMARC1; rua=mailto:a@example.com", "p=none",
	     "no valid p: taken as p=none"},
	    {"D33 no p, no rua", "v=DMARC1; sp=reject", "invalid", "no valid p: no policy"},
	    {"D31 is told", "v=DMARC1; p=none; adkim=x", "p=none",
	     "adkim: value not allowed, default used"},
	    {"a repeated tag is told", "v=DMARC1; p=none; p=none", "p=none",
	     "p: repeated, the first counts"},
	    {"junk is told", "v=DMARC1; p=none; junk", "p=none",
	     "record: holds something that is no tag"},
	    {"a wrong rua is told", "v=DMARC1; p=none; rua=a@example.com", "p=none",
	     "rua: holds no or a wrong URI"},
	    {"nothing to tell", "v=DMARC1; p=none; rua=mailto:a@example.com!10m; pct=100;",
	     "p=none", ""},
	};
	char text[160];
	struct dmarc_record r;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_true(parse(rows[i].text, &r));
		if (strcmp(shown(&r, text), rows[i].shown) != 0 ||
		    strcmp(r.error, rows[i].error) != 0)
			fail_msg("%s: %s, '%s'", rows[i].duty, text, r.error);
	}
}

static void keeps_report_addresses(void **state)
{
	static const struct {
		const char *text, *rua, *ruf;
	} rows[] = {
	    {"v=DMARC1; p=none", "", ""},
	    {"v=DMARC1; p=none; rua=mailto:a@b.example", "mailto:a@b.example", ""},
	    {"v=DMARC1; p=none; ruf=mailto:a@b.example!10m", "", "mailto:a@b.example!10m"},
	    {"v=DMARC1; p=none; rua= mailto:a@b.example ,\tmailto:c@d.example ;ruf=x",
	     "mailto:a@b.example,mailto:c@d.example", "x"},
	    {"v=DMARC1; p=none; rua=,,mailto:a@b.example,,", "mailto:a@b.example", ""},
	    {"v=DMARC1; p=none; rua=mailto:a @b.example,https://r.example/d", "https://r.example/d",
	     ""},
	    {"v=DMARC1; p=none; rua=mailto:\xc3\xa9@b.example,mailto:c@d.example",
	     "mailto:c@d.example", ""},
	    {"v=DMARC1; p=none; rua=mailto:a@b.example; rua=mailto:c@d.example",
	     "mailto:a@b.example", ""},
	    {"v=DMARC1; p=none; rua=mailto:a=b@c.example?subject=x",
	     "mailto:a=b@c.example?subject=x", ""},
	};
	struct dmarc_record r;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_true(parse(rows[i].text, &r));
		assert_string_equal(r.rua, rows[i].rua);
		assert_string_equal(r.ruf, rows[i].ruf);
	}
}

static void cuts_long_lists_at_a_comma(void **state)
{
	char text[8192] = "v=DMARC1; p=none; rua=";
	struct dmarc_record r;
	size_t n = strlen(text);

	for (int i = 0; i < 200; i++)
		n += (size_t)sprintf(text + n, "%smailto:r%03d@b.example", i > 0 ? "," : "", i);
	assert_true(parse(text, &r));
	assert_true(r.valid);
	/* 21 bytes each and the commas: 93 fit below 2048. */
	assert_int_equal(strlen(r.rua), 93 * 22 - 1);
	assert_string_equal(r.rua + strlen(r.rua) - 21, "mailto:r092@b.example");
	assert_string_equal(r.error, "rua: holds no or a wrong URI");

	strcpy(text, "v=DMARC1; p=none; rua=mailto:");
	memset(text + 29, 'a', 3000);
	strcpy(text + 3029, "@b.example,mailto:c@d.example");
	assert_true(parse(text, &r));
	assert_string_equal(r.rua, "");
}

static void judges_uris(void **state)
{
	static const struct {
		const char *uri;
		bool valid;
	} rows[] = {
	    {"mailto:d@example.com", true},
	    {"MAILTO:d@example.com", true},
	    {"mailto:d+x=y@b\xc3\xbc"
	     "cher.example",
	     false},
	    {"mailto:%22a%20b%22@example.com", true},
	    {"mailto:a@example.com?subject=x", true},
	    {"mailto:a@example.com!10m", true}, /* D35 */
	    {"mailto:a@example.com!10", true},
	    {"mailto:a@example.com!5T", true},
	    {"mailto:a@example.com!", false},
	    {"mailto:a@example.com!m", false},
	    {"mailto:a@example.com!10mb", false},
	    {"mailto:a@example.com!10x", false},
	    {"mailto:a!b@example.com", false},
	    {"mailto:a@example.com!1!2", false},
	    {"https://example.com/report", true},
	    {"https://example.com/r!1g", true},
	    {"x-y+z.1:a", true},
	    {"mailto:", false},
	    {"mailto:example.com", false},
	    {"mailto:@example.com", false},
	    {"mailto:a@", false},
	    {"mailto:a@b..c", false},
	    {"mailto:a@?b@example.com", false},
	    {"mailto:a@[192.0.2.1]", false},
	    {"mailto:a%4@example.com", false},
	    {"mailto:a%zz@example.com", false},
	    {"mailto:a@example.com%", false},
	    {"https://example.com/%4", false},
	    {"mailto:a,b@example.com", false},
	    {"mailto:a b@example.com", false},
	    {"mailto:<a@example.com>", false},
	    {"mailto:a\"b@example.com", false},
	    {"a@example.com", false},
	    {"1x:a", false},
	    {":a", false},
	    {"!10m", false},
	    {"10m", false},
	    {"", false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		size_t len = strlen(rows[i].uri);
		char *copy = malloc(len > 0 ? len : 1);

		assert_non_null(copy);
		memcpy(copy, rows[i].uri, len);
		if (dmarc_uri_valid(copy, len) != rows[i].valid)
			fail_msg("%s", rows[i].uri);
		free(copy);
	}
	assert_false(dmarc_uri_valid("mailto:a\0@example.com", 21));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(knows_its_records_by_the_version),
	    cmocka_unit_test(reads_tags_and_drops_what_is_wrong),
	    cmocka_unit_test(falls_back_to_none_for_those_who_want_reports),
	    cmocka_unit_test(keeps_report_addresses),
	    cmocka_unit_test(cuts_long_lists_at_a_comma),
	    cmocka_unit_test(judges_uris),
	};
	return cmocka_run_group_tests_name("dmarc_record", tests, NULL, NULL);
}
