/* clock.c - the only way to ask the time. */
#include "base/clock.h"

time_t clock_now(const struct clock *c)
{
	struct timespec t;

	if (c->fixed)
		return c->now;
	clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec;
}

int64_t clock_mono_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}
