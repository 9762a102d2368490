/* reporter.h - the daemon's background thread: sends the reports that are due and deletes old rows.
 */
#ifndef ALIGND_SESSION_REPORTER_H
#define ALIGND_SESSION_REPORTER_H

#include "session/app.h"

struct reporter;

/* Start the thread; `app` must outlive it. NULL if there is no store or no thread could be made (it
 * is logged). */
struct reporter *reporter_start(struct app *app);

/* End the thread, waiting at most `ms` for the piece of work at hand. False: it is still at work,
 * and `app` must not be closed; it may be tried again. NULL is fine. */
bool reporter_stop(struct reporter *r, int ms);

#endif
