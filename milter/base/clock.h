/* clock.h - the only way to ask the time, so that a test or `--now` can set it. */
#ifndef ALIGND_BASE_CLOCK_H
#define ALIGND_BASE_CLOCK_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* A zeroed clock is the real one. With `fixed` the wall clock stands at `now` (for tests and
 * --now). */
struct clock {
	bool fixed;
	time_t now;
};

/* Seconds since the epoch, UTC. */
time_t clock_now(const struct clock *c);

/* Let the wall clock stand at the seconds since the epoch that `text` says, as --now has it. False:
 * it is not such a number. */
bool clock_set(struct clock *c, const char *text);

/* Milliseconds that only ever go forward, for deadlines; never fixed. */
int64_t clock_mono_ms(void);

/* A condition whose timed waits end by that clock; end it with pthread_cond_destroy(). */
void clock_cond_init(pthread_cond_t *c);

/* A moment of clock_mono_ms() in the form such a wait takes. */
struct timespec clock_timespec(int64_t mono_ms);

#endif
