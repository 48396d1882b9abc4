/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Reading one file of a configuration into memory, and refusing what is no text file before it can
 * do harm: a FIFO would block for ever, a device may never end. Called by config_scan.c for the
 * file itself and for each include.
 */
#include "config_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_BYTES_MAX (1024 * 1024)

static int refuse(struct cfg_str *why, const char *text)
{
	cfg_str_add(why, "%s", text);
	return -EINVAL;
}

static int file_open(const char *path, struct cfg_str *why)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return refuse(why, strerror(errno));
	if (fstat(fd, &st) < 0)
		refuse(why, strerror(errno));
	else if (S_ISDIR(st.st_mode))
		refuse(why, "it is a directory, a regular file is needed");
	else if (!S_ISREG(st.st_mode))
		refuse(why, "it is not a regular file");
	else
		return fd;
	close(fd);
	return -EINVAL;
}

/* One byte more than allowed is read to tell "full" from "too long": st_size may be outdated. */
static int file_fill(int fd, char *data, size_t *len, struct cfg_str *why)
{
	*len = 0;
	while (*len <= FILE_BYTES_MAX) {
		ssize_t n = read(fd, data + *len, FILE_BYTES_MAX + 1 - *len);

		if (n == 0)
			break;
		if (n > 0)
			*len += (size_t)n;
		else if (errno != EINTR)
			return refuse(why, strerror(errno));
	}
	if (*len > FILE_BYTES_MAX)
		return refuse(why, "it is longer than 1 MiB");
	if (memchr(data, '\0', *len) != NULL)
		return refuse(why, "it contains a NUL byte, a text file is needed");
	return 0;
}

int cfg_file_read(const char *path, char **data, size_t *len, struct cfg_str *why)
{
	int ret, fd = file_open(path, why);

	if (fd < 0)
		return fd;
	*data = malloc(FILE_BYTES_MAX + 1);
	ret = *data == NULL ? -ENOMEM : file_fill(fd, *data, len, why);
	close(fd);
	if (ret < 0) {
		free(*data);
		*data = NULL;
	}
	return ret;
}
