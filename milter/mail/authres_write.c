/* authres_write.c - write one Authentication-Results field, whatever the values hold. */
#include "base/ascii.h"
#include "mail/authres_write.h"

#include <assert.h>
#include <string.h>

#include "mail/authres_syntax.h"

#define FOLD_COLUMN 78 /* RFC 5322 2.1.1 */
#define TAB_COLUMNS 8
#define CUT_MARK "..."

/* One unbreakable piece of a line: a keyword pair or a property, with every byte of its value
 * escaped at worst. */
struct piece {
	char text[2 * AUTHRES_VALUE_SIZE + 3 * AUTHRES_WORD_SIZE];
	size_t len;
};

static void put(struct piece *p, const char *text)
{
	size_t n = strlen(text);

	assert(p->len + n < sizeof(p->text));
	memcpy(p->text + p->len, text, n + 1);
	p->len += n;
}

static void put_keyword(struct piece *p, const char *word)
{
	assert(word[0] != '\0' && strlen(word) < AUTHRES_WORD_SIZE);
	for (const char *c = word; *c != '\0'; c++)
		assert(authres_is_keyword(*c));
	put(p, word);
}

/* Copy foreign text so that it is printable and short. A cut is visible: half a name could be
 * somebody else's. */
static void clean(const char *text, char clean_r[AUTHRES_VALUE_SIZE])
{
	size_t len = strlen(text), most = AUTHRES_VALUE_SIZE - 1;
	bool cut = len > most;

	if (cut)
		len = most - strlen(CUT_MARK);
	for (size_t i = 0; i < len; i++)
		clean_r[i] = ascii_shown(text[i]);
	strcpy(clean_r + len, cut ? CUT_MARK : "");
}

/* `text` between `open` and `close`, with a backslash before each of `escape`. */
static void put_escaped(struct piece *p, const char *text, const char *open, const char *close,
			const char *escape)
{
	put(p, open);
	for (; *text != '\0'; text++) {
		char two[3] = {'\\', *text, '\0'};

		put(p, strchr(escape, *text) != NULL ? two : two + 1);
	}
	put(p, close);
}

static void put_value(struct piece *p, const char *value)
{
	size_t len = strlen(value);

	if (authres_is_token(value, len) || authres_is_address(value, len))
		put(p, value);
	else
		put_escaped(p, value, "\"", "\"", "\"\\");
}

/* Set the piece on this line, or on the next one if it does not fit or begins a result. */
static void place(struct authres_writer *w, const struct piece *p, bool new_line)
{
	if (new_line || w->column + 1 + p->len > FOLD_COLUMN) {
		strbuf_add(w->out, "\n\t");
		w->column = TAB_COLUMNS;
	} else {
		strbuf_addc(w->out, ' ');
		w->column++;
	}
	strbuf_addn(w->out, p->text, p->len);
	w->column += p->len;
}

void authres_start(struct authres_writer *w, struct strbuf *out, const char *authserv_id)
{
	struct piece p = {.len = 0};
	char id[AUTHRES_VALUE_SIZE];

	*w = (struct authres_writer){.out = out, .column = sizeof(AUTHRES_NAME ": ") - 1};
	clean(authserv_id, id);
	if (id[0] == '\0' || strlen(authserv_id) >= AUTHRES_ID_SIZE)
		out->failed = true; /* the configuration does not let it happen */
	if (authres_is_token(id, strlen(id)))
		put(&p, id);
	else
		put_escaped(&p, id, "\"", "\"", "\"\\");
	strbuf_addn(out, p.text, p.len);
	w->column += p.len;
}

void authres_method(struct authres_writer *w, const char *method, const char *result)
{
	struct piece p = {.len = 0};

	put_keyword(&p, method);
	put(&p, "=");
	put_keyword(&p, result);
	strbuf_addc(w->out, ';');
	place(w, &p, true);
	w->methods++;
}

void authres_reason(struct authres_writer *w, const char *text)
{
	char reason[AUTHRES_VALUE_SIZE];
	struct piece p = {.len = 0};

	if (text == NULL || text[0] == '\0')
		return;
	clean(text, reason);
	put(&p, "reason=");
	put_escaped(&p, reason, "\"", "\"", "\"\\");
	place(w, &p, false);
}

void authres_comment(struct authres_writer *w, const char *text)
{
	char comment[AUTHRES_VALUE_SIZE];
	struct piece p = {.len = 0};

	if (text == NULL || text[0] == '\0')
		return;
	clean(text, comment);
	put_escaped(&p, comment, "(", ")", "()\\");
	place(w, &p, false);
}

void authres_property(struct authres_writer *w, const char *ptype, const char *property,
		      const char *value)
{
	char cleaned[AUTHRES_VALUE_SIZE];
	struct piece p = {.len = 0};

	if (value == NULL || value[0] == '\0')
		return;
	clean(value, cleaned);
	put_keyword(&p, ptype);
	put(&p, ".");
	put_keyword(&p, property);
	put(&p, "=");
	put_value(&p, cleaned);
	place(w, &p, false);
}

bool authres_finish(struct authres_writer *w)
{
	if (w->methods == 0)
		strbuf_add(w->out, "; none");
	return strbuf_ok(w->out);
}
