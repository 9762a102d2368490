/* rule_key.c - the table made from rule_keys.def. */
#include "policy/rule_key.h"

#include <string.h>

#include "base/array.h"

/* Conditions come first, so that the place of one is its id. */
static const struct key keys[] = {
#define CONDITION(id, kind, stage, name, choices, help) \
	{{name, choices, help, true, KEY_##kind != KEY_YESNO}, KEY_##kind, STAGE_##stage},
#define SETTING(kind, name, choices, help) \
	{{name, choices, help, false, false}, KEY_##kind, STAGE_END},
#include "policy/rule_keys.def"
#undef CONDITION
#undef SETTING
};

#define KEY_COUNT ARRAY_SIZE(keys)

_Static_assert(KEY_COUNT <= 32, "a rule remembers its keys in the bits of an unsigned");

const struct key *rule_key_find(const char *name)
{
	for (size_t i = 0; i < KEY_COUNT; i++)
		if (strcmp(keys[i].key.name, name) == 0)
			return &keys[i];
	return NULL;
}

const struct key *rule_key_of(enum condition_id id)
{
	return &keys[id];
}

size_t rule_key_index(const struct key *key)
{
	return (size_t)(key - keys);
}

const struct rule_key *rule_key_at(size_t i)
{
	return i < KEY_COUNT ? &keys[i].key : NULL;
}
