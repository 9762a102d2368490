/* test_authres_write.c - Authentication-Results as they are written, whatever the values hold; what
 * is written is read back by the strict parser. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "mail/authres_write.h"
#include "support/test.h"

static struct authres parsed; /* too large for a stack */

static bool parse(const char *text, size_t len)
{
	return authres_parse(text, len, &parsed);
}

/* R01, R02, R10 */
static void writes_a_field(void **state)
{
	struct authres_writer w;
	struct strbuf b;

	strbuf_init(&b, 10000);
	authres_start(&w, &b, "mx.example.org");
	authres_method(&w, "iprev", "pass");
	authres_property(&w, "policy", "iprev", "2001:db8::1");
	authres_method(&w, "spf", "fail");
	authres_reason(&w, "-all matched");
	authres_property(&w, "smtp", "mailfrom", "x.example");
	authres_property(&w, "smtp", "helo", "");
	authres_property(&w, "smtp", "rcptto", NULL);
	authres_method(&w, "dmarc", "pass");
	authres_comment(&w, "p=reject dis=none");
	authres_comment(&w, NULL);
	authres_reason(&w, "");
	authres_property(&w, "header", "from", "x.example");
	assert_true(authres_finish(&w));
	assert_string_equal(strbuf_text(&b),
			    "mx.example.org;\n"
			    "\tiprev=pass policy.iprev=\"2001:db8::1\";\n"
			    "\tspf=fail reason=\"-all matched\" smtp.mailfrom=x.example;\n"
			    "\tdmarc=pass (p=reject dis=none) header.from=x.example");
	strbuf_free(&b);
}

/* R03 */
static void writes_none(void **state)
{
	struct authres_writer w;
	struct strbuf b;

	strbuf_init(&b, 100);
	authres_start(&w, &b, "mx.example.org");
	assert_true(authres_finish(&w));
	assert_string_equal(strbuf_text(&b), "mx.example.org; none");
	assert_true(parse(strbuf_text(&b), b.len));
	assert_int_equal(parsed.count, 0);
	strbuf_free(&b);
}

/* One property of this value; the text after '='. */
static const char *write_one(struct strbuf *b, const char *value)
{
	struct authres_writer w;

	strbuf_reset(b);
	authres_start(&w, b, "m");
	authres_method(&w, "dkim", "pass");
	authres_property(&w, "header", "i", value);
	assert_true(authres_finish(&w));
	return strstr(strbuf_text(b), "header.i=") + 9;
}

/* R04, R05, R06 */
static void quotes_what_is_no_token(void **state)
{
	static const struct {
		const char *value, *text;
	} rows[] = {
	    {"x.example", "x.example"},
	    {"192.0.2.1", "192.0.2.1"},
	    {"@x.example", "@x.example"},
	    {"a.b+c=d@x.example", "a.b+c=d@x.example"},
	    {"\"a b\"@x.example", "\"a b\"@x.example"},
	    {"a b@x.example", "\"a b@x.example\""},
	    {"a@b@x.example", "\"a@b@x.example\""},
	    {"a@x..example", "\"a@x..example\""},
	    {"a.@x.example", "\"a.@x.example\""},
	    {"a@", "\"a@\""},
	    {"ab/c+d==", "\"ab/c+d==\""},
	    {"a;b", "\"a;b\""},
	    {"a\"b\\c", "\"a\\\"b\\\\c\""},
	    {"\"a\"b\"@x.example", "\"\\\"a\\\"b\\\"@x.example\""},
	    {"a\r\nX: y", "\"a??X: y\""},
	    {"a\tb\x7f\x01", "\"a?b??\""},
	    {"b\xc3\xbc"
	     "cher.example",
	     "\"b??cher.example\""},
	    {"\xc2\x9b", "\"??\""},
	};
	struct strbuf b;

	strbuf_init(&b, 10000);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_string_equal(write_one(&b, rows[i].value), rows[i].text);
	strbuf_free(&b);
}

/* R06 */
static void a_cut_is_visible(void **state)
{
	char value[600], want[AUTHRES_VALUE_SIZE + 2];
	struct strbuf b;

	strbuf_init(&b, 10000);
	memset(value, 'a', sizeof(value));
	value[AUTHRES_VALUE_SIZE - 1] = '\0';
	assert_string_equal(write_one(&b, value), value);
	value[AUTHRES_VALUE_SIZE - 1] = 'a';
	value[599] = '\0';
	memcpy(value + 380, "@good.example.", 14); /* the cut must not end in a good name */
	memcpy(want, value, AUTHRES_VALUE_SIZE);
	strcpy(want + AUTHRES_VALUE_SIZE - 4, "...");
	assert_int_equal(write_one(&b, value)[0], '"');
	assert_memory_equal(write_one(&b, value) + 1, want, AUTHRES_VALUE_SIZE - 1);
	strbuf_free(&b);
}

/* R06 */
static void comments_are_closed_by_us_alone(void **state)
{
	struct authres_writer w;
	struct strbuf b;

	strbuf_init(&b, 10000);
	authres_start(&w, &b, "mx.example");
	authres_method(&w, "spf", "none");
	authres_comment(&w, ") dmarc=pass ((\\ \n;");
	assert_true(authres_finish(&w));
	assert_string_equal(strbuf_text(&b),
			    "mx.example;\n\tspf=none (\\) dmarc=pass \\(\\(\\\\ ?;)");
	assert_true(parse(strbuf_text(&b), b.len));
	assert_int_equal(parsed.count, 1);
	strbuf_free(&b);
}

static void a_strange_id_is_quoted_and_an_empty_one_fails(void **state)
{
	static const struct {
		const char *id, *text;
	} rows[] = {{"mx.example", "mx.example; none"},
		    {"mx 1", "\"mx 1\"; none"},
		    {"mx\n1;", "\"mx?1;\"; none"}};
	char huge[AUTHRES_ID_SIZE + 1];
	struct authres_writer w;
	struct strbuf b;

	strbuf_init(&b, 10000);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		strbuf_reset(&b);
		authres_start(&w, &b, rows[i].id);
		assert_true(authres_finish(&w));
		assert_string_equal(strbuf_text(&b), rows[i].text);
	}
	strbuf_reset(&b);
	authres_start(&w, &b, "");
	assert_false(authres_finish(&w));
	memset(huge, 'a', sizeof(huge));
	huge[AUTHRES_ID_SIZE] = '\0';
	strbuf_reset(&b);
	authres_start(&w, &b, huge);
	assert_false(authres_finish(&w));
	strbuf_free(&b);
}

static void a_full_buffer_is_told_at_the_end(void **state)
{
	struct authres_writer w;
	struct strbuf b;

	strbuf_init(&b, 20);
	authres_start(&w, &b, "mx.example");
	authres_method(&w, "spf", "none");
	assert_false(authres_finish(&w));
	strbuf_free(&b);
}

/* Random bytes, likely to be nasty. */
static void random_text(char *out, size_t size, unsigned *seed)
{
	static const char nasty[] = "\"\\();=@.,:<>[]/?% \t\r\n\x01\x7f\xc3\xbc\xff"
				    "ab1-_x.example";
	size_t n = (size_t)rand_r(seed) % size;

	for (size_t i = 0; i < n; i++)
		out[i] = nasty[(size_t)rand_r(seed) % (sizeof(nasty) - 1)];
	out[n] = '\0';
}

/* What the writer makes of a short foreign text. */
static void cleaned(char *text)
{
	for (; *text != '\0'; text++)
		*text = ascii_shown(*text);
}

static void check_lines(const char *text)
{
	size_t column = 0;

	assert_null(strchr(text, '\r'));
	for (; *text != '\0'; text++) {
		column = *text == '\n' ? 0 : column + 1;
		assert_true(column < 998);
		assert_true(*text != '\n' || text[1] == '\t');
		assert_true(*text == '\n' || *text == '\t' || (*text >= 0x20 && *text < 0x7f));
	}
}

/* R01, R06 */
static void what_is_written_is_read_back(void **state)
{
	char value[AUTHRES_MAX_PROPERTIES][300], reason[300], comment[300];
	struct authres_writer w;
	unsigned seed = 7;
	struct strbuf b;

	strbuf_init(&b, 100000);
	for (int round = 0; round < 3000; round++) {
		strbuf_reset(&b);
		authres_start(&w, &b, "mx.example");
		authres_method(&w, "dkim", "temperror");
		random_text(reason, sizeof(reason), &seed);
		random_text(comment, sizeof(comment), &seed);
		authres_reason(&w, reason);
		for (size_t i = 0; i < AUTHRES_MAX_PROPERTIES; i++) {
			do
				random_text(value[i], i < 6 ? 16 : sizeof(value[i]), &seed);
			while (value[i][0] == '\0');
			authres_comment(&w, comment);
			authres_property(&w, "header", "i", value[i]);
			cleaned(value[i]);
		}
		authres_method(&w, "dmarc", "none");
		assert_true(authres_finish(&w));
		check_lines(strbuf_text(&b));
		assert_true(parse(strbuf_text(&b), b.len));
		assert_string_equal(parsed.id, "mx.example");
		assert_int_equal(parsed.count, 2);
		assert_int_equal(parsed.result[0].count, AUTHRES_MAX_PROPERTIES);
		cleaned(reason);
		assert_string_equal(parsed.result[0].reason, reason);
		for (size_t i = 0; i < AUTHRES_MAX_PROPERTIES; i++)
			assert_string_equal(parsed.result[0].property[i].value, value[i]);
		assert_int_equal(authres_claims(strbuf_text(&b), b.len, "mx.example"),
				 AUTHRES_OURS);
	}
	strbuf_free(&b);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(writes_a_field),
	    cmocka_unit_test(writes_none),
	    cmocka_unit_test(quotes_what_is_no_token),
	    cmocka_unit_test(a_cut_is_visible),
	    cmocka_unit_test(comments_are_closed_by_us_alone),
	    cmocka_unit_test(a_strange_id_is_quoted_and_an_empty_one_fails),
	    cmocka_unit_test(a_full_buffer_is_told_at_the_end),
	    cmocka_unit_test(what_is_written_is_read_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
