/* report_mailer.h - hand one mail for one recipient to the mail system: by SMTP to a relay, or to a
 * sendmail command. Bounded in time; each recipient is a transaction of its own. */
#ifndef ALIGND_REPORT_REPORT_MAILER_H
#define ALIGND_REPORT_REPORT_MAILER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct report_mailer {
	const char
	    *smtp; /* smtp://HOST[:PORT] (STARTTLS if offered, unverified) or smtps:// (verified) */
	const char *sendmail; /* program used instead, if not NULL and not "" */
	const char *helo;     /* our name for EHLO */
	int seconds;	      /* the whole of one transaction */
};

/* REFUSED: for good, by the mail system. LATER: anything else that went wrong. */
enum report_mailed { REPORT_MAIL_TAKEN, REPORT_MAIL_LATER, REPORT_MAIL_REFUSED };

/* Send `message` (CRLF lines). `from` and `to` are plain addresses as report_uri_parse() writes
 * them; neither begins with '-'. The reason is the mail system's own words where it said any. */
enum report_mailed report_mailer_send(const struct report_mailer *m, const char *from,
				      const char *to, const char *message, size_t len,
				      struct error *why);

#endif
