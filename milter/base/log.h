/* log.h - log lines to syslog (facility mail) or stderr, which may be systemd's journal. Whatever
 * comes from outside is escaped here, so that no message can forge a line. Thread-safe; the only
 * output of the daemon besides start-up errors. */
#ifndef ALIGND_BASE_LOG_H
#define ALIGND_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/strbuf.h"

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_NOTICE,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG
};

/* Choose the target and the least important level that is written. Call once, before any thread. */
void log_open(bool to_syslog, enum log_level level);

/* Another least important level; from any thread. */
void log_set_level(enum log_level level);

/* True if a line of this level would be written: lets a caller skip building it. */
bool log_wanted(enum log_level level);

/* One sentence. Arguments are escaped as a whole: control and non-ASCII bytes become \xHH. */
void log_say(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A key=value line: `logline_start`, any number of adds, `logline_send` (which frees it). */
struct logline {
	struct strbuf text;
};

/* Begin with the queue id (Postfix's "QUEUEID:") or nothing if `queue_id` is NULL or "". */
void logline_start(struct logline *l, const char *queue_id);

/* key=value; a value that is empty, or has a blank, quote, '=' or a byte to escape, is quoted. NULL
 * adds nothing. */
void logline_text(struct logline *l, const char *key, const char *value);

void logline_int(struct logline *l, const char *key, int64_t value);

void logline_send(struct logline *l, enum log_level level);

#endif
