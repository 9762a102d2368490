/* option.h - the table made from options.def, and the values of options: text to field and back.
 * Used by the files of the configuration only. */
#ifndef ALIGND_CONFIG_OPTION_H
#define ALIGND_CONFIG_OPTION_H

#include "base/strbuf.h"
#include "config/arena.h"
#include "config/config.h"

enum option_kind {
	OPTION_TEXT,
	OPTION_PATH,
	OPTION_LISTEN,
	OPTION_MAILBOX,
	OPTION_URL,
	OPTION_DOMAIN,
	OPTION_ENUM,
	OPTION_BOOL,
	OPTION_INT,
	OPTION_MODE,
	OPTION_DURATION,
	OPTION_SIZE,
	OPTION_NAMESERVERS,
	OPTION_DOMAINS,
	OPTION_NETWORKS
};

struct option {
	enum option_kind kind;
	const char *name, *def;
	int64_t least, most;
	const char *choices, *help;
	bool at_start; /* taken up by a restart only */
	size_t offset; /* of the field in struct config */
};

enum option_id {
#define SECTION(title)
#define OPTION(kind, type, name, def, least, most, choices, help) OPTION_ID_##name,
#include "config/options.def"
#undef OPTION
#undef SECTION
	OPTION_COUNT
};

const struct option *option_at(enum option_id id);

/* What options.def has at place `i`: an option, or the title of those that follow. NULL past the
 * last. */
struct option_entry {
	const char *title; /* NULL: it is the option `id` */
	enum option_id id;
};
const struct option_entry *option_entry_at(size_t i);

/* OPTION_COUNT: there is none of this name. */
enum option_id option_find(const char *name);

bool option_is_list(const struct option *o);

/* Check the `n` values and put them into the option's field of `c`. False: a sentence without the
 * place. */
bool option_set(struct config *c, struct arena *a, const struct option *o,
		const char *const *values, size_t n, bool is_list, struct error *why);

/* Write the value in the form option_set() reads: quoted, escaped, with unit, in braces. */
void option_print(const struct config *c, const struct option *o, struct strbuf *out);

/* Write "1s to 2m", the values a number may have; nothing and false for other kinds. */
bool option_range(const struct option *o, struct strbuf *out);

#endif
