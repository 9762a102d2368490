/* store_writer.h - rows into the tables: the statements of the writer thread. One thread at a time.
 */
#ifndef ALIGND_STORE_STORE_WRITER_H
#define ALIGND_STORE_STORE_WRITER_H

#include "store/store_sqlite.h"
#include "store/tuple.h"

struct store_writer;

/* Compile the statements; `db` is borrowed. NULL and the reason. */
struct store_writer *store_writer_new(struct sdb *db, struct error *why);

/* NULL is fine. */
void store_writer_free(struct store_writer *w);

/* One transaction. False: nothing of it was written. */
bool store_writer_begin(struct store_writer *w, struct error *why);
bool store_writer_add(struct store_writer *w, const struct tuple *t, struct error *why);
bool store_writer_commit(struct store_writer *w, struct error *why);
void store_writer_rollback(struct store_writer *w);

#endif
