/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * See link_stats.h.
 */
#include "link_stats.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A page, which is what the kernel gives at a time. A line has 400 octets at most. */
#define TEXT_MAX 4096
/* In a line before that of the frames that were dropped on their way out. */
#define NUMBERS_BEFORE 11

int link_stats_open(void)
{
	int fd = open("/proc/thread-self/net/dev", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* What follows the name if this line, "  eth0: 1 2 3", is of that interface; else NULL. */
static const char *numbers_of(const char *line, const char *ifname)
{
	size_t len = strlen(ifname);

	line += strspn(line, " ");
	return strncmp(line, ifname, len) == 0 && line[len] == ':' ? line + len + 1 : NULL;
}

/* Received: bytes packets errs drop fifo frame compressed multicast; sent: bytes packets errs. */
static int numbers_read(const char *numbers, uint64_t *dropped)
{
	for (int i = 0; i <= NUMBERS_BEFORE; i++) {
		char *end;

		*dropped = strtoull(numbers, &end, 10);
		if (end == numbers)
			return -EBADMSG;
		numbers = end;
	}
	return 0;
}

/* In whole lines. What is behind the last of them is left in `rest`; NULL: it is not in there. */
static const char *numbers_find(char *text, const char *ifname, char **rest)
{
	char *end;

	for (*rest = text; (end = strchr(*rest, '\n')) != NULL; *rest = end + 1) {
		const char *numbers = numbers_of(*rest, ifname);

		if (numbers != NULL)
			return numbers;
	}
	return NULL;
}

int link_stats_tx_dropped(int fd, const char *ifname, uint64_t *dropped)
{
	char text[TEXT_MAX + 1], *rest;
	size_t have = 0;
	off_t at = 0;

	for (;;) {
		ssize_t n = pread(fd, text + have, TEXT_MAX - have, at);
		const char *numbers;

		if (n <= 0)
			return n < 0 ? -errno : -ENODEV;
		at += n;
		text[have + (size_t)n] = '\0';
		numbers = numbers_find(text, ifname, &rest);
		if (numbers != NULL)
			return numbers_read(numbers, dropped);
		have = strlen(rest);
		memmove(text, rest, have);
	}
}
