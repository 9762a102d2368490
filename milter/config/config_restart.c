/* config_restart.c - what a reload cannot take up. */
#include "config/config_restart.h"

#include <string.h>

#include "config/option.h"

#define VALUE_MAX 1048576

static bool same(const struct config *a, const struct config *b, const struct option *o)
{
	struct strbuf one, other;
	bool same;

	strbuf_init(&one, VALUE_MAX);
	strbuf_init(&other, VALUE_MAX);
	option_print(a, o, &one);
	option_print(b, o, &other);
	same = strcmp(strbuf_text(&one), strbuf_text(&other)) == 0;
	strbuf_free(&one);
	strbuf_free(&other);
	return same;
}

bool config_needs_restart(const struct config *running, const struct config *fresh,
			  struct strbuf *names)
{
	bool any = false;

	for (int i = 0; i < OPTION_COUNT; i++) {
		const struct option *o = option_at((enum option_id)i);

		if (!o->at_start || same(running, fresh, o))
			continue;
		strbuf_addf(names, "%s%s", any ? ", " : "", o->name);
		any = true;
	}
	return any;
}
