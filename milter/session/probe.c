/* probe.c - whether the resolver answers, asked once at the start. */
#include "session/probe.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/strbuf.h"

#define NAMES_MAX 512

/* Shared with the resolver's thread; freed by the second of the two that is done with it. */
struct probe {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct dns_answer *answer;
	bool left; /* by one of them */
};

static struct probe *probe_new(void)
{
	struct probe *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	pthread_mutex_init(&p->lock, NULL);
	clock_cond_init(&p->changed);
	return p;
}

/* Locked before. */
static void leave(struct probe *p)
{
	bool last = p->left;

	p->left = true;
	pthread_cond_signal(&p->changed);
	pthread_mutex_unlock(&p->lock);
	if (!last)
		return;
	dns_answer_unref(p->answer);
	pthread_cond_destroy(&p->changed);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

static void answered(void *arg, struct dns_answer *answer)
{
	struct probe *p = arg;

	pthread_mutex_lock(&p->lock);
	p->answer = answer;
	leave(p);
}

static enum dns_status ask(struct probe *p, struct resolver *r, int ms)
{
	const struct timespec until = clock_timespec(clock_mono_ms() + ms);
	enum dns_status status;

	r->ask(r, ".", DNS_NS, answered, p);
	pthread_mutex_lock(&p->lock);
	while (p->answer == NULL && pthread_cond_timedwait(&p->changed, &p->lock, &until) == 0)
		;
	status = p->answer != NULL ? p->answer->status : DNS_TIMEOUT;
	leave(p);
	return status;
}

/* "127.0.0.1, 192.0.2.53@5353", or where they are from. */
static void name_resolvers(const struct config *c, struct strbuf *out)
{
	for (size_t i = 0; i < c->nameserver.count; i++)
		strbuf_addf(out, "%s%s", i > 0 ? ", " : "", c->nameserver.item[i]);
	if (c->nameserver.count == 0)
		strbuf_add(out, "/etc/resolv.conf");
}

bool probe_resolver(struct resolver *r, const struct config *c, int ms, struct error *why)
{
	struct probe *p = probe_new();
	enum dns_status status;
	struct strbuf names;

	if (p == NULL) {
		error_set(why, "out of memory");
		return false;
	}
	status = ask(p, r, ms);
	if (status < DNS_SERVFAIL)
		return true;
	strbuf_init(&names, NAMES_MAX);
	name_resolvers(c, &names);
	if (status == DNS_BOGUS)
		error_set(why,
			  "the resolver (%s) gives no answers that DNSSEC can validate: is "
			  "trust_anchor current, does the resolver pass DNSSEC on?",
			  strbuf_text(&names));
	else
		error_set(why,
			  "the resolver (%s) does not answer (%s): until it does, all checks end "
			  "in temperror",
			  strbuf_text(&names), dns_status_name(status));
	strbuf_free(&names);
	return false;
}
