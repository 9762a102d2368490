/* load_outcome.h - what became of one message: the verdict, the time it took, and the results that
 * the milters wrote. */
#ifndef ALIGND_BENCH_LOAD_OUTCOME_H
#define ALIGND_BENCH_LOAD_OUTCOME_H

#include "load_corpus.h"

enum verdict { V_ACCEPT, V_REJECT, V_TEMPFAIL, V_DISCARD, V_ERROR, VERDICTS };
extern const char *const verdict_name[VERDICTS];

/* Result words; 0: nothing written. */
enum { WORD_PASS = 1, WORDS = 10 };
extern const char *const word_name[WORDS];

struct outcome {
	double total, eom; /* seconds */
	unsigned char verdict, quarantine;
	unsigned char got[CHECKS]; /* into word_name */
	size_t message;		   /* in the corpus */
};

/* "pass" and so on as a number; a word that is not known is the last one. */
unsigned char word_of(const char *text, size_t n);

/* Note the results of a header field that a milter added: Authentication-Results by `authserv`
 * ("*": by anyone), and Received-SPF if no A-R names SPF. */
void outcome_field(struct outcome *o, const char *name, const char *value, const char *authserv);

#endif
