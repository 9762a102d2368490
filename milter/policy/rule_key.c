/* rule_key.c - the table made from rule_keys.def. */
#include "policy/rule_key.h"

#include <string.h>

#include "base/array.h"

static const struct rule_key keys[] = {
#define CONDITION(id, kind, stage, name, choices, help) \
	{name, choices, help, true, KEY_##kind != KEY_YESNO, KEY_##kind, STAGE_##stage},
#define SETTING(kind, name, choices, help) \
	{name, choices, help, false, false, KEY_##kind, STAGE_END},
#include "policy/rule_keys.def"
#undef CONDITION
#undef SETTING
};

_Static_assert(ARRAY_SIZE(keys) <= RULE_MAX_KEYS,
	       "a rule remembers its keys in the bits of an unsigned");

const struct rule_key *rule_key_at(size_t i)
{
	return i < ARRAY_SIZE(keys) ? &keys[i] : NULL;
}

size_t rule_key_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (strcmp(keys[i].name, name) == 0)
			return i;
	return RULE_KEY_NONE;
}
