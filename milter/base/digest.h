/* digest.h - SHA-256 in one call, for keys and ids that nobody outside can make collide. */
#ifndef ALIGND_BASE_DIGEST_H
#define ALIGND_BASE_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/crypto.h"

/* The SHA-256 of `n` bytes. False: out of memory. */
bool digest_sha256(const void *bytes, size_t n, uint8_t digest_r[SHA256_SIZE]);

/* Lower-case hexadecimal of `n` bytes and a NUL: `text_r` holds 2 * n + 1. Returns `text_r`. */
char *digest_hex(const uint8_t *bytes, size_t n, char *text_r);

#endif
