/* addr.c - IP addresses and networks. */
#include "base/addr.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct addr addr_from_bytes(const void *bytes, size_t n)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	struct addr a = {.family = ADDR_NONE};

	if (n == 16 && memcmp(bytes, mapped, sizeof(mapped)) == 0)
		return addr_from_bytes((const uint8_t *)bytes + 12, 4);
	if (n == 4 || n == 16) {
		a.family = n == 4 ? ADDR_IP4 : ADDR_IP6;
		memcpy(a.bytes, bytes, n);
	}
	return a;
}

bool addr_parse(const char *text, struct addr *addr_r)
{
	uint8_t bytes[16];

	if (inet_pton(AF_INET, text, bytes) == 1)
		*addr_r = addr_from_bytes(bytes, 4);
	else if (inet_pton(AF_INET6, text, bytes) == 1)
		*addr_r = addr_from_bytes(bytes, 16);
	else
		return false;
	return true;
}

struct addr addr_from_sockaddr(const struct sockaddr *sa)
{
	if (sa != NULL && sa->sa_family == AF_INET)
		return addr_from_bytes(&((const struct sockaddr_in *)(const void *)sa)->sin_addr,
				       4);
	if (sa != NULL && sa->sa_family == AF_INET6)
		return addr_from_bytes(&((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr,
				       16);
	return (struct addr){.family = ADDR_NONE};
}

const char *addr_print(const struct addr *addr, char text_r[ADDR_TEXT_SIZE])
{
	if (addr->family == ADDR_NONE)
		strcpy(text_r, "unknown");
	else
		inet_ntop(addr->family == ADDR_IP4 ? AF_INET : AF_INET6, addr->bytes, text_r,
			  ADDR_TEXT_SIZE);
	return text_r;
}

bool addr_equal(const struct addr *a, const struct addr *b)
{
	return a->family == b->family &&
	       memcmp(a->bytes, b->bytes, a->family == ADDR_IP6 ? 16 : 4) == 0;
}

/* Bits of an address of its family. */
static unsigned width(const struct addr *addr)
{
	return addr->family == ADDR_IP4 ? 32 : 128;
}

const char *addr_ptr_name(const struct addr *addr, char name_r[ADDR_PTR_SIZE])
{
	static const char hex[] = "0123456789abcdef";
	const uint8_t *b = addr->bytes;
	char *p = name_r;

	name_r[0] = '\0';
	if (addr->family == ADDR_IP4)
		snprintf(name_r, ADDR_PTR_SIZE, "%u.%u.%u.%u.in-addr.arpa", b[3], b[2], b[1], b[0]);
	if (addr->family != ADDR_IP6)
		return name_r;
	for (int i = 15; i >= 0; i--) {
		*p++ = hex[b[i] & 15];
		*p++ = '.';
		*p++ = hex[b[i] >> 4];
		*p++ = '.';
	}
	strcpy(p, "ip6.arpa");
	return name_r;
}

/* True if every bit after the prefix is zero. */
static bool clean_tail(const struct network *net)
{
	for (unsigned i = net->bits; i < width(&net->addr); i++)
		if (net->addr.bytes[i / 8] & (0x80 >> (i % 8)))
			return false;
	return true;
}

bool network_parse(const char *text, struct network *net_r)
{
	const char *slash = strchr(text, '/');
	size_t n = slash != NULL ? (size_t)(slash - text) : strlen(text);
	char buf[ADDR_TEXT_SIZE], *end;

	if (n >= sizeof(buf))
		return false;
	memcpy(buf, text, n);
	buf[n] = '\0';
	if (!addr_parse(buf, &net_r->addr))
		return false;
	net_r->bits = width(&net_r->addr);
	if (slash != NULL) {
		size_t digits = strspn(slash + 1, "0123456789");
		unsigned long v = strtoul(slash + 1, &end, 10);

		if (digits == 0 || digits > 3 || *end != '\0' || v > net_r->bits)
			return false;
		net_r->bits = (unsigned)v;
	}
	return clean_tail(net_r);
}

const char *network_print(const struct network *net, char text_r[NETWORK_TEXT_SIZE])
{
	size_t n = strlen(addr_print(&net->addr, text_r));

	if (net->bits < width(&net->addr))
		snprintf(text_r + n, NETWORK_TEXT_SIZE - n, "/%u", net->bits);
	return text_r;
}

bool network_has(const struct network *net, const struct addr *addr)
{
	const unsigned whole = net->bits / 8, rest = net->bits % 8;
	const uint8_t mask = (uint8_t)(0xff << (8 - rest));

	if (net->addr.family != addr->family || addr->family == ADDR_NONE)
		return false;
	if (memcmp(net->addr.bytes, addr->bytes, whole) != 0)
		return false;
	return rest == 0 || ((net->addr.bytes[whole] ^ addr->bytes[whole]) & mask) == 0;
}
