/* test_report_mail.c - the mail around a report. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report/report_mail.h"
#include "support/sample_report.h"

static struct report_mail sample_mail(struct aggregate *a)
{
	return (struct report_mail){
	    .report = a,
	    .submitter = "mx.example",
	    .from = "dmarc@mx.example",
	    .to = "r@a.example",
	    .gzip = "\x1f\x8b not really",
	    .gzip_len = 13,
	    .now = 1728100000,
	};
}

static char *mail_text(const struct report_mail *m)
{
	struct strbuf b;

	strbuf_init(&b, 1 << 20);
	assert_true(report_mail_write(&b, m));
	return strbuf_take(&b);
}

static void assert_contains(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("no \"%s\" in:\n%s", part, text);
}

/* A31, A33, A34, A35, A36, A40, A41, A61 */
static void says_everything_where_readers_look_for_it(void **state)
{
	struct aggregate *a = sample_report();
	struct report_mail m = sample_mail(a);
	char *text = mail_text(&m);

	(void)state;
	assert_contains(text, "From: dmarc@mx.example\r\nTo: r@a.example\r\n");
	assert_contains(text,
			"\r\nSubject: Report Domain: a.example Submitter: mx.example Report-ID:\r\n"
			" <20241004abcdef>\r\n");
	assert_contains(text, "\r\nDate: Sat, 5 Oct 2024 03:46:40 +0000\r\n");
	assert_contains(text, "\r\nMessage-ID: <20241004abcdef@mx.example>\r\n");
	assert_contains(text, "\r\nAuto-Submitted: auto-generated\r\n");
	assert_contains(text, "\r\nMIME-Version: 1.0\r\n");
	assert_contains(text, "\r\nContent-Type: multipart/mixed;");
	assert_contains(text, "\r\nContent-Type: text/plain; charset=us-ascii\r\n");
	assert_contains(text, "about 9 messages of 2024-10-04 (UTC).\r\n");
	assert_contains(text, "\r\nContent-Type: application/gzip\r\n");
	assert_contains(
	    text,
	    "filename=\"mx.example!a.example!1728000000!1728086399!20241004abcdef.xml.gz\"\r\n");
	assert_contains(text,
			"\r\nContent-Transfer-Encoding: base64\r\n\r\nH4sgbm90IHJlYWxseQ==\r\n");
	free(text);
	aggregate_free(a);
}

static void folds_the_longest_names(void **state)
{
	struct aggregate *a = sample_report();
	struct report_mail m = sample_mail(a);
	char domain[DOMAIN_SIZE], *text;

	(void)state;
	memset(domain, 'a', DOMAIN_TEXT_MAX);
	domain[DOMAIN_TEXT_MAX] = '\0';
	for (size_t i = 63; i < DOMAIN_TEXT_MAX; i += 64)
		domain[i] = '.';
	m.submitter = a->policy.domain = domain;
	text = mail_text(&m);
	for (const char *line = text; *line != '\0'; line = strstr(line, "\r\n") + 2)
		assert_true(strcspn(line, "\r") <= 998);
	assert_contains(text, domain);
	free(text);
	aggregate_free(a);
}

/* A60: an aligned signature makes the mail pass DMARC wherever it goes. */
static void is_signed_for_the_domain_of_its_sender(void **state)
{
	char path[] = "/tmp/alignd-test-key-XXXXXX";
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	struct aggregate *a = sample_report();
	struct report_mail m = sample_mail(a);
	struct report_signer *signer;
	FILE *f = fdopen(mkstemp(path), "w");
	char *text, *from;

	(void)state;
	assert_non_null(f);
	assert_int_equal(PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL), 1);
	fclose(f);
	signer = report_signer_new(path, m.submitter, "s1", NULL);
	unlink(path);
	assert_non_null(signer);
	m.signer = signer;
	text = mail_text(&m);
	assert_memory_equal(text, "DKIM-Signature: ", 16);
	from = strstr(text, "\r\nFrom: dmarc@mx.example\r\n");
	assert_non_null(from);
	*from = '\0';
	assert_contains(text, "d=mx.example;");
	assert_contains(
	    text, "h=From:To:Subject:Date:Message-ID:Auto-Submitted:MIME-Version:Content-Type;");
	free(text);
	report_signer_free(signer);
	EVP_PKEY_free(key);
	aggregate_free(a);
}

static void refuses_what_no_mail_can_hold(void **state)
{
	struct aggregate *a = sample_report();
	struct report_mail m = sample_mail(a);
	struct strbuf b;

	(void)state;
	m.to = "r@a.example\r\nBcc: all@b.example";
	strbuf_init(&b, 1 << 20);
	assert_false(report_mail_write(&b, &m));
	strbuf_free(&b);
	m = sample_mail(a);
	strbuf_init(&b, 600);
	assert_false(report_mail_write(&b, &m));
	strbuf_free(&b);
	aggregate_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(says_everything_where_readers_look_for_it),
	    cmocka_unit_test(folds_the_longest_names),
	    cmocka_unit_test(is_signed_for_the_domain_of_its_sender),
	    cmocka_unit_test(refuses_what_no_mail_can_hold),
	};
	return cmocka_run_group_tests_name("report_mail", tests, NULL, NULL);
}
