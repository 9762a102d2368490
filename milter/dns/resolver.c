/* resolver.c - what both makers of answers share: the answer itself and the names of things. */
#include "dns/resolver.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"

static int usual_rcode(enum dns_status status)
{
	switch (status) {
	case DNS_OK:
	case DNS_NODATA: return 0;
	case DNS_SERVFAIL:
	case DNS_BOGUS: return 2;
	case DNS_NXDOMAIN: return 3;
	case DNS_TIMEOUT:
	case DNS_REFUSED_HERE: break;
	}
	return -1;
}

struct dns_answer *dns_answer_new(enum dns_status status, const struct dns_record *records,
				  size_t count)
{
	struct dns_answer *a;
	size_t bytes = 0;
	char *data;

	if (count > MAX_ANSWER_RECORDS)
		count = MAX_ANSWER_RECORDS;
	for (size_t i = 0; i < count; i++)
		bytes += records[i].len + 1;
	a = malloc(sizeof(*a) + count * sizeof(a->records[0]) + bytes);
	if (a == NULL)
		return NULL;
	*a = (struct dns_answer){.status = status, .rcode = usual_rcode(status), .count = count};
	atomic_init(&a->references, 1);
	data = (char *)&a->records[count];
	for (size_t i = 0; i < count; i++) {
		a->records[i] = records[i];
		a->records[i].data = data;
		if (records[i].len > 0)
			memcpy(data, records[i].data, records[i].len);
		data[records[i].len] = '\0';
		data += records[i].len + 1;
	}
	return a;
}

struct dns_answer *dns_answer_ref(struct dns_answer *a)
{
	atomic_fetch_add_explicit(&a->references, 1, memory_order_relaxed);
	return a;
}

void dns_answer_unref(struct dns_answer *a)
{
	if (a != NULL && atomic_fetch_sub_explicit(&a->references, 1, memory_order_acq_rel) == 1)
		free(a);
}

bool dns_failed(const struct dns_answer *a)
{
	return a->status >= DNS_SERVFAIL;
}

const char *dns_status_name(enum dns_status status)
{
	switch (status) {
	case DNS_OK: return "ok";
	case DNS_NODATA: return "nodata";
	case DNS_NXDOMAIN: return "nxdomain";
	case DNS_SERVFAIL: return "servfail";
	case DNS_TIMEOUT: return "timeout";
	case DNS_BOGUS: return "bogus";
	case DNS_REFUSED_HERE: return "refused";
	}
	return "unknown";
}

const char *dns_type_name(enum dns_type type)
{
	switch (type) {
	case DNS_A: return "A";
	case DNS_NS: return "NS";
	case DNS_PTR: return "PTR";
	case DNS_MX: return "MX";
	case DNS_TXT: return "TXT";
	case DNS_AAAA: return "AAAA";
	}
	return "unknown";
}

void resolver_free(struct resolver *r)
{
	if (r != NULL)
		r->free(r);
}
