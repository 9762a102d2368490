/* report_mailer.c - hand one mail to the mail system by SMTP. The only file that includes libcurl.
 */
#include "report/report_mailer.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

#include "base/ascii.h"
#include "report/report_sendmail.h"

#define CONNECT_SECONDS 30L
#define ADDRESS_SIZE 512
#define URL_SIZE 1024
#define REPLY_SIZE 200

struct upload {
	const char *at;
	size_t left;
	char reply[REPLY_SIZE]; /* the last refusal the server said */
};

static size_t give_bytes(char *buf, size_t size, size_t count, void *arg)
{
	struct upload *u = arg;
	size_t n = size * count < u->left ? size * count : u->left;

	memcpy(buf, u->at, n);
	u->at += n;
	u->left -= n;
	return n;
}

/* What a server says goes into a sentence of ours: printable ASCII only. */
static size_t take_reply(char *line, size_t size, size_t count, void *arg)
{
	struct upload *u = arg;
	size_t n = 0;

	if (size * count == 0 || (line[0] != '4' && line[0] != '5'))
		return size * count;
	for (size_t i = 0; i < size * count && n + 1 < sizeof(u->reply); i++)
		if (line[i] != '\r' && line[i] != '\n')
			u->reply[n++] = ascii_shown(line[i]);
	u->reply[n] = '\0';
	return size * count;
}

/* A relay on this host or network rarely has a certificate anybody checks: with smtp:// encryption
 * is better than none, and nothing secret is sent. smtps:// asks for a proper one. */
static CURLcode set_target(CURL *curl, const struct report_mailer *m)
{
	bool verified = strncmp(m->smtp, "smtps:", 6) == 0;
	const char *host = strstr(m->smtp, "://");
	bool path = host != NULL && strchr(host + 3, '/') != NULL;
	char url[URL_SIZE];
	CURLcode code;

	snprintf(url, sizeof(url), "%s%s%s", m->smtp, path ? "" : "/", path ? "" : m->helo);
	code = curl_easy_setopt(curl, CURLOPT_URL, url);
	code = code ? code : curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	code = code ? code : curl_easy_setopt(curl, CURLOPT_PROXY, "");
	code = code ? code : curl_easy_setopt(curl, CURLOPT_USE_SSL, (long)CURLUSESSL_TRY);
	code = code ? code : curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, verified ? 1L : 0L);
	return code ? code : curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, verified ? 2L : 0L);
}

static CURLcode set_transfer(CURL *curl, const struct report_mailer *m, struct upload *u)
{
	CURLcode code = curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);

	code = code ? code : curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
	code = code ? code : curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)m->seconds);
	code =
	    code ? code : curl_easy_setopt(curl, CURLOPT_SERVER_RESPONSE_TIMEOUT, (long)m->seconds);
	code = code ? code : curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
	code = code ? code : curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)u->left);
	code = code ? code : curl_easy_setopt(curl, CURLOPT_READFUNCTION, give_bytes);
	code = code ? code : curl_easy_setopt(curl, CURLOPT_READDATA, u);
	code = code ? code : curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_reply);
	return code ? code : curl_easy_setopt(curl, CURLOPT_HEADERDATA, u);
}

static CURLcode set_envelope(CURL *curl, const char *from, const char *to,
			     struct curl_slist **list_r)
{
	char address[ADDRESS_SIZE];
	CURLcode code;

	snprintf(address, sizeof(address), "<%s>", from);
	code = curl_easy_setopt(curl, CURLOPT_MAIL_FROM, address);
	snprintf(address, sizeof(address), "<%s>", to);
	*list_r = curl_slist_append(NULL, address);
	if (*list_r == NULL)
		return CURLE_OUT_OF_MEMORY;
	return code ? code : curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, *list_r);
}

static enum report_mailed judge(CURL *curl, CURLcode code, const struct upload *u,
				struct error *why)
{
	long reply = 0;

	if (code == CURLE_OK)
		return REPORT_MAIL_TAKEN;
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &reply);
	if (reply >= 400 && reply <= 599 && u->reply[0] != '\0')
		error_set(why, "%s", u->reply);
	else
		error_set(why, "%s", curl_easy_strerror(code));
	return reply >= 500 && reply <= 599 ? REPORT_MAIL_REFUSED : REPORT_MAIL_LATER;
}

static enum report_mailed send_smtp(const struct report_mailer *m, const char *from, const char *to,
				    const char *message, size_t len, struct error *why)
{
	struct upload u = {.at = message, .left = len};
	struct curl_slist *recipients = NULL;
	enum report_mailed result;
	CURL *curl = curl_easy_init();
	CURLcode code;

	if (curl == NULL) {
		error_set(why, "out of memory");
		return REPORT_MAIL_LATER;
	}
	code = set_target(curl, m);
	code = code ? code : set_transfer(curl, m, &u);
	code = code ? code : set_envelope(curl, from, to, &recipients);
	code = code ? code : curl_easy_perform(curl);
	result = judge(curl, code, &u, why);
	curl_easy_cleanup(curl);
	curl_slist_free_all(recipients);
	return result;
}

enum report_mailed report_mailer_send(const struct report_mailer *m, const char *from,
				      const char *to, const char *message, size_t len,
				      struct error *why)
{
	if (m->sendmail != NULL && m->sendmail[0] != '\0')
		return report_sendmail(m->sendmail, m->seconds, from, to, message, len, why);
	return send_smtp(m, from, to, message, len, why);
}
