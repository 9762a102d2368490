/* test_rdata.c - record data off the wire. */
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "dns/rdata.h"
#include "support/test.h"

/* Decode a copy of exactly `n` bytes into exactly the room asked for. Returns a NUL-terminated
 * copy, or NULL. */
static char *decode(enum dns_type type, const char *raw, size_t n, struct dns_record *r)
{
	uint8_t *copy = malloc(n > 0 ? n : 1);
	size_t room = rdata_room(type, n);
	char *out = malloc(room > 0 ? room : 1), *text = NULL;

	memcpy(copy, raw, n);
	if (rdata_decode(type, copy, n, out, r)) {
		assert_true(r->len <= room);
		text = calloc(1, r->len + 1);
		memcpy(text, out, r->len);
	}
	free(copy);
	free(out);
	return text;
}

#define BYTES(s) s, sizeof(s) - 1

static void well_formed_data_is_decoded(void **state)
{
	static const struct {
		enum dns_type type;
		const char *raw;
		size_t n;
		const char *text;
		size_t len;
	} rows[] = {
	    {DNS_A, BYTES("\300\0\2\1"), BYTES("\300\0\2\1")},
	    {DNS_AAAA, BYTES("0123456789abcdef"), BYTES("0123456789abcdef")},
	    {DNS_PTR, BYTES("\4Mail\7EXAMPLE\3org\0"), BYTES("mail.example.org")},
	    {DNS_PTR, BYTES("\0"), BYTES("")},
	    {DNS_PTR, BYTES("\3a.b\2\0\\\0"), BYTES("a\\046b.\\000\\092")},
	    {DNS_PTR, BYTES("\2\377 \0"), BYTES("\\255\\032")},
	    {DNS_PTR, BYTES("\5_a-1Z\0"), BYTES("_a-1z")},
	    {DNS_MX, BYTES("\1\2\1a\0"), BYTES("a")},
	    {DNS_MX, BYTES("\0\0\0"), BYTES("")},
	    {DNS_TXT, BYTES("\0"), BYTES("")},
	    {DNS_TXT, BYTES("\3one\0\3two"), BYTES("onetwo")},
	    {DNS_TXT, BYTES("\3a\0b"), BYTES("a\0b")},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct dns_record r;
		char *text = decode(rows[i].type, rows[i].raw, rows[i].n, &r);

		assert_non_null(text);
		assert_int_equal(r.len, rows[i].len);
		assert_memory_equal(text, rows[i].text, rows[i].len + 1);
		free(text);
	}
}

static void malformed_data_is_refused(void **state)
{
	static const struct {
		enum dns_type type;
		const char *raw;
		size_t n;
	} rows[] = {
	    {DNS_A, BYTES("")},
	    {DNS_A, BYTES("123")},
	    {DNS_A, BYTES("12345")},
	    {DNS_AAAA, BYTES("1234")},
	    {DNS_AAAA, BYTES("0123456789abcdefg")},
	    {DNS_PTR, BYTES("")},
	    {DNS_PTR, BYTES("\1")},	  /* label past the end */
	    {DNS_PTR, BYTES("\1a")},	  /* no root */
	    {DNS_PTR, BYTES("\2a\0")},	  /* the label takes the root */
	    {DNS_PTR, BYTES("\1a\0x")},	  /* more behind the root */
	    {DNS_PTR, BYTES("\300\2\0")}, /* a pointer */
	    {DNS_PTR,
	     BYTES("\100aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\0")},
	    {DNS_MX, BYTES("")},
	    {DNS_MX, BYTES("\0")},
	    {DNS_MX, BYTES("\0\0")},
	    {DNS_MX, BYTES("\0\0\1a")},
	    {DNS_TXT, BYTES("")},
	    {DNS_TXT, BYTES("\1")},
	    {DNS_TXT, BYTES("\2a")},
	    {DNS_TXT, BYTES("\1a\3bc")},
	    {(enum dns_type)6, BYTES("\0")},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct dns_record r;

		assert_null(decode(rows[i].type, rows[i].raw, rows[i].n, &r));
	}
}

static void a_name_is_at_most_255_bytes(void **state)
{
	char raw[257];
	struct dns_record r;
	char *text;

	for (size_t i = 0; i < 254; i++)
		raw[i] = i % 2 == 0 ? 1 : 'a';
	raw[254] = 0;
	text = decode(DNS_PTR, raw, 255, &r);
	assert_non_null(text);
	assert_int_equal(r.len, 253);
	free(text);
	raw[254] = 1, raw[255] = 'a', raw[256] = 0;
	assert_null(decode(DNS_PTR, raw, 257, &r));
}

static void a_txt_record_too_long_is_refused_not_cut(void **state)
{
	size_t n = MAX_TXT_BYTES / 128 * 129;
	char *raw = malloc(n + 2), *text;
	struct dns_record r;

	for (size_t i = 0; i < n; i++)
		raw[i] = i % 129 == 0 ? (char)128 : 'x';
	text = decode(DNS_TXT, raw, n, &r);
	assert_non_null(text);
	assert_int_equal(r.len, MAX_TXT_BYTES);
	free(text);
	raw[n] = 1, raw[n + 1] = 'y';
	assert_null(decode(DNS_TXT, raw, n + 2, &r));
	free(raw);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(well_formed_data_is_decoded),
	    cmocka_unit_test(malformed_data_is_refused),
	    cmocka_unit_test(a_name_is_at_most_255_bytes),
	    cmocka_unit_test(a_txt_record_too_long_is_refused_not_cut),
	};
	return cmocka_run_group_tests_name("rdata", tests, NULL, NULL);
}
