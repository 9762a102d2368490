/* session.h - one SMTP connection and the message on it, told event by event, ending in a verdict.
 * Knows nothing of libmilter: milter.c and `alignctl verify` drive the same functions. One thread
 * at a time per session. */
#ifndef ALIGND_SESSION_SESSION_H
#define ALIGND_SESSION_SESSION_H

#include "check/facts.h"
#include "dns/lookups.h"
#include "policy/policy.h"
#include "session/app.h"
#include "session/stamp.h"

struct session;

/* What is to be done with the message; valid until the next event of the session. */
struct verdict {
	const struct facts
	    *facts; /* only what was known before the message if the checks were skipped */
	struct decision decision;
	struct stamp stamp; /* fields to remove and to add; not for reject and tempfail */
	bool checked;	    /* false: a rule skipped the checks */
	int64_t waited_ms;  /* from the end of the message to the verdict */
};

/* A connection; borrows `app`, keeps the configuration it began with. NULL: out of memory. */
struct session *session_new(struct app *app);
void session_free(struct session *s); /* NULL is fine */

/* The configuration of this session. */
const struct config *session_config(const struct session *s);

/* Name of the header field that quarantine_by = header adds; "" if quarantine is done otherwise. */
const char *session_mark(const struct session *s);

/* The client: its address, and its name as the MTA knows it ("unknown", "[192.0.2.1]" or NULL if it
 * does not; "localhost" makes a client without address a local one). True: an early decision by a
 * rule with `stage = connect`: answer so now. */
bool session_connect(struct session *s, const struct addr *client, const char *name,
		     struct decision *early_r);

/* HELO or EHLO argument as given; may come again. */
void session_helo(struct session *s, const char *helo);

/* MAIL FROM argument, with or without <>: a new message. `authenticated`: the client used SMTP
 * AUTH. True: an early decision by a rule with `stage = mail`. */
bool session_mail(struct session *s, const char *path, bool authenticated,
		  struct decision *early_r);

/* One recipient. */
void session_rcpt(struct session *s, const char *path);

/* One header field; `value` with its leading white space, folds as LF. */
void session_header(struct session *s, const char *name, const char *value);

/* The header is complete. False: the body need not be told. */
bool session_end_header(struct session *s);

/* A piece of the body, as it came. */
void session_body(struct session *s, const unsigned char *bytes, size_t n);

/* The message is complete: wait for what is missing until the deadline, decide, stamp, store, log.
 * `queue_id` may be NULL. The verdict is borrowed. */
const struct verdict *session_end(struct session *s, const char *queue_id);

/* Forget the message (end, RSET, next MAIL, hang-up). */
void session_reset(struct session *s);

/* The DNS questions of the message, for a person to read; until session_reset(). */
struct lookups *session_lookups(struct session *s);

#endif
