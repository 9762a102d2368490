/* test_config_restart.c - what a reload cannot take up. */
#include "config/config_restart.h"
#include "support/config_text.h"
#include "support/test.h"

static void names_the_options_that_only_a_restart_takes_up(void **state)
{
	static const struct {
		const char *fresh, *names;
	} rows[] = {
	    {"mode = monitor nameserver = 192.0.2.1", ""},
	    {"mode = enforce nameserver = { 192.0.2.1 }\nkeep = 9d\nlisten = "
	     "\"inet:8892@127.0.0.1\"",
	     ""},
	    {"nameserver = { 192.0.2.1, 192.0.2.2 }", "nameserver"},
	    {"", "nameserver"},
	    {"durable = no user = u listen = \"unix:/run/x\" nameserver = 192.0.2.1",
	     "listen, user, durable"},
	};
	const struct config *running = config_of("mode = monitor nameserver = 192.0.2.1");

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct config *fresh = config_of(rows[i].fresh);
		struct strbuf names;

		strbuf_init(&names, 1024);
		assert_int_equal(config_needs_restart(running, fresh, &names),
				 rows[i].names[0] != '\0');
		assert_string_equal(strbuf_text(&names), rows[i].names);
		strbuf_free(&names);
		config_unref(fresh);
	}
	config_unref(running);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_the_options_that_only_a_restart_takes_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
