/* iprev.c - reverse DNS with forward confirmation (RFC 8601 3, 2.7.3). */
#include "check/iprev.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "check/address.h"

static size_t names_used(const struct dns_answer *ptr)
{
	return ptr->count < MAX_PTR_NAMES ? ptr->count : MAX_PTR_NAMES;
}

static void follow_ptr(struct lookups *l, const char *name, const struct dns_answer *ptr,
		       const void *arg)
{
	(void)name;
	for (size_t i = 0; i < names_used(ptr); i++)
		lookups_hint(l, ptr->records[i].data, address_type(arg));
}

void iprev_hint(struct lookups *l, const struct addr *client)
{
	char reverse[ADDR_PTR_SIZE];

	if (client->family != ADDR_NONE)
		lookups_hint_then(l, addr_ptr_name(client, reverse), DNS_PTR, follow_ptr, client,
				  sizeof(*client));
}

static void judge(struct iprev_facts *out, enum iprev_result r, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void judge(struct iprev_facts *out, enum iprev_result r, const char *format, ...)
{
	va_list ap;

	out->result = r;
	va_start(ap, format);
	vsnprintf(out->reason, sizeof(out->reason), format, ap);
	va_end(ap);
}

/* One name of several: pass wins, then temperror, then fail; of equals the first stays. */
static void judge_name(const char *name, const struct dns_answer *a, const struct addr *client,
		       struct iprev_facts *out)
{
	if (address_among(a, client)) {
		judge(out, IPREV_PASS, "%s", "");
		snprintf(out->name, sizeof(out->name), "%s", name);
	} else if (dns_failed(a) && out->result != IPREV_TEMPERROR) {
		judge(out, IPREV_TEMPERROR, "address of %s: %s", name, dns_status_name(a->status));
	} else if (out->result == IPREV_NONE) {
		judge(out, IPREV_FAIL,
		      a->count > 0 ? "%s has other addresses" : "%s has no address", name);
	}
}

void iprev_check(struct lookups *l, const struct addr *client, struct iprev_facts *out_r)
{
	char reverse[ADDR_PTR_SIZE];
	const struct dns_answer *ptr;

	memset(out_r, 0, sizeof(*out_r));
	out_r->result = IPREV_NONE;
	if (client->family == ADDR_NONE)
		return;
	ptr = lookups_wait(l, addr_ptr_name(client, reverse), DNS_PTR);
	if (dns_failed(ptr)) {
		judge(out_r, IPREV_TEMPERROR, "PTR look-up: %s", dns_status_name(ptr->status));
		return;
	}
	if (ptr->count == 0) {
		judge(out_r, IPREV_PERMERROR, "no PTR record");
		return;
	}
	if (strlen(ptr->records[0].data) < sizeof(out_r->name))
		strcpy(out_r->name, ptr->records[0].data);
	for (size_t i = 0; i < names_used(ptr) && out_r->result != IPREV_PASS; i++)
		judge_name(ptr->records[i].data,
			   lookups_wait(l, ptr->records[i].data, address_type(client)), client,
			   out_r);
}
