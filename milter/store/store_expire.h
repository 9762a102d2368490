/* store_expire.h - delete what is older than it needs to be. */
#ifndef ALIGND_STORE_STORE_EXPIRE_H
#define ALIGND_STORE_STORE_EXPIRE_H

#include <time.h>

#include "store/store.h"

/* Delete the rows of days more than `keep_days` before `now`, a few at a time, so that the writer
 * is hardly delayed. At least the present and the last day stay. */
bool store_expire(struct store *s, time_t now, int keep_days, struct error *why);

#endif
