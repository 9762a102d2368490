/* test_dns_server.h - a small DNS server on the loopback, UDP and TCP, that answers from a table
 * written in the test. Unknown names are NXDOMAIN with a SOA, known names without the type NOERROR
 * with a SOA. Add first, ask then. */
#ifndef ALIGND_TESTS_TEST_DNS_SERVER_H
#define ALIGND_TESTS_TEST_DNS_SERVER_H

#include <stddef.h>
#include <stdint.h>

struct test_dns_server;

struct test_dns_server *test_dns_server_new(void);
void test_dns_server_free(struct test_dns_server *s);

/* "127.0.0.1@PORT" */
const char *test_dns_server_address(const struct test_dns_server *s);

/* Add a record with this data as it stands. Names are plain text. */
void test_dns_server_add(struct test_dns_server *s, const char *name, int type, uint32_t ttl,
			 const void *data, size_t n);

/* The same with the data as text: A, PTR, CNAME (5) and TXT (in strings of 255); TTL 300. */
void test_dns_server_add_text(struct test_dns_server *s, const char *name, int type,
			      const char *text);

enum test_dns_mood { DNS_MOOD_SILENT, DNS_MOOD_SERVFAIL, DNS_MOOD_TRUNCATE, DNS_MOOD_GARBAGE };

/* Questions for the name (any type): no answer, SERVFAIL, truncated by UDP, answered with half a
 * packet. */
void test_dns_server_mood(struct test_dns_server *s, const char *name, enum test_dns_mood mood);

/* Questions for the name so far. */
unsigned test_dns_server_asked(struct test_dns_server *s, const char *name);

#endif
