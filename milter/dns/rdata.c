/* rdata.c - the data of one record off the wire. */
#include "dns/rdata.h"

#include <string.h>

#include "base/ascii.h"
#include "base/limits.h"

#define WIRE_NAME_MAX 255 /* RFC 1035 3.1 */
#define WIRE_LABEL_MAX 63
#define MX_PREFERENCE 2 /* bytes before the name; SPF takes the hosts in any order */
#define ESCAPED 4	/* "\DDD" for one byte */

size_t rdata_room(enum dns_type type, size_t len)
{
	return type == DNS_PTR || type == DNS_MX || type == DNS_NS ? ESCAPED * len : len;
}

/* One byte of a label. */
static size_t put_byte(char *out, uint8_t c)
{
	if (ascii_is_alnum((char)c) || c == '-' || c == '_') {
		out[0] = ascii_lower((char)c);
		return 1;
	}
	out[0] = '\\';
	out[1] = (char)('0' + c / 100);
	out[2] = (char)('0' + c / 10 % 10);
	out[3] = (char)('0' + c % 10);
	return ESCAPED;
}

/* The name must fill the data to its last byte. */
static bool decode_name(const uint8_t *raw, size_t len, char *out, size_t *n_r)
{
	size_t n = 0, at = 0;

	if (len == 0 || len > WIRE_NAME_MAX)
		return false;
	while (raw[at] != 0) {
		size_t end = at + 1 + raw[at];

		if (raw[at] > WIRE_LABEL_MAX || end >= len)
			return false;
		if (n > 0)
			out[n++] = '.';
		for (at++; at < end; at++)
			n += put_byte(out + n, raw[at]);
	}
	*n_r = n;
	return at + 1 == len;
}

static bool decode_txt(const uint8_t *raw, size_t len, char *out, size_t *n_r)
{
	size_t n = 0, at = 0;

	while (at < len) {
		size_t part = raw[at++];

		if (part > len - at || part > MAX_TXT_BYTES - n)
			return false;
		memcpy(out + n, raw + at, part);
		n += part;
		at += part;
	}
	*n_r = n;
	return len > 0;
}

bool rdata_decode(enum dns_type type, const uint8_t *raw, size_t len, char *out,
		  struct dns_record *record_r)
{
	*record_r = (struct dns_record){.data = out, .len = len};
	switch (type) {
	case DNS_A:
	case DNS_AAAA:
		if (len != (type == DNS_A ? 4 : 16))
			return false;
		memcpy(out, raw, len);
		return true;
	case DNS_TXT: return decode_txt(raw, len, out, &record_r->len);
	case DNS_NS:
	case DNS_PTR: return decode_name(raw, len, out, &record_r->len);
	case DNS_MX:
		return len >= MX_PREFERENCE &&
		       decode_name(raw + MX_PREFERENCE, len - MX_PREFERENCE, out, &record_r->len);
	}
	return false;
}
