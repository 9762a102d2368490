/* store_expire.c - delete what is older than it needs to be. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "store/store_private.h"
#include "store/tuple.h"

/* Rows of one transaction (more if one domain has more), and the pause after it: the writer waits
 * a few milliseconds. */
#define EXPIRE_ROWS 500
#define EXPIRE_PAUSE_NS 2000000

/* How one table is emptied: one range of its primary key after the other, each found by a seek. */
struct expiry {
	const char *oldest; /* day; NULL if empty */
	const char *stop;   /* of a day: the domain of the last row to go now; none: all go */
	const char *up_to;  /* delete day ?1 up to domain ?2 */
};

#define EXPIRY(table) \
	{ \
		"SELECT min(day) FROM " table " WHERE day < ?1", \
		    "SELECT domain FROM " table \
		    " WHERE day = ?1 ORDER BY domain LIMIT 1 OFFSET ?2", \
		    "DELETE FROM " table " WHERE day = ?1 AND domain <= ?2" \
	}

static const struct expiry expiries[] = {EXPIRY("aggregate"), EXPIRY("policy"), EXPIRY("delivery"),
					 EXPIRY("report")};

/* A name after every domain: their bytes are ASCII. */
#define LAST_DOMAIN "\x7f"

/* Run `q`, bound, and free it. Its first row's first column is copied to `text_r`, if it is asked
 * for; NULL there: no row, or out of memory. */
static bool ask_text(struct sdb_query *q, char **text_r, struct error *why)
{
	enum sdb_result result = q != NULL ? sdb_step(q, why) : SDB_FAILED;

	*text_r = result == SDB_ROW ? strdup(sdb_text(q, 0)) : NULL;
	sdb_query_free(q);
	return result != SDB_FAILED;
}

static struct sdb_query *prepare(struct sdb *db, const char *sql, int64_t day, struct error *why)
{
	struct sdb_query *q = sdb_prepare(db, sql, why);

	if (q != NULL)
		sdb_put_int(q, day);
	return q;
}

/* The next rows of the table, in one small transaction (a statement alone is one). `more_r`: there
 * were some. */
static bool expire_some(struct sdb *db, const struct expiry *e, int64_t before, bool *more_r,
			struct error *why)
{
	char *day = NULL, *domain = NULL;
	struct sdb_query *q;
	int64_t oldest;
	bool ok = ask_text(prepare(db, e->oldest, before, why), &day, why);

	*more_r = ok && day != NULL && day[0] != '\0';
	oldest = *more_r ? strtoll(day, NULL, 10) : 0;
	free(day);
	if (!*more_r)
		return ok;
	q = prepare(db, e->stop, oldest, why);
	if (q != NULL)
		sdb_put_int(q, EXPIRE_ROWS - 1);
	ok = ask_text(q, &domain, why);
	q = ok ? prepare(db, e->up_to, oldest, why) : NULL;
	if (q != NULL)
		sdb_put_text(q, domain != NULL ? domain : LAST_DOMAIN);
	ok = q != NULL && sdb_run(q, why);
	sdb_query_free(q);
	free(domain);
	return ok;
}

static bool expire_table(struct store *s, const struct expiry *e, int64_t before, struct error *why)
{
	static const struct timespec pause = {.tv_nsec = EXPIRE_PAUSE_NS};
	bool more = true, ok = true;

	while (ok && more) {
		ok = expire_some(store_lock_reader(s), e, before, &more, why);
		store_unlock_reader(s);
		if (more)
			nanosleep(&pause, NULL);
	}
	return ok;
}

/* A few rows a day: all at once. */
static bool expire_outcomes(struct store *s, int64_t before, struct error *why)
{
	struct sdb_query *q =
	    prepare(store_lock_reader(s), "DELETE FROM outcome WHERE day < ?1", before, why);
	bool ok = q != NULL && sdb_run(q, why);

	sdb_query_free(q);
	store_unlock_reader(s);
	return ok;
}

bool store_expire(struct store *s, time_t now, int keep_days, struct error *why)
{
	int64_t before = now / TUPLE_DAY - (keep_days > 1 ? keep_days : 1);

	for (size_t i = 0; i < sizeof(expiries) / sizeof(expiries[0]); i++)
		if (!expire_table(s, &expiries[i], before, why))
			return false;
	return expire_outcomes(s, before, why);
}
