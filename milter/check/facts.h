/* facts.h - the plain results of every check of one message. No function here decides anything;
 * policy/ does. */
#ifndef ALIGND_CHECK_FACTS_H
#define ALIGND_CHECK_FACTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"
#include "base/domain.h"
#include "base/limits.h"
#include "check/dmarc_record.h"
#include "mail/mailbox.h"

#define REASON_SIZE 128
#define ARC_CHAIN_SIZE 512 /* some six sets; older ones are left out */

/* RFC 8601 2.7.3. NONE: not checked (no IP client). */
enum iprev_result { IPREV_NONE, IPREV_PASS, IPREV_FAIL, IPREV_TEMPERROR, IPREV_PERMERROR };

struct iprev_facts {
	enum iprev_result result;
	char name[DOMAIN_SIZE];	  /* pass: the confirmed name; else the first PTR name, or "" */
	char reason[REASON_SIZE]; /* "no PTR record", "mx.example has other addresses", ... */
};

/* NONE: no HELO given. INVALID: neither a host name nor an address literal. */
enum helo_result { HELO_NONE, HELO_MATCH, HELO_MISMATCH, HELO_INVALID, HELO_TEMPERROR };

struct helo_facts {
	enum helo_result result;
	char name[DOMAIN_SIZE]; /* normal form; "" if invalid or a literal */
	bool is_ptr_name;	/* the same as the confirmed PTR name */
};

/* RFC 7208 2.6. */
enum spf_result {
	SPF_NONE,
	SPF_NEUTRAL,
	SPF_PASS,
	SPF_FAIL,
	SPF_SOFTFAIL,
	SPF_TEMPERROR,
	SPF_PERMERROR
};

struct spf_facts {
	enum spf_result result;
	char domain[DOMAIN_SIZE];     /* the identity's domain, normal form; "" if it had none */
	char mechanism[REASON_SIZE];  /* the directive that matched, as written ("-all",
					 "include:x"); "" if none did */
	char matched_in[DOMAIN_SIZE]; /* whose record held it (after redirect) */
	char reason[REASON_SIZE];     /* for errors and none: why */
	char explanation[512]; /* fail only: exp= text, printable ASCII, theirs; "" if none */
	unsigned terms, voids; /* DNS terms and void look-ups used (RFC 7208 4.6.4) */
};

/* RFC 8601 2.7.1. */
enum dkim_result {
	DKIM_NONE,
	DKIM_PASS,
	DKIM_FAIL,
	DKIM_POLICY,
	DKIM_NEUTRAL,
	DKIM_TEMPERROR,
	DKIM_PERMERROR
};

enum alignment { ALIGNED_NO, ALIGNED_RELAXED, ALIGNED_STRICT };

struct dkim_signature {
	enum dkim_result result;
	char reason[REASON_SIZE];   /* "" for a plain pass */
	char domain[DOMAIN_SIZE];   /* d=, normal form; "" if missing or no name */
	char selector[DOMAIN_SIZE]; /* s= */
	char
	    identity[DOMAIN_SIZE + MAX_LOCAL_PART]; /* i= as given, printable ASCII; "" if absent */
	char algorithm[24];			    /* a= as given, printable ASCII */
	char b[17];		/* first 16 characters of b= without white space (RFC 6008) */
	unsigned key_bits;	/* 0 if no key was seen */
	bool testing;		/* key record says t=y */
	bool partial_body;	/* l= covers less than the body */
	enum alignment aligned; /* with the author domain; set by dmarc_check() */
};

struct dkim_facts {
	size_t count;
	size_t untried;			  /* signatures over MAX_DKIM_SIGNATURES */
	struct dkim_signature *signature; /* `count` of them, borrowed from the dkim_message */
};

/* RFC 8617; a hint from sealers the administrator trusts. */
enum arc_result { ARC_NONE, ARC_PASS, ARC_FAIL };

struct arc_facts {
	enum arc_result result;
	unsigned instances;
	char sealer[DOMAIN_SIZE]; /* d= of the newest seal of a passing chain */
	bool trusted;		  /* every sealer of the chain is listed */
	bool undecided; /* fail, but only for a key that could not be looked up; and all listed */
	char reason[REASON_SIZE];
	char chain[ARC_CHAIN_SIZE]; /* trusted: the chain for a DMARC report, see arc.h; else "" */
};

enum dmarc_result { DMARC_NONE, DMARC_PASS, DMARC_FAIL, DMARC_TEMPERROR, DMARC_PERMERROR };

enum dmarc_discovery { DISCOVERY_TREEWALK, DISCOVERY_PSL };

struct dmarc_facts {
	enum dmarc_result result;
	char reason[REASON_SIZE];
	char author_domain[DOMAIN_SIZE];
	char policy_domain[DOMAIN_SIZE]; /* where the record was found; "" if none. With temperror
					    perhaps the one that governs */
	char organizational_domain[DOMAIN_SIZE];
	struct dmarc_record record;  /* as published there; see policy_domain */
	enum dmarc_tag tag;	     /* the tag that gave the policy: p, sp or np */
	enum dmarc_policy published; /* that tag's policy */
	enum dmarc_policy effective; /* after t=y */
	enum dmarc_discovery discovery;
	enum alignment spf_aligned; /* ALIGNED_NO unless SPF passed and aligns */
	bool dkim_aligned;	    /* some passing signature aligns */
	bool internal_error;	    /* libopendmarc came to another verdict: treated as temperror */
};

struct facts {
	struct addr client;
	bool client_unknown; /* no address, and yet not local: the MTA does not know who it is */
	bool authenticated;  /* SMTP AUTH */
	bool null_sender;
	const char *mail_from;	       /* reverse-path without <>, borrowed; "" for null */
	const char *const *recipients; /* forward-paths without <>, borrowed */
	size_t recipient_count;
	enum from_status from_status;
	size_t author_count; /* distinct author domains, at most MAX_AUTHOR_DOMAINS */
	char author[MAX_AUTHOR_DOMAINS][DOMAIN_SIZE];
	bool list; /* List-Id or List-Post is there */
	struct iprev_facts iprev;
	struct helo_facts helo;
	struct spf_facts spf; /* MAIL FROM identity; postmaster@HELO for the null sender */
	struct spf_facts spf_helo;
	struct dkim_facts dkim;
	struct arc_facts arc;
	struct dmarc_facts dmarc; /* of the author domain with the strictest outcome */
	bool discoveries_differ;  /* compare_discovery: the other way of discovery says something
				     else */
	bool internal_error;	  /* a check failed for a reason of our own */
};

/* Names as in RFC 8601 and the configuration: "pass", "temperror", ... */
const char *iprev_result_name(enum iprev_result r);
const char *helo_result_name(enum helo_result r);
const char *spf_result_name(enum spf_result r);
const char *dkim_result_name(enum dkim_result r);
const char *arc_result_name(enum arc_result r);
const char *dmarc_result_name(enum dmarc_result r);
const char *dmarc_discovery_name(enum dmarc_discovery d); /* as in RFC 9990 too */

/* The result of all signatures together: pass if any passes; else temperror if any could not be
 * judged, as it might have passed; else the first one's; none without signatures. */
enum dkim_result dkim_best(const struct dkim_facts *f);

#endif
