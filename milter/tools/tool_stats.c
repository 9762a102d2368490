/* tool_stats.c - alignctl stats: messages by day, DMARC result and what was done. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "report/report_show.h"
#include "store/store_read.h"
#include "tools/tools.h"

static bool print_outcome(void *arg, const struct store_outcome *o)
{
	char day[REPORT_DAY_SIZE];

	printf("%-10s  %-10s %-10s %10" PRId64 "\n", report_day_print(o->day, day), o->dmarc,
	       o->action, o->count);
	*(int64_t *)arg += o->count;
	return true;
}

int tool_stats(int argc, char **argv)
{
	struct tool_config t = {.file = NULL};
	const struct config *c;
	int64_t since = 0, total = 0;
	struct store *store;
	struct error why;
	bool ok;

	for (int i = 1; i < argc; i++) {
		if (tool_config_option(&t, argc, argv, &i))
			continue;
		if (strcmp(argv[i], "--since") != 0)
			tool_usage("stats has no option \"%s\"", argv[i]);
		since = tool_day("--since", tool_argument(argc, argv, &i));
	}
	c = tool_config_load(&t);
	if (c == NULL)
		return EX_CONFIG;
	store = tool_store(c);
	config_unref(c);
	if (store == NULL)
		return EX_NOINPUT;
	printf("%-10s  %-10s %-10s %10s\n", "day", "dmarc", "action", "messages");
	ok = store_outcomes(store, since, INT64_MAX, print_outcome, &total, &why);
	if (ok)
		printf("%-33s %10" PRId64 "\n", "in all", total);
	else
		fprintf(stderr, "alignctl: %s\n", why.text);
	store_close(store);
	return ok && fflush(stdout) == 0 ? EX_OK : EX_IOERR;
}
