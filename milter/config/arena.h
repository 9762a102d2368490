/* arena.h - memory that is given back as a whole, with the configuration it belongs to. */
#ifndef ALIGND_CONFIG_ARENA_H
#define ALIGND_CONFIG_ARENA_H

#include <stddef.h>

/* Zeroed: empty. */
struct arena {
	struct arena_block *blocks;
};

void *arena_alloc(struct arena *a, size_t n);	     /* zeroed; NULL: out of memory */
char *arena_text(struct arena *a, const char *text); /* a copy; NULL: out of memory */

/* Give all of it back; the arena is empty then. */
void arena_free(struct arena *a);

#endif
