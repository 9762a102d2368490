/* test_report_uri.c - where reports may go, and where they must not. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "report/report_uri.h"
#include "support/fake_resolver.h"
#include "support/test.h"

/* The addresses of a list with blanks between. The text ends where its heap block ends. */
static const char *parsed(const char *text, struct report_addresses *a)
{
	static char out[2000];
	size_t len = strlen(text);
	char *block = malloc(len + 1);

	memcpy(block, text, len);
	block = realloc(block, len > 0 ? len : 1);
	report_uri_parse(block, len, a);
	free(block);
	out[0] = '\0';
	for (size_t i = 0; i < a->count; i++)
		snprintf(out + strlen(out), sizeof(out) - strlen(out), "%s%s", i > 0 ? " " : "",
			 a->address[i].text);
	return out;
}

/* A01, A43, A50 */
static void reads_mail_addresses_and_ignores_the_rest(void **state)
{
	static const struct {
		const char *list, *addresses;
	} rows[] = {
	    {"mailto:r@a.example", "r@a.example"},
	    {"mailto:r@a.example,mailto:s@b.example", "r@a.example s@b.example"},
	    {" MAILTO:r+x@A.Example. ,\tmailto:r+x@a.example", "r+x@a.example"},
	    {"mailto:r@a.example!10m,mailto:s@b.example!5", "r@a.example s@b.example"},
	    {"mailto:r@a.example?subject=x", "r@a.example"},
	    {"mailto:a%2Bb@a.example,mailto:c%40a.example", "a+b@a.example c@a.example"},
	    {"mailto:r@b\xc3\xbc"
	     "cher.example",
	     "r@xn--bcher-kva.example"},
	    {"https://a.example/r,mailto:r@a.example", "r@a.example"},
	    {"sip:some@a.example,xmailto:r@a.example", ""},
	    {"", ""},
	    {",", ""},
	    {"mailto:", ""},
	    {"mailto:0", ""},
	    {"r@a.example", ""},
	    {"mailto:@a.example", ""},
	    {"mailto:r@", ""},
	    {"mailto:r@localhost", ""},
	    {"mailto:r@192.0.2.1", ""},
	    {"mailto:r@[192.0.2.1]", ""},
	    {"mailto:\"r s\"@a.example", ""},
	    {"mailto:r s@a.example", ""},
	    {"mailto:.r@a.example", ""},
	    {"mailto:r.@a.example", ""},
	    {"mailto:r..s@a.example", ""},
	    {"mailto:-r@a.example", ""},
	    {"mailto:r%0d%0aRCPT%20TO:x@a.example", ""},
	    {"mailto:r%00@a.example", ""},
	    {"mailto:r%4@a.example", ""},
	    {"mailto:r%zz@a.example", ""},
	    {"mailto:r%", ""},
	    {"mailto:a@b@a.example", ""},
	    {"mailto:|x@a.example", ""},
	    {"mailto:x%25y@a.example", ""},
	    {"mailto:<r@a.example>", ""},
	    {"mailto:r@a_b.example", ""},
	};
	struct report_addresses a;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_string_equal(parsed(rows[i].list, &a), rows[i].addresses);
}

static void bounds_addresses_and_their_number(void **state)
{
	struct report_addresses a;
	char text[1000] = "mailto:";

	memset(text + 7, 'x', REPORT_LOCAL_MAX);
	strcpy(text + 7 + REPORT_LOCAL_MAX, "@a.example");
	parsed(text, &a);
	assert_int_equal(a.count, 1);
	strcpy(text + 7 + REPORT_LOCAL_MAX, "x@a.example");
	parsed(text, &a);
	assert_int_equal(a.count, 0);
	text[0] = '\0';
	for (int i = 0; i < 20; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "mailto:r%d@a.example,",
			 i);
	parsed(text, &a);
	assert_int_equal(a.count, REPORT_MAX_ADDRESSES);
	assert_string_equal(a.address[0].text, "r0@a.example");
}

struct dns {
	struct resolver *resolver;
	struct lookups *lookups;
};

static struct dns dns_new(void)
{
	struct dns d = {.resolver = fake_resolver_new()};

	d.lookups = fake_lookups(d.resolver, 20);
	return d;
}

static void dns_free(struct dns *d)
{
	lookups_free(d->lookups);
	resolver_free(d->resolver);
}

static enum report_permission verify(struct dns *d, const char *domain, const char *uri,
				     const char **addresses_r)
{
	struct report_addresses wanted, allowed = {.count = 0};
	static char out[500];
	enum report_permission p;

	report_uri_parse(uri, strlen(uri), &wanted);
	assert_int_equal(wanted.count, 1);
	p = report_uri_verify(d->lookups, NULL, domain, &wanted.address[0], &allowed);
	out[0] = '\0';
	for (size_t i = 0; i < allowed.count; i++)
		snprintf(out + strlen(out), sizeof(out) - strlen(out), "%s ",
			 allowed.address[i].text);
	*addresses_r = out;
	return p;
}

/* A51: inside the organization nothing is asked of the destination; A52, A53 and A55 outside. */
static void asks_destinations_outside_the_organization(void **state)
{
	static const char name[] = "blue.a.example._report._dmarc.red.b.example";
	static const struct {
		const char *what, *uri, *txt, *second;
		enum report_permission permission;
		const char *addresses;
	} rows[] = {
	    {"the domain itself", "mailto:r@blue.a.example", NULL, NULL, REPORT_ALLOWED,
	     "r@blue.a.example "},
	    {"its organization", "mailto:r@x.a.example", NULL, NULL, REPORT_ALLOWED,
	     "r@x.a.example "},
	    {"no record", "mailto:r@red.b.example", NULL, NULL, REPORT_FORBIDDEN, ""},
	    {"yes", "mailto:r@red.b.example", "v=DMARC1", NULL, REPORT_ALLOWED, "r@red.b.example "},
	    {"yes;", "mailto:r@red.b.example", "v=DMARC1;", NULL, REPORT_ALLOWED,
	     "r@red.b.example "},
	    {"with p", "mailto:r@red.b.example", "v=DMARC1; p=none", NULL, REPORT_ALLOWED,
	     "r@red.b.example "},
	    {"another record", "mailto:r@red.b.example", "v=spf1 -all", NULL, REPORT_FORBIDDEN, ""},
	    {"v not first", "mailto:r@red.b.example", "p=none; v=DMARC1", NULL, REPORT_FORBIDDEN,
	     ""},
	    {"v wrong", "mailto:r@red.b.example", "v=DMARC2", NULL, REPORT_FORBIDDEN, ""},
	    {"one of two", "mailto:r@red.b.example", "junk", "v=DMARC1", REPORT_ALLOWED,
	     "r@red.b.example "},
	    {"two", "mailto:r@red.b.example", "v=DMARC1", "v=DMARC1;", REPORT_ALLOWED,
	     "r@red.b.example "},
	    {"other address", "mailto:r@red.b.example", "v=DMARC1; rua=mailto:s@red.b.example",
	     NULL, REPORT_ALLOWED, "s@red.b.example "},
	    {"other addresses", "mailto:r@red.b.example",
	     "v=DMARC1; rua=mailto:s@red.b.example,mailto:t@red.b.example", NULL, REPORT_ALLOWED,
	     "s@red.b.example t@red.b.example "},
	    {"other host", "mailto:r@red.b.example", "v=DMARC1; rua=mailto:s@c.example", NULL,
	     REPORT_FORBIDDEN, ""},
	    {"a host of the same organization", "mailto:r@red.b.example",
	     "v=DMARC1; rua=mailto:s@b.example", NULL, REPORT_FORBIDDEN, ""},
	    {"other host too", "mailto:r@red.b.example", "v=DMARC1; rua=mailto:s@red.b.example",
	     "v=DMARC1; rua=mailto:s@c.example", REPORT_FORBIDDEN, ""},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct dns d = dns_new();
		const char *addresses;

		fake_resolver_add(d.resolver, "_dmarc.a.example", DNS_TXT, "v=DMARC1; p=none");
		fake_resolver_add(d.resolver, "_dmarc.b.example", DNS_TXT, "v=DMARC1; p=none");
		if (rows[i].txt != NULL)
			fake_resolver_add(d.resolver, name, DNS_TXT, rows[i].txt);
		if (rows[i].second != NULL)
			fake_resolver_add(d.resolver, name, DNS_TXT, rows[i].second);
		if (verify(&d, "blue.a.example", rows[i].uri, &addresses) != rows[i].permission ||
		    strcmp(addresses, rows[i].addresses) != 0)
			fail_msg("%s: \"%s\"", rows[i].what, addresses);
		assert_int_equal(fake_resolver_asked(d.resolver, name, DNS_TXT) > 0,
				 strstr(rows[i].uri, "red") != NULL);
		/* A54: a wildcard answers the one question; it is none itself. */
		assert_int_equal(
		    fake_resolver_asked(d.resolver, "*._report._dmarc.red.b.example", DNS_TXT), 0);
		dns_free(&d);
	}
}

/* A56: a failure is neither yes nor no. */
static void puts_off_what_the_dns_cannot_say_now(void **state)
{
	static const struct {
		const char *name;
		enum dns_status status;
	} rows[] = {
	    {"a.example._report._dmarc.b.example", DNS_SERVFAIL},
	    {"a.example._report._dmarc.b.example", DNS_TIMEOUT},
	    {"a.example._report._dmarc.b.example", DNS_BOGUS},
	    {"_dmarc.b.example", DNS_SERVFAIL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct dns d = dns_new();
		const char *addresses;

		fake_resolver_add(d.resolver, "a.example._report._dmarc.b.example", DNS_TXT,
				  "v=DMARC1");
		fake_resolver_add(d.resolver, "_dmarc.a.example", DNS_TXT, "v=DMARC1; p=none");
		fake_resolver_fail(d.resolver, rows[i].name, DNS_TXT, rows[i].status);
		assert_int_equal(verify(&d, "a.example", "mailto:r@b.example", &addresses),
				 REPORT_LATER);
		assert_string_equal(addresses, "");
		dns_free(&d);
	}
}

/* A50: each of several destinations may name others in its place; all together stay bounded. */
static void bounds_what_destinations_name_in_their_place(void **state)
{
	struct dns d = dns_new();
	struct report_addresses wanted, allowed = {.count = 0};
	const char *uri = "mailto:r@b.example,mailto:r@c.example";
	char record[400] = "v=DMARC1; rua=";

	for (int i = 0; i < REPORT_MAX_ADDRESSES - 1; i++)
		sprintf(record + strlen(record), "mailto:%d@b.example,", i);
	fake_resolver_add(d.resolver, "a.example._report._dmarc.b.example", DNS_TXT, record);
	for (char *at = record; (at = strstr(at, "@b.")) != NULL;)
		at[1] = 'c';
	fake_resolver_add(d.resolver, "a.example._report._dmarc.c.example", DNS_TXT, record);
	report_uri_parse(uri, strlen(uri), &wanted);
	assert_int_equal(wanted.count, 2);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(
		    report_uri_verify(d.lookups, NULL, "a.example", &wanted.address[i], &allowed),
		    REPORT_ALLOWED);
	assert_int_equal(allowed.count, REPORT_MAX_ADDRESSES);
	assert_string_equal(allowed.address[0].text, "0@b.example");
	assert_string_equal(allowed.address[REPORT_MAX_ADDRESSES - 1].text, "0@c.example");
	dns_free(&d);
}

/* A52: a name the DNS cannot hold is no permission. */
static void refuses_names_that_cannot_be_asked(void **state)
{
	struct dns d = dns_new();
	char domain[DOMAIN_SIZE], name[2 * DOMAIN_SIZE];
	const char *addresses;

	memset(domain, 'a', sizeof(domain));
	for (size_t i = 60; i < 240; i += 61)
		domain[i] = '.';
	strcpy(domain + 232, ".example");
	assert_int_equal(verify(&d, domain, "mailto:r@b.example", &addresses), REPORT_FORBIDDEN);
	snprintf(name, sizeof(name), "%s._report._dmarc.b.example", domain);
	assert_int_equal(fake_resolver_asked(d.resolver, name, DNS_TXT), 0);
	dns_free(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reads_mail_addresses_and_ignores_the_rest),
	    cmocka_unit_test(bounds_addresses_and_their_number),
	    cmocka_unit_test(asks_destinations_outside_the_organization),
	    cmocka_unit_test(puts_off_what_the_dns_cannot_say_now),
	    cmocka_unit_test(bounds_what_destinations_name_in_their_place),
	    cmocka_unit_test(refuses_names_that_cannot_be_asked),
	};
	return cmocka_run_group_tests_name("report_uri", tests, NULL, NULL);
}
