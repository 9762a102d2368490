/* nearest.c - what a mistyped word was meant to be. */
#include "base/nearest.h"

#include <limits.h>
#include <string.h>

#define WORD_MAX 63 /* names of options are shorter; longer words are not compared */

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

unsigned nearest_distance(const char *a, const char *b)
{
	unsigned row[3][WORD_MAX + 1];
	size_t la = strnlen(a, WORD_MAX + 1), lb = strnlen(b, WORD_MAX + 1);

	if (la > WORD_MAX || lb > WORD_MAX)
		return UINT_MAX;
	for (size_t j = 0; j <= lb; j++)
		row[0][j] = (unsigned)j;
	for (size_t i = 1; i <= la; i++) {
		unsigned *now = row[i % 3], *last = row[(i + 2) % 3], *before = row[(i + 1) % 3];

		now[0] = (unsigned)i;
		for (size_t j = 1; j <= lb; j++) {
			now[j] = last[j - 1] + (a[i - 1] != b[j - 1]);
			now[j] = least(now[j], least(last[j], now[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				now[j] = least(now[j], before[j - 2] + 1);
		}
	}
	return row[la % 3][lb];
}

void nearest_start(struct nearest *n, const char *typed)
{
	size_t len = strnlen(typed, WORD_MAX + 1);

	*n = (struct nearest){.typed = typed, .distance = 1 + (unsigned)(len + 1) / 3};
}

void nearest_try(struct nearest *n, const char *candidate)
{
	unsigned d = nearest_distance(n->typed, candidate);

	if (d < n->distance) {
		n->distance = d;
		n->word = candidate;
	}
}
