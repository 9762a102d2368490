/* test_include.c - the names of the files that an include asks for. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/include.h"
#include "support/test.h"

static void found(const char *from, const char *pattern, const char *expect)
{
	char names[1024] = "";
	struct include found;
	struct error why;

	if (!include_find(&found, from, pattern, &why))
		fail_msg("%s: %s", pattern, why.text);
	for (size_t i = 0; i < found.count; i++) {
		strcat(names, i > 0 ? " " : "");
		strcat(names, found.name[i]);
	}
	include_free(&found);
	assert_string_equal(names, expect);
}

static void a_name_is_relative_to_the_file_that_includes_it(void **state)
{
	found("/etc/alignd/alignd.conf", "rules/dmarc.conf", "/etc/alignd/rules/dmarc.conf");
	found("/etc/alignd/alignd.conf", "/srv/x.conf", "/srv/x.conf");
	found("alignd.conf", "x.conf", "x.conf");
	found("/etc/alignd/alignd.conf", "/nodir/*.conf", "");
}

static void a_pattern_matches_names_in_the_order_of_their_bytes(void **state)
{
	static const char *const files[] = {"b.conf", "B.conf",	      "10.conf",
					    "9.conf", ".hidden.conf", "x.conf.old"};
	char dir[] = "/tmp/alignd-test-XXXXXX", from[64], expect[256], path[64];

	assert_non_null(mkdtemp(dir));
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, files[i]);
		assert_int_equal(fclose(fopen(path, "w")), 0);
	}
	snprintf(from, sizeof(from), "%s/main", dir);
	snprintf(expect, sizeof(expect), "%s/10.conf %s/9.conf %s/B.conf %s/b.conf", dir, dir, dir,
		 dir);
	found(from, "*.conf", expect);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, files[i]);
		unlink(path);
	}
	rmdir(dir);
}

static void too_many_files_are_refused(void **state)
{
	char dir[] = "/tmp/alignd-test-XXXXXX", pattern[64], path[64];
	struct include names;
	struct error why;

	assert_non_null(mkdtemp(dir));
	for (int i = 0; i <= INCLUDE_MAX_FILES; i++) {
		snprintf(path, sizeof(path), "%s/%d", dir, i);
		assert_int_equal(fclose(fopen(path, "w")), 0);
	}
	snprintf(pattern, sizeof(pattern), "%s/*", dir);
	assert_false(include_find(&names, "", pattern, &why));
	assert_string_equal(why.text, "more than 200 files");
	for (int i = 0; i <= INCLUDE_MAX_FILES; i++) {
		snprintf(path, sizeof(path), "%s/%d", dir, i);
		unlink(path);
	}
	rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_name_is_relative_to_the_file_that_includes_it),
	    cmocka_unit_test(a_pattern_matches_names_in_the_order_of_their_bytes),
	    cmocka_unit_test(too_many_files_are_refused),
	};
	return cmocka_run_group_tests_name("include", tests, NULL, NULL);
}
