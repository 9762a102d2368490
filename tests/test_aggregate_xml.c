/* test_aggregate_xml.c - the document: valid by our schemas, escaped, the same again. */
#include <libxml/parser.h>
#include <libxml/relaxng.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/aggregate_xml.h"
#include "support/sample_report.h"
#include "support/store_place.h"
#include "support/test.h"

#define DATA "tests/data/aggregate/"

static char *xml_of(const struct aggregate *a, enum aggregate_format format)
{
	struct strbuf b;
	char *text;

	strbuf_init(&b, 1 << 24);
	assert_true(aggregate_xml_write(&b, a, format));
	text = strbuf_take(&b);
	assert_non_null(text);
	return text;
}

static void assert_valid(const char *text, const char *schema)
{
	xmlRelaxNGParserCtxtPtr reader = xmlRelaxNGNewParserCtxt(schema);
	xmlRelaxNGPtr rules = xmlRelaxNGParse(reader);
	xmlRelaxNGValidCtxtPtr judge;
	xmlDocPtr doc = xmlReadMemory(text, (int)strlen(text), "report.xml", NULL, XML_PARSE_NONET);

	assert_non_null(rules);
	assert_non_null(doc);
	judge = xmlRelaxNGNewValidCtxt(rules);
	assert_int_equal(xmlRelaxNGValidateDoc(judge, doc), 0);
	xmlRelaxNGFreeValidCtxt(judge);
	xmlRelaxNGFree(rules);
	xmlRelaxNGFreeParserCtxt(reader);
	xmlFreeDoc(doc);
}

static char *read_file(const char *path)
{
	FILE *f = fopen(path, "r");
	char *text = calloc(1, 65536);

	assert_non_null(f);
	assert_true(fread(text, 1, 65535, f) > 0);
	fclose(f);
	return text;
}

/* By the schema A10, A11, A12, A14, A16, A17, A18, A21, A22, A25 and A72; the bytes by the file.
 * ALIGND_WRITE_EXPECTED=1 writes the file anew. */
static void assert_document(enum aggregate_format format, const char *schema, const char *file)
{
	struct aggregate *a = sample_report();
	char *text = xml_of(a, format), *again = xml_of(a, format), *wanted;

	assert_string_equal(text, again);
	assert_valid(text, schema);
	if (getenv("ALIGND_WRITE_EXPECTED") != NULL) {
		FILE *f = fopen(file, "w");

		fputs(text, f);
		fclose(f);
	}
	wanted = read_file(file);
	assert_string_equal(text, wanted);
	free(wanted);
	free(again);
	free(text);
	aggregate_free(a);
}

static void writes_rfc9990(void **state)
{
	assert_document(AGGREGATE_RFC9990, DATA "rfc9990.rng", DATA "sample.xml");
}

static void writes_rfc7489(void **state)
{
	assert_document(AGGREGATE_RFC7489, DATA "rfc7489.rng", DATA "sample-rfc7489.xml");
}

static void assert_contains(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("no %s in:\n%s", part, text);
}

/* A28: escaped, and what XML 1.0 forbids dropped. */
static void survives_any_text(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
	    {"a<b>&\"c'", "a&lt;b&gt;&amp;&quot;c'"},
	    {"x]]><!-- y", "x]]&gt;&lt;!-- y"},
	    {"\x01\x02 a\x1f\x7f", "\x20"
				   "a\x7f"},
	    {"b\xc3\xbc"
	     "cher \xe2\x82\xac \xf0\x9f\x93\xa7",
	     "b\xc3\xbc"
	     "cher \xe2\x82\xac \xf0\x9f\x93\xa7"},
	    {"\xc3", ""},
	    {"\xc3(", "("},
	    {"\xff\xfe"
	     "a",
	     "a"},
	    {"\xc0\x80z", "z"},
	    {"\xed\xa0\x80z", "z"},
	    {"\xef\xbf\xbfz", "z"},
	    {"\xf4\x90\x80\x80z", "z"},
	    {"\xe2\x82", ""},
	    {"\xf0\x80\x80\x80z", "z"},
	};
	char wanted[200];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct store_policy p = sample_policy();
		struct store_record r = sample_record();
		struct aggregate *a = aggregate_new(&p);
		xmlDocPtr doc;
		char *text;

		r.row.comment = r.row.dkim[0].human_result = r.row.header_from = rows[i].in;
		assert_true(aggregate_add(a, &r));
		text = xml_of(a, AGGREGATE_RFC9990);
		snprintf(wanted, sizeof(wanted), "<header_from>%s</header_from>", rows[i].out);
		assert_contains(text, wanted);
		doc = xmlReadMemory(text, (int)strlen(text), "report.xml", NULL, XML_PARSE_NONET);
		assert_non_null(doc);
		xmlFreeDoc(doc);
		free(text);
		aggregate_free(a);
	}
}

/* A15: how a broken record was taken; and what was left out. */
static void says_what_is_missing(void **state)
{
	struct aggregate *a = sample_report();
	char *text;

	aggregate_cut(a, 1);
	text = xml_of(a, AGGREGATE_RFC9990);
	assert_contains(text, "<error>bad np; 2 records of 3 messages left out for size</error>");
	free(text);
	aggregate_free(a);
}

/* A06: no report without a record. */
static void writes_nothing_without_records_or_room(void **state)
{
	struct store_policy p = sample_policy();
	struct aggregate *empty = aggregate_new(&p), *a = sample_report();
	struct strbuf b;

	strbuf_init(&b, 1 << 20);
	assert_false(aggregate_xml_write(&b, empty, AGGREGATE_RFC9990));
	strbuf_free(&b);
	strbuf_init(&b, 500);
	assert_false(aggregate_xml_write(&b, a, AGGREGATE_RFC9990));
	strbuf_free(&b);
	aggregate_free(empty);
	aggregate_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(writes_rfc9990),
	    cmocka_unit_test(writes_rfc7489),
	    cmocka_unit_test(survives_any_text),
	    cmocka_unit_test(says_what_is_missing),
	    cmocka_unit_test(writes_nothing_without_records_or_room),
	};
	return cmocka_run_group_tests_name("aggregate_xml", tests, NULL, NULL);
}
