/* config_man.c - the manual page alignd.conf(5). */
#include "config/config_man.h"

#include <string.h>

#include "base/choice.h"
#include "config/config_private.h"
#include "policy/rule_key.h"

#define MAN_MAX 1048576

static const char head[] =
    ".\\\" Made by `alignctl config man`; change milter/config/options.def and its neighbours "
    "instead.\n"
    ".Dd November 21, 2026\n"
    ".Dt ALIGND.CONF 5\n"
    ".Os\n"
    ".Sh NAME\n"
    ".Nm alignd.conf\n"
    ".Nd configuration of the mail filter alignd\n"
    ".Sh SYNOPSIS\n"
    ".Nm /etc/alignd/alignd.conf\n"
    ".Sh DESCRIPTION\n"
    "The file holds options, rules and names of further files, as text in UTF-8 of at most 1 MB:\n"
    ".Bd -literal -offset indent\n"
    "key = value               # a comment\n"
    "key = \"any text\"          # \\e\" is a quote, \\e\\e a backslash\n"
    "key = { a, \"b\", c }       # a list, over as many lines as wanted\n"
    "include \"conf.d/*.conf\"\n"
    "rule \"name\" { key = value key = value }\n"
    ".Ed\n"
    ".Pp\n"
    "A value stands on the line of its key.\n"
    "A word of letters, digits and most punctuation needs no quotes.\n"
    "A time needs its unit, ms, s, m, h or d; a size may have k, M or G.\n"
    ".Pp\n"
    "The files of an include are looked for in the folder of the file that names them, and read in "
    "the order of the\n"
    "bytes of their names, in place of the include.\n"
    "The wildcards *, ? and [] count in the last part of a name; such a pattern may match "
    "nothing.\n"
    "An option set twice in one file is an error.\n"
    "What is read later overrides what was read before, and\n"
    ".Fl o Ar key Ns = Ns Ar value\n"
    "on the command line overrides the files; a list is written\n"
    ".Fl o Ar key Ns = Ns Ar a,b\n"
    "there.\n"
    ".Pp\n"
    ".Ql alignd -n\n"
    "checks a file and tells all its errors at once;\n"
    ".Ql alignctl config show\n"
    "prints what is in force and where each value comes from.\n"
    "A running\n"
    ".Xr alignd 8\n"
    "reads the file again on SIGHUP, and keeps what it has if there is an error.\n"
    ".Sh OPTIONS\n";

static const char rules[] =
    ".Sh RULES\n"
    "The rules are tried in the order of the files; the first one that matches decides.\n"
    "A rule matches if all of its conditions hold; a condition with a list holds if one of its "
    "values does.\n"
    "Mail that no rule matches is accepted and stamped.\n"
    "As long as a DNS failure hides whether an earlier rule would let a message through, no later "
    "one rejects it: the sender has to try again.\n"
    "While there is no rule in any file, those of\n"
    ".Pa rules/dmarc.conf\n"
    "are in force, which are compiled in; to keep them, include that file below rules of your "
    "own.\n"
    "Rules cannot be set with\n"
    ".Fl o .\n"
    ".Pp\n"
    "With\n"
    ".Ql mode = monitor\n"
    "the actions quarantine, reject and tempfail only mark, and the log says what would have been "
    "done.\n";

static const char tail[] =
    ".Sh FILES\n"
    ".Bl -tag -width Ds\n"
    ".It Pa /etc/alignd/alignd.conf\n"
    "The configuration.\n"
    ".It Pa /etc/alignd/rules/dmarc.conf\n"
    "The default rules.\n"
    ".It Pa /etc/alignd/rules/monitor.conf\n"
    "The same, marking only.\n"
    ".It Pa /etc/alignd/rules/strict.conf\n"
    "What large receivers ask of senders: a confirmed PTR name, and SPF or DKIM that passes.\n"
    ".El\n"
    ".Sh EXAMPLES\n"
    "Let a partner's forwarded mail through, refuse a client by its network before it sends "
    "anything, and keep the\n"
    "default rules for all else:\n"
    ".Bd -literal -offset indent\n"
    "rule \"partner\" {\n"
    "\tfrom = { partner.example }\n"
    "\tforwarder = { gw.partner.example }\n"
    "\tdmarc = { fail }\n"
    "\taction = accept\n"
    "}\n"
    "rule \"unwanted\" {\n"
    "\tclient = { 192.0.2.0/24 }\n"
    "\taction = reject\n"
    "\tstage = connect\n"
    "\ttext = \"%{client} is not welcome\"\n"
    "}\n"
    "include \"rules/dmarc.conf\"\n"
    ".Ed\n"
    ".Pp\n"
    "A backup MX at 192.0.2.25 that runs alignd with the same authserv_id has judged already: keep "
    "the field it wrote, and\n"
    "judge no second time, when SPF would see the address of the backup:\n"
    ".Bd -literal -offset indent\n"
    "trusted_networks = { 127.0.0.0/8, ::1, 192.0.2.25 }\n"
    "rule \"backup-mx\" {\n"
    "\tclient = { 192.0.2.25 }\n"
    "\taction = skip\n"
    "}\n"
    "include \"rules/dmarc.conf\"\n"
    ".Ed\n"
    ".Pp\n"
    "A university forwards the mail of its alumni: what fails DMARC on that way is marked and not "
    "refused.\n"
    "A list that signs with ARC is believed by the name of its sealer:\n"
    ".Bd -literal -offset indent\n"
    "trusted_sealers = { lists.example }\n"
    "rule \"alumni\" {\n"
    "\tforwarder = { forward.university.example }\n"
    "\trecipient = { alice@rcpt.example }\n"
    "\tdmarc = { fail }\n"
    "\taction = mark\n"
    "\treason = trusted_forwarder\n"
    "}\n"
    "include \"rules/dmarc.conf\"\n"
    ".Ed\n"
    ".Sh SEE ALSO\n"
    ".Xr alignctl 1 ,\n"
    ".Xr alignd 8\n"
    ".Sh STANDARDS\n"
    "RFC 6376 (DKIM), RFC 7208 (SPF), RFC 7372 (reply codes), RFC 8601 (Authentication-Results and "
    "iprev),\n"
    "RFC 8617 (ARC), RFC 9989 (DMARC), RFC 9990 (aggregate reports).\n";

/* Text for mdoc: a new line for each sentence, backslashes made harmless, no line that begins like
 * a request. */
static void prose(struct strbuf *out, const char *text)
{
	for (const char *p = text; *p != '\0'; p++) {
		if ((p == text || p[-1] == '\n') && (*p == '.' || *p == '\''))
			strbuf_add(out, "\\&");
		if (*p == '\\')
			strbuf_add(out, "\\e");
		else if (*p == ' ' && p > text && p[-1] == '.')
			strbuf_add(out, "\n");
		else
			strbuf_addc(out, *p);
	}
	strbuf_add(out, "\n");
}

/* A value on the line of a macro, where quotes and backslashes have a meaning. */
static void on_macro_line(struct strbuf *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			strbuf_add(out, *text == '"' ? "\\(dq" : "\\e");
		else
			strbuf_addc(out, *text);
	}
}

static void option_item(const struct config *c, const struct option *o, struct strbuf *out)
{
	struct strbuf value, range;

	strbuf_init(&value, MAN_MAX);
	strbuf_init(&range, MAN_MAX);
	option_print(c, o, &value);
	strbuf_addf(out, ".It Ic %s No = ", o->name);
	if (o->choices[0] != '\0')
		choice_print(o->choices, out);
	else
		on_macro_line(out, strbuf_text(&value));
	strbuf_add(out, "\n");
	prose(out, o->help);
	if (option_range(o, &range))
		strbuf_addf(out, "From %s.\n", strbuf_text(&range));
	if (o->at_start)
		strbuf_add(out, "Taken up by a restart only.\n");
	if (o->choices[0] != '\0')
		strbuf_addf(out, "The default is %s.\n", strbuf_text(&value));
	strbuf_free(&value);
	strbuf_free(&range);
}

static void options(const struct config *c, struct strbuf *out)
{
	const struct option_entry *entry;
	bool open = false;

	strbuf_add(out, "The value shown is the default.\n");
	for (size_t i = 0; (entry = option_entry_at(i)) != NULL; i++) {
		if (entry->title == NULL) {
			option_item(c, option_at(entry->id), out);
			continue;
		}
		strbuf_addf(out, "%s.Ss %s\n.Bl -tag -width Ds\n", open ? ".El\n" : "",
			    entry->title);
		open = true;
	}
	strbuf_add(out, ".El\n");
}

static void rule_keys(struct strbuf *out, const char *title, bool conditions)
{
	const struct rule_key *k;

	strbuf_addf(out, ".Ss %s\n.Bl -tag -width Ds\n", title);
	for (size_t i = 0; (k = rule_key_at(i)) != NULL; i++) {
		if (k->is_condition != conditions)
			continue;
		strbuf_addf(out, ".It Ic %s", k->name);
		if (k->choices[0] != '\0') {
			strbuf_addf(out, " No = %s", k->takes_list ? "{ " : "");
			choice_print(k->choices, out);
			strbuf_add(out, k->takes_list ? " }" : "");
		}
		strbuf_add(out, "\n");
		prose(out, k->help);
	}
	strbuf_add(out, ".El\n");
}

bool config_man(FILE *f)
{
	struct config_private *s = config_private_new();
	struct strbuf out;
	bool ok;

	if (s == NULL)
		return false;
	strbuf_init(&out, MAN_MAX);
	strbuf_add(&out, head);
	options(&s->config, &out);
	strbuf_add(&out, rules);
	rule_keys(&out, "Conditions", true);
	rule_keys(&out, "Settings", false);
	strbuf_add(&out, tail);
	ok = strbuf_write(&out, f);
	strbuf_free(&out);
	config_private_free(s);
	return ok;
}
