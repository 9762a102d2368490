/* question.c - the name and type of a question in one form. */
#include "dns/question.h"

#include <string.h>

#include "base/ascii.h"

/* FNV-1a, and a last mix (of MurmurHash3) because tables use the lowest bits. */
bool question_set(struct question *q, const char *name, enum dns_type type, uint64_t seed)
{
	uint64_t h = 14695981039346656037u ^ seed;
	size_t n;

	for (n = 0; name[n] != '\0'; n++) {
		if (n >= DOMAIN_TEXT_MAX)
			return false;
		q->name[n] = ascii_lower(name[n]);
		h = (h ^ (unsigned char)q->name[n]) * 1099511628211u;
	}
	q->name[n] = '\0';
	q->len = n;
	q->type = type;
	h = (h ^ (uint64_t)type) * 1099511628211u;
	h = (h ^ h >> 33) * 0xff51afd7ed558ccdu;
	q->hash = h ^ h >> 33;
	return domain_askable(q->name);
}

bool question_is(const struct question *q, const char *name, enum dns_type type)
{
	return q->type == type && strcmp(q->name, name) == 0;
}
