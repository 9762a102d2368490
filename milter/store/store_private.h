/* store_private.h - what store.c shares with the reading side: a second connection, one caller at a
 * time. */
#ifndef ALIGND_STORE_STORE_PRIVATE_H
#define ALIGND_STORE_STORE_PRIVATE_H

#include "store/store.h"
#include "store/store_sqlite.h"

/* Take the reading connection; others wait. Never NULL. */
struct sdb *store_lock_reader(struct store *s);
void store_unlock_reader(struct store *s);

#endif
