/* spf_macro.h - macro strings of SPF: their grammar and their expansion (RFC 7208 7, RFC 8616 4).
 * Pure: what %{p} needs from the DNS comes through a callback. */
#ifndef ALIGND_CHECK_SPF_MACRO_H
#define ALIGND_CHECK_SPF_MACRO_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "base/addr.h"
#include "base/domain.h"

/* Terms may not use %{c}, %{r}, %{t}, nor hold spaces; explanations may. */
enum spf_place { SPF_IN_TERM, SPF_IN_EXPLANATION };

/* What macros stand for. Borrowed text, none of it NULL; it may hold any byte a client can send. */
struct spf_macros {
	const char *local;	   /* %{l} */
	const char *sender_domain; /* %{o} */
	const char *domain;	   /* %{d}: whose record is being evaluated */
	const char *helo;	   /* %{h} */
	const char *receiver;	   /* %{r} */
	const struct addr *client; /* %{i}, %{c}, %{v} */
	time_t now;		   /* %{t} */
	/* %{p}: the validated name of the client, or "unknown"; called only if the macro is used.
	 */
	const char *(*client_name)(void *arg);
	void *arg;
};

enum spf_expansion {
	SPF_EXPANDED,
	SPF_EXPANDED_BADLY, /* not a name that can be asked: an empty label, one over 63 bytes, a
			       backslash */
	SPF_NEVER_MATCHES   /* %{s} or %{l} with a non-ASCII or overlong local part (RFC 8616 4) */
};

/* The grammar: macro-string or explain-string, and domain-spec (RFC 7208 7.1). Any other byte, NUL
 * too, is an error. */
bool spf_macro_string(const char *text, size_t len, enum spf_place place);
bool spf_macro_domain_spec(const char *text, size_t len);

/* True if valid `text` holds no macro, or none but those whose (lower-case) letters are in
 * `letters`. */
bool spf_macro_only(const char *text, size_t len, const char *letters);

/* Expand a valid domain-spec to the name to ask: final dot dropped, cut at the left to 253 bytes
 * (7.3). A spec over MAX_SPF_SPEC bytes is expanded badly. The name is in lower case. */
enum spf_expansion spf_macro_name(const struct spf_macros *m, const char *text, size_t len,
				  char name_r[DOMAIN_SIZE]);

/* Expand a valid explain-string as printable ASCII (any other byte becomes '?'), cut at `size` - 1
 * bytes. */
void spf_macro_explanation(const struct spf_macros *m, const char *text, size_t len, char *text_r,
			   size_t size);

#endif
