/* rule_value.c - the values of a rule's keys. */
#include "policy/rule_value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/choice.h"
#include "base/domain.h"
#include "policy/reply.h"
#include "policy/rule_key.h"

#define COMMENT_MAX 200 /* goes into the XML of every report of the domain */

static bool no_memory(struct error *why)
{
	error_set(why, "out of memory");
	return false;
}

static bool copy_text(char **field, const char *value, struct error *why)
{
	*field = strdup(value);
	return *field != NULL || no_memory(why);
}

static bool set_words(const struct rule_key *k, struct condition *c, const char *const *values,
		      size_t n, struct error *why)
{
	for (size_t i = 0; i < n; i++) {
		int at = choice_find(k->choices, values[i]);

		if (at < 0) {
			choice_error(why, k->name, k->choices, values[i]);
			return false;
		}
		c->mask |= 1u << at;
	}
	return true;
}

/* The word local is bit 0 of the mask. */
static bool set_networks(struct condition *c, const char *const *values, size_t n,
			 struct error *why)
{
	c->network = calloc(n, sizeof(*c->network));
	if (c->network == NULL)
		return no_memory(why);
	for (size_t i = 0; i < n; i++) {
		if (strcmp(values[i], "local") == 0) {
			c->mask |= 1;
		} else if (network_parse(values[i], &c->network[c->count])) {
			c->count++;
		} else {
			error_set(why,
				  "client = %.60s: must be an address, a network such as "
				  "192.0.2.0/24 with zero "
				  "bits after the prefix, or local",
				  values[i]);
			return false;
		}
	}
	return true;
}

static bool set_domain(const struct rule_key *k, const char *value, char **out_r, struct error *why)
{
	char name[DOMAIN_SIZE];
	const char *text = value[0] == '.' ? value + 1 : value;

	if (domain_normal(text, strlen(text), name) && text == value)
		return copy_text(out_r, name, why);
	if (strncmp(value, "*.", 2) == 0)
		text = value + 2;
	if (text != value && domain_normal(text, strlen(text), name))
		error_set(why, "%s = %.60s: write %.60s; it stands for all names below it too",
			  k->name, value, text);
	else
		error_set(why, "%s = %.60s: this is no domain name", k->name, value);
	return false;
}

/* "user@domain" with the domain in normal form. Local parts that need quotes cannot be named. */
static bool set_address(const struct rule_key *k, const char *value, char **out_r,
			struct error *why)
{
	const char *at = strrchr(value, '@');
	char name[DOMAIN_SIZE];
	size_t local = at != NULL ? (size_t)(at - value) : 0;

	if (at == NULL)
		return set_domain(k, value, out_r, why);
	if (local == 0 || local > MAX_LOCAL_PART || strcspn(value, " \t\"<>()[],;:\\@") < local ||
	    !domain_normal(at + 1, strlen(at + 1), name)) {
		error_set(why,
			  "%s = %.80s: must be a domain or an address such as user@example.org",
			  k->name, value);
		return false;
	}
	if (asprintf(out_r, "%.*s@%s", (int)local, value, name) < 0) {
		*out_r = NULL;
		return no_memory(why);
	}
	return true;
}

static bool set_texts(const struct rule_key *k, struct condition *c, const char *const *values,
		      size_t n, struct error *why)
{
	c->text = calloc(n, sizeof(*c->text));
	if (c->text == NULL)
		return no_memory(why);
	for (; c->count < n; c->count++)
		if (!(k->kind == KEY_DOMAINS ? set_domain : set_address)(k, values[c->count],
									 &c->text[c->count], why))
			return false;
	return true;
}

static bool set_condition(struct rule *rule, size_t key, const char *const *values, size_t n,
			  struct error *why)
{
	struct condition *c = &rule->condition[rule->condition_count++];
	const struct rule_key *k = rule_key_at(key);

	c->id = (enum condition_id)key;
	switch (k->kind) {
	case KEY_WORDS:
	case KEY_YESNO: return set_words(k, c, values, n, why);
	case KEY_NETWORKS: return set_networks(c, values, n, why);
	default: return set_texts(k, c, values, n, why);
	}
}

static bool printable(const struct rule_key *k, const char *value, size_t most, struct error *why)
{
	size_t n = strlen(value);
	bool ok = n > 0 && n <= most;

	for (size_t i = 0; i < n; i++)
		ok &= ascii_is_printable(value[i]);
	if (!ok)
		error_set(why, "%s must have 1 to %zu printable ASCII characters", k->name, most);
	return ok;
}

static bool set_code(struct rule *rule, const char *value, struct error *why)
{
	if (!reply_code_parse(value, &rule->code, &rule->xcode)) {
		error_set(why,
			  "code = %.60s: must be two codes of one class, such as \"550 5.7.1\" or "
			  "\"451 4.7.1\"",
			  value);
		return false;
	}
	return rule->code != NULL || no_memory(why);
}

static bool set_setting(struct rule *rule, const struct rule_key *k, const char *value,
			struct error *why)
{
	int at = choice_find(k->choices, value);

	if (k->choices[0] != '\0' && at < 0) {
		choice_error(why, k->name, k->choices, value);
		return false;
	}
	switch (k->kind) {
	case KEY_ACTION: rule->action = (enum action)at; return true;
	case KEY_STAGE: rule->stage = (enum stage)at; return true;
	case KEY_REASON: return copy_text(&rule->reason, value, why);
	case KEY_COMMENT:
		return printable(k, value, COMMENT_MAX, why) &&
		       copy_text(&rule->comment, value, why);
	case KEY_CODE: return set_code(rule, value, why);
	default:
		return printable(k, value, REPLY_TEMPLATE_MAX, why) &&
		       reply_text_check(value, why) && copy_text(&rule->text, value, why);
	}
}

bool rule_value_read(struct rule *rule, size_t key, const char *const *values, size_t n,
		     struct error *why)
{
	const struct rule_key *k = rule_key_at(key);

	if (k->is_condition)
		return set_condition(rule, key, values, n, why);
	return set_setting(rule, k, values[0], why);
}
