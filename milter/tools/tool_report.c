/* tool_report.c - alignctl report: list, show and send aggregate reports. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/array.h"
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
			tool_clock(a, tool_argument(argc, argv, &i), &r->clock);
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

/* Each part returns the exit code; what it has not said yet is in `why`. */

static int list(const struct request *r, const struct config *c, struct error *why)
{
	struct store *s = tool_store(c);
	size_t count;
	bool ok;

	if (s == NULL)
		return EX_NOINPUT;
	ok = report_list(s, r->day < 0 ? 0 : r->day, r->day < 0 ? INT64_MAX : r->day, domain(r),
			 stdout, &count, why);
	if (ok && count == 0)
		fputs("alignctl: there are no such reports\n", stderr);
	store_close(s);
	return ok ? EX_OK : EX_UNAVAILABLE;
}

static int show(const struct request *r, const struct config *c, struct error *why)
{
	struct reporting reporting;
	int code = EX_NOINPUT;
	struct store *s;

	if (r->day < 0 || r->domain_text == NULL)
		tool_usage("report show needs --day and --domain");
	if (!reporting_open(&reporting, c, why))
		return EX_CONFIG;
	s = tool_store(c);
	if (s != NULL)
		code = report_show(&reporting.settings, s, r->day, r->domain, stdout, why)
			   ? EX_OK
			   : EX_UNAVAILABLE;
	store_close(s);
	reporting_close(&reporting);
	return code;
}

static void print_line(void *arg, const char *line)
{
	fprintf(arg, "%s\n", line);
}

/* What became of the reports, in a sentence and an exit code. */
static int sum_up(const struct report_tally *t)
{
	if (t->sent + t->put_off + t->failed + t->suppressed == 0) {
		puts("no report is due; `alignctl report list` shows what there is");
		return EX_OK;
	}
	printf("%u report%s sent in %u mail%s, %u put off, %u failed, %u suppressed\n", t->sent,
	       t->sent == 1 ? "" : "s", t->mails, t->mails == 1 ? "" : "s", t->put_off, t->failed,
	       t->suppressed);
	if (t->failed > 0)
		return EX_UNAVAILABLE;
	return t->put_off > 0 ? EX_TEMPFAIL : EX_OK;
}

static int preview(const struct report_run *work, const struct request *r, struct error *why)
{
	size_t count;

	if (!report_preview(work, domain(r), stdout, &count, why))
		return EX_UNAVAILABLE;
	if (count == 0)
		fputs("alignctl: there is no report to send\n", stderr);
	return EX_OK;
}

/* With `app` open: preview or send. */
static int run(const struct request *r, struct app *app, struct error *why)
{
	struct snapshot *s = app_snapshot(app);
	struct report_tally tally = {0};
	struct reporting reporting;
	struct report_run work;
	int code = EX_CONFIG;

	if (!reporting_open(&reporting, s->config, why))
		goto out;
	work = reporting_run(&reporting, app, s);
	work.day = r->day >= 0 ? &r->day : NULL;
	work.say = print_line;
	work.say_arg = stdout;
	if (r->dry_run)
		code = preview(&work, r, why);
	else if (report_send(&work, domain(r), &tally, why))
		code = sum_up(&tally);
	else
		code = EX_UNAVAILABLE;
	reporting_close(&reporting);
out:
	snapshot_unref(s);
	return code;
}

static int send_due(const struct request *r, const struct config *c, struct error *why)
{
	struct app app;
	int code;

	if (c->report_from[0] == '\0') {
		error_set(why, "report_from is not set: reports need a sender");
		return EX_CONFIG;
	}
	if (!app_open(&app, config_ref(c), &r->clock, false, &code, why))
		return code;
	app.store = tool_store(c);
	code = app.store != NULL ? run(r, &app, why) : EX_NOINPUT;
	app_close(&app);
	return code;
}

int tool_report(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(const struct request *r, const struct config *c, struct error *why);
	} parts[] = {{"list", list}, {"show", show}, {"send", send_due}};
	const struct config *c;
	struct error why = {""};
	struct request r;

	read_request(&r, argc, argv);
	for (size_t i = 0; r.what != NULL && i < ARRAY_SIZE(parts); i++) {
		int code;

		if (strcmp(r.what, parts[i].name) != 0)
			continue;
		c = tool_config_load(&r.config);
		if (c == NULL)
			return EX_CONFIG;
		log_open(false, LOG_LEVEL_ERROR);
		code = parts[i].run(&r, c, &why);
		config_unref(c);
		if (code != EX_OK && why.text[0] != '\0')
			fprintf(stderr, "alignctl: %s\n", why.text);
		return fflush(stdout) == 0 ? code : EX_IOERR;
	}
	tool_usage("report takes one of list, show, send");
}
