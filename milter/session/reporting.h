/* reporting.h - what the configuration says about reports, in the form report/ takes it. */
#ifndef ALIGND_SESSION_REPORTING_H
#define ALIGND_SESSION_REPORTING_H

#include "report/report_plan.h"
#include "session/app.h"

struct reporting {
	struct report_settings settings; /* borrows from the configuration */
	struct report_signer *signer;
};

/* Read the signing key and fill the settings. False and the reason: the key cannot be used. */
bool reporting_open(struct reporting *r, const struct config *c, struct error *why);

/* Can the reports be made as `c` says, as far as one can see without making one? True if there are
 * to be none. False and the reason. */
bool reporting_check(const struct config *c, struct error *why);

/* Free the signer. */
void reporting_close(struct reporting *r);

/* A run over the store of `app`, without a listener. Borrows all. */
struct report_run reporting_run(const struct reporting *r, const struct app *app,
				const struct snapshot *s);

#endif
