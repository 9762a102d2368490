/* spf_hint.c - ask for what an SPF check will need. On each record's arrival its terms are read and
 * their names asked, so that the wait at the end is as long as the include tree is deep. A term
 * behind one that surely decides is not asked, nor one that the limit of terms cuts off. */
#include "check/spf_hint.h"

#include "base/limits.h"
#include "check/address.h"
#include "check/spf_macro.h"
#include "check/spf_record.h"

/* What is known of the place of one record in the tree. */
struct place {
	struct addr client;
	unsigned terms; /* terms surely used when this record is evaluated */
};

/* Longer records are left to the check: they are rare, and follows run on the resolver's only
 * thread. */
#define MAX_HINTED_RECORD 4096

/* %{d}, %{i}, %{v} are known here, the sender is not. */
#define KNOWN_LETTERS "div%_-"

static void follow_record(struct lookups *l, const char *domain, const struct dns_answer *answer,
			  const void *arg);

static void follow_mx(struct lookups *l, const char *name, const struct dns_answer *answer,
		      const void *arg)
{
	const struct place *at = arg;

	(void)name;
	for (size_t i = 0; i < answer->count && answer->count <= MAX_SPF_TERMS; i++)
		lookups_hint(l, answer->records[i].data, address_type(&at->client));
}

static bool target_of(const char *domain, const struct addr *client, struct spf_slice spec,
		      char name_r[DOMAIN_SIZE])
{
	const struct spf_macros macros = {.domain = domain, .client = client};

	if (!spf_macro_only(spec.text, spec.len, KNOWN_LETTERS))
		return false;
	return spf_macro_name(&macros, spec.text, spec.len, name_r) == SPF_EXPANDED;
}

static void hint_record(struct lookups *l, const char *target, const struct place *at)
{
	char domain[DOMAIN_SIZE];

	if (spf_domain(target, domain))
		lookups_hint_then(l, domain, DNS_TXT, follow_record, at, sizeof(*at));
}

static void hint_directive(struct lookups *l, const char *domain, const struct spf_directive *d,
			   const struct place *at)
{
	char expanded[DOMAIN_SIZE], reverse[ADDR_PTR_SIZE];
	const char *target = domain;

	if (d->spec.len > 0) {
		if (!target_of(domain, &at->client, d->spec, expanded))
			return;
		target = expanded;
	}
	switch (d->mechanism) {
	case SPF_INCLUDE: hint_record(l, target, at); break;
	case SPF_A: lookups_hint(l, target, address_type(&at->client)); break;
	case SPF_EXISTS: lookups_hint(l, target, DNS_A); break;
	case SPF_MX: lookups_hint_then(l, target, DNS_MX, follow_mx, at, sizeof(*at)); break;
	case SPF_PTR: lookups_hint(l, addr_ptr_name(&at->client, reverse), DNS_PTR); break;
	case SPF_ALL:
	case SPF_IP4:
	case SPF_IP6: break;
	}
}

/* True if nothing behind this directive is ever evaluated. */
static bool decides(const struct spf_directive *d, const struct addr *client)
{
	return d->mechanism == SPF_ALL || ((d->mechanism == SPF_IP4 || d->mechanism == SPF_IP6) &&
					   network_has(&d->network, client));
}

static void follow_record(struct lookups *l, const char *domain, const struct dns_answer *answer,
			  const void *arg)
{
	struct place at = *(const struct place *)arg;
	const struct dns_record *txt;
	struct spf_record record;
	struct spf_directive d;
	struct spf_slice bad;
	char target[DOMAIN_SIZE];
	size_t pos = 0;

	if (spf_record_select(answer, &txt) != 1 || txt->len > MAX_HINTED_RECORD ||
	    !spf_record_parse(txt->data, txt->len, &record, &bad))
		return;
	while (spf_record_next(&record, &pos, &d)) {
		if (decides(&d, &at.client))
			return;
		if (d.mechanism == SPF_IP4 || d.mechanism == SPF_IP6)
			continue;
		if (++at.terms > MAX_SPF_TERMS)
			return;
		hint_directive(l, domain, &d, &at);
	}
	if (record.redirect.text != NULL && ++at.terms <= MAX_SPF_TERMS &&
	    target_of(domain, &at.client, record.redirect, target))
		hint_record(l, target, &at);
}

void spf_hint(struct lookups *l, const char *domain, const struct addr *client)
{
	const struct place top = {.client = *client};

	if (client->family != ADDR_NONE)
		hint_record(l, domain, &top);
}
