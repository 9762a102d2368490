/* limits.h - every bound of the program, each with its reason. What comes from outside meets one of
 * these first. */
#ifndef ALIGND_BASE_LIMITS_H
#define ALIGND_BASE_LIMITS_H

/* What one message below 10 MiB costs, by all of these together: half a second of CPU at most (50
 * ms for each MiB of a body with all kinds of signatures), no memory that grows with its body, 512
 * questions, and message_deadline. tests/system/test_bounds.py measures it. The one thing without
 * a bound of ours is the number of header fields: libmilter's four system calls for each cost three
 * microseconds before we see it, what we add is a fiftieth of that. */

/* -- mail -- */

/* Header fields kept of one message. Real mail stays under 200; a flood of them must not grow
 * memory. */
#define MAX_HEADER_FIELDS 1000
/* Bytes of one header field that are kept; Postfix's header_size_limit is 102400. */
#define MAX_HEADER_FIELD_BYTES 131072
/* Author domains evaluated (RFC 9989 11.5 advises a cap); one is normal, three is already odd. */
#define MAX_AUTHOR_DOMAINS 4
/* Addresses read in one From field. */
#define MAX_FROM_ADDRESSES 64
/* A local part (RFC 5321 4.5.3.1.1 says 64; some senders' VERP needs more). */
#define MAX_LOCAL_PART 256
/* A HELO argument; RFC 5321 4.5.3.1 allows 255 bytes of domain. */
#define MAX_HELO_BYTES 512
/* Recipients remembered of one message, for rules and for a redirection; Postfix hands over 1000 at
 * most unless told otherwise. A message with more counts as an internal error: what does not know
 * them all could let one slip through. */
#define MAX_RECIPIENTS 10000
/* Received fields of one name that speak in our name and are removed; a message with more is put
 * off. For each, libmilter writes a packet and Postfix walks through the header: ten thousand would
 * cost half a second here and more there. */
#define MAX_UNWANTED_FIELDS 1000
/* Nesting of comments in a structured header field. */
#define MAX_COMMENT_DEPTH 16

/* -- DNS -- */

/* Questions one message may ask. The checks' own limits add up to less, so honest evaluation never
 * meets it. */
#define MAX_MESSAGE_QUESTIONS 512
/* Questions asked ahead of need for one message: an attacker's records decide their names. */
#define MAX_HINTED_QUESTIONS 64
/* Records of one answer that are kept: domains with a hundred TXT records exist, and one of them is
 * the policy. More TXT records make the answer a failure. */
#define MAX_ANSWER_RECORDS 256
/* Bytes of one TXT record kept after joining; real SPF, DKIM and DMARC records are under 4 KB. */
#define MAX_TXT_BYTES 16384

/* Questions on their way to the DNS at one time (fewer if few files may be open: each needs a
 * socket), some 12 KB each in libunbound. Names that nobody answers stay for ten seconds after
 * their askers have gone; a flood of them must end in temporary errors, not in lack of memory. */
#define MAX_OPEN_QUESTIONS 3072
/* Askers waiting for them; a hundred bytes each. */
#define MAX_QUESTION_WAITERS 65536

/* -- checks -- */

/* PTR names whose addresses are looked up (RFC 8601 3, RFC 7208 4.6.4). */
#define MAX_PTR_NAMES 10
/* SPF terms that ask the DNS (RFC 7208 4.6.4). */
#define MAX_SPF_TERMS 10
/* Void look-ups allowed in one SPF check (RFC 7208 4.6.4). */
#define MAX_SPF_VOIDS 2
/* Bytes of one SPF domain-spec that are expanded: the name is 253 at most, macros multiply the
 * work. */
#define MAX_SPF_SPEC 1024
/* DKIM signatures verified. libopendkim hashes the body once for each canonical form. */
#define MAX_DKIM_SIGNATURES 16
/* Of these, signatures that are hashed here, because of l=, UTF-8 or odd white space: each costs a
 * hash of its own over the body. */
#define MAX_OWN_HASHES 4
/* Names in h=; real ones have below 60, and each is searched in all fields. */
#define MAX_SIGNED_NAMES 256
/* Key records tried at one name. RFC 6376 6.1.2 leaves several records to us: any one that verifies
 * will do, since their order means nothing; with more of them the answer would depend on it. Keys
 * of 8192 bits, 16 signatures and a chain of 50 ARC sets cost a fifth of a second. */
#define MAX_KEY_RECORDS 4
/* Bytes of one DKIM-Signature or ARC field that is verified; real ones are under 3 KB. */
#define MAX_SIGNATURE_FIELD_BYTES 16384
/* Bytes of header kept to verify signatures; real headers are under 100 KB. */
#define MAX_SIGNED_HEADER_BYTES 1048576
/* ARC sets of one message (RFC 8617 4.2.1). */
#define MAX_ARC_SETS 50
/* Decoded DKIM keys kept, about 2 KB each. */
#define MAX_DKIM_KEYS 8192
/* Queries of one DMARC tree walk (RFC 9989 4.10). */
#define MAX_TREE_WALK 8

/* -- configuration -- */

/* Rules, all tried for each message in the worst case. */
#define MAX_RULES 1000
/* Values of one list in a rule; compared one by one. */
#define MAX_RULE_VALUES 1000

#endif
