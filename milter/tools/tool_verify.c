/* tool_verify.c - alignctl verify: judge a message file with the daemon's own engine and explain
 * the verdict. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/array.h"
#include "tools/explain.h"
#include "tools/message_file.h"
#include "tools/tools.h"

#define MAX_RCPT 100

enum form { FORM_TEXT, FORM_JSON, FORM_HEADERS };

struct request {
	struct tool_config config;
	const char *client, *client_name, *helo, *mail_from, *resolver, *file;
	const char *rcpt[MAX_RCPT];
	size_t rcpt_count;
	bool authenticated, facts;
	enum form form;
	struct clock clock;
	struct addr addr;
};

/* A path without its angle brackets. */
static const char *bare(char *path)
{
	size_t n = strlen(path);

	if (n < 2 || path[0] != '<' || path[n - 1] != '>')
		return path;
	path[n - 1] = '\0';
	return path + 1;
}

/* An option with an argument; false if argv[*i] is none of them. */
static bool read_option(struct request *r, int argc, char **argv, int *i)
{
	const struct {
		const char *name;
		const char **value;
	} options[] = {
	    {"--client", &r->client},
	    {"--client-name", &r->client_name},
	    {"--helo", &r->helo},
	    {"--resolver", &r->resolver},
	};

	for (size_t k = 0; k < ARRAY_SIZE(options); k++) {
		if (strcmp(argv[*i], options[k].name) == 0) {
			*options[k].value = tool_argument(argc, argv, i);
			return true;
		}
	}
	return false;
}

static void choose_form(struct request *r, enum form form)
{
	if (r->form != FORM_TEXT && r->form != form)
		tool_usage("--json and --headers exclude each other");
	r->form = form;
}

static void read_request(struct request *r, int argc, char **argv)
{
	*r = (struct request){.form = FORM_TEXT};
	for (int i = 1; i < argc; i++) {
		const char *a = argv[i];

		if (tool_config_option(&r->config, argc, argv, &i) ||
		    read_option(r, argc, argv, &i))
			continue;
		if (strcmp(a, "--mail-from") == 0) {
			r->mail_from = bare(tool_argument(argc, argv, &i));
		} else if (strcmp(a, "--rcpt") == 0) {
			if (r->rcpt_count == MAX_RCPT)
				tool_usage("too many --rcpt options");
			r->rcpt[r->rcpt_count++] = bare(tool_argument(argc, argv, &i));
		} else if (strcmp(a, "--now") == 0) {
			tool_clock(a, tool_argument(argc, argv, &i), &r->clock);
		} else if (strcmp(a, "--authenticated") == 0) {
			r->authenticated = true;
		} else if (strcmp(a, "--json") == 0) {
			choose_form(r, FORM_JSON);
		} else if (strcmp(a, "--headers") == 0) {
			choose_form(r, FORM_HEADERS);
		} else if (strcmp(a, "--facts") == 0) {
			r->facts = true;
		} else if (a[0] == '-' && a[1] != '\0') {
			tool_usage("verify has no option \"%s\"", a);
		} else if (r->file != NULL) {
			tool_usage("verify takes one message, not \"%s\" too", a);
		} else {
			r->file = a;
		}
	}
	if (r->client == NULL || r->helo == NULL || r->mail_from == NULL || r->file == NULL)
		tool_usage("verify needs --client, --helo, --mail-from and a message file (or -)");
	if (r->facts && r->form != FORM_HEADERS)
		tool_usage("--facts goes with --headers");
	if (strcmp(r->client, "unknown") != 0 && strcmp(r->client, "local") != 0 &&
	    !addr_parse(r->client, &r->addr))
		tool_usage("--client %s: this is no IP address", r->client);
	if (strcmp(r->client, "local") == 0)
		r->client_name = "localhost";
}

/* The configuration, with the resolver of the command line over all. The tool stores nothing. */
static const struct config *load(struct request *r, char *text, size_t size)
{
	if (r->resolver != NULL) {
		snprintf(text, size, "nameserver = { \"%s\" }", r->resolver);
		if (r->config.override_count == TOOL_MAX_OVERRIDES)
			tool_usage("too many -o options");
		r->config.overrides[r->config.override_count++] = text;
	}
	return tool_config_load(&r->config);
}

static const struct verdict *judge(struct session *s, const struct request *r,
				   struct message_file *m)
{
	struct decision early;

	session_connect(s, &r->addr, r->client_name, &early);
	session_helo(s, r->helo);
	session_mail(s, r->mail_from, r->authenticated, &early);
	for (size_t i = 0; i < r->rcpt_count; i++)
		session_rcpt(s, r->rcpt[i]);
	message_file_tell(m, s);
	return session_end(s, NULL);
}

static int print(const struct request *r, const struct explained *x)
{
	switch (r->form) {
	case FORM_HEADERS: explain_header(stdout, x); break;
	case FORM_JSON:
		if (!explain_json(stdout, x))
			return EX_OSERR;
		break;
	case FORM_TEXT: explain_text(stdout, x); break;
	}
	if (r->facts)
		explain_facts(stdout, x);
	if (fflush(stdout) != 0)
		return EX_IOERR;
	switch (x->verdict->decision.action) {
	case ACTION_TEMPFAIL: return EX_TEMPFAIL;
	case ACTION_REJECT:
	case ACTION_QUARANTINE: return 1;
	default: return EX_OK;
	}
}

int tool_verify(int argc, char **argv)
{
	const struct config *config;
	struct session *s = NULL;
	struct message_file m;
	struct request r;
	struct explained x;
	struct error why;
	struct app app;
	char text[300];
	int code;

	read_request(&r, argc, argv);
	config = load(&r, text, sizeof(text));
	if (config == NULL)
		return EX_CONFIG;
	log_open(false, LOG_LEVEL_ERROR);
	if (!message_file_read(&m, r.file, &why)) {
		fprintf(stderr, "alignctl: %s\n", why.text);
		config_unref(config);
		return EX_NOINPUT;
	}
	if (!app_open(&app, config, &r.clock, false, &code, &why)) {
		fprintf(stderr, "alignctl: %s\n", why.text);
		message_file_free(&m);
		return code;
	}
	s = session_new(&app);
	if (s == NULL) {
		fputs("alignctl: out of memory\n", stderr);
		code = EX_OSERR;
	} else {
		x = (struct explained){.client = r.client,
				       .helo = r.helo,
				       .mail_from = r.mail_from,
				       .verdict = judge(s, &r, &m),
				       .lookups = session_lookups(s),
				       .config = session_config(s)};
		code = x.verdict->facts != NULL ? print(&r, &x) : EX_OSERR;
	}
	session_free(s);
	app_close(&app);
	message_file_free(&m);
	return code;
}
