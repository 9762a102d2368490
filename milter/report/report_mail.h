/* report_mail.h - the mail that carries an aggregate report (RFC 9990 3.5.2): subject, file name,
 * two parts. */
#ifndef ALIGND_REPORT_REPORT_MAIL_H
#define ALIGND_REPORT_REPORT_MAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "base/strbuf.h"
#include "report/aggregate.h"
#include "report/report_sign.h"

struct report_mail {
	const struct aggregate *report;
	const char *submitter; /* our domain */
	const char *from, *to; /* addresses */
	const void *gzip;      /* the report, compressed */
	size_t gzip_len;
	time_t now;			    /* for Date and the signature */
	const struct report_signer *signer; /* NULL: not signed */
};

/* Write the whole message, CRLF lines, signature in front. False: no room, or a member that no mail
 * can hold. */
bool report_mail_write(struct strbuf *out, const struct report_mail *m);

#endif
