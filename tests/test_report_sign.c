/* test_report_sign.c - signatures that a verifier takes: the body hash of RFC 6376, the header hash
 * by OpenSSL. */
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/digest.h"
#include "report/report_sign.h"
#include "support/test.h"

struct keys {
	char path[64];
	EVP_PKEY *key;
};

static struct keys keys_new(const char *kind, int bits)
{
	struct keys k = {.path = "/tmp/alignd-test-key-XXXXXX"};
	int fd = mkstemp(k.path);
	FILE *f = fdopen(fd, "w");

	assert_non_null(f);
	k.key = bits > 0 ? EVP_PKEY_Q_keygen(NULL, NULL, kind, (size_t)bits)
			 : EVP_PKEY_Q_keygen(NULL, NULL, kind);
	assert_non_null(k.key);
	assert_int_equal(PEM_write_PrivateKey(f, k.key, NULL, NULL, 0, NULL, NULL), 1);
	fclose(f);
	return k;
}

static void keys_free(struct keys *k)
{
	EVP_PKEY_free(k->key);
	unlink(k->path);
}

static char *sign(const struct keys *k, const char *message)
{
	struct error why = {.text = ""};
	struct report_signer *s = report_signer_new(k->path, "mx.example", "s1", &why);
	struct strbuf b;
	size_t len = strlen(message);
	char *block = malloc(len), *text;

	if (s == NULL)
		fail_msg("%s", why.text);
	memcpy(block, message, len);
	strbuf_init(&b, 1 << 16);
	assert_true(report_signer_sign(s, block, len, 1728100000, &b));
	text = strbuf_take(&b);
	free(block);
	report_signer_free(s);
	return text;
}

/* The base64 text after the last "TAG=", undone. */
static size_t decode_last(const char *field, const char *tag, unsigned char *out)
{
	const char *at = NULL, *next = field;
	char plain[4096];
	size_t n = 0;

	while ((next = strstr(next, tag)) != NULL)
		at = next += strlen(tag);
	assert_non_null(at);
	for (; *at != '\0' && *at != ';'; at++)
		if (strchr("\r\n\t ", *at) == NULL)
			plain[n++] = *at;
	plain[n] = '\0';
	return (size_t)EVP_DecodeBlock(out, (unsigned char *)plain, (int)n) -
	       (n > 1 && plain[n - 2] == '=') - (n > 0 && plain[n - 1] == '=');
}

/* The canonical header of MESSAGE, written by hand, then that of the signature without its b=
 * value. */
static void assert_verifies(const struct keys *k, const char *field, const char *canonical,
			    bool rsa)
{
	unsigned char signature[2048], digest[SHA256_SIZE];
	char hashed[4096], *end;
	size_t n = decode_last(field, "\tb=", signature), len;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool blank = false;

	snprintf(hashed, sizeof(hashed), "%sdkim-signature:", canonical);
	end = hashed + strlen(hashed);
	for (const char *c = field + strlen("DKIM-Signature: "); c != strstr(field, "\tb=") + 3;
	     c++) {
		if (*c == '\r' || *c == '\n')
			continue;
		if (*c != ' ' && *c != '\t')
			*end++ = *c;
		else if (!blank)
			*end++ = ' ';
		blank = *c == ' ' || *c == '\t';
	}
	len = (size_t)(end - hashed);
	assert_true(digest_sha256(hashed, len, digest));
	assert_int_equal(
	    EVP_DigestVerifyInit(context, NULL, rsa ? EVP_sha256() : NULL, NULL, k->key), 1);
	assert_int_equal(EVP_DigestVerify(context, signature, n,
					  rsa ? (unsigned char *)hashed : digest,
					  rsa ? len : sizeof(digest)),
			 1);
	EVP_MD_CTX_free(context);
}

static const char MESSAGE[] =
    "Received: by nobody\r\nFrom:  dmarc@mx.example\r\nTo: r@a.example\r\n"
    "Subject: Report Domain:\r\n\t a.example  x \r\nX-From: y\r\n\r\n"
    " two  blanks \t\r\n\r\n\r\nend\t\r\n\r\n";
static const char CANONICAL[] =
    "from:dmarc@mx.example\r\nto:r@a.example\r\nsubject:Report Domain: a.example x\r\n";

static void signs_with_rsa_and_ed25519(void **state)
{
	static const struct {
		const char *kind, *algorithm;
		int bits;
	} rows[] = {
	    {"RSA", "a=rsa-sha256;", 2048},
	    {"ED25519", "a=ed25519-sha256;", 0},
	};

	for (size_t i = 0; i < 2; i++) {
		struct keys k = keys_new(rows[i].kind, rows[i].bits);
		char *field = sign(&k, MESSAGE);
		unsigned char hash[64], digest[SHA256_SIZE];
		static const char body[] = " two blanks\r\n\r\n\r\nend\r\n";

		assert_non_null(strstr(field, rows[i].algorithm));
		assert_non_null(strstr(field, "d=mx.example; s=s1;"));
		assert_non_null(strstr(field, "t=1728100000;"));
		assert_non_null(strstr(field, "h=From:To:Subject;"));
		assert_int_equal(decode_last(field, "bh=", hash), SHA256_SIZE);
		assert_true(digest_sha256(body, strlen(body), digest));
		assert_memory_equal(hash, digest, SHA256_SIZE);
		assert_verifies(&k, field, CANONICAL, i == 0);
		assert_string_equal(field + strlen(field) - 2, "\r\n");
		free(field);
		keys_free(&k);
	}
}

/* RFC 6376 3.4.4: the hash of nothing. */
static void hashes_an_empty_body_as_nothing(void **state)
{
	struct keys k = keys_new("ED25519", 0);
	char *field = sign(&k, "From: a@b.example\r\n\r\n\r\n\r\n");

	assert_non_null(strstr(field, "bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=;"));
	free(field);
	keys_free(&k);
}

static void refuses_files_that_hold_no_usable_key(void **state)
{
	struct keys weak = keys_new("RSA", 512), ec = keys_new("X25519", 0);
	struct error why;
	FILE *f;

	assert_null(report_signer_new("/nonexistent/key", "d", "s", &why));
	assert_non_null(strstr(why.text, "/nonexistent/key: No such file"));
	assert_null(report_signer_new(weak.path, "d", "s", &why));
	assert_non_null(strstr(why.text, "no private key"));
	assert_null(report_signer_new(ec.path, "d", "s", &why));
	f = fopen(weak.path, "w");
	fputs("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", f);
	fclose(f);
	assert_null(report_signer_new(weak.path, "d", "s", &why));
	keys_free(&weak);
	keys_free(&ec);
	report_signer_free(NULL);
}

static void refuses_a_message_without_body(void **state)
{
	struct keys k = keys_new("ED25519", 0);
	struct report_signer *s = report_signer_new(k.path, "d.example", "s", NULL);
	struct strbuf b;

	strbuf_init(&b, 1 << 16);
	assert_false(report_signer_sign(s, "From: a@b.example\r\n", 19, 1, &b));
	strbuf_free(&b);
	report_signer_free(s);
	keys_free(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(signs_with_rsa_and_ed25519),
	    cmocka_unit_test(hashes_an_empty_body_as_nothing),
	    cmocka_unit_test(refuses_files_that_hold_no_usable_key),
	    cmocka_unit_test(refuses_a_message_without_body),
	};
	return cmocka_run_group_tests_name("report_sign", tests, NULL, NULL);
}
