/* report_sendmail.h - hand one mail to a sendmail command. Started by posix_spawn(), which a
 * program with threads may use; killed when its time is over. */
#ifndef ALIGND_REPORT_REPORT_SENDMAIL_H
#define ALIGND_REPORT_REPORT_SENDMAIL_H

#include "report/report_mailer.h"

/* Run `program -i -f FROM -- TO` with the message (line ends as LF) as its input. What it prints is
 * the reason of a failure. */
enum report_mailed report_sendmail(const char *program, int seconds, const char *from,
				   const char *to, const char *message, size_t len,
				   struct error *why);

#endif
