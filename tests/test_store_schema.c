/* test_store_schema.c - the steps from one version of the tables to the next. */
#include <stdio.h>
#include <string.h>

#include "store/store_schema.h"
#include "store/store_sqlite.h"
#include "support/store_place.h"
#include "support/test.h"

static void refuses_a_newer_schema(void **state)
{
	struct place *p = *state;

	place_run_sql(p, "PRAGMA user_version=1000");
	assert_null(store_open(p->path, true, &p->why));
	assert_non_null(strstr(p->why.text, "written by a newer alignd (schema 1000"));
}

/* A file left empty (the program was stopped before its first transaction) is brought up to date.
 */
static void every_step_leads_to_the_next_version(void **state)
{
	struct place *p = *state;
	struct row row = sample_row();
	struct store *s;

	for (int version = 0; version < STORE_SCHEMA_VERSION; version++)
		assert_non_null(strstr(store_schema_step(version), "TABLE"));
	fclose(fopen(p->path, "w"));
	s = open_store(p, true);
	add(s, &row);
	store_close(s);
	place_run_sql(p, "INSERT INTO outcome VALUES (1, 'none', 'accept', 3)");
	s = open_store(p, true);
	assert_string_equal(outcomes(s).text, "none/accept=3 fail/quarantine=1 ");
	store_close(s);
}

static void refuses_a_version_that_never_was(void **state)
{
	struct place *p = *state;

	place_run_sql(p, "PRAGMA user_version=-7");
	assert_null(store_open(p->path, true, &p->why));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, store_place_new, store_place_free)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(every_step_leads_to_the_next_version),
	    TEST(refuses_a_newer_schema),
	    TEST(refuses_a_version_that_never_was),
	};
	return cmocka_run_group_tests_name("store_schema", tests, NULL, NULL);
}
