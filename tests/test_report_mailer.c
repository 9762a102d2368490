/* test_report_mailer.c - mail given to an SMTP server that takes it, refuses it, or says nothing.
 */
#include <string.h>

#include "report/report_mailer.h"
#include "support/smtp_sink.h"
#include "support/test.h"

static const char MESSAGE[] = "From: dmarc@mx.example\r\nSubject: x\r\n\r\nline\r\n.dot\r\n..\r\n";

static enum report_mailed send_it(struct report_mailer m, struct error *why)
{
	why->text[0] = '\0';
	return report_mailer_send(&m, "dmarc@mx.example", "r@a.example", MESSAGE, strlen(MESSAGE),
				  why);
}

static void gives_the_mail_as_it_is(void **state)
{
	struct smtp_sink *sink = smtp_sink_new();
	struct report_mailer m = {.smtp = smtp_sink_url(sink), .helo = "mx.example", .seconds = 5};
	struct error why;

	assert_int_equal(send_it(m, &why), REPORT_MAIL_TAKEN);
	assert_int_equal(smtp_sink_count(sink), 1);
	assert_memory_equal(smtp_sink_last(sink), "dmarc@mx.example r@a.example\n", 29);
	assert_string_equal(smtp_sink_last(sink) + 29, MESSAGE);
	smtp_sink_free(sink);
}

/* A42: TLS where the server offers it. The sink offers it and hangs up when it is asked for. */
static void encrypts_if_the_server_can(void **state)
{
	struct smtp_sink *sink = smtp_sink_new();
	struct report_mailer m = {.smtp = smtp_sink_url(sink), .helo = "mx.example", .seconds = 5};
	struct error why;

	smtp_sink_answer(sink, "EHLO", "", "250-sink.example\r\n250 STARTTLS");
	assert_int_equal(send_it(m, &why), REPORT_MAIL_LATER);
	smtp_sink_answer(sink, "EHLO", "", NULL);
	assert_int_equal(send_it(m, &why), REPORT_MAIL_TAKEN);
	assert_int_equal(smtp_sink_count(sink), 1);
	smtp_sink_free(sink);
}

static void tells_refused_from_later(void **state)
{
	static const struct {
		const char *command, *reply;
		enum report_mailed result;
		const char *why;
	} rows[] = {
	    {"RCPT", "550 5.1.1 no such user", REPORT_MAIL_REFUSED, "550 5.1.1 no such user"},
	    {"RCPT", "452 4.2.2 mailbox full", REPORT_MAIL_LATER, "452 4.2.2 mailbox full"},
	    {"MAIL", "530 5.7.0 not you", REPORT_MAIL_REFUSED, "530 5.7.0 not you"},
	    {"DATA", "451 4.3.0 try again", REPORT_MAIL_LATER, "451 4.3.0 try again"},
	    {".", "554 5.6.0 too strange", REPORT_MAIL_REFUSED, "554 5.6.0 too strange"},
	    {".", "450 4.0.0 busy \x01\xff", REPORT_MAIL_LATER, "450 4.0.0 busy ??"},
	    {"CONNECT", "421 4.3.2 closed", REPORT_MAIL_LATER, "421 4.3.2 closed"},
	    {"EHLO", "hang", REPORT_MAIL_LATER, "Timeout"},
	};
	struct smtp_sink *sink = smtp_sink_new();
	struct report_mailer m = {.smtp = smtp_sink_url(sink), .helo = "mx.example"};
	struct error why;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		m.seconds = strcmp(rows[i].reply, "hang") == 0 ? 1 : 5;
		smtp_sink_answer(sink, rows[i].command, "", rows[i].reply);
		assert_int_equal(send_it(m, &why), rows[i].result);
		if (strstr(why.text, rows[i].why) == NULL)
			fail_msg("\"%s\" instead of \"%s\"", why.text, rows[i].why);
	}
	assert_int_equal(smtp_sink_count(sink), 0);
	smtp_sink_free(sink);
}

static void waits_for_a_server_that_is_not_there(void **state)
{
	struct smtp_sink *sink = smtp_sink_new();
	char url[64];
	struct report_mailer m = {.smtp = url, .helo = "mx.example", .seconds = 5};
	struct error why;

	strcpy(url, smtp_sink_url(sink));
	smtp_sink_free(sink);
	assert_int_equal(send_it(m, &why), REPORT_MAIL_LATER);
	assert_string_not_equal(why.text, "");
	m.smtp = "http://127.0.0.1:1";
	assert_int_equal(send_it(m, &why), REPORT_MAIL_LATER);
}

static void uses_the_command_if_one_is_named(void **state)
{
	struct report_mailer m = {
	    .smtp = "smtp://127.0.0.1:1", .sendmail = "/bin/true", .seconds = 5};
	struct error why;

	assert_int_equal(send_it(m, &why), REPORT_MAIL_TAKEN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(gives_the_mail_as_it_is),
	    cmocka_unit_test(encrypts_if_the_server_can),
	    cmocka_unit_test(tells_refused_from_later),
	    cmocka_unit_test(waits_for_a_server_that_is_not_there),
	    cmocka_unit_test(uses_the_command_if_one_is_named),
	};
	return cmocka_run_group_tests_name("report_mailer", tests, NULL, NULL);
}
