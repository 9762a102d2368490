/* alignctl.c - the administrator's tool: one sub-command each for a message, the reports, the
 * configuration, the counts. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/array.h"
#include "config/config_print.h"
#include "report/report_day.h"
#include "tools/tools.h"

static const char usage[] =
    "Usage: alignctl verify --client IP --helo NAME --mail-from ADDR [--rcpt ADDR]...\n"
    "                       [--client-name NAME] [--authenticated] [--resolver ADDR@PORT]\n"
    "                       [--now EPOCH]\n"
    "                       [--json | --headers [--facts]] FILE | -\n"
    "       alignctl report list [--day YYYY-MM-DD] [--domain D]\n"
    "       alignctl report show --day YYYY-MM-DD --domain D\n"
    "       alignctl report send [--day YYYY-MM-DD] [--domain D] [--dry-run] [--now EPOCH]\n"
    "       alignctl config show | sample | man\n"
    "       alignctl stats [--domains] [--since YYYY-MM-DD]\n"
    "       alignctl -V | -h\n"
    "\n"
    "verify judges a message in a file as the daemon would, and explains it: each check, the DNS\n"
    "answers, the rule, the header and the reply. All sub-commands take -c FILE and\n"
    "-o 'key = value'. See alignctl(1).\n";

void tool_usage(const char *format, ...)
{
	va_list args;

	fputs("alignctl: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputs("\nTry 'alignctl -h'.\n", stderr);
	exit(EX_USAGE);
}

char *tool_argument(int argc, char **argv, int *i)
{
	if (*i + 1 >= argc)
		tool_usage("%s needs an argument", argv[*i]);
	return argv[++*i];
}

void tool_clock(const char *option, const char *text, struct clock *c)
{
	if (!clock_set(c, text))
		tool_usage("%s needs the seconds since 1970, a whole number", option);
}

bool tool_config_option(struct tool_config *t, int argc, char **argv, int *i)
{
	if (strcmp(argv[*i], "-c") == 0) {
		t->file = tool_argument(argc, argv, i);
		return true;
	}
	if (strcmp(argv[*i], "-o") != 0)
		return false;
	if (t->override_count == TOOL_MAX_OVERRIDES)
		tool_usage("too many -o options");
	t->overrides[t->override_count++] = tool_argument(argc, argv, i);
	return true;
}

int64_t tool_day(const char *option, const char *text)
{
	int64_t day;

	if (!report_day_parse(text, &day))
		tool_usage("%s needs a day such as 2026-05-31", option);
	return day;
}

struct store *tool_store(const struct config *c)
{
	struct store *s = NULL;
	struct error why;

	if (strcmp(c->store, "none") == 0)
		error_set(&why, "store = none: nothing is stored");
	else if (access(c->store, F_OK) != 0 && errno == ENOENT)
		error_set(&why, "there is no database %s: alignd makes it at its first start",
			  c->store);
	else
		s = store_attach(c->store, &why);
	if (s == NULL)
		fprintf(stderr, "alignctl: %s\n", why.text);
	return s;
}

const struct config *tool_config_load(const struct tool_config *t)
{
	const char *file = t->file != NULL ? t->file : config_default_file();
	struct config_errors errors;
	const struct config *c;

	c = config_load(file, t->overrides, t->override_count, &errors);
	if (c == NULL)
		config_errors_print(&errors, "alignctl", stderr);
	return c;
}

/* Options of the sub-command that stand before it: put its name in front of them. */
static void name_first(int argc, char **argv)
{
	int i = 1;
	char *name;

	while (i + 2 < argc && (strcmp(argv[i], "-c") == 0 || strcmp(argv[i], "-o") == 0))
		i += 2;
	name = argv[i];
	memmove(argv + 2, argv + 1, (size_t)(i - 1) * sizeof(*argv));
	argv[1] = name;
}

static bool asks_help(const char *argument)
{
	return strcmp(argument, "-h") == 0 || strcmp(argument, "--help") == 0;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(int argc, char **argv);
	} tools[] = {
	    {"verify", tool_verify},
	    {"report", tool_report},
	    {"config", tool_config},
	    {"stats", tool_stats},
	};

	if (argc >= 2)
		name_first(argc, argv);
	if (argc < 2 || strcmp(argv[1], "-c") == 0 || strcmp(argv[1], "-o") == 0)
		tool_usage("a sub-command is needed");
	if (asks_help(argv[1]) || (argc == 3 && asks_help(argv[2]))) {
		fputs(usage, stdout);
		return EX_OK;
	}
	if (strcmp(argv[1], "-V") == 0) {
		puts("alignctl " ALIGND_VERSION);
		return EX_OK;
	}
	for (size_t i = 0; i < ARRAY_SIZE(tools); i++)
		if (strcmp(argv[1], tools[i].name) == 0)
			return tools[i].run(argc - 1, argv + 1);
	tool_usage("there is no sub-command \"%s\"", argv[1]);
}
