/* config.h - the configuration: read once into a struct that is counted and never changes. The
 * grammar, in full in alignd.conf(5):
 * - key = value: a bare word or "text" with \" and \\; on the line of its key
 * - key = { a, b }: a list, over as many lines as wanted
 * - include "more.conf": a pattern, relative to this file, in the order of the bytes of the names
 * - rule "name" { ... }: conditions and settings, see rule.h
 * - # comment
 * A key set twice in one file is an error; what is read later overrides what was read before, -o
 * overrides both. */
#ifndef ALIGND_CONFIG_CONFIG_H
#define ALIGND_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/error.h"
#include "base/log.h"
#include "policy/policy.h"

/* The values of ENUM options, in the order of the choices in options.def. */
enum config_log_target { CONFIG_LOG_SYSLOG, CONFIG_LOG_STDERR };
enum config_mode { CONFIG_MONITOR, CONFIG_ENFORCE };
enum config_on_failure { CONFIG_FAILURE_ACCEPT, CONFIG_FAILURE_TEMPFAIL };
enum config_quarantine {
	CONFIG_QUARANTINE_HEADER,
	CONFIG_QUARANTINE_HOLD,
	CONFIG_QUARANTINE_REDIRECT
};
enum config_report_format { CONFIG_REPORT_RFC9990, CONFIG_REPORT_RFC7489 };
enum config_report_to { CONFIG_REPORT_EARNED, CONFIG_REPORT_ALL, CONFIG_REPORT_LISTED };

struct config_list {
	size_t count;
	const char *const *item;
};

struct config_networks {
	size_t count;
	const struct network *item;
};

/* Text is never NULL; "" where the help in options.def says "empty". Only hostname and authserv_id
 * are filled in when they are not set. Read it through a pointer to const; it belongs to whoever
 * holds a reference. */
/* The order is that of options.def. NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding) */
struct config {
#define SECTION(title)
#define OPTION(kind, type, name, def, least, most, choices, help) type name;
#include "config/options.def"
#undef OPTION
#undef SECTION
	const struct rules *rules; /* the default rules if no file has any */
};

#define CONFIG_DEFAULT_FILE "/etc/alignd/alignd.conf"
#define CONFIG_MAX_ERRORS 20 /* enough to read at once; the reader stops there */

/* What was wrong, each "file:line: sentence", in the order met. */
struct config_errors {
	size_t count;
	bool more; /* the reader stopped at CONFIG_MAX_ERRORS */
	struct error item[CONFIG_MAX_ERRORS];
};

/* CONFIG_DEFAULT_FILE; NULL if there is no such file, which is no error. */
const char *config_default_file(void);

/* Read `path` (NULL: defaults only) and the `n` overrides "key=value". NULL if anything at all is
 * wrong; everything that is wrong is then in `errors_r`. One reference, given back with
 * config_unref(). Thread-safe. */
const struct config *config_load(const char *path, const char *const *overrides, size_t n,
				 struct config_errors *errors_r);

/* The same from `len` bytes of text; `name` stands for the file in messages and for its place in
 * include. */
const struct config *config_load_text(const char *name, const char *text, size_t len,
				      const char *const *overrides, size_t n,
				      struct config_errors *errors_r);

/* Take one more reference; give one back (NULL is fine). Thread-safe. */
const struct config *config_ref(const struct config *c);
void config_unref(const struct config *c);

#endif
