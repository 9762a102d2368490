/* test_config_man.c - the manual page: every option and every key of a rule, in mdoc that renders.
 */
#include <stdlib.h>
#include <string.h>

#include "config/config_man.h"
#include "config/option.h"
#include "policy/rule_key.h"
#include "support/config_text.h"
#include "support/test.h"

static void has_each_option_and_key_with_its_help(void **state)
{
	char *man = written_by(config_man), wanted[100];

	for (int i = 0; i < OPTION_COUNT; i++) {
		const struct option *o = option_at((enum option_id)i);

		snprintf(wanted, sizeof(wanted), "\n.It Ic %s No = ", o->name);
		if (strstr(man, wanted) == NULL || o->help[strlen(o->help) - 1] != '.')
			fail_msg("%s", o->name);
	}
	for (size_t i = 0; rule_key_at(i) != NULL; i++) {
		const struct rule_key *k = rule_key_at(i);

		snprintf(wanted, sizeof(wanted), "\n.It Ic %s", k->name);
		if (strstr(man, wanted) == NULL || k->help[strlen(k->help) - 1] != '.')
			fail_msg("%s", k->name);
	}
	free(man);
}

/* What options.def says of a value stands with it. */
static void says_range_choices_and_restart(void **state)
{
	static const char *const rows[] = {
	    "\n.It Ic mode No = monitor | enforce\n",
	    "\nThe default is enforce.\n",
	    "\nFrom 1s to 2m.\n",
	    "\nTaken up by a restart only.\n",
	    "\n.It Ic quarantine_header No = \\(dqX-Alignd-Disposition: quarantine\\(dq\n",
	};
	char *man = written_by(config_man);

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (strstr(man, rows[i]) == NULL)
			fail_msg("%s", rows[i]);
	free(man);
}

/* A line of help that began with a dot or an apostrophe would be a request and vanish. */
static void no_line_is_an_unknown_request(void **state)
{
	static const char *const known[] = {".\\\"", ".Dd ", ".Dt ", ".Os",  ".Sh ", ".Nm ",
					    ".Nd ",  ".Bd ", ".Ed",  ".Pp",  ".Fl ", ".Ql ",
					    ".Xr ",  ".Bl ", ".El",  ".It ", ".Pa ", ".Ss "};
	char *man = written_by(config_man), *save = NULL;

	for (char *line = strtok_r(man, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save)) {
		size_t i = 0;

		if (line[0] != '.' && line[0] != '\'')
			continue;
		while (i < ARRAY_SIZE(known) && strncmp(line, known[i], strlen(known[i])) != 0)
			i++;
		if (i == ARRAY_SIZE(known))
			fail_msg("%s", line);
	}
	free(man);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(has_each_option_and_key_with_its_help),
	    cmocka_unit_test(says_range_choices_and_restart),
	    cmocka_unit_test(no_line_is_an_unknown_request),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
