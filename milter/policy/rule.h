/* rule.h - the administrator's rules as data: a rule is an AND of conditions, a list in a condition
 * is an OR. The configuration reader makes them key by key; policy.h reads them. Every value is
 * checked here, when it is set. */
#ifndef ALIGND_POLICY_RULE_H
#define ALIGND_POLICY_RULE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"
#include "base/error.h"
#include "base/strbuf.h"
#include "check/facts.h"

/* SKIP: no checks, no stamp. ACCEPT: deliver, stamped. MARK: the same; says that something was
 * found. */
enum action {
	ACTION_SKIP,
	ACTION_ACCEPT,
	ACTION_MARK,
	ACTION_QUARANTINE,
	ACTION_REJECT,
	ACTION_TEMPFAIL,
	/* only in a rule, never in a decision: what the options on_error and on_temperror say */
	ACTION_ON_ERROR,
	ACTION_ON_TEMPERROR
};

/* "skip", "accept", ...; as in the configuration. */
const char *action_name(enum action a);

/* True if the message does not go on: reject and tempfail, which get a reply of their own. */
bool action_refuses(enum action a);

/* When a rule may act. END is the end of the message, the only one where all facts are known. */
enum stage { STAGE_CONNECT, STAGE_MAIL, STAGE_END };

/* COND_AUTHENTICATED and so on. */
enum condition_id {
#define CONDITION(id, kind, stage, name, choices, help) COND_##id,
#define SETTING(kind, name, choices, help)
#include "policy/rule_keys.def"
#undef CONDITION
#undef SETTING
	COND_COUNT
};

/* One condition. Words such as `pass` are bits of `mask`, in the order of the enums of facts.h (yes
 * is bit 1). */
struct condition {
	enum condition_id id;
	unsigned mask;
	size_t count; /* of `text` or `network` */
	char **text;  /* domains in normal form; for addresses the local part is kept before "@" */
	struct network *network;
};

#define RULE_MAX_KEYS 32 /* the bits of rule->keys_set */

struct rule {
	char *name;
	char *origin; /* "file:line" for messages */
	enum action action;
	enum stage stage; /* STAGE_END unless the rule says stage = */
	size_t condition_count;
	struct condition condition[COND_COUNT]; /* in the order written */
	char *reason, *comment;			/* for the aggregate report; NULL if not set */
	char *code, *xcode, *text;		/* SMTP reply; NULL if not set */
	unsigned keys_set; /* a bit for each key set, by its place (rule_key.h) */
};

/* In the order they are tried. Unchanging once it is part of a configuration. */
struct rules {
	size_t count;
	struct rule *rule[MAX_RULES];
	/* what ACTION_ON_ERROR and ACTION_ON_TEMPERROR stand for: ACTION_ACCEPT or ACTION_TEMPFAIL
	 */
	enum action on_error, on_temperror;
};

/* An empty set; on_error is TEMPFAIL, on_temperror ACCEPT. NULL: out of memory. */
struct rules *rules_new(void);
void rules_free(struct rules *r); /* NULL is fine */

/* Hand `rule` over to the end of the set. False: its name is there already, it could never be
 * reached, or there are too many rules; the caller still owns it. */
bool rules_take(struct rules *r, struct rule *rule, struct error *why);

/* A rule without conditions or action. `origin` says where it stands ("file:line"). NULL: bad name,
 * no memory. */
struct rule *rule_new(const char *name, const char *origin, struct error *why);
void rule_free(struct rule *rule); /* NULL is fine */

/* Set one key (condition or setting) from its `n` values. False: unknown key, set before, bad
 * value: the reason is a sentence without the place, naming the nearest valid word. `is_list`: the
 * values stood in { }. */
bool rule_set(struct rule *rule, const char *key, const char *const *values, size_t n, bool is_list,
	      struct error *why);

/* Check what only the whole rule shows: an action, a stage that its conditions allow, a reply that
 * fits the action, no rejection for a temporary failure. */
bool rule_check(const struct rule *rule, struct error *why);

/* The condition with this id; NULL if the rule has none. */
const struct condition *rule_condition(const struct rule *rule, enum condition_id id);

/* The rule's action with on_error and on_temperror put in. */
enum action rules_action(const struct rules *r, const struct rule *rule);

/* Write the rule in the form the configuration reader reads. */
void rule_print(const struct rule *rule, struct strbuf *out);

#endif
