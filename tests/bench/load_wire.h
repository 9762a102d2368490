/* load_wire.h - the MTA's end of one connection to a milter, protocol version 6: packets out and
 * in, and what the milter negotiated. */
#ifndef ALIGND_BENCH_LOAD_WIRE_H
#define ALIGND_BENCH_LOAD_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* MTA to milter. */
enum command {
	C_ABORT = 'A',
	C_BODY = 'B',
	C_CONNECT = 'C',
	C_MACRO = 'D',
	C_EOM = 'E',
	C_HELO = 'H',
	C_QUIT_NC = 'K',
	C_HEADER = 'L',
	C_MAIL = 'M',
	C_EOH = 'N',
	C_OPTNEG = 'O',
	C_QUIT = 'Q',
	C_RCPT = 'R',
	C_DATA = 'T'
};

/* Milter to MTA. */
enum reply {
	R_ADDRCPT = '+',
	R_DELRCPT = '-',
	R_ADDRCPT_PAR = '2',
	R_SHUTDOWN = '4',
	R_ACCEPT = 'a',
	R_REPLBODY = 'b',
	R_CONTINUE = 'c',
	R_DISCARD = 'd',
	R_CHGFROM = 'e',
	R_CONNFAIL = 'f',
	R_ADDHEADER = 'h',
	R_INSHEADER = 'i',
	R_CHGHEADER = 'm',
	R_PROGRESS = 'p',
	R_QUARANTINE = 'q',
	R_REJECT = 'r',
	R_SKIP = 's',
	R_TEMPFAIL = 't',
	R_REPLYCODE = 'y'
};

/* Steps that a milter may switch off (NO) or leave unanswered (NR). */
enum {
	P_NOCONNECT = 0x1,
	P_NOHELO = 0x2,
	P_NOMAIL = 0x4,
	P_NORCPT = 0x8,
	P_NOBODY = 0x10,
	P_NOHDRS = 0x20,
	P_NOEOH = 0x40,
	P_NR_HDR = 0x80,
	P_NODATA = 0x200,
	P_NR_CONN = 0x1000,
	P_NR_HELO = 0x2000,
	P_NR_MAIL = 0x4000,
	P_NR_RCPT = 0x8000,
	P_NR_DATA = 0x10000,
	P_NR_EOH = 0x40000,
	P_NR_BODY = 0x80000,
	P_LEADSPC = 0x100000,
	P_ALL = 0x1fffff
};

/* The stages that macros are sent for, in the milter's numbering. */
enum stage { ST_CONNECT, ST_HELO, ST_MAIL, ST_RCPT, ST_DATA, ST_EOM, ST_EOH, STAGES };

struct wire {
	int fd; /* -1: not connected */
	int timeout_ms;
	bool verbose;	      /* print what comes */
	uint32_t steps;	      /* what the milter asked for */
	char *macros[STAGES]; /* its own lists, or NULL */
	unsigned char *out;
	size_t out_len, out_size;
	unsigned char *in; /* the last packet, without the command; two NUL follow */
	size_t in_len, in_size;
	unsigned char read[16384];
	size_t read_at, read_end;
};

/* "unix:/path", "local:/path" or "inet:port@host" (numeric). Connects and negotiates. */
bool wire_open(struct wire *w, const char *address);
void wire_close(struct wire *w);

/* Append a packet of two parts; it leaves with the next flush, as an MTA's do. */
bool wire_put(struct wire *w, enum command command, const void *a, size_t a_len, const void *b,
	      size_t b_len);
bool wire_flush(struct wire *w);

/* Wait for a packet: its command (enum reply), or -1. */
int wire_get(struct wire *w);

#endif
