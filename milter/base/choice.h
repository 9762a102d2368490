/* choice.h - the words an option may have, written "a|b|c". */
#ifndef ALIGND_BASE_CHOICE_H
#define ALIGND_BASE_CHOICE_H

#include <stddef.h>

#include "base/error.h"
#include "base/strbuf.h"

#define CHOICE_MAX 31 /* longest word */

/* The place of `word` in `choices`, from 0; -1 if it is not there. */
int choice_find(const char *choices, const char *word);

/* The word at place `i`, "" past the last. Returns `word_r`. */
const char *choice_at(const char *choices, unsigned i, char word_r[CHOICE_MAX + 1]);

/* Write them for a person: "a | b | c". */
void choice_print(const char *choices, struct strbuf *out);

/* Say that `word` is none of them: "key = word: must be a, b or c; did you mean b?" */
void choice_error(struct error *why, const char *key, const char *choices, const char *word);

#endif
