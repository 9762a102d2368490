/* verify.h - run the checks of one message. The hint functions ask the DNS as soon as a name is
 * known; verify_run() waits for what is missing and fills the facts. */
#ifndef ALIGND_SESSION_VERIFY_H
#define ALIGND_SESSION_VERIFY_H

#include "check/arc.h"
#include "check/dkim.h"
#include "check/facts.h"
#include "dns/lookups.h"
#include "mail/header.h"
#include "mail/mailbox.h"
#include "session/app.h"

/* What is known of one message, filled by session.c as the MTA tells it. */
struct evidence {
	const struct snapshot *snapshot; /* borrowed */
	time_t now;
	struct lookups *lookups;
	struct addr client;
	const char *client_name; /* what the MTA knows of the client, "unknown" or "[...]" too; ""
				    if nothing */
	const char *helo;	 /* as given; "" if none */
	struct path sender;
	struct headers *headers;
	struct dkim_message *dkim; /* NULL: no signature */
	struct arc_message *arc;   /* NULL: no ARC field */
	bool failed;		   /* something of our own went wrong: facts.internal_error */
};

/* Ask what the checks of `client`, `helo` or `sender` will need, as soon as it is filled in; the
 * second and third read `client` too. Do not wait. */
void verify_hint_client(const struct evidence *e);
void verify_hint_helo(const struct evidence *e);
void verify_hint_sender(const struct evidence *e);

/* The header is complete: find the authors and their status and list fields, start DKIM, hint keys
 * and DMARC. */
void verify_header(struct evidence *e, struct facts *f);

/* True if the body has to be hashed. */
bool verify_wants_body(const struct evidence *e);

/* A piece of the body, for those that want it. */
void verify_body(struct evidence *e, const unsigned char *bytes, size_t n);

/* Wait and judge, for `ms` at most: fills iprev, helo, spf, spf_helo, dkim, arc and dmarc of `f`,
 * and internal_error. */
void verify_run(struct evidence *e, int64_t ms, struct facts *f);

/* Judge ahead of the message what rules with a stage ask for: `need` are bits of enum fact_need. */
void verify_early(const struct evidence *e, unsigned need, struct facts *f);

/* Free the verifiers of the message. */
void verify_free(struct evidence *e);

#endif
