/* tools.h - the sub-commands of alignctl. Each takes its own arguments (argv[0] is its name) and
 * returns an exit code. */
#ifndef ALIGND_TOOLS_TOOLS_H
#define ALIGND_TOOLS_TOOLS_H

#include <stdint.h>

#include "base/clock.h"
#include "config/config.h"
#include "store/store.h"

#define TOOL_MAX_OVERRIDES 100

int tool_verify(int argc, char **argv);
int tool_report(int argc, char **argv);
int tool_config(int argc, char **argv);
int tool_stats(int argc, char **argv);

/* Options that every sub-command takes: -c FILE and -o 'key = value'. */
struct tool_config {
	const char *file;
	const char *overrides[TOOL_MAX_OVERRIDES];
	size_t override_count;
};

/* Try argv[*i] as one of these; moves *i over what it used. False: it is something else. */
bool tool_config_option(struct tool_config *t, int argc, char **argv, int *i);

/* Read the configuration. NULL: every error is printed. */
const struct config *tool_config_load(const struct tool_config *t);

/* The argument of the option argv[*i]; exits with EX_USAGE if there is none. */
char *tool_argument(int argc, char **argv, int *i);

/* Print "alignctl: ..." and the way to help; exits with EX_USAGE. */
void tool_usage(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* Let the clock stand at `text`, seconds since 1970; exits with EX_USAGE if it is none. */
void tool_clock(const char *option, const char *text, struct clock *c);

/* "YYYY-MM-DD" as a number of days since 1970-01-01, UTC; exits with EX_USAGE if it is none. */
int64_t tool_day(const char *option, const char *text);

/* Open the store the configuration names, beside a running daemon. NULL: the reason is printed;
 * EX_NOINPUT is the exit code. */
struct store *tool_store(const struct config *c);

#endif
