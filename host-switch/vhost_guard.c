/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The rules of the vhost-user firewall. What we do not implement is not offered, and who sends it
 * all the same is refused: in-flight tracking, postcopy, IOMMU, crypto and device configuration
 * are where most of librte_vhost's security fixes are.
 */
#include "vhost_guard.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rte_common.h>
#include <rte_version.h>

/* First patch level of 22.11 with the guest-triggerable holes of its line closed. */
#define VHOST_MINOR_MIN 8

/* A start of a guest with eight queue pairs is some 200 messages. */
#define MESSAGES_BURST 4000
#define MESSAGES_RATE 400
/* Each one stops all rings for a moment, and with them whoever sends to this guest. */
#define MEM_TABLES_BURST 32
#define MEM_TABLES_RATE 4

#define NS_PER_SECOND 1000000000ull
#define FEATURE_RING_PACKED (1ull << 34)
/* KICK, CALL and ERR carry the ring's number in these bits. */
#define VRING_INDEX_MASK 0xffu

static_assert(offsetof(struct hsw_vhost_msg, payload) == 12, "vhost-user header");
static_assert(offsetof(struct hsw_vhost_msg, fds) == 644, "struct vhu_msg_context of DPDK 22.11");
static_assert(sizeof(struct hsw_vhost_msg) == 680, "struct vhu_msg_context of DPDK 22.11");

/* How the payload of a request is to be read. */
enum payload {
	PAYLOAD_REFUSED, /* 0: not in the table. */
	PAYLOAD_NONE,
	PAYLOAD_U64,
	PAYLOAD_RING_U64,
	PAYLOAD_RING_STATE,
	PAYLOAD_RING_ADDR,
	PAYLOAD_MEMORY,
	PAYLOAD_LOG,
};

static const uint8_t payloads[] = {
	[HSW_VHOST_GET_FEATURES] = PAYLOAD_NONE,
	[HSW_VHOST_SET_FEATURES] = PAYLOAD_U64,
	[HSW_VHOST_SET_OWNER] = PAYLOAD_NONE,
	[HSW_VHOST_RESET_OWNER] = PAYLOAD_NONE,
	[HSW_VHOST_SET_MEM_TABLE] = PAYLOAD_MEMORY,
	[HSW_VHOST_SET_LOG_BASE] = PAYLOAD_LOG,
	[HSW_VHOST_SET_LOG_FD] = PAYLOAD_NONE,
	[HSW_VHOST_SET_VRING_NUM] = PAYLOAD_RING_STATE,
	[HSW_VHOST_SET_VRING_ADDR] = PAYLOAD_RING_ADDR,
	[HSW_VHOST_SET_VRING_BASE] = PAYLOAD_RING_STATE,
	[HSW_VHOST_GET_VRING_BASE] = PAYLOAD_RING_STATE,
	[HSW_VHOST_SET_VRING_KICK] = PAYLOAD_RING_U64,
	[HSW_VHOST_SET_VRING_CALL] = PAYLOAD_RING_U64,
	[HSW_VHOST_SET_VRING_ERR] = PAYLOAD_RING_U64,
	[HSW_VHOST_GET_PROTOCOL_FEATURES] = PAYLOAD_NONE,
	[HSW_VHOST_SET_PROTOCOL_FEATURES] = PAYLOAD_U64,
	[HSW_VHOST_GET_QUEUE_NUM] = PAYLOAD_NONE,
	[HSW_VHOST_SET_VRING_ENABLE] = PAYLOAD_RING_STATE,
	[HSW_VHOST_SEND_RARP] = PAYLOAD_U64,
	[HSW_VHOST_NET_SET_MTU] = PAYLOAD_U64,
	[HSW_VHOST_SET_STATUS] = PAYLOAD_U64,
	[HSW_VHOST_GET_STATUS] = PAYLOAD_NONE,
};

static bool rate_take(struct hsw_guard_rate *rate, uint64_t now_ns, uint32_t per_second,
		      uint32_t burst)
{
	uint64_t tokens = (now_ns - rate->refill_ns) * per_second / NS_PER_SECOND;

	if (tokens > 0) {
		rate->used = tokens >= rate->used ? 0 : rate->used - (uint32_t)tokens;
		rate->refill_ns = now_ns;
	}
	if (rate->used >= burst)
		return false;
	rate->used++;
	return true;
}

void hsw_guard_init(struct hsw_guard *guard, uint32_t pairs, uint32_t ring_max, uint64_t now_ns)
{
	*guard = (struct hsw_guard){
		.rings = 2 * pairs,
		.ring_max = ring_max,
		.messages.refill_ns = now_ns,
		.mem_tables.refill_ns = now_ns,
	};
}

static enum payload payload_of(uint32_t request)
{
	return request < RTE_DIM(payloads) ? payloads[request] : PAYLOAD_REFUSED;
}

/* Octets that must have been sent for the payload to be read as such. */
static uint32_t payload_size(const struct hsw_vhost_msg *msg)
{
	switch (payload_of(msg->request)) {
	case PAYLOAD_U64:
	case PAYLOAD_RING_U64:
		return sizeof(msg->payload.u64);
	case PAYLOAD_RING_STATE:
		return sizeof(msg->payload.state);
	case PAYLOAD_RING_ADDR:
		return sizeof(msg->payload.addr);
	case PAYLOAD_MEMORY:
		return offsetof(struct hsw_vhost_msg, payload.memory.regions) -
		       offsetof(struct hsw_vhost_msg, payload);
	case PAYLOAD_LOG:
		return 2 * sizeof(uint64_t);
	default:
		return 0;
	}
}

static int refuse(int error, char *why, size_t why_size, const char *text)
{
	snprintf(why, why_size, "%s", text);
	return error;
}

static int check_ring(const struct hsw_guard *guard, uint32_t index, char *why, size_t why_size)
{
	if (index < guard->rings)
		return 0;
	snprintf(
		why, why_size,
		"ring %u, but the port has %u queue pairs; raise its `queues` or lower the guest's",
		index, guard->rings / 2);
	return -EINVAL;
}

static int check_ring_num(const struct hsw_guard *guard, uint32_t num, char *why, size_t why_size)
{
	if (num == 0 || num > guard->ring_max) {
		snprintf(why, why_size,
			 "a ring of %u descriptors, but 1 to %u are allowed; raise the port's "
			 "`ring_max` or lower the guest's ring size",
			 num, guard->ring_max);
		return -EINVAL;
	}
	if (!guard->packed && (num & (num - 1)) != 0) {
		snprintf(why, why_size, "a split ring of %u descriptors, not a power of two", num);
		return -EINVAL;
	}
	return 0;
}

static int check_ring_state(const struct hsw_guard *guard, const struct hsw_vhost_msg *msg,
			    char *why, size_t why_size)
{
	uint32_t num = msg->payload.state.num;

	if (check_ring(guard, msg->payload.state.index, why, why_size) < 0)
		return -EINVAL;
	if (msg->request == HSW_VHOST_SET_VRING_NUM)
		return check_ring_num(guard, num, why, why_size);
	if (msg->request == HSW_VHOST_SET_VRING_BASE && num > UINT16_MAX)
		return refuse(-EINVAL, why, why_size, "a ring position beyond 16 bits");
	return 0;
}

static bool wraps(uint64_t start, uint64_t size)
{
	return start + size < start;
}

static int check_region(const struct hsw_vhost_region *r, char *why, size_t why_size)
{
	if (r->memory_size == 0 || wraps(r->guest_phys_addr, r->memory_size) ||
	    wraps(r->userspace_addr, r->memory_size) || wraps(r->mmap_offset, r->memory_size) ||
	    r->memory_size + r->mmap_offset > INT64_MAX)
		return refuse(-EINVAL, why, why_size, "a memory region of impossible size");
	return 0;
}

static bool overlap(const struct hsw_vhost_region *a, const struct hsw_vhost_region *b)
{
	return a->guest_phys_addr < b->guest_phys_addr + b->memory_size &&
	       b->guest_phys_addr < a->guest_phys_addr + a->memory_size;
}

static int check_memory(struct hsw_guard *guard, const struct hsw_vhost_msg *msg, uint64_t now_ns,
			char *why, size_t why_size)
{
	uint32_t n = msg->payload.memory.nregions;
	struct hsw_vhost_region regions[HSW_VHOST_REGIONS];

	if (n == 0 || n > HSW_VHOST_REGIONS || msg->fd_num != (int)n ||
	    msg->size < 8 + n * sizeof(*regions)) {
		snprintf(why, why_size,
			 "%u memory regions with %d files, but 1 to %d are possible, each with its "
			 "file (a DPDK guest needs --single-file-segments)",
			 n, msg->fd_num, HSW_VHOST_REGIONS);
		return -EINVAL;
	}
	memcpy(regions, msg->payload.memory.regions, sizeof(regions));
	for (uint32_t i = 0; i < n; i++) {
		if (check_region(&regions[i], why, why_size) < 0)
			return -EINVAL;
		for (uint32_t j = 0; j < i; j++)
			if (overlap(&regions[i], &regions[j]))
				return refuse(-EINVAL, why, why_size, "memory regions overlap");
	}
	if (!rate_take(&guard->mem_tables, now_ns, MEM_TABLES_RATE, MEM_TABLES_BURST))
		return refuse(-EBUSY, why, why_size, "memory tables come too fast");
	return 0;
}

int hsw_guard_check(struct hsw_guard *guard, const struct hsw_vhost_msg *msg, uint64_t now_ns,
		    char *why, size_t why_size)
{
	enum payload payload = payload_of(msg->request);

	if (!rate_take(&guard->messages, now_ns, MESSAGES_RATE, MESSAGES_BURST))
		return refuse(-EBUSY, why, why_size, "messages come too fast");
	if (payload == PAYLOAD_REFUSED) {
		snprintf(why, why_size, "request %u, which this switch does not offer",
			 msg->request);
		return -EPERM;
	}
	if (msg->size < payload_size(msg))
		return refuse(-EINVAL, why, why_size, "a message cut short");
	if (msg->request == HSW_VHOST_SET_FEATURES)
		guard->packed = (msg->payload.u64 & FEATURE_RING_PACKED) != 0;

	switch (payload) {
	case PAYLOAD_RING_U64:
		return check_ring(guard, msg->payload.u64 & VRING_INDEX_MASK, why, why_size);
	case PAYLOAD_RING_STATE:
		return check_ring_state(guard, msg, why, why_size);
	case PAYLOAD_RING_ADDR:
		return check_ring(guard, msg->payload.addr.index, why, why_size);
	case PAYLOAD_MEMORY:
		return check_memory(guard, msg, now_ns, why, why_size);
	default:
		return 0;
	}
}

int hsw_guard_check_files(const struct hsw_vhost_msg *msg, char *why, size_t why_size)
{
	for (uint32_t i = 0; i < msg->payload.memory.nregions; i++) {
		const struct hsw_vhost_region r = msg->payload.memory.regions[i];
		struct stat st;
		uint64_t end;

		if (fstat(msg->fds[i], &st) < 0)
			return refuse(-EINVAL, why, why_size, "a memory region without a file");
		end = r.mmap_offset + r.memory_size;
		if (S_ISREG(st.st_mode) && (uint64_t)st.st_size < end) {
			snprintf(why, why_size,
				 "memory region %u is longer than its file (%" PRIu64
				 " of %lld octets)",
				 i, end, (long long)st.st_size);
			return -EINVAL;
		}
	}
	return 0;
}

void hsw_guard_close_fds(struct hsw_vhost_msg *msg)
{
	for (int i = 0; i < msg->fd_num && i < HSW_VHOST_REGIONS; i++) {
		if (msg->fds[i] >= 0)
			close(msg->fds[i]);
		msg->fds[i] = -1;
	}
	msg->fd_num = 0;
}

bool hsw_guard_supported(char *why, size_t why_size)
{
	/* The functions for the parts are experimental. */
	static const char series[] = "DPDK 22.11.";
	const char *version = rte_version();
	unsigned long minor;

	if (strncmp(version, series, sizeof(series) - 1) != 0) {
		snprintf(why, why_size,
			 "%s is not 22.11, whose vhost-user messages this program can check",
			 version);
		return false;
	}
	minor = strtoul(version + sizeof(series) - 1, NULL, 10);
	if (minor < VHOST_MINOR_MIN) {
		snprintf(why, why_size,
			 "%s has holes in librte_vhost that a guest can use; 22.11.%d is the first "
			 "without them",
			 version, VHOST_MINOR_MIN);
		return false;
	}
	return true;
}
