/* tsan.h - included first where ThreadSanitizer watches: it does not know sem_clockwait(), and
 * would miss that what was done before sem_post() is done. */
#include <sanitizer/tsan_interface.h>
#include <semaphore.h>
#include <time.h>

static inline int watched_clockwait(sem_t *sem, clockid_t clock, const struct timespec *until)
{
	int rc = sem_clockwait(sem, clock, until);

	if (rc == 0)
		__tsan_acquire(sem);
	return rc;
}
#define sem_clockwait watched_clockwait
