/* domain.h - domain names: one normal form (lower case, A-labels, no final dot), and questions
 * about it. A "normal" name below is what domain_normal() wrote; compare such names with strcmp().
 */
#ifndef ALIGND_BASE_DOMAIN_H
#define ALIGND_BASE_DOMAIN_H

#include <stdbool.h>
#include <stddef.h>

#define DOMAIN_TEXT_MAX 253		  /* RFC 1035 3.1, as text without the final dot */
#define DOMAIN_SIZE (DOMAIN_TEXT_MAX + 1) /* a buffer for one name */

/* Write the normal form of `len` bytes of `text`: lower case, U-labels to A-labels (RFC 5891, RFC
 * 9989 5.3.1), one final dot dropped. False if it is no domain name: empty, an empty label, a label
 * over 63 or a name over 253 bytes, a byte that is neither a letter, digit, hyphen nor underscore
 * (after conversion), invalid UTF-8 or IDN; then the name is "". */
bool domain_normal(const char *text, size_t len, char name_r[DOMAIN_SIZE]);

/* True if the name could be asked in the DNS at all: label and name lengths only, any byte allowed
 * but NUL. */
bool domain_askable(const char *name);

/* True if `name` is `top` or a name below it; both normal. An empty `top` matches nothing. */
bool domain_at_or_below(const char *name, const char *top);

/* Number of labels; 0 for "". */
size_t domain_labels(const char *name);

/* The name without its first label, inside `name`; NULL for a single label. */
const char *domain_parent(const char *name);

/* The last `n` labels, inside `name`; the whole name if it has no more. */
const char *domain_tail(const char *name, size_t n);

/* True for a host name as RFC 1123 2.1 wants it for HELO: letters, digits, hyphens, at least two
 * labels, the last one not all digits. `name` normal. */
bool domain_is_hostname(const char *name);

#endif
