/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * From /proc: schedstat begins with the nanoseconds of CPU time, and stat has the state behind the
 * name, which is in parentheses and may itself have some in it.
 */

#include "thread_look.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The beginning of a small file, as text. 0 or -errno. */
static int file_read(pid_t tid, const char *name, char *text, size_t size)
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/task/%d/%s", (int)tid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, text, size - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	return n > 0 ? 0 : -EIO;
}

int thread_look(pid_t tid, struct thread_look *look)
{
	char text[256];
	const char *behind;
	int ret = file_read(tid, "schedstat", text, sizeof(text));

	if (ret < 0)
		return ret;
	look->cpu_ns = strtoull(text, NULL, 10);
	ret = file_read(tid, "stat", text, sizeof(text));
	if (ret < 0)
		return ret;
	behind = strrchr(text, ')');
	if (behind == NULL || strlen(behind) < 3)
		return -EIO;
	look->blocked = behind[2] != 'R';
	return 0;
}
