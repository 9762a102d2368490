/* explain.h - a verdict in words, as JSON, or as the header field and the bare facts. */
#ifndef ALIGND_TOOLS_EXPLAIN_H
#define ALIGND_TOOLS_EXPLAIN_H

#include <stdio.h>

#include "session/session.h"

/* What was judged, for the explanation. */
struct explained {
	const char *client, *helo, *mail_from; /* as given */
	const struct verdict *verdict;
	struct lookups *lookups;
	const struct config *config;
};

/* For a person: each check with its inputs and outcome, the rule, the header, the reply, the DNS
 * questions. */
void explain_text(FILE *out, const struct explained *x);

/* The same as one JSON object. False: out of memory. */
bool explain_json(FILE *out, const struct explained *x);

/* The Authentication-Results field alone. */
void explain_header(FILE *out, const struct explained *x);

/* Lines "Fact: name=value" of what the header does not show. */
void explain_facts(FILE *out, const struct explained *x);

#endif
