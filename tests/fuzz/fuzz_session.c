/* fuzz_session.c - a whole message with the DNS it meets. The input: lines "NAME TYPE TEXT" (a TEXT
 * of "!servfail" makes the question fail), an empty line, then MAIL FROM, HELO and header fields a
 * line each, an empty line, the body. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/fake_resolver.h"
#include "base/array.h"
#include "base/log.h"
#include "session/session.h"

static struct app app;

static void prepare(void)
{
	static const char text[] =
	    "authserv_id = here.example\nhostname = here.example\ndns_timeout = 500ms\n"
	    "message_deadline = 1s\n";
	static const struct clock noon = {true, 1795262400};
	struct config_errors errors;
	struct error why;

	if (app.current != NULL)
		return;
	log_open(false, LOG_LEVEL_ERROR);
	if (!app_init(&app, config_load_text("fuzz", text, sizeof(text) - 1, NULL, 0, &errors),
		      &noon, NULL, NULL, &why))
		abort();
}

/* The next line, cut at its end; NULL at an empty line or the end of the input. */
static char *line(char **at)
{
	char *start = *at, *lf = strchr(start, '\n');

	if (*start == '\0' || *start == '\n') {
		*at += *start == '\n';
		return NULL;
	}
	*at = lf != NULL ? lf + 1 : start + strlen(start);
	if (lf != NULL)
		*lf = '\0';
	return start;
}

static void add_record(struct resolver *dns, char *text)
{
	static const struct {
		const char *name;
		enum dns_type type;
	} types[] = {
	    {"A", DNS_A}, {"AAAA", DNS_AAAA}, {"TXT", DNS_TXT}, {"MX", DNS_MX}, {"PTR", DNS_PTR}};
	char *name = strtok(text, " "), *type = strtok(NULL, " "), *data = strtok(NULL, "");
	struct addr a;

	for (size_t i = 0; data != NULL && i < ARRAY_SIZE(types); i++) {
		if (strcmp(types[i].name, type) != 0)
			continue;
		if (strcmp(data, "!servfail") == 0)
			fake_resolver_fail(dns, name, types[i].type, DNS_SERVFAIL);
		else if (types[i].type == DNS_TXT)
			fake_resolver_add_bytes(dns, name, data, strlen(data));
		else if (types[i].type == DNS_PTR ||
			 (types[i].type == DNS_MX && data[0] >= '0' && data[0] <= '9' &&
			  strchr(data, ' ')) ||
			 (addr_parse(data, &a) &&
			  (a.family == ADDR_IP4) == (types[i].type == DNS_A)))
			fake_resolver_add(dns, name, types[i].type, data);
	}
}

static void deliver(char *at)
{
	struct session *s = session_new(&app);
	struct decision early;
	struct addr client;
	char *l, *colon;

	if (s == NULL || !addr_parse("192.0.2.1", &client))
		abort();
	session_connect(s, &client, "unknown", &early);
	l = line(&at);
	session_helo(s, l != NULL ? l : "");
	l = line(&at);
	session_mail(s, l != NULL ? l : "<>", false, &early);
	while ((l = line(&at)) != NULL) {
		colon = strchr(l, ':');
		if (colon != NULL)
			*colon = '\0';
		session_header(s, l, colon != NULL ? colon + 1 : "");
	}
	if (session_end_header(s))
		session_body(s, (const unsigned char *)at, strlen(at));
	session_end(s, "FUZZ");
	session_free(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), *at = text, *l;

	prepare();
	if (text == NULL)
		return 0;
	for (size_t i = 0; i < size; i++)
		text[i] = (char)data[i];
	text[size] = '\0';
	app.resolver = fake_resolver_new();
	while ((l = line(&at)) != NULL)
		add_record(app.resolver, l);
	deliver(at);
	resolver_free(app.resolver);
	app.resolver = NULL;
	free(text);
	return 0;
}
