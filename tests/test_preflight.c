/* test_preflight.c - what the start needs, tried before any socket opens. The resolver is real, but
 * nobody is at its address. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "session/preflight.h"
#include "support/config_text.h"
#include "support/store_place.h"
#include "support/test.h"

static const struct config *config(const struct place *p, const char *more)
{
	char text[512];

	snprintf(text, sizeof(text), "store = \"%s\"\nnameserver = { 127.0.0.1@9 }\n%s", p->path,
		 more);
	return config_of(text);
}

static void the_start_makes_the_store_and_a_look_does_not(void **state)
{
	struct place *p = *state;
	const struct config *c = config(p, "");
	struct error warning;
	int code;

	assert_true(preflight(c, PREFLIGHT_LOOK, &code, &p->why, &warning));
	assert_int_equal(access(p->path, F_OK), -1);
	assert_true(preflight(c, PREFLIGHT_START, &code, &p->why, &warning));
	assert_int_equal(access(p->path, F_OK), 0);
	assert_string_equal(warning.text, "");
	config_unref(c);
}

static void a_look_warns_of_a_silent_resolver(void **state)
{
	struct place *p = *state;
	const struct config *c = config(p, "");
	struct error warning;
	int code;

	assert_true(preflight(c, PREFLIGHT_LOOK, &code, &p->why, &warning));
	assert_non_null(strstr(warning.text, "127.0.0.1@9"));
	config_unref(c);
}

static void each_fault_has_its_exit_code(void **state)
{
	static const struct {
		const char *options, *says;
		int code;
	} rows[] = {
	    {"trust_anchor = /nonexistent/root.key\n", "/nonexistent/root.key", EX_UNAVAILABLE},
	    {"discovery = psl\npublic_suffix_list = /nonexistent/psl\n", "/nonexistent/psl",
	     EX_CONFIG},
	    {"reports = yes\nreport_from = r@mx.example\nreport_sendmail = /nonexistent/sendmail\n",
	     "/nonexistent/sendmail", EX_CONFIG},
	};
	struct place *p = *state;
	struct error warning;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct config *c = config(p, rows[i].options);
		int code = EX_OK;

		assert_false(preflight(c, PREFLIGHT_LOOK, &code, &p->why, &warning));
		assert_int_equal(code, rows[i].code);
		assert_non_null(strstr(p->why.text, rows[i].says));
		config_unref(c);
	}
}

static void a_store_that_cannot_be_made_is_told_by_both(void **state)
{
	struct place *p = *state, none = *p;
	const struct config *c;
	struct error warning;

	snprintf(none.path, sizeof(none.path), "%s/none/a.db", p->dir);
	c = config(&none, "");
	for (int how = PREFLIGHT_LOOK; how <= PREFLIGHT_START; how++) {
		int code = EX_OK;

		assert_false(preflight(c, (enum preflight)how, &code, &p->why, &warning));
		assert_int_equal(code, EX_CANTCREAT);
		assert_non_null(strstr(p->why.text, none.path));
	}
	config_unref(c);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, store_place_new, store_place_free)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(the_start_makes_the_store_and_a_look_does_not),
	    TEST(a_look_warns_of_a_silent_resolver),
	    TEST(each_fault_has_its_exit_code),
	    TEST(a_store_that_cannot_be_made_is_told_by_both),
	};
	return cmocka_run_group_tests_name("preflight", tests, NULL, NULL);
}
