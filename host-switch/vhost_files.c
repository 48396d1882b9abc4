/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The second half of the vhost-user firewall: what the descriptors are that a peer sends. It is
 * asked once the message itself was found good, on librte_vhost's threads. librte_vhost maps, or
 * writes to, whatever it is given, and lets go of a guest's old memory before it tries the new:
 * so everything is tried here first.
 */
#include "vhost_guard.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/magic.h>
#include <rte_common.h>

/* Of all regions together: room for the largest machines, and for many of them. */
#define MEMORY_MAX (1ull << 42)
/* A bit for each page of that, ten times over. */
#define LOG_MAX (1ull << 30)

static int refuse(char *why, size_t why_size, const char *text)
{
	snprintf(why, why_size, "%s", text);
	return -EINVAL;
}

/* Other files may block, or have no length to rely on: a FUSE file answers when its owner likes. */
static bool is_memory_file(int fd, const struct stat *st)
{
	struct statfs fs;

	return S_ISREG(st->st_mode) && fstatfs(fd, &fs) == 0 &&
	       (fs.f_type == TMPFS_MAGIC || fs.f_type == HUGETLBFS_MAGIC);
}

/* As librte_vhost will map it. */
static bool can_map(int fd, uint64_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (p == MAP_FAILED)
		return false;
	munmap(p, size);
	return true;
}

static int check_region_file(const struct hsw_vhost_region *r, int fd, char *why, size_t why_size)
{
	uint64_t end = r->mmap_offset + r->memory_size;
	struct stat st;

	if (fstat(fd, &st) < 0 || !is_memory_file(fd, &st) || st.st_blksize <= 0)
		return refuse(why, why_size,
			      "a memory region that is no file of tmpfs or hugetlbfs; give the "
			      "guest shared memory of a memfd, /dev/shm or hugepages");
	if ((uint64_t)st.st_size < end) {
		snprintf(why, why_size,
			 "a memory region longer than its file (%" PRIu64 " of %lld octets)", end,
			 (long long)st.st_size);
		return -EINVAL;
	}
	if (end > MEMORY_MAX || !can_map(fd, RTE_ALIGN_CEIL(end, (uint64_t)st.st_blksize)))
		return refuse(why, why_size, "a memory region that cannot be mapped");
	return 0;
}

static int check_memory_files(const struct hsw_vhost_msg *msg, char *why, size_t why_size)
{
	uint64_t total = 0;

	for (uint32_t i = 0; i < msg->payload.memory.nregions; i++) {
		const struct hsw_vhost_region r = msg->payload.memory.regions[i];

		if (check_region_file(&r, msg->fds[i], why, why_size) < 0)
			return -EINVAL;
		total += r.mmap_offset + r.memory_size;
	}
	if (total > MEMORY_MAX)
		return refuse(why, why_size, "more memory than a guest can have");
	return 0;
}

static int check_log_file(const struct hsw_vhost_msg *msg, char *why, size_t why_size)
{
	uint64_t size = msg->payload.log.mmap_size;
	struct stat st;

	if (fstat(msg->fds[0], &st) < 0 || !is_memory_file(msg->fds[0], &st) ||
	    (uint64_t)st.st_size < size || size > LOG_MAX || !can_map(msg->fds[0], size))
		return refuse(why, why_size,
			      "a log that is no file of tmpfs, too short or too long");
	return 0;
}

/*
 * Workers write to it, and must not wait: no pipes and sockets, only event descriptors, and those
 * not blocking. What remains: the peer shares the descriptor's flags and could make it block again,
 * then fill its count up. librte_vhost would have to write in another way to be safe from that.
 */
static int check_event(int fd, char *why, size_t why_size)
{
	static const char event[] = "anon_inode:[eventfd]";
	char link[32], target[64];
	ssize_t n;
	int flags;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, target, sizeof(target));
	if (n != sizeof(event) - 1 || memcmp(target, event, sizeof(event) - 1) != 0)
		return refuse(why, why_size, "a call descriptor that is no eventfd");
	flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return refuse(why, why_size, "a call descriptor that cannot be made to not block");
	return 0;
}

int hsw_guard_check_files(const struct hsw_vhost_msg *msg, char *why, size_t why_size)
{
	switch (msg->request) {
	case HSW_VHOST_SET_MEM_TABLE:
		return check_memory_files(msg, why, why_size);
	case HSW_VHOST_SET_LOG_BASE:
		return check_log_file(msg, why, why_size);
	case HSW_VHOST_SET_VRING_CALL:
		return msg->fd_num > 0 ? check_event(msg->fds[0], why, why_size) : 0;
	default:
		return 0;
	}
}
