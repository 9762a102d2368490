/* fake_resolver.h - a resolver of answers written in the test. Unknown names answer NXDOMAIN, known
 * names without the type NODATA. */
#ifndef ALIGND_TESTS_FAKE_RESOLVER_H
#define ALIGND_TESTS_FAKE_RESOLVER_H

#include "dns/lookups.h"

struct resolver *fake_resolver_new(void);

/* Add one record: A, AAAA and PTR as text, MX as "10 mx.example", TXT as text (joined). */
void fake_resolver_add(struct resolver *r, const char *name, enum dns_type type, const char *text);

/* Add a TXT record of raw bytes. */
void fake_resolver_add_bytes(struct resolver *r, const char *name, const void *bytes, size_t n);

/* Every question for this name and type ends so; DNS_TIMEOUT: it is never answered (until the fake
 * is freed). */
void fake_resolver_fail(struct resolver *r, const char *name, enum dns_type type,
			enum dns_status status);

/* Answer from another thread after `ms`, as the real one does. Default: at once, in the asking
 * thread. */
void fake_resolver_delay(struct resolver *r, int ms);

/* How often the name and type was asked; type 0: any type. */
unsigned fake_resolver_asked(struct resolver *r, const char *name, enum dns_type type);

/* The questions of a message, with `ms` until its deadline. Aborts without memory. */
struct lookups *fake_lookups(struct resolver *r, int ms);

#endif
