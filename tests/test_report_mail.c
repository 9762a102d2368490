/* test_report_mail.c - the mail around a report. */
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "check/dkim.h"
#include "report/report_mail.h"
#include "support/dkim_signer.h"
#include "support/fake_resolver.h"
#include "support/message.h"
#include "support/sample_report.h"
#include "support/test.h"

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

static void give_field(void *arg, const char *name, const char *value)
{
	dkim_message_header(arg, name, value);
}

/* Verify the signature of a whole mail by the checks' own verifier, with `record` for its key. */
static struct dkim_signature verified(const char *mail, const char *record)
{
	const struct dkim_settings settings = {.max_signatures = 1, .min_key_bits = 1024};
	struct resolver *resolver = fake_resolver_new();
	struct lookups *l = fake_lookups(resolver, 1000);
	struct dkim_verifier *v = dkim_verifier_new(&settings, NULL);
	struct dkim_message *m = dkim_message_new(v, 1728100000);
	struct dkim_signature first;
	struct dkim_facts f;
	const char *body;

	fake_resolver_add(resolver, "s1._domainkey.mx.example", DNS_TXT, record);
	body = message_split(mail, strlen(mail), give_field, m);
	dkim_message_end_header(m, l);
	dkim_message_body(m, (const unsigned char *)body, strlen(body));
	assert_true(dkim_message_check(m, l, &f));
	assert_int_equal(f.count, 1);
	first = f.signature[0];
	dkim_message_free(m);
	dkim_verifier_free(v);
	lookups_free(l);
	resolver_free(resolver);
	return first;
}

/* A60: an aligned identifier that does not depend on the way the mail takes. */
static void our_own_verifier_takes_its_signature(void **state)
{
	struct signer_key *keys[] = {signer_key_rsa(2048), signer_key_ed25519()};
	char path[] = "/tmp/alignd-test-key-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
	for (size_t i = 0; i < 2; i++) {
		struct aggregate *a = sample_report();
		struct report_mail m = sample_mail(a);
		char *record = signer_key_record(keys[i]), *text;
		struct report_signer *signer;
		struct dkim_signature s;

		assert_true(signer_key_write(keys[i], path));
		signer = report_signer_new(path, "mx.example", "s1", NULL);
		m.signer = signer;
		text = mail_text(&m);
		s = verified(text, record);
		assert_int_equal(s.result, DKIM_PASS);
		assert_string_equal(s.domain, "mx.example");
		assert_non_null(strstr(text, "\r\nFrom: dmarc@mx.example\r\n"));
		report_signer_free(signer);
		signer_key_free(keys[i]);
		free(record);
		free(text);
		aggregate_free(a);
	}
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(says_everything_where_readers_look_for_it),
	    cmocka_unit_test(folds_the_longest_names),
	    cmocka_unit_test(is_signed_for_the_domain_of_its_sender),
	    cmocka_unit_test(refuses_what_no_mail_can_hold),
	    cmocka_unit_test(our_own_verifier_takes_its_signature),
	};
	return cmocka_run_group_tests_name("report_mail", tests, NULL, NULL);
}
