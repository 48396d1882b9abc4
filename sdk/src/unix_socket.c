/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * See unix_socket.h. Nothing found is kept: DPDK may close a descriptor at any time, and its number
 * may be another file's a moment later.
 */

#include "unix_socket.h"

#include <dirent.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* What a descriptor is to a path. */
enum relation {
	RELATION_NONE,
	RELATION_LISTENER,
	RELATION_CONNECTION,
};

/* What begins with the `n`-th word of a line, counted from 0. */
static const char *word(const char *line, unsigned int n)
{
	line += strspn(line, " ");
	for (; n > 0; n--) {
		line += strcspn(line, " ");
		line += strspn(line, " ");
	}
	return line;
}

bool unix_socket_listening(const char *path)
{
	char line[512];
	bool found = false;
	FILE *f = fopen("/proc/net/unix", "re");

	while (f != NULL && !found && fgets(line, sizeof(line), f) != NULL) {
		/* Num: RefCount Protocol Flags Type St Inode Path; a listener has flag 0x10000. */
		const char *name = word(line, 7);
		size_t len = strcspn(name, "\n");

		found = (strtoul(word(line, 3), NULL, 16) & 0x10000u) != 0 && len == strlen(path) &&
			memcmp(name, path, len) == 0;
	}
	if (f != NULL)
		fclose(f);
	return found;
}

static bool address_is(const struct sockaddr_un *address, const char *path)
{
	return address->sun_family == AF_UNIX &&
	       strncmp(address->sun_path, path, sizeof(address->sun_path)) == 0;
}

static enum relation relation_of(int fd, const char *path)
{
	struct sockaddr_un own = { .sun_family = AF_UNSPEC }, peer = { .sun_family = AF_UNSPEC };
	socklen_t own_len = sizeof(own), peer_len = sizeof(peer), len = sizeof(int);
	int listening = 0;

	if (getsockname(fd, (struct sockaddr *)&own, &own_len) < 0 || own.sun_family != AF_UNIX)
		return RELATION_NONE;
	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) == 0 && listening != 0)
		return address_is(&own, path) ? RELATION_LISTENER : RELATION_NONE;
	if (getpeername(fd, (struct sockaddr *)&peer, &peer_len) < 0)
		peer.sun_family = AF_UNSPEC;
	return address_is(&own, path) || address_is(&peer, path) ? RELATION_CONNECTION
								 : RELATION_NONE;
}

static void each_descriptor(const char *path, void (*visit)(int fd, enum relation is, void *arg),
			    void *arg)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		int fd = (int)strtol(entry->d_name, NULL, 10);
		enum relation is;

		if (entry->d_name[0] == '.' || fd == dirfd(dir))
			continue;
		is = relation_of(fd, path);
		if (is != RELATION_NONE)
			visit(fd, is, arg);
	}
	if (dir != NULL)
		closedir(dir);
}

static void note_alive(int fd, enum relation is, void *arg)
{
	struct pollfd p = { .fd = fd, .events = POLLRDHUP };
	bool *alive = arg;

	if (is == RELATION_CONNECTION && poll(&p, 1, 0) >= 0 &&
	    (p.revents & (POLLRDHUP | POLLHUP | POLLERR | POLLNVAL)) == 0)
		*alive = true;
}

bool unix_connection_alive(const char *path)
{
	bool alive = false;

	each_descriptor(path, note_alive, &alive);
	return alive;
}

static void note_open(int fd, enum relation is, void *arg)
{
	bool *open = arg;

	(void)fd;
	*open |= is == RELATION_CONNECTION;
}

bool unix_connection_open(const char *path)
{
	bool open = false;

	each_descriptor(path, note_open, &open);
	return open;
}

static void cut(int fd, enum relation is, void *arg)
{
	const enum relation *which = arg;

	if (is == *which)
		shutdown(fd, SHUT_RDWR);
}

void unix_connection_cut(const char *path)
{
	enum relation which = RELATION_CONNECTION;

	each_descriptor(path, cut, &which);
}

void unix_listener_cut(const char *path)
{
	enum relation which = RELATION_LISTENER;

	each_descriptor(path, cut, &which);
}

static void reclaim(int fd, enum relation is, void *arg)
{
	(void)is;
	(void)arg;
	close(fd);
}

void unix_socket_reclaim(const char *path)
{
	each_descriptor(path, reclaim, NULL);
}
