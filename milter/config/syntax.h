/* syntax.h - the grammar of the configuration file (config.h), one statement at a time. Knows no
 * option by name. Goes on after an error at the next line, so that all errors of a file can be told
 * at once. */
#ifndef ALIGND_CONFIG_SYNTAX_H
#define ALIGND_CONFIG_SYNTAX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

#define SYNTAX_NAME_MAX 63	/* a key */
#define SYNTAX_MAX_VALUES 10000 /* of one list */

enum statement_kind {
	STATEMENT_SET,	    /* key = value, key = { values } */
	STATEMENT_INCLUDE,  /* value[0] is the pattern */
	STATEMENT_RULE,	    /* rule "value[0]" { */
	STATEMENT_RULE_END, /* } */
	STATEMENT_ERROR,    /* error */
	STATEMENT_END
};

/* Valid until the next call. */
struct statement {
	enum statement_kind kind;
	unsigned line;
	bool in_rule; /* the place after it is inside rule { }; not after an ERROR that ends a rule
		       */
	char key[SYNTAX_NAME_MAX + 1];
	bool is_list;
	size_t count;
	const char *const *value;
	struct error error;
};

struct syntax;

/* Read `len` bytes, borrowed. NULL: out of memory. */
struct syntax *syntax_new(const char *text, size_t len);
void syntax_free(struct syntax *s); /* NULL is fine */

/* The next statement; after STATEMENT_END always that again. */
const struct statement *syntax_next(struct syntax *s);

#endif
