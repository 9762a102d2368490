/* test_dmarc_psl.c - organizational domains by the Public Suffix List. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/domain.h"
#include "check/dmarc_psl.h"
#include "support/test.h"

static void finds_one_label_more_than_the_suffix(void **state)
{
	static const struct {
		const char *name, *org;
	} rows[] = {
	    {"example.com", "example.com"},
	    {"a.b.example.com", "example.com"},
	    {"x.com", "x.com"},
	    {"com", "com"},
	    {"co.uk", "co.uk"},
	    {"bank.co.uk", "bank.co.uk"},
	    {"q.bank.co.uk", "bank.co.uk"},
	    {"bank.uk", "bank.uk"},
	    {"github.io", "github.io"},
	    {"me.github.io", "me.github.io"},
	    {"www.me.github.io", "me.github.io"},
	    {"bb.kawasaki.jp", "bb.kawasaki.jp"},
	    {"yy.bb.kawasaki.jp", "yy.bb.kawasaki.jp"},
	    {"zz.yy.bb.kawasaki.jp", "yy.bb.kawasaki.jp"},
	    {"city.kawasaki.jp", "city.kawasaki.jp"},
	    {"www.city.kawasaki.jp", "city.kawasaki.jp"},
	    {"example.unlisted", "example.unlisted"},
	    {"a.example.unlisted", "example.unlisted"},
	    {"unlisted", "unlisted"},
	    {"a.b.xn--55qx5d.cn", "b.xn--55qx5d.cn"},
	    {"_x.example.com", "example.com"},
	};
	struct error why = {""};
	struct dmarc_psl *p = dmarc_psl_new("tests/data/dmarc_psl/list.dat", &why);

	assert_non_null(p);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *org = dmarc_psl_org(p, rows[i].name);

		if (strcmp(org, rows[i].org) != 0)
			fail_msg("%s: %s", rows[i].name, org);
		assert_true(org >= rows[i].name && org <= rows[i].name + strlen(rows[i].name));
	}
	dmarc_psl_free(p);
	dmarc_psl_free(NULL);
}

/* The list's own vectors, publicsuffix.org tests/tests.txt (CC0), against the list of the system:
 * "name expected", where "null" says that the name is a suffix or no name. */
static void agrees_with_the_vectors_of_the_list(void **state)
{
	struct dmarc_psl *p = dmarc_psl_new("/usr/share/publicsuffix/public_suffix_list.dat", NULL);
	FILE *vectors = fopen("tests/data/dmarc_psl/vectors.txt", "r");
	char line[200], text[100], expected[100], name[DOMAIN_SIZE], want[DOMAIN_SIZE];
	size_t tried = 0;

	assert_non_null(p);
	assert_non_null(vectors);
	while (fgets(line, sizeof(line), vectors) != NULL) {
		bool valid;

		if (line[0] == '/' || sscanf(line, "%99s %99s", text, expected) != 2)
			continue;
		tried++;
		valid = domain_normal(text, strlen(text), name);
		if (strcmp(expected, "null") == 0) {
			if (valid && strcmp(dmarc_psl_org(p, name), name) != 0)
				fail_msg("%s: %s, not null", text, dmarc_psl_org(p, name));
			continue;
		}
		assert_true(valid);
		assert_true(domain_normal(expected, strlen(expected), want));
		if (strcmp(dmarc_psl_org(p, name), want) != 0)
			fail_msg("%s: %s, not %s", text, dmarc_psl_org(p, name), want);
	}
	assert_int_equal(tried, 78);
	fclose(vectors);
	dmarc_psl_free(p);
}

static void says_why_a_list_cannot_be_loaded(void **state)
{
	char path[] = "/tmp/alignd-psl-XXXXXX";
	struct error why = {""};
	int fd = mkstemp(path);

	assert_null(dmarc_psl_new("/nonexistent/list", &why));
	assert_string_equal(why.text, "/nonexistent/list: cannot be read as a public suffix list");
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "// nothing\n", 11), 11);
	close(fd);
	assert_null(dmarc_psl_new(path, &why));
	assert_non_null(strstr(why.text, "no public suffix in it"));
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(finds_one_label_more_than_the_suffix),
	    cmocka_unit_test(agrees_with_the_vectors_of_the_list),
	    cmocka_unit_test(says_why_a_list_cannot_be_loaded),
	};
	return cmocka_run_group_tests_name("dmarc_psl", tests, NULL, NULL);
}
