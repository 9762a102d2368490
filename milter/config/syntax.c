/* syntax.c - the grammar of the configuration file. A loop over tokens, no recursion: the file may
 * be hostile. */
#include "config/syntax.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

enum token_kind {
	TOKEN_WORD,
	TOKEN_EQUAL,
	TOKEN_OPEN,
	TOKEN_CLOSE,
	TOKEN_COMMA,
	TOKEN_END,
	TOKEN_BAD
};

/* A piece of the text; a quoted word without its quotes, escapes still in it. */
struct token {
	enum token_kind kind;
	const char *at;
	size_t len;
	unsigned line;
	bool quoted;
};

struct syntax {
	const char *p, *end;
	unsigned line;
	bool in_rule;
	unsigned rule_line;
	char *scratch; /* the values of the statement, with NULs: never more bytes than the text
			  has, and two */
	size_t used;
	const char *value[SYNTAX_MAX_VALUES];
	struct statement st;
};

struct syntax *syntax_new(const char *text, size_t len)
{
	struct syntax *s = calloc(1, sizeof(*s));

	if (s == NULL || (s->scratch = malloc(len + 2)) == NULL) {
		syntax_free(s);
		return NULL;
	}
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		text += 3; /* a byte order mark, as some editors write it */
		len -= 3;
	}
	s->p = s->end = text;
	if (len > 0)
		s->end += len;
	s->line = 1;
	return s;
}

void syntax_free(struct syntax *s)
{
	if (s == NULL)
		return;
	free(s->scratch);
	free(s);
}

/* -- tokens -- */

static bool control(char c)
{
	return ((unsigned char)c < ' ' && c != '\t') || c == 0x7f;
}

/* Bytes of a word without quotes. Any other has to be quoted, so that nothing is taken for more
 * than it is. */
static bool bare(char c)
{
	return c > ' ' && c <= '~' && strchr("\"#{}=,;'\\`<>|()", c) == NULL;
}

/* Past blanks, line ends and comments. */
static void skip_blank(struct syntax *s)
{
	for (; s->p < s->end; s->p++) {
		if (*s->p == '#') {
			while (s->p + 1 < s->end && !control(s->p[1]))
				s->p++;
		} else if (*s->p == '\n') {
			s->line++;
		} else if (*s->p != ' ' && *s->p != '\t' &&
			   !(*s->p == '\r' && s->p + 1 < s->end && s->p[1] == '\n')) {
			return;
		}
	}
}

static void describe(char c, char text_r[8])
{
	if (c > ' ' && c <= '~')
		snprintf(text_r, 8, "\"%c\"", c);
	else
		snprintf(text_r, 8, "\\x%02x", (unsigned char)c);
}

/* The first error of a statement is the one that is told. */
static struct token bad(struct syntax *s, struct token t, const char *what, const char *why)
{
	if (s->st.error.text[0] == '\0')
		error_set(&s->st.error, "%s %s", what, why);
	t.kind = TOKEN_BAD;
	return t;
}

/* A word with bytes outside ASCII, from `t.at` on; they are current. */
static struct token bad_bytes(struct syntax *s, struct token t)
{
	static const char *const typographic[] = {"\xe2\x80\x98", "\xe2\x80\x99", "\xe2\x80\x9c",
						  "\xe2\x80\x9d", "\xe2\x80\x9e"};
	char word[64];

	while (s->p < s->end && (bare(*s->p) || (unsigned char)*s->p >= 0x80))
		s->p++;
	t.len = (size_t)(s->p - t.at);
	for (size_t i = 0; i < ARRAY_SIZE(typographic); i++)
		if (t.len >= 3 && memcmp(t.at, typographic[i], 3) == 0)
			return bad(s, t, "typographic quotes",
				   "are part of the word: write plain ones, \"...\"");
	snprintf(word, sizeof(word), "%.*s", t.len < 60 ? (int)t.len : 60, t.at);
	return bad(s, t, word, "has letters outside ASCII: put it in quotes");
}

/* The quote is current; on to behind the closing one. */
static struct token lex_quoted(struct syntax *s, struct token t)
{
	t.quoted = true;
	t.at = ++s->p;
	for (; s->p < s->end && *s->p != '"'; s->p++) {
		if (*s->p == '\\' && s->end - s->p > 1 && (s->p[1] == '"' || s->p[1] == '\\'))
			s->p++;
		else if (*s->p == '\\')
			return bad(s, t, "a backslash in a quoted text",
				   "must be followed by \" or \\");
		else if (control(*s->p))
			break;
	}
	t.len = (size_t)(s->p - t.at);
	if (s->p == s->end || *s->p == '\n' || *s->p == '\r')
		return bad(s, t, "the quoted text", "is not closed on its line");
	if (*s->p != '"')
		return bad(s, t, "the quoted text", "has a control character");
	s->p++;
	return t;
}

static struct token lex(struct syntax *s)
{
	static const char marks[] = "={},";
	static const enum token_kind kinds[] = {TOKEN_EQUAL, TOKEN_OPEN, TOKEN_CLOSE, TOKEN_COMMA};
	struct token t = {.kind = TOKEN_END, .len = 1};
	const char *mark;
	char what[8];

	skip_blank(s);
	t.at = s->p;
	t.line = s->line;
	if (s->p == s->end)
		return t;
	if (*s->p != '\0' && (mark = strchr(marks, *s->p)) != NULL) {
		t.kind = kinds[mark - marks];
		s->p++;
		return t;
	}
	t.kind = TOKEN_WORD;
	if (*s->p == '"')
		return lex_quoted(s, t);
	while (s->p < s->end && bare(*s->p))
		s->p++;
	t.len = (size_t)(s->p - t.at);
	if (s->p < s->end && (unsigned char)*s->p >= 0x80)
		return bad_bytes(s, t);
	if (t.len > 0 && (s->p == s->end || (*s->p != '#' && *s->p != '"')))
		return t;
	describe(*s->p, what);
	if (control(*s->p++))
		return bad(s, t, what, "is a control character");
	return bad(s, t, what,
		   t.len > 0 ? "inside a word: put the value in quotes" : "has to stand in quotes");
}

/* The token after `n` others, taking none. What is wrong with it will be said when it is taken. */
static struct token ahead(struct syntax *s, int n)
{
	const char *p = s->p;
	unsigned line = s->line;
	char first = s->st.error.text[0];
	struct token t;

	do
		t = lex(s);
	while (n-- > 0);
	s->st.error.text[0] = first;
	s->p = p;
	s->line = line;
	return t;
}

static struct token peek(struct syntax *s)
{
	return ahead(s, 0);
}

/* True if the next two tokens are "key =". */
static bool at_setting(struct syntax *s)
{
	struct token t = peek(s);

	return t.kind == TOKEN_WORD && !t.quoted && ahead(s, 1).kind == TOKEN_EQUAL;
}

/* Copy the word into the statement's values. False: too many. */
static bool add_value(struct syntax *s, const struct token *t)
{
	char *to = s->scratch + s->used;

	if (s->st.count == SYNTAX_MAX_VALUES)
		return false;
	s->value[s->st.count++] = to;
	for (size_t i = 0; i < t->len; i++) {
		if (t->quoted && t->at[i] == '\\')
			i++;
		*to++ = t->at[i];
	}
	*to++ = '\0';
	s->used = (size_t)(to - s->scratch);
	return true;
}

/* A token's text for a message. */
static int shown(const struct token *t)
{
	return t->len < 60 ? (int)t->len : 60;
}

/* -- statements -- */

/* After an error: on to the next line or, in a rule, to its closing brace. */
static void skip_line(struct syntax *s, unsigned line)
{
	for (struct token t = peek(s); t.kind != TOKEN_END && t.line == line; t = peek(s)) {
		if (t.kind == TOKEN_CLOSE && s->in_rule)
			return;
		lex(s);
	}
}

/* After an error in a list: behind its closing brace, or to what looks like the next setting. */
static void skip_list(struct syntax *s)
{
	for (int depth = 1; depth > 0 && !at_setting(s);) {
		struct token t = lex(s);

		if (t.kind == TOKEN_END)
			return;
		depth += (t.kind == TOKEN_OPEN) - (t.kind == TOKEN_CLOSE);
	}
}

static const struct statement *finish(struct syntax *s, enum statement_kind kind)
{
	s->st.kind = kind;
	s->st.in_rule = s->in_rule;
	s->st.value = s->value;
	return &s->st;
}

/* The opening brace is taken; read to the closing one. */
static bool read_list(struct syntax *s)
{
	unsigned opened = s->st.line;
	bool comma = true;

	for (;;) {
		struct token t = peek(s);

		if (t.kind == TOKEN_EQUAL || t.kind == TOKEN_END || at_setting(s)) {
			error_set(&s->st.error,
				  "the list that begins in line %u is not closed by }", opened);
			return false;
		}
		if (t.kind == TOKEN_OPEN) {
			error_set(&s->st.error, "a list inside the list that begins in line %u",
				  opened);
			return false;
		}
		if (t.kind == TOKEN_WORD && !comma) {
			error_set(&s->st.error, "a comma is missing before %.*s", shown(&t), t.at);
			return false;
		}
		lex(s);
		if (t.kind == TOKEN_CLOSE)
			return true;
		if (t.kind == TOKEN_BAD)
			return false;
		if (t.kind == TOKEN_COMMA && comma) {
			error_set(&s->st.error, "a value is missing before a comma");
			return false;
		}
		comma = t.kind == TOKEN_COMMA;
		if (!comma && !add_value(s, &t)) {
			error_set(&s->st.error, "a list of more than %d values", SYNTAX_MAX_VALUES);
			return false;
		}
	}
}

/* True for a bare word that begins a statement without an equals sign. */
static bool opens_statement(const struct token *t)
{
	return t->kind == TOKEN_WORD && !t->quoted &&
	       ((t->len == 4 && memcmp(t->at, "rule", 4) == 0) ||
		(t->len == 7 && memcmp(t->at, "include", 7) == 0));
}

/* A value has been read: what follows on its line must be a new statement, the end of the rule, or
 * nothing. */
static bool ends_well(struct syntax *s)
{
	struct token t = peek(s);

	if (t.line != s->st.line || t.kind == TOKEN_END || t.kind == TOKEN_CLOSE ||
	    t.kind == TOKEN_BAD || opens_statement(&t) || at_setting(s))
		return true;
	if (t.kind == TOKEN_COMMA)
		error_set(&s->st.error, "%s: several values need braces: { a, b }", s->st.key);
	else
		error_set(
		    &s->st.error,
		    "%s = %.60s is followed by %.*s: write the value in one piece, or in quotes",
		    s->st.key, s->value[0], shown(&t), t.at);
	return false;
}

/* The equals sign is taken. */
static const struct statement *set(struct syntax *s)
{
	struct token t = peek(s);
	bool ok;

	if (t.line != s->st.line ||
	    (t.kind != TOKEN_WORD && t.kind != TOKEN_OPEN && t.kind != TOKEN_BAD)) {
		error_set(&s->st.error, "%s has no value", s->st.key);
		skip_line(s, s->st.line);
		return finish(s, STATEMENT_ERROR);
	}
	lex(s);
	if (t.kind == TOKEN_OPEN) {
		s->st.is_list = true;
		ok = read_list(s);
		if (!ok)
			skip_list(s);
	} else {
		ok = t.kind == TOKEN_WORD && add_value(s, &t) && ends_well(s);
		if (!ok)
			skip_line(s, s->st.line);
	}
	return finish(s, ok ? STATEMENT_SET : STATEMENT_ERROR);
}

/* The word rule is taken. Without a name the rule is entered all the same, so that its settings are
 * not taken for options. */
static const struct statement *rule(struct syntax *s)
{
	struct token t = peek(s);
	bool named = t.kind == TOKEN_WORD;

	if (named) {
		lex(s);
		add_value(s, &t);
		t = peek(s);
	} else {
		error_set(&s->st.error, "a rule needs a name: rule \"name\" { ... }");
	}
	if (t.kind == TOKEN_OPEN) {
		lex(s);
		s->in_rule = true;
		s->rule_line = s->st.line;
	} else {
		error_set(&s->st.error, "a rule is written rule \"name\" { ... }");
		skip_line(s, s->st.line);
	}
	return finish(s, s->st.error.text[0] == '\0' ? STATEMENT_RULE : STATEMENT_ERROR);
}

static const struct statement *include(struct syntax *s)
{
	struct token t = peek(s);

	if (s->in_rule)
		error_set(&s->st.error, "the rule of line %u is not closed by } before include",
			  s->rule_line);
	else if (t.kind != TOKEN_WORD || t.line != s->st.line)
		error_set(
		    &s->st.error,
		    "include needs the name of a file on its line: include \"conf.d/*.conf\"");
	if (s->st.error.text[0] != '\0') {
		s->in_rule = false;
		skip_line(s, s->st.line);
		return finish(s, STATEMENT_ERROR);
	}
	lex(s);
	add_value(s, &t);
	return finish(s, STATEMENT_INCLUDE);
}

/* A word that may be a key is taken. */
static const struct statement *word(struct syntax *s, const struct token *t)
{
	struct token next = peek(s);

	if (t->len > SYNTAX_NAME_MAX) {
		error_set(&s->st.error, "unknown option \"%.60s...\"", t->at);
		skip_line(s, t->line);
		return finish(s, STATEMENT_ERROR);
	}
	memcpy(s->st.key, t->at, t->len);
	s->st.key[t->len] = '\0';
	if (next.kind == TOKEN_EQUAL && next.line == t->line) {
		lex(s);
		return set(s);
	}
	if (strcmp(s->st.key, "rule") == 0 && s->in_rule) {
		error_set(&s->st.error, "the rule of line %u is not closed by } before this one",
			  s->rule_line);
		s->in_rule = false;
		s->p = t->at;
		s->line = t->line;
		return finish(s, STATEMENT_ERROR);
	}
	if (strcmp(s->st.key, "rule") == 0)
		return rule(s);
	if (strcmp(s->st.key, "include") == 0)
		return include(s);
	error_set(&s->st.error, "= is missing after %s", s->st.key);
	skip_line(s, t->line);
	return finish(s, STATEMENT_ERROR);
}

static const struct statement *at_end(struct syntax *s)
{
	if (!s->in_rule)
		return finish(s, STATEMENT_END);
	s->st.line = s->rule_line;
	s->in_rule = false;
	error_set(&s->st.error, "this rule is not closed by }");
	return finish(s, STATEMENT_ERROR);
}

const struct statement *syntax_next(struct syntax *s)
{
	struct token t;

	s->st = (struct statement){.kind = STATEMENT_END};
	s->used = 0;
	t = lex(s);
	s->st.line = t.line;
	if (t.kind == TOKEN_END)
		return at_end(s);
	if (t.kind == TOKEN_CLOSE && s->in_rule) {
		s->in_rule = false;
		return finish(s, STATEMENT_RULE_END);
	}
	if (t.kind == TOKEN_WORD && !t.quoted)
		return word(s, &t);
	if (t.kind == TOKEN_CLOSE)
		error_set(&s->st.error, "a } without its {");
	else if (t.kind != TOKEN_BAD)
		error_set(&s->st.error, "an option's name was expected, not %.*s", shown(&t), t.at);
	skip_line(s, t.line);
	return finish(s, STATEMENT_ERROR);
}
