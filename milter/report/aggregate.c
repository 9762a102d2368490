/* aggregate.c - one aggregate report as a model. */
#include "report/aggregate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/digest.h"
#include "base/strbuf.h"

#define CHUNK_BYTES 65536

/* Copied text, freed as a whole. */
struct aggregate_text {
	struct aggregate_text *next;
	size_t used, size;
	char bytes[];
};

bool aggregate_id(const char *submitter, int64_t day, const char *domain,
		  const uint8_t key[TUPLE_KEY_SIZE], char id_r[AGGREGATE_ID_SIZE])
{
	char hex[2 * TUPLE_KEY_SIZE + 1];
	uint8_t digest[SHA256_SIZE];
	time_t begin = (time_t)(day * TUPLE_DAY);
	struct strbuf b;
	struct tm tm;
	bool ok;

	strbuf_init(&b, 4096);
	strbuf_addf(&b, "%s %lld %s %s", submitter, (long long)day, domain,
		    digest_hex(key, TUPLE_KEY_SIZE, hex));
	ok = strbuf_ok(&b) && digest_sha256(strbuf_text(&b), b.len, digest) &&
	     gmtime_r(&begin, &tm) != NULL;
	strbuf_free(&b);
	if (!ok)
		return false;
	/* The day in front is for people. */
	snprintf(id_r, AGGREGATE_ID_SIZE, "%04d%02d%02d", (tm.tm_year + 1900) % 10000,
		 (tm.tm_mon + 1) % 100, tm.tm_mday % 100);
	digest_hex(digest, (AGGREGATE_ID_SIZE - 1 - 8) / 2, id_r + 8);
	return true;
}

/* Room for n bytes that lives as long as the report; aligned for pointers. */
static void *keep_bytes(struct aggregate *a, size_t n)
{
	struct aggregate_text *t = a->texts;
	size_t room = (n + sizeof(void *) - 1) & ~(sizeof(void *) - 1);

	if (t == NULL || room > t->size - t->used) {
		size_t size = room > CHUNK_BYTES ? room : CHUNK_BYTES;

		t = malloc(sizeof(*t) + size);
		if (t == NULL)
			return NULL;
		*t = (struct aggregate_text){.next = a->texts, .size = size};
		a->texts = t;
	}
	t->used += room;
	return t->bytes + t->used - room;
}

/* A copy of the text; "" for NULL. NULL: out of memory. */
static const char *keep(struct aggregate *a, const char *text)
{
	size_t n = text != NULL ? strlen(text) : 0;
	char *copy;

	if (n == 0)
		return "";
	copy = keep_bytes(a, n + 1);
	if (copy != NULL)
		memcpy(copy, text, n + 1);
	return copy;
}

/* The member of `known` that equals `text`, else `otherwise`: the format has no other words. */
static const char *word(const char *const *known, const char *text, const char *otherwise)
{
	for (; text != NULL && *known != NULL; known++)
		if (strcmp(*known, text) == 0)
			return *known;
	return otherwise;
}

static const char *const policies[] = {"none", "quarantine", "reject", NULL};
static const char *const dispositions[] = {"none", "pass", "quarantine", "reject", NULL};
static const char *const modes[] = {"r", "s", NULL};
static const char *const flags[] = {"n", "y", NULL};
static const char *const methods[] = {"psl", "treewalk", NULL};
static const char *const reasons[] = {
    "local_policy", "mailing_list", "other", "policy_test_mode", "trusted_forwarder", "", NULL};
static const char *const dkim_results[] = {"none",    "pass",	   "fail",	"policy",
					   "neutral", "temperror", "permerror", NULL};
static const char *const spf_results[] = {"none",    "pass",	  "fail",      "softfail",
					  "neutral", "temperror", "permerror", NULL};

struct aggregate *aggregate_new(const struct store_policy *p)
{
	struct aggregate *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return NULL;
	a->org_name = a->email = a->contact = a->generator = "";
	a->begin = p->day * TUPLE_DAY;
	a->end = a->begin + TUPLE_DAY - 1;
	a->policy = (struct row_policy){
	    .domain = keep(a, p->policy.domain),
	    .p = word(policies, p->policy.p, "none"),
	    .sp = word(policies, p->policy.sp, ""),
	    .np = word(policies, p->policy.np, ""),
	    .adkim = word(modes, p->policy.adkim, "r"),
	    .aspf = word(modes, p->policy.aspf, "r"),
	    .fo = keep(a, p->policy.fo != NULL && p->policy.fo[0] != '\0' ? p->policy.fo : "0"),
	    .testing = word(flags, p->policy.testing, "n"),
	    .discovery = word(methods, p->policy.discovery, ""),
	    .rua = keep(a, p->policy.rua),
	    .error = keep(a, p->policy.error),
	};
	if (a->policy.domain == NULL || a->policy.fo == NULL || a->policy.rua == NULL ||
	    a->policy.error == NULL) {
		aggregate_free(a);
		return NULL;
	}
	return a;
}

void aggregate_free(struct aggregate *a)
{
	if (a == NULL)
		return;
	while (a->texts != NULL) {
		struct aggregate_text *t = a->texts;

		a->texts = t->next;
		free(t);
	}
	free(a->records);
	free(a);
}

/* RFC 9990 3.1.1.9: with failed alignment, anything but the published policy needs a reason.
 * Whether a name below the policy domain exists (sp or np) is not known any more, so either will
 * do. */
static bool needs_reason(const struct row_policy *p, const struct aggregate_record *r)
{
	const char *sp = p->sp[0] != '\0' ? p->sp : p->p;
	const char *np = p->np[0] != '\0' ? p->np : sp;

	if (r->dkim_aligned || r->spf_aligned || r->reason[0] != '\0')
		return false;
	if (strcmp(r->header_from, p->domain) == 0)
		return strcmp(r->disposition, p->p) != 0;
	return strcmp(r->disposition, sp) != 0 && strcmp(r->disposition, np) != 0;
}

/* RFC 9990 3.1.1.11: each signature tried. One without d= names nobody who could be told. */
static bool copy_dkim(struct aggregate *a, struct aggregate_record *to, const struct row *row)
{
	struct row_dkim *list = keep_bytes(a, row->dkim_count * sizeof(*list));

	if (list == NULL)
		return false;
	to->dkim = list;
	for (size_t i = 0; i < row->dkim_count; i++) {
		struct row_dkim *d = &list[to->dkim_count];

		if (row->dkim[i].domain == NULL || row->dkim[i].domain[0] == '\0')
			continue;
		d->domain = keep(a, row->dkim[i].domain);
		d->selector = keep(a, row->dkim[i].selector);
		d->result = word(dkim_results, row->dkim[i].result, "neutral");
		d->human_result = keep(a, row->dkim[i].human_result);
		if (d->domain == NULL || d->selector == NULL || d->human_result == NULL)
			return false;
		to->dkim_count++;
	}
	return true;
}

static bool copy_record(struct aggregate *a, struct aggregate_record *to,
			const struct store_record *r)
{
	const struct row *row = &r->row;

	*to = (struct aggregate_record){
	    .source_ip = keep(a, row->source_ip),
	    .header_from = keep(a, row->header_from),
	    .envelope_from = keep(a, row->envelope_from),
	    .disposition = word(dispositions, row->disposition, "none"),
	    .dkim_aligned = row->dkim_aligned,
	    .spf_aligned = row->spf_aligned,
	    .reason = word(reasons, row->reason != NULL ? row->reason : "", "other"),
	    .comment = keep(a, row->comment),
	    .spf_domain = keep(a, row->spf_domain),
	    .spf_result = word(spf_results, row->spf_result, "none"),
	    .count = r->count,
	};
	if (to->source_ip == NULL || to->header_from == NULL || to->envelope_from == NULL ||
	    to->comment == NULL || to->spf_domain == NULL || !copy_dkim(a, to, row))
		return false;
	if (needs_reason(&a->policy, to))
		to->reason =
		    strcmp(a->policy.testing, "y") == 0 ? "policy_test_mode" : "local_policy";
	return true;
}

bool aggregate_add(struct aggregate *a, const struct store_record *r)
{
	if (a->count == AGGREGATE_MAX_RECORDS) {
		a->left_records++;
		a->left_messages += r->count;
		return true;
	}
	if (a->count == a->size) {
		size_t size = a->size > 0 ? 2 * a->size : 16;
		struct aggregate_record *records = realloc(a->records, size * sizeof(*records));

		if (records == NULL)
			return false;
		a->records = records;
		a->size = size;
	}
	if (!copy_record(a, &a->records[a->count], r))
		return false;
	a->messages += r->count;
	a->count++;
	return true;
}

void aggregate_cut(struct aggregate *a, size_t n)
{
	while (a->count > n) {
		a->count--;
		a->left_records++;
		a->left_messages += a->records[a->count].count;
		a->messages -= a->records[a->count].count;
	}
}

/* -- from the store -- */

struct finding {
	const uint8_t *key;
	struct aggregate *a;
	bool found;
};

static bool find(void *arg, const struct store_policy *p)
{
	struct finding *f = arg;

	if (memcmp(p->key, f->key, TUPLE_KEY_SIZE) != 0)
		return true;
	f->found = true;
	f->a = aggregate_new(p);
	return false;
}

struct aggregate *aggregate_find(struct store *s, int64_t day, const char *domain,
				 const uint8_t key[TUPLE_KEY_SIZE], struct error *why)
{
	struct finding f = {.key = key};

	error_set(why, "%s", "");
	if (store_policies(s, day, day, domain, find, &f, why) && f.found && f.a == NULL)
		error_set(why, "out of memory");
	return f.a;
}

struct filling {
	struct aggregate *a;
	bool failed;
};

static bool fill(void *arg, const struct store_record *r)
{
	struct filling *f = arg;

	f->failed = !aggregate_add(f->a, r);
	return !f->failed;
}

bool aggregate_fill(struct aggregate *a, struct store *s, const uint8_t key[TUPLE_KEY_SIZE],
		    struct error *why)
{
	struct filling f = {.a = a};

	error_set(why, "%s", "");
	if (!store_records(s, a->begin / TUPLE_DAY, a->policy.domain, key, fill, &f, why))
		return false;
	if (f.failed)
		error_set(why, "out of memory");
	return !f.failed && a->count > 0;
}
