/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * See capture_file.h. The program may run as root while the one who asks is not: so names have no
 * folders, links are not followed, and what is replaced must be a plain file with one name.
 */

#include "capture_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_BYTES_MAX 128
#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"

bool capture_file_name_ok(const char *name, char *why, size_t why_size)
{
	size_t n = strlen(name);

	if (n > 0 && n <= NAME_BYTES_MAX && name[0] != '.' && name[0] != '-' &&
	    strspn(name, NAME_CHARACTERS) == n)
		return true;
	snprintf(
		why, why_size,
		"\"%.*s\" is not a file name for captures: write 1 to %d letters, digits, `.`, "
		"`_` and `-`, the first not `.` or `-`; the directory is that of the configuration",
		NAME_BYTES_MAX, name, NAME_BYTES_MAX);
	return false;
}

static int directory_open(const char *directory, char *why, size_t why_size)
{
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int error = errno;

	if (fd >= 0)
		return fd;
	snprintf(why, why_size,
		 "cannot open the directory for captures, %s: %s; make it, for the user that the "
		 "program runs as",
		 directory, strerror(error));
	return -error;
}

/* The file was there before: may it be emptied? */
static int replace_check(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_nlink != 1)
		return -EPERM;
	return ftruncate(fd, 0) < 0 ? -errno : 0;
}

static int file_open(int dir, const char *name, bool overwrite)
{
	int flags = O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
	int fd = openat(dir, name, flags | (overwrite ? 0 : O_EXCL), 0640);
	int ret;

	if (fd < 0)
		return -errno;
	ret = overwrite ? replace_check(fd) : 0;
	if (ret == 0)
		return fd;
	close(fd);
	return ret;
}

static const char *advice(int error)
{
	switch (error) {
	case EEXIST:
		return "it is there already; name another file, or say that it is to be "
		       "overwritten";
	case ELOOP:
	case EPERM:
	case ENXIO:
	case EISDIR:
		return "what is there is not a plain file; name another";
	default:
		return strerror(error);
	}
}

int capture_file_open(const char *directory, const char *name, bool overwrite, char *why,
		      size_t why_size)
{
	int dir, fd;

	if (!capture_file_name_ok(name, why, why_size))
		return -EINVAL;
	dir = directory_open(directory, why, why_size);
	if (dir < 0)
		return dir;
	fd = file_open(dir, name, overwrite);
	if (fd < 0)
		snprintf(why, why_size, "cannot write %s/%s: %s", directory, name, advice(-fd));
	close(dir);
	return fd;
}
