/* load_mta.h - one message through a chain of milters, as Postfix does it: CONNECT to DATA go to
 * every milter in turn, then each in turn gets the whole message, with the header changes of those
 * before it. Events that need no reply leave with the next one that does. A reject or tempfail of
 * one ends the message for all. */
#ifndef ALIGND_BENCH_LOAD_MTA_H
#define ALIGND_BENCH_LOAD_MTA_H

#include <stdatomic.h>

#include "load_outcome.h"
#include "load_wire.h"

#define MAX_MILTERS 8
#define MAX_ADDED 64

/* Shared by all connections; constant but for the counters. */
struct load {
	const char *socket[MAX_MILTERS];
	size_t milters;
	const char *hostname; /* the macro {j} */
	const char *authserv; /* whose results count */
	bool early_id;	      /* {i} is known at MAIL, as in Sendmail */
	bool show, verbose;
	size_t chunk; /* of the body */
	int timeout_ms;
	atomic_ulong connects, replies, added, inserted, changed, replaced, other, skips, progress;
};

/* A milter of the chain. */
struct peer {
	struct wire wire;
	bool done;     /* it wants no more of this message */
	bool done_all; /* nor of this connection */
};

struct mta {
	struct load *load;
	struct peer peer[MAX_MILTERS];
	bool connected;
	/* The message at work. */
	const struct message *message;
	const char *rcpt;
	char queue_id[24], macro[512];
	struct field *field; /* the header as changed so far */
	size_t fields, room;
	struct field added[MAX_ADDED];
	size_t added_count;
	char *body;
	size_t body_len;
	bool own_body;
};

void mta_init(struct mta *m, struct load *load);

/* Send it and note verdict, times and results. */
void mta_send(struct mta *m, const struct message *message, const char *queue_id,
	      struct outcome *o);

/* ABORT, QUIT_NC to all; the end of the connections. */
void mta_tell(struct mta *m, enum command command);
void mta_hang_up(struct mta *m);

/* Seconds that only go forward. */
double now(void);

#endif
