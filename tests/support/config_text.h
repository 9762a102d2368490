/* config_text.h - configurations from text, and what is printed of them. */
#ifndef ALIGND_TESTS_CONFIG_TEXT_H
#define ALIGND_TESTS_CONFIG_TEXT_H

#include <stdio.h>

#include "config/config.h"

/* The configuration of this text, which is right, on a host called mx.here.example: the system is
 * not asked. Fails the test with the first error if it is refused. */
const struct config *config_of(const char *text);

/* The first error of this text, without its place; fails the test if there is none, or several.
 * Static. */
const char *config_error_of(const char *text);

/* What config_show() prints; what such a function writes. The caller frees it. */
char *config_shown(const struct config *c);
char *written_by(bool (*write)(FILE *f));

/* Take out comments, which tell origins, and blank lines. */
void drop_comments(char *text);

#endif
