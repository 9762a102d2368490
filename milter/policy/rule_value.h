/* rule_value.h - the values of a rule's keys, from text to what the decision compares. Everything
 * is checked here. */
#ifndef ALIGND_POLICY_RULE_VALUE_H
#define ALIGND_POLICY_RULE_VALUE_H

#include "policy/rule.h"

/* Give the key at place `key` (rule_key.h), not set before, its `n` values, one or more. False: a
 * sentence without the place, naming the nearest valid word. */
bool rule_value_read(struct rule *rule, size_t key, const char *const *values, size_t n,
		     struct error *why);

#endif
