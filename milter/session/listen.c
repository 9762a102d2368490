/* listen.c - who listens on a unix socket, and how it looks. */
#include "session/listen.h"

#include <errno.h>
#include <grp.h>
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

bool listen_taken(const char *path)
{
	const struct timeval limit = {.tv_sec = KNOCK_SECONDS};
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	bool taken;
	int fd;

	if (strlen(path) >= sizeof(un.sun_path))
		return false;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	strcpy(un.sun_path, path);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	taken = connect(fd, (const struct sockaddr *)&un, sizeof(un)) == 0 || errno == EAGAIN ||
		errno == EINPROGRESS;
	close(fd);
	return taken;
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
