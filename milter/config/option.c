/* option.c - the table of options, and the numbers, words and lists among their values. Text in
 * option_text.c. */
#include "config/option.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/choice.h"
#include "base/domain.h"
#include "config/option_text.h"

static const struct option options[] = {
#define SECTION(title)
#define ROW(at_start, kind, type, name, def, least, most, choices, help) \
	[OPTION_ID_##name] = {OPTION_##kind, #name,    def, \
			      least,	     most,     choices, \
			      help,	     at_start, offsetof(struct config, name)},
#define OPTION(...) ROW(false, __VA_ARGS__)
#define START_OPTION(...) ROW(true, __VA_ARGS__)
#include "config/options.def"
#undef OPTION
#undef ROW
#undef SECTION
};

static const struct option_entry entries[] = {
#define SECTION(title) {title, OPTION_COUNT},
#define OPTION(kind, type, name, def, least, most, choices, help) {NULL, OPTION_ID_##name},
#include "config/options.def"
#undef OPTION
#undef SECTION
};

const struct option_entry *option_entry_at(size_t i)
{
	return i < ARRAY_SIZE(entries) ? &entries[i] : NULL;
}

const struct option *option_at(enum option_id id)
{
	return &options[id];
}

enum option_id option_find(const char *name)
{
	for (int i = 0; i < OPTION_COUNT; i++)
		if (strcmp(options[i].name, name) == 0)
			return (enum option_id)i;
	return OPTION_COUNT;
}

bool option_is_list(const struct option *o)
{
	return o->kind >= OPTION_NAMESERVERS;
}

/* -- numbers with units -- */

struct unit {
	const char *name;
	int64_t factor;
};

/* From small to large. */
static const struct unit durations[] = {{"ms", 1},	{"s", 1000},	 {"m", 60000},
					{"h", 3600000}, {"d", 86400000}, {NULL, 0}};
static const struct unit sizes[] = {
    {"", 1}, {"k", 1024}, {"M", 1048576}, {"G", 1073741824}, {NULL, 0}};
static const struct unit counts[] = {{"", 1}, {NULL, 0}};

static const struct unit *units_of(const struct option *o)
{
	if (o->kind == OPTION_DURATION)
		return durations;
	return o->kind == OPTION_SIZE ? sizes : counts;
}

/* The number in the largest unit that divides it. */
static void number_print(const struct unit *units, int64_t v, struct strbuf *out)
{
	const struct unit *u = units;

	for (const struct unit *w = units; w->name != NULL; w++)
		if (v % w->factor == 0 && (v != 0 || w->factor == 1000))
			u = w;
	strbuf_addf(out, "%lld%s", (long long)(v / u->factor), u->name);
}

/* Digits and one unit. False: not that, or too large for any option. */
static bool number_read(const struct unit *units, const char *text, int64_t *v_r)
{
	size_t digits = strspn(text, "0123456789");
	int64_t v = 0;

	if (digits == 0 || digits > 18)
		return false;
	for (size_t i = 0; i < digits; i++)
		v = v * 10 + (text[i] - '0');
	for (const struct unit *u = units; u->name != NULL; u++)
		if (strcmp(text + digits, u->name) == 0 ||
		    (u->factor == 1024 && strcmp(text + digits, "K") == 0) ||
		    (v == 0 && text[digits] == '\0'))
			return !__builtin_mul_overflow(v, u->factor, v_r);
	return false;
}

static const char *number_help(const struct option *o)
{
	if (o->kind == OPTION_DURATION)
		return "a time with its unit: 500ms, 5s, 10m, 24h or 7d";
	return o->kind == OPTION_SIZE ? "a size such as 65536, 64k or 16M" : "a whole number";
}

bool option_range(const struct option *o, struct strbuf *out)
{
	if (o->kind != OPTION_INT && o->kind != OPTION_DURATION && o->kind != OPTION_SIZE)
		return false;
	number_print(units_of(o), o->least, out);
	strbuf_add(out, " to ");
	number_print(units_of(o), o->most, out);
	return true;
}

static bool number_set(const struct option *o, const char *text, void *field, struct error *why)
{
	const struct unit *units = units_of(o);
	struct strbuf range;
	int64_t v;

	if (!number_read(units, text, &v)) {
		error_set(why, "%s = %.60s: must be %s", o->name, text, number_help(o));
		return false;
	}
	if (v < o->least || v > o->most) {
		strbuf_init(&range, 100);
		option_range(o, &range);
		error_set(why, "%s = %.60s: must be from %s", o->name, text, strbuf_text(&range));
		strbuf_free(&range);
		return false;
	}
	if (o->kind == OPTION_DURATION)
		*(int64_t *)field = v;
	else if (o->kind == OPTION_SIZE)
		*(size_t *)field = (size_t)v;
	else
		*(long *)field = (long)v;
	return true;
}

static bool mode_set(const struct option *o, const char *text, unsigned *field, struct error *why)
{
	size_t n = strlen(text);

	if (n < 3 || n > 4 || text[strspn(text, "01234567")] != '\0' ||
	    strtoul(text, NULL, 8) > 0777) {
		error_set(why, "%s = %.60s: must be octal permissions such as 0660", o->name, text);
		return false;
	}
	*field = (unsigned)strtoul(text, NULL, 8);
	return true;
}

/* -- words, texts and lists -- */

static bool enum_set(const struct option *o, const char *text, void *field, struct error *why)
{
	int at = choice_find(o->choices, text);

	if (at < 0) {
		choice_error(why, o->name, o->choices, text);
		return false;
	}
	memcpy(field, &at, sizeof(at)); /* an enum of ours is as large as an int */
	return true;
}

static bool bool_set(const struct option *o, const char *text, bool *field, struct error *why)
{
	int at = choice_find("no|yes", text);

	if (at < 0)
		choice_error(why, o->name, "no|yes", text);
	else
		*field = at == 1;
	return at >= 0;
}

static bool text_set(struct arena *a, const struct option *o, const char *text, const char **field,
		     struct error *why)
{
	size_t n = strlen(text);
	const char *normal;

	if ((int64_t)n > o->most || (int64_t)n < o->least) {
		error_set(why, "%s must have %lld to %lld characters", o->name, (long long)o->least,
			  (long long)o->most);
		return false;
	}
	normal = option_text_read(a, o, text, why);
	if (normal != NULL)
		*field = normal;
	return normal != NULL;
}

static bool texts_set(struct arena *a, const struct option *o, const char *const *values, size_t n,
		      struct config_list *field, struct error *why)
{
	const char **item = arena_alloc(a, (n + 1) * sizeof(*item));

	if (item == NULL) {
		error_set(why, "out of memory");
		return false;
	}
	for (size_t i = 0; i < n; i++)
		if ((item[i] = option_text_read(a, o, values[i], why)) == NULL)
			return false;
	*field = (struct config_list){.count = n, .item = item};
	return true;
}

static bool networks_set(struct arena *a, const struct option *o, const char *const *values,
			 size_t n, struct config_networks *field, struct error *why)
{
	struct network *item = arena_alloc(a, (n + 1) * sizeof(*item));

	if (item == NULL) {
		error_set(why, "out of memory");
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		if (!network_parse(values[i], &item[i])) {
			error_set(why,
				  "%s = %.60s: must be an address or a network such as "
				  "192.0.2.0/24 with zero bits "
				  "after the prefix",
				  o->name, values[i]);
			return false;
		}
	}
	*field = (struct config_networks){.count = n, .item = item};
	return true;
}

static bool list_set(struct config *c, struct arena *a, const struct option *o,
		     const char *const *values, size_t n, struct error *why)
{
	void *field = (char *)c + o->offset;

	if ((int64_t)n > o->most) {
		error_set(why, "%s has more than %lld entries", o->name, (long long)o->most);
		return false;
	}
	if (o->kind == OPTION_NETWORKS)
		return networks_set(a, o, values, n, field, why);
	return texts_set(a, o, values, n, field, why);
}

bool option_set(struct config *c, struct arena *a, const struct option *o,
		const char *const *values, size_t n, bool is_list, struct error *why)
{
	void *field = (char *)c + o->offset;

	if (option_is_list(o))
		return list_set(c, a, o, values, n, why);
	if (is_list || n != 1) {
		error_set(why, "%s takes one value, not a list", o->name);
		return false;
	}
	switch (o->kind) {
	case OPTION_ENUM: return enum_set(o, values[0], field, why);
	case OPTION_BOOL: return bool_set(o, values[0], field, why);
	case OPTION_INT:
	case OPTION_DURATION:
	case OPTION_SIZE: return number_set(o, values[0], field, why);
	case OPTION_MODE: return mode_set(o, values[0], field, why);
	default: return text_set(a, o, values[0], field, why);
	}
}

/* -- print -- */

static void print_texts(struct strbuf *out, const struct config_list *list)
{
	strbuf_add(out, "{ ");
	for (size_t i = 0; i < list->count; i++) {
		strbuf_add(out, i > 0 ? ", " : "");
		strbuf_add_quoted(out, list->item[i]);
	}
	strbuf_add(out, list->count > 0 ? " }" : "}");
}

static void print_networks(struct strbuf *out, const struct config_networks *list)
{
	char text[NETWORK_TEXT_SIZE];

	strbuf_add(out, "{ ");
	for (size_t i = 0; i < list->count; i++)
		strbuf_addf(out, "%s%s", i > 0 ? ", " : "", network_print(&list->item[i], text));
	strbuf_add(out, list->count > 0 ? " }" : "}");
}

static int64_t number_of(const struct option *o, const void *field)
{
	if (o->kind == OPTION_DURATION)
		return *(const int64_t *)field;
	return o->kind == OPTION_SIZE ? (int64_t) * (const size_t *)field : *(const long *)field;
}

void option_print(const struct config *c, const struct option *o, struct strbuf *out)
{
	const void *field = (const char *)c + o->offset;
	char word[CHOICE_MAX + 1];
	unsigned at;

	switch (o->kind) {
	case OPTION_ENUM:
		memcpy(&at, field, sizeof(at));
		strbuf_add(out, choice_at(o->choices, at, word));
		break;
	case OPTION_BOOL: strbuf_add(out, *(const bool *)field ? "yes" : "no"); break;
	case OPTION_INT:
	case OPTION_DURATION:
	case OPTION_SIZE: number_print(units_of(o), number_of(o, field), out); break;
	case OPTION_MODE: strbuf_addf(out, "%04o", *(const unsigned *)field); break;
	case OPTION_NAMESERVERS:
	case OPTION_DOMAINS: print_texts(out, field); break;
	case OPTION_NETWORKS: print_networks(out, field); break;
	default: strbuf_add_quoted(out, *(const char *const *)field);
	}
}
