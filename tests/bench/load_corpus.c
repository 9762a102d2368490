/* load_corpus.c - the messages that the load generator sends. */
#include "load_corpus.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const check_name[CHECKS] = {"iprev", "spf", "dkim", "dmarc"};

void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("milterload: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(2);
}

void *grow(void *old, size_t n)
{
	void *p = realloc(old, n ? n : 1);

	if (p == NULL)
		die("out of memory");
	return p;
}

char *copy(const char *text, size_t n)
{
	char *p = grow(NULL, n + 1);

	memcpy(p, text, n);
	p[n] = '\0';
	return p;
}

/* The whole file, NUL-terminated. */
static char *read_file(const char *path, size_t *len_r)
{
	FILE *f = fopen(path, "re");
	size_t size = 8192, n;
	char *text = grow(NULL, size);

	if (f == NULL)
		die("%s: %s", path, strerror(errno));
	*len_r = 0;
	while ((n = fread(text + *len_r, 1, size - *len_r - 1, f)) > 0) {
		*len_r += n;
		if (size - *len_r == 1)
			text = grow(text, size *= 2);
	}
	if (ferror(f))
		die("%s: %s", path, strerror(errno));
	fclose(f);
	text[*len_r] = '\0';
	return text;
}

/* Where the field that starts at `at` ends: the LF before a line that is no continuation, or `end`.
 */
static const char *field_end(const char *at, const char *end)
{
	for (;;) {
		const char *lf = memchr(at, '\n', (size_t)(end - at));

		if (lf == NULL)
			return end;
		if (lf + 1 == end || (lf[1] != ' ' && lf[1] != '\t'))
			return lf;
		at = lf + 1;
	}
}

static void add_field(struct message *m, const char *at, const char *end, const char *path)
{
	const char *colon = memchr(at, ':', (size_t)(end - at));
	struct field *f;
	char *out;

	if (colon == NULL)
		die("%s: a header line without colon", path);
	if ((m->fields & (m->fields - 1)) == 0) /* room for the next power of two */
		m->field = grow(m->field, (m->fields ? 2 * m->fields : 1) * sizeof(*m->field));
	f = &m->field[m->fields++];
	f->own = false;
	f->name = copy(at, (size_t)(colon - at));
	f->value = out = grow(NULL, (size_t)(end - colon) + 1);
	for (const char *p = colon + 1; p < end; p++)
		if (*p != '\r')
			*out++ = *p;
	*out = '\0';
}

static void set_body(struct message *m, const char *at, const char *end)
{
	size_t lines = 0;
	char before = '\0';

	for (const char *p = at; p < end; p++)
		lines += *p == '\n';
	m->body = grow(NULL, (size_t)(end - at) + lines);
	for (const char *p = at; p < end; before = *p++) {
		if (*p == '\n' && before != '\r')
			m->body[m->body_len++] = '\r';
		m->body[m->body_len++] = *p;
	}
}

/* The text with `word` for each "{}"; takes the text. */
static char *fill_in(char *text, const char *word, size_t *n)
{
	size_t len = strlen(word), marks = 0;
	char *whole, *out;

	for (const char *p = text; (p = strstr(p, "{}")) != NULL; p += 2)
		marks++;
	out = whole = grow(NULL, *n + marks * len + 1);
	for (const char *p = text; *p != '\0';)
		if (p[0] == '{' && p[1] == '}') {
			memcpy(out, word, len);
			out += len;
			p += 2;
		} else {
			*out++ = *p++;
		}
	*out = '\0';
	*n = (size_t)(out - whole);
	free(text);
	return whole;
}

static void load_message(struct message *m, const char *dir)
{
	const char *at, *end, *word = strchr(m->file, '?');
	int name = word != NULL ? (int)(word - m->file) : (int)strlen(m->file);
	char path[4096];
	size_t n;
	char *text;

	snprintf(path, sizeof(path), "%s/%.*s", dir, name, m->file);
	text = read_file(path, &n);
	if (word != NULL)
		text = fill_in(text, word + 1, &n);
	at = text;
	end = at + n;
	while (at < end && *at != '\n' && *at != '\r') {
		const char *stop = field_end(at, end);

		add_field(m, at, stop, path);
		at = stop < end ? stop + 1 : end;
	}
	if (at < end)
		at += *at == '\r' && at + 1 < end ? 2 : 1; /* the empty line */
	set_body(m, at, end);
	free(text);
}

static void read_envelope(struct message *m, char *line, const char *tsv, size_t number)
{
	const char *column[16] = {NULL};
	char *word, *rest = line, *rcpts;
	size_t n = 0;

	while (n < 16 && (word = strsep(&rest, "\t")) != NULL)
		column[n++] = word;
	if (n < 6)
		die("%s:%zu: %zu columns, at least 6 needed", tsv, number, n);
	*m = (struct message){
	    .file = column[0], .ip = column[1], .name = column[2], .helo = column[3]};
	m->from = strcmp(column[4], "<>") == 0 ? "" : column[4];
	rcpts = copy(column[5], strlen(column[5]));
	while ((word = strsep(&rcpts, ",")) != NULL) {
		m->rcpt = grow(m->rcpt, (m->rcpts + 1) * sizeof(*m->rcpt));
		m->rcpt[m->rcpts++] = word;
	}
	m->class = n > 6 ? column[6] : "-";
	for (size_t i = 0; i < CHECKS; i++)
		m->expect[i] = n > 7 + i && strcmp(column[7 + i], "-") != 0 ? column[7 + i] : NULL;
}

void corpus_load(struct corpus *c, const char *tsv, const char *dir)
{
	size_t len, number = 0;
	char *line, *rest = read_file(tsv, &len); /* kept: the messages point into it */

	c->message = NULL;
	c->count = 0;
	while ((line = strsep(&rest, "\n")) != NULL) {
		number++;
		line[strcspn(line, "\r")] = '\0';
		if (*line == '\0' || *line == '#')
			continue;
		if ((c->count & (c->count - 1)) == 0)
			c->message =
			    grow(c->message, (c->count ? 2 * c->count : 1) * sizeof(*c->message));
		read_envelope(&c->message[c->count], line, tsv, number);
		load_message(&c->message[c->count++], dir);
	}
	if (c->count == 0)
		die("%s: no messages", tsv);
}
