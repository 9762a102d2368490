/* question.h - the name and type of a question in one form, with a hash to find it by. */
#ifndef ALIGND_DNS_QUESTION_H
#define ALIGND_DNS_QUESTION_H

#include "base/domain.h"
#include "dns/resolver.h"

struct question {
	uint64_t hash;
	enum dns_type type;
	size_t len;
	char name[DOMAIN_SIZE]; /* lower case */
};

/* Fill in the question. `seed` goes into the hash: a secret one where strangers' names share a
 * table. False if the name cannot be asked (domain_askable()). */
bool question_set(struct question *q, const char *name, enum dns_type type, uint64_t seed);

/* True if the question is the one for `name` (lower case) and `type`. */
bool question_is(const struct question *q, const char *name, enum dns_type type);

#endif
