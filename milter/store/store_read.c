/* store_read.c - what is in the store, for reports and tools. */
#include "store/store_read.h"

#include <stdlib.h>
#include <string.h>

#include "store/store_private.h"

#define NO_KEY "the store holds a policy without key"

/* Step through `q`, whose parameters are bound, until `see` has enough; frees it. NULL: it could
 * not be compiled. */
static bool each(struct sdb_query *q,
		 bool (*see)(void *context, struct sdb_query *q, bool *more_r, struct error *why),
		 void *context, struct error *why)
{
	enum sdb_result result = SDB_FAILED;
	bool ok = q != NULL, more = true;

	while (ok && more) {
		result = sdb_step(q, why);
		if (result != SDB_ROW)
			break;
		ok = see(context, q, &more, why);
	}
	sdb_query_free(q);
	return ok && result != SDB_FAILED;
}

/* -- outcomes -- */

struct outcome_reader {
	store_see_outcome *see;
	void *arg;
};

static bool read_outcome(void *context, struct sdb_query *q, bool *more_r, struct error *why)
{
	struct outcome_reader *r = context;
	struct store_outcome o = {.day = sdb_int(q, 0),
				  .dmarc = sdb_text(q, 1),
				  .action = sdb_text(q, 2),
				  .count = sdb_int(q, 3)};

	(void)why;
	*more_r = r->see(r->arg, &o);
	return true;
}

bool store_outcomes(struct store *s, int64_t first, int64_t last, store_see_outcome *see, void *arg,
		    struct error *why)
{
	static const char sql[] =
	    "SELECT day, dmarc, action, count FROM outcome WHERE day BETWEEN ?1 AND ?2"
	    " ORDER BY day, dmarc, action";
	struct outcome_reader r = {see, arg};
	struct sdb_query *q = sdb_prepare(store_lock_reader(s), sql, why);
	bool ok;

	if (q != NULL) {
		sdb_put_int(q, first);
		sdb_put_int(q, last);
	}
	ok = each(q, read_outcome, &r, why);
	store_unlock_reader(s);
	return ok;
}

/* -- authors -- */

struct author_reader {
	store_see_author *see;
	void *arg;
};

static bool read_author(void *context, struct sdb_query *q, bool *more_r, struct error *why)
{
	struct author_reader *r = context;
	struct store_author a = {.domain = sdb_text(q, 0),
				 .messages = sdb_int(q, 1),
				 .passed = sdb_int(q, 2),
				 .quarantined = sdb_int(q, 3),
				 .rejected = sdb_int(q, 4)};

	(void)why;
	*more_r = r->see(r->arg, &a);
	return true;
}

bool store_authors(struct store *s, int64_t first, int64_t last, store_see_author *see, void *arg,
		   struct error *why)
{
	static const char sql[] =
	    "SELECT header_from, sum(count) AS messages, sum(count * (dkim_aligned OR "
	    "spf_aligned)),"
	    " sum(count * (disposition = 'quarantine')), sum(count * (disposition = 'reject'))"
	    " FROM aggregate WHERE day BETWEEN ?1 AND ?2"
	    " GROUP BY header_from ORDER BY messages DESC, header_from";
	struct author_reader r = {see, arg};
	struct sdb_query *q = sdb_prepare(store_lock_reader(s), sql, why);
	bool ok;

	if (q != NULL) {
		sdb_put_int(q, first);
		sdb_put_int(q, last);
	}
	ok = each(q, read_author, &r, why);
	store_unlock_reader(s);
	return ok;
}

/* -- policies -- */

struct policy_reader {
	store_see_policy *see;
	void *arg;
};

static bool read_policy(void *context, struct sdb_query *q, bool *more_r, struct error *why)
{
	struct policy_reader *r = context;
	struct store_policy p = {
	    .day = sdb_int(q, 0),
	    .policy = {.domain = sdb_text(q, 1),
		       .p = sdb_text(q, 3),
		       .sp = sdb_text(q, 4),
		       .np = sdb_text(q, 5),
		       .adkim = sdb_text(q, 6),
		       .aspf = sdb_text(q, 7),
		       .fo = sdb_text(q, 8),
		       .testing = sdb_text(q, 9),
		       .discovery = sdb_text(q, 10),
		       .error = sdb_text(q, 11),
		       .rua = sdb_text(q, 12)},
	    .messages = sdb_int(q, 13),
	    .last = sdb_int(q, 14),
	};

	if (!sdb_blob(q, 2, p.key, sizeof(p.key))) {
		error_set(why, NO_KEY);
		return false;
	}
	*more_r = r->see(r->arg, &p);
	return true;
}

#define SELECT_POLICIES \
	"SELECT p.day, p.domain, p.policy, p.p, p.sp, p.np, p.adkim, p.aspf, p.fo, p.testing," \
	" p.discovery, p.error, p.rua, sum(a.count), max(a.last) FROM "
#define JOIN_TUPLES \
	" CROSS JOIN aggregate a" \
	" ON a.day = p.day AND a.domain = p.domain AND a.policy = p.policy"
#define ORDER_POLICIES \
	" GROUP BY p.day, p.domain, p.policy ORDER BY p.day, p.domain, max(a.last) DESC, p.policy"

bool store_policies(struct store *s, int64_t first, int64_t last, const char *domain,
		    store_see_policy *see, void *arg, struct error *why)
{
	static const char all[] =
	    SELECT_POLICIES "policy p" JOIN_TUPLES " WHERE p.day BETWEEN ?1 AND ?2" ORDER_POLICIES;
	/* One seek for each day that has rows: a range of days would hide the domain from the key.
	 */
	static const char one[] = SELECT_POLICIES
	    "(SELECT DISTINCT day FROM outcome WHERE day BETWEEN ?1 AND ?2) d"
	    " CROSS JOIN policy p ON p.day = d.day AND p.domain = ?3" JOIN_TUPLES ORDER_POLICIES;
	struct policy_reader r = {see, arg};
	struct sdb_query *q = sdb_prepare(store_lock_reader(s), domain != NULL ? one : all, why);
	bool ok;

	if (q != NULL) {
		sdb_put_int(q, first);
		sdb_put_int(q, last);
		if (domain != NULL)
			sdb_put_text(q, domain);
	}
	ok = each(q, read_policy, &r, why);
	store_unlock_reader(s);
	return ok;
}

struct asking_reader {
	store_see_asking *see;
	void *arg;
};

static bool read_asking(void *context, struct sdb_query *q, bool *more_r, struct error *why)
{
	struct asking_reader *r = context;
	uint8_t key[TUPLE_KEY_SIZE];

	if (!sdb_blob(q, 1, key, sizeof(key))) {
		error_set(why, NO_KEY);
		return false;
	}
	*more_r = r->see(r->arg, sdb_text(q, 0), key);
	return true;
}

bool store_asking(struct store *s, int64_t day, const char *after, store_see_asking *see, void *arg,
		  struct error *why)
{
	static const char sql[] = "SELECT domain, policy FROM policy"
				  " WHERE day = ?1 AND domain > ?2 AND rua <> ''"
				  " ORDER BY domain, policy";
	struct asking_reader r = {see, arg};
	struct sdb_query *q = sdb_prepare(store_lock_reader(s), sql, why);
	bool ok;

	if (q != NULL) {
		sdb_put_int(q, day);
		sdb_put_text(q, after);
	}
	ok = each(q, read_asking, &r, why);
	store_unlock_reader(s);
	return ok;
}

/* -- records -- */

struct record_reader {
	store_see_record *see;
	void *arg;
};

static bool read_record(void *context, struct sdb_query *q, bool *more_r, struct error *why)
{
	struct record_reader *r = context;
	char *dkim = strdup(sdb_text(q, 10));
	struct store_record record = {
	    .row = {.when = sdb_int(q, 13),
		    .reportable = true,
		    .source_ip = sdb_text(q, 0),
		    .header_from = sdb_text(q, 1),
		    .envelope_from = sdb_text(q, 2),
		    .disposition = sdb_text(q, 3),
		    .dkim_aligned = sdb_int(q, 4) != 0,
		    .spf_aligned = sdb_int(q, 5) != 0,
		    .reason = sdb_text(q, 6),
		    .comment = sdb_text(q, 7),
		    .spf_domain = sdb_text(q, 8),
		    .spf_result = sdb_text(q, 9)},
	    .count = sdb_int(q, 11),
	    .first = sdb_int(q, 12),
	    .last = sdb_int(q, 13),
	};
	bool ok = dkim != NULL && tuple_read_dkim(dkim, &record.row);

	if (ok)
		*more_r = r->see(r->arg, &record);
	else
		error_set(why, dkim != NULL
				   ? "the store holds a row of DKIM results that cannot be read"
				   : "out of memory");
	free(dkim);
	return ok;
}

bool store_records(struct store *s, int64_t day, const char *domain,
		   const uint8_t key[TUPLE_KEY_SIZE], store_see_record *see, void *arg,
		   struct error *why)
{
	static const char sql[] =
	    "SELECT source_ip, header_from, envelope_from, disposition, dkim_aligned, spf_aligned, "
	    "reason, comment,"
	    " spf_domain, spf_result, dkim, count, first, last FROM aggregate"
	    " WHERE day = ?1 AND domain = ?2 AND policy = ?3"
	    " ORDER BY count DESC, source_ip, header_from, envelope_from, key";
	struct record_reader r = {see, arg};
	struct sdb_query *q = sdb_prepare(store_lock_reader(s), sql, why);
	bool ok;

	if (q != NULL) {
		sdb_put_int(q, day);
		sdb_put_text(q, domain);
		sdb_put_blob(q, key, TUPLE_KEY_SIZE);
	}
	ok = each(q, read_record, &r, why);
	store_unlock_reader(s);
	return ok;
}

/* -- reputation -- */

static bool read_flag(void *context, struct sdb_query *q, bool *more_r, struct error *why)
{
	(void)q;
	(void)why;
	*(bool *)context = true;
	*more_r = false;
	return true;
}

bool store_earned(struct store *s, const char *domain, int64_t day, int days, bool *earned_r,
		  struct error *why)
{
	/* One seek for each day: the primary key begins with it. */
	static const char sql[] =
	    "WITH RECURSIVE d(day) AS (SELECT ?1 UNION ALL SELECT day - 1 FROM d WHERE day > ?2)"
	    " SELECT 1 FROM d CROSS JOIN aggregate a ON a.day = d.day AND a.domain = ?3"
	    " WHERE (a.dkim_aligned OR a.spf_aligned) AND a.disposition IN ('none', 'pass') LIMIT "
	    "1";
	struct sdb_query *q = sdb_prepare(store_lock_reader(s), sql, why);
	bool ok;

	*earned_r = false;
	if (q != NULL) {
		sdb_put_int(q, day);
		sdb_put_int(q, day - days + 1);
		sdb_put_text(q, domain);
	}
	ok = each(q, read_flag, earned_r, why);
	store_unlock_reader(s);
	return ok;
}
