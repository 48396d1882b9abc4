/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * See registry.h.
 */

#include "registry.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lock_file.h"
#include "vnf_priv.h"

/* Who looks whether a lock is taken takes it for a moment. */
#define LOCK_TRIES 10
#define LOCK_PAUSE_MS 10

/* Nobody else's in a directory that may hold sockets of ports and their locks too. */
#define LOCK ".json.lock"

static const char *const suffixes[] = { ".json", ".json.new", ".ctl", LOCK };

static int path_make(char *path, size_t size, const char *dir, const char *name, const char *suffix)
{
	int n = snprintf(path, size, "%s/%s%s", dir, name, suffix);

	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

int registry_path(const struct registry *registry, const char *suffix, char *path, size_t size)
{
	return path_make(path, size, registry->dir, registry->name, suffix);
}

/* The lock's file last: it is removed by whoever holds it. */
static void files_remove(const char *dir, const char *name)
{
	char path[RUN_PATH_MAX];

	for (size_t i = 0; i < RTE_DIM(suffixes); i++) {
		if (path_make(path, sizeof(path), dir, name, suffixes[i]) < 0)
			continue;
		unlink(path);
		leftover_forget(path);
	}
}

/* The instance of this name was killed if nobody holds its lock. */
static void stale_remove(const char *dir, const char *name)
{
	char path[RUN_PATH_MAX];
	int fd;

	if (path_make(path, sizeof(path), dir, name, LOCK) < 0)
		return;
	fd = lock_file_take(path, 0600);
	if (fd < 0)
		return;
	files_remove(dir, name);
	close(fd);
}

static void stale_sweep(const char *dir)
{
	DIR *list = opendir(dir);
	const struct dirent *entry;

	while (list != NULL && (entry = readdir(list)) != NULL) {
		const char *end = strstr(entry->d_name, LOCK);
		char name[REGISTRY_NAME_MAX];

		if (end == NULL || end == entry->d_name || strcmp(end, LOCK) != 0 ||
		    end - entry->d_name >= (ptrdiff_t)sizeof(name))
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)(end - entry->d_name), entry->d_name);
		stale_remove(dir, name);
	}
	if (list != NULL)
		closedir(list);
}

static int lock_wait(const char *path)
{
	int fd = lock_file_take(path, 0600);

	for (int i = 1; i < LOCK_TRIES && fd == -EWOULDBLOCK; i++) {
		poll(NULL, 0, LOCK_PAUSE_MS);
		fd = lock_file_take(path, 0600);
	}
	return fd;
}

static int name_take(struct registry *registry)
{
	char path[RUN_PATH_MAX];
	int fd = registry_path(registry, LOCK, path, sizeof(path));

	if (fd == 0)
		fd = lock_wait(path);
	if (fd < 0)
		return fd;
	registry->lock_fd = fd;
	leftover_add(path);
	return 0;
}

int registry_enter(struct registry *registry, const char *dir, const char *name, char *why,
		   size_t why_size)
{
	int ret;

	registry->lock_fd = -1;
	snprintf(registry->dir, sizeof(registry->dir), "%s", dir);
	snprintf(registry->name, sizeof(registry->name), "%s", name);
	ret = run_dir_make(dir, why, why_size);
	if (ret < 0)
		return ret;
	stale_sweep(dir);
	ret = name_take(registry);
	if (ret == -EWOULDBLOCK) {
		snprintf(registry->name, sizeof(registry->name), "%s-%d", name, getpid());
		ret = name_take(registry);
		if (ret == 0)
			vnf_warning("another instance is named \"%s\": vnfkit ctl knows this one "
				    "as \"%s\"; give each a name of its own in its configuration",
				    name, registry->name);
	}
	if (ret < 0)
		snprintf(why, why_size, "%s/%s" LOCK " cannot be locked: %s", dir, registry->name,
			 strerror(-ret));
	return ret;
}

int registry_write(const struct registry *registry, const json_t *entry)
{
	char path[RUN_PATH_MAX], temporary[RUN_PATH_MAX];
	int fd, ret;

	if (registry_path(registry, ".json", path, sizeof(path)) < 0 ||
	    registry_path(registry, ".json.new", temporary, sizeof(temporary)) < 0)
		return -ENAMETOOLONG;
	fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	ret = json_dumpfd(entry, fd, JSON_INDENT(2));
	leftover_add(path);
	if (close(fd) == 0 && ret == 0 && rename(temporary, path) == 0)
		return 0;
	unlink(temporary);
	return -EIO;
}

void registry_leave(struct registry *registry)
{
	if (registry->lock_fd < 0)
		return;
	files_remove(registry->dir, registry->name);
	close(registry->lock_fd);
	registry->lock_fd = -1;
}
