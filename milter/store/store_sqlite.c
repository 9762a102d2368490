/* store_sqlite.c - SQLite for the store: WAL, one schema with numbered steps. The only file that
 * includes sqlite3.h. */
#include "store/store_sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/store_schema.h"

/* How long a writer waits for another process (alignctl beside the daemon); its transactions last
 * milliseconds. */
#define BUSY_MS 5000
/* Pages in memory, of each connection, in KiB. The kernel keeps the file's too: four times as many
 * here make a write a tenth cheaper, of a store that is all new rows. */
#define CACHE_KIB "4096"
/* "aldm": marks the file as ours (PRAGMA application_id). */
#define APPLICATION_ID 0x616c646d

struct sdb {
	sqlite3 *handle;
	char *path;
};

struct sdb_query {
	struct sdb *db;
	sqlite3_stmt *statement;
	int bound;   /* parameters bound so far */
	int failure; /* SQLITE_OK or the first failed bind */
};

/* Say what `code` means for the file. */
static bool failed(struct sdb *db, int code, struct error *why)
{
	switch (code & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED: error_set(why, "%s: locked by another process", db->path); break;
	case SQLITE_NOTADB: error_set(why, "%s: not an alignd store", db->path); break;
	case SQLITE_CORRUPT:
		error_set(why, "%s: damaged (%s); move it away or restore it", db->path,
			  sqlite3_errstr(code));
		break;
	case SQLITE_READONLY:
	case SQLITE_PERM:
	case SQLITE_AUTH:
		error_set(why, "%s: cannot be written (permissions of file and directory?)",
			  db->path);
		break;
	case SQLITE_FULL: error_set(why, "%s: no space left on the device", db->path); break;
	case SQLITE_NOMEM: error_set(why, "out of memory"); break;
	case SQLITE_CANTOPEN:
	case SQLITE_IOERR:
		error_set(why, "%s: %s (%s)", db->path, sqlite3_errstr(code & 0xff),
			  strerror(db->handle ? sqlite3_system_errno(db->handle) : errno));
		break;
	default:
		error_set(why, "%s: %s", db->path,
			  db->handle ? sqlite3_errmsg(db->handle) : sqlite3_errstr(code));
	}
	return false;
}

static bool run(struct sdb *db, const char *sql, struct error *why)
{
	int code = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);

	return code == SQLITE_OK || failed(db, code, why);
}

static bool ask_int(struct sdb *db, const char *sql, int64_t *value_r, struct error *why)
{
	struct sdb_query *q = sdb_prepare(db, sql, why);
	bool ok = q != NULL && sdb_step(q, why) == SDB_ROW;

	if (ok)
		*value_r = sdb_int(q, 0);
	sdb_query_free(q);
	return ok;
}

/* A file of another program must not get our tables. */
static bool is_ours(struct sdb *db, struct error *why)
{
	int64_t application, tables;

	if (!ask_int(db, "PRAGMA application_id", &application, why) ||
	    !ask_int(db, "SELECT count(*) FROM sqlite_master", &tables, why))
		return false;
	if (application == APPLICATION_ID || (application == 0 && tables == 0))
		return true;
	error_set(why, "%s: the database of another program", db->path);
	return false;
}

/* Under the write lock: another process may be migrating at the same moment. */
static bool migrate_locked(struct sdb *db, struct error *why)
{
	char sql[80];
	int64_t version;

	if (!ask_int(db, "PRAGMA user_version", &version, why))
		return false;
	for (; version < STORE_SCHEMA_VERSION; version++)
		if (!run(db, store_schema_step(version), why))
			return false;
	sqlite3_snprintf(sizeof(sql), sql, "PRAGMA user_version=%d; PRAGMA application_id=%d",
			 STORE_SCHEMA_VERSION, APPLICATION_ID);
	return run(db, sql, why);
}

/* The schema of the file, one that this program knows. */
static bool known_version(struct sdb *db, int64_t *version_r, struct error *why)
{
	if (!ask_int(db, "PRAGMA user_version", version_r, why))
		return false;
	if (*version_r >= 0 && *version_r <= STORE_SCHEMA_VERSION)
		return true;
	error_set(why, "%s: written by a newer alignd (schema %lld, this one knows %d)", db->path,
		  (long long)*version_r, STORE_SCHEMA_VERSION);
	return false;
}

static bool migrate(struct sdb *db, struct error *why)
{
	int64_t version;

	if (!known_version(db, &version, why))
		return false;
	if (version == STORE_SCHEMA_VERSION)
		return true;
	if (!sdb_begin(db, why))
		return false;
	if (migrate_locked(db, why) && sdb_commit(db, why))
		return true;
	sdb_rollback(db);
	return false;
}

static bool use_wal(struct sdb *db, struct error *why)
{
	struct sdb_query *q = sdb_prepare(db, "PRAGMA journal_mode=WAL", why);
	bool ok = q != NULL && sdb_step(q, why) == SDB_ROW;

	if (ok && strcmp(sdb_text(q, 0), "wal") != 0) {
		error_set(why, "%s: this file system cannot hold a store (no WAL)", db->path);
		ok = false;
	}
	sdb_query_free(q);
	return ok;
}

/* SQLite would create it with 0644: who writes to whom is nobody else's business. Only a new file
 * is opened here: closing a second descriptor of a database drops the process's locks on it. */
static bool create_private(const char *path, struct error *why)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);

	if (fd < 0 && errno != EEXIST) {
		error_set(why, "%s: cannot be made: %s", path, strerror(errno));
		return false;
	}
	if (fd >= 0)
		close(fd);
	return true;
}

/* A file that is there, ours, and may be written. */
static bool open_file(struct sdb *db, struct error *why)
{
	const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
	int code = sqlite3_open_v2(db->path, &db->handle, flags, NULL);

	if (code != SQLITE_OK)
		return failed(db, code, why);
	sqlite3_busy_timeout(db->handle, BUSY_MS);
	sqlite3_extended_result_codes(db->handle, 1);
	if (!is_ours(db, why))
		return false;
	return !sqlite3_db_readonly(db->handle, "main") || failed(db, SQLITE_READONLY, why);
}

static bool set_up(struct sdb *db, bool durable, struct error *why)
{
	return use_wal(db, why) &&
	       run(db, durable ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL", why) &&
	       run(db, "PRAGMA journal_size_limit=67108864; PRAGMA cache_size=-" CACHE_KIB, why) &&
	       migrate(db, why);
}

static struct sdb *sdb_new(const char *path, struct error *why)
{
	struct sdb *db = calloc(1, sizeof(*db));

	if (db != NULL && (db->path = strdup(path)) != NULL)
		return db;
	error_set(why, "out of memory");
	free(db);
	return NULL;
}

struct sdb *sdb_open(const char *path, bool create, bool durable, struct error *why)
{
	struct sdb *db = sdb_new(path, why);

	if (db == NULL)
		return NULL;
	if ((!create || create_private(path, why)) && open_file(db, why) &&
	    set_up(db, durable, why))
		return db;
	sdb_close(db);
	return NULL;
}

/* A file can be made at `path`. */
static bool may_create(const char *path, struct error *why)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash == NULL   ? strdup(".")
		       : slash == path ? strdup("/")
				       : strndup(path, (size_t)(slash - path));
	bool ok = folder != NULL && access(folder, W_OK | X_OK) == 0;

	if (!ok)
		error_set(why, "%s: cannot be made: %s", path, strerror(errno));
	free(folder);
	return ok;
}

bool sdb_check(const char *path, struct error *why)
{
	struct sdb *db;
	int64_t version;
	bool ok;

	if (access(path, F_OK) != 0 && errno == ENOENT)
		return may_create(path, why);
	db = sdb_new(path, why);
	ok = db != NULL && open_file(db, why) && known_version(db, &version, why);
	sdb_close(db);
	return ok;
}

void sdb_close(struct sdb *db)
{
	if (db == NULL)
		return;
	sqlite3_close(db->handle);
	free(db->path);
	free(db);
}

bool sdb_begin(struct sdb *db, struct error *why)
{
	return run(db, "BEGIN IMMEDIATE", why);
}

bool sdb_commit(struct sdb *db, struct error *why)
{
	return run(db, "COMMIT", why);
}

void sdb_rollback(struct sdb *db)
{
	/* SQLite itself has rolled back after some failures. */
	if (!sqlite3_get_autocommit(db->handle))
		sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
}

struct sdb_query *sdb_prepare(struct sdb *db, const char *sql, struct error *why)
{
	struct sdb_query *q = calloc(1, sizeof(*q));
	int code;

	if (q == NULL) {
		error_set(why, "out of memory");
		return NULL;
	}
	q->db = db;
	code =
	    sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &q->statement, NULL);
	if (code != SQLITE_OK) {
		failed(db, code, why);
		sdb_query_free(q);
		return NULL;
	}
	return q;
}

void sdb_query_free(struct sdb_query *q)
{
	if (q == NULL)
		return;
	sqlite3_finalize(q->statement);
	free(q);
}

static void bound(struct sdb_query *q, int code)
{
	if (q->failure == SQLITE_OK)
		q->failure = code;
}

void sdb_put_int(struct sdb_query *q, int64_t value)
{
	bound(q, sqlite3_bind_int64(q->statement, ++q->bound, value));
}

void sdb_put_text(struct sdb_query *q, const char *text)
{
	bound(q, sqlite3_bind_text(q->statement, ++q->bound, text != NULL ? text : "", -1,
				   SQLITE_STATIC));
}

void sdb_put_blob(struct sdb_query *q, const void *bytes, size_t n)
{
	bound(q, sqlite3_bind_blob(q->statement, ++q->bound, bytes, (int)n, SQLITE_STATIC));
}

void sdb_put_column(struct sdb_query *q, struct sdb_query *from, int column)
{
	bound(q, sqlite3_bind_value(q->statement, ++q->bound,
				    sqlite3_column_value(from->statement, column)));
}

/* Make ready to be bound anew. */
static void reset(struct sdb_query *q)
{
	sqlite3_reset(q->statement);
	sqlite3_clear_bindings(q->statement);
	q->bound = 0;
	q->failure = SQLITE_OK;
}

enum sdb_result sdb_step(struct sdb_query *q, struct error *why)
{
	int code = q->failure;

	if (code == SQLITE_OK)
		code = sqlite3_step(q->statement);
	if (code == SQLITE_ROW)
		return SDB_ROW;
	if (code != SQLITE_DONE)
		failed(q->db, code, why);
	reset(q);
	return code == SQLITE_DONE ? SDB_DONE : SDB_FAILED;
}

bool sdb_run(struct sdb_query *q, struct error *why)
{
	enum sdb_result result;

	do
		result = sdb_step(q, why);
	while (result == SDB_ROW);
	return result == SDB_DONE;
}

int64_t sdb_int(struct sdb_query *q, int column)
{
	return sqlite3_column_int64(q->statement, column);
}

const char *sdb_text(struct sdb_query *q, int column)
{
	const unsigned char *text = sqlite3_column_text(q->statement, column);

	return text != NULL ? (const char *)text : "";
}

bool sdb_blob(struct sdb_query *q, int column, void *bytes_r, size_t n)
{
	const void *bytes = sqlite3_column_blob(q->statement, column);

	if (bytes == NULL || sqlite3_column_bytes(q->statement, column) != (int)n)
		return false;
	memcpy(bytes_r, bytes, n);
	return true;
}

int64_t sdb_changes(struct sdb *db)
{
	return sqlite3_changes64(db->handle);
}
