/* smtp_sink.h - an SMTP server on loopback that takes what a test lets it take. */
#ifndef ALIGND_TESTS_SMTP_SINK_H
#define ALIGND_TESTS_SMTP_SINK_H

#include <stdbool.h>
#include <stddef.h>

struct smtp_sink;

/* Start; takes every mail until told otherwise. */
struct smtp_sink *smtp_sink_new(void);
void smtp_sink_free(struct smtp_sink *s);

/* "smtp://127.0.0.1:PORT" */
const char *smtp_sink_url(struct smtp_sink *s);

/* Answer this command ("RCPT", "DATA", "." for the end of the mail, "CONNECT", ...) so for
 * recipients that hold `part` (any for ""). "hang": do not answer. NULL: as usual again. One rule
 * at a time. */
void smtp_sink_answer(struct smtp_sink *s, const char *command, const char *part,
		      const char *reply);

/* Mails taken so far, and the last one: "from to\n" and the message with CRLF lines. */
size_t smtp_sink_count(struct smtp_sink *s);
const char *smtp_sink_last(struct smtp_sink *s);

/* Recipients of all mails taken, in order, with a blank after each. */
const char *smtp_sink_recipients(struct smtp_sink *s);

#endif
