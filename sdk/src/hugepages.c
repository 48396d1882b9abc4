/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Hugepages that are missing are reserved at start and given back at stop. Only where there is no
 * doing without: a device behind uio needs physical addresses, or the file says "always". The
 * pages are of the kernel's default size, on the NUMA node of the workers. Control thread.
 */

#include "vnf_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* These two, and so hugepages_release(), are called from signal handlers too. */
static uint64_t number_in(const char *path)
{
	char text[32];
	uint64_t number = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text));

	for (ssize_t i = 0; i < n && text[i] >= '0' && text[i] <= '9'; i++)
		number = number * 10 + (uint64_t)(text[i] - '0');
	if (fd >= 0)
		close(fd);
	return number;
}

static int number_write(const char *path, uint64_t number)
{
	char text[24];
	size_t at = sizeof(text);
	int ret, fd;

	do {
		text[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = write(fd, text + at, sizeof(text) - at) == (ssize_t)(sizeof(text) - at) ? 0 : -errno;
	close(fd);
	return ret;
}

int hugepages_find(const char *sysfs, const char *meminfo, unsigned int numa_node,
		   struct hugepages_pool *pool)
{
	/* The kernel's default size; without, it has no hugepages. */
	unsigned long long kb = memory_info(meminfo, "Hugepagesize:") / 1024;

	memset(pool, 0, sizeof(*pool));
	pool->page_bytes = kb * 1024;
	if (kb == 0)
		return -ENOENT;
	snprintf(pool->path, sizeof(pool->path),
		 "%s/devices/system/node/node%u/hugepages/hugepages-%llukB/nr_hugepages", sysfs,
		 numa_node, kb);
	if (access(pool->path, F_OK) != 0)
		snprintf(pool->path, sizeof(pool->path),
			 "%s/kernel/mm/hugepages/hugepages-%llukB/nr_hugepages", sysfs, kb);
	return access(pool->path, F_OK) == 0 ? 0 : -ENOENT;
}

bool hugepages_may_reserve(const struct hugepages_pool *pool)
{
	return pool->path[0] != '\0' && access(pool->path, W_OK) == 0;
}

/* Two programs that add to the same number take turns; where there is no lock, they hope. */
static int turn_take(void)
{
	int fd;

	mkdir("/run/vnfkit", 0755);
	fd = open("/run/vnfkit/hugepages.lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0)
		flock(fd, LOCK_EX);
	return fd;
}

int hugepages_reserve(struct hugepages_pool *pool, uint64_t bytes, char *why, size_t why_size)
{
	uint64_t pages = (bytes + pool->page_bytes - 1) / pool->page_bytes;
	int turn = turn_take();
	uint64_t before = number_in(pool->path);
	int ret = number_write(pool->path, before + pages);
	uint64_t after = number_in(pool->path);

	if (turn >= 0)
		close(turn);

	/* Fewer may come without an error. */
	pool->reserved = after > before ? after - before : 0;
	if (ret == 0 && pool->reserved >= pages)
		return 0;
	snprintf(why, why_size,
		 "%llu hugepages of %llu KiB could be reserved and %llu more are needed%s%s; give "
		 "the machine more memory, or reserve them at boot (kernel parameter hugepages=)",
		 (unsigned long long)pool->reserved, (unsigned long long)(pool->page_bytes >> 10),
		 (unsigned long long)(pages - RTE_MIN(pages, pool->reserved)), ret < 0 ? ": " : "",
		 ret < 0 ? strerror(-ret) : "");
	hugepages_release(pool);
	return -ENOMEM;
}

/* Pages that are still in use leave when they are freed. */
void hugepages_release(struct hugepages_pool *pool)
{
	uint64_t now;

	if (pool->reserved == 0)
		return;
	now = number_in(pool->path);
	number_write(pool->path, now - RTE_MIN(now, pool->reserved));
	pool->reserved = 0;
}
