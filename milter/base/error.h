/* error.h - the one-line reason of a failed call, carried upward to whoever can say it to a person.
 */
#ifndef ALIGND_BASE_ERROR_H
#define ALIGND_BASE_ERROR_H

#define ERROR_TEXT_MAX 512

/* A reason; empty text means "none given". Plain data: copy it freely. */
struct error {
	char text[ERROR_TEXT_MAX];
};

/* Write the reason (cut at ERROR_TEXT_MAX - 1 bytes). `why` may be NULL: then nothing happens. */
void error_set(struct error *why, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Put "context: " in front of the reason that is there. */
void error_prefix(struct error *why, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
