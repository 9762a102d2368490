/* config_restart.h - what a reload cannot take up. */
#ifndef ALIGND_CONFIG_CONFIG_RESTART_H
#define ALIGND_CONFIG_CONFIG_RESTART_H

#include "base/strbuf.h"
#include "config/config.h"

/* Write the names of the options that differ between the two and that only a restart takes up,
 * "listen, user". False: there are none. */
bool config_needs_restart(const struct config *running, const struct config *fresh,
			  struct strbuf *names);

#endif
