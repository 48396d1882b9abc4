/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * See run_dir.h.
 */

#include "run_dir.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *environment(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && value[0] != '\0' ? value : NULL;
}

int run_dir_path(char *path, size_t size)
{
	const char *own = environment("VNFKIT_RUN_DIR"), *user = environment("XDG_RUNTIME_DIR");
	int n;

	if (own != NULL)
		n = snprintf(path, size, "%s", own);
	else if (geteuid() == 0)
		n = snprintf(path, size, "/run/vnfkit");
	else if (user != NULL)
		n = snprintf(path, size, "%s/vnfkit", user);
	else
		n = snprintf(path, size, "/tmp/vnfkit-%u", geteuid());
	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

/* In /tmp anybody may have been there first. */
static bool is_safe(const struct stat *st)
{
	return S_ISDIR(st->st_mode) && (st->st_uid == geteuid() || st->st_uid == 0) &&
	       (st->st_mode & S_IWOTH) == 0;
}

int run_dir_make(const char *path, char *why, size_t why_size)
{
	struct stat st;

	/* Whose entries may be read is not secret; a socket has a mode of its own. */
	if (mkdir(path, 0755) < 0 && errno != EEXIST) {
		int err = errno;

		snprintf(why, why_size, "%s cannot be made: %s", path, strerror(err));
		return -err;
	}
	if (lstat(path, &st) < 0 || !is_safe(&st)) {
		snprintf(why, why_size,
			 "%s is no directory that belongs to this user or root and that others "
			 "cannot write to",
			 path);
		return -EPERM;
	}
	if (access(path, W_OK | X_OK) < 0) {
		int err = errno;

		snprintf(why, why_size, "%s cannot be written to: %s", path, strerror(err));
		return -err;
	}
	return 0;
}
