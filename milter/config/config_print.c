/* config_print.c - the configuration as text: what is in force, the sample file, what is wrong. */
#include "config/config_print.h"

#include <string.h>

#include "base/choice.h"
#include "config/config_private.h"

#define PRINT_MAX 16777216 /* more than a thousand rules at their longest lists of short names */
#define COLUMNS 100

/* Blanks, one at least, up to `column` of the line that begins at `start`. */
static void pad(struct strbuf *out, size_t start, size_t column)
{
	do
		strbuf_addc(out, ' ');
	while (strbuf_ok(out) && out->len - start < column);
}

/* -- what is in force -- */

/* The comment with the origin stands in one column where the value leaves room. */
static void show_option(const struct config_private *s, enum option_id id, struct strbuf *out)
{
	const char *origin = s->origin[id] != NULL ? s->origin[id] : "default";
	size_t start = out->len;

	strbuf_addf(out, "%s = ", option_at(id)->name);
	option_print(&s->config, option_at(id), out);
	pad(out, start, 56);
	strbuf_addf(out, "# %s\n", origin);
}

bool config_show(const struct config *c, FILE *f)
{
	const struct config_private *s = (const struct config_private *)c;
	const struct option_entry *entry;
	struct strbuf out;
	bool ok;

	strbuf_init(&out, PRINT_MAX);
	for (size_t i = 0; (entry = option_entry_at(i)) != NULL; i++) {
		if (entry->title != NULL)
			strbuf_addf(&out, "%s# %s\n", i > 0 ? "\n" : "", entry->title);
		else
			show_option(s, entry->id, &out);
	}
	if (s->default_rules)
		strbuf_add(&out, "\n# No file has a rule: these are the default rules.\n");
	for (size_t i = 0; i < s->rules->count; i++) {
		strbuf_addf(&out, "\n# %s\n", s->rules->rule[i]->origin);
		rule_print(s->rules->rule[i], &out);
	}
	ok = strbuf_write(&out, f);
	strbuf_free(&out);
	return ok;
}

/* -- the sample -- */

/* Sentences as a comment, broken at blanks. */
static void comment(struct strbuf *out, const char *text)
{
	size_t column = 0;

	while (*text != '\0') {
		size_t n = strcspn(text, " ");

		if (column == 0 || column + 1 + n > COLUMNS) {
			strbuf_add(out, column == 0 ? "#" : "\n#");
			column = 1;
		}
		strbuf_addf(out, " %.*s", (int)n, text);
		column += 1 + n;
		text += n + (text[n] == ' ');
	}
	strbuf_add(out, "\n");
}

static void sample_option(const struct config *c, const struct option *o, struct strbuf *out)
{
	size_t start;

	strbuf_add(out, "\n");
	comment(out, o->help);
	start = out->len;
	strbuf_addf(out, "#%s = ", o->name);
	option_print(c, o, out);
	if (o->choices[0] != '\0') {
		pad(out, start, 40);
		strbuf_add(out, "# ");
		choice_print(o->choices, out);
	}
	strbuf_add(out, "\n");
}

/* A ruled line across the columns. */
static void sample_title(const char *title, struct strbuf *out)
{
	strbuf_addf(out, "\n\n# -- %s ", title);
	for (size_t n = strlen(title) + 6; n < COLUMNS; n++)
		strbuf_addc(out, '-');
	strbuf_add(out, "\n");
}

static const char sample_head[] =
    "# alignd.conf - sample with every option at its default; see alignd.conf(5).\n"
    "# Made by `alignctl config sample`. Take away the # of what you change. `alignd -n` checks "
    "the file,\n"
    "# `alignctl config show` prints what is in force and where each value comes from.\n";

static const char sample_rules[] =
    "\n\n# -- Rules "
    "------------------------------------------------------------------------------------------\n"
    "\n"
    "# The first rule that matches decides. Without any rule here the default rules apply: those "
    "of\n"
    "# rules/dmarc.conf. With a rule of your own they do not, unless you include them below it.\n"
    "\n"
    "#rule \"partner\" {\n"
    "#\tfrom = { partner.example }          # author domain, at or below\n"
    "#\tforwarder = { gw.partner.example }  # the client's confirmed name, at or below\n"
    "#\tdmarc = { fail }\n"
    "#\taction = accept                     # skip | accept | mark | quarantine | reject | "
    "tempfail\n"
    "#\treason = trusted_forwarder          # written to the aggregate report\n"
    "#}\n"
    "#include \"rules/dmarc.conf\"\n"
    "\n"
    "# What is included later overrides what was set before.\n"
    "#include \"conf.d/*.conf\"\n";

bool config_sample(FILE *f)
{
	struct config_private *s = config_private_new();
	const struct option_entry *entry;
	struct strbuf out;
	bool ok;

	if (s == NULL)
		return false;
	strbuf_init(&out, PRINT_MAX);
	strbuf_add(&out, sample_head);
	for (size_t i = 0; (entry = option_entry_at(i)) != NULL; i++) {
		if (entry->title != NULL)
			sample_title(entry->title, &out);
		else
			sample_option(&s->config, option_at(entry->id), &out);
	}
	strbuf_add(&out, sample_rules);
	ok = strbuf_write(&out, f);
	strbuf_free(&out);
	config_private_free(s);
	return ok;
}

void config_errors_print(const struct config_errors *e, const char *program, FILE *f)
{
	for (size_t i = 0; i < e->count; i++)
		fprintf(f, "%s: %s\n", program, e->item[i].text);
	if (e->more)
		fprintf(f, "%s: there are more errors\n", program);
}
