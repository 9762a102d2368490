/* aggregate_xml.c - an aggregate report as XML. The only file that includes libxml2. */
#include "report/aggregate_xml.h"

#include <libxml/parser.h>
#include <libxml/xmlwriter.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

#define NAMESPACE "urn:ietf:params:xml:ns:dmarc-2.0"
#define NUMBER_SIZE 24
/* One text of the document; the store keeps rows of 64 KB. */
#define MAX_TEXT 131072

/* The writer goes on after a failure; asked once at the end. */
struct xml {
	xmlTextWriterPtr writer;
	struct strbuf clean; /* the last text without what XML forbids */
	aggregate_xml_sink *sink;
	void *arg;
	bool old; /* RFC 7489 */
	bool failed;
};

/* Length of the character at `text` if XML 1.0 allows it (2.2), else 0. */
static size_t xml_character(const char *text)
{
	size_t n = utf8_char(text, strnlen(text, 4));

	if (n == 1)
		return (unsigned char)*text >= ' ' || *text == '\t' || *text == '\n' ? 1 : 0;
	if (n == 3 &&
	    (memcmp(text, "\xef\xbf\xbe", 3) == 0 || memcmp(text, "\xef\xbf\xbf", 3) == 0))
		return 0; /* U+FFFE and U+FFFF */
	return n;
}

static void check(struct xml *x, int result)
{
	x->failed |= result < 0;
}

static const xmlChar *clean(struct xml *x, const char *text)
{
	strbuf_reset(&x->clean);
	while (*text != '\0') {
		size_t n = xml_character(text);

		strbuf_addn(&x->clean, text, n);
		text += n > 0 ? n : 1;
	}
	x->failed |= !strbuf_ok(&x->clean);
	return (const xmlChar *)strbuf_text(&x->clean);
}

static void open_element(struct xml *x, const char *name)
{
	check(x, xmlTextWriterStartElement(x->writer, (const xmlChar *)name));
}

static void close_element(struct xml *x)
{
	check(x, xmlTextWriterEndElement(x->writer));
}

static void element(struct xml *x, const char *name, const char *text)
{
	check(x, xmlTextWriterWriteElement(x->writer, (const xmlChar *)name, clean(x, text)));
}

/* Left out if there is nothing to say. */
static void optional(struct xml *x, const char *name, const char *text)
{
	if (text != NULL && text[0] != '\0')
		element(x, name, text);
}

static void number(struct xml *x, const char *name, int64_t value)
{
	char text[NUMBER_SIZE];

	snprintf(text, sizeof(text), "%lld", (long long)value);
	element(x, name, text);
}

/* -- the parts of a report -- */

/* RFC 9990 3.1.5: one element, short. */
static void write_error(struct xml *x, const struct aggregate *a)
{
	char text[256];

	if (a->left_records == 0) {
		optional(x, "error", a->policy.error);
		return;
	}
	snprintf(text, sizeof(text), "%s%s%lld records of %lld messages left out for size",
		 a->policy.error, a->policy.error[0] != '\0' ? "; " : "",
		 (long long)a->left_records, (long long)a->left_messages);
	element(x, "error", text);
}

static void write_metadata(struct xml *x, const struct aggregate *a)
{
	open_element(x, "report_metadata");
	element(x, "org_name", a->org_name);
	element(x, "email", a->email);
	optional(x, "extra_contact_info", a->contact);
	element(x, "report_id", a->id);
	open_element(x, "date_range");
	number(x, "begin", a->begin);
	number(x, "end", a->end);
	close_element(x);
	write_error(x, a);
	if (!x->old)
		optional(x, "generator", a->generator);
	close_element(x);
}

/* RFC 9990 3.1.1.5: found or default values. */
static void write_policy(struct xml *x, const struct row_policy *p)
{
	const char *sp = p->sp[0] != '\0' ? p->sp : p->p;

	open_element(x, "policy_published");
	element(x, "domain", p->domain);
	optional(x, "discovery_method", p->discovery);
	element(x, "p", p->p);
	element(x, "sp", sp);
	element(x, "np", p->np[0] != '\0' ? p->np : sp);
	element(x, "fo", p->fo);
	element(x, "adkim", p->adkim);
	element(x, "aspf", p->aspf);
	element(x, "testing", p->testing);
	close_element(x);
}

/* RFC 7489 appendix C: t=y was pct=0 there. */
static void write_old_policy(struct xml *x, const struct row_policy *p)
{
	open_element(x, "policy_published");
	element(x, "domain", p->domain);
	element(x, "adkim", p->adkim);
	element(x, "aspf", p->aspf);
	element(x, "p", p->p);
	element(x, "sp", p->sp[0] != '\0' ? p->sp : p->p);
	element(x, "pct", strcmp(p->testing, "y") == 0 ? "0" : "100");
	element(x, "fo", p->fo);
	close_element(x);
}

static void write_reason(struct xml *x, const struct aggregate_record *r)
{
	bool unknown = x->old && strcmp(r->reason, "policy_test_mode") == 0;

	if (r->reason[0] == '\0')
		return;
	open_element(x, "reason");
	element(x, "type", unknown ? "other" : r->reason);
	optional(x, "comment", unknown && r->comment[0] == '\0' ? "test mode (t=y)" : r->comment);
	close_element(x);
}

static void write_row(struct xml *x, const struct aggregate_record *r)
{
	bool passed = strcmp(r->disposition, "pass") == 0;

	open_element(x, "row");
	element(x, "source_ip", r->source_ip);
	number(x, "count", r->count);
	open_element(x, "policy_evaluated");
	element(x, "disposition", passed && x->old ? "none" : r->disposition);
	element(x, "dkim", r->dkim_aligned ? "pass" : "fail");
	element(x, "spf", r->spf_aligned ? "pass" : "fail");
	write_reason(x, r);
	close_element(x);
	close_element(x);
}

static void write_spf(struct xml *x, const char *domain, const char *result)
{
	open_element(x, "spf");
	element(x, "domain", domain);
	element(x, "scope", "mfrom");
	element(x, "result", result);
	close_element(x);
}

static void write_results(struct xml *x, const struct aggregate_record *r)
{
	open_element(x, "auth_results");
	for (size_t i = 0; i < r->dkim_count; i++) {
		open_element(x, "dkim");
		element(x, "domain", r->dkim[i].domain);
		element(x, "selector", r->dkim[i].selector);
		element(x, "result", r->dkim[i].result);
		optional(x, "human_result", r->dkim[i].human_result);
		close_element(x);
	}
	if (r->spf_domain[0] != '\0')
		write_spf(x, r->spf_domain, r->spf_result);
	else if (x->old) /* must be there, and readers stumble over an empty domain */
		write_spf(x, r->envelope_from[0] != '\0' ? r->envelope_from : r->header_from,
			  "none");
	close_element(x);
}

static void write_record(struct xml *x, const struct aggregate_record *r)
{
	open_element(x, "record");
	write_row(x, r);
	open_element(x, "identifiers");
	element(x, "header_from", r->header_from);
	element(x, "envelope_from", r->envelope_from);
	close_element(x);
	write_results(x, r);
	close_element(x);
}

static void write_feedback(struct xml *x, const struct aggregate *a)
{
	check(x, xmlTextWriterStartDocument(x->writer, "1.0", "UTF-8", NULL));
	if (x->old)
		open_element(x, "feedback");
	else
		check(x, xmlTextWriterStartElementNS(x->writer, NULL, (const xmlChar *)"feedback",
						     (const xmlChar *)NAMESPACE));
	element(x, "version", "1.0");
	write_metadata(x, a);
	if (x->old)
		write_old_policy(x, &a->policy);
	else
		write_policy(x, &a->policy);
	for (size_t i = 0; i < a->count && !x->failed; i++)
		write_record(x, &a->records[i]);
	check(x, xmlTextWriterEndDocument(x->writer));
}

/* libxml2 hands its output over here. That it is not wanted is no error to libxml2, which would
 * print one. */
static int take_bytes(void *arg, const char *bytes, int n)
{
	struct xml *x = arg;

	x->failed = x->failed || !x->sink(x->arg, bytes, (size_t)n);
	return n;
}

bool aggregate_xml_send(aggregate_xml_sink *sink, void *arg, const struct aggregate *a,
			enum aggregate_format format)
{
	struct xml x = {.sink = sink, .arg = arg, .old = format == AGGREGATE_RFC7489};
	xmlOutputBufferPtr buffer;

	if (a->count == 0)
		return false;
	xmlInitParser();
	buffer = xmlOutputBufferCreateIO(take_bytes, NULL, &x, NULL);
	if (buffer == NULL)
		return false;
	x.writer = xmlNewTextWriter(buffer);
	if (x.writer == NULL) {
		xmlOutputBufferClose(buffer);
		return false;
	}
	strbuf_init(&x.clean, MAX_TEXT);
	check(&x, xmlTextWriterSetIndent(x.writer, 1));
	write_feedback(&x, a);
	check(&x, xmlTextWriterFlush(x.writer));
	xmlFreeTextWriter(x.writer);
	strbuf_free(&x.clean);
	return !x.failed;
}

static bool append(void *arg, const char *bytes, size_t n)
{
	strbuf_addn(arg, bytes, n);
	return strbuf_ok(arg);
}

bool aggregate_xml_write(struct strbuf *out, const struct aggregate *a,
			 enum aggregate_format format)
{
	return aggregate_xml_send(append, out, a, format);
}
