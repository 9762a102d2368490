/* rule_key.c - the keys of a rule. */
#include "policy/rule_key.h"

#include <string.h>

#define CONDITION(kind, stage, name, choices, help)                                                \
	{{name, choices, help, true, (kind) != KEY_YESNO}, kind, stage}
#define SETTING(kind, name, choices, help) {{name, choices, help, false, false}, kind, STAGE_END}

/* The conditions stand in the order of enum condition_id; choices in the order of the enums of facts.h. */
static const struct key keys[] = {
    [COND_AUTHENTICATED] = CONDITION(KEY_YESNO, STAGE_MAIL, "authenticated", "no|yes",
				     "The client logged in (SMTP AUTH)."),
    [COND_CLIENT] = CONDITION(KEY_NETWORKS, STAGE_CONNECT, "client", "",
			      "Networks or addresses of the client; the word local stands for a client without an "
			      "IP address, that is mail handed in on this host."),
    [COND_CLIENT_NAME] = CONDITION(KEY_DOMAINS, STAGE_CONNECT, "client_name", "",
				   "Domains; the client's name, confirmed forward (iprev = pass), is one of them "
				   "or below."),
    [COND_FORWARDER] = CONDITION(KEY_DOMAINS, STAGE_CONNECT, "forwarder", "",
				 "The same as client_name, for clients known to forward mail: the aggregate report "
				 "then gives the reason trusted_forwarder."),
    [COND_IPREV] = CONDITION(KEY_WORDS, STAGE_CONNECT, "iprev", "none|pass|fail|temperror|permerror",
			     "Reverse DNS of the client with forward confirmation (RFC 8601 3); permerror: no PTR "
			     "record; none: the client has no IP address."),
    [COND_HELO] = CONDITION(KEY_WORDS, STAGE_MAIL, "helo", "none|match|mismatch|invalid|temperror",
			    "The HELO name: its addresses hold the client or do not, or it is no name at all."),
    [COND_SPF] = CONDITION(KEY_WORDS, STAGE_MAIL, "spf", "none|neutral|pass|fail|softfail|temperror|permerror",
			   "SPF of the envelope sender, of the HELO name for the null sender (RFC 7208)."),
    [COND_SPF_HELO] = CONDITION(KEY_WORDS, STAGE_MAIL, "spf_helo",
				"none|neutral|pass|fail|softfail|temperror|permerror", "SPF of the HELO name."),
    [COND_MAIL_FROM] = CONDITION(KEY_ADDRESSES, STAGE_MAIL, "mail_from", "",
				 "Envelope sender: whole addresses, or domains, which stand for all below them too. "
				 "Anyone can write it: add spf = pass where it opens a door."),
    [COND_NULL_SENDER] = CONDITION(KEY_YESNO, STAGE_MAIL, "null_sender", "no|yes",
				   "The envelope sender is empty: a bounce or other notice."),
    [COND_RECIPIENT] = CONDITION(KEY_ADDRESSES, STAGE_END, "recipient", "",
				 "Recipients, as for mail_from. If the action stops the mail (quarantine, reject, "
				 "tempfail), one of the message's recipients is enough; else all must be listed."),
    [COND_FROM] = CONDITION(KEY_DOMAINS, STAGE_END, "from", "",
			    "Domains; the author domain (From) is one of them or below. Of several author domains "
			    "one is enough if the action stops the mail, else all must be listed."),
    [COND_FROM_STATUS] = CONDITION(KEY_WORDS, STAGE_END, "from_status", "ok|missing|repeated|multiple|malformed",
				   "Whether there is one From field with one author domain. multiple: one field with "
				   "several author domains; the strictest outcome counts for dmarc."),
    [COND_DKIM] = CONDITION(KEY_WORDS, STAGE_END, "dkim", "none|pass|fail|policy|neutral|temperror|permerror",
			    "The best of the signatures: pass if any passes, else temperror if any is, else the first "
			    "one's result."),
    [COND_DKIM_DOMAIN] = CONDITION(KEY_DOMAINS, STAGE_END, "dkim_domain", "",
				   "Domains; the d= of a passing signature is one of them or below."),
    [COND_ARC] = CONDITION(KEY_WORDS, STAGE_END, "arc", "none|pass|fail|trusted",
			   "The ARC chain (RFC 8617). trusted: it passes and all its sealers are in trusted_sealers; "
			   "such a chain is also pass."),
    [COND_LIST] = CONDITION(KEY_YESNO, STAGE_END, "list", "no|yes",
			    "The message has a List-Id or List-Post field. Anyone can write one: do not accept on it "
			    "alone."),
    [COND_DMARC] = CONDITION(KEY_WORDS, STAGE_END, "dmarc", "none|pass|fail|temperror|permerror",
			     "The DMARC result (RFC 9989); none: no policy is published."),
    [COND_PUBLISHED] = CONDITION(KEY_WORDS, STAGE_END, "published", "none|quarantine|reject",
				 "The policy published for the author domain, whatever its t= says. False if there is "
				 "none."),
    [COND_EFFECTIVE] = CONDITION(KEY_WORDS, STAGE_END, "effective", "none|quarantine|reject",
				 "The policy as it is to be applied: one step milder than published if the owner is "
				 "testing (t=y). False if there is none."),
    [COND_TESTING] = CONDITION(KEY_YESNO, STAGE_END, "testing", "no|yes",
			       "The domain owner is testing the policy (t=y)."),
    [COND_INTERNAL_ERROR] = CONDITION(KEY_YESNO, STAGE_END, "internal_error", "no|yes",
				      "A check failed for a reason of alignd's own, such as lack of memory."),
    SETTING(KEY_ACTION, "action", "skip|accept|mark|quarantine|reject|tempfail|on_error|on_temperror",
	    "What to do. skip: no checks and no stamp. accept: deliver, stamped. mark: the same, and the log says that a "
	    "rule asked for it. quarantine: see quarantine_by. on_error and on_temperror: what the options of these "
	    "names say. Every rule has one."),
    SETTING(KEY_STAGE, "stage", "connect|mail",
	    "Act before the message is sent: with connect when the client connects (client, client_name, forwarder and "
	    "iprev can be asked), with mail at MAIL FROM (also helo, spf_helo, spf, authenticated, mail_from and "
	    "null_sender). Nothing about such mail reaches the aggregate reports. The rule waits while a rule before it "
	    "could still match."),
    SETTING(KEY_REASON, "reason", "local_policy|mailing_list|other|trusted_forwarder",
	    "Why the published policy is not followed, for the aggregate report. By default drawn from the conditions, "
	    "else local_policy."),
    SETTING(KEY_COMMENT, "comment", "", "A few words to go with the reason, for the domain owner to read."),
    SETTING(KEY_CODE, "code", "", "The reply codes of reject and tempfail, such as \"550 5.7.1\"; by default chosen "
				  "from the conditions (RFC 7372)."),
    SETTING(KEY_TEXT, "text", "", "The reply text of reject and tempfail. %{from} is the author domain, %{client} the "
				  "client's address, %{client_name} its confirmed name, %{helo} its HELO name, "
				  "%{mail_from} the domain of the envelope sender, %{rule} the rule; %% a percent "
				  "sign."),
};

#define KEY_COUNT (sizeof(keys) / sizeof(keys[0]))

const struct key *rule_key_find(const char *name)
{
	for (size_t i = 0; i < KEY_COUNT; i++)
		if (strcmp(keys[i].key.name, name) == 0)
			return &keys[i];
	return NULL;
}

const struct key *rule_key_of(enum condition_id id)
{
	return &keys[id];
}

size_t rule_key_index(const struct key *key)
{
	return (size_t)(key - keys);
}

const struct rule_key *rule_key_at(size_t i)
{
	return i < KEY_COUNT ? &keys[i].key : NULL;
}
