/* store_writer.c - rows into the tables. Policies written lately are remembered, so that most rows
 * cost one upsert; outcomes are summed in memory and written at the commit. */
#include "store/store_writer.h"

#include <stdlib.h>
#include <string.h>

#include "base/digest.h"

/* Policies remembered: a slot each, found by the key's first bytes. */
#define KNOWN_POLICIES 1024
/* Distinct outcomes of one transaction: five DMARC results, four actions, two days around midnight.
 */
#define MAX_OUTCOMES 64
#define OUTCOME_NAME 16

/* The policy's key and a digest of its day and rua: what a repeated upsert would not change. */
struct known_policy {
	uint8_t policy[TUPLE_KEY_SIZE];
	uint8_t rua[TUPLE_KEY_SIZE];
	int64_t day;
};

struct outcome {
	int64_t day, count;
	char dmarc[OUTCOME_NAME], action[OUTCOME_NAME];
};

struct store_writer {
	struct sdb *db;
	struct sdb_query *add_policy, *add_tuple, *add_outcome;
	struct outcome outcome[MAX_OUTCOMES];
	size_t outcomes;
	struct known_policy known[KNOWN_POLICIES];
};

static const char ADD_POLICY[] =
    "INSERT INTO policy VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13)"
    " ON CONFLICT (day, domain, policy) DO UPDATE SET rua=excluded.rua";
static const char ADD_TUPLE[] =
    "INSERT INTO aggregate VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,1,?16,?16)"
    " ON CONFLICT (day, domain, policy, key) DO UPDATE SET count=count+1,"
    " first=min(first,excluded.first), last=max(last,excluded.last)";
static const char ADD_OUTCOME[] =
    "INSERT INTO outcome VALUES (?1,?2,?3,?4)"
    " ON CONFLICT (day, dmarc, action) DO UPDATE SET count=count+excluded.count";

struct store_writer *store_writer_new(struct sdb *db, struct error *why)
{
	struct store_writer *w = calloc(1, sizeof(*w));

	if (w == NULL) {
		error_set(why, "out of memory");
		return NULL;
	}
	w->db = db;
	if ((w->add_policy = sdb_prepare(db, ADD_POLICY, why)) == NULL ||
	    (w->add_tuple = sdb_prepare(db, ADD_TUPLE, why)) == NULL ||
	    (w->add_outcome = sdb_prepare(db, ADD_OUTCOME, why)) == NULL) {
		store_writer_free(w);
		return NULL;
	}
	return w;
}

void store_writer_free(struct store_writer *w)
{
	if (w == NULL)
		return;
	sdb_query_free(w->add_policy);
	sdb_query_free(w->add_tuple);
	sdb_query_free(w->add_outcome);
	free(w);
}

bool store_writer_begin(struct store_writer *w, struct error *why)
{
	w->outcomes = 0;
	return sdb_begin(w->db, why);
}

static bool add_policy(struct store_writer *w, const struct tuple *t, struct error *why)
{
	struct known_policy now = {.day = t->day}, *slot;
	const char *rua = t->field[TUPLE_RUA];
	uint8_t digest[SHA256_SIZE];

	if (!digest_sha256(rua, strlen(rua), digest)) {
		error_set(why, "out of memory");
		return false;
	}
	memcpy(now.policy, t->policy, sizeof(now.policy));
	memcpy(now.rua, digest, sizeof(now.rua));
	slot = &w->known[(t->policy[0] << 8 | t->policy[1]) % KNOWN_POLICIES];
	if (memcmp(slot, &now, sizeof(now)) == 0)
		return true;
	sdb_put_int(w->add_policy, t->day);
	sdb_put_text(w->add_policy, t->field[TUPLE_DOMAIN]);
	sdb_put_blob(w->add_policy, t->policy, sizeof(t->policy));
	for (int i = TUPLE_P; i <= TUPLE_ERROR; i++)
		sdb_put_text(w->add_policy, t->field[i]);
	sdb_put_text(w->add_policy, rua);
	*slot = now;
	return sdb_run(w->add_policy, why);
}

static bool add_tuple(struct store_writer *w, const struct tuple *t, struct error *why)
{
	sdb_put_int(w->add_tuple, t->day);
	sdb_put_text(w->add_tuple, t->field[TUPLE_DOMAIN]);
	sdb_put_blob(w->add_tuple, t->policy, sizeof(t->policy));
	sdb_put_blob(w->add_tuple, t->key, sizeof(t->key));
	for (int i = TUPLE_SOURCE_IP; i <= TUPLE_DKIM; i++)
		sdb_put_text(w->add_tuple, t->field[i]);
	sdb_put_int(w->add_tuple, t->when);
	return sdb_run(w->add_tuple, why);
}

static bool flush_outcomes(struct store_writer *w, struct error *why)
{
	for (size_t i = 0; i < w->outcomes; i++) {
		sdb_put_int(w->add_outcome, w->outcome[i].day);
		sdb_put_text(w->add_outcome, w->outcome[i].dmarc);
		sdb_put_text(w->add_outcome, w->outcome[i].action);
		sdb_put_int(w->add_outcome, w->outcome[i].count);
		if (!sdb_run(w->add_outcome, why))
			return false;
	}
	w->outcomes = 0;
	return true;
}

static bool add_outcome(struct store_writer *w, const struct tuple *t, struct error *why)
{
	struct outcome now = {.day = t->day, .count = 1};

	strncpy(now.dmarc, t->field[TUPLE_DMARC], OUTCOME_NAME - 1);
	strncpy(now.action, t->field[TUPLE_ACTION], OUTCOME_NAME - 1);
	for (size_t i = 0; i < w->outcomes; i++) {
		struct outcome *o = &w->outcome[i];

		if (o->day == now.day && strcmp(o->dmarc, now.dmarc) == 0 &&
		    strcmp(o->action, now.action) == 0) {
			o->count++;
			return true;
		}
	}
	if (w->outcomes == MAX_OUTCOMES && !flush_outcomes(w, why))
		return false;
	w->outcome[w->outcomes++] = now;
	return true;
}

bool store_writer_add(struct store_writer *w, const struct tuple *t, struct error *why)
{
	if (t->reportable && !(add_policy(w, t, why) && add_tuple(w, t, why)))
		return false;
	return add_outcome(w, t, why);
}

bool store_writer_commit(struct store_writer *w, struct error *why)
{
	return flush_outcomes(w, why) && sdb_commit(w->db, why);
}

void store_writer_rollback(struct store_writer *w)
{
	sdb_rollback(w->db);
	/* The policies written in this transaction are gone; which ones is not worth remembering.
	 */
	memset(w->known, 0, sizeof(w->known));
}
