/* report_run.h - send all due reports: claim, plan, write, mail, remember. Any number of processes
 * may run at once; none sends what another has sent. */
#ifndef ALIGND_REPORT_REPORT_RUN_H
#define ALIGND_REPORT_REPORT_RUN_H

#include "report/report_plan.h"

struct report_tally {
	unsigned entered;			    /* new reports found in closed days */
	unsigned mails;				    /* taken by the mail system */
	unsigned sent, put_off, failed, suppressed; /* reports, by what became of them */
};

/* Enter the reports of closed days and send what is due. For the daemon's daily thread (call it
 * every few minutes: what is put off comes due at its own time) and for alignctl. `domain`: only
 * this one's; NULL: of all. Whoever names a domain or a day (run->day) wants those too that were
 * put off, failed or suppressed. False and the reason: the store failed, or the day has not ended;
 * the tally is right so far. */
bool report_send(const struct report_run *run, const char *domain, struct report_tally *tally_r,
		 struct error *why);

/* Write the mail of a complete report to one address, as it would be sent: the rarest records are
 * left out until it fits. False: out of memory, or it does not fit at all. */
bool report_write(const struct report_settings *s, struct aggregate *a, const char *to, time_t now,
		  struct strbuf *mail_r);

#endif
