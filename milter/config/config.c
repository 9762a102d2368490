/* config.c - files and overrides into one configuration. */
#include "config/config.h"

#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/array.h"
#include "base/domain.h"
#include "base/nearest.h"
#include "base/utf8.h"
#include "config/config_check.h"
#include "config/include.h"
#include "config/config_private.h"
#include "config/syntax.h"
#include "policy/rule_key.h"

#define MAX_FILE_BYTES 1048576 /* a thousand rules need a tenth of it */
#define MAX_DEPTH 4	       /* includes in includes: more is a file that includes itself */
#define PLACE_SIZE 224	       /* "file:line" */

static const char default_rules[] = {
#include "rules_dmarc.inc"
};

/* What is being read. */
struct reader {
	struct config_private *s;
	struct config_errors *e;
	unsigned files, depth;
};

/* One file of it. */
struct source {
	struct reader *r;
	const char *name;
	unsigned first[OPTION_COUNT]; /* the line that set the option, 0: none yet */
	struct rule *rule;	      /* the one being read, or NULL */
	unsigned rule_line, rule_first[RULE_MAX_KEYS]; /* lines of the rule and its keys */
	bool rule_bad;				       /* an error was found in it */
};

/* -- memory and errors -- */

void config_private_free(struct config_private *s)
{
	if (s == NULL)
		return;
	rules_free(s->rules);
	arena_free(&s->arena);
	free(s);
}

bool config_stop(const struct config_errors *e)
{
	return e->count == CONFIG_MAX_ERRORS;
}

void config_complain(struct config_errors *e, const char *place, const char *sentence)
{
	char plain[ERROR_TEXT_MAX];
	struct error said;
	size_t n = 0;

	if (config_stop(e)) {
		e->more = true;
		return;
	}
	error_set(&said, "%s%s%s", place, place[0] != '\0' ? ": " : "", sentence);
	for (const char *p = said.text; *p != '\0' && n + 5 < sizeof(plain);) {
		size_t length = utf8_printable(p, strlen(p));

		memcpy(plain + n, p, length);
		n += length;
		p += length;
		if (length == 0)
			n += (size_t)snprintf(plain + n, 5, "\\x%02x", (unsigned char)*p++);
	}
	plain[n] = '\0';
	error_set(&e->item[e->count++], "%s", plain);
}

/* "file:line", with the end of a very long path. */
static void place_of(const struct source *f, unsigned line, char place_r[PLACE_SIZE])
{
	size_t n = strlen(f->name);

	snprintf(place_r, PLACE_SIZE, "%s:%u", n > 200 ? f->name + n - 200 : f->name, line);
	for (char *p = place_r; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?'; /* it goes into a comment of config_show() */
}

static void complain_at(const struct source *f, unsigned line, const char *sentence)
{
	char place[PLACE_SIZE];

	place_of(f, line, place);
	config_complain(f->r->e, place, sentence);
}

/* -- options -- */

static void unknown_option(const char *name, struct error *why)
{
	struct nearest near;

	if (strcmp(name, "rule") == 0 || strcmp(name, "include") == 0) {
		error_set(why, "%s is no option: in a file write %s", name,
			  name[0] == 'r' ? "rule \"name\" { ... }" : "include \"file\"");
		return;
	}
	if (rule_key_find(name) != RULE_KEY_NONE) {
		error_set(why, "\"%s\" belongs into a rule: rule \"name\" { %s = ... }", name,
			  name);
		return;
	}
	nearest_start(&near, name);
	for (int i = 0; i < OPTION_COUNT; i++)
		nearest_try(&near, option_at((enum option_id)i)->name);
	if (near.word != NULL)
		error_set(why, "unknown option \"%.60s\"; did you mean \"%s\"?", name, near.word);
	else
		error_set(why, "unknown option \"%.60s\"", name);
}

/* A list without braces and quotes, "a, b". */
static bool set_words(struct config_private *s, const struct option *o, const char *text,
		      struct error *why)
{
	const char *value[100];
	size_t n = 0;

	for (text += strspn(text, ", \t"); *text != '\0'; text += strspn(text, ", \t")) {
		size_t len = strcspn(text, ", \t");
		char *word = arena_alloc(&s->arena, len + 1);

		if (word == NULL || n == ARRAY_SIZE(value)) {
			error_set(why, word == NULL ? "out of memory"
						    : "a long list belongs into a file");
			return false;
		}
		memcpy(word, text, len);
		value[n++] = word;
		text += len;
	}
	return option_set(&s->config, &s->arena, o, value, n, true, why);
}

/* "key = text" by the grammar of the file, which has to be all of it. */
static bool set_by_syntax(struct config_private *s, const struct option *o, const char *text,
			  struct error *why)
{
	struct strbuf line;
	struct syntax *x;
	const struct statement *st;
	bool ok = false;

	strbuf_init(&line, MAX_FILE_BYTES);
	strbuf_addf(&line, "%s = %s", o->name, text);
	x = syntax_new(strbuf_text(&line), line.len);
	if (x == NULL || !strbuf_ok(&line)) {
		error_set(why, "out of memory");
		goto out;
	}
	st = syntax_next(x);
	if (st->kind == STATEMENT_SET)
		ok = option_set(&s->config, &s->arena, o, st->value, st->count, st->is_list, why);
	else
		*why = st->error;
	if (ok && syntax_next(x)->kind != STATEMENT_END) {
		error_set(why, "%s is followed by something else", o->name);
		ok = false;
	}
out:
	syntax_free(x);
	strbuf_free(&line);
	return ok;
}

/* A default or the value of -o: quoted or in braces as in a file, or plain. */
static bool set_text(struct config_private *s, const struct option *o, const char *text,
		     struct error *why)
{
	if (text[0] == '{' || text[0] == '"')
		return set_by_syntax(s, o, text, why);
	if (option_is_list(o))
		return set_words(s, o, text, why);
	return option_set(&s->config, &s->arena, o, &text, 1, false, why);
}

struct config_private *config_private_new(void)
{
	struct config_private *s = calloc(1, sizeof(*s));
	struct error why;

	if (s == NULL || (s->rules = rules_new()) == NULL) {
		config_private_free(s);
		return NULL;
	}
	atomic_init(&s->references, 1);
	for (int i = 0; i < OPTION_COUNT; i++) {
		if (!set_text(s, option_at((enum option_id)i), option_at((enum option_id)i)->def,
			      &why)) {
			config_private_free(s); /* a default is right, so this is lack of memory */
			return NULL;
		}
	}
	return s;
}

static void override(struct reader *r, const char *text)
{
	const char *equal = strchr(text, '=');
	size_t n = equal != NULL ? (size_t)(equal - text) : 0;
	char name[SYNTAX_NAME_MAX + 1] = "";
	struct error why;
	enum option_id id;

	while (n > 0 && text[n - 1] == ' ')
		n--;
	if (n == 0 || n >= sizeof(name)) {
		config_complain(r->e, "-o", "must be followed by key=value");
		return;
	}
	memcpy(name, text, n);
	id = option_find(name);
	equal += 1 + strspn(equal + 1, " ");
	if (id != OPTION_COUNT && set_text(r->s, option_at(id), equal, &why)) {
		r->s->origin[id] = "-o";
		return;
	}
	if (id == OPTION_COUNT)
		unknown_option(name, &why);
	config_complain(r->e, "-o", why.text);
}

static void set_option(struct source *f, const struct statement *st)
{
	enum option_id id = option_find(st->key);
	struct config_private *s = f->r->s;
	char place[PLACE_SIZE];
	struct error why;

	if (id == OPTION_COUNT) {
		unknown_option(st->key, &why);
		complain_at(f, st->line, why.text);
		return;
	}
	place_of(f, f->first[id], place);
	if (f->first[id] != 0) {
		error_set(&why, "%s is set twice, first in %s", st->key, place);
		complain_at(f, st->line, why.text);
		return;
	}
	f->first[id] = st->line;
	place_of(f, st->line, place);
	if (!option_set(&s->config, &s->arena, option_at(id), st->value, st->count, st->is_list,
			&why))
		complain_at(f, st->line, why.text);
	else if ((s->origin[id] = arena_text(&s->arena, place)) == NULL)
		complain_at(f, st->line, "out of memory");
}

/* -- rules -- */

static void begin_rule(struct source *f, const struct statement *st)
{
	char place[PLACE_SIZE];
	struct error why;

	place_of(f, st->line, place);
	f->rule = rule_new(st->value[0], place, &why);
	f->rule_line = st->line;
	f->rule_bad = false;
	memset(f->rule_first, 0, sizeof(f->rule_first));
	if (f->rule == NULL)
		complain_at(f, st->line, why.text);
}

static void set_in_rule(struct source *f, const struct statement *st)
{
	const size_t key = rule_key_find(st->key);
	struct error why;

	if (f->rule == NULL)
		return; /* its head was wrong, which was said */
	if (key == RULE_KEY_NONE && option_find(st->key) != OPTION_COUNT) {
		error_set(&why,
			  "%s is an option and has no place in a rule: is a } missing before it?",
			  st->key);
	} else if (key != RULE_KEY_NONE && f->rule_first[key] != 0) {
		error_set(&why, "%s is set twice in this rule, first in line %u", st->key,
			  f->rule_first[key]);
	} else {
		if (key != RULE_KEY_NONE)
			f->rule_first[key] = st->line;
		if (rule_set(f->rule, st->key, st->value, st->count, st->is_list, &why))
			return;
	}
	complain_at(f, st->line, why.text);
	f->rule_bad = true;
}

/* A rule with errors is kept to the end of the reading, for the sake of its name. */
static void end_rule(struct source *f)
{
	struct rule *rule = f->rule;
	struct error why;

	f->rule = NULL;
	if (rule == NULL)
		return;
	if (!f->rule_bad && !rule_check(rule, &why))
		complain_at(f, f->rule_line, why.text);
	if (rules_take(f->r->s->rules, rule, &why))
		return;
	complain_at(f, f->rule_line, why.text);
	rule_free(rule);
}

/* -- files -- */

static void read_file(struct reader *r, const char *path, const char *place);

static void include(struct source *f, const struct statement *st)
{
	struct include names;
	struct error why, said;
	bool found;
	char place[PLACE_SIZE];

	place_of(f, st->line, place);
	if (f->r->depth == MAX_DEPTH) {
		config_complain(f->r->e, place, "include more than 4 files deep");
		return;
	}
	found = include_find(&names, f->name, st->value[0], &why);
	if (!found) {
		error_set(&said, "cannot include %.200s: %.200s", st->value[0], why.text);
		config_complain(f->r->e, place, said.text);
	}
	f->r->depth++;
	for (size_t i = 0; found && i < names.count && !config_stop(f->r->e); i++)
		read_file(f->r, names.name[i], place);
	f->r->depth--;
	include_free(&names);
}

static void take_statement(struct source *f, const struct statement *st)
{
	switch (st->kind) {
	case STATEMENT_SET: (st->in_rule ? set_in_rule : set_option)(f, st); break;
	case STATEMENT_INCLUDE: include(f, st); break;
	case STATEMENT_RULE: begin_rule(f, st); break;
	case STATEMENT_RULE_END: end_rule(f); break;
	case STATEMENT_ERROR:
		complain_at(f, st->line, st->error.text);
		f->rule_bad = true;
		if (!st->in_rule) {
			rule_free(f->rule);
			f->rule = NULL;
		}
		break;
	case STATEMENT_END: break;
	}
}

static void read_text(struct reader *r, const char *name, const char *text, size_t len)
{
	struct source f = {.r = r, .name = name};
	struct syntax *x = NULL;
	const struct statement *st;

	if (++r->files > INCLUDE_MAX_FILES)
		config_complain(r->e, name, "more than 200 files are included");
	else if (len > MAX_FILE_BYTES)
		config_complain(r->e, name, "larger than 1 MB");
	else if (len >= 2 && (memcmp(text, "\xff\xfe", 2) == 0 || memcmp(text, "\xfe\xff", 2) == 0))
		config_complain(r->e, name, "is UTF-16, but must be UTF-8");
	else if ((x = syntax_new(text, len)) == NULL)
		config_complain(r->e, name, "out of memory");
	while (x != NULL && !config_stop(r->e) && (st = syntax_next(x))->kind != STATEMENT_END)
		take_statement(&f, st);
	r->e->more |= config_stop(r->e);
	rule_free(f.rule);
	syntax_free(x);
}

/* `place` is where the file was asked for, "" on the command line. */
static void read_file(struct reader *r, const char *path, const char *place)
{
	FILE *f = fopen(path, "re");
	char *text = malloc(MAX_FILE_BYTES + 1);
	struct error why;
	size_t n = 0;

	if (f == NULL || text == NULL ||
	    ((n = fread(text, 1, MAX_FILE_BYTES + 1, f)) == 0 && ferror(f))) {
		error_set(&why, "cannot read %s: %s", path,
			  text == NULL ? "out of memory" : strerror(errno));
		config_complain(r->e, place, why.text);
	} else {
		read_text(r, path, text, n);
	}
	free(text);
	if (f != NULL)
		fclose(f);
}

/* -- the whole -- */

/* This host's name, with its domain if the system knows it (/etc/hosts or DNS). */
static void system_name(char name_r[DOMAIN_SIZE])
{
	struct addrinfo hints = {.ai_flags = AI_CANONNAME, .ai_socktype = SOCK_STREAM},
			*found = NULL;
	char name[DOMAIN_SIZE] = "";

	gethostname(name, sizeof(name) - 1);
	if (strchr(name, '.') == NULL && getaddrinfo(name, NULL, &hints, &found) == 0) {
		if (found->ai_canonname != NULL && strchr(found->ai_canonname, '.') != NULL)
			snprintf(name, sizeof(name), "%s", found->ai_canonname);
		freeaddrinfo(found);
	}
	if (!domain_normal(name, strlen(name), name_r))
		snprintf(name_r, DOMAIN_SIZE, "localhost");
}

static enum action on_failure(enum config_on_failure f)
{
	return f == CONFIG_FAILURE_ACCEPT ? ACTION_ACCEPT : ACTION_TEMPFAIL;
}

/* Fill in what is not set. */
static void complete(struct reader *r)
{
	struct config_private *s = r->s;
	struct config *c = &s->config;
	char name[DOMAIN_SIZE];

	if (c->hostname[0] == '\0') {
		system_name(name);
		c->hostname = arena_text(&s->arena, name);
		s->origin[OPTION_ID_hostname] = "the system";
	}
	if (c->hostname == NULL)
		config_complain(r->e, "", "out of memory");
	if (c->authserv_id[0] == '\0') {
		c->authserv_id = c->hostname;
		s->origin[OPTION_ID_authserv_id] = "hostname";
	}
	if (s->rules->count == 0) {
		s->default_rules = true;
		read_text(r, "default rules", default_rules, sizeof(default_rules) - 1);
	}
	s->rules->on_error = on_failure(c->on_error);
	s->rules->on_temperror = on_failure(c->on_temperror);
	c->rules = s->rules;
}

/* After the files: the overrides, what is missing, and the whole. */
static const struct config *finish(struct reader *r, const char *const *overrides, size_t n)
{
	if (r->s == NULL) {
		config_complain(r->e, "", "out of memory");
		return NULL;
	}
	for (size_t i = 0; i < n && !config_stop(r->e); i++)
		override(r, overrides[i]);
	if (r->e->count == 0)
		complete(r);
	if (r->e->count == 0)
		config_check(r->s, r->e);
	if (r->e->count == 0)
		return &r->s->config;
	config_private_free(r->s);
	return NULL;
}

/* A file that is there and cannot be reached is an error of reading. */
const char *config_default_file(void)
{
	return access(CONFIG_DEFAULT_FILE, F_OK) == 0 || errno != ENOENT ? CONFIG_DEFAULT_FILE
									 : NULL;
}

const struct config *config_load(const char *path, const char *const *overrides, size_t n,
				 struct config_errors *errors_r)
{
	struct reader r = {.s = config_private_new(), .e = errors_r};

	errors_r->count = 0;
	errors_r->more = false;
	if (r.s != NULL && path != NULL)
		read_file(&r, path, "");
	return finish(&r, overrides, n);
}

const struct config *config_load_text(const char *name, const char *text, size_t len,
				      const char *const *overrides, size_t n,
				      struct config_errors *errors_r)
{
	struct reader r = {.s = config_private_new(), .e = errors_r};

	errors_r->count = 0;
	errors_r->more = false;
	if (r.s != NULL)
		read_text(&r, name, text, len);
	return finish(&r, overrides, n);
}

const struct config *config_ref(const struct config *c)
{
	atomic_fetch_add(&((struct config_private *)c)->references, 1);
	return c;
}

void config_unref(const struct config *c)
{
	struct config_private *s = (struct config_private *)c;

	if (s != NULL && atomic_fetch_sub(&s->references, 1) == 1)
		config_private_free(s);
}
