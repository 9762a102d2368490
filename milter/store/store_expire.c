/* store_expire.c - delete what is older than it needs to be. */
#include <time.h>

#include "store/store_private.h"
#include "store/tuple.h"

/* Rows of one transaction, and the pause after it: the writer waits a few milliseconds at most. */
#define EXPIRE_ROWS 500
#define EXPIRE_PAUSE_NS 2000000

static const char *const expire_sql[] = {
    "DELETE FROM aggregate WHERE (day, domain, key) IN"
    " (SELECT day, domain, key FROM aggregate WHERE day < ?1 ORDER BY day, domain, key LIMIT ?2)",
    "DELETE FROM policy WHERE (day, domain, policy) IN"
    " (SELECT day, domain, policy FROM policy WHERE day < ?1 ORDER BY day, domain, policy LIMIT "
    "?2)",
    "DELETE FROM delivery WHERE (day, domain, policy, destination) IN"
    " (SELECT day, domain, policy, destination FROM delivery WHERE day < ?1"
    "  ORDER BY day, domain, policy, destination LIMIT ?2)",
    "DELETE FROM report WHERE (day, domain, policy) IN"
    " (SELECT day, domain, policy FROM report WHERE day < ?1 ORDER BY day, domain, policy LIMIT "
    "?2)",
    "DELETE FROM outcome WHERE (day, dmarc, action) IN"
    " (SELECT day, dmarc, action FROM outcome WHERE day < ?1 ORDER BY day, dmarc, action LIMIT ?2)",
};

/* One small transaction (a statement alone is one). */
static bool expire_some(struct store *s, const char *sql, int64_t before, int64_t *deleted_r,
			struct error *why)
{
	struct sdb *db = store_lock_reader(s);
	struct sdb_query *q = sdb_prepare(db, sql, why);
	bool ok = false;

	if (q != NULL) {
		sdb_put_int(q, before);
		sdb_put_int(q, EXPIRE_ROWS);
		ok = sdb_run(q, why);
		*deleted_r = sdb_changes(db);
	}
	sdb_query_free(q);
	store_unlock_reader(s);
	return ok;
}

bool store_expire(struct store *s, time_t now, int keep_days, struct error *why)
{
	static const struct timespec pause = {.tv_nsec = EXPIRE_PAUSE_NS};
	int64_t before = now / TUPLE_DAY - (keep_days > 1 ? keep_days : 1);

	for (size_t i = 0; i < sizeof(expire_sql) / sizeof(expire_sql[0]); i++) {
		int64_t deleted = 0;

		do {
			if (!expire_some(s, expire_sql[i], before, &deleted, why))
				return false;
			if (deleted > 0)
				nanosleep(&pause, NULL);
		} while (deleted > 0);
	}
	return true;
}
