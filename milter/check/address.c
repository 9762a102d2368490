/* address.c - the client's address among the addresses of a name. */
#include "check/address.h"

#include <string.h>

enum dns_type address_type(const struct addr *client)
{
	return client->family == ADDR_IP4 ? DNS_A : DNS_AAAA;
}

bool address_among(const struct dns_answer *answer, const struct addr *client)
{
	size_t len = client->family == ADDR_IP4 ? 4 : 16;

	for (size_t i = 0; i < answer->count; i++)
		if (answer->records[i].len == len &&
		    memcmp(answer->records[i].data, client->bytes, len) == 0)
			return true;
	return false;
}
