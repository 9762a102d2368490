/* store_private.h - what store.c shares with the reading side: a second connection, one caller at a
 * time. */
#ifndef ALIGND_STORE_STORE_PRIVATE_H
#define ALIGND_STORE_STORE_PRIVATE_H

#include "store/store.h"
#include "store/store_sqlite.h"

/* Take the reading connection; others wait. Never NULL. */
struct sdb *store_lock_reader(struct store *s);
void store_unlock_reader(struct store *s);

/* The same to write: the writer thread waits for the end. SQLite alone would let it sleep and try
 * again, longer each time, while small transactions follow each other here. */
struct sdb *store_lock_editor(struct store *s);
void store_unlock_editor(struct store *s);

#endif
