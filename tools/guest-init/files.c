/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The small files of the image, below the root that the guest was given. At start-up, but for
 * paths.
 */
#include "guest_init.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int path_below_root(const struct guest *guest, const char *path, char full[PATH_MAX])
{
	int n = snprintf(full, PATH_MAX, "%s%s", guest->root, path);

	return n < PATH_MAX ? 0 : -ENAMETOOLONG;
}

/* Files of /proc come in pieces and have no size. */
static ssize_t read_all(int fd, char *text, size_t size)
{
	size_t used = 0;
	ssize_t n;

	while (used < size) {
		n = read(fd, text + used, size - used);
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		used += n;
	}
	return used;
}

int file_read(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	text[0] = '\0';
	if (fd < 0)
		return -errno;
	n = read_all(fd, text, size);
	close(fd);
	if (n < 0)
		return n;
	if ((size_t)n == size) {
		text[size - 1] = '\0';
		return -EFBIG;
	}
	text[n] = '\0';
	return n;
}

int list_read(const struct guest *guest, const char *path, char *text, size_t size,
	      struct list *list)
{
	char full[PATH_MAX];
	int n = path_below_root(guest, path, full);

	list->n = 0;
	if (n == 0)
		n = file_read(full, text, size);
	if (n >= 0)
		n = list_split(text, n, list);
	if (n < 0 && n != -ENODATA)
		say("%s: %s. Make the image again with vnfkit image.", full, strerror(-n));
	return n;
}
