/* store_place.h - a directory for the store of one test, a row to store, and what is in the store
 * as text. */
#ifndef ALIGND_TESTS_STORE_PLACE_H
#define ALIGND_TESTS_STORE_PLACE_H

#include <stdint.h>

#include "base/error.h"
#include "store/store.h"
#include "store/store_read.h"

#define DAY 20000
#define NOON ((time_t)DAY * TUPLE_DAY + 43200)

struct place {
	char dir[64], path[96];
	struct error why;
};

/* Set-up and tear-down of a test; the state is a struct place. */
int store_place_new(void **state);
int store_place_free(void **state);

/* Run one statement of SQL on its store, which is made if it is not there. */
void place_run_sql(struct place *p, const char *sql);

/* A reportable row of a.example at NOON with every member set. */
struct row sample_row(void);

/* The calls that must not fail. */
struct store *open_store(struct place *p, bool durable);
void add(struct store *s, const struct row *row);

/* What was read: the number of things seen and of messages behind them, the last one's key and text
 * (outcomes: all). */
struct seen {
	int64_t things, messages;
	uint8_t key[TUPLE_KEY_SIZE];
	char text[2048];
};

struct seen policies(struct store *s, int64_t first, int64_t last);
struct seen records(struct store *s, int64_t day, const char *domain, const uint8_t *key);
struct seen outcomes(struct store *s);

#endif
