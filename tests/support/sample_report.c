/* sample_report.c - an aggregate report of a.example with records of every kind. */
#include "sample_report.h"

#include <string.h>

#include "store_place.h"
#include "test.h"

struct store_policy sample_policy(void)
{
	struct store_policy p = {
	    .day = DAY, .policy = sample_row().policy, .messages = 9, .last = NOON};

	memset(p.key, 7, sizeof(p.key));
	return p;
}

struct store_record sample_record(void)
{
	return (struct store_record){.row = sample_row(), .count = 2, .first = NOON, .last = NOON};
}

static void put(struct aggregate *a, const struct store_record *r)
{
	assert_true(aggregate_add(a, r));
}

struct aggregate *sample_report(void)
{
	struct store_policy p = sample_policy();
	struct store_record r = sample_record();
	struct aggregate *a;

	p.policy.error = "bad np";
	a = aggregate_new(&p);
	assert_non_null(a);
	a->org_name = "Example & Sons";
	a->email = "dmarc@mx.example";
	a->contact = "https://mx.example/dmarc";
	a->generator = "alignd 1.2.3";
	strcpy(a->id, "20241004abcdef");
	r.count = 6;
	put(a, &r);
	r.count = 2;
	r.row.disposition = "pass";
	r.row.dkim_aligned = true;
	r.row.reason = r.row.comment = "";
	r.row.envelope_from = "bounce.a.example";
	r.row.dkim[0].result = "pass";
	put(a, &r);
	r.count = 1;
	r.row.spf_aligned = true;
	r.row.source_ip = "2001:db8::25";
	r.row.dkim_count = 0;
	r.row.spf_domain = r.row.spf_result = "";
	r.row.envelope_from = "";
	put(a, &r);
	return a;
}
