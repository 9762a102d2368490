/* report_uri.c - where reports go. */
#include "report/report_uri.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/ascii.h"
#include "check/dmarc_record.h"

#define SCHEME "mailto:"

/* Undo %XX into `out_r` of `size` bytes. Returns the length, or 0 for a bad escape, NUL or too
 * much. */
static size_t percent_decode(const char *text, size_t len, char *out_r, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		int high, low;
		char c = text[i];

		if (c == '%') {
			high = i + 2 < len ? ascii_hex(text[i + 1]) : -1;
			low = i + 2 < len ? ascii_hex(text[i + 2]) : -1;
			if (high < 0 || low < 0)
				return 0;
			c = (char)(high << 4 | low);
			i += 2;
		}
		if (c == '\0' || n == size)
			return 0;
		out_r[n++] = c;
	}
	return n;
}

/* RFC 5322 atext without '!', '%' and '|', which old relays take for routes and pipes. */
static bool is_atom_byte(char c)
{
	return ascii_is_alnum(c) || (c != '\0' && strchr("#$&'*+-/=?^_`{}~", c) != NULL);
}

/* A dot-atom that no program can take for an option. */
static bool is_local_part(const char *text, size_t len)
{
	char before = '.';

	if (len == 0 || len > REPORT_LOCAL_MAX || text[0] == '-')
		return false;
	for (size_t i = 0; i < len; before = text[i++])
		if (text[i] == '.' ? before == '.' : !is_atom_byte(text[i]))
			return false;
	return before != '.';
}

/* local@host, decoded. */
static bool read_address(const char *text, size_t len, struct report_address *a_r)
{
	const char *at = memrchr(text, '@', len);
	size_t local = at != NULL ? (size_t)(at - text) : 0;

	if (at == NULL || !is_local_part(text, local) ||
	    !domain_normal(at + 1, len - local - 1, a_r->host) || !domain_is_hostname(a_r->host))
		return false;
	snprintf(a_r->text, sizeof(a_r->text), "%.*s@%s", (int)local, text, a_r->host);
	return true;
}

/* One URI of the list. */
static bool read_uri(const char *text, size_t len, struct report_address *a_r)
{
	char decoded[REPORT_ADDRESS_SIZE];
	const char *end;
	size_t n;

	ascii_trim(&text, &len);
	if (len <= strlen(SCHEME) || strncasecmp(text, SCHEME, strlen(SCHEME)) != 0)
		return false;
	text += strlen(SCHEME);
	len -= strlen(SCHEME);
	if ((end = memchr(text, '!', len)) != NULL)
		len = (size_t)(end - text);
	if ((end = memchr(text, '?', len)) != NULL)
		len = (size_t)(end - text);
	n = percent_decode(text, len, decoded, sizeof(decoded));
	return n > 0 && read_address(decoded, n, a_r);
}

static void add_address(struct report_addresses *out, const struct report_address *a)
{
	if (out->count == REPORT_MAX_ADDRESSES)
		return;
	for (size_t i = 0; i < out->count; i++)
		if (strcmp(out->address[i].text, a->text) == 0)
			return;
	out->address[out->count++] = *a;
}

void report_uri_parse(const char *text, size_t len, struct report_addresses *out_r)
{
	const char *end = len > 0 ? text + len : text;

	out_r->count = 0;
	while (text < end && out_r->count < REPORT_MAX_ADDRESSES) {
		const char *comma = memchr(text, ',', (size_t)(end - text));
		const char *stop = comma != NULL ? comma : end;
		struct report_address a;

		if (read_uri(text, (size_t)(stop - text), &a))
			add_address(out_r, &a);
		text = comma != NULL ? comma + 1 : end;
	}
}

/* -- destinations outside -- */

/* RFC 9990 4: the same Organizational Domain needs no question. LATER: a failure leaves it open. */
static enum report_permission same_organization(struct lookups *l, const struct dmarc_psl *psl,
						const char *a, const char *b)
{
	struct dmarc_walk of_a, of_b;

	if (strcmp(a, b) == 0)
		return REPORT_ALLOWED;
	dmarc_walk_hint(l, a);
	dmarc_walk_hint(l, b);
	dmarc_walk(l, psl, a, &of_a);
	dmarc_walk(l, psl, b, &of_b);
	if (of_a.failed_low != NULL || of_b.failed_low != NULL)
		return REPORT_LATER;
	return strcmp(of_a.org, of_b.org) == 0 ? REPORT_ALLOWED : REPORT_FORBIDDEN;
}

/* RFC 9990 4 step 9: other addresses of the same host may stand in; one of another host forbids
 * all. */
static bool read_override(const char *rua, const char *host, struct report_addresses *found)
{
	report_uri_parse(rua, strlen(rua), found);
	for (size_t i = 0; i < found->count; i++)
		if (strcmp(found->address[i].host, host) != 0)
			return false;
	return true;
}

/* RFC 9990 4 steps 6 to 9: one record is enough, several are right too; the first with a rua
 * counts. */
static enum report_permission read_answer(const struct dns_answer *answer,
					  const struct report_address *wanted,
					  struct report_addresses *out)
{
	struct report_addresses found = {.count = 0}, instead = {.count = 0};
	struct dmarc_record record;
	bool allowed = false;

	for (size_t i = 0; i < answer->count; i++) {
		if (!dmarc_record_parse(answer->records[i].data, answer->records[i].len, &record))
			continue;
		allowed = true;
		if (!read_override(record.rua, wanted->host, &found))
			return REPORT_FORBIDDEN;
		if (instead.count == 0)
			instead = found;
	}
	if (!allowed)
		return REPORT_FORBIDDEN;
	if (instead.count == 0)
		add_address(out, wanted);
	for (size_t i = 0; i < instead.count; i++)
		add_address(out, &instead.address[i]);
	return REPORT_ALLOWED;
}

enum report_permission report_uri_verify(struct lookups *l, const struct dmarc_psl *psl,
					 const char *policy_domain,
					 const struct report_address *wanted,
					 struct report_addresses *out)
{
	enum report_permission inside = same_organization(l, psl, policy_domain, wanted->host);
	char name[2 * DOMAIN_SIZE + sizeof("._report._dmarc.")];
	const struct dns_answer *answer;

	if (inside == REPORT_ALLOWED)
		add_address(out, wanted);
	if (inside != REPORT_FORBIDDEN)
		return inside;
	snprintf(name, sizeof(name), "%s._report._dmarc.%s", policy_domain, wanted->host);
	if (!domain_askable(name)) /* step 4 */
		return REPORT_FORBIDDEN;
	answer = lookups_wait(l, name, DNS_TXT);
	if (dns_failed(answer))
		return REPORT_LATER;
	return read_answer(answer, wanted, out);
}
