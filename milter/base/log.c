/* log.c - log lines to syslog or stderr, with everything from outside escaped. */
#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "base/ascii.h"

#define LINE_MAX_BYTES 8000 /* most syslog daemons cut at 8 KB */
#define VALUE_MAX_BYTES \
	512 /* one value as written; a longer one is cut, so that hostile ones hide nothing behind \
	     * them: a verdict's line has fewer than ten values from outside */

/* `syslog` and `journal` are set once by log_open() before any thread exists. */
static struct {
	bool syslog, journal;
	atomic_int level;
} target = {.level = LOG_LEVEL_INFO};

static const int priority[] = {LOG_ERR, LOG_WARNING, LOG_NOTICE, LOG_INFO, LOG_DEBUG};

/* stderr is the journal's if this names its device and inode (systemd.exec(5)). */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char ours[64];
	struct stat st;

	if (stream == NULL || fstat(STDERR_FILENO, &st) != 0)
		return false;
	snprintf(ours, sizeof(ours), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	return strcmp(stream, ours) == 0;
}

void log_open(bool to_syslog, enum log_level level)
{
	target.syslog = to_syslog;
	target.journal = !to_syslog && stderr_is_journal();
	log_set_level(level);
	if (to_syslog)
		openlog("alignd", LOG_PID | LOG_NDELAY, LOG_MAIL);
}

void log_set_level(enum log_level level)
{
	atomic_store_explicit(&target.level, (int)level, memory_order_relaxed);
}

bool log_wanted(enum log_level level)
{
	return (int)level <= atomic_load_explicit(&target.level, memory_order_relaxed);
}

static void write_line(enum log_level level, const char *line)
{
	char text[LINE_MAX_BYTES + 16];
	int n;

	if (target.syslog) {
		syslog(priority[level], "%s", line);
		return;
	}
	if (target
		.journal) /* it has the program's name, and takes the priority so (sd-daemon(3)) */
		n = snprintf(text, sizeof(text), "<%d>%s\n", priority[level], line);
	else
		n = snprintf(text, sizeof(text), "alignd: %s\n", line);
	if (write(STDERR_FILENO, text, (size_t)n) < 0) /* at once: threads do not mix */
		return;				       /* and there is nowhere to say it */
}

/* Add text until it takes VALUE_MAX_BYTES in the line; what a terminal or a log reader could
 * misread becomes \xHH. */
static void add_escaped(struct strbuf *b, const char *text, bool in_quotes)
{
	size_t begin = b->len;

	for (const char *p = text; *p != '\0' && b->len - begin < VALUE_MAX_BYTES && strbuf_ok(b);
	     p++) {
		if (!ascii_is_printable(*p))
			strbuf_addf(b, "\\x%02x", (unsigned char)*p);
		else if (in_quotes && (*p == '"' || *p == '\\'))
			strbuf_addf(b, "\\%c", *p);
		else
			strbuf_addc(b, *p);
	}
}

/* Without memory at least say that there was something. */
static void write_text(enum log_level level, const struct strbuf *b)
{
	write_line(level, b->len > 0 ? strbuf_text(b) : "no memory for a log line");
}

void log_say(enum log_level level, const char *format, ...)
{
	char raw[1024], piece[VALUE_MAX_BYTES / 4];
	struct strbuf b;
	va_list args;

	if (!log_wanted(level))
		return;
	va_start(args, format);
	vsnprintf(raw, sizeof(raw), format, args);
	va_end(args);
	strbuf_init(&b, LINE_MAX_BYTES);
	for (size_t at = 0, n = strlen(raw); at < n; at += sizeof(piece) - 1) {
		snprintf(piece, sizeof(piece), "%s", raw + at);
		add_escaped(&b, piece, false);
	}
	write_text(level, &b);
	strbuf_free(&b);
}

void logline_start(struct logline *l, const char *queue_id)
{
	strbuf_init(&l->text, LINE_MAX_BYTES);
	if (queue_id != NULL && queue_id[0] != '\0') {
		add_escaped(&l->text, queue_id, false);
		strbuf_addc(&l->text, ':');
	}
}

static bool needs_quotes(const char *value)
{
	if (value[0] == '\0')
		return true;
	for (; *value != '\0'; value++)
		if (!ascii_is_printable(*value) || strchr(" \"\\=", *value) != NULL)
			return true;
	return false;
}

static void add_key(struct logline *l, const char *key)
{
	if (l->text.len > 0)
		strbuf_addc(&l->text, ' ');
	strbuf_add(&l->text, key);
	strbuf_addc(&l->text, '=');
}

void logline_text(struct logline *l, const char *key, const char *value)
{
	bool quote;

	if (value == NULL)
		return;
	add_key(l, key);
	quote = needs_quotes(value);
	if (quote)
		strbuf_addc(&l->text, '"');
	add_escaped(&l->text, value, quote);
	if (quote)
		strbuf_addc(&l->text, '"');
}

void logline_int(struct logline *l, const char *key, int64_t value)
{
	add_key(l, key);
	strbuf_addf(&l->text, "%lld", (long long)value);
}

void logline_send(struct logline *l, enum log_level level)
{
	if (log_wanted(level))
		write_text(level, &l->text);
	strbuf_free(&l->text);
}
