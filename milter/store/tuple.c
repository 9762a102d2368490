/* tuple.c - a row as it is written. The DKIM results are one text: a line for each signature, its
 * members divided by tabs; control bytes inside a member become blanks. */
#include "store/tuple.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/digest.h"
#include "base/strbuf.h"

/* Text of one row: MAX_DKIM_SIGNATURES of names and reasons, a URI list, some names. The bound is
 * far above. */
#define MAX_TUPLE_BYTES 65536

static const char *or_empty(const char *text)
{
	return text != NULL ? text : "";
}

static void add_member(struct strbuf *b, const char *text, char end)
{
	for (const char *p = or_empty(text); *p != '\0'; p++)
		strbuf_addc(b, (unsigned char)*p < ' ' ? ' ' : *p);
	strbuf_addc(b, end);
}

static void add_dkim(struct strbuf *b, const struct row *row)
{
	for (size_t i = 0; i < row->dkim_count && i < MAX_DKIM_SIGNATURES; i++) {
		add_member(b, row->dkim[i].domain, '\t');
		add_member(b, row->dkim[i].selector, '\t');
		add_member(b, row->dkim[i].result, '\t');
		add_member(b, row->dkim[i].human_result, '\n');
	}
	strbuf_addc(b, '\0');
}

static void add_text(struct strbuf *b, const char *text)
{
	strbuf_add(b, or_empty(text));
	strbuf_addc(b, '\0');
}

static void add_policy(struct strbuf *b, const struct row_policy *p)
{
	const char *const text[] = {p->domain, p->p,  p->sp,	  p->np,	p->adkim,
				    p->aspf,   p->fo, p->testing, p->discovery, p->error};

	for (size_t i = 0; i < ARRAY_SIZE(text); i++)
		add_text(b, text[i]);
}

static void add_results(struct strbuf *b, const struct row *row)
{
	add_text(b, row->source_ip);
	add_text(b, row->header_from);
	add_text(b, row->envelope_from);
	add_text(b, row->disposition);
	add_text(b, row->dkim_aligned ? "1" : "0");
	add_text(b, row->spf_aligned ? "1" : "0");
	add_text(b, row->reason);
	add_text(b, row->comment);
	add_text(b, row->spf_domain);
	add_text(b, row->spf_result);
	add_dkim(b, row);
}

static bool make_key(const struct strbuf *b, uint8_t key_r[TUPLE_KEY_SIZE])
{
	uint8_t digest[SHA256_SIZE];

	if (!digest_sha256(strbuf_text(b), b->len, digest))
		return false;
	memcpy(key_r, digest, TUPLE_KEY_SIZE);
	return true;
}

static void point_fields(struct tuple *t, const char *text)
{
	for (int i = 0; i < TUPLE_FIELDS; i++) {
		t->field[i] = text;
		text += strlen(text) + 1;
	}
}

bool tuple_make(const struct row *row, struct tuple *t, struct error *why)
{
	static const struct row nothing;
	const struct row *shown = row->reportable ? row : &nothing;
	struct strbuf b;
	bool ok;

	*t = (struct tuple){
	    .when = row->when, .day = row->when / TUPLE_DAY, .reportable = row->reportable};
	if (row->when < 0) {
		error_set(why, "the clock stands before 1970");
		return false;
	}
	strbuf_init(&b, MAX_TUPLE_BYTES);
	add_policy(&b, &shown->policy);
	ok = make_key(&b, t->policy);
	add_results(&b, shown);
	ok = ok && make_key(&b, t->key);
	add_text(&b, shown->policy.rua);
	add_text(&b, row->dmarc);
	add_text(&b, row->action);
	t->text = strbuf_take(&b);
	if (!ok || t->text == NULL) {
		tuple_free(t);
		error_set(why, "row over %d bytes, or out of memory", MAX_TUPLE_BYTES);
		return false;
	}
	point_fields(t, t->text);
	return true;
}

void tuple_free(struct tuple *t)
{
	free(t->text);
	t->text = NULL;
}

/* The member up to `end`, cut out of the text at *p; NULL if `end` does not come. */
static const char *cut(char **p, char end)
{
	char *start = *p, *stop = strchr(start, end);

	if (stop == NULL)
		return NULL;
	*stop = '\0';
	*p = stop + 1;
	return start;
}

bool tuple_read_dkim(char *text, struct row *row)
{
	row->dkim_count = 0;
	while (*text != '\0') {
		struct row_dkim *d = &row->dkim[row->dkim_count];

		if (row->dkim_count == MAX_DKIM_SIGNATURES)
			return false;
		d->domain = cut(&text, '\t');
		d->selector = d->domain != NULL ? cut(&text, '\t') : NULL;
		d->result = d->selector != NULL ? cut(&text, '\t') : NULL;
		d->human_result = d->result != NULL ? cut(&text, '\n') : NULL;
		if (d->human_result == NULL)
			return false;
		row->dkim_count++;
	}
	return true;
}
