/* test_mime.c - text of our own mails. */
#include <string.h>

#include "mail/mime.h"
#include "support/test.h"

static void writes_base64(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
		const char *text;
	} rows[] = {
	    {"", 0, ""},
	    {"f", 1, "Zg==\r\n"},
	    {"fo", 2, "Zm8=\r\n"},
	    {"foo", 3, "Zm9v\r\n"},
	    {"foob", 4, "Zm9vYg==\r\n"},
	    {"\xff\x00\xfb", 3, "/wD7\r\n"},
	};
	char bytes[115];
	struct strbuf b;

	strbuf_init(&b, 1000);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		strbuf_reset(&b);
		mime_base64(&b, rows[i].bytes, rows[i].n);
		assert_string_equal(strbuf_text(&b), rows[i].text);
	}
	memset(bytes, 0, sizeof(bytes));
	strbuf_reset(&b);
	mime_base64(&b, bytes, 114); /* two full lines, no empty one behind */
	assert_int_equal(b.len, 2 * 78);
	assert_memory_equal(strbuf_text(&b) + 76, "\r\n", 2);
	strbuf_reset(&b);
	mime_base64(&b, bytes, 115);
	assert_string_equal(strbuf_text(&b) + 2 * 78, "AA==\r\n");
	strbuf_free(&b);
}

static void folds_header_fields_at_blanks(void **state)
{
	static const struct {
		const char *value, *text;
	} rows[] = {
	    {"", "X:\r\n"},
	    {"a", "X: a\r\n"},
	    {"  a  b ", "X: a  b\r\n"},
	    {"   ", "X:\r\n"},
	    {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
	     "X: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\r\n"},
	    {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb c",
	     "X: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb "
	     "c\r\n"},
	};
	struct strbuf b;

	strbuf_init(&b, 1000);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		strbuf_reset(&b);
		mime_header(&b, "X", rows[i].value);
		assert_true(strbuf_ok(&b));
		assert_string_equal(strbuf_text(&b), rows[i].text);
	}
	strbuf_free(&b);
}

static void refuses_what_could_break_a_header(void **state)
{
	static const struct {
		const char *name, *value;
	} rows[] = {
	    {"X", "a\nb"}, {"X", "a\r\nBcc: b"}, {"X", "a\tb"}, {"X", "\xc3\xa4"}, {"X", "a\x7f"},
	    {"X Y", "a"},  {"X:", "a"},		 {"", "a"},	{"X\n", "a"},
	};
	char value[1200];
	struct strbuf b;

	strbuf_init(&b, 5000);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		strbuf_reset(&b);
		mime_header(&b, rows[i].name, rows[i].value);
		assert_false(strbuf_ok(&b));
	}
	memset(value, 'a', sizeof(value));
	value[995] = '\0';
	strbuf_reset(&b);
	mime_header(&b, "X", value); /* "X: " and 995 */
	assert_true(strbuf_ok(&b));
	value[995] = 'a';
	value[996] = '\0';
	mime_header(&b, "X", value);
	assert_false(strbuf_ok(&b));
	strbuf_free(&b);
}

static void quotes(void **state)
{
	struct strbuf b;

	strbuf_init(&b, 100);
	mime_quoted(&b, "a\"b\\c d");
	assert_string_equal(strbuf_text(&b), "\"a\\\"b\\\\c d\"");
	mime_quoted(&b, "a\nb");
	assert_false(strbuf_ok(&b));
	strbuf_free(&b);
}

static void makes_boundaries(void **state)
{
	char boundary[MIME_BOUNDARY_SIZE], id[200];

	mime_boundary("2026-01.Ab@x.example!", boundary);
	assert_string_equal(boundary, "=_2026-01.Ab_x.example_");
	memset(id, 'a', sizeof(id));
	id[199] = '\0';
	mime_boundary(id, boundary);
	assert_int_equal(strlen(boundary), MIME_BOUNDARY_SIZE - 1);
}

static void writes_a_message(void **state)
{
	static const struct mime_header headers[] = {{"From", "r@mx.example"},
						     {"Subject", "Report"}};
	struct mime_part parts[] = {
	    {.type = "text/plain; charset=us-ascii", .bytes = "Hello,\nworld.\r\nEnd", .len = 18},
	    {.type = "application/gzip",
	     .filename = "a!b.xml.gz",
	     .bytes = "foo",
	     .len = 3,
	     .base64 = true},
	};
	struct mime_message m = {headers, 2, "mixed", "id1", parts, 2};
	struct strbuf b;

	strbuf_init(&b, 10000);
	assert_true(mime_write(&b, &m));
	assert_string_equal(strbuf_text(&b),
			    "From: r@mx.example\r\n"
			    "Subject: Report\r\n"
			    "MIME-Version: 1.0\r\n"
			    "Content-Type: multipart/mixed;\r\n boundary=\"=_id1\"\r\n"
			    "\r\n--=_id1\r\n"
			    "Content-Type: text/plain; charset=us-ascii\r\n"
			    "Content-Transfer-Encoding: 7bit\r\n"
			    "\r\n"
			    "Hello,\r\nworld.\r\nEnd\r\n"
			    "\r\n--=_id1\r\n"
			    "Content-Type: application/gzip\r\n"
			    "Content-Disposition: attachment; filename=\"a!b.xml.gz\"\r\n"
			    "Content-Transfer-Encoding: base64\r\n"
			    "\r\n"
			    "Zm9v\r\n"
			    "\r\n--=_id1--\r\n");
	strbuf_free(&b);
}

static void refuses_parts_that_are_not_what_they_say(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *type, *filename;
	} rows[] = {
	    {"a\0b", 3, "text/plain", NULL},	   {"\xc3\xa4", 2, "text/plain", NULL},
	    {"a\rb", 3, "text/plain", NULL},	   {"--=_id1", 7, "text/plain", NULL},
	    {"ok", 2, "text/plain\r\nX: y", NULL}, {"ok", 2, "text/plain", "a\nb"},
	};
	char line[1000];
	struct mime_part part = {.type = "text/plain", .bytes = line, .len = 998};
	struct mime_message m = {NULL, 0, "mixed", "id1", &part, 1};
	struct strbuf b;

	strbuf_init(&b, 10000);
	memset(line, 'a', sizeof(line));
	assert_true(mime_write(&b, &m));
	part.len = 999;
	assert_false(mime_write(&b, &m));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		part = (struct mime_part){.type = rows[i].type,
					  .filename = rows[i].filename,
					  .bytes = rows[i].bytes,
					  .len = rows[i].len};
		strbuf_reset(&b);
		assert_false(mime_write(&b, &m));
	}
	part = (struct mime_part){.type = "text/plain"};
	strbuf_reset(&b);
	assert_true(mime_write(&b, &m)); /* an empty part is fine */
	m.subtype = "mixed\r\nX: y";
	assert_false(mime_write(&b, &m));
	m.subtype = "mixed";
	m.part_count = 0;
	strbuf_reset(&b);
	assert_false(mime_write(&b, &m));
	strbuf_free(&b);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(writes_base64),
	    cmocka_unit_test(folds_header_fields_at_blanks),
	    cmocka_unit_test(refuses_what_could_break_a_header),
	    cmocka_unit_test(quotes),
	    cmocka_unit_test(makes_boundaries),
	    cmocka_unit_test(writes_a_message),
	    cmocka_unit_test(refuses_parts_that_are_not_what_they_say),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
