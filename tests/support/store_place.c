/* store_place.c - a directory for the store of one test, a row to store, and what is in the store
 * as text. */
#include "store/store_sqlite.h"
#include "store_place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "test.h"

int store_place_new(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	snprintf(p->dir, sizeof(p->dir), "/tmp/alignd-test-store-XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	snprintf(p->path, sizeof(p->path), "%s/store.db", p->dir);
	*state = p;
	return 0;
}

int store_place_free(void **state)
{
	struct place *p = *state;
	char path[128];
	static const char *const ends[] = {"", "-wal", "-shm"};

	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s%s", p->path, ends[i]);
		unlink(path);
	}
	rmdir(p->dir);
	free(p);
	return 0;
}

void place_run_sql(struct place *p, const char *sql)
{
	struct sdb *db = sdb_open(p->path, true, false, &p->why);
	struct sdb_query *q;

	assert_non_null(db);
	q = sdb_prepare(db, sql, &p->why);
	assert_non_null(q);
	assert_true(sdb_run(q, &p->why));
	sdb_query_free(q);
	sdb_close(db);
}

struct row sample_row(void)
{
	return (struct row){
	    .when = NOON,
	    .dmarc = "fail",
	    .action = "quarantine",
	    .reportable = true,
	    .policy = {.domain = "a.example",
		       .p = "reject",
		       .sp = "none",
		       .adkim = "r",
		       .aspf = "s",
		       .fo = "0",
		       .testing = "n",
		       .discovery = "treewalk",
		       .rua = "mailto:r@a.example",
		       .error = ""},
	    .source_ip = "192.0.2.1",
	    .header_from = "www.a.example",
	    .envelope_from = "",
	    .disposition = "quarantine",
	    .reason = "mailing_list",
	    .comment = "it's \"list\"; DROP TABLE aggregate",
	    .spf_domain = "mx.example",
	    .spf_result = "softfail",
	    .dkim = {{"a.example", "s1", "fail", "body hash\tdiffers\n"},
		     {"b.example", "", "permerror", NULL}},
	    .dkim_count = 2,
	};
}

struct store *open_store(struct place *p, bool durable)
{
	struct store *s = store_open(p->path, durable, &p->why);

	if (s == NULL)
		fail_msg("%s", p->why.text);
	return s;
}

void add(struct store *s, const struct row *row)
{
	struct error why = {.text = ""};

	if (!store_add(s, row, &why))
		fail_msg("%s", why.text);
}

static bool see_policy(void *arg, const struct store_policy *p)
{
	struct seen *seen = arg;

	seen->things++;
	seen->messages += p->messages;
	memcpy(seen->key, p->key, sizeof(seen->key));
	snprintf(seen->text, sizeof(seen->text),
		 "%lld %s p=%s sp=%s np=%s adkim=%s aspf=%s fo=%s t=%s %s rua=%s",
		 (long long)p->day, p->policy.domain, p->policy.p, p->policy.sp, p->policy.np,
		 p->policy.adkim, p->policy.aspf, p->policy.fo, p->policy.testing,
		 p->policy.discovery, p->policy.rua);
	return true;
}

static bool see_record(void *arg, const struct store_record *r)
{
	struct seen *seen = arg;
	size_t n;

	seen->things++;
	seen->messages += r->count;
	snprintf(seen->text, sizeof(seen->text), "%s %s <%s> %s %d%d %s (%s) %s=%s %lld-%lld",
		 r->row.source_ip, r->row.header_from, r->row.envelope_from, r->row.disposition,
		 r->row.dkim_aligned, r->row.spf_aligned, r->row.reason, r->row.comment,
		 r->row.spf_domain, r->row.spf_result, (long long)(r->first - NOON),
		 (long long)(r->last - NOON));
	for (size_t i = 0; i < r->row.dkim_count; i++) {
		n = strlen(seen->text);
		snprintf(seen->text + n, sizeof(seen->text) - n, " [%s|%s|%s|%s]",
			 r->row.dkim[i].domain, r->row.dkim[i].selector, r->row.dkim[i].result,
			 r->row.dkim[i].human_result);
	}
	return true;
}

static bool see_outcome(void *arg, const struct store_outcome *o)
{
	struct seen *seen = arg;
	size_t n = strlen(seen->text);

	seen->things++;
	seen->messages += o->count;
	snprintf(seen->text + n, sizeof(seen->text) - n, "%s/%s=%lld ", o->dmarc, o->action,
		 (long long)o->count);
	return true;
}

struct seen policies(struct store *s, int64_t first, int64_t last)
{
	struct seen seen = {.text = ""};
	struct error why = {.text = ""};

	if (!store_policies(s, first, last, NULL, see_policy, &seen, &why))
		fail_msg("%s", why.text);
	return seen;
}

struct seen records(struct store *s, int64_t day, const char *domain, const uint8_t *key)
{
	struct seen seen = {.text = ""};
	struct error why = {.text = ""};

	if (!store_records(s, day, domain, key, see_record, &seen, &why))
		fail_msg("%s", why.text);
	return seen;
}

struct seen outcomes(struct store *s)
{
	struct seen seen = {.text = ""};
	struct error why = {.text = ""};

	if (!store_outcomes(s, 0, INT32_MAX, see_outcome, &seen, &why))
		fail_msg("%s", why.text);
	return seen;
}
