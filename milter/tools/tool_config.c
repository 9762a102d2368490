/* tool_config.c - alignctl config: the configuration in force, the sample file, the manual page. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "config/config_man.h"
#include "config/config_print.h"
#include "tools/tools.h"

int tool_config(int argc, char **argv)
{
	struct tool_config t = {.file = NULL};
	const struct config *c;
	const char *what = NULL;
	bool ok;

	for (int i = 1; i < argc; i++) {
		if (tool_config_option(&t, argc, argv, &i))
			continue;
		if (what != NULL)
			tool_usage("config takes one of show, sample, man");
		what = argv[i];
	}
	if (what != NULL && strcmp(what, "sample") == 0)
		return config_sample(stdout) && fflush(stdout) == 0 ? EX_OK : EX_IOERR;
	if (what != NULL && strcmp(what, "man") == 0)
		return config_man(stdout) && fflush(stdout) == 0 ? EX_OK : EX_IOERR;
	if (what == NULL || strcmp(what, "show") != 0)
		tool_usage("config takes one of show, sample, man");
	c = tool_config_load(&t);
	if (c == NULL)
		return EX_CONFIG;
	ok = config_show(c, stdout) && fflush(stdout) == 0;
	config_unref(c);
	return ok ? EX_OK : EX_IOERR;
}
