/* zone.c - fill the fake resolver with lines of text. */
#include "base/array.h"
#include "zone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum dns_type type_of(const char *word)
{
	static const enum dns_type types[] = {DNS_A, DNS_AAAA, DNS_MX, DNS_PTR, DNS_TXT};

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (strcmp(dns_type_name(types[i]), word) == 0)
			return types[i];
	abort();
}

static enum dns_status status_of(const char *word)
{
	for (enum dns_status s = DNS_OK; s <= DNS_REFUSED_HERE; s++)
		if (strcmp(dns_status_name(s), word) == 0)
			return s;
	abort();
}

void zone_add(struct resolver *r, const char *line)
{
	char name[300], type[8];
	int n = 0;

	if (sscanf(line, "%299s %7s %n", name, type, &n) != 2)
		abort();
	if (line[n] == '!')
		fake_resolver_fail(r, name, type_of(type), status_of(line + n + 1));
	else
		fake_resolver_add(r, name, type_of(type), line + n);
}
