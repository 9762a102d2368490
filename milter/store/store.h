/* store.h - the durable store of counted rows. One writer thread commits in groups; with `durable`
 * a row is on disk before store_add() returns. Thread-safe. What is in the store: see store_read.h
 * and store_report.h. */
#ifndef ALIGND_STORE_STORE_H
#define ALIGND_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "store/row.h"

struct store;

/* Open or create the SQLite file at `path`, bring its schema up to date and start the writer. NULL
 * and the reason. */
struct store *store_open(const char *path, bool durable, struct error *why);

/* Would store_open() succeed? Nothing is made or changed. False and the reason. */
bool store_check(const char *path, struct error *why);

/* Open a file that is there, for tools: reading and report states, beside a running daemon.
 * store_add() fails. */
struct store *store_attach(const char *path, struct error *why);

/* Commit what is queued, stop the writer, close. NULL is fine. */
void store_close(struct store *s);

/* Count one message. Copies what it needs. Durable: waits for the group commit it is part of, at
 * most ten seconds. Not durable: returns once the row is queued; rows that cannot be written are
 * kept while the queue has room. False: not stored. */
bool store_add(struct store *s, const struct row *row, struct error *why);

/* Rows given to store_add() and not yet committed. */
size_t store_queued(struct store *s);

#endif
