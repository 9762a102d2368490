/* read_ahead.h - read a connection in large pieces, though libmilter asks for small ones. An MTA
 * that waits for no answer sends a message in a few large writes, of eighty packets or so;
 * libmilter takes each packet with three calls of poll() and two of read(), which is near half of
 * all that a message costs. It has no function to change that, so read_ahead.c takes the place of
 * read() and poll() in the whole program: for the sockets given to it here they look into a buffer
 * first, for all others they do what they always do. */
#ifndef ALIGND_SESSION_READ_AHEAD_H
#define ALIGND_SESSION_READ_AHEAD_H

/* Read ahead on the file descriptor that this thread has polled and read last: in a callback of
 * libmilter that is the connection's, which it tells nobody. Returns it, for read_ahead_stop(); -1:
 * there is none, it is not a socket, or memory is short; then all goes on as without. One thread at
 * a time may read it. */
int read_ahead_start(void);

/* Before the file descriptor is closed; what is read and not used is lost. -1 is fine. */
void read_ahead_stop(int fd);

#endif
