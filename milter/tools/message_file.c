/* message_file.c - a message from a file, told to a session as an MTA would tell it. */
#include "tools/message_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool read_all(struct message_file *m, FILE *f, const char *path, struct error *why)
{
	size_t size = 65536, n;
	char *grown;

	m->bytes = malloc(size);
	if (m->bytes == NULL) {
		error_set(why, "%s: out of memory", path);
		return false;
	}
	while ((n = fread(m->bytes + m->len, 1, size - m->len - 1, f)) > 0) {
		m->len += n;
		if (m->len < size - 1)
			continue;
		grown = size < MESSAGE_FILE_MAX ? realloc(m->bytes, size *= 2) : NULL;
		if (grown == NULL) {
			error_set(why, "%s: the message is too large", path);
			return false;
		}
		m->bytes = grown;
	}
	m->bytes[m->len] = '\0';
	if (ferror(f))
		error_set(why, "%s: %s", path, strerror(errno));
	return !ferror(f);
}

bool message_file_read(struct message_file *m, const char *path, struct error *why)
{
	bool ok;
	FILE *f;

	*m = (struct message_file){.bytes = NULL};
	if (strcmp(path, "-") == 0) {
		ok = read_all(m, stdin, path, why);
	} else {
		f = fopen(path, "rb");
		if (f == NULL) {
			error_set(why, "%s: %s", path, strerror(errno));
			return false;
		}
		ok = read_all(m, f, path, why);
		fclose(f);
	}
	if (!ok)
		message_file_free(m);
	return ok;
}

void message_file_free(struct message_file *m)
{
	free(m->bytes);
	*m = (struct message_file){.bytes = NULL};
}

/* Start of the line after the one that begins at `p`. */
static char *next_line(char *p, char *end)
{
	char *lf = memchr(p, '\n', (size_t)(end - p));

	return lf != NULL ? lf + 1 : end;
}

/* Where the field from `start` to `next` ends, its last line end left out. */
static char *field_end(char *start, char *next)
{
	if (next > start && next[-1] == '\n')
		next--;
	if (next > start && next[-1] == '\r')
		next--;
	return next;
}

static bool blank_line(const char *p, const char *end)
{
	return p < end && (*p == '\n' || (*p == '\r' && p + 1 < end && p[1] == '\n'));
}

/* One field with its folded lines: tell it, return what follows; NULL if the line at `p` is no
 * field. */
static char *tell_field(struct session *s, char *p, char *end)
{
	char *next = next_line(p, end), *colon = memchr(p, ':', (size_t)(next - p)), *stop, kept,
	     *out;

	if (colon == NULL || colon == p)
		return NULL;
	while (next < end && (*next == ' ' || *next == '\t'))
		next = next_line(next, end);
	stop = field_end(p, next);
	kept = *stop;
	*stop = '\0';
	*colon = '\0';
	out = colon + 1;
	for (char *in = colon + 1; in < stop; in++) /* folds as LF; no NUL, as from the MTA */
		if (*in != '\0' && !(*in == '\r' && in[1] == '\n'))
			*out++ = *in;
	*out = '\0';
	session_header(s, p, colon + 1);
	*stop = kept;
	return next;
}

static void tell_body(struct session *s, const char *p, const char *end)
{
	while (p < end) {
		const char *lf = memchr(p, '\n', (size_t)(end - p));

		if (lf == NULL) {
			session_body(s, (const unsigned char *)p, (size_t)(end - p));
			session_body(s, (const unsigned char *)"\r\n", 2);
			return;
		}
		if (lf > p && lf[-1] == '\r') {
			session_body(s, (const unsigned char *)p, (size_t)(lf + 1 - p));
		} else {
			session_body(s, (const unsigned char *)p, (size_t)(lf - p));
			session_body(s, (const unsigned char *)"\r\n", 2);
		}
		p = lf + 1;
	}
}

void message_file_tell(struct message_file *m, struct session *s)
{
	char *p = m->bytes, *end = m->bytes + m->len, *next;

	if (m->len > 5 && memcmp(p, "From ", 5) == 0)
		p = next_line(p, end);
	while (p < end && !blank_line(p, end) && (next = tell_field(s, p, end)) != NULL)
		p = next;
	if (blank_line(p, end))
		p = next_line(p, end);
	if (session_end_header(s))
		tell_body(s, p, end);
}
