/* include.h - the names of the files that an include asks for. */
#ifndef ALIGND_CONFIG_INCLUDE_H
#define ALIGND_CONFIG_INCLUDE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

#define INCLUDE_MAX_FILES 200 /* a pattern that matches too much ends soon */

struct include {
	size_t count;
	char *name[INCLUDE_MAX_FILES];
};

/* The files that `pattern` means in the file `from`: relative to its folder, in the order of the
 * bytes of their names. Wildcards count in the last part only, and may match nothing; a name
 * without them is taken as it is, whether the file is there or not. False: the reason, and nothing
 * to free. */
bool include_find(struct include *names_r, const char *from, const char *pattern,
		  struct error *why);

void include_free(struct include *names);

#endif
