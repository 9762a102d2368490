/* test_resolver_unbound.c - the real resolver against a small server on the loopback. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "dns/lookups.h"
#include "dns/resolver_unbound.h"
#include "support/test.h"
#include "support/test_dns_server.h"

#define CNAME 5

struct fixture {
	struct test_dns_server *server;
	struct resolver *resolver;
	struct metrics metrics;
};

static void fill(struct test_dns_server *s)
{
	static const unsigned char odd_ptr[] = "\5a.b\0c\3ORG";
	static const unsigned char mx[] = "\0\12\4MAIL\7example\3org";
	static const unsigned char null_mx[] = {0, 0, 0};

	test_dns_server_add_text(s, "example.org", DNS_A, "192.0.2.1");
	test_dns_server_add_text(s, "example.org", DNS_A, "192.0.2.2");
	test_dns_server_add_text(s, "example.org", DNS_TXT, "v=spf1 -all");
	test_dns_server_add(s, "example.org", DNS_MX, 300, mx, sizeof(mx));
	test_dns_server_add(s, "nomail.example", DNS_MX, 300, null_mx, sizeof(null_mx));
	test_dns_server_add(s, "strings.example", DNS_TXT, 300, "\4v=sp\0\2f1\5 \0-al\1l", 18);
	test_dns_server_add(s, "odd.example", DNS_PTR, 300, odd_ptr, sizeof(odd_ptr));
	test_dns_server_add(s, "zero.example", DNS_TXT, 0, "\1x", 2);
	test_dns_server_add(s, "short.example", DNS_A, 300, "\1\2\3", 3);
	test_dns_server_add(s, "mixed.example", DNS_TXT, 300, "\11x", 2);
	test_dns_server_add_text(s, "mixed.example", DNS_TXT, "good");
	test_dns_server_add_text(s, "alias.example", CNAME, "alias2.example");
	test_dns_server_add_text(s, "alias2.example", CNAME, "example.org");
	test_dns_server_add_text(s, "loop.example", CNAME, "loop2.example");
	test_dns_server_add_text(s, "loop2.example", CNAME, "loop.example");
	test_dns_server_add_text(s, "dangling.example", CNAME, "nowhere.example");
	test_dns_server_add_text(s, "dangling2.example", CNAME, "dangling.example");
	test_dns_server_add_text(s, "broken.example", DNS_A, "192.0.2.9");
	test_dns_server_mood(s, "broken.example", DNS_MOOD_SERVFAIL);
	test_dns_server_mood(s, "silent.example", DNS_MOOD_SILENT);
	test_dns_server_add_text(s, "tcp.example", DNS_TXT, "by tcp");
	test_dns_server_mood(s, "tcp.example", DNS_MOOD_TRUNCATE);
	test_dns_server_add_text(s, "garbage.example", DNS_TXT, "garbage");
	test_dns_server_mood(s, "garbage.example", DNS_MOOD_GARBAGE);
	test_dns_server_add_text(s, "1.2.0.192.in-addr.arpa", DNS_PTR, "doc.example");
	test_dns_server_add_text(s, "1.0.0.127.in-addr.arpa", DNS_PTR, "localhost.example");
	test_dns_server_add_text(s, "4.3.2.10.in-addr.arpa", DNS_PTR, "lan.example");
	test_dns_server_add_text(
	    s, "b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa", DNS_PTR,
	    "doc6.example");
	test_dns_server_add_text(
	    s, "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa", DNS_PTR,
	    "localhost6.example");
	test_dns_server_add_text(s, "mail.test", DNS_A, "192.0.2.3");
	test_dns_server_add_text(s, "mail.invalid", DNS_A, "192.0.2.4");
	test_dns_server_add_text(s, "mail.localhost", DNS_A, "192.0.2.5");
	test_dns_server_add_text(s, "mail.home.arpa", DNS_A, "192.0.2.6");
}

static struct resolver *make(struct fixture *f, int timeout_ms)
{
	const char *servers[] = {test_dns_server_address(f->server)};
	const struct resolver_settings settings = {.nameservers = servers,
						   .nameserver_count = 1,
						   .question_timeout_ms = timeout_ms,
						   .cache_bytes = 4 << 20,
						   .metrics = &f->metrics};
	struct error why;
	struct resolver *r = resolver_unbound_new(&settings, &why);

	if (r == NULL)
		fail_msg("%s", why.text);
	return r;
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->server = test_dns_server_new();
	fill(f->server);
	f->resolver = make(f, 3000);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	resolver_free(f->resolver);
	test_dns_server_free(f->server);
	free(f);
	return 0;
}

/* An asker that can be waited for. */
struct asker {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned calls;
	struct dns_answer *answer;
};

static void keep(void *arg, struct dns_answer *answer)
{
	struct asker *a = arg;

	pthread_mutex_lock(&a->lock);
	dns_answer_unref(a->answer);
	a->answer = answer;
	a->calls++;
	pthread_cond_signal(&a->changed);
	pthread_mutex_unlock(&a->lock);
}

static void wait_calls(struct asker *a, unsigned calls)
{
	pthread_mutex_lock(&a->lock);
	while (a->calls < calls)
		pthread_cond_wait(&a->changed, &a->lock);
	pthread_mutex_unlock(&a->lock);
}

#define ASKER \
	{ \
		PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, NULL \
	}

/* The caller drops the answer. One asker for all: its lock outlives the other thread's last touch.
 */
static struct dns_answer *ask(struct resolver *r, const char *name, enum dns_type type)
{
	static struct asker a = ASKER;
	struct dns_answer *answer;

	r->ask(r, name, type, keep, &a);
	wait_calls(&a, 1);
	pthread_mutex_lock(&a.lock);
	answer = a.answer;
	a.answer = NULL;
	a.calls = 0;
	pthread_mutex_unlock(&a.lock);
	return answer;
}

static void every_kind_of_answer_is_told_apart(void **state)
{
	static const struct {
		const char *name;
		enum dns_type type;
		enum dns_status status;
		int rcode;
		const char *first; /* data of the first record */
		size_t count;
	} rows[] = {
	    {"example.org", DNS_TXT, DNS_OK, 0, "v=spf1 -all", 1},
	    {"EXAMPLE.ORG", DNS_A, DNS_OK, 0, "\xc0\0\2\1", 2},
	    {"example.org", DNS_AAAA, DNS_NODATA, 0, NULL, 0},
	    {"nowhere.example", DNS_A, DNS_NXDOMAIN, 3, NULL, 0},
	    {"example.org", DNS_MX, DNS_OK, 0, "mail.example.org", 1},
	    {"nomail.example", DNS_MX, DNS_OK, 0, "", 1},
	    {"strings.example", DNS_TXT, DNS_OK, 0, "v=spf1 ", 1},
	    {"odd.example", DNS_PTR, DNS_OK, 0, "a\\046b\\000c.org", 1},
	    {"alias.example", DNS_A, DNS_OK, 0, "\xc0\0\2\1", 2},
	    {"dangling.example", DNS_A, DNS_NODATA, 3, NULL, 0}, /* D42: the name itself exists */
	    {"dangling2.example", DNS_TXT, DNS_NODATA, 3, NULL, 0},
	    {"broken.example", DNS_A, DNS_SERVFAIL, 2, NULL, 0},
	    {"loop.example", DNS_A, DNS_SERVFAIL, 2, NULL, 0},
	    {"short.example", DNS_A, DNS_SERVFAIL, -2, NULL, 0},
	    {"mixed.example", DNS_TXT, DNS_OK, 0, "good", 1},
	    {"tcp.example", DNS_TXT, DNS_OK, 0, "by tcp", 1},
	    {"a..b", DNS_A, DNS_NXDOMAIN, -2, NULL, 0},
	    {"\\999.example", DNS_A, DNS_NXDOMAIN, -2, NULL, 0},
	    {"1.2.0.192.in-addr.arpa", DNS_PTR, DNS_OK, 0, "doc.example", 1},
	    {"1.0.0.127.in-addr.arpa", DNS_PTR, DNS_OK, 0, "localhost.example", 1},
	    {"4.3.2.10.in-addr.arpa", DNS_PTR, DNS_OK, 0, "lan.example", 1},
	    {"b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa", DNS_PTR,
	     DNS_OK, 0, "doc6.example", 1},
	    {"1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa", DNS_PTR,
	     DNS_OK, 0, "localhost6.example", 1},
	    {"mail.test", DNS_A, DNS_OK, 0, NULL, 1},
	    {"mail.invalid", DNS_A, DNS_OK, 0, NULL, 1},
	    {"mail.localhost", DNS_A, DNS_OK, 0, NULL, 1},
	    {"mail.home.arpa", DNS_A, DNS_OK, 0, NULL, 1},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct dns_answer *a = ask(f->resolver, rows[i].name, rows[i].type);

		if (a->status != rows[i].status)
			fail_msg("%s: %s", rows[i].name, dns_status_name(a->status));
		if (rows[i].rcode != -2)
			assert_int_equal(a->rcode, rows[i].rcode);
		assert_int_equal(a->count, rows[i].count);
		if (rows[i].first != NULL)
			assert_memory_equal(a->records[0].data, rows[i].first,
					    strlen(rows[i].first) + 1);
		assert_false(a->secure);
		dns_answer_unref(a);
	}
}

static void a_garbled_reply_is_a_failure(void **state)
{
	struct fixture *f = *state;
	struct dns_answer *a = ask(f->resolver, "garbage.example", DNS_TXT);

	assert_true(dns_failed(a));
	dns_answer_unref(a);
}

/* D10, S11 */
static void strings_of_a_txt_record_are_joined(void **state)
{
	struct fixture *f = *state;
	struct dns_answer *a = ask(f->resolver, "strings.example", DNS_TXT);

	assert_int_equal(a->records[0].len, 12);
	assert_memory_equal(a->records[0].data, "v=spf1 \0-all", 13);
	dns_answer_unref(a);
}

static void large_answers_come_by_tcp_and_are_bounded(void **state)
{
	struct fixture *f = *state;
	char *text = calloc(1, MAX_TXT_BYTES + 2), number[16];
	struct dns_answer *a;

	memset(text, 'x', MAX_TXT_BYTES);
	test_dns_server_add_text(f->server, "large.example", DNS_TXT, text);
	test_dns_server_mood(f->server, "large.example", DNS_MOOD_TRUNCATE);
	text[MAX_TXT_BYTES] = 'x';
	test_dns_server_add_text(f->server, "larger.example", DNS_TXT, text);
	test_dns_server_mood(f->server, "larger.example", DNS_MOOD_TRUNCATE);
	for (int i = 0; i < MAX_ANSWER_RECORDS + 10; i++) {
		snprintf(number, sizeof(number), "%d", i);
		test_dns_server_add_text(f->server, "many.example", DNS_TXT, number);
		snprintf(number, sizeof(number), "192.0.%d.%d", i / 256, i % 256);
		test_dns_server_add_text(f->server, "many.example", DNS_A, number);
	}
	test_dns_server_mood(f->server, "many.example", DNS_MOOD_TRUNCATE);

	a = ask(f->resolver, "large.example", DNS_TXT);
	assert_int_equal(a->status, DNS_OK);
	assert_int_equal(a->records[0].len, MAX_TXT_BYTES);
	dns_answer_unref(a);
	a = ask(f->resolver, "larger.example", DNS_TXT);
	assert_int_equal(a->status, DNS_SERVFAIL);
	dns_answer_unref(a);
	a = ask(f->resolver, "many.example", DNS_TXT); /* perhaps the policy is among the others */
	assert_int_equal(a->status, DNS_SERVFAIL);
	dns_answer_unref(a);
	a = ask(f->resolver, "many.example", DNS_A);
	assert_int_equal(a->count, MAX_ANSWER_RECORDS);
	dns_answer_unref(a);
	free(text);
}

static void answers_are_kept_for_their_ttl(void **state)
{
	struct fixture *f = *state;
	static const char *const kept[] = {"example.org", "example.org", "nowhere.example"};

	for (size_t i = 0; i < 3; i++) {
		uint64_t hits = metrics_get(&f->metrics, METRIC_DNS_CACHE_HITS);

		for (int k = 0; k < 3; k++)
			dns_answer_unref(ask(f->resolver, kept[i], i == 1 ? DNS_AAAA : DNS_A));
		assert_int_equal(metrics_get(&f->metrics, METRIC_DNS_CACHE_HITS), hits + 2);
	}
	assert_int_equal(metrics_get(&f->metrics, METRIC_DNS_QUESTIONS), 9);
	dns_answer_unref(ask(f->resolver, "zero.example", DNS_TXT));
	dns_answer_unref(ask(f->resolver, "zero.example", DNS_TXT));
	assert_int_equal(test_dns_server_asked(f->server, "zero.example"), 2);
}

static void silence_ends_in_time_for_every_asker(void **state)
{
	struct fixture *f = *state;
	struct resolver *r = make(f, 60);
	struct asker asker = ASKER;
	int64_t start = clock_mono_ms();
	struct dns_answer *a;

	for (int i = 0; i < 5; i++)
		r->ask(r, "silent.example", DNS_A, keep, &asker);
	wait_calls(&asker, 5);
	assert_int_equal(asker.answer->status, DNS_TIMEOUT);
	assert_true(clock_mono_ms() - start >= 60);
	assert_true(clock_mono_ms() - start < 2000);
	a = ask(r, "example.org", DNS_A);
	assert_int_equal(a->status, DNS_OK);
	dns_answer_unref(a);
	resolver_free(r);
	assert_int_equal(asker.calls, 5);
	assert_int_equal(metrics_get(&f->metrics, METRIC_DNS_TIMEOUTS), 5);
	dns_answer_unref(asker.answer);
}

static void equal_questions_travel_together(void **state)
{
	struct fixture *f = *state;
	struct asker asker = ASKER;

	for (int i = 0; i < 50; i++)
		f->resolver->ask(f->resolver, i % 2 ? "example.org" : "Example.Org", DNS_TXT, keep,
				 &asker);
	wait_calls(&asker, 50);
	assert_int_equal(test_dns_server_asked(f->server, "example.org"), 1);
	dns_answer_unref(asker.answer);
}

static void open_questions_are_answered_when_it_ends(void **state)
{
	struct fixture *f = *state;
	struct asker asker = ASKER;

	f->resolver->ask(f->resolver, "silent.example", DNS_A, keep, &asker);
	f->resolver->ask(f->resolver, "silent.example", DNS_TXT, keep, &asker);
	resolver_free(f->resolver);
	f->resolver = NULL;
	assert_int_equal(asker.calls, 2);
	assert_true(dns_failed(asker.answer));
	dns_answer_unref(asker.answer);
}

static void more(struct lookups *l, const char *name, const struct dns_answer *answer,
		 const void *arg)
{
	(void)name;
	(void)answer;
	for (const char *const *next = *(const char *const *const *)arg; *next != NULL; next++)
		lookups_hint(l, *next, DNS_TXT);
}

static void *one_thread(void *arg)
{
	static const char *const names[] = {"example.org",     "strings.example", "tcp.example",
					    "nowhere.example", "broken.example",  NULL};
	const char *const *const list = names;
	struct resolver *r = arg;

	for (int i = 0; i < 30; i++) {
		struct lookups *l = lookups_new(r);

		lookups_deadline(l, clock_mono_ms() + 3000);
		lookups_hint_then(l, "alias.example", DNS_A, more, &list, sizeof(list));
		if (i % 3 != 0) {
			assert_int_equal(lookups_wait(l, "example.org", DNS_TXT)->status, DNS_OK);
			assert_int_equal(lookups_wait(l, "nowhere.example", DNS_TXT)->status,
					 DNS_NXDOMAIN);
			assert_int_equal(lookups_wait(l, "broken.example", DNS_TXT)->status,
					 DNS_SERVFAIL);
			assert_int_equal(lookups_wait(l, "alias.example", DNS_A)->count, 2);
		}
		lookups_free(l);
	}
	return NULL;
}

static void messages_on_several_threads_agree(void **state)
{
	struct fixture *f = *state;
	pthread_t threads[4];

	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, one_thread, f->resolver), 0);
	for (size_t i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
}

/* An anchor for a zone whose answers are not signed: libunbound gives the data and says bogus. */
static void what_does_not_validate_is_bogus(void **state)
{
	static const char anchor[] =
	    "example. IN DS 20326 8 2 "
	    "E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D\n";
	struct fixture *f = *state;
	const char *servers[] = {test_dns_server_address(f->server)};
	char path[] = "/tmp/test_resolver_unbound.XXXXXX";
	const struct resolver_settings settings = {.nameservers = servers,
						   .nameserver_count = 1,
						   .question_timeout_ms = 3000,
						   .cache_bytes = 1 << 20,
						   .trust_anchor_file = path};
	int fd = mkstemp(path);
	struct resolver *r;
	struct dns_answer *a;

	assert_true(fd >= 0 &&
		    write(fd, anchor, sizeof(anchor) - 1) == (ssize_t)sizeof(anchor) - 1);
	close(fd);
	r = resolver_unbound_new(&settings, NULL);
	unlink(path);
	assert_non_null(r);
	a = ask(r, "strings.example", DNS_TXT);
	assert_int_equal(a->status, DNS_BOGUS);
	assert_int_equal(a->count, 0);
	assert_true(dns_failed(a));
	dns_answer_unref(a);
	a = ask(r, "example.org", DNS_A); /* no anchor above it */
	assert_int_equal(a->status, DNS_OK);
	assert_false(a->secure);
	dns_answer_unref(a);
	resolver_free(r);
}

static void a_bad_setting_is_told(void **state)
{
	static const char *const bad[] = {"",
					  "example.org",
					  "192.0.2.1@0",
					  "192.0.2.1@65536",
					  "192.0.2.1@x",
					  "192.0.2.1@53x",
					  "192.0.2.1@",
					  "[::1]",
					  "192.0.2.1 @53"};
	struct error why;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct resolver_settings s = {
		    .nameservers = &bad[i], .nameserver_count = 1, .cache_bytes = 1 << 20};

		assert_null(resolver_unbound_new(&s, &why));
		assert_non_null(strstr(why.text, "nameserver"));
	}
	static const char *const good[] = {"127.0.0.1@53"};
	static const char *const anchors[] = {"/nonexistent/root.key", "/dev/null/x", __FILE__};
	for (size_t i = 0; i < 3; i++) {
		struct resolver_settings s = {.nameservers = good,
					      .nameserver_count = 1,
					      .cache_bytes = 1 << 20,
					      .trust_anchor_file = anchors[i]};

		assert_null(resolver_unbound_new(&s, &why));
		assert_non_null(strstr(why.text, "trust anchor"));
	}
	resolver_free(NULL);
}

#define WITH_SERVER(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_SERVER(every_kind_of_answer_is_told_apart),
	    WITH_SERVER(a_garbled_reply_is_a_failure),
	    WITH_SERVER(strings_of_a_txt_record_are_joined),
	    WITH_SERVER(large_answers_come_by_tcp_and_are_bounded),
	    WITH_SERVER(answers_are_kept_for_their_ttl),
	    WITH_SERVER(silence_ends_in_time_for_every_asker),
	    WITH_SERVER(equal_questions_travel_together),
	    WITH_SERVER(open_questions_are_answered_when_it_ends),
	    WITH_SERVER(messages_on_several_threads_agree),
	    WITH_SERVER(what_does_not_validate_is_bogus),
	    cmocka_unit_test(a_bad_setting_is_told),
	};
	return cmocka_run_group_tests_name("resolver_unbound", tests, NULL, NULL);
}
