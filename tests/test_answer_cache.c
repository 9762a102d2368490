/* test_answer_cache.c - decoded answers kept for their TTL. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dns/answer_cache.h"
#include "support/test.h"

static struct question question(const char *name)
{
	struct question q;

	assert_true(question_set(&q, name, DNS_TXT, 1));
	return q;
}

static void put(struct answer_cache *c, const char *name, enum dns_status status, uint32_t ttl,
		size_t len, int64_t now)
{
	char *data = calloc(1, len + 1);
	const struct dns_record r = {data, len};
	struct dns_answer *a = dns_answer_new(status, &r, status == DNS_OK);
	struct question q = question(name);

	a->ttl = ttl;
	answer_cache_put(c, &q, a, now);
	dns_answer_unref(a);
	free(data);
}

static bool has(struct answer_cache *c, const char *name, int64_t now)
{
	struct question q = question(name);
	struct dns_answer *a = answer_cache_get(c, &q, now);

	dns_answer_unref(a);
	return a != NULL;
}

static void an_answer_lives_as_long_as_its_ttl_allows(void **state)
{
	static const struct {
		enum dns_status status;
		uint32_t ttl;
		int64_t lives_ms;
	} rows[] = {
	    {DNS_OK, 60, 60000},
	    {DNS_OK, 86400, 3600000},
	    {DNS_OK, UINT32_MAX, 3600000},
	    {DNS_OK, 1, 1000},
	    {DNS_OK, 0, 0},
	    {DNS_NODATA, 60, 60000},
	    {DNS_NXDOMAIN, 86400, 300000},
	    {DNS_NODATA, 86400, 300000},
	    {DNS_NXDOMAIN, 0, 0},
	    {DNS_SERVFAIL, 60, 0},
	    {DNS_TIMEOUT, 60, 0},
	    {DNS_BOGUS, 60, 0},
	    {DNS_REFUSED_HERE, 60, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct answer_cache *c = answer_cache_new(1 << 20);

		put(c, "example.org", rows[i].status, rows[i].ttl, 10, 1000);
		assert_int_equal(has(c, "example.org", 1000), rows[i].lives_ms > 0);
		assert_int_equal(has(c, "example.org", 1000 + rows[i].lives_ms - 1),
				 rows[i].lives_ms > 0);
		assert_false(has(c, "example.org", 1000 + rows[i].lives_ms));
		answer_cache_free(c);
	}
	answer_cache_free(NULL);
}

static void an_expired_answer_gives_its_memory_back(void **state)
{
	struct answer_cache *c = answer_cache_new(1 << 20);
	size_t empty = answer_cache_bytes(c);

	put(c, "example.org", DNS_OK, 1, 10, 0);
	assert_true(answer_cache_bytes(c) > empty);
	assert_false(has(c, "example.org", 1000));
	assert_int_equal(answer_cache_bytes(c), empty);
	answer_cache_free(c);
}

static void a_newer_answer_takes_the_place_of_the_older(void **state)
{
	struct answer_cache *c = answer_cache_new(1 << 20);
	struct question q = question("example.org");
	struct dns_answer *old, *a;

	put(c, "example.org", DNS_OK, 60, 10, 0);
	old = answer_cache_get(c, &q, 0);
	put(c, "example.org", DNS_NXDOMAIN, 60, 0, 0);
	a = answer_cache_get(c, &q, 0);
	assert_int_equal(a->status, DNS_NXDOMAIN);
	assert_int_equal(old->records[0].len, 10);
	dns_answer_unref(a);
	dns_answer_unref(old);
	answer_cache_free(c);
}

static void the_bound_holds_and_the_used_stay(void **state)
{
	const size_t bound = 1 << 20;
	struct answer_cache *c = answer_cache_new(bound);
	unsigned found = 0;
	char name[32];

	put(c, "used.example", DNS_OK, 600, 100, 0);
	for (int i = 0; i < 20000; i++) {
		snprintf(name, sizeof(name), "n%d.example", i);
		put(c, name, DNS_OK, 600, 100, 0);
		assert_true(i % 10 != 0 || has(c, "used.example", 0));
		assert_true(i % 100 != 0 || answer_cache_bytes(c) <= bound);
	}
	assert_true(answer_cache_bytes(c) > bound / 2);
	assert_true(has(c, "n19999.example", 0));
	assert_false(has(c, "n0.example", 0));
	for (int i = 0; i < 20000; i++) {
		snprintf(name, sizeof(name), "n%d.example", i);
		found += has(c, name, 0);
	}
	assert_in_range(found, 1000, bound / 100);
	answer_cache_free(c);
}

static void what_is_too_large_or_has_no_room_is_not_kept(void **state)
{
	static const size_t sizes[] = {0, 1, 4096, 8192};
	struct answer_cache *c = answer_cache_new(1 << 20);

	put(c, "large.example", DNS_OK, 60, 1 << 19, 0);
	assert_false(has(c, "large.example", 0));
	answer_cache_free(c);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		c = answer_cache_new(sizes[i]);
		put(c, "a.example", DNS_OK, 60, 10, 0);
		put(c, "b.example", DNS_OK, 60, 10, 0);
		assert_false(has(c, "c.example", 0));
		answer_cache_free(c);
	}
}

/* One hash for all: as an attacker who knew the seed would have it. */
static void names_that_collide_are_told_apart_and_bounded(void **state)
{
	struct answer_cache *c = answer_cache_new(1 << 20);
	struct question q = question("a.example");
	uint64_t hash = q.hash;
	unsigned found = 0;
	char name[32];

	for (int i = 0; i < 100; i++) {
		struct dns_answer *a = dns_answer_new(DNS_NODATA, NULL, 0);

		a->ttl = (uint32_t)i + 1;
		snprintf(name, sizeof(name), "n%d.example", i);
		q = question(name);
		q.hash = hash;
		answer_cache_put(c, &q, a, 0);
		dns_answer_unref(a);
	}
	for (int i = 0; i < 100; i++) {
		struct dns_answer *a;

		snprintf(name, sizeof(name), "n%d.example", i);
		q = question(name);
		q.hash = hash;
		a = answer_cache_get(c, &q, 0);
		assert_true(a == NULL || a->ttl == (uint32_t)i + 1);
		found += a != NULL;
		dns_answer_unref(a);
	}
	assert_in_range(found, 4, 16);
	answer_cache_free(c);
}

static void *mix(void *arg)
{
	char name[32];

	for (int i = 0; i < 20000; i++) {
		snprintf(name, sizeof(name), "n%d.example", i * 7 % 301);
		if (!has(arg, name, i / 100))
			put(arg, name, DNS_OK, 1, (size_t)i % 900, i / 100);
	}
	return NULL;
}

static void threads_may_share_it(void **state)
{
	struct answer_cache *c = answer_cache_new(64 << 10);
	pthread_t threads[3];

	for (size_t i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, mix, c), 0);
	for (size_t i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	assert_true(answer_cache_bytes(c) <= 64 << 10);
	answer_cache_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_answer_lives_as_long_as_its_ttl_allows),
	    cmocka_unit_test(an_expired_answer_gives_its_memory_back),
	    cmocka_unit_test(a_newer_answer_takes_the_place_of_the_older),
	    cmocka_unit_test(the_bound_holds_and_the_used_stay),
	    cmocka_unit_test(what_is_too_large_or_has_no_room_is_not_kept),
	    cmocka_unit_test(names_that_collide_are_told_apart_and_bounded),
	    cmocka_unit_test(threads_may_share_it),
	};
	return cmocka_run_group_tests_name("answer_cache", tests, NULL, NULL);
}
