/* mime.c - text of the mails alignd itself sends (RFC 2045, 2046, 5322). */
#include "mail/mime.h"

#include <stdint.h>
#include <string.h>

#include "base/ascii.h"
#include "mail/header.h"

#define FOLD_COLUMN 78	    /* RFC 5322 2.1.1: should */
#define LINE_MAX_BYTES 998  /* the same: must */
#define BASE64_LINE 76	    /* RFC 2045 6.8 */
#define BOUNDARY_START "=_" /* cannot occur in base64 or quoted-printable (RFC 2045 6.7) */

static void refuse(struct strbuf *out)
{
	out->failed = true;
}

static bool all_printable(const char *text)
{
	for (; *text != '\0'; text++)
		if (!ascii_is_printable(*text))
			return false;
	return true;
}

void mime_header(struct strbuf *out, const char *name, const char *value)
{
	size_t column = strlen(name) + 1, blank, word;

	if (!header_name_valid(name) || !all_printable(value))
		refuse(out);
	strbuf_add(out, name);
	strbuf_addc(out, ':');
	for (value += strspn(value, " "); *value != '\0'; value += word) {
		blank = strspn(value, " ");
		word = strcspn(value + blank, " ");
		if (word == 0)
			break; /* blanks at the end could become an empty line */
		word += blank;
		if (blank == 0)
			strbuf_addc(out, ' '), column++;
		else if (column + word > FOLD_COLUMN)
			strbuf_add(out, "\r\n"), column = 0;
		if (column + word > LINE_MAX_BYTES)
			refuse(out);
		strbuf_addn(out, value, word);
		column += word;
	}
	strbuf_add(out, "\r\n");
}

void mime_base64(struct strbuf *out, const void *bytes, size_t n)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const uint8_t *b = bytes;

	for (size_t i = 0; i < n; i += 3) {
		uint32_t v = (uint32_t)b[i] << 16;
		char four[4];

		v |= i + 1 < n ? (uint32_t)b[i + 1] << 8 : 0;
		v |= i + 2 < n ? b[i + 2] : 0;
		four[0] = digits[v >> 18];
		four[1] = digits[v >> 12 & 63];
		four[2] = i + 1 < n ? digits[v >> 6 & 63] : '=';
		four[3] = i + 2 < n ? digits[v & 63] : '=';
		strbuf_addn(out, four, sizeof(four));
		if (i + 3 >= n || (i / 3 + 1) % (BASE64_LINE / 4) == 0)
			strbuf_add(out, "\r\n");
	}
}

void mime_quoted(struct strbuf *out, const char *text)
{
	if (!all_printable(text))
		refuse(out);
	strbuf_add_quoted(out, text);
}

void mime_boundary(const char *id, char boundary_r[MIME_BOUNDARY_SIZE])
{
	size_t n = strlen(BOUNDARY_START);

	memcpy(boundary_r, BOUNDARY_START, n);
	for (; *id != '\0' && n + 1 < MIME_BOUNDARY_SIZE; id++) {
		bool keep = ascii_is_alnum(*id) || *id == '.' || *id == '-';

		boundary_r[n++] = keep ? *id : '_';
	}
	boundary_r[n] = '\0';
}

/* Plain lines, each ended by CRLF whatever ended it before. */
static void add_text(struct strbuf *out, const char *text, size_t len)
{
	const char *end = text + len;

	while (text < end) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));
		size_t n = (size_t)((stop != NULL ? stop : end) - text);
		size_t line = stop != NULL && n > 0 && text[n - 1] == '\r' ? n - 1 : n;

		if (line > LINE_MAX_BYTES)
			refuse(out);
		for (size_t i = 0; i < line; i++)
			if (!ascii_is_printable(text[i]) && text[i] != '\t')
				refuse(out);
		strbuf_addn(out, text, line);
		strbuf_add(out, "\r\n");
		text += stop != NULL ? n + 1 : n;
	}
}

static void add_disposition(struct strbuf *out, const char *filename)
{
	struct strbuf value;

	strbuf_init(&value, LINE_MAX_BYTES);
	strbuf_add(&value, "attachment; filename=");
	mime_quoted(&value, filename);
	if (!strbuf_ok(&value))
		refuse(out);
	mime_header(out, "Content-Disposition", strbuf_text(&value));
	strbuf_free(&value);
}

static void add_part(struct strbuf *out, const struct mime_part *p, const char *boundary)
{
	if (!p->base64 && p->len > 0 &&
	    memmem(p->bytes, p->len, boundary, strlen(boundary)) != NULL)
		refuse(out);
	strbuf_addf(out, "\r\n--%s\r\n", boundary);
	mime_header(out, "Content-Type", p->type);
	if (p->description != NULL)
		mime_header(out, "Content-Description", p->description);
	if (p->filename != NULL)
		add_disposition(out, p->filename);
	mime_header(out, "Content-Transfer-Encoding", p->base64 ? "base64" : "7bit");
	strbuf_add(out, "\r\n");
	if (p->base64)
		mime_base64(out, p->bytes, p->len);
	else if (p->len > 0)
		add_text(out, p->bytes, p->len);
}

bool mime_write(struct strbuf *out, const struct mime_message *m)
{
	char boundary[MIME_BOUNDARY_SIZE];

	if (m->part_count == 0)
		refuse(out);
	mime_boundary(m->id, boundary);
	for (size_t i = 0; i < m->header_count; i++)
		mime_header(out, m->headers[i].name, m->headers[i].value);
	mime_header(out, "MIME-Version", "1.0");
	strbuf_addf(out, "Content-Type: multipart/%s;\r\n boundary=\"%s\"\r\n", m->subtype,
		    boundary);
	if (!all_printable(m->subtype) || strlen(m->subtype) > FOLD_COLUMN)
		refuse(out);
	for (size_t i = 0; i < m->part_count; i++)
		add_part(out, &m->parts[i], boundary);
	strbuf_addf(out, "\r\n--%s--\r\n", boundary);
	return strbuf_ok(out);
}
