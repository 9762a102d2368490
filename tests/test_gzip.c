/* test_gzip.c - what was compressed comes back, and is always the same. */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "report/gzip.h"
#include "support/test.h"

static void gzip_whole(struct strbuf *out, const unsigned char *in, size_t n, size_t pieces)
{
	struct gzip *z = gzip_new(out);

	assert_non_null(z);
	for (size_t i = 0; i < pieces; i++)
		assert_true(
		    gzip_add(z, in + n * i / pieces, n * (i + 1) / pieces - n * i / pieces));
	assert_true(gzip_end(z));
	gzip_free(z);
}

static void comes_back(void **state)
{
	size_t sizes[] = {0, 1, 1000, 300000};

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		unsigned char *in = calloc(1, sizes[i] + 1), *back = calloc(1, sizes[i] + 1);
		struct strbuf a, b;
		z_stream z = {.next_out = back, .avail_out = (unsigned)sizes[i] + 1};

		for (size_t j = 0; j < sizes[i]; j++)
			in[j] = (unsigned char)(j * j / 7);
		strbuf_init(&a, 1 << 20);
		strbuf_init(&b, 1 << 20);
		gzip_whole(&a, in, sizes[i], 1);
		gzip_whole(&b, in, sizes[i], 3);
		assert_int_equal(a.len, b.len);
		assert_memory_equal(a.text, b.text, a.len);
		/* RFC 1952 2.3: magic, method, no flags, no time */
		assert_memory_equal(a.text, "\x1f\x8b\x08\0\0\0\0\0", 8);
		z.next_in = (unsigned char *)a.text;
		z.avail_in = (unsigned)a.len;
		assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
		assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
		assert_int_equal(z.total_out, sizes[i]);
		assert_memory_equal(back, in, sizes[i]);
		inflateEnd(&z);
		strbuf_free(&a);
		strbuf_free(&b);
		free(in);
		free(back);
	}
}

static void stops_at_the_cap(void **state)
{
	unsigned char noise[100000];
	struct strbuf b;
	struct gzip *z;

	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = (unsigned char)(i * i / 7);
	strbuf_init(&b, 10);
	z = gzip_new(&b);
	assert_false(gzip_add(z, noise, sizeof(noise)) && gzip_end(z));
	gzip_free(z);
	strbuf_free(&b);
	gzip_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(comes_back),
					   cmocka_unit_test(stops_at_the_cap)};

	return cmocka_run_group_tests_name("gzip", tests, NULL, NULL);
}
