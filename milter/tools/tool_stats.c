/* tool_stats.c - alignctl stats: messages by day, DMARC result and what was done; or by author
 * domain. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "report/report_day.h"
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

static bool by_outcome(struct store *store, int64_t since, struct error *why)
{
	int64_t total = 0;

	printf("%-10s  %-10s %-10s %10s\n", "day", "dmarc", "action", "messages");
	if (!store_outcomes(store, since, INT64_MAX, print_outcome, &total, why))
		return false;
	printf("%-33s %10" PRId64 "\n", "in all", total);
	return true;
}

static bool print_author(void *arg, const struct store_author *a)
{
	(void)arg;
	printf("%10" PRId64 " %10" PRId64 " %10" PRId64 " %11" PRId64 " %10" PRId64 "  %s\n",
	       a->messages, a->passed, a->messages - a->passed, a->quarantined, a->rejected,
	       a->domain);
	return true;
}

static bool by_author(struct store *store, int64_t since, struct error *why)
{
	printf("%10s %10s %10s %11s %10s  %s\n", "messages", "pass", "fail", "quarantined",
	       "rejected", "author domain");
	return store_authors(store, since, INT64_MAX, print_author, NULL, why);
}

int tool_stats(int argc, char **argv)
{
	struct tool_config t = {.file = NULL};
	const struct config *c;
	bool domains = false, ok;
	struct store *store;
	struct error why;
	int64_t since = 0;

	for (int i = 1; i < argc; i++) {
		if (tool_config_option(&t, argc, argv, &i))
			continue;
		if (strcmp(argv[i], "--since") == 0)
			since = tool_day("--since", tool_argument(argc, argv, &i));
		else if (strcmp(argv[i], "--domains") == 0)
			domains = true;
		else
			tool_usage("stats has no option \"%s\"", argv[i]);
	}
	c = tool_config_load(&t);
	if (c == NULL)
		return EX_CONFIG;
	store = tool_store(c);
	config_unref(c);
	if (store == NULL)
		return EX_NOINPUT;
	ok = (domains ? by_author : by_outcome)(store, since, &why);
	if (!ok)
		fprintf(stderr, "alignctl: %s\n", why.text);
	store_close(store);
	return ok && fflush(stdout) == 0 ? EX_OK : EX_IOERR;
}
