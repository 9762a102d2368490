/* load_tally.h - the report on a run: rates, latencies, verdicts, and the comparison with the
 * corpus. */
#ifndef ALIGND_BENCH_LOAD_TALLY_H
#define ALIGND_BENCH_LOAD_TALLY_H

#include "load_mta.h"

struct run {
	const char *label;
	int connections;
	double seconds;
	size_t count;
	const struct outcome *outcome;
	const struct corpus *corpus;
	const struct load *load;
};

void tally_print(const struct run *r);	    /* for a person */
void tally_print_line(const struct run *r); /* one line of key=value */

/* One CSV line per message. */
void tally_write_csv(const struct run *r, const char *path);

/* Messages without a verdict. */
size_t tally_errors(const struct run *r);

#endif
