/* report_sign.h - a DKIM signature (RFC 6376, RFC 8463) for the mails alignd itself writes:
 * relaxed/relaxed, RSA with SHA-256 or Ed25519, the whole body. Its own signer, because libopendkim
 * leaks memory with each Ed25519 signature and needs a hand for every field; what we sign is ours
 * and plain. */
#ifndef ALIGND_REPORT_REPORT_SIGN_H
#define ALIGND_REPORT_REPORT_SIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "base/error.h"
#include "base/strbuf.h"

struct report_signer;

/* Read the private key (PEM) from `key_file`: RSA of 1024 bits or more, or Ed25519. NULL and the
 * reason. */
struct report_signer *report_signer_new(const char *key_file, const char *domain,
					const char *selector, struct error *why);

/* NULL is fine. */
void report_signer_free(struct report_signer *s);

/* Write "DKIM-Signature: ...\r\n" for a message whose lines end in CRLF, to be put in front of it.
 * False: out of memory or a message without body. */
bool report_signer_sign(const struct report_signer *s, const char *message, size_t len, time_t now,
			struct strbuf *out);

#endif
