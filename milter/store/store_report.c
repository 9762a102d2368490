/* store_report.c - the reports of the store and what became of them. */
#include "store/store_report.h"

#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "store/store_private.h"

/* Reports entered in one transaction: the writer of rows waits for its end. */
#define ENTER_GROUP 500

static const char *const state_names[] = {"due", "claimed", "sent", "failed", "suppressed"};

#define STATES ((int)ARRAY_SIZE(state_names))

const char *report_state_name(enum report_state s)
{
	return state_names[s];
}

/* A state nobody knows is one that needs no work. */
static enum report_state state_from(const char *name)
{
	for (int i = 0; i < STATES; i++)
		if (strcmp(name, state_names[i]) == 0)
			return (enum report_state)i;
	return REPORT_SUPPRESSED;
}

/* The columns every reading statement below begins with. */
#define COLUMNS "day, domain, policy, id, state, attempts, next, changed, error"

static bool read_report(struct sdb_query *q, struct store_report *r, struct error *why)
{
	*r = (struct store_report){
	    .day = sdb_int(q, 0),
	    .state = state_from(sdb_text(q, 4)),
	    .attempts = (int)sdb_int(q, 5),
	    .next = sdb_int(q, 6),
	    .changed = sdb_int(q, 7),
	};
	snprintf(r->domain, sizeof(r->domain), "%s", sdb_text(q, 1));
	snprintf(r->id, sizeof(r->id), "%s", sdb_text(q, 3));
	snprintf(r->error, sizeof(r->error), "%s", sdb_text(q, 8));
	if (sdb_blob(q, 2, r->key, sizeof(r->key)))
		return true;
	error_set(why, "the store holds a report without key");
	return false;
}

static void put_name(struct sdb_query *q, const struct store_report *r)
{
	sdb_put_int(q, r->day);
	sdb_put_text(q, r->domain);
	sdb_put_blob(q, r->key, sizeof(r->key));
}

/* Run a bound statement and free it; `q` NULL: it could not be compiled. */
static bool run_once(struct sdb_query *q, struct error *why)
{
	bool ok = q != NULL && sdb_run(q, why);

	sdb_query_free(q);
	return ok;
}

/* -- entering -- */

bool store_entering(struct store *s, int64_t day, bool *done_r, struct error *why)
{
	static const char sql[] =
	    "INSERT INTO entered VALUES (?1, 0) ON CONFLICT DO UPDATE SET done=done RETURNING done";
	struct sdb_query *q = sdb_prepare(store_lock_editor(s), sql, why);
	bool ok = false;

	if (q != NULL) {
		sdb_put_int(q, day);
		ok = sdb_step(q, why) == SDB_ROW;
		*done_r = ok && sdb_int(q, 0) != 0;
		ok = ok && sdb_run(q, why);
	}
	sdb_query_free(q);
	store_unlock_editor(s);
	return ok;
}

bool store_entered(struct store *s, int64_t day, struct error *why)
{
	struct sdb_query *q =
	    sdb_prepare(store_lock_editor(s), "UPDATE entered SET done=1 WHERE day=?1", why);
	bool ok;

	if (q != NULL)
		sdb_put_int(q, day);
	ok = run_once(q, why);
	store_unlock_editor(s);
	return ok;
}

static bool enter(struct sdb *db, struct sdb_query *q, const struct store_report *r,
		  unsigned *entered, struct error *why)
{
	put_name(q, r);
	sdb_put_text(q, r->id);
	sdb_put_text(q, report_state_name(r->state));
	sdb_put_int(q, r->next);
	sdb_put_int(q, r->changed);
	sdb_put_text(q, r->error);
	if (!sdb_run(q, why))
		return false;
	*entered += sdb_changes(db) > 0;
	return true;
}

/* One transaction. */
static bool enter_some(struct store *s, const struct store_report *list, size_t n,
		       unsigned *entered, struct error *why)
{
	static const char sql[] =
	    "INSERT INTO report VALUES (?1,?2,?3,?4,?5,0,?6,?7,?8) ON CONFLICT DO NOTHING";
	struct sdb *db = store_lock_editor(s);
	struct sdb_query *q = sdb_prepare(db, sql, why);
	bool ok = q != NULL && sdb_begin(db, why);

	for (size_t i = 0; ok && i < n; i++)
		ok = enter(db, q, &list[i], entered, why);
	sdb_query_free(q);
	ok = ok && sdb_commit(db, why);
	if (!ok)
		sdb_rollback(db);
	store_unlock_editor(s);
	return ok;
}

bool store_report_enter(struct store *s, const struct store_report *list, size_t n,
			unsigned *entered_r, struct error *why)
{
	unsigned entered = 0;
	bool ok = true;

	for (size_t i = 0; ok && i < n; i += ENTER_GROUP)
		ok = enter_some(s, list + i, n - i < ENTER_GROUP ? n - i : ENTER_GROUP, &entered,
				why);
	if (entered_r != NULL)
		*entered_r = entered;
	return ok;
}

/* -- claims -- */

/* The first two parameters of a statement with CHOSEN. No report is of a day before 1970. */
#define CHOSEN " (?1 < 0 OR day = ?1) AND (?2 = '' OR domain = ?2)"

static void put_choice(struct sdb_query *q, const struct store_choice *choice)
{
	sdb_put_int(q, choice->day != NULL ? *choice->day : -1);
	sdb_put_text(q, choice->domain);
}

/* False with an empty reason: none. */
static bool find_due(struct sdb *db, time_t now, const struct store_choice *choice,
		     struct store_report *r, struct error *why)
{
	static const char sql[] =
	    "SELECT " COLUMNS " FROM report WHERE" CHOSEN " AND state IN ('due', 'claimed')"
	    " AND next <= ?3 ORDER BY next, day, domain, policy LIMIT 1";
	struct sdb_query *q = sdb_prepare(db, sql, why);
	bool ok = false;

	if (q != NULL) {
		put_choice(q, choice);
		sdb_put_int(q, now);
		ok = sdb_step(q, why) == SDB_ROW && read_report(q, r, why);
	}
	sdb_query_free(q);
	return ok;
}

static bool mark_claimed(struct sdb *db, const struct store_report *r, struct error *why)
{
	static const char sql[] =
	    "UPDATE report SET state='claimed', attempts=?4, next=?5, changed=?6"
	    " WHERE day=?1 AND domain=?2 AND policy=?3";
	struct sdb_query *q = sdb_prepare(db, sql, why);

	if (q != NULL) {
		put_name(q, r);
		sdb_put_int(q, r->attempts);
		sdb_put_int(q, r->next);
		sdb_put_int(q, r->changed);
	}
	return run_once(q, why);
}

bool store_report_claim(struct store *s, time_t now, int lease, const struct store_choice *choice,
			struct store_report *r, struct error *why)
{
	struct sdb *db = store_lock_editor(s);
	struct error unread = {.text = ""};
	bool ok = sdb_begin(db, &unread);

	if (ok && (ok = find_due(db, now, choice, r, &unread))) {
		r->state = REPORT_CLAIMED;
		r->attempts++;
		r->next = now + lease;
		r->changed = now;
		ok = mark_claimed(db, r, &unread) && sdb_commit(db, &unread);
	}
	if (!ok)
		sdb_rollback(db);
	store_unlock_editor(s);
	if (why != NULL)
		*why = unread;
	return ok;
}

bool store_report_finish(struct store *s, const struct store_report *r, struct error *why)
{
	static const char sql[] =
	    "UPDATE report SET state=?4, next=?5, changed=?6, error=?7"
	    " WHERE day=?1 AND domain=?2 AND policy=?3 AND state='claimed' AND attempts=?8";
	struct sdb *db = store_lock_editor(s);
	struct sdb_query *q = sdb_prepare(db, sql, why);
	bool ok;

	if (q != NULL) {
		put_name(q, r);
		sdb_put_text(q, report_state_name(r->state));
		sdb_put_int(q, r->next);
		sdb_put_int(q, r->changed);
		sdb_put_text(q, r->error);
		sdb_put_int(q, r->attempts);
	}
	ok = run_once(q, why);
	if (ok && sdb_changes(db) == 0) {
		error_set(why, "report %s was claimed by another process meanwhile", r->id);
		ok = false;
	}
	store_unlock_editor(s);
	return ok;
}

static bool renew(struct sdb *db, const char *sql, const struct store_choice *choice, time_t now,
		  struct error *why)
{
	struct sdb_query *q = sdb_prepare(db, sql, why);

	if (q != NULL) {
		put_choice(q, choice);
		sdb_put_int(q, now);
	}
	return run_once(q, why);
}

bool store_report_renew(struct store *s, const struct store_choice *choice, time_t now,
			struct error *why)
{
	static const char reports[] =
	    "UPDATE report SET state='due', attempts=0, next=?3, changed=?3, error='' WHERE" CHOSEN
	    " AND state IN ('due', 'failed', 'suppressed')";
	static const char refusals[] =
	    "DELETE FROM delivery WHERE" CHOSEN " AND state <> 'sent' AND changed <= ?3";
	struct sdb *db = store_lock_editor(s);
	bool ok = sdb_begin(db, why) && renew(db, reports, choice, now, why) &&
		  renew(db, refusals, choice, now, why) && sdb_commit(db, why);

	if (!ok)
		sdb_rollback(db);
	store_unlock_editor(s);
	return ok;
}

bool store_reports(struct store *s, int64_t first, int64_t last, store_see_report *see, void *arg,
		   struct error *why)
{
	static const char sql[] =
	    "SELECT " COLUMNS
	    " FROM report WHERE day BETWEEN ?1 AND ?2 ORDER BY day, domain, policy";
	struct sdb_query *q = sdb_prepare(store_lock_reader(s), sql, why);
	enum sdb_result result = SDB_FAILED;
	struct store_report r;
	bool ok = q != NULL;

	if (ok) {
		sdb_put_int(q, first);
		sdb_put_int(q, last);
		while ((result = sdb_step(q, why)) == SDB_ROW)
			if (!(ok = read_report(q, &r, why)) || !see(arg, &r))
				break;
	}
	sdb_query_free(q);
	store_unlock_reader(s);
	return ok && result != SDB_FAILED;
}

/* -- destinations -- */

bool store_delivery_put(struct store *s, const struct store_report *r, const char *destination,
			enum report_state state, time_t now, const char *error, struct error *why)
{
	static const char sql[] =
	    "INSERT INTO delivery VALUES (?1,?2,?3,?4,?5,?6,?7) ON CONFLICT (day, domain, policy, "
	    "destination)"
	    " DO UPDATE SET state=excluded.state, changed=excluded.changed, error=excluded.error";
	struct sdb_query *q = sdb_prepare(store_lock_editor(s), sql, why);
	bool ok;

	if (q != NULL) {
		put_name(q, r);
		sdb_put_text(q, destination);
		sdb_put_text(q, report_state_name(state));
		sdb_put_int(q, now);
		sdb_put_text(q, error);
	}
	ok = run_once(q, why);
	store_unlock_editor(s);
	return ok;
}

bool store_delivery_state(struct store *s, const struct store_report *r, const char *destination,
			  enum report_state *state_r, struct error *why)
{
	static const char sql[] =
	    "SELECT state FROM delivery WHERE day=?1 AND domain=?2 AND policy=?3 AND"
	    " destination=?4 AND state IN ('sent', 'failed')";
	struct sdb_query *q = sdb_prepare(store_lock_reader(s), sql, why);
	enum sdb_result result = SDB_FAILED;

	*state_r = REPORT_DUE;
	if (q != NULL) {
		put_name(q, r);
		sdb_put_text(q, destination);
		result = sdb_step(q, why);
		if (result == SDB_ROW)
			*state_r = state_from(sdb_text(q, 0));
	}
	sdb_query_free(q);
	store_unlock_reader(s);
	return result != SDB_FAILED;
}

bool store_delivery_count(struct store *s, time_t since, int64_t *count_r, struct error *why)
{
	static const char sql[] =
	    "SELECT count(*) FROM delivery WHERE state='sent' AND changed >= ?1";
	struct sdb_query *q = sdb_prepare(store_lock_reader(s), sql, why);
	bool ok = false;

	if (q != NULL) {
		sdb_put_int(q, since);
		ok = sdb_step(q, why) == SDB_ROW;
	}
	if (ok)
		*count_r = sdb_int(q, 0);
	sdb_query_free(q);
	store_unlock_reader(s);
	return ok;
}

bool store_deliveries(struct store *s, const struct store_report *r, store_see_delivery *see,
		      void *arg, struct error *why)
{
	static const char sql[] = "SELECT destination, state, changed, error FROM delivery"
				  " WHERE day=?1 AND domain=?2 AND policy=?3 ORDER BY destination";
	struct sdb_query *q = sdb_prepare(store_lock_reader(s), sql, why);
	enum sdb_result result = SDB_FAILED;

	if (q != NULL) {
		put_name(q, r);
		while ((result = sdb_step(q, why)) == SDB_ROW) {
			struct store_delivery d = {.destination = sdb_text(q, 0),
						   .state = state_from(sdb_text(q, 1)),
						   .changed = sdb_int(q, 2),
						   .error = sdb_text(q, 3)};

			if (!see(arg, &d))
				break;
		}
	}
	sdb_query_free(q);
	store_unlock_reader(s);
	return result != SDB_FAILED;
}
