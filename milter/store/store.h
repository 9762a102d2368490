/* store.h - the durable store of counted rows. One writer thread commits in groups; with `durable` a row is on disk
 * before store_add() returns. Thread-safe. */
#ifndef ALIGND_STORE_STORE_H
#define ALIGND_STORE_STORE_H

#include "base/error.h"
#include "store/row.h"

struct store;

/* Open or create the SQLite file at `path`, bring its schema up to date and start the writer. NULL and the reason. */
struct store *store_open(const char *path, bool durable, struct error *why);

/* Commit what is queued, stop the writer, close. NULL is fine. */
void store_close(struct store *s);

/* Count one message. Copies what it needs. Durable: waits for the group commit it is part of. False: not stored. */
bool store_add(struct store *s, const struct row *row, struct error *why);

#endif
