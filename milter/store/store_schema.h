/* store_schema.h - the tables of the store and the steps from one version of them to the next. */
#ifndef ALIGND_STORE_STORE_SCHEMA_H
#define ALIGND_STORE_STORE_SCHEMA_H

#include <stdint.h>

#define STORE_SCHEMA_VERSION 1

/* The SQL that leads from `version` to the next one; 0 is an empty file. */
const char *store_schema_step(int64_t version);

#endif
