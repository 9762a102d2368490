/* rule.c - rules and sets of rules: make, set, check as a whole, print, free. */
#include "policy/rule.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/ascii.h"
#include "base/choice.h"
#include "base/nearest.h"
#include "policy/rule_key.h"
#include "policy/rule_value.h"

#define NAME_MAX_BYTES 64 /* it goes into log lines and replies */

const char *action_name(enum action a)
{
	static const char *const name[] = {"skip",   "accept",	 "mark",     "quarantine",
					   "reject", "tempfail", "on_error", "on_temperror"};

	return name[a];
}

bool action_refuses(enum action a)
{
	return a == ACTION_REJECT || a == ACTION_TEMPFAIL;
}

struct rules *rules_new(void)
{
	struct rules *r = calloc(1, sizeof(*r));

	if (r != NULL) {
		r->on_error = ACTION_TEMPFAIL;
		r->on_temperror = ACTION_ACCEPT;
	}
	return r;
}

void rules_free(struct rules *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; i < r->count; i++)
		rule_free(r->rule[i]);
	free(r);
}

static bool open_to_all(const struct rule *rule)
{
	return rule->condition_count == 0;
}

bool rules_take(struct rules *r, struct rule *rule, struct error *why)
{
	for (size_t i = 0; i < r->count; i++) {
		if (strcmp(r->rule[i]->name, rule->name) == 0) {
			error_set(why, "there is a rule \"%s\" already, in %s", rule->name,
				  r->rule[i]->origin);
			return false;
		}
	}
	if (r->count > 0 && open_to_all(r->rule[r->count - 1])) {
		error_set(why, "rule \"%s\" is never reached: rule \"%s\" in %s has no condition",
			  rule->name, r->rule[r->count - 1]->name, r->rule[r->count - 1]->origin);
		return false;
	}
	if (r->count == MAX_RULES) {
		error_set(why, "more than %d rules", MAX_RULES);
		return false;
	}
	r->rule[r->count++] = rule;
	return true;
}

static bool name_byte(char c)
{
	return ascii_is_alnum(c) || c == '-' || c == '_' || c == '.';
}

struct rule *rule_new(const char *name, const char *origin, struct error *why)
{
	size_t n = strlen(name);
	struct rule *rule;
	bool ok = n > 0 && n <= NAME_MAX_BYTES;

	for (size_t i = 0; i < n; i++)
		ok &= name_byte(name[i]);
	if (!ok) {
		error_set(why,
			  "rule \"%.60s\": a rule's name must have 1 to %d letters, digits, "
			  "hyphens, underscores or dots",
			  name, NAME_MAX_BYTES);
		return NULL;
	}
	rule = calloc(1, sizeof(*rule));
	if (rule == NULL || (rule->name = strdup(name)) == NULL ||
	    (rule->origin = strdup(origin)) == NULL) {
		error_set(why, "out of memory");
		rule_free(rule);
		return NULL;
	}
	rule->stage = STAGE_END;
	return rule;
}

static void condition_free(struct condition *c)
{
	for (size_t i = 0; i < c->count && c->text != NULL; i++)
		free(c->text[i]);
	free(c->text);
	free(c->network);
}

void rule_free(struct rule *rule)
{
	if (rule == NULL)
		return;
	for (size_t i = 0; i < rule->condition_count; i++)
		condition_free(&rule->condition[i]);
	free(rule->name);
	free(rule->origin);
	free(rule->reason);
	free(rule->comment);
	free(rule->code);
	free(rule->xcode);
	free(rule->text);
	free(rule);
}

const struct condition *rule_condition(const struct rule *rule, enum condition_id id)
{
	for (size_t i = 0; i < rule->condition_count; i++)
		if (rule->condition[i].id == id)
			return &rule->condition[i];
	return NULL;
}

enum action rules_action(const struct rules *r, const struct rule *rule)
{
	if (rule->action == ACTION_ON_ERROR)
		return r->on_error;
	return rule->action == ACTION_ON_TEMPERROR ? r->on_temperror : rule->action;
}

static void unknown_key(const char *key, struct error *why)
{
	struct nearest near;

	nearest_start(&near, key);
	for (size_t i = 0; rule_key_at(i) != NULL; i++)
		nearest_try(&near, rule_key_at(i)->name);
	if (near.word != NULL)
		error_set(why, "a rule has no \"%.60s\"; did you mean \"%s\"?", key, near.word);
	else
		error_set(why, "a rule has no \"%.60s\"", key);
}

bool rule_set(struct rule *rule, const char *key, const char *const *values, size_t n, bool is_list,
	      struct error *why)
{
	const size_t place = rule_key_find(key);
	const struct rule_key *k = rule_key_at(place);

	if (k == NULL) {
		unknown_key(key, why);
		return false;
	}
	if (rule->keys_set & 1u << place) {
		error_set(why, "%s is set twice in this rule", key);
		return false;
	}
	rule->keys_set |= 1u << place;
	if (n == 0)
		error_set(why, is_list ? "%s: the list is empty" : "%s has no value", key);
	else if (!k->takes_list && (is_list || n > 1))
		error_set(why, "%s takes one value, not a list", key);
	else if (n > MAX_RULE_VALUES)
		error_set(why, "%s has more than %d values", key, MAX_RULE_VALUES);
	else
		return rule_value_read(rule, place, values, n, why);
	return false;
}

/* -- the whole rule -- */

static bool has_key(const struct rule *rule, const char *key)
{
	return rule->keys_set & 1u << rule_key_find(key);
}

/* Code and text belong to reject and tempfail, and the code's class to the action. */
static bool check_reply(const struct rule *rule, struct error *why)
{
	char class = rule->action == ACTION_REJECT ? '5' : '4';
	bool replies = rule->action == ACTION_REJECT || rule->action >= ACTION_TEMPFAIL;

	if (!replies && (rule->code != NULL || rule->text != NULL)) {
		error_set(why, "%s is for reject and tempfail, not for action = %s",
			  rule->code != NULL ? "code" : "text", action_name(rule->action));
		return false;
	}
	if (rule->code != NULL && rule->code[0] != class) {
		error_set(why, "code = %s %s: action = %s needs codes that begin with %c",
			  rule->code, rule->xcode, action_name(rule->action), class);
		return false;
	}
	return true;
}

static bool check_stage(const struct rule *rule, struct error *why)
{
	if (rule->stage == STAGE_END)
		return true;
	if (rule->action != ACTION_SKIP && !action_refuses(rule->action)) {
		error_set(why, "stage is for skip, reject and tempfail, not for action = %s",
			  action_name(rule->action));
		return false;
	}
	for (size_t i = 0; i < rule->condition_count; i++) {
		const struct rule_key *k = rule_key_at(rule->condition[i].id);

		if (k->known > rule->stage) {
			error_set(why, "%s is not known at stage = %s", k->name,
				  rule->stage == STAGE_CONNECT ? "connect" : "mail");
			return false;
		}
	}
	return true;
}

/* Which value of a condition is a temporary failure. */
static const struct {
	enum condition_id id;
	unsigned temperror;
} temporary[] = {{COND_IPREV, IPREV_TEMPERROR}, {COND_HELO, HELO_TEMPERROR},
		 {COND_SPF, SPF_TEMPERROR},	{COND_SPF_HELO, SPF_TEMPERROR},
		 {COND_DKIM, DKIM_TEMPERROR},	{COND_DMARC, DMARC_TEMPERROR},
		 {COND_INTERNAL_ERROR, 1}};

#define TEMPORARY_COUNT ARRAY_SIZE(temporary)

/* A temporary failure is never a reason to refuse for good. */
static bool check_reject(const struct rule *rule, struct error *why)
{
	for (size_t i = 0; i < TEMPORARY_COUNT; i++) {
		const struct condition *c = rule_condition(rule, temporary[i].id);

		if (c != NULL && c->mask & 1u << temporary[i].temperror) {
			error_set(
			    why,
			    "action = reject with %s = %s: the failure is temporary, use tempfail",
			    rule_key_at(c->id)->name,
			    c->id == COND_INTERNAL_ERROR ? "yes" : "temperror");
			return false;
		}
	}
	return true;
}

/* A bad signature is never a reason to have the message sent again (RFC 6376 6.3), unless something
 * else is open. */
static bool check_tempfail(const struct rule *rule, struct error *why)
{
	const struct condition *dkim = rule_condition(rule, COND_DKIM);

	if (dkim == NULL || !(dkim->mask & 1u << DKIM_FAIL))
		return true;
	for (size_t i = 0; i < TEMPORARY_COUNT; i++) {
		const struct condition *c = rule_condition(rule, temporary[i].id);

		if (c != NULL && c->mask == 1u << temporary[i].temperror)
			return true;
	}
	error_set(why, "action = tempfail with dkim = fail: the signature will not become better "
		       "(RFC 6376 6.3)");
	return false;
}

static bool check_temporary(const struct rule *rule, struct error *why)
{
	if (rule->action == ACTION_REJECT)
		return check_reject(rule, why);
	return rule->action != ACTION_TEMPFAIL || check_tempfail(rule, why);
}

bool rule_check(const struct rule *rule, struct error *why)
{
	if (!has_key(rule, "action")) {
		error_set(why, "rule \"%s\" has no action", rule->name);
		return false;
	}
	if (check_reply(rule, why) && check_stage(rule, why) && check_temporary(rule, why))
		return true;
	error_prefix(why, "rule \"%s\"", rule->name);
	return false;
}

/* -- print -- */

/* What stands between two values of a list. */
static void next_item(struct strbuf *out, size_t *printed)
{
	strbuf_add(out, (*printed)++ == 0 ? "" : ", ");
}

static void print_word(struct strbuf *out, const char *word, size_t *printed)
{
	next_item(out, printed);
	strbuf_add(out, word);
}

static void print_condition(struct strbuf *out, const struct condition *c)
{
	const struct rule_key *k = rule_key_at(c->id);
	char word[CHOICE_MAX + 1], network[NETWORK_TEXT_SIZE];
	size_t printed = 0;

	strbuf_addf(out, "\t%s = %s", k->name, k->takes_list ? "{ " : "");
	if (c->id == COND_CLIENT && c->mask & 1)
		print_word(out, "local", &printed);
	for (unsigned i = 0; k->choices[0] != '\0' && *choice_at(k->choices, i, word) != '\0'; i++)
		if (c->mask & 1u << i)
			print_word(out, word, &printed);
	for (size_t i = 0; i < c->count; i++) {
		next_item(out, &printed);
		if (c->network != NULL)
			strbuf_add(out, network_print(&c->network[i], network));
		else
			strbuf_add_quoted(out, c->text[i]);
	}
	strbuf_add(out, k->takes_list ? " }\n" : "\n");
}

static void print_text(struct strbuf *out, const char *key, const char *value)
{
	if (value == NULL)
		return;
	strbuf_addf(out, "\t%s = ", key);
	strbuf_add_quoted(out, value);
	strbuf_add(out, "\n");
}

void rule_print(const struct rule *rule, struct strbuf *out)
{
	strbuf_addf(out, "rule \"%s\" {\n", rule->name);
	for (size_t i = 0; i < rule->condition_count; i++)
		print_condition(out, &rule->condition[i]);
	strbuf_addf(out, "\taction = %s\n", action_name(rule->action));
	if (rule->stage != STAGE_END)
		strbuf_addf(out, "\tstage = %s\n",
			    rule->stage == STAGE_CONNECT ? "connect" : "mail");
	print_text(out, "reason", rule->reason);
	print_text(out, "comment", rule->comment);
	if (rule->code != NULL)
		strbuf_addf(out, "\tcode = \"%s %s\"\n", rule->code, rule->xcode);
	print_text(out, "text", rule->text);
	strbuf_add(out, "}\n");
}
