/* nullmilter.c - a milter that does nothing, to measure what libmilter itself costs. Runs in the
 * foreground until SIGTERM.
 *
 *   full     every callback is there and answers: the MTA waits for each, the dearest shape
 *   noreply  the same callbacks, but SMFIP_NR_* is agreed for all but the end of the message
 *   hdr      like noreply, and one header field is added at the end
 *   skip     only the end is asked for, everything else is switched off
 *   accept   ACCEPT is answered at CONNECT */
#include <errno.h>
#include <libmilter/mfapi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum mode { M_FULL, M_NOREPLY, M_HDR, M_SKIP, M_ACCEPT };
static enum mode mode = M_FULL;

/* In "noreply" modes libmilter demands SMFIS_NOREPLY where NR was negotiated and the MTA offered
 * it. */
static sfsistat step(void)
{
	return (mode == M_NOREPLY || mode == M_HDR) ? SMFIS_NOREPLY : SMFIS_CONTINUE;
}

static sfsistat cb_connect(SMFICTX *ctx, char *host, _SOCK_ADDR *addr)
{
	(void)ctx, (void)host, (void)addr;
	return mode == M_ACCEPT ? SMFIS_ACCEPT : step();
}
static sfsistat cb_helo(SMFICTX *ctx, char *helo)
{
	(void)ctx, (void)helo;
	return step();
}
static sfsistat cb_mail(SMFICTX *ctx, char **argv)
{
	(void)ctx, (void)argv;
	return step();
}
static sfsistat cb_rcpt(SMFICTX *ctx, char **argv)
{
	(void)ctx, (void)argv;
	return step();
}
static sfsistat cb_data(SMFICTX *ctx)
{
	(void)ctx;
	return step();
}
static sfsistat cb_header(SMFICTX *ctx, char *n, char *v)
{
	(void)ctx, (void)n, (void)v;
	return step();
}
static sfsistat cb_eoh(SMFICTX *ctx)
{
	(void)ctx;
	return step();
}
static sfsistat cb_body(SMFICTX *ctx, unsigned char *b, size_t l)
{
	(void)ctx, (void)b, (void)l;
	return step();
}

static sfsistat cb_eom(SMFICTX *ctx)
{
	if (mode == M_HDR)
		smfi_insheader(ctx, 0, "Authentication-Results", "mx.example; none");
	return SMFIS_CONTINUE;
}

#define NR_ALL \
	(SMFIP_NR_CONN | SMFIP_NR_HELO | SMFIP_NR_MAIL | SMFIP_NR_RCPT | SMFIP_NR_DATA | \
	 SMFIP_NR_HDR | SMFIP_NR_EOH | SMFIP_NR_BODY)
#define NO_ALL \
	(SMFIP_NOCONNECT | SMFIP_NOHELO | SMFIP_NOMAIL | SMFIP_NORCPT | SMFIP_NOHDRS | \
	 SMFIP_NOEOH | SMFIP_NOBODY | SMFIP_NODATA | SMFIP_NOUNKNOWN)

static sfsistat cb_negotiate(SMFICTX *ctx, unsigned long f0, unsigned long f1, unsigned long f2,
			     unsigned long f3, unsigned long *pf0, unsigned long *pf1,
			     unsigned long *pf2, unsigned long *pf3)
{
	(void)ctx, (void)f2, (void)f3;
	*pf0 = f0 & SMFIF_ADDHDRS;
	*pf1 = 0;
	if (mode == M_NOREPLY || mode == M_HDR) {
		if ((f1 & NR_ALL) != NR_ALL) {
			fprintf(
			    stderr,
			    "nullmilter: the MTA does not offer SMFIP_NR_*, answering anyway\n");
			mode = M_FULL;
		} else
			*pf1 = NR_ALL;
		*pf1 |= f1 & SMFIP_NOUNKNOWN;
	} else if (mode == M_SKIP)
		*pf1 = f1 & NO_ALL;
	*pf2 = *pf3 = 0;
	return SMFIS_CONTINUE;
}

int main(int argc, char **argv)
{
	struct smfiDesc d = {.xxfi_name = "nullmilter",
			     .xxfi_version = SMFI_VERSION,
			     .xxfi_flags = SMFIF_ADDHDRS,
			     .xxfi_connect = cb_connect,
			     .xxfi_helo = cb_helo,
			     .xxfi_envfrom = cb_mail,
			     .xxfi_envrcpt = cb_rcpt,
			     .xxfi_data = cb_data,
			     .xxfi_header = cb_header,
			     .xxfi_eoh = cb_eoh,
			     .xxfi_body = cb_body,
			     .xxfi_eom = cb_eom,
			     .xxfi_negotiate = cb_negotiate};
	static const char *const names[] = {"full", "noreply", "hdr", "skip", "accept"};
	char *sock = NULL;
	int c, backlog = 512;

	while ((c = getopt(argc, argv, "p:m:b:h")) != -1) {
		switch (c) {
		case 'p': sock = optarg; break;
		case 'b': backlog = atoi(optarg); break;
		case 'm': {
			size_t i;
			for (i = 0;
			     i < sizeof names / sizeof *names && strcmp(names[i], optarg) != 0; i++)
				;
			if (i == sizeof names / sizeof *names) {
				fprintf(stderr, "nullmilter: unknown mode %s\n", optarg);
				return 2;
			}
			mode = (enum mode)i;
			break;
		}
		default:
			fprintf(stderr, "usage: nullmilter -p SOCKET [-m "
					"full|noreply|hdr|skip|accept] [-b backlog]\n");
			return c == 'h' ? 0 : 2;
		}
	}
	if (sock == NULL || backlog < 1) {
		fprintf(
		    stderr,
		    "usage: nullmilter -p SOCKET [-m full|noreply|hdr|skip|accept] [-b backlog]\n");
		return 2;
	}
	if (strncmp(sock, "local:", 6) == 0 && unlink(sock + 6) != 0 && errno != ENOENT) {
		perror(sock + 6);
		return 1;
	}
	smfi_setbacklog(backlog);
	if (smfi_setconn(sock) == MI_FAILURE || smfi_register(d) == MI_FAILURE) {
		fprintf(stderr, "nullmilter: smfi_setconn/smfi_register failed\n");
		return 1;
	}
	return smfi_main() == MI_SUCCESS ? 0 : 1;
}
