/* dmarc_record.c - one DMARC policy record (RFC 9989 4.7, 4.8). What a tag holds wrongly is dropped
 * for its default. */
#include "check/dmarc_record.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/ascii.h"
#include "base/domain.h"
#include "mail/taglist.h"

/* The tags of RFC 9989 table 2 that hold one word of a few. */
enum word_tag { WORD_P, WORD_SP, WORD_NP, WORD_T, WORD_PSD, WORD_ADKIM, WORD_ASPF, WORD_TAGS };

struct word {
	const char *text;
	int value;
};

static const struct word policies[] = {
    {"none", POLICY_NONE}, {"quarantine", POLICY_QUARANTINE}, {"reject", POLICY_REJECT}, {NULL, 0}};
static const struct word yes_or_no[] = {{"y", true}, {"n", false}, {NULL, 0}};
static const struct word psds[] = {{"y", PSD_YES}, {"n", PSD_NO}, {"u", PSD_UNKNOWN}, {NULL, 0}};
static const struct word modes[] = {{"r", false}, {"s", true}, {NULL, 0}};

static const struct {
	const char *name;
	const struct word *words;
} word_tags[WORD_TAGS] = {
    [WORD_P] = {"p", policies},	   [WORD_SP] = {"sp", policies}, [WORD_NP] = {"np", policies},
    [WORD_T] = {"t", yes_or_no},   [WORD_PSD] = {"psd", psds},	 [WORD_ADKIM] = {"adkim", modes},
    [WORD_ASPF] = {"aspf", modes},
};

/* What was read of the word tags: seen once or more, and its value (-1: not allowed). The first of
 * several counts. */
struct reading {
	bool seen[WORD_TAGS];
	int value[WORD_TAGS];
	bool seen_fo, seen_rua, seen_ruf;
	bool valid_rua;
};

/* The report shows one thing: the first. */
static void complain(struct dmarc_record *r, const char *tag, const char *what)
{
	if (r->error[0] == '\0')
		snprintf(r->error, sizeof(r->error), "%s: %s", tag, what);
}

/* "v" is any case by its ABNF, DMARC1 only upper case, and nothing may stand before it. */
static bool is_version(const struct tag *tag, const char *text)
{
	return tag->name == text && tag->name_len == 1 && (*text == 'v' || *text == 'V') &&
	       tag_value_is(tag, "DMARC1");
}

static int word_value(const struct word *words, const struct tag *tag)
{
	for (; words->text != NULL; words++)
		if (tag_value_is_nocase(tag, words->text))
			return words->value;
	return -1;
}

static bool read_word(struct reading *in, const struct tag *tag, struct dmarc_record *r)
{
	for (size_t i = 0; i < WORD_TAGS; i++) {
		if (!tag_named(tag, word_tags[i].name))
			continue;
		if (in->seen[i]) {
			complain(r, word_tags[i].name, "repeated, the first counts");
			return true;
		}
		in->seen[i] = true;
		in->value[i] = word_value(word_tags[i].words, tag);
		if (in->value[i] < 0)
			complain(r, word_tags[i].name, "value not allowed, default used");
		return true;
	}
	return false;
}

/* dmarc-fo: 0 or 1, d and s, each at most once, in any order, between colons. Normal form: that
 * order. */
static bool read_fo(const struct tag *tag, char fo_r[16])
{
	static const char letters[] = "01ds";
	bool have[4] = {false};
	char text[16];
	size_t n = 0;

	if (!tag_value_squeeze(tag, text, sizeof(text)) || text[0] == '\0')
		return false;
	for (const char *p = text;; p += 2) {
		char c = ascii_lower(*p);
		const char *at = c != '\0' ? strchr(letters, c) : NULL;

		if (at == NULL || have[at - letters])
			return false;
		have[at - letters] = true;
		if (p[1] == '\0')
			break;
		if (p[1] != ':')
			return false;
	}
	if (have[0] && have[1])
		return false;
	for (size_t i = 0; i < 4; i++) {
		if (!have[i])
			continue;
		if (n > 0)
			fo_r[n++] = ':';
		fo_r[n++] = letters[i];
	}
	fo_r[n] = '\0';
	return true;
}

static bool is_printable(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] <= ' ' || text[i] > '~')
			return false;
	return true;
}

/* Take over the printable URIs of a list, as many as fit; return whether one of them is right, and
 * whether any was left out or wrong. */
static bool read_uris(const struct tag *tag, char *list_r, bool *trouble_r)
{
	const char *at = tag->value, *end = at + tag->value_len;
	bool valid = false;
	size_t used = 0;

	*trouble_r = tag->value_len == 0;
	while (at < end) {
		const char *comma = memchr(at, ',', (size_t)(end - at)), *uri = at;
		size_t len = (size_t)((comma != NULL ? comma : end) - at);

		at = comma != NULL ? comma + 1 : end;
		ascii_trim(&uri, &len);
		if (!dmarc_uri_valid(uri, len))
			*trouble_r = true;
		if (len == 0 || !is_printable(uri, len))
			continue;
		if (used + (used > 0) + len >= DMARC_RUA_SIZE) {
			*trouble_r = true;
			break;
		}
		if (used > 0)
			list_r[used++] = ',';
		memcpy(list_r + used, uri, len);
		used += len;
		valid |= dmarc_uri_valid(uri, len);
	}
	list_r[used] = '\0';
	return valid;
}

static void read_list(const struct tag *tag, const char *name, bool *seen, bool *valid, char *list,
		      struct dmarc_record *r)
{
	bool trouble;

	if (*seen) {
		complain(r, name, "repeated, the first counts");
		return;
	}
	*seen = true;
	*valid = read_uris(tag, list, &trouble);
	if (trouble)
		complain(r, name, "holds no or a wrong URI");
}

static void read_tag(struct reading *in, const struct tag *tag, struct dmarc_record *r)
{
	bool ignored;

	if (read_word(in, tag, r))
		return;
	if (tag_named(tag, "rua")) {
		read_list(tag, "rua", &in->seen_rua, &in->valid_rua, r->rua, r);
	} else if (tag_named(tag, "ruf")) {
		read_list(tag, "ruf", &in->seen_ruf, &ignored, r->ruf, r);
	} else if (tag_named(tag, "fo")) {
		if (in->seen_fo)
			complain(r, "fo", "repeated, the first counts");
		else if (!read_fo(tag, r->fo))
			complain(r, "fo", "value not allowed, default used");
		in->seen_fo = true;
	}
}

static bool has(const struct reading *in, enum word_tag t)
{
	return in->seen[t] && in->value[t] >= 0;
}

static bool wrong(const struct reading *in, enum word_tag t)
{
	return in->seen[t] && in->value[t] < 0;
}

/* RFC 9989 4.10.1: a record without a valid p, or with a wrong sp or np, is p=none for who asks for
 * reports. */
static void set_policies(const struct reading *in, struct dmarc_record *r)
{
	r->has_p = has(in, WORD_P);
	r->valid = r->has_p && !wrong(in, WORD_SP) && !wrong(in, WORD_NP);
	if (r->valid) {
		r->p = (enum dmarc_policy)in->value[WORD_P];
		r->has_sp = has(in, WORD_SP);
		r->has_np = has(in, WORD_NP);
		if (r->has_sp)
			r->sp = (enum dmarc_policy)in->value[WORD_SP];
		if (r->has_np)
			r->np = (enum dmarc_policy)in->value[WORD_NP];
		return;
	}
	r->valid = in->valid_rua;
	snprintf(r->error, sizeof(r->error), "no valid %s: %s",
		 !r->has_p	      ? "p"
		 : wrong(in, WORD_SP) ? "sp"
				      : "np",
		 r->valid ? "taken as p=none" : "no policy");
}

bool dmarc_record_parse(const char *text, size_t len, struct dmarc_record *r)
{
	struct reading in = {.valid_rua = false};
	struct taglist list;
	struct tag tag;

	taglist_start(&list, text, len);
	if (!taglist_next(&list, &tag) || !is_version(&tag, text))
		return false;
	*r = (struct dmarc_record){.fo = "0"};
	while (taglist_next(&list, &tag))
		read_tag(&in, &tag, r);
	if (list.bad)
		complain(r, "record", "holds something that is no tag");
	if (has(&in, WORD_T))
		r->testing = in.value[WORD_T];
	if (has(&in, WORD_PSD))
		r->psd = (enum dmarc_psd)in.value[WORD_PSD];
	if (has(&in, WORD_ADKIM))
		r->strict_dkim = in.value[WORD_ADKIM];
	if (has(&in, WORD_ASPF))
		r->strict_spf = in.value[WORD_ASPF];
	set_policies(&in, r);
	return true;
}

const char *dmarc_tag_name(enum dmarc_tag tag)
{
	static const char *const name[] = {"p", "sp", "np"};

	return name[tag];
}

const char *dmarc_policy_name(enum dmarc_policy p)
{
	static const char *const name[] = {"none", "quarantine", "reject"};

	return name[p];
}

/* The length without an obs-dmarc-report-size ("!10m") at the end, which RFC 9989 has read and
 * ignored. */
static size_t without_size(const char *uri, size_t len)
{
	size_t n = len;

	if (n > 0 && strchr("kmgtKMGT", uri[n - 1]) != NULL)
		n--;
	if (n == 0 || !ascii_is_digit(uri[n - 1]))
		return len;
	while (n > 0 && ascii_is_digit(uri[n - 1]))
		n--;
	return n > 0 && uri[n - 1] == '!' ? n - 1 : len;
}

/* The characters of RFC 3986, less "," and "!", which RFC 9989 4.8 wants encoded. */
static bool uri_characters(const char *uri, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char c = uri[i];

		if (c == '%') {
			if (len - i < 3 || ascii_hex(uri[i + 1]) < 0 || ascii_hex(uri[i + 2]) < 0)
				return false;
		} else if (!ascii_is_alnum(c) &&
			   (c == '\0' || strchr("-._~:/?#[]@$&'()*+;=", c) == NULL)) {
			return false;
		}
	}
	return true;
}

/* The length of "scheme:"; 0 if there is none. */
static size_t scheme_length(const char *uri, size_t len)
{
	size_t n = 0;

	while (n < len &&
	       (ascii_is_alpha(uri[n]) || (n > 0 && (ascii_is_digit(uri[n]) || uri[n] == '+' ||
						     uri[n] == '-' || uri[n] == '.'))))
		n++;
	return n > 0 && n < len && uri[n] == ':' ? n + 1 : 0;
}

/* local@domain, perhaps with ?fields behind it (RFC 6068). */
static bool holds_address(const char *text, size_t len)
{
	const char *query = memchr(text, '?', len), *at;
	char domain[DOMAIN_SIZE];

	if (query != NULL)
		len = (size_t)(query - text);
	at = memrchr(text, '@', len);
	return at != NULL && at > text &&
	       domain_normal(at + 1, (size_t)(text + len - at) - 1, domain);
}

bool dmarc_uri_valid(const char *uri, size_t len)
{
	size_t scheme;

	len = without_size(uri, len);
	scheme = scheme_length(uri, len);
	if (scheme == 0 || scheme == len || !uri_characters(uri, len))
		return false;
	return scheme != strlen("mailto:") || strncasecmp(uri, "mailto:", scheme) != 0 ||
	       holds_address(uri + scheme, len - scheme);
}
