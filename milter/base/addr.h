/* addr.h - IP addresses and networks: parse, print, match. An IPv4-mapped IPv6 address is an IPv4
 * address. */
#ifndef ALIGND_BASE_ADDR_H
#define ALIGND_BASE_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sockaddr;

#define ADDR_TEXT_SIZE 46 /* INET6_ADDRSTRLEN */
#define NETWORK_TEXT_SIZE (ADDR_TEXT_SIZE + 4)
#define ADDR_PTR_SIZE 76 /* 32 nibbles with dots, "ip6.arpa", NUL */

enum addr_family { ADDR_NONE, ADDR_IP4, ADDR_IP6 };

/* ADDR_NONE: no IP client (local socket, "unknown"). IPv4 uses the first four bytes. */
struct addr {
	enum addr_family family;
	uint8_t bytes[16];
};

struct network {
	struct addr addr;
	unsigned bits;
};

/* Read a textual address (RFC 4291 2.2, dotted quad); no brackets, no zone. False if it is none. */
bool addr_parse(const char *text, struct addr *addr_r);

/* From the MTA's socket address; ADDR_NONE for NULL and other families. */
struct addr addr_from_sockaddr(const struct sockaddr *sa);

/* From `n` raw network-order bytes: 4 or 16; else ADDR_NONE. */
struct addr addr_from_bytes(const void *bytes, size_t n);

/* Write the canonical text; "unknown" for ADDR_NONE. Returns `text_r`. */
const char *addr_print(const struct addr *addr, char text_r[ADDR_TEXT_SIZE]);

bool addr_equal(const struct addr *a, const struct addr *b);

/* The name to ask PTR for: reversed octets or nibbles under in-addr.arpa / ip6.arpa; "" for
 * ADDR_NONE. */
const char *addr_ptr_name(const struct addr *addr, char name_r[ADDR_PTR_SIZE]);

/* "192.0.2.0/24", "2001:db8::/32" or a single address. Bits after the prefix must be zero. */
bool network_parse(const char *text, struct network *net_r);

/* Write it as network_parse() reads it, without the prefix of a single address. Returns `text_r`.
 */
const char *network_print(const struct network *net, char text_r[NETWORK_TEXT_SIZE]);

bool network_has(const struct network *net, const struct addr *addr);

#endif
