/* store_sqlite.h - the few things the store needs of SQLite: open, transactions, statements. A
 * connection belongs to one thread at a time. Failures come as one sentence that names the file. */
#ifndef ALIGND_STORE_STORE_SQLITE_H
#define ALIGND_STORE_STORE_SQLITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct sdb;
struct sdb_query;

/* Open the file, switch it to WAL and bring the schema up to date. `create`: make it if it is not
 * there (mode 0640). `durable`: a commit waits for the disk. NULL and the reason. */
struct sdb *sdb_open(const char *path, bool create, bool durable, struct error *why);

/* Would sdb_open() with `create` succeed? Nothing is made or changed. False and the reason. */
bool sdb_check(const char *path, struct error *why);

/* NULL is fine. Free the queries first. */
void sdb_close(struct sdb *db);

/* Begin to write; waits a bounded time for another writer. */
bool sdb_begin(struct sdb *db, struct error *why);
bool sdb_commit(struct sdb *db, struct error *why);
/* Undo; never fails. */
void sdb_rollback(struct sdb *db);

/* Compile a statement, to be kept and used again. */
struct sdb_query *sdb_prepare(struct sdb *db, const char *sql, struct error *why);
/* NULL is fine. */
void sdb_query_free(struct sdb_query *q);

/* Bind the next parameter. A failure shows at sdb_step(). Text is borrowed until then; NULL reads
 * as "". */
void sdb_put_int(struct sdb_query *q, int64_t value);
void sdb_put_text(struct sdb_query *q, const char *text);
void sdb_put_blob(struct sdb_query *q, const void *bytes, size_t n);
/* A copy of the value in a column of `from`'s present row. */
void sdb_put_column(struct sdb_query *q, struct sdb_query *from, int column);

/* One step. After SDB_DONE and SDB_FAILED the query is ready to be bound anew. */
enum sdb_result { SDB_ROW, SDB_DONE, SDB_FAILED };
enum sdb_result sdb_step(struct sdb_query *q, struct error *why);

/* Bound and stepped to the end; rows are skipped. */
bool sdb_run(struct sdb_query *q, struct error *why);

/* The columns of the present row, from 0; borrowed until the next step. Text is never NULL. */
int64_t sdb_int(struct sdb_query *q, int column);
const char *sdb_text(struct sdb_query *q, int column);
/* Copies `n` bytes; false if the column has another length. */
bool sdb_blob(struct sdb_query *q, int column, void *bytes_r, size_t n);

/* Rows the last statement of this connection changed. */
int64_t sdb_changes(struct sdb *db);

#endif
