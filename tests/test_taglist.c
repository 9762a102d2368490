/* test_taglist.c - tag=value lists. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mail/taglist.h"
#include "support/test.h"

#define V(text) text, sizeof(text) - 1

/* The tags of an exact-size copy as "name=value|name=value"; true if the list was bad. */
static bool read_list(const char *text, size_t len, char *joined_r)
{
	char *copy = malloc(len > 0 ? len : 1);
	struct taglist t;
	struct tag tag;

	assert_non_null(copy);
	memcpy(copy, text, len);
	joined_r[0] = '\0';
	taglist_start(&t, copy, len);
	while (taglist_next(&t, &tag))
		sprintf(joined_r + strlen(joined_r), "%s%.*s=%.*s", joined_r[0] != '\0' ? "|" : "",
			(int)tag.name_len, tag.name, (int)tag.value_len, tag.value);
	assert_false(taglist_next(&t, &tag));
	free(copy);
	return t.bad;
}

static void reads_lists_of_every_shape(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		const char *joined;
		bool bad;
	} rows[] = {
	    {V(""), "", false},
	    {V("  "), "", false},
	    {V("v=DMARC1"), "v=DMARC1", false},
	    {V("v=DMARC1;"), "v=DMARC1", false},
	    {V("v=DMARC1 ; \t"), "v=DMARC1", false},
	    {V("v=DMARC1; p=none"), "v=DMARC1|p=none", false},
	    {V(" v = DMARC1 ;\tp\t=\tnone ; "), "v=DMARC1|p=none", false},
	    {V("v=1; a=rsa-sha256;\r\n\tb=AB\r\n CD=="), "v=1|a=rsa-sha256|b=AB\r\n CD==", false},
	    {V("p="), "p=", false},
	    {V("p= ;s="), "p=|s=", false},
	    {V("a=b=c"), "a=b=c", false},
	    {V("A=x;a=y;a=z"), "A=x|a=y|a=z", false},
	    {V("a_1=x"), "a_1=x", false},
	    {V("i=j\xc3\xbc@x.example"), "i=j\xc3\xbc@x.example", false},
	    /* what is no tag is passed over */
	    {V(";"), "", true},
	    {V(";;"), "", true},
	    {V("v=1;;p=x"), "v=1|p=x", true},
	    {V("v=1; ;p=x;"), "v=1|p=x", true},
	    {V(";v=1"), "v=1", true},
	    {V("v=1;;"), "v=1", true},
	    {V("v=1; junk; p=x"), "v=1|p=x", true},
	    {V("v=1; =x; p=x"), "v=1|p=x", true},
	    {V("v=1; 1a=x"), "v=1", true},
	    {V("v=1; _a=x"), "v=1", true},
	    {V("v=1; a b=x"), "v=1", true},
	    {V("v=1; a-b=x"), "v=1", true},
	    {V("v=1; a\0=x"), "v=1", true},
	    {V("\xef\xbb\xbfv=1"), "", true},
	    /* odd bytes in values */
	    {V("v=a\x01"
	       "b"),
	     "v=a\x01"
	     "b",
	     true},
	    {V("v=a\x7f"), "v=a\x7f", true},
	    {V("v=a\xff"), "v=a\xff", true},
	    {V("v=a\v;p=x"), "v=a\v|p=x", true},
	};
	char joined[256];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		bool bad = read_list(rows[i].text, rows[i].len, joined);

		if (bad != rows[i].bad || strcmp(joined, rows[i].joined) != 0)
			fail_msg("[%s] gave [%s], bad=%d", rows[i].text, joined, bad);
	}
}

static void a_nul_stays_inside_its_value(void **state)
{
	static const char text[] = "p=reject\0; t=y";
	struct taglist t;
	struct tag tag;
	char buf[32];

	taglist_start(&t, text, sizeof(text) - 1);
	assert_true(taglist_next(&t, &tag));
	assert_int_equal(tag.value_len, 7);
	assert_false(tag_value_is(&tag, "reject"));
	assert_false(tag_value_is_nocase(&tag, "reject"));
	assert_false(tag_value_squeeze(&tag, buf, sizeof(buf)));
	assert_string_equal(buf, "");
	assert_true(t.bad);
	assert_true(taglist_next(&t, &tag));
	assert_true(tag_value_is(&tag, "y"));
}

static void tells_repeated_names(void **state)
{
	char *many = calloc(1, 400000);
	size_t n = 0;

	assert_false(taglist_repeats("", 0));
	assert_false(taglist_repeats("a=1;A=2;b=3", 11));
	assert_true(taglist_repeats("a=1;b=2;a=1", 11));
	assert_false(taglist_repeats("a=1;aa=2", 8));
	assert_non_null(many);
	for (int i = 0; i < 64; i++)
		n += (size_t)sprintf(many + n, "t%d=x;", i);
	assert_false(taglist_repeats(many, n));
	for (int i = 64; i < 20000; i++)
		n += (size_t)sprintf(many + n, "t%d=x;", i);
	assert_true(taglist_repeats(many, n));
	free(many);
}

static void compares_whole_names_and_values(void **state)
{
	static const char text[] = "v=ReJect";
	struct taglist t;
	struct tag tag;

	taglist_start(&t, text, sizeof(text) - 1);
	assert_true(taglist_next(&t, &tag));
	assert_true(tag_named(&tag, "v"));
	assert_false(tag_named(&tag, "V"));
	assert_false(tag_named(&tag, "vv"));
	assert_false(tag_named(&tag, ""));
	assert_true(tag_value_is(&tag, "ReJect"));
	assert_false(tag_value_is(&tag, "reject"));
	assert_true(tag_value_is_nocase(&tag, "reject"));
	assert_false(tag_value_is_nocase(&tag, "rejec"));
}

static void copies_values_that_fit(void **state)
{
	static const char text[] = "b=AB\r\n C D==\t";
	struct taglist t;
	struct tag tag;
	char fits[7];

	taglist_start(&t, text, sizeof(text) - 1);
	assert_true(taglist_next(&t, &tag));
	assert_true(tag_value_squeeze(&tag, fits, sizeof(fits)));
	assert_string_equal(fits, "ABCD==");
	assert_false(tag_value_squeeze(&tag, fits, sizeof(fits) - 1));
	assert_string_equal(fits, "");
}

static void reads_the_words_between_colons(void **state)
{
	static const struct {
		const char *list;
		size_t words;
		bool has_from;
	} rows[] = {
	    {"h=from", 1, true},     {"h=From:To", 2, true}, {"h= to :\r\n\tFROM ", 2, true},
	    {"h=::from::", 1, true}, {"h=fro:m", 2, false},  {"h=from to", 1, false},
	    {"h=", 0, false},	     {"h=: :", 0, false},    {"h=fromm", 1, false},
	};
	struct tag none = {.name = NULL};

	assert_false(tag_has_word(&none, ""));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *at = NULL, *word;
		struct taglist t;
		struct tag tag;
		size_t n = 0, len;

		taglist_start(&t, rows[i].list, strlen(rows[i].list));
		assert_true(taglist_next(&t, &tag));
		while (tag_next_word(&tag, &at, &word, &len))
			n++;
		if (n != rows[i].words || tag_has_word(&tag, "from") != rows[i].has_from)
			fail_msg("row %zu: %zu words", i, n);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reads_lists_of_every_shape),
	    cmocka_unit_test(a_nul_stays_inside_its_value),
	    cmocka_unit_test(tells_repeated_names),
	    cmocka_unit_test(compares_whole_names_and_values),
	    cmocka_unit_test(copies_values_that_fit),
	    cmocka_unit_test(reads_the_words_between_colons),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
