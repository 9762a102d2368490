/* rule_key.h - the keys of a rule, each once: what values it takes, from when on it is known, what
 * it means. */
#ifndef ALIGND_POLICY_RULE_KEY_H
#define ALIGND_POLICY_RULE_KEY_H

#include "policy/rule.h"

/* How the values of a key are read. WORDS: bits of a mask. YESNO: one of two. Settings follow after
 * ACTION. */
enum rule_key_kind {
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

struct rule_key {
	const char *name;
	const char *choices; /* "pass|fail"; "" if free */
	const char *help;    /* one or more sentences */
	bool is_condition;
	bool takes_list;
	enum rule_key_kind kind;
	enum stage known; /* conditions: the first stage that may ask for it */
};

/* The key at this place, NULL past the last. Conditions come first, in the order of their ids. */
const struct rule_key *rule_key_at(size_t i);

/* The place of the key of this name; RULE_KEY_NONE if there is none. */
#define RULE_KEY_NONE SIZE_MAX
size_t rule_key_find(const char *name);

#endif
