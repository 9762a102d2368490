/* config_private.h - what stands behind a struct config: its memory, its count, and where each
 * value comes from. Used by the files of the configuration only. */
#ifndef ALIGND_CONFIG_CONFIG_PRIVATE_H
#define ALIGND_CONFIG_CONFIG_PRIVATE_H

#include <stdatomic.h>

#include "config/option.h"

struct config_private {
	struct config config; /* first: every struct config is the beginning of one of these */
	atomic_uint references;
	struct arena arena;
	struct rules *rules;
	bool default_rules;		  /* no file had a rule */
	const char *origin[OPTION_COUNT]; /* "file:line", "-o"; NULL: default */
};

/* All defaults and no rules; one reference. NULL: out of memory. */
struct config_private *config_private_new(void);
void config_private_free(struct config_private *s); /* whatever the count; NULL is fine */

/* Add "place: sentence" to what was wrong, with bytes that are no printable UTF-8 made visible.
 * `place` "" for none. */
void config_complain(struct config_errors *e, const char *place, const char *sentence);

/* True if nothing more is to be read: there are enough errors. */
bool config_stop(const struct config_errors *e);

#endif
