/* rule_key.h - the keys of a rule, each once: what values it takes, from when on it is known, what
 * it means. Shared by the files of the rule module only. */
#ifndef ALIGND_POLICY_RULE_KEY_H
#define ALIGND_POLICY_RULE_KEY_H

#include "policy/rule.h"

/* How the values of a key are read. WORDS: bits of a mask. YESNO: one of two. Settings follow after
 * ACTION. */
enum key_kind {
	KEY_WORDS,
	KEY_YESNO,
	KEY_NETWORKS,
	KEY_DOMAINS,
	KEY_ADDRESSES,
	KEY_ACTION,
	KEY_STAGE,
	KEY_REASON,
	KEY_COMMENT,
	KEY_CODE,
	KEY_TEXT
};

struct key {
	struct rule_key key;
	enum key_kind kind;
	enum stage known; /* conditions: the first stage that may ask for it */
};

/* The key of this name; NULL if there is none. Its place in the table is the id of its condition.
 */
const struct key *rule_key_find(const char *name);
const struct key *rule_key_of(enum condition_id id);
size_t rule_key_index(const struct key *key);

#endif
