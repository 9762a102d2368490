/* store_expire.c - delete old rows, a few in each transaction. */
#include "store/store_expire.h"

#include "base/array.h"
#include "store/store_private.h"
#include "store/tuple.h"

/* Rows of one transaction, and the pause after it: the writer waits a few milliseconds. */
#define EXPIRE_ROWS 500
#define EXPIRE_PAUSE_NS 2000000

/* How a table is emptied, in the order of its primary key, which begins with the day. */
struct expiry {
	const char *last;  /* of the next ?2 + 1 rows of days before ?1: the key; none if there are
			      fewer */
	const char *up_to; /* delete all rows up to this key */
	const char *rest;  /* delete all rows of days before ?1 */
	int columns;	   /* of the key */
};

#define EXPIRY(table, key, parameters, columns) \
	{ \
		"SELECT " key " FROM " table " WHERE day < ?1 ORDER BY " key " LIMIT 1 OFFSET ?2", \
		    "DELETE FROM " table " WHERE (" key ") <= (" parameters ")", \
		    "DELETE FROM " table " WHERE day < ?1", columns \
	}

static const struct expiry expiries[] = {
    EXPIRY("aggregate", "day, domain, policy, key", "?1, ?2, ?3, ?4", 4),
    EXPIRY("policy", "day, domain, policy", "?1, ?2, ?3", 3),
    EXPIRY("delivery", "day, domain, policy, destination", "?1, ?2, ?3, ?4", 4),
    EXPIRY("report", "day, domain, policy", "?1, ?2, ?3", 3),
    EXPIRY("entered", "day", "?1", 1),
    EXPIRY("outcome", "day, dmarc, action", "?1, ?2, ?3", 3),
};

/* Delete the next rows, up to the one that `last` stands at; if it stands at none, all that are
 * left. */
static bool delete_next(struct sdb *db, const struct expiry *e, struct sdb_query *last,
			int64_t before, struct error *why)
{
	struct sdb_query *q = sdb_prepare(db, last != NULL ? e->up_to : e->rest, why);
	bool ok;

	for (int i = 0; q != NULL && last != NULL && i < e->columns; i++)
		sdb_put_column(q, last, i);
	if (q != NULL && last == NULL)
		sdb_put_int(q, before);
	ok = q != NULL && sdb_run(q, why);
	sdb_query_free(q);
	return ok;
}

/* In the transaction that has begun. */
static bool expire_in(struct sdb *db, const struct expiry *e, int64_t before, bool *more_r,
		      struct error *why)
{
	struct sdb_query *last = sdb_prepare(db, e->last, why);
	enum sdb_result found = SDB_FAILED;
	bool ok;

	if (last != NULL) {
		sdb_put_int(last, before);
		sdb_put_int(last, EXPIRE_ROWS - 1);
		found = sdb_step(last, why);
	}
	*more_r = found == SDB_ROW;
	ok = found != SDB_FAILED && delete_next(db, e, *more_r ? last : NULL, before, why);
	sdb_query_free(last);
	return ok;
}

static bool expire_some(struct sdb *db, const struct expiry *e, int64_t before, bool *more_r,
			struct error *why)
{
	bool ok =
	    sdb_begin(db, why) && expire_in(db, e, before, more_r, why) && sdb_commit(db, why);

	if (!ok)
		sdb_rollback(db);
	return ok;
}

static bool expire_table(struct store *s, const struct expiry *e, int64_t before, struct error *why)
{
	static const struct timespec pause = {.tv_nsec = EXPIRE_PAUSE_NS};
	bool more = true, ok = true;

	while (ok && more) {
		ok = expire_some(store_lock_editor(s), e, before, &more, why);
		store_unlock_editor(s);
		if (more)
			nanosleep(&pause, NULL);
	}
	return ok;
}

bool store_expire(struct store *s, time_t now, int keep_days, struct error *why)
{
	int64_t before = now / TUPLE_DAY - (keep_days > 1 ? keep_days : 1);

	for (size_t i = 0; i < ARRAY_SIZE(expiries); i++)
		if (!expire_table(s, &expiries[i], before, why))
			return false;
	return true;
}
