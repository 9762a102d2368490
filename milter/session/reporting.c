/* reporting.c - what the configuration says about reports. */
#include "session/reporting.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define MAIL_SECONDS \
	120 /* one SMTP transaction; RFC 5321 4.5.3.2 allows more, a daily report need not */

static enum report_to who(enum config_report_to to)
{
	static const enum report_to same[] = {
	    [CONFIG_REPORT_EARNED] = REPORT_TO_EARNED,
	    [CONFIG_REPORT_ALL] = REPORT_TO_ALL,
	    [CONFIG_REPORT_LISTED] = REPORT_TO_LISTED,
	};

	return same[to];
}

static bool can_run(const char *program, struct error *why)
{
	if (program[0] == '\0' || access(program, X_OK) == 0)
		return true;
	error_set(why, "report_sendmail = %s: %s", program, strerror(errno));
	return false;
}

bool reporting_open(struct reporting *r, const struct config *c, struct error *why)
{
	*r = (struct reporting){
	    .settings = {
		.from = c->report_from,
		.org = c->report_org,
		.contact = c->report_contact,
		.format = c->report_format == CONFIG_REPORT_RFC7489 ? AGGREGATE_RFC7489
								    : AGGREGATE_RFC9990,
		.to = who(c->report_to),
		.domains = c->report_domains.item,
		.domain_count = c->report_domains.count,
		.mailer = {c->report_smtp, c->report_sendmail, c->hostname, MAIL_SECONDS},
		.max_per_day = c->report_max_per_day,
		.size_limit = c->report_size_limit,
	    }};
	if (c->report_sign_key[0] == '\0')
		return true;
	r->signer =
	    report_signer_new(c->report_sign_key,
			      c->report_sign_domain[0] != '\0' ? c->report_sign_domain
							       : report_submitter(&r->settings),
			      c->report_sign_selector, why);
	r->settings.signer = r->signer;
	return r->signer != NULL;
}

bool reporting_check(const struct config *c, struct error *why)
{
	struct reporting r;

	if (!c->reports)
		return true;
	if (!can_run(c->report_sendmail, why) || !reporting_open(&r, c, why))
		return false;
	reporting_close(&r);
	return true;
}

void reporting_close(struct reporting *r)
{
	report_signer_free(r->signer);
	r->signer = NULL;
}

struct report_run reporting_run(const struct reporting *r, const struct app *app,
				const struct snapshot *s)
{
	return (struct report_run){
	    .settings = &r->settings,
	    .store = app->store,
	    .resolver = app->resolver,
	    .psl = s->config->discovery == DISCOVERY_PSL ? s->psl : NULL,
	    .clock = &app->clock,
	};
}
