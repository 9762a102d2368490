/* onemsg.c - the work of alignd on one message, without MTA, network and disk: a session over the
 * median message of the bench, N times. Under callgrind it gives instruction counts that do not
 * depend on the machine's load; alone, a time. One look-up table stands for the DNS; nothing is
 * stored. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "session/session.h"

#include "../support/dkim_signer.h"
#include "../support/fake_resolver.h"

#define BODY_BYTES 3100 /* with the header 4.7 KB, as the median of tests/bench/mkcorpus.py */

static const char *const fields[][2] = {
    {"Received", " from inner.d.example (inner.d.example [192.0.2.7])\n\tby mail.d.example "
		 "(Postfix) with ESMTPS id "
		 "7f2c9a\n\tfor <user@mx.example>; Sat, 21 Nov 2026 10:00:00 +0000"},
    {"DKIM-Signature", NULL},
    {"MIME-Version", " 1.0"},
    {"Date", " Sat, 21 Nov 2026 10:00:00 +0000"},
    {"Message-ID", " <51f2c0ffee.7be1@d.example>"},
    {"Subject", " invoice meeting report schedule update please"},
    {"From", " \"Sender of d.example\" <sender@d.example>"},
    {"To", " \"Some One\" <user@mx.example>"},
    {"Reply-To", " <reply@d.example>"},
    {"User-Agent", " mkcorpus/1"},
    {"X-Priority", " 3"},
    {"X-Mailer-Id", " 9d3e55aa01bc77f2"},
    {"List-Unsubscribe",
     " <mailto:unsubscribe@d.example?subject=12fe>,\n\t<https://www.d.example/u/9a3b>"},
    {"List-Id", " list of d.example <list.d.example>"},
    {"Content-Type", " text/plain; charset=us-ascii"},
    {"Content-Transfer-Encoding", " 7bit"},
};
#define FIELDS (sizeof(fields) / sizeof(*fields))
#define SIGNED "From:To:Subject:Date:Message-ID:MIME-Version:Content-Type"

struct bench {
	struct app app;
	struct addr client;
	char *signature;
	char body[BODY_BYTES + 80];
	size_t body_len;
};

static void need(bool ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "onemsg: %s\n", what);
		exit(1);
	}
}

static void write_body(struct bench *b)
{
	static const char line[] =
	    "customer order delivery thanks regards team project release window\r\n";

	while (b->body_len < BODY_BYTES) {
		memcpy(b->body + b->body_len, line, sizeof(line) - 1);
		b->body_len += sizeof(line) - 1;
	}
}

/* The header in the form the signer reads. */
static char *whole_header(void)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	need(f != NULL, "out of memory");
	for (size_t i = 0; i < FIELDS; i++) {
		if (fields[i][1] == NULL)
			continue;
		fprintf(f, "%s:", fields[i][0]);
		for (const char *p = fields[i][1]; *p != '\0'; p++)
			fputs(*p == '\n' ? "\r\n" : (char[]){*p, '\0'}, f);
		fputs("\r\n", f);
	}
	need(fclose(f) == 0, "out of memory");
	return text;
}

static void sign(struct bench *b, struct resolver *dns)
{
	struct signer_key *key = signer_key_rsa(2048);
	struct signer s = {.key = key,
			   .domain = "d.example",
			   .selector = "s1",
			   .canon = "relaxed/relaxed",
			   .headers = SIGNED};
	char *header = whole_header(), *record = signer_key_record(key), *at;

	b->signature = signer_sign(&s, header, b->body, b->body_len);
	fake_resolver_add(dns, "s1._domainkey.d.example", DNS_TXT, record);
	memmove(b->signature, strchr(b->signature, ':') + 1, strlen(strchr(b->signature, ':')));
	while ((at = strchr(b->signature, '\r')) != NULL)
		memmove(at, at + 1, strlen(at));
	free(header);
	free(record);
	signer_key_free(key);
}

static struct resolver *names(void)
{
	struct resolver *dns = fake_resolver_new();

	fake_resolver_add(dns, "1.0.18.198.in-addr.arpa", DNS_PTR, "mail.d.example");
	fake_resolver_add(dns, "mail.d.example", DNS_A, "198.18.0.1");
	fake_resolver_add(dns, "d.example", DNS_TXT,
			  "v=spf1 include:_spf.prov.example ip4:198.18.0.1 -all");
	fake_resolver_add(dns, "d.example", DNS_TXT,
			  "site-verification=00112233445566778899aabbccddeeff");
	fake_resolver_add(dns, "_spf.prov.example", DNS_TXT,
			  "v=spf1 ip4:198.19.1.0/25 ip6:2001:db8:f001::/48 ~all");
	fake_resolver_add(dns, "_dmarc.d.example", DNS_TXT,
			  "v=DMARC1; p=reject; rua=mailto:dmarc@d.example");
	return dns;
}

static void set_up(struct bench *b)
{
	static const char *const settings[] = {"authserv_id = mx.example", "hostname = mx.example",
					       "mode = monitor"};
	struct config_errors errors;
	const struct config *config = config_load(NULL, settings, 3, &errors);
	struct resolver *dns = names();
	struct clock clock = {0};
	struct error why;

	need(config != NULL, "the configuration is refused");
	need(addr_parse("198.18.0.1", &b->client), "the client is no address");
	write_body(b);
	sign(b, dns);
	need(app_init(&b->app, config, &clock, dns, NULL, &why), "no application context");
	log_open(false, LOG_LEVEL_WARNING);
}

/* A connection with one message, as milter.c tells it. */
__attribute__((noinline)) static bool one_message(struct bench *b)
{
	struct session *s = session_new(&b->app);
	const struct verdict *v;
	struct decision early;
	bool ok;

	session_connect(s, &b->client, "mail.d.example", &early);
	session_helo(s, "mail.d.example");
	session_mail(s, "<sender@d.example>", false, &early);
	session_rcpt(s, "<user@mx.example>");
	for (size_t i = 0; i < FIELDS; i++)
		session_header(s, fields[i][0], fields[i][1] != NULL ? fields[i][1] : b->signature);
	session_end_header(s);
	session_body(s, (const unsigned char *)b->body, b->body_len);
	v = session_end(s, "4T0000000001");
	ok = v->facts->iprev.result == IPREV_PASS && v->facts->spf.result == SPF_PASS &&
	     dkim_best(&v->facts->dkim) == DKIM_PASS && v->facts->dmarc.result == DMARC_PASS &&
	     v->stamp.field != NULL;
	session_reset(s);
	session_free(s);
	return ok;
}

int main(int argc, char **argv)
{
	static struct bench b;
	long n = argc > 1 ? atol(argv[1]) : 1000;
	struct timespec from, to;

	set_up(&b);
	need(one_message(&b), "the first message is judged wrongly");
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
	for (long i = 0; i < n; i++)
		need(one_message(&b), "a message is judged wrongly");
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
	printf("%ld messages, %.1f us each\n", n,
	       ((double)(to.tv_sec - from.tv_sec) * 1e9 + (double)(to.tv_nsec - from.tv_nsec)) /
		   1e3 / (double)(n ? n : 1));
	app_close(&b.app);
	free(b.signature);
	return 0;
}
