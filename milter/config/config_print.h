/* config_print.h - the configuration as text that the reader reads, and what is wrong with one. */
#ifndef ALIGND_CONFIG_CONFIG_PRINT_H
#define ALIGND_CONFIG_CONFIG_PRINT_H

#include <stdio.h>

#include "config/config.h"

/* The effective configuration, each value with where it comes from. False: out of memory, or a
 * write error. */
bool config_show(const struct config *c, FILE *f);

/* conf/alignd.conf: every option with its help and default, as comments. False as above. */
bool config_sample(FILE *f);

/* Every error, a line each after "PROGRAM: ", and that there are more of them, if so. */
void config_errors_print(const struct config_errors *e, const char *program, FILE *f);

#endif
