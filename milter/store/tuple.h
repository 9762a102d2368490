/* tuple.h - a row as it is written: all text copied into one block, and the two keys made from it.
 * Messages with the same key are counted together (RFC 9990 3.1.1.7); policies with the same key
 * make one report. Pure. */
#ifndef ALIGND_STORE_TUPLE_H
#define ALIGND_STORE_TUPLE_H

#include <stdint.h>

#include "base/error.h"
#include "store/row.h"

#define TUPLE_KEY_SIZE 16
#define TUPLE_DAY 86400

/* The text fields in the order of the block. The policy key covers the first group, the tuple key
 * the first two. */
enum tuple_field {
	TUPLE_DOMAIN,
	TUPLE_P,
	TUPLE_SP,
	TUPLE_NP,
	TUPLE_ADKIM,
	TUPLE_ASPF,
	TUPLE_FO,
	TUPLE_TESTING,
	TUPLE_DISCOVERY,
	TUPLE_ERROR,
	TUPLE_SOURCE_IP,
	TUPLE_HEADER_FROM,
	TUPLE_ENVELOPE_FROM,
	TUPLE_DISPOSITION,
	TUPLE_DKIM_ALIGNED,
	TUPLE_SPF_ALIGNED,
	TUPLE_REASON,
	TUPLE_COMMENT,
	TUPLE_SPF_DOMAIN,
	TUPLE_SPF_RESULT,
	TUPLE_DKIM,
	TUPLE_RUA,
	TUPLE_DMARC,
	TUPLE_ACTION,
	TUPLE_FIELDS
};

struct tuple {
	time_t when;
	int64_t day;	 /* days since the epoch, UTC */
	bool reportable; /* false: only TUPLE_DMARC and TUPLE_ACTION are set, the rest is "" */
	uint8_t policy[TUPLE_KEY_SIZE];
	uint8_t key[TUPLE_KEY_SIZE];
	const char *field[TUPLE_FIELDS]; /* never NULL */
	char *text;			 /* the block */
};

/* Copy `row`. NULL members read as "". False: too long, a time before 1970, or out of memory;
 * nothing to free then. */
bool tuple_make(const struct row *row, struct tuple *tuple_r, struct error *why);

/* Free the block; a zeroed tuple is fine. */
void tuple_free(struct tuple *t);

/* Read the text of TUPLE_DKIM back into `row->dkim`. Changes `text`, which must outlive `row`.
 * False: it was not written by tuple_make(). */
bool tuple_read_dkim(char *text, struct row *row);

#endif
