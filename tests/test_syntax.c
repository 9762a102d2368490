/* test_syntax.c - the grammar of the configuration file, statement by statement. */
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "config/syntax.h"
#include "support/test.h"

/* All statements as one line each: "3 mode = monitor", "3 list = { a | b }", "3 rule r", "4 }", "5
 * ! error". */
static void read_all(const char *text, struct strbuf *out)
{
	size_t len = strlen(text);
	char *copy = malloc(len > 0 ? len : 1);
	const struct statement *st;
	struct syntax *s;

	assert_non_null(copy);
	memcpy(copy, text, len);
	s = syntax_new(copy, len);
	assert_non_null(s);
	while ((st = syntax_next(s))->kind != STATEMENT_END) {
		strbuf_addf(out, "%u%s ", st->line,
			    st->in_rule && st->kind == STATEMENT_SET ? "r" : "");
		if (st->kind == STATEMENT_ERROR)
			strbuf_addf(out, "! %s%s", st->in_rule ? "(in rule) " : "", st->error.text);
		else if (st->kind == STATEMENT_RULE_END)
			strbuf_add(out, "}");
		else
			strbuf_add(out, st->kind == STATEMENT_RULE	? "rule"
					: st->kind == STATEMENT_INCLUDE ? "include"
									: st->key);
		if (st->kind == STATEMENT_SET)
			strbuf_add(out, st->is_list ? " = {" : " =");
		for (size_t i = 0; st->kind != STATEMENT_ERROR && i < st->count; i++)
			strbuf_addf(out, "%s %s", i > 0 ? " |" : "", st->value[i]);
		strbuf_add(out, st->kind == STATEMENT_SET && st->is_list ? " }\n" : "\n");
	}
	assert_int_equal(syntax_next(s)->kind, STATEMENT_END);
	syntax_free(s);
	free(copy);
}

static void assert_reads(const char *text, const char *statements)
{
	struct strbuf out;

	strbuf_init(&out, 4096);
	read_all(text, &out);
	assert_string_equal(strbuf_text(&out), statements);
	strbuf_free(&out);
}

static void reads_statements(void **state)
{
	static const struct {
		const char *text, *statements;
	} rows[] = {
	    {"", ""},
	    {"\n # only a comment", ""},
	    {"#", ""},
	    {"a = b", "1 a = b\n"},
	    {"a=b", "1 a = b\n"},
	    {"\n\na = b c = d", "3 a = b\n3 c = d\n"},
	    {"a = \"\"", "1 a = \n"},
	    {"a = \"b # { } = , c\"", "1 a = b # { } = , c\n"},
	    {"a = \"\\\"\\\\\"", "1 a = \"\\\n"},
	    {"a = b# x\n", "1 ! \"#\" inside a word: put the value in quotes\n"},
	    {"a = b # x\nc = d", "1 a = b\n2 c = d\n"},
	    {"a = {}", "1 a = { }\n"},
	    {"a = { b }", "1 a = { b }\n"},
	    {"a = {b,c}", "1 a = { b | c }\n"},
	    {"a = {\nb, # x\n\"c d\",\n}\ne = f", "1 a = { b | c d }\n5 e = f\n"},
	    {"include x", "1 include x\n"},
	    {"include \"x y\" a = b", "1 include x y\n1 a = b\n"},
	    {"rule r { a = b }", "1 rule r\n1r a = b\n1 }\n"},
	    {"rule \"r\"\n{\na = { b }\n}\nc = d", "1 rule r\n3r a = { b }\n4 }\n5 c = d\n"},
	    {"rule r {} rule s {}", "1 rule r\n1 }\n1 rule s\n1 }\n"},
	    {"rule r { a = b } include x", "1 rule r\n1r a = b\n1 }\n1 include x\n"},
	    {"a = b rule r { }", "1 a = b\n1 rule r\n1 }\n"},
	    {"rule = b", "1 rule = b\n"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_reads(rows[i].text, rows[i].statements);
}

/* One error a mistake, and what follows is read as it was meant. */
static void goes_on_after_an_error(void **state)
{
	static const struct {
		const char *text, *statements;
	} rows[] = {
	    {"a\nb = c", "1 ! = is missing after a\n2 b = c\n"},
	    {"a =\nb = c", "1 ! a has no value\n2 b = c\n"},
	    {"a = ; b = c\nd = e", "1 ! \";\" has to stand in quotes\n2 d = e\n"},
	    {"a = \"b\nc = d", "1 ! the quoted text is not closed on its line\n2 c = d\n"},
	    {"a = { b\nc = d", "1 ! the list that begins in line 1 is not closed by }\n2 c = d\n"},
	    {"a = { b c }\nd = e", "1 ! a comma is missing before c\n2 d = e\n"},
	    {"a = { b, { c }, d }\ne = f",
	     "1 ! a list inside the list that begins in line 1\n2 e = f\n"},
	    {"a = { ;,\n\"x\" }\nd = e", "1 ! \";\" has to stand in quotes\n3 d = e\n"},
	    {"rule r { a = b; }\nc = d",
	     "1 rule r\n1r a = b\n1 ! (in rule) \";\" has to stand in quotes\n1 }\n2 c = d\n"},
	    {"rule r { a b\nc = d }\ne = f",
	     "1 rule r\n1 ! (in rule) = is missing after a\n2r c = d\n2 }\n3 e = f\n"},
	    {"rule r { a = { ; } b = c }",
	     "1 rule r\n1 ! (in rule) \";\" has to stand in quotes\n1r b = c\n1 }\n"},
	    {"rule { a = b }\nc = d",
	     "1 ! (in rule) a rule needs a name: rule \"name\" { ... }\n1r a = b\n1 }\n2 c = d\n"},
	    {"rule r\na = b", "1 ! a rule is written rule \"name\" { ... }\n2 a = b\n"},
	    {"rule r {\na = b\nrule s { }", "1 rule r\n2r a = b\n3 ! the rule of line 1 is not "
					    "closed by } before this one\n3 rule s\n3 }\n"},
	    {"rule r {\ninclude x\na = b",
	     "1 rule r\n2 ! the rule of line 1 is not closed by } before include\n3 a = b\n"},
	    {"rule r {", "1 rule r\n1 ! this rule is not closed by }\n"},
	    {"} a = b\nc = d", "1 ! a } without its {\n2 c = d\n"},
	    {"a = b \"c\"\nd = e",
	     "1 ! a = b is followed by c: write the value in one piece, or in quotes\n2 d = e\n"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_reads(rows[i].text, rows[i].statements);
}

/* The values of a statement fit where they are kept, however tightly they stand. */
static void values_without_blanks_fit(void **state)
{
	struct strbuf out;

	strbuf_init(&out, 4096);
	read_all("a={b,c,\"\",\"\",d}e=f g=\"\"", &out);
	assert_string_equal(strbuf_text(&out), "1 a = { b | c |  |  | d }\n1 e = f\n1 g = \n");
	strbuf_free(&out);
}

static void lists_have_a_bound(void **state)
{
	struct strbuf text, out;

	strbuf_init(&text, 100000);
	strbuf_init(&out, 100000);
	strbuf_add(&text, "a = { ");
	for (int i = 0; i <= SYNTAX_MAX_VALUES; i++)
		strbuf_add(&text, "b,");
	strbuf_add(&text, "}\nc = d");
	read_all(strbuf_text(&text), &out);
	assert_string_equal(strbuf_text(&out), "1 ! a list of more than 10000 values\n2 c = d\n");
	strbuf_free(&text);
	strbuf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reads_statements),
	    cmocka_unit_test(goes_on_after_an_error),
	    cmocka_unit_test(values_without_blanks_fit),
	    cmocka_unit_test(lists_have_a_bound),
	};
	return cmocka_run_group_tests_name("syntax", tests, NULL, NULL);
}
