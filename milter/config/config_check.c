/* config_check.c - options that need or contradict others. */
#include "config/config_check.h"

#include <string.h>

#include "base/ascii.h"

/* Complain at the place where the first of the two that is set was set. */
static void complain(const struct config_private *s, struct config_errors *e, enum option_id one,
		     enum option_id other, const char *sentence)
{
	const char *place = s->origin[one] != NULL ? s->origin[one] : s->origin[other];

	config_complain(e, place != NULL ? place : "", sentence);
}

/* "Name: value" as in a message. */
static bool header_ok(const char *field)
{
	size_t name = 0;

	while (field[name] > ' ' && field[name] <= '~' && field[name] != ':')
		name++;
	if (name == 0 || field[name] != ':' || field[name + 1] != ' ' || field[name + 2] == '\0')
		return false;
	for (const char *p = field + name; *p != '\0'; p++)
		if (!ascii_is_printable(*p))
			return false;
	return true;
}

static void check_quarantine(const struct config_private *s, struct config_errors *e)
{
	const struct config *c = &s->config;

	if (c->quarantine_by == CONFIG_QUARANTINE_REDIRECT && c->quarantine_address[0] == '\0')
		complain(s, e, OPTION_ID_quarantine_by, OPTION_ID_quarantine_by,
			 "quarantine_by = redirect needs quarantine_address");
	if (!header_ok(c->quarantine_header))
		complain(s, e, OPTION_ID_quarantine_header, OPTION_ID_quarantine_header,
			 "quarantine_header must be a header field in ASCII such as \"X-Spam-Flag: "
			 "YES\"");
}

static void check_reports(const struct config_private *s, struct config_errors *e)
{
	const struct config *c = &s->config;

	if (c->reports && c->report_from[0] == '\0')
		complain(s, e, OPTION_ID_reports, OPTION_ID_reports,
			 "reports = yes needs report_from");
	if (c->reports && strcmp(c->store, "none") == 0)
		complain(s, e, OPTION_ID_store, OPTION_ID_reports,
			 "reports = yes needs a store, not store = none");
	if (c->report_to == CONFIG_REPORT_LISTED && c->report_domains.count == 0)
		complain(s, e, OPTION_ID_report_to, OPTION_ID_report_to,
			 "report_to = listed needs report_domains");
	if (strpbrk(c->report_sendmail, " \t") != NULL)
		complain(s, e, OPTION_ID_report_sendmail, OPTION_ID_report_sendmail,
			 "report_sendmail is the path of a program, without arguments");
	if (c->report_sign_key[0] != '\0' && c->report_sign_selector[0] == '\0')
		complain(s, e, OPTION_ID_report_sign_key, OPTION_ID_report_sign_key,
			 "report_sign_key needs report_sign_selector");
	if (c->report_sign_selector[0] != '\0' && c->report_sign_key[0] == '\0')
		complain(s, e, OPTION_ID_report_sign_selector, OPTION_ID_report_sign_selector,
			 "report_sign_selector needs report_sign_key");
}

void config_check(const struct config_private *s, struct config_errors *e)
{
	const struct config *c = &s->config;

	check_quarantine(s, e);
	check_reports(s, e);
	if (c->dns_timeout > c->message_deadline)
		complain(s, e, OPTION_ID_dns_timeout, OPTION_ID_message_deadline,
			 "dns_timeout is longer than message_deadline");
	if (c->public_suffix_list[0] == '\0' &&
	    (c->discovery == DISCOVERY_PSL || c->compare_discovery))
		complain(s, e, OPTION_ID_public_suffix_list, OPTION_ID_public_suffix_list,
			 "discovery = psl and compare_discovery need public_suffix_list");
	if (c->group[0] != '\0' && c->user[0] == '\0')
		complain(s, e, OPTION_ID_group, OPTION_ID_group, "group needs user");
}
