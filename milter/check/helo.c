/* helo.c - the HELO argument: a host name with the client's address, or an address literal (RFC
 * 5321 4.1.1.1, 4.1.3). */
#include "check/helo.h"

#include <string.h>
#include <strings.h>

#include "check/address.h"

static bool host_name(const char *helo, char name_r[DOMAIN_SIZE])
{
	if (domain_normal(helo, strlen(helo), name_r) && domain_is_hostname(name_r))
		return true;
	name_r[0] = '\0';
	return false;
}

void helo_hint(struct lookups *l, const char *helo, const struct addr *client)
{
	char name[DOMAIN_SIZE];

	if (helo != NULL && client->family != ADDR_NONE && host_name(helo, name))
		lookups_hint(l, name, address_type(client));
}

/* "[192.0.2.1]" or "[IPv6:2001:db8::1]". */
static bool read_literal(const char *helo, struct addr *addr_r)
{
	static const char tag[] = "IPv6:";
	size_t n = strlen(helo);
	char text[sizeof(tag) + ADDR_TEXT_SIZE], *address = text;

	if (n < 2 || n - 2 >= sizeof(text) || helo[0] != '[' || helo[n - 1] != ']')
		return false;
	memcpy(text, helo + 1, n - 2);
	text[n - 2] = '\0';
	if (strncasecmp(text, tag, strlen(tag)) != 0)
		return strchr(text, ':') == NULL && addr_parse(text, addr_r);
	address += strlen(tag);
	return strchr(address, ':') != NULL && addr_parse(address, addr_r);
}

/* True if `name` is among the PTR names of a client whose PTR is confirmed; the answer is there
 * since iprev. */
static bool is_ptr_name(struct lookups *l, const char *name, const struct addr *client)
{
	char reverse[ADDR_PTR_SIZE];
	const struct dns_answer *ptr = lookups_wait(l, addr_ptr_name(client, reverse), DNS_PTR);

	for (size_t i = 0; i < ptr->count && i < MAX_PTR_NAMES; i++)
		if (strcmp(ptr->records[i].data, name) == 0)
			return true;
	return false;
}

void helo_check(struct lookups *l, const char *helo, const struct addr *client,
		const struct iprev_facts *iprev, struct helo_facts *out_r)
{
	const struct dns_answer *a;
	struct addr literal;

	memset(out_r, 0, sizeof(*out_r));
	out_r->result = HELO_NONE;
	if (helo == NULL || helo[0] == '\0' || client->family == ADDR_NONE)
		return;
	if (read_literal(helo, &literal)) {
		out_r->result = addr_equal(&literal, client) ? HELO_MATCH : HELO_MISMATCH;
		return;
	}
	if (!host_name(helo, out_r->name)) {
		out_r->result = HELO_INVALID;
		return;
	}
	a = lookups_wait(l, out_r->name, address_type(client));
	if (address_among(a, client))
		out_r->result = HELO_MATCH;
	else
		out_r->result = dns_failed(a) ? HELO_TEMPERROR : HELO_MISMATCH;
	/* A name that holds the client and is its PTR name is confirmed, whichever of several iprev
	 * has met first. */
	out_r->is_ptr_name =
	    iprev->result == IPREV_PASS && out_r->result == HELO_MATCH &&
	    (strcmp(out_r->name, iprev->name) == 0 || is_ptr_name(l, out_r->name, client));
}
