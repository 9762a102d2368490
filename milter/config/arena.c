/* arena.c - memory that is given back as a whole. */
#include "config/arena.h"

#include <stdlib.h>
#include <string.h>

struct arena_block {
	struct arena_block *next;
	_Alignas(max_align_t) char bytes[];
};

void *arena_alloc(struct arena *a, size_t n)
{
	struct arena_block *b = calloc(1, sizeof(*b) + n);

	if (b == NULL)
		return NULL;
	b->next = a->blocks;
	a->blocks = b;
	return b->bytes;
}

char *arena_text(struct arena *a, const char *text)
{
	size_t n = strlen(text) + 1;
	char *copy = arena_alloc(a, n);

	if (copy != NULL)
		memcpy(copy, text, n);
	return copy;
}

void arena_free(struct arena *a)
{
	while (a->blocks != NULL) {
		struct arena_block *next = a->blocks->next;

		free(a->blocks);
		a->blocks = next;
	}
}
