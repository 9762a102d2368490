/* load_corpus.h - the messages that the load generator sends: envelopes from a TSV file, one
 * message a line, columns file client_ip client_name helo mail_from rcpt[,rcpt...] [class iprev spf
 * dkim dmarc]
 * "#" starts a comment, "<>" is the null sender, "-" is "nothing expected". The last four are the
 * expected results. "file?word" is the file with the word in place of each "{}". */
#ifndef ALIGND_BENCH_LOAD_CORPUS_H
#define ALIGND_BENCH_LOAD_CORPUS_H

#include <stdbool.h>
#include <stddef.h>

/* The checks whose results are compared with the corpus. */
enum check { CHECK_IPREV, CHECK_SPF, CHECK_DKIM, CHECK_DMARC, CHECKS };
extern const char *const check_name[CHECKS];

struct field {
	char *name, *value; /* value: all after the colon, leading space kept, folds as LF */
	bool own;	    /* made for this run of the message */
};

struct message {
	const char *file, *ip, *name, *helo, *from, *class;
	const char **rcpt;
	size_t rcpts;
	const char *expect[CHECKS]; /* NULL: nothing */
	struct field *field;
	size_t fields;
	char *body; /* line ends CRLF */
	size_t body_len;
};

struct corpus {
	struct message *message;
	size_t count;
};

/* Read the envelopes and the messages in `dir` that they name. Ends the program if something is
 * wrong. */
void corpus_load(struct corpus *c, const char *tsv, const char *dir);

/* For a tool that has nothing to lose: a message and exit(2), and memory or the same. */
void die(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
void *grow(void *old, size_t n);
char *copy(const char *text, size_t n);

#endif
