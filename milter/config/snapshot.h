/* snapshot.h - what stands behind a struct config: its memory, its count, and where each value
 * comes from. Used by the files of the configuration only. */
#ifndef ALIGND_CONFIG_SNAPSHOT_H
#define ALIGND_CONFIG_SNAPSHOT_H

#include <stdatomic.h>

#include "config/option.h"

struct snapshot {
	struct config config; /* first: a struct config of ours is a struct snapshot */
	atomic_uint references;
	struct arena arena;
	struct rules *rules;
	bool default_rules;
	const char *origin[OPTION_COUNT]; /* "file:line", "-o"; NULL: default */
};

/* All defaults and no rules; one reference. NULL: out of memory. */
struct snapshot *snapshot_new(void);
void snapshot_free(struct snapshot *s); /* whatever the count; NULL is fine */

/* Add "place: sentence" to what was wrong, with bytes that are no printable UTF-8 made visible.
 * `place`
 * "" for none. */
void config_complain(struct config_errors *e, const char *place, const char *sentence);

/* True if nothing more is to be read: there are enough errors. */
bool config_stop(const struct config_errors *e);

/* What no option shows alone. Adds to the errors. */
void config_check(const struct snapshot *s, struct config_errors *e);

#endif
