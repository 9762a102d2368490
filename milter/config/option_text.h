/* option_text.h - the checks of options that are text: names, addresses, paths, sockets. Used by
 * option.c. */
#ifndef ALIGND_CONFIG_OPTION_TEXT_H
#define ALIGND_CONFIG_OPTION_TEXT_H

#include "config/option.h"

/* The value in its normal form, in the arena. NULL: the reason. */
const char *option_text_read(struct arena *a, const struct option *o, const char *value,
			     struct error *why);

#endif
