/* listen.c - who listens on an address, and how a unix socket looks. */
#include "session/listen.h"

#include <errno.h>
#include <grp.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define KNOCK_SECONDS 2 /* a listener whose queue is full does not answer at all */

const char *listen_path(const char *address)
{
	return strncmp(address, "unix:", 5) == 0 ? address + 5 : NULL;
}

static bool knock(int family, const void *address, socklen_t size)
{
	const struct timeval limit = {.tv_sec = KNOCK_SECONDS};
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool there;

	if (fd < 0)
		return false;
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	there = connect(fd, address, size) == 0 || errno == EAGAIN || errno == EINPROGRESS;
	close(fd);
	return there;
}

static bool knock_unix(const char *path)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof(un.sun_path))
		return false;
	strcpy(un.sun_path, path);
	return knock(AF_UNIX, &un, sizeof(un));
}

/* "port@host" or "port@[address]"; a name has addresses of both families. */
static bool knock_inet(int family, const char *place)
{
	const struct addrinfo hints = {
	    .ai_family = family, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
	struct addrinfo *found;
	char port[16], host[256];
	bool there = false;

	if (sscanf(place, "%15[^@]@%*[[]%255[^]]", port, host) != 2 &&
	    sscanf(place, "%15[^@]@%255s", port, host) != 2)
		return false;
	if (getaddrinfo(host, port, &hints, &found) != 0)
		return false;
	for (const struct addrinfo *a = found; a != NULL && !there; a = a->ai_next)
		there = knock(a->ai_family, a->ai_addr, a->ai_addrlen);
	freeaddrinfo(found);
	return there;
}

bool listen_knock(const char *address)
{
	const char *path = listen_path(address);

	if (path != NULL)
		return knock_unix(path);
	if (strncmp(address, "inet:", 5) == 0)
		return knock_inet(AF_INET, address + 5);
	return strncmp(address, "inet6:", 6) == 0 && knock_inet(AF_INET6, address + 6);
}

bool listen_dress(const char *path, uid_t owner, const char *group, mode_t mode, struct error *why)
{
	const struct group *g = group[0] != '\0' ? getgrnam(group) : NULL;
	gid_t gid = g != NULL ? g->gr_gid : (gid_t)-1;

	if (group[0] != '\0' && g == NULL) {
		error_set(why, "socket_group = %s: there is no such group", group);
		return false;
	}
	if (chown(path, owner, gid) == 0 && chmod(path, mode) == 0)
		return true;
	error_set(why, "cannot set owner, group and mode of %s: %s", path, strerror(errno));
	return false;
}
