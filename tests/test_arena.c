/* test_arena.c - memory that is given back as a whole. */
#include <string.h>

#include "config/arena.h"
#include "support/test.h"

static void gives_zeroed_blocks_apart_from_each_other(void **state)
{
	static const char zero[100];
	struct arena a = {NULL};
	char *block[3];

	for (size_t i = 0; i < ARRAY_SIZE(block); i++) {
		block[i] = arena_alloc(&a, sizeof(zero));
		assert_non_null(block[i]);
		assert_int_equal((uintptr_t)block[i] % _Alignof(max_align_t), 0);
		assert_memory_equal(block[i], zero, sizeof(zero));
		memset(block[i], 'a' + (int)i, sizeof(zero));
	}
	for (size_t i = 0; i < ARRAY_SIZE(block); i++)
		assert_int_equal(block[i][99], 'a' + (int)i);
	arena_free(&a);
	assert_null(a.blocks);
	arena_free(&a);
}

static void copies_text(void **state)
{
	struct arena a = {NULL};
	char text[] = "abc", *copy = arena_text(&a, text);

	text[0] = 'x';
	assert_string_equal(copy, "abc");
	assert_string_equal(arena_text(&a, ""), "");
	arena_free(&a);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(gives_zeroed_blocks_apart_from_each_other),
	    cmocka_unit_test(copies_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
