/* policy.h - facts and rules to a decision. Pure: no clock, no look-up, no log; the same facts and
 * rules, the same answer. The first rule that matches decides; without one the message is accepted.
 * Nothing is rejected while a DNS failure hides whether an earlier rule lets it through: tempfail.
 */
#ifndef ALIGND_POLICY_POLICY_H
#define ALIGND_POLICY_POLICY_H

#include <stdbool.h>

#include "check/facts.h"
#include "policy/rule.h"

#define REPLY_TEXT_SIZE \
	400 /* with code and line end still under the 512 bytes of RFC 5321 4.5.3.1.5 */

/* `rule`, `reason` and `comment` are borrowed from the rules or the facts, or are constants. */
struct decision {
	enum action wanted;    /* what the rule said */
	enum action action;    /* what is done: unless enforcing, reject, quarantine and tempfail
				  become mark */
	const char *rule;      /* name of the deciding rule; "default" if none matched */
	const char *reason;    /* RFC 9990 override type: why the policy published was not what was
				  done; or "" */
	const char *comment;   /* to go with the reason; or "" */
	const char *undecided; /* an earlier rule that a DNS failure hides, so that a rejection
				  became a tempfail; else NULL */
	/* The SMTP reply if `wanted` is reject or tempfail, else "": "550", "5.7.1", "Email
	 * rejected ...". The text is printable ASCII without CR or LF; a percent sign in it is one
	 * and has to be doubled for libmilter. */
	char code[4], xcode[12], text[REPLY_TEXT_SIZE];
};

/* Decide on the whole message. All facts must be there. */
void policy_decide(const struct facts *f, const struct rules *r, bool enforce,
		   struct decision *out_r);

/* The facts that come from the DNS and that a rule may ask for before the end of the message. */
enum fact_need {
	NEED_IPREV = 1, /* from connect */
	NEED_HELO = 2,	/* from mail, as the next two */
	NEED_SPF_HELO = 4,
	NEED_SPF = 8
};

/* True if some rule may refuse at this stage: only then need the MTA wait for an answer there. */
bool policy_refuses_at(const struct rules *r, enum stage stage);

/* Which of them policy_decide_early() is going to read at this stage; 0 (nearly always): do not
 * wait for anything. Reads the facts that are known without the DNS: the client at STAGE_CONNECT,
 * and at STAGE_MAIL also authenticated, null_sender and mail_from. */
unsigned policy_need(const struct facts *f, const struct rules *r, enum stage stage);

/* Decide before the message is there, if a rule allows it: one with action skip, or with stage =
 * connect or mail, that matches while no rule before it could still match. Facts named by
 * policy_need() must be there. False: undecided. */
bool policy_decide_early(const struct facts *f, const struct rules *r, enum stage stage,
			 bool enforce, struct decision *out_r);

#endif
