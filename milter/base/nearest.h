/* nearest.h - what a mistyped word was meant to be, for "did you mean". */
#ifndef ALIGND_BASE_NEAREST_H
#define ALIGND_BASE_NEAREST_H

#include <stddef.h>

/* Edits that make `b` of `a`: a letter more, less, other, or two neighbours swapped. A large number
 * if either is longer than 63 bytes. */
unsigned nearest_distance(const char *a, const char *b);

/* The best candidate so far: call nearest_try() for each, then read `word`. */
struct nearest {
	const char *typed;
	const char *word; /* borrowed from the candidates; NULL: none is near enough */
	unsigned distance;
};

/* Start; a candidate must come within a third of the length of `typed`, one edit at least. */
void nearest_start(struct nearest *n, const char *typed);
void nearest_try(struct nearest *n, const char *candidate);

#endif
