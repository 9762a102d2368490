/* explain_json.c - a verdict as one JSON object. The only file that includes jansson. */
#include <jansson.h>
#include <string.h>

#include "base/ascii.h"
#include "tools/explain.h"

/* A JSON string of bytes from outside: jansson wants UTF-8, so what is not printable ASCII is
 * escaped as \xHH. */
static json_t *text_n(const char *text, size_t n)
{
	char buf[2048];
	size_t o = 0;

	for (size_t i = 0; i < n && o < sizeof(buf) - 5; i++) {
		if (ascii_is_printable(text[i]))
			buf[o++] = text[i];
		else
			o += (size_t)snprintf(buf + o, sizeof(buf) - o, "\\x%02x",
					      (unsigned char)text[i]);
	}
	return json_stringn(buf, o);
}

static json_t *text(const char *t)
{
	return text_n(t, strlen(t));
}

static json_t *json_spf(const struct spf_facts *s)
{
	return json_pack("{s:s s:o s:o s:o s:o s:o s:i s:i}", "result", spf_result_name(s->result),
			 "domain", text(s->domain), "mechanism", text(s->mechanism), "matched_in",
			 text(s->matched_in), "reason", text(s->reason), "explanation",
			 text(s->explanation), "terms", (int)s->terms, "voids", (int)s->voids);
}

static json_t *json_dkim(const struct dkim_facts *f)
{
	static const char *const aligned[] = {"no", "relaxed", "strict"};
	json_t *list = json_array();

	for (size_t i = 0; i < f->count; i++) {
		const struct dkim_signature *s = &f->signature[i];

		json_array_append_new(
		    list,
		    json_pack("{s:s s:o s:o s:o s:o s:o s:i s:b s:s}", "result",
			      dkim_result_name(s->result), "reason", text(s->reason), "domain",
			      text(s->domain), "selector", text(s->selector), "algorithm",
			      text(s->algorithm), "b", text(s->b), "key_bits", (int)s->key_bits,
			      "testing", s->testing, "aligned", aligned[s->aligned]));
	}
	return list;
}

static json_t *json_dmarc(const struct facts *f)
{
	const struct dmarc_facts *d = &f->dmarc;
	json_t *o = json_pack(
	    "{s:s s:o s:o s:o s:o s:b s:b s:s}", "result", dmarc_result_name(d->result), "reason",
	    text(d->reason), "author_domain", text(d->author_domain), "policy_domain",
	    text(d->policy_domain), "organizational_domain", text(d->organizational_domain),
	    "spf_aligned", d->spf_aligned != ALIGNED_NO, "dkim_aligned", d->dkim_aligned,
	    "discovery", dmarc_discovery_name(d->discovery));

	if (d->policy_domain[0] != '\0') {
		json_object_set_new(o, "policy_tag", json_string(dmarc_tag_name(d->tag)));
		json_object_set_new(o, "published", json_string(dmarc_policy_name(d->published)));
		json_object_set_new(o, "effective", json_string(dmarc_policy_name(d->effective)));
		json_object_set_new(o, "testing", json_boolean(d->record.testing));
	}
	return o;
}

static json_t *json_decision(const struct explained *x)
{
	const struct decision *d = &x->verdict->decision;

	return json_pack("{s:s s:s s:o s:s? s:s s:o s:s s:s s:o}", "action", action_name(d->action),
			 "wanted", action_name(d->wanted), "rule", text(d->rule), "undecided",
			 d->undecided, "override", d->reason, "comment", text(d->comment), "code",
			 d->code, "enhanced_code", d->xcode, "text", text(d->text));
}

static json_t *json_record(enum dns_type type, const struct dns_record *r)
{
	char buf[ADDR_TEXT_SIZE];
	struct addr a;

	if (type != DNS_A && type != DNS_AAAA)
		return text_n(r->data, r->len);
	a = addr_from_bytes(r->data, r->len);
	return json_string(addr_print(&a, buf));
}

static void json_question(void *arg, const struct lookups_seen *s)
{
	json_t *records = json_array();

	for (size_t i = 0; s->answer != NULL && i < s->answer->count; i++)
		json_array_append_new(records, json_record(s->type, &s->answer->records[i]));
	json_array_append_new(
	    arg, json_pack("{s:s s:o s:s s:I s:b s:o}", "type", dns_type_name(s->type), "name",
			   text(s->name), "status",
			   s->answer != NULL ? dns_status_name(s->answer->status) : "none", "ms",
			   (json_int_t)s->ms, "used", s->waited, "records", records));
}

bool explain_json(FILE *out, const struct explained *x)
{
	const struct facts *f = x->verdict->facts;
	char client[ADDR_TEXT_SIZE];
	json_t *questions = json_array(), *authors = json_array(), *o;
	bool ok;

	lookups_each(x->lookups, json_question, questions);
	for (size_t i = 0; i < f->author_count; i++)
		json_array_append_new(authors, text(f->author[i]));
	o = json_pack(
	    "{s:s s:o s:o s:b s:{s:s s:o s:o} s:{s:s s:o s:b} s:o s:o s:o s:s s:o s:o s:o s:o}",
	    "client", f->client.family != ADDR_NONE ? addr_print(&f->client, client) : x->client,
	    "helo_argument", text(x->helo), "mail_from", text(x->mail_from), "checked",
	    x->verdict->checked, "iprev", "result", iprev_result_name(f->iprev.result), "name",
	    text(f->iprev.name), "reason", text(f->iprev.reason), "helo", "result",
	    helo_result_name(f->helo.result), "name", text(f->helo.name), "is_ptr_name",
	    f->helo.is_ptr_name, "spf", json_spf(&f->spf), "spf_helo", json_spf(&f->spf_helo),
	    "dkim", json_dkim(&f->dkim), "from_status", from_status_name(f->from_status), "authors",
	    authors, "dmarc", json_dmarc(f), "decision", json_decision(x), "dns", questions);
	if (o != NULL)
		json_object_set_new(
		    o, "arc",
		    json_pack("{s:s s:i s:o s:b s:o}", "result", arc_result_name(f->arc.result),
			      "sets", (int)f->arc.instances, "sealer", text(f->arc.sealer),
			      "trusted", f->arc.trusted, "reason", text(f->arc.reason)));
	/* Our own text, in UTF-8, with its folds. */
	if (o != NULL && x->verdict->stamp.field != NULL)
		json_object_set_new(o, "authentication_results",
				    json_string(x->verdict->stamp.field));
	ok = o != NULL && json_dumpf(o, out, JSON_INDENT(2)) == 0;
	fputc('\n', out);
	json_decref(o);
	return ok;
}
