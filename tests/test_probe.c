/* test_probe.c - whether the resolver answers. */
#include <string.h>

#include "session/probe.h"
#include "support/config_text.h"
#include "support/fake_resolver.h"
#include "support/test.h"

#define SHORT_MS 20
#define LONG_MS 10000

static void any_answer_about_the_root_is_good(void **state)
{
	static const enum dns_status rows[] = {DNS_OK, DNS_NODATA, DNS_NXDOMAIN};
	const struct config *c = config_of("");

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct resolver *r = fake_resolver_new();
		struct error why;

		fake_resolver_add(r, ".", DNS_NS, "a.root-servers.net");
		if (rows[i] != DNS_OK)
			fake_resolver_fail(r, ".", DNS_NS, rows[i]);
		fake_resolver_delay(r, (int)i);
		assert_true(probe_resolver(r, c, LONG_MS, &why));
		assert_int_equal(fake_resolver_asked(r, ".", DNS_NS), 1);
		resolver_free(r);
	}
	config_unref(c);
}

static void no_answer_is_told_with_the_resolvers_name(void **state)
{
	static const struct {
		const char *options;
		enum dns_status status;
		const char *says;
	} rows[] = {
	    {"nameserver = { 127.0.0.1@9, ::1 }", DNS_SERVFAIL,
	     "the resolver (127.0.0.1@9, ::1) does not answer (servfail): until it does, all "
	     "checks "
	     "end in temperror"},
	    {"", DNS_TIMEOUT, "the resolver (/etc/resolv.conf) does not answer (timeout)"},
	    {"", DNS_REFUSED_HERE, "does not answer (refused)"},
	    {"", DNS_BOGUS, "is trust_anchor current"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct config *c = config_of(rows[i].options);
		struct resolver *r = fake_resolver_new();
		struct error why;

		fake_resolver_fail(r, ".", DNS_NS, rows[i].status);
		assert_false(probe_resolver(r, c, SHORT_MS, &why));
		if (strstr(why.text, rows[i].says) == NULL)
			fail_msg("\"%s\" instead of \"%s\"", why.text, rows[i].says);
		resolver_free(r); /* the answer that comes now finds nobody waiting */
		config_unref(c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(any_answer_about_the_root_is_good),
	    cmocka_unit_test(no_answer_is_told_with_the_resolvers_name),
	};
	return cmocka_run_group_tests_name("probe", tests, NULL, NULL);
}
