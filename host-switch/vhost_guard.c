/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The rules of the vhost-user firewall. What we do not implement is not offered, and who sends it
 * all the same is refused: in-flight tracking, postcopy, IOMMU, crypto and device configuration
 * are where most of librte_vhost's security fixes are; RESET_OWNER is obsolete and leaks rings.
 *
 * For each ring the guard keeps what librte_vhost's handlers take for granted: its tables exist
 * from SET_VRING_NUM to GET_VRING_BASE, their form follows from the negotiated features, and their
 * length is that of the rings in use. Frontends send these messages in different orders: QEMU
 * enables rings before anything else, virtio-user sets call descriptors before the features; what
 * cannot set a ring in motion is allowed at any time.
 */
#include "vhost_guard.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <rte_common.h>

/* First patch level of 22.11 with the guest-triggerable holes of its line closed. */
#define VHOST_MINOR_MIN 8

/* A start of a guest with eight queue pairs is some 200 messages. */
#define MESSAGES_BURST 4000
#define MESSAGES_RATE 400
/* Each one stops all rings for a moment, and with them whoever sends to this guest. */
#define MEM_TABLES_BURST 32
#define MEM_TABLES_RATE 4
/* A connection costs the thread that serves all guests some milliseconds at worst. */
#define CONNECTIONS_BURST 30
#define CONNECTIONS_RATE 2

#define NS_PER_SECOND 1000000000ull
#define BACKOFF_MIN_NS NS_PER_SECOND
#define BACKOFF_MAX_NS (30 * NS_PER_SECOND)
/* Good conduct for this long, and the next pause is a short one again. */
#define BACKOFF_FORGET_NS (600 * NS_PER_SECOND)

#define FEATURE_MQ (1ull << 22)
#define FEATURE_LOG_ALL (1ull << 26)
#define FEATURE_RING_PACKED (1ull << 34)
#define PROTOCOL_REPLY_ACK (1ull << 3)
/* A packed ring's position: the index, and above it the wrap counter. */
#define PACKED_INDEX_MASK 0x7fffu
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

/* The refill's time moves on by whole tokens only, so that no fraction of one is lost. */
static bool rate_take(struct hsw_guard_rate *rate, uint64_t now_ns, uint32_t per_second,
		      uint32_t burst)
{
	uint64_t ns_per_token = NS_PER_SECOND / per_second;
	uint64_t tokens = (now_ns - rate->refill_ns) / ns_per_token;

	rate->refill_ns += tokens * ns_per_token;
	rate->used = tokens >= rate->used ? 0 : rate->used - (uint32_t)tokens;
	if (rate->used >= burst)
		return false;
	rate->used++;
	return true;
}

void hsw_guard_init(struct hsw_guard *guard, uint32_t pairs, uint32_t ring_max, uint64_t now_ns)
{
	*guard = (struct hsw_guard){
		.n_rings = RTE_MIN(2 * pairs, (uint32_t)HSW_GUARD_RINGS),
		.ring_max = ring_max,
		.messages.refill_ns = now_ns,
		.mem_tables.refill_ns = now_ns,
		.connections.refill_ns = now_ns,
	};
	hsw_guard_begin(guard);
}

bool hsw_guard_is_paused(const struct hsw_guard *guard, uint64_t now_ns)
{
	return now_ns < guard->pause_end_ns;
}

/* Who comes too often is let wait as well, so that asking again costs nothing for a while. */
int hsw_guard_admit(struct hsw_guard *guard, uint64_t now_ns)
{
	if (hsw_guard_is_paused(guard, now_ns))
		return -EBUSY;
	if (!rate_take(&guard->connections, now_ns, CONNECTIONS_RATE, CONNECTIONS_BURST)) {
		guard->pause_end_ns = now_ns + BACKOFF_MIN_NS;
		return -EBUSY;
	}
	return 0;
}

/* A ring that librte_vhost has just made begins at 0. */
void hsw_guard_begin(struct hsw_guard *guard)
{
	guard->features = 0;
	guard->reply_ack = false;
	for (uint32_t i = 0; i < HSW_GUARD_RINGS; i++)
		guard->ring[i] = (struct hsw_guard_ring){ .based = true };
}

void hsw_guard_punish(struct hsw_guard *guard, uint64_t now_ns)
{
	if (guard->backoff_ns == 0 || now_ns - guard->pause_end_ns > BACKOFF_FORGET_NS)
		guard->backoff_ns = BACKOFF_MIN_NS;
	else
		guard->backoff_ns = RTE_MIN(2 * guard->backoff_ns, BACKOFF_MAX_NS);
	guard->pause_end_ns = now_ns + guard->backoff_ns;
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

/* ---- rings ---- */

static bool is_packed(const struct hsw_guard *guard)
{
	return (guard->features & FEATURE_RING_PACKED) != 0;
}

static int check_ring(const struct hsw_guard *guard, uint32_t index, char *why, size_t why_size)
{
	if (index < guard->n_rings)
		return 0;
	snprintf(
		why, why_size,
		"ring %u, but the port has %u queue pairs; raise its `queues` or lower the guest's",
		index, guard->n_rings / 2);
	return -EINVAL;
}

/* Without multiqueue librte_vhost frees the other rings when it likes, in use or not. */
static int check_ring_usable(const struct hsw_guard *guard, uint32_t index, char *why,
			     size_t why_size)
{
	if (check_ring(guard, index, why, why_size) < 0)
		return -EINVAL;
	if (index >= 2 && (guard->features & FEATURE_MQ) == 0)
		return refuse(-EINVAL, why, why_size, "a second queue pair without multiqueue");
	return 0;
}

/* librte_vhost does not look whether a packed ring begins within itself. */
static int check_base(const struct hsw_guard *guard, const struct hsw_guard_ring *ring, char *why,
		      size_t why_size)
{
	if (is_packed(guard) && ring->num != 0 &&
	    (!ring->based || (ring->base & PACKED_INDEX_MASK) >= ring->num))
		return refuse(-EINVAL, why, why_size, "a packed ring's position outside of it");
	return 0;
}

static int check_num(struct hsw_guard *guard, const struct hsw_vhost_msg *msg, char *why,
		     size_t why_size)
{
	struct hsw_guard_ring *ring = &guard->ring[msg->payload.state.index];
	uint32_t num = msg->payload.state.num;

	if (ring->started)
		return refuse(-EINVAL, why, why_size, "another size for a ring in use");
	if (num < HSW_GUARD_RING_MIN || num > guard->ring_max) {
		snprintf(why, why_size,
			 "a ring of %u descriptors, but %d to %u are allowed; change the guest's "
			 "ring size or the port's `ring_max`",
			 num, HSW_GUARD_RING_MIN, guard->ring_max);
		return -EINVAL;
	}
	if (!is_packed(guard) && (num & (num - 1)) != 0) {
		snprintf(why, why_size, "a split ring of %u descriptors, not a power of two", num);
		return -EINVAL;
	}
	ring->num = num;
	return 0;
}

static int check_set_base(struct hsw_guard *guard, const struct hsw_vhost_msg *msg, char *why,
			  size_t why_size)
{
	struct hsw_guard_ring *ring = &guard->ring[msg->payload.state.index];

	/* QEMU says a packed ring's used index too, in the upper half; librte_vhost ignores it. */
	if (!is_packed(guard) && msg->payload.state.num > UINT16_MAX)
		return refuse(-EINVAL, why, why_size, "a ring position beyond 16 bits");
	ring->base = (uint16_t)msg->payload.state.num;
	ring->based = true;
	/* The size may come later; before the ring is started it must have come. */
	return ring->started ? check_base(guard, ring, why, why_size) : 0;
}

static int check_ring_state(struct hsw_guard *guard, const struct hsw_vhost_msg *msg, char *why,
			    size_t why_size)
{
	uint32_t index = msg->payload.state.index;

	switch (msg->request) {
	case HSW_VHOST_SET_VRING_NUM:
		if (check_ring_usable(guard, index, why, why_size) < 0)
			return -EINVAL;
		return check_num(guard, msg, why, why_size);
	case HSW_VHOST_SET_VRING_BASE:
		if (check_ring_usable(guard, index, why, why_size) < 0)
			return -EINVAL;
		return check_set_base(guard, msg, why, why_size);
	case HSW_VHOST_GET_VRING_BASE:
		if (check_ring(guard, index, why, why_size) < 0)
			return -EINVAL;
		guard->ring[index] = (struct hsw_guard_ring){ 0 };
		return 0;
	default:
		return check_ring(guard, index, why, why_size);
	}
}

/* Addresses, or the descriptor that starts the ring. */
static int check_start(struct hsw_guard *guard, uint32_t index, bool kick, char *why,
		       size_t why_size)
{
	struct hsw_guard_ring *ring;

	if (check_ring_usable(guard, index, why, why_size) < 0)
		return -EINVAL;
	ring = &guard->ring[index];
	if (ring->num == 0)
		return refuse(-EINVAL, why, why_size, "a ring to be used without its size");
	if (kick && check_base(guard, ring, why, why_size) < 0)
		return -EINVAL;
	ring->started = true;
	return 0;
}

static int check_ring_u64(struct hsw_guard *guard, const struct hsw_vhost_msg *msg, char *why,
			  size_t why_size)
{
	uint32_t index = msg->payload.u64 & VRING_INDEX_MASK;

	if (msg->request == HSW_VHOST_SET_VRING_KICK)
		return check_start(guard, index, true, why, why_size);
	return check_ring(guard, index, why, why_size);
}

/* The form of a ring's tables was decided when its size came. */
static int check_features(struct hsw_guard *guard, uint64_t features, char *why, size_t why_size)
{
	if (((guard->features ^ features) & ~FEATURE_LOG_ALL) != 0)
		for (uint32_t i = 0; i < guard->n_rings; i++)
			if (guard->ring[i].num != 0)
				return refuse(-EINVAL, why, why_size,
					      "other features while it has rings");
	guard->features = features;
	return 0;
}

static int check_u64(struct hsw_guard *guard, const struct hsw_vhost_msg *msg, char *why,
		     size_t why_size)
{
	if (msg->request == HSW_VHOST_SET_FEATURES)
		return check_features(guard, msg->payload.u64, why, why_size);
	if (msg->request == HSW_VHOST_SET_PROTOCOL_FEATURES)
		guard->reply_ack = (msg->payload.u64 & PROTOCOL_REPLY_ACK) != 0;
	return 0;
}

/* ---- memory ---- */

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
		return refuse(-EBUSY, why, why_size, "memory tables too fast");
	return 0;
}

static int check_log(const struct hsw_vhost_msg *msg, char *why, size_t why_size)
{
	if (msg->payload.log.mmap_size == 0 || msg->payload.log.mmap_offset != 0 ||
	    msg->fd_num != 1 || msg->size != 2 * sizeof(uint64_t))
		return refuse(-EINVAL, why, why_size,
			      "a log that is empty, has no file or does not begin with it");
	return 0;
}

/* ---- all of them ---- */

int hsw_guard_check(struct hsw_guard *guard, const struct hsw_vhost_msg *msg, uint64_t now_ns,
		    char *why, size_t why_size)
{
	enum payload payload = payload_of(msg->request);

	if (!rate_take(&guard->messages, now_ns, MESSAGES_RATE, MESSAGES_BURST))
		return refuse(-EBUSY, why, why_size, "messages too fast");
	if (payload == PAYLOAD_REFUSED) {
		snprintf(why, why_size, "request %u, which this switch does not offer",
			 msg->request);
		return -EPERM;
	}
	if (msg->size < payload_size(msg))
		return refuse(-EINVAL, why, why_size, "a message cut short");

	switch (payload) {
	case PAYLOAD_U64:
		return check_u64(guard, msg, why, why_size);
	case PAYLOAD_RING_U64:
		return check_ring_u64(guard, msg, why, why_size);
	case PAYLOAD_RING_STATE:
		return check_ring_state(guard, msg, why, why_size);
	case PAYLOAD_RING_ADDR:
		return check_start(guard, msg->payload.addr.index, false, why, why_size);
	case PAYLOAD_MEMORY:
		return check_memory(guard, msg, now_ns, why, why_size);
	case PAYLOAD_LOG:
		return check_log(msg, why, why_size);
	default:
		return 0;
	}
}

bool hsw_guard_is_answered(const struct hsw_vhost_msg *msg)
{
	switch (msg->request) {
	case HSW_VHOST_GET_FEATURES:
	case HSW_VHOST_GET_PROTOCOL_FEATURES:
	case HSW_VHOST_GET_QUEUE_NUM:
	case HSW_VHOST_GET_VRING_BASE:
	case HSW_VHOST_GET_STATUS:
	case HSW_VHOST_SET_LOG_BASE:
		return true;
	default:
		return false;
	}
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

bool hsw_guard_supported(const char *version, char *why, size_t why_size)
{
	/* The functions for the parts are experimental. */
	static const char series[] = "DPDK 22.11.";
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
