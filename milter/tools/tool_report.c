/* tool_report.c - alignctl report: list, show and send aggregate reports. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "report/report_run.h"
#include "report/report_show.h"
#include "session/reporting.h"
#include "tools/tools.h"

struct request {
	struct tool_config config;
	const char *what, *domain_text;
	char domain[DOMAIN_SIZE];
	int64_t day; /* -1: all days */
	bool dry_run;
	struct clock clock;
};

static void read_request(struct request *r, int argc, char **argv)
{
	*r = (struct request){.day = -1};
	for (int i = 1; i < argc; i++) {
		const char *a = argv[i];

		if (tool_config_option(&r->config, argc, argv, &i))
			continue;
		if (strcmp(a, "--day") == 0)
			r->day = tool_day(a, tool_argument(argc, argv, &i));
		else if (strcmp(a, "--domain") == 0)
			r->domain_text = tool_argument(argc, argv, &i);
		else if (strcmp(a, "--now") == 0)
			r->clock =
			    (struct clock){true, tool_epoch(a, tool_argument(argc, argv, &i))};
		else if (strcmp(a, "--dry-run") == 0)
			r->dry_run = true;
		else if (a[0] == '-' || r->what != NULL)
			tool_usage("report has no option \"%s\"", a);
		else
			r->what = a;
	}
	if (r->domain_text != NULL &&
	    !domain_normal(r->domain_text, strlen(r->domain_text), r->domain))
		tool_usage("--domain %s: this is no domain name", r->domain_text);
}

static const char *domain(const struct request *r)
{
	return r->domain_text != NULL ? r->domain : NULL;
}

static bool list(const struct request *r, const struct config *c, struct error *why)
{
	struct store *s = tool_store(c);
	bool ok;

	if (s == NULL)
		return false;
	ok = report_list(s, r->day < 0 ? 0 : r->day, r->day < 0 ? INT64_MAX : r->day, domain(r),
			 stdout, why);
	store_close(s);
	return ok;
}

static bool show(const struct request *r, const struct config *c, struct error *why)
{
	struct reporting reporting;
	struct store *s;
	bool ok;

	if (r->day < 0 || r->domain_text == NULL)
		tool_usage("report show needs --day and --domain");
	if (!reporting_open(&reporting, c, why))
		return false;
	s = tool_store(c);
	ok = s != NULL && report_show(&reporting.settings, s, r->day, r->domain, stdout, why);
	store_close(s);
	reporting_close(&reporting);
	return ok;
}

static void print_line(void *arg, const char *line)
{
	fprintf(arg, "%s\n", line);
}

/* With `app` open: preview or send. */
static bool run(const struct request *r, struct app *app, struct error *why)
{
	struct snapshot *s = app_snapshot(app);
	struct report_tally tally = {0};
	struct reporting reporting;
	struct report_run work;
	bool ok;

	if (!reporting_open(&reporting, s->config, why)) {
		snapshot_unref(s);
		return false;
	}
	work = reporting_run(&reporting, app, s);
	work.day = r->day >= 0 ? &r->day : NULL;
	work.say = print_line;
	work.say_arg = stdout;
	if (r->dry_run) {
		ok = report_preview(&work, domain(r), stdout, why);
	} else {
		ok = report_send(&work, domain(r), &tally, why);
		printf("%u reports sent in %u mails, %u put off, %u failed, %u suppressed\n",
		       tally.sent, tally.mails, tally.put_off, tally.failed, tally.suppressed);
	}
	reporting_close(&reporting);
	snapshot_unref(s);
	return ok;
}

static bool send_due(const struct request *r, const struct config *c, struct error *why)
{
	struct app app;
	bool ok;
	int code;

	if (c->report_from[0] == '\0') {
		error_set(why, "report_from is not set: reports need a sender");
		return false;
	}
	if (!app_open(&app, config_ref(c), &r->clock, false, &code, why))
		return false;
	app.store = tool_store(c);
	ok = app.store != NULL && run(r, &app, why);
	app_close(&app);
	return ok;
}

int tool_report(int argc, char **argv)
{
	static const struct {
		const char *name;
		bool (*run)(const struct request *r, const struct config *c, struct error *why);
	} parts[] = {{"list", list}, {"show", show}, {"send", send_due}};
	const struct config *c;
	struct error why = {""};
	struct request r;

	read_request(&r, argc, argv);
	for (size_t i = 0; r.what != NULL && i < sizeof(parts) / sizeof(parts[0]); i++) {
		bool ok;

		if (strcmp(r.what, parts[i].name) != 0)
			continue;
		c = tool_config_load(&r.config);
		if (c == NULL)
			return EX_CONFIG;
		log_open(false, LOG_LEVEL_ERROR);
		ok = parts[i].run(&r, c, &why);
		config_unref(c);
		if (!ok && why.text[0] != '\0')
			fprintf(stderr, "alignctl: %s\n", why.text);
		return ok && fflush(stdout) == 0 ? EX_OK : EX_UNAVAILABLE;
	}
	tool_usage("report takes one of list, show, send");
}
