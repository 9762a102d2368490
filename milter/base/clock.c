/* clock.c - the only way to ask the time. */
#include "base/clock.h"

#include <errno.h>
#include <stdlib.h>

time_t clock_now(const struct clock *c)
{
	struct timespec t;

	if (c->fixed)
		return c->now;
	clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec;
}

bool clock_set(struct clock *c, const char *text)
{
	long long seconds;
	char *end;

	errno = 0;
	seconds = strtoll(text, &end, 10);
	if (*text == '\0' || *end != '\0' || errno != 0 || seconds < 0)
		return false;
	*c = (struct clock){.fixed = true, .now = (time_t)seconds};
	return true;
}

void clock_cond_init(pthread_cond_t *c)
{
	pthread_condattr_t monotonic;

	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(c, &monotonic);
	pthread_condattr_destroy(&monotonic);
}

struct timespec clock_timespec(int64_t mono_ms)
{
	return (struct timespec){.tv_sec = mono_ms / 1000, .tv_nsec = mono_ms % 1000 * 1000000};
}

int64_t clock_mono_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}
