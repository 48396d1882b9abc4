/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * See control_socket.h.
 */

#include "control_socket.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lock_file.h"
#include "unix_socket.h"
#include "vnf_priv.h"

/* Connections that wait to be taken: a burst of clients is not to be refused by the kernel. */
#define BACKLOG 128
#define SERVED "%s is served by another process; stop it, or name another path"

int check_socket_path(const void *field, char *why, size_t why_size)
{
	const char *path = *(const char *const *)field;
	size_t len = strlen(path);

	if (len == 0 || (path[0] == '/' && path[len - 1] != '/'))
		return 0;
	snprintf(why, why_size, "is \"%s\", an absolute path with the socket's name is needed",
		 path);
	return -EINVAL;
}

/* `path` is free, or what a killed program left. */
static int path_claim(struct control_file *file, const char *path, char *why, size_t why_size)
{
	int fd;

	snprintf(file->lock_path, sizeof(file->lock_path), "%s.lock", path);
	fd = lock_file_take(file->lock_path, 0600);
	if (fd >= 0) {
		file->lock_fd = fd;
		leftover_add(file->lock_path);
		return 0;
	}
	if (fd == -EWOULDBLOCK)
		snprintf(why, why_size, SERVED, path);
	else
		snprintf(why, why_size,
			 "%s cannot be created: %s; its directory must exist and be writable",
			 file->lock_path, strerror(-fd));
	return fd;
}

static int stale_remove(const char *path, char *why, size_t why_size)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return 0;
	if (!S_ISSOCK(st.st_mode)) {
		snprintf(why, why_size, "%s exists and is not a socket; name another path", path);
		return -EEXIST;
	}
	if (unix_socket_listening(path)) {
		snprintf(why, why_size, SERVED, path);
		return -EADDRINUSE;
	}
	if (unlink(path) == 0)
		return 0;
	snprintf(why, why_size, "%s cannot be removed: %s", path, strerror(errno));
	return -EPERM;
}

/* Nobody can connect before listen(), by which time all this is set. */
static int share(const char *path, const struct control_spec *spec, char *why, size_t why_size)
{
	const struct passwd *pw = spec->owner[0] != '\0' ? getpwnam(spec->owner) : NULL;
	const struct group *gr = spec->group[0] != '\0' ? getgrnam(spec->group) : NULL;
	uid_t uid = pw != NULL ? pw->pw_uid : (uid_t)-1;
	gid_t gid = gr != NULL ? gr->gr_gid : (gid_t)-1;

	if (lchown(path, uid, gid) == 0 && chmod(path, spec->mode) == 0)
		return 0;
	snprintf(why, why_size,
		 "%s cannot be given to owner \"%s\", group \"%s\", mode %04o: %s; only root can "
		 "give files away, and only members a group",
		 path, spec->owner, spec->group, spec->mode, strerror(errno));
	return -EPERM;
}

static int bound_at(const char *path, char *why, size_t why_size)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int ret = -errno;

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0) {
		leftover_add(path);
		return fd;
	}
	if (fd >= 0) {
		ret = -errno;
		close(fd);
	}
	snprintf(why, why_size, "%s cannot be created: %s", path, strerror(-ret));
	return ret;
}

static int file_open(struct control_file *file, const struct control_spec *spec, char *why,
		     size_t why_size)
{
	int ret = stale_remove(file->path, why, why_size);

	if (ret < 0)
		return ret;
	file->fd = bound_at(file->path, why, why_size);
	if (file->fd < 0)
		return file->fd;
	ret = share(file->path, spec, why, why_size);
	if (ret < 0 || listen(file->fd, BACKLOG) == 0)
		return ret;
	ret = -errno;
	snprintf(why, why_size, "%s: listen: %s", file->path, strerror(-ret));
	return ret;
}

int control_file_open(struct control_file *file, const char *path, bool locked,
		      const struct control_spec *spec, char *why, size_t why_size)
{
	int ret = 0;

	*file = (struct control_file){ .fd = -1, .lock_fd = -1 };
	if (strlen(path) > SOCKET_PATH_MAX) {
		snprintf(why, why_size, "%s has %zu octets, a socket's path has %d at most", path,
			 strlen(path), SOCKET_PATH_MAX);
		return -ENAMETOOLONG;
	}
	snprintf(file->path, sizeof(file->path), "%s", path);
	if (!locked)
		ret = path_claim(file, path, why, why_size);
	if (ret == 0)
		ret = file_open(file, spec, why, why_size);
	if (ret < 0)
		control_file_close(file);
	return ret;
}

static void remove_own(const char *path)
{
	unlink(path);
	leftover_forget(path);
}

void control_file_close(struct control_file *file)
{
	if (file->fd >= 0) {
		remove_own(file->path);
		close(file->fd);
	}
	if (file->lock_fd >= 0) {
		remove_own(file->lock_path);
		close(file->lock_fd);
	}
	file->fd = file->lock_fd = -1;
	file->path[0] = '\0';
}
