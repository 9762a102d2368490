/* spf_match.c - one SPF directive, matched by libspf2 over our DNS. The only file that includes
 * libspf2.
 *
 * libspf2 is given the fixed name TARGET; the hook answers for it with the records of the real
 * target, so that no foreign byte enters libspf2's compiler. Three habits of libspf2 are worked
 * around here as well. It lets any loopback client pass unseen, so such a client and all addresses
 * are shown to it under the same mask, which changes no comparison of prefixes. It has no prefix
 * length 0, so there the client's address is shown for any address. And it ends the process when
 * memory runs out: its error handler jumps back to us instead. */
#include "check/spf_match.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <spf2/spf.h>
#include <spf2/spf_dns.h>

#define TARGET "target.invalid"
#define LOOPBACK_MASK 0x40

struct spf_matcher {
	struct lookups *lookups;
	const struct addr *client;
	uint8_t mask; /* over the first byte of each address */
	SPF_dns_server_t dns;
	SPF_server_t *server;
	SPF_request_t *request;
	/* The directive at work. */
	const struct spf_directive *directive;
	const char *target;
	bool any_address; /* prefix length 0 */
	bool found_nothing, too_many_mx;
	bool no_memory; /* from then on nothing matches */
	char *reason;
	char record[64 + DOMAIN_SIZE];
	SPF_errcode_t error;
	SPF_result_t result;
};

/* -- when libspf2 gives up -------------------------------------------------------------------- */

/* Where this thread goes on then; NULL while it is not inside libspf2. */
static _Thread_local jmp_buf *escape;

/* Called instead of abort(), always from libspf2's own frames. What it has allocated there is lost.
 */
__attribute__((noreturn)) static void give_up(const char *file, int line, const char *text)
{
	(void)file;
	(void)line;
	(void)text;
	if (escape == NULL)
		abort();
	longjmp(*escape, 1);
}

static void guarded(struct spf_matcher *m, void (*work)(struct spf_matcher *m))
{
	jmp_buf here;

	escape = &here;
	if (setjmp(here) == 0)
		work(m);
	else
		m->no_memory = true;
	escape = NULL;
}

/* libspf2 prints unless told not to. */
static void set_handlers(void)
{
	SPF_info_handler = NULL;
	SPF_debug_handler = NULL;
	SPF_warning_handler = NULL;
	SPF_error_handler = give_up;
}

/* -- the hook --------------------------------------------------------------------------------- */

static SPF_dns_rr_t *new_answer(struct spf_matcher *m, ns_type type, SPF_dns_stat_t herrno)
{
	return SPF_dns_rr_new_init(&m->dns, "", type, 0, herrno);
}

static void add_data(struct spf_matcher *m, SPF_dns_rr_t *rr, const void *data, size_t n)
{
	if (SPF_dns_rr_buf_realloc(rr, rr->num_rr, n + 1) != SPF_E_SUCCESS) {
		m->no_memory = true;
		return;
	}
	memcpy(rr->rr[rr->num_rr], data, n);
	((char *)rr->rr[rr->num_rr++])[n] = '\0';
}

static void add_address(struct spf_matcher *m, SPF_dns_rr_t *rr, const struct dns_record *r,
			size_t n)
{
	uint8_t bytes[16];

	if (r->len != n)
		return;
	memcpy(bytes, m->any_address ? (const void *)m->client->bytes : (const void *)r->data, n);
	bytes[0] ^= m->mask;
	add_data(m, rr, bytes, n);
}

/* A PTR name can only match at or below the target: the addresses of others need not be asked. */
static void add_names(struct spf_matcher *m, SPF_dns_rr_t *rr, const struct dns_answer *a)
{
	for (size_t i = 0; i < a->count && i < MAX_PTR_NAMES; i++)
		if (domain_at_or_below(a->records[i].data, m->target))
			add_data(m, rr, a->records[i].data, a->records[i].len);
}

static void add_records(struct spf_matcher *m, SPF_dns_rr_t *rr, const struct dns_answer *a)
{
	switch (rr->rr_type) {
	case ns_t_ptr: add_names(m, rr, a); return;
	case ns_t_mx:
		m->too_many_mx = a->count > MAX_SPF_TERMS;
		for (size_t i = 0; i < a->count && !m->too_many_mx; i++)
			add_data(m, rr, a->records[i].data, a->records[i].len);
		return;
	default:
		for (size_t i = 0; i < a->count; i++)
			add_address(m, rr, &a->records[i], rr->rr_type == ns_t_a ? 4 : 16);
		return;
	}
}

/* How libspf2 is told that there are no records. Below ptr an error is no match (5.5), unless it is
 * our own: the client can break its reverse DNS, and shall not escape a fail by that. */
static SPF_dns_stat_t empty_status(struct spf_matcher *m, const char *name, enum dns_type type,
				   const struct dns_answer *a)
{
	bool ptr = m->directive->mechanism == SPF_PTR;

	if (dns_failed(a)) {
		if (ptr && a->status != DNS_REFUSED_HERE)
			return NO_DATA;
		snprintf(m->reason, REASON_SIZE, "%s of %.80s: %s", dns_type_name(type), name,
			 dns_status_name(a->status));
		return TRY_AGAIN;
	}
	m->found_nothing |= !ptr || type == DNS_PTR;
	return a->status == DNS_NXDOMAIN ? HOST_NOT_FOUND : NO_DATA;
}

static SPF_dns_rr_t *lookup(SPF_dns_server_t *self, const char *name, ns_type type,
			    int should_cache)
{
	struct spf_matcher *m = self->hook;
	char reverse[ADDR_PTR_SIZE];
	const struct dns_answer *a;
	SPF_dns_rr_t *rr;

	(void)should_cache;
	if (type == ns_t_ptr)
		name = addr_ptr_name(m->client, reverse);
	else if (strcmp(name, TARGET) == 0)
		name = m->target;
	if ((type != ns_t_a && type != ns_t_aaaa && type != ns_t_mx && type != ns_t_ptr) ||
	    !domain_askable(name))
		return new_answer(m, type, NO_DATA);
	a = lookups_wait(m->lookups, name, (enum dns_type)type);
	if (a->status != DNS_OK || a->count == 0)
		return new_answer(m, type, empty_status(m, name, (enum dns_type)type, a));
	rr = new_answer(m, type, NETDB_SUCCESS);
	if (rr == NULL)
		return NULL;
	add_records(m, rr, a);
	if (rr->num_rr == 0)
		rr->herrno = NO_DATA;
	return rr;
}

/* -- matching --------------------------------------------------------------------------------- */

static bool set_client(struct spf_matcher *m)
{
	struct in_addr a4;
	struct in6_addr a6;

	if (m->client->family == ADDR_IP4) {
		memcpy(&a4, m->client->bytes, sizeof(a4));
		((uint8_t *)&a4)[0] ^= m->mask;
		return SPF_request_set_ipv4(m->request, a4) == SPF_E_SUCCESS;
	}
	memcpy(&a6, m->client->bytes, sizeof(a6));
	a6.s6_addr[0] ^= m->mask;
	return SPF_request_set_ipv6(m->request, a6) == SPF_E_SUCCESS;
}

static bool is_loopback(const struct addr *a)
{
	static const uint8_t one[16] = {[15] = 1};

	return a->family == ADDR_IP4 ? a->bytes[0] == 127 : memcmp(a->bytes, one, sizeof(one)) == 0;
}

static void set_up(struct spf_matcher *m)
{
	m->no_memory = (m->server = SPF_server_new_dns(&m->dns, 0)) == NULL ||
		       SPF_server_set_rec_dom(m->server, TARGET) != SPF_E_SUCCESS ||
		       (m->request = SPF_request_new(m->server)) == NULL || !set_client(m) ||
		       SPF_request_set_helo_dom(m->request, TARGET) != SPF_E_SUCCESS ||
		       SPF_request_set_env_from(m->request, "x@" TARGET) != 0;
}

struct spf_matcher *spf_matcher_new(struct lookups *l, const struct addr *client)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct spf_matcher *m = calloc(1, sizeof(*m));

	if (m == NULL)
		return NULL;
	pthread_once(&once, set_handlers);
	m->lookups = l;
	m->client = client;
	m->mask = is_loopback(client) ? LOOPBACK_MASK : 0;
	m->dns = (SPF_dns_server_t){.lookup = lookup, .name = "alignd", .hook = m};
	guarded(m, set_up);
	if (m->no_memory) {
		spf_matcher_free(m);
		return NULL;
	}
	return m;
}

void spf_matcher_free(struct spf_matcher *m)
{
	if (m == NULL)
		return;
	if (m->request != NULL)
		SPF_request_free(m->request);
	if (m->server != NULL)
		SPF_server_free(m->server);
	free(m);
}

/* The record libspf2 evaluates. A ptr target is compared with names and given as it is: of the
 * bytes a name from the DNS can have none means anything to libspf2's compiler, and with any other
 * byte there is no match. */
static bool write_record(struct spf_matcher *m)
{
	const struct spf_directive *d = m->directive;

	switch (d->mechanism) {
	case SPF_A:
	case SPF_MX:
		snprintf(m->record, sizeof(m->record), "v=spf1 %s:" TARGET "/%u//%u",
			 d->mechanism == SPF_A ? "a" : "mx", d->bits4 > 0 ? d->bits4 : 32,
			 d->bits6 > 0 ? d->bits6 : 128);
		return true;
	case SPF_EXISTS:
		snprintf(m->record, sizeof(m->record), "v=spf1 exists:" TARGET);
		return true;
	case SPF_PTR:
		snprintf(m->record, sizeof(m->record), "v=spf1 ptr:%s", m->target);
		return m->target[strspn(m->target, "abcdefghijklmnopqrstuvwxyz0123456789-_.")] ==
		       '\0';
	default: return false;
	}
}

static void query(struct spf_matcher *m)
{
	SPF_response_t *response = NULL;

	m->error = SPF_request_query_fallback(m->request, &response, m->record);
	m->no_memory |= m->error == SPF_E_NO_MEMORY || response == NULL;
	if (response != NULL) {
		m->result = SPF_response_result(response);
		SPF_response_free(response);
	}
}

/* What libspf2 answers to "v=spf1 DIRECTIVE": pass for a match, neutral for none. */
static enum spf_match judge(struct spf_matcher *m)
{
	if (m->no_memory) {
		snprintf(m->reason, REASON_SIZE, "out of memory");
		return SPF_MATCH_TEMPERROR;
	}
	if (m->too_many_mx) {
		snprintf(m->reason, REASON_SIZE, "%.80s has more than %d MX hosts", m->target,
			 MAX_SPF_TERMS);
		return SPF_MATCH_PERMERROR;
	}
	if (m->result == SPF_RESULT_PASS)
		return SPF_MATCH;
	if (m->result == SPF_RESULT_NEUTRAL)
		return SPF_NO_MATCH;
	if (m->reason[0] == '\0')
		snprintf(m->reason, REASON_SIZE, "libspf2: %.80s", SPF_strerror(m->error));
	return SPF_MATCH_TEMPERROR;
}

enum spf_match spf_match(struct spf_matcher *m, const struct spf_directive *d, const char *target,
			 bool *void_r, char reason_r[REASON_SIZE])
{
	unsigned bits = m->client->family == ADDR_IP4 ? d->bits4 : d->bits6;
	enum spf_match r;

	reason_r[0] = '\0';
	*void_r = false;
	m->directive = d;
	m->target = target;
	m->reason = reason_r;
	m->any_address = (d->mechanism == SPF_A || d->mechanism == SPF_MX) && bits == 0;
	m->found_nothing = m->too_many_mx = false;
	m->result = SPF_RESULT_INVALID;
	if (!write_record(m))
		return SPF_NO_MATCH;
	if (!m->no_memory)
		guarded(m, query);
	r = judge(m);
	*void_r = r == SPF_NO_MATCH && m->found_nothing;
	return r;
}
