/* reply.h - the SMTP reply of a rule that rejects or defers: codes by RFC 7372 and what the rule
 * asked, text by the administrator's template or our own. */
#ifndef ALIGND_POLICY_REPLY_H
#define ALIGND_POLICY_REPLY_H

#include "policy/policy.h"

#define REPLY_TEMPLATE_MAX 300

/* Read "550 5.7.1": a code 4yz or 5yz with an enhanced code of its class. True with NULL in
 * `code_r`: no memory. */
bool reply_code_parse(const char *text, char **code_r, char **xcode_r);

/* False if the template names an unknown %{word} or has a lone percent sign. */
bool reply_text_check(const char *template, struct error *why);

/* Fill code, xcode and text of the decision, which is to reject or tempfail by `rule`. */
void reply_write(const struct facts *f, const struct rule *rule, struct decision *d);

#endif
