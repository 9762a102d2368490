/* digest.c - SHA-256 in one call. */
#include "base/digest.h"

bool digest_sha256(const void *bytes, size_t n, uint8_t digest_r[SHA256_SIZE])
{
	struct sha256 *h = sha256_new();
	bool ok = h != NULL;

	if (ok) {
		sha256_add(h, bytes, n);
		ok = sha256_end(h, digest_r);
	}
	sha256_free(h);
	return ok;
}

char *digest_hex(const uint8_t *bytes, size_t n, char *text_r)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		text_r[2 * i] = digits[bytes[i] >> 4];
		text_r[2 * i + 1] = digits[bytes[i] & 15];
	}
	text_r[2 * n] = '\0';
	return text_r;
}
