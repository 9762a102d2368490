/* config_check.h - what no option shows alone: options that need or contradict others. */
#ifndef ALIGND_CONFIG_CONFIG_CHECK_H
#define ALIGND_CONFIG_CONFIG_CHECK_H

#include "config/config_private.h"

/* Check the whole of `s`. Adds to the errors. */
void config_check(const struct config_private *s, struct config_errors *e);

#endif
