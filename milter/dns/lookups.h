/* lookups.h - the DNS questions of one message. Each (name, type) is asked once and its answer kept
 * until the message ends, so that all checks see the same answer, names can be asked as soon as
 * they are known and waited for only at the end, and `alignctl verify` can show every question.
 * Thread-safe: answers arrive on the resolver's thread. */
#ifndef ALIGND_DNS_LOOKUPS_H
#define ALIGND_DNS_LOOKUPS_H

#include "dns/resolver.h"

struct lookups;

/* For one message; `resolver` is borrowed and must outlive every question. NULL: out of memory. */
struct lookups *lookups_new(struct resolver *resolver);

/* Forget the message. Questions still open end by themselves and are not reported. NULL is fine. */
void lookups_free(struct lookups *l);

/* Forget all questions and answers, and start anew (next message of a connection). */
void lookups_reset(struct lookups *l);

/* No lookups_wait() lasts beyond this moment of clock_mono_ms(). Until it is set, waits have no
 * time at all. */
void lookups_deadline(struct lookups *l, int64_t mono_ms);

/* Ask ahead of need, do not wait. Ignored after MAX_HINTED_QUESTIONS, for a name that cannot be
 * asked, and if already asked. `name` is any text without final dot, compared without regard to
 * case. */
void lookups_hint(struct lookups *l, const char *name, enum dns_type type);

/* The same for what the message itself names and a check surely waits for: a policy, a key. Not
 * counted with the hints, so that no sender's records can put it off; the checks bound it. */
void lookups_hint_sure(struct lookups *l, const char *name, enum dns_type type);

/* Called with the answer of a hinted question, perhaps on the resolver's thread: parse quickly,
 * hint more, never wait. Not called after lookups_free() or lookups_reset(). `arg` is copied (see
 * below). */
typedef void lookups_follow(struct lookups *l, const char *name, const struct dns_answer *answer,
			    const void *arg);

/* As lookups_hint(), and `follow` is called once when the answer is there (at once if it already
 * is; it is called even if the question itself was asked before by somebody else). `arg`: `size`
 * bytes (at most 64), copied; may be NULL, 0. Bounded by the same number of hints. */
void lookups_hint_then(struct lookups *l, const char *name, enum dns_type type,
		       lookups_follow *follow, const void *arg, size_t size);

/* The answer, waited for until the deadline. Never NULL; DNS_TIMEOUT if it has not come,
 * DNS_REFUSED_HERE over MAX_MESSAGE_QUESTIONS, DNS_NXDOMAIN for a name that cannot exist
 * (domain_askable()). Borrowed until lookups_free() or lookups_reset(). An answer that came in time
 * is returned even after the deadline. */
const struct dns_answer *lookups_wait(struct lookups *l, const char *name, enum dns_type type);

/* One question for a person to read. `answer` NULL: none came. */
struct lookups_seen {
	const char *name;
	enum dns_type type;
	const struct dns_answer *answer;
	bool waited; /* a check used the answer; false: only hinted */
	int64_t ms;  /* from question to answer */
};

/* Call `seen` for each question in the order asked. */
void lookups_each(struct lookups *l, void (*seen)(void *arg, const struct lookups_seen *s),
		  void *arg);

/* True if a check was answered DNS_REFUSED_HERE: for want of our own means, not by the DNS. */
bool lookups_refused(struct lookups *l);

/* Number of questions asked. */
size_t lookups_count(struct lookups *l);

#endif
