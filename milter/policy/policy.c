/* policy.c - facts and rules to a decision. */
#include "policy/policy.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

#include "policy/reply.h"
#include "policy/rule_key.h"

/* What one walk over the rules needs to know. */
struct walk {
	const struct facts *f;
	const struct rules *rules;
	enum stage stage;
	unsigned known;	       /* NEED_ bits that are there although the stage is early */
	struct path mail_from; /* read once */
};

enum truth { NO, YES, UNKNOWN };

static void walk_start(struct walk *w, const struct facts *f, const struct rules *r,
		       enum stage stage)
{
	*w = (struct walk){.f = f, .rules = r, .stage = stage};
	if (stage > STAGE_CONNECT && f->mail_from != NULL && f->mail_from[0] != '\0')
		mailbox_path(f->mail_from, &w->mail_from);
}

/* -- conditions -- */

static bool one_of(const struct condition *c, unsigned value)
{
	return c->mask & 1u << value;
}

static bool at_or_below_any(const struct condition *c, const char *name)
{
	for (size_t i = 0; i < c->count; i++)
		if (domain_at_or_below(name, c->text[i]))
			return true;
	return false;
}

/* A whole address without regard to case, or a domain at or below. */
static bool address_matches(const struct condition *c, const struct path *path)
{
	if (path->domain[0] == '\0')
		return false;
	for (size_t i = 0; i < c->count; i++) {
		const char *at = strrchr(c->text[i], '@');

		if (at == NULL && domain_at_or_below(path->domain, c->text[i]))
			return true;
		if (at != NULL && strcmp(path->domain, at + 1) == 0 &&
		    strlen(path->local) == (size_t)(at - c->text[i]) &&
		    strncasecmp(path->local, c->text[i], (size_t)(at - c->text[i])) == 0)
			return true;
	}
	return false;
}

/* Of several things one is enough to stop a message, but all must be listed to let it through: else
 * a sender could open a door for one recipient and send to another. */
static bool enough(size_t matching, size_t count, bool stops)
{
	return stops ? matching > 0 : matching > 0 && matching == count;
}

static bool recipient_matches(const struct condition *c, const struct facts *f, bool stops)
{
	size_t matching = 0;
	struct path path;

	for (size_t i = 0; i < f->recipient_count; i++) {
		if (mailbox_path(f->recipients[i], &path) && address_matches(c, &path))
			matching++;
		if (stops ? matching > 0 : matching <= i)
			break;
	}
	return enough(matching, f->recipient_count, stops);
}

static bool author_matches(const struct condition *c, const struct facts *f, bool stops)
{
	size_t matching = 0;

	for (size_t i = 0; i < f->author_count; i++)
		matching += at_or_below_any(c, f->author[i]);
	return enough(matching, f->author_count, stops);
}

static bool client_matches(const struct condition *c, const struct facts *f)
{
	if (f->client.family == ADDR_NONE)
		return (c->mask & 1) && !f->client_unknown;
	for (size_t i = 0; i < c->count; i++)
		if (network_has(&c->network[i], &f->client))
			return true;
	return false;
}

static bool dkim_domain_matches(const struct condition *c, const struct dkim_facts *d)
{
	for (size_t i = 0; i < d->count; i++)
		if (d->signature[i].result == DKIM_PASS &&
		    at_or_below_any(c, d->signature[i].domain))
			return true;
	return false;
}

static bool arc_matches(const struct condition *c, const struct arc_facts *a)
{
	const unsigned trusted = ARC_FAIL + 1;

	return one_of(c, a->result) || (one_of(c, trusted) && a->result == ARC_PASS && a->trusted);
}

static bool has_policy(const struct dmarc_facts *d)
{
	return d->policy_domain[0] != '\0';
}

static bool condition_matches(const struct condition *c, const struct walk *w, bool stops)
{
	const struct facts *f = w->f;

	switch (c->id) {
	case COND_AUTHENTICATED: return one_of(c, f->authenticated);
	case COND_CLIENT: return client_matches(c, f);
	case COND_CLIENT_NAME:
	case COND_FORWARDER:
		return f->iprev.result == IPREV_PASS && at_or_below_any(c, f->iprev.name);
	case COND_IPREV: return one_of(c, f->iprev.result);
	case COND_HELO: return one_of(c, f->helo.result);
	case COND_SPF: return one_of(c, f->spf.result);
	case COND_SPF_HELO: return one_of(c, f->spf_helo.result);
	case COND_MAIL_FROM: return address_matches(c, &w->mail_from);
	case COND_NULL_SENDER: return one_of(c, f->null_sender);
	case COND_RECIPIENT: return recipient_matches(c, f, stops);
	case COND_FROM: return author_matches(c, f, stops);
	case COND_FROM_STATUS: return one_of(c, f->from_status);
	case COND_DKIM: return one_of(c, dkim_best(&f->dkim));
	case COND_DKIM_DOMAIN: return dkim_domain_matches(c, &f->dkim);
	case COND_ARC: return arc_matches(c, &f->arc);
	case COND_LIST: return one_of(c, f->list);
	case COND_DMARC: return one_of(c, f->dmarc.result);
	case COND_PUBLISHED: return has_policy(&f->dmarc) && one_of(c, f->dmarc.published);
	case COND_EFFECTIVE: return has_policy(&f->dmarc) && one_of(c, f->dmarc.effective);
	case COND_TESTING: return one_of(c, has_policy(&f->dmarc) && f->dmarc.record.testing);
	case COND_INTERNAL_ERROR: return one_of(c, f->internal_error || f->dmarc.internal_error);
	case COND_COUNT: break;
	}
	return false;
}

/* The answer of the DNS the condition rests on; 0: none, or one that is known at the end only. */
static unsigned condition_need(enum condition_id id)
{
	switch (id) {
	case COND_CLIENT_NAME:
	case COND_FORWARDER:
	case COND_IPREV: return NEED_IPREV;
	case COND_HELO: return NEED_HELO;
	case COND_SPF: return NEED_SPF;
	case COND_SPF_HELO: return NEED_SPF_HELO;
	default: return 0;
	}
}

static bool dkim_domain_undecided(const struct condition *c, const struct dkim_facts *d)
{
	for (size_t i = 0; i < d->count; i++)
		if (d->signature[i].result == DKIM_TEMPERROR &&
		    at_or_below_any(c, d->signature[i].domain))
			return true;
	return false;
}

/* A condition that does not hold: would it perhaps, had the DNS answered? */
static bool condition_undecided(const struct condition *c, const struct facts *f)
{
	switch (c->id) {
	case COND_CLIENT_NAME:
	case COND_FORWARDER:
	case COND_IPREV: return f->iprev.result == IPREV_TEMPERROR;
	case COND_HELO: return f->helo.result == HELO_TEMPERROR;
	case COND_SPF: return f->spf.result == SPF_TEMPERROR;
	case COND_SPF_HELO: return f->spf_helo.result == SPF_TEMPERROR;
	case COND_DKIM: return dkim_best(&f->dkim) == DKIM_TEMPERROR;
	case COND_DKIM_DOMAIN: return dkim_domain_undecided(c, &f->dkim);
	case COND_ARC: return f->arc.undecided;
	case COND_DMARC: return f->dmarc.result == DMARC_TEMPERROR;
	default: return false;
	}
}

static bool condition_known(const struct condition *c, const struct walk *w)
{
	if (w->stage == STAGE_END)
		return true;
	if (condition_need(c->id) != 0)
		return w->known & condition_need(c->id);
	return rule_key_at(c->id)->known <= w->stage;
}

/* YES: every condition holds. NO: one does not, whatever the others. UNKNOWN: the rest of the facts
 * will tell; `need_r` gets the DNS answers among them, and `later_r` whether there is anything
 * else. UNKNOWN is also the answer of a rule that refuses nothing and whose conditions hold but for
 * such as a DNS failure hides. */
static enum truth rule_matches(const struct rule *rule, const struct walk *w, unsigned *need_r,
			       bool *later_r)
{
	enum action action = rules_action(w->rules, rule);
	bool stops = action >= ACTION_QUARANTINE, hidden = false;

	*need_r = 0;
	*later_r = false;
	for (size_t i = 0; i < rule->condition_count; i++) {
		const struct condition *c = &rule->condition[i];

		if (condition_known(c, w)) {
			if (condition_matches(c, w, stops))
				continue;
			if (action >= ACTION_REJECT || !condition_undecided(c, w->f))
				return NO;
			hidden = true;
		} else if (condition_need(c->id) != 0 && rule_key_at(c->id)->known <= w->stage) {
			*need_r |= condition_need(c->id);
		} else {
			*later_r = true;
		}
	}
	return *need_r == 0 && !*later_r && !hidden ? YES : UNKNOWN;
}

/* -- the reason for the report (RFC 9990 3.1.6) -- */

/* The policy that the action amounts to. */
static enum dmarc_policy applied(enum action a)
{
	if (a == ACTION_REJECT)
		return POLICY_REJECT;
	return a == ACTION_QUARANTINE ? POLICY_QUARANTINE : POLICY_NONE;
}

/* What the rule's conditions say about its purpose. */
static const char *implied_reason(const struct rule *rule)
{
	const struct condition *c;

	if (rule == NULL)
		return "local_policy";
	if ((c = rule_condition(rule, COND_LIST)) != NULL && c->mask == 1u << 1)
		return "mailing_list";
	if (rule_condition(rule, COND_FORWARDER) != NULL)
		return "trusted_forwarder";
	return "local_policy";
}

/* The rule is there for chains of trusted sealers; what the report then says is RFC 8617 7.2.2's.
 */
static bool is_for_arc(const struct facts *f, const struct rule *rule)
{
	return rule != NULL && rule_condition(rule, COND_ARC) != NULL && f->arc.trusted;
}

/* A message that passed is due no refusal; one that failed, what is published. Anything else has a
 * reason. */
static void explain(const struct facts *f, const struct rule *rule, struct decision *d)
{
	const struct dmarc_facts *m = &f->dmarc;
	enum dmarc_policy due = m->result == DMARC_FAIL ? m->published : POLICY_NONE;

	if ((m->result != DMARC_FAIL && m->result != DMARC_PASS) ||
	    (applied(d->action) == due && d->action != ACTION_TEMPFAIL))
		return;
	if (m->result == DMARC_FAIL && m->record.testing && applied(d->action) == m->effective) {
		d->reason = "policy_test_mode";
	} else if (d->action != d->wanted) {
		d->reason = "local_policy";
		d->comment = "monitor mode";
	} else if (rule != NULL && rule->reason != NULL) {
		d->reason = rule->reason;
		d->comment = rule->comment != NULL ? rule->comment : "";
	} else {
		d->reason = implied_reason(rule);
		d->comment = rule != NULL && rule->comment != NULL ? rule->comment
			     : is_for_arc(f, rule)		   ? f->arc.chain
								   : "";
	}
}

/* -- decisions -- */

/* `hidden`: a DNS failure hides whether this earlier rule lets the message through. Then it is not
 * refused for good. */
static void decide(const struct walk *w, const struct rule *rule, const struct rule *hidden,
		   bool enforce, struct decision *d)
{
	*d = (struct decision){
	    .wanted = ACTION_ACCEPT, .rule = "default", .reason = "", .comment = ""};
	if (rule != NULL) {
		d->wanted = rules_action(w->rules, rule);
		d->rule = rule->name;
	}
	if (hidden != NULL && d->wanted == ACTION_REJECT) {
		d->wanted = ACTION_TEMPFAIL;
		d->undecided = hidden->name;
	}
	d->action = d->wanted >= ACTION_QUARANTINE && !enforce ? ACTION_MARK : d->wanted;
	if (action_refuses(d->wanted))
		reply_write(w->f, rule, d);
	explain(w->f, rule, d);
}

void policy_decide(const struct facts *f, const struct rules *r, bool enforce,
		   struct decision *out_r)
{
	const struct rule *rule = NULL, *hidden = NULL;
	struct walk w;
	unsigned need;
	bool later;

	walk_start(&w, f, r, STAGE_END);
	for (size_t i = 0; i < r->count && rule == NULL; i++) {
		enum truth match = rule_matches(r->rule[i], &w, &need, &later);

		rule = match == YES ? r->rule[i] : NULL;
		if (match == UNKNOWN && hidden == NULL)
			hidden = r->rule[i];
	}
	decide(&w, rule, hidden, enforce, out_r);
}

/* Walk on while a rule cannot match, or only its own early look-ups can tell. */
static unsigned need_of(const struct walk *w)
{
	unsigned all = 0, need;
	bool later;

	for (size_t i = 0; i < w->rules->count; i++) {
		const struct rule *rule = w->rules->rule[i];
		enum truth match = rule_matches(rule, w, &need, &later);

		if (match == NO)
			continue;
		if (match == YES || later || rule->stage > w->stage)
			break;
		all |= need;
	}
	return all;
}

bool policy_refuses_at(const struct rules *r, enum stage stage)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->rule[i]->stage == stage)
			return true;
	return false;
}

unsigned policy_need(const struct facts *f, const struct rules *r, enum stage stage)
{
	struct walk w;

	assert(stage < STAGE_END);
	walk_start(&w, f, r, stage);
	return need_of(&w);
}

bool policy_decide_early(const struct facts *f, const struct rules *r, enum stage stage,
			 bool enforce, struct decision *out_r)
{
	struct walk w;
	unsigned need;
	bool later;

	assert(stage < STAGE_END);
	walk_start(&w, f, r, stage);
	w.known = need_of(&w);
	for (size_t i = 0; i < r->count; i++) {
		const struct rule *rule = r->rule[i];
		enum truth match = rule_matches(rule, &w, &need, &later);

		if (match == NO)
			continue;
		/* In monitor mode the message goes on, so that everything about it is seen and
		 * recorded. */
		if (match == UNKNOWN ||
		    (rule->action != ACTION_SKIP && (rule->stage > stage || !enforce)))
			return false;
		decide(&w, rule, NULL, enforce, out_r);
		return true;
	}
	return false;
}
