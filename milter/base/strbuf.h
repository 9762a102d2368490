/* strbuf.h - growing text with a cap and a sticky failure: write, write, write, ask strbuf_ok()
 * once. */
#ifndef ALIGND_BASE_STRBUF_H
#define ALIGND_BASE_STRBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* `text` is always NUL-terminated once anything was added; use strbuf_text() to read it. */
struct strbuf {
	char *text;
	size_t len;  /* bytes without the final NUL */
	size_t size; /* bytes allocated */
	size_t cap;  /* most bytes the text may have */
	bool failed; /* out of memory or over the cap; every later add does nothing */
};

/* Start an empty buffer that may grow to `cap` bytes. Allocates nothing yet. */
void strbuf_init(struct strbuf *b, size_t cap);

/* Free the text and leave an empty buffer with the same cap. */
void strbuf_free(struct strbuf *b);

/* Empty the buffer and forget a failure; keeps the memory. */
void strbuf_reset(struct strbuf *b);

void strbuf_add(struct strbuf *b, const char *text);
void strbuf_addn(struct strbuf *b, const void *bytes, size_t n);
void strbuf_addc(struct strbuf *b, char c);
void strbuf_addf(struct strbuf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* In double quotes, with a backslash before each double quote and backslash: as mail (RFC
 * 5322 3.2.4) and our configuration have it. */
void strbuf_add_quoted(struct strbuf *b, const char *text);

/* False once any add failed. */
bool strbuf_ok(const struct strbuf *b);

/* The text so far, "" for an empty buffer; borrowed, valid until the next add. */
const char *strbuf_text(const struct strbuf *b);

/* Write the text to `f`. False if anything failed, there or in an add. */
bool strbuf_write(const struct strbuf *b, FILE *f);

/* Hand the text over: the caller frees it. NULL if anything failed (the buffer is freed then). */
char *strbuf_take(struct strbuf *b);

#endif
