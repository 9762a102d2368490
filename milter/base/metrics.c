/* metrics.c - the program's counters. */
#include "base/metrics.h"

static const struct {
	const char *name, *help;
} about[METRIC_COUNT] = {
#define METRIC(id, name, help) {name, help},
    METRICS(METRIC)
#undef METRIC
};

uint64_t metrics_get(struct metrics *m, enum metric which)
{
	return atomic_load_explicit(&m->value[which], memory_order_relaxed);
}

const char *metrics_name(enum metric which)
{
	return about[which].name;
}

const char *metrics_help(enum metric which)
{
	return about[which].help;
}
