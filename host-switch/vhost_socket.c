/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The file side of a vhost-user socket: whose it is, who may connect, and what a program that died
 * left behind. A path that we serve is held by a lock on PATH.lock, never probed by connecting: a
 * waiting guest would take the probe for its peer. Control thread, except the timeouts.
 */
#include "port_vhost.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <libgen.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* A peer that begins a message must end it within this time: frontends send each in one piece. */
#define RECEIVE_TIMEOUT_US 100000
/* Room for an answer is looked for before; this is for a peer whose buffer is tiny. */
#define SEND_TIMEOUT_US 10000
/* Sockets that the process may have come with, and it is looked for (systemd gives it two). */
#define INHERITED_MAX 64
#define LOCK_TRIES 3

/* ---- key checks ---- */

int hsw_check_socket_path(const void *field, char *why, size_t why_size)
{
	const char *path = *(const char *const *)field;
	size_t length = strlen(path);

	if (length > HSW_SOCKET_PATH_MAX) {
		snprintf(why, why_size,
			 "the path has %zu octets, but at most %d are possible; use a shorter one",
			 length, HSW_SOCKET_PATH_MAX);
		return -EINVAL;
	}
	if (path[0] != '/') {
		snprintf(why, why_size, "\"%s\" is not absolute; begin it with /", path);
		return -EINVAL;
	}
	if (path[length - 1] == '/') {
		snprintf(why, why_size, "\"%s\" ends with /; add the socket's name", path);
		return -EINVAL;
	}
	return 0;
}

int hsw_check_owner(const void *field, char *why, size_t why_size)
{
	const char *name = *(const char *const *)field;

	if (name[0] == '\0' || getpwnam(name) != NULL)
		return 0;
	snprintf(why, why_size, "there is no user \"%s\"", name);
	return -EINVAL;
}

int hsw_check_group(const void *field, char *why, size_t why_size)
{
	const char *name = *(const char *const *)field;

	if (name[0] == '\0' || getgrnam(name) != NULL)
		return 0;
	snprintf(why, why_size, "there is no group \"%s\"", name);
	return -EINVAL;
}

/* ---- claiming a path ---- */

int hsw_socket_check_directory(const char *port, const char *path)
{
	char copy[HSW_SOCKET_PATH_MAX + 1];
	struct stat st;
	const char *dir;

	snprintf(copy, sizeof(copy), "%s", path);
	dir = dirname(copy);
	if (stat(dir, &st) == 0 && S_ISDIR(st.st_mode))
		return 0;
	vnf_error(
		"port \"%s\": the directory %s of its socket does not exist; create it, or change "
		"`socket`",
		port, dir);
	return -ENOENT;
}

bool hsw_socket_is_same(const char *a, const char *b)
{
	char dir_a[HSW_SOCKET_PATH_MAX + 1], dir_b[HSW_SOCKET_PATH_MAX + 1];
	const char *name_a = strrchr(a, '/'), *name_b = strrchr(b, '/');
	struct stat st_a, st_b;

	if (name_a == NULL || name_b == NULL || strcmp(name_a, name_b) != 0)
		return false;
	snprintf(dir_a, sizeof(dir_a), "%.*s", (int)(name_a - a) + 1, a);
	snprintf(dir_b, sizeof(dir_b), "%.*s", (int)(name_b - b) + 1, b);
	return stat(dir_a, &st_a) == 0 && stat(dir_b, &st_b) == 0 && st_a.st_ino == st_b.st_ino &&
	       st_a.st_dev == st_b.st_dev;
}

/*
 * Whoever lets go of the path removes the lock's file; one that was removed between our open() and
 * our flock() locks nothing, which shows by the name's leading elsewhere.
 */
static int lock_try(const char *lock_path)
{
	struct stat ours, there;
	int fd = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		int err = errno;

		close(fd);
		return -err;
	}
	if (fstat(fd, &ours) == 0 && stat(lock_path, &there) == 0 && ours.st_ino == there.st_ino &&
	    ours.st_dev == there.st_dev)
		return fd;
	close(fd);
	return -ESTALE;
}

static int path_lock(const char *port, const char *path)
{
	char lock_path[HSW_SOCKET_PATH_MAX + sizeof(".lock")];
	int fd = -ESTALE;

	snprintf(lock_path, sizeof(lock_path), "%s.lock", path);
	for (int i = 0; i < LOCK_TRIES && fd == -ESTALE; i++)
		fd = lock_try(lock_path);
	if (fd == -EWOULDBLOCK)
		vnf_error(
			"port \"%s\": another program serves %s (it holds %s); stop it, or change "
			"`socket`",
			port, path, lock_path);
	else if (fd < 0)
		vnf_error("port \"%s\": cannot lock %s: %s; make its directory writable for this "
			  "user",
			  port, lock_path, strerror(-fd));
	return fd;
}

/* What begins with the `n`-th word of a line, counted from 0; the words before are not changed. */
static const char *column(const char *line, unsigned int n)
{
	line += strspn(line, " ");
	for (; n > 0; n--) {
		line += strcspn(line, " ");
		line += strspn(line, " ");
	}
	return line;
}

/* Is this path listed as a listening socket? The kernel's list, of our network namespace only. */
static bool is_listening(const char *path)
{
	char line[256];
	bool found = false;
	FILE *f = fopen("/proc/net/unix", "re");

	while (f != NULL && !found && fgets(line, sizeof(line), f) != NULL) {
		/* Num: RefCount Protocol Flags Type St Inode Path; a listener has flag 0x10000. */
		const char *flags = column(line, 3);
		const char *name = column(line, 7);
		size_t length = strcspn(name, "\n");

		found = (strtoul(flags, NULL, 16) & 0x10000u) != 0 && length == strlen(path) &&
			memcmp(name, path, length) == 0;
	}
	if (f != NULL)
		fclose(f);
	return found;
}

/* Nobody of ours serves the path: what stands there is left over, unless others listen on it. */
static int remove_stale(const char *port, const char *path)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode)) {
		vnf_error(
			"port \"%s\": %s exists and is not a socket; remove it, or change `socket`",
			port, path);
		return -EEXIST;
	}
	if (is_listening(path)) {
		vnf_error(
			"port \"%s\": another program listens on %s; stop it, change `socket`, or "
			"set mode = \"client\" if it is the guest",
			port, path);
		return -EADDRINUSE;
	}
	vnf_info("port \"%s\": removing the socket %s that nobody listens on", port, path);
	return unlink(path) == 0 ? 0 : -errno;
}

int hsw_socket_claim(const char *port, const char *path)
{
	int fd = path_lock(port, path);
	int ret;

	if (fd < 0)
		return fd;
	ret = remove_stale(port, path);
	if (ret == 0)
		return fd;
	hsw_socket_release(path, fd);
	return ret;
}

void hsw_socket_release(const char *path, int lock_fd)
{
	char lock_path[HSW_SOCKET_PATH_MAX + sizeof(".lock")];

	if (lock_fd < 0)
		return;
	snprintf(lock_path, sizeof(lock_path), "%s.lock", path);
	unlink(lock_path);
	close(lock_fd);
}

/* ---- who may connect ---- */

int hsw_socket_grant(const char *port, const struct hsw_vhost_spec *spec)
{
	const struct passwd *pw = spec->owner[0] != '\0' ? getpwnam(spec->owner) : NULL;
	const struct group *gr = spec->group[0] != '\0' ? getgrnam(spec->group) : NULL;
	uid_t uid = pw != NULL ? pw->pw_uid : (uid_t)-1;
	gid_t gid = gr != NULL ? gr->gr_gid : (gid_t)-1;

	if (lchown(spec->socket, uid, gid) < 0) {
		int err = errno;

		vnf_error("port \"%s\": cannot give %s to owner \"%s\" and group \"%s\": %s; only "
			  "root can give files away, and only members a group",
			  port, spec->socket, spec->owner, spec->group, strerror(err));
		return -err;
	}
	if (chmod(spec->socket, spec->access) < 0) {
		int err = errno;

		vnf_error("port \"%s\": cannot set mode %04o on %s: %s", port, spec->access,
			  spec->socket, strerror(err));
		return -err;
	}
	return 0;
}

/* ---- a peer's connection ---- */

static uint64_t inherited[INHERITED_MAX];
static unsigned int n_inherited;

enum match {
	MATCH_NONE,
	MATCH_UNNAMED, /* A client's end of a connection to another name. */
	MATCH_PATH,
};

static bool is_named(const struct sockaddr_un *addr, socklen_t length)
{
	return length > offsetof(struct sockaddr_un, sun_path) && addr->sun_path[0] != '\0';
}

static bool is_at_path(const struct sockaddr_un *addr, socklen_t length, const char *path)
{
	return is_named(addr, length) && strncmp(addr->sun_path, path, sizeof(addr->sun_path)) == 0;
}

/*
 * A connection through the port's path: its own end is named so if we serve, else the other end is.
 * A guest may have bound its socket under another name and moved it here: then any connection to a
 * named socket, made by us, may be it.
 */
static enum match match_fd(int fd, const struct hsw_vhost_spec *spec)
{
	struct sockaddr_un own = { 0 }, peer = { 0 };
	socklen_t own_length = sizeof(own), peer_length = sizeof(peer), type_length = sizeof(int);
	int type = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_length) < 0 || type != SOCK_STREAM ||
	    getpeername(fd, (struct sockaddr *)&peer, &peer_length) < 0 ||
	    getsockname(fd, (struct sockaddr *)&own, &own_length) < 0 || own.sun_family != AF_UNIX)
		return MATCH_NONE;
	if (spec->mode == HSW_VHOST_SERVER)
		return is_at_path(&own, own_length, spec->socket) ? MATCH_PATH : MATCH_NONE;
	if (is_at_path(&peer, peer_length, spec->socket))
		return MATCH_PATH;
	return !is_named(&own, own_length) && is_named(&peer, peer_length) ? MATCH_UNNAMED
									   : MATCH_NONE;
}

/* The socket behind a descriptor, by which its copies are known; 0 if there is none. */
static uint64_t inode_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode) ? st.st_ino : 0;
}

static bool is_inherited(uint64_t inode)
{
	for (unsigned int i = 0; i < n_inherited; i++)
		if (inherited[i] == inode)
			return true;
	return false;
}

/* The next descriptor of the process that is a socket, or -1. */
static int next_socket(DIR *dir, uint64_t *inode)
{
	struct dirent *entry;

	while ((entry = readdir(dir)) != NULL) {
		int fd = (int)strtol(entry->d_name, NULL, 10);

		if (entry->d_name[0] == '.' || fd == dirfd(dir))
			continue;
		*inode = inode_of(fd);
		if (*inode != 0)
			return fd;
	}
	return -1;
}

void hsw_socket_note_inherited(void)
{
	DIR *dir = n_inherited == 0 ? opendir("/proc/self/fd") : NULL;
	uint64_t inode;

	if (dir == NULL)
		return;
	while (n_inherited < INHERITED_MAX && next_socket(dir, &inode) >= 0)
		inherited[n_inherited++] = inode;
	closedir(dir);
}

/* librte_vhost tells nobody its descriptor: it is found among all that the process has. */
int hsw_socket_find_peer(const struct hsw_vhost_spec *spec, uint64_t *inode)
{
	struct timeval receive = { .tv_usec = RECEIVE_TIMEOUT_US };
	struct timeval send = { .tv_usec = SEND_TIMEOUT_US };
	DIR *dir = opendir("/proc/self/fd");
	enum match best = MATCH_NONE;
	int fd, found = -ENOENT;
	uint64_t at;

	while (dir != NULL && (fd = next_socket(dir, &at)) >= 0) {
		enum match match = match_fd(fd, spec);

		if (match == MATCH_NONE || match < best || is_inherited(at) ||
		    hsw_vhost_is_peer(at))
			continue;
		/* Two of the same kind: which one is it? */
		found = match > best ? fd : -EEXIST;
		best = match;
		*inode = at;
	}
	if (dir != NULL)
		closedir(dir);
	if (found < 0)
		return found;
	setsockopt(found, SOL_SOCKET, SO_RCVTIMEO, &receive, sizeof(receive));
	setsockopt(found, SOL_SOCKET, SO_SNDTIMEO, &send, sizeof(send));
	fd = fcntl(found, F_DUPFD_CLOEXEC, 0);
	return fd < 0 ? -errno : fd;
}
