/* report_mail.c - the mail that carries an aggregate report. */
#include "report/report_mail.h"

#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "base/domain.h"
#include "mail/mime.h"
#include "report/report_day.h"

#define DATE_SIZE 40
#define FILE_NAME_SIZE (2 * DOMAIN_SIZE + AGGREGATE_ID_SIZE + 64)
#define SUBJECT_SIZE (2 * DOMAIN_SIZE + AGGREGATE_ID_SIZE + 64)
#define MESSAGE_ID_SIZE (AGGREGATE_ID_SIZE + DOMAIN_SIZE + 8)
#define TEXT_SIZE 2048

/* receiver!policy-domain!begin!end!unique-id.xml.gz (RFC 9990 3.5.2); the same whenever the report
 * is sent. */
static void write_file_name(const struct aggregate *a, const char *submitter,
			    char name_r[FILE_NAME_SIZE])
{
	snprintf(name_r, FILE_NAME_SIZE, "%s!%s!%lld!%lld!%s.xml.gz", submitter, a->policy.domain,
		 (long long)a->begin, (long long)a->end, a->id);
}

/* RFC 5322 3.3; strftime() would speak the language of the locale. */
static void write_date(time_t now, char date_r[DATE_SIZE])
{
	static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
					   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	struct tm t = {.tm_mday = 1};

	gmtime_r(&now, &t);
	snprintf(date_r, DATE_SIZE, "%s, %d %s %d %02d:%02d:%02d +0000", days[t.tm_wday % 7],
		 t.tm_mday, months[t.tm_mon % 12], t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec);
}

/* For a person who finds it in a mailbox. */
static void write_text(struct strbuf *out, const struct report_mail *m)
{
	char day[REPORT_DAY_SIZE];

	strbuf_addf(
	    out,
	    "This is a DMARC aggregate report (RFC 9990) for\n"
	    "    %s\n"
	    "from\n"
	    "    %s\n"
	    "about %lld messages of %s (UTC).\n"
	    "\n"
	    "The report is attached. It was sent because the DMARC record of the domain asks\n"
	    "for it (rua). To stop these reports, change the record.\n",
	    m->report->policy.domain, m->submitter, (long long)m->report->messages,
	    report_day_print(m->report->begin / TUPLE_DAY, day));
}

static bool write_message(struct strbuf *out, const struct report_mail *m, const char *text,
			  size_t text_len)
{
	char subject[SUBJECT_SIZE], date[DATE_SIZE], id[MESSAGE_ID_SIZE], file[FILE_NAME_SIZE];
	const struct mime_header headers[] = {
	    {"From", m->from},
	    {"To", m->to},
	    {"Subject", subject},
	    {"Date", date},
	    {"Message-ID", id},
	    {"Auto-Submitted", "auto-generated"},
	    {"X-Auto-Response-Suppress", "All"},
	};
	const struct mime_part parts[] = {
	    {.type = "text/plain; charset=us-ascii", .bytes = text, .len = text_len},
	    {.type = "application/gzip",
	     .filename = file,
	     .bytes = m->gzip,
	     .len = m->gzip_len,
	     .base64 = true},
	};
	const struct mime_message message = {headers, ARRAY_SIZE(headers), "mixed", m->report->id,
					     parts,   ARRAY_SIZE(parts)};

	snprintf(subject, sizeof(subject), "Report Domain: %s Submitter: %s Report-ID: <%s>",
		 m->report->policy.domain, m->submitter, m->report->id);
	write_date(m->now, date);
	snprintf(id, sizeof(id), "<%s@%s>", m->report->id, m->submitter);
	write_file_name(m->report, m->submitter, file);
	return mime_write(out, &message);
}

bool report_mail_write(struct strbuf *out, const struct report_mail *m)
{
	struct strbuf text, message;
	bool ok;

	strbuf_init(&text, TEXT_SIZE);
	strbuf_init(&message, out->cap);
	write_text(&text, m);
	ok = strbuf_ok(&text) && write_message(&message, m, strbuf_text(&text), text.len);
	if (ok && m->signer != NULL)
		ok = report_signer_sign(m->signer, strbuf_text(&message), message.len, m->now, out);
	strbuf_addn(out, strbuf_text(&message), message.len);
	strbuf_free(&text);
	strbuf_free(&message);
	return ok && strbuf_ok(out);
}
