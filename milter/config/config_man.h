/* config_man.h - the manual page alignd.conf(5), in mdoc, with what options.def and
 * rule_keys.def say. */
#ifndef ALIGND_CONFIG_CONFIG_MAN_H
#define ALIGND_CONFIG_CONFIG_MAN_H

#include <stdbool.h>
#include <stdio.h>

/* Write the page. False: out of memory, or a write error. */
bool config_man(FILE *f);

#endif
