/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * A firewall in front of librte_vhost's message handlers: what a vhost-user peer may ask of us, how
 * much of it and how often. The peer is one step away from the guest, and a guest is hostile; see
 * the vhost-user specification (QEMU docs/interop/vhost-user.rst) for the messages.
 *
 * The decision (hsw_guard_check) is pure. The handler around it runs on librte_vhost's threads,
 * one message of a connection at a time.
 */
#ifndef HSW_VHOST_GUARD_H
#define HSW_VHOST_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Memory regions of a guest and file descriptors of a message at most (librte_vhost's limit). */
#define HSW_VHOST_REGIONS 8
/* Rings of a guest at most: two for each of a port's queue pairs. */
#define HSW_GUARD_RINGS 16
/* The smallest ring: librte_vhost takes up to 32 frames at once, and notes each in a table that is
 * as long as the ring.
 */
#define HSW_GUARD_RING_MIN 64

enum hsw_vhost_request {
	HSW_VHOST_GET_FEATURES = 1,
	HSW_VHOST_SET_FEATURES = 2,
	HSW_VHOST_SET_OWNER = 3,
	HSW_VHOST_RESET_OWNER = 4,
	HSW_VHOST_SET_MEM_TABLE = 5,
	HSW_VHOST_SET_LOG_BASE = 6,
	HSW_VHOST_SET_LOG_FD = 7,
	HSW_VHOST_SET_VRING_NUM = 8,
	HSW_VHOST_SET_VRING_ADDR = 9,
	HSW_VHOST_SET_VRING_BASE = 10,
	HSW_VHOST_GET_VRING_BASE = 11,
	HSW_VHOST_SET_VRING_KICK = 12,
	HSW_VHOST_SET_VRING_CALL = 13,
	HSW_VHOST_SET_VRING_ERR = 14,
	HSW_VHOST_GET_PROTOCOL_FEATURES = 15,
	HSW_VHOST_SET_PROTOCOL_FEATURES = 16,
	HSW_VHOST_GET_QUEUE_NUM = 17,
	HSW_VHOST_SET_VRING_ENABLE = 18,
	HSW_VHOST_SEND_RARP = 19,
	HSW_VHOST_NET_SET_MTU = 20,
	HSW_VHOST_SET_STATUS = 39,
	HSW_VHOST_GET_STATUS = 40,
};

struct hsw_vhost_region {
	uint64_t guest_phys_addr;
	uint64_t memory_size;
	uint64_t userspace_addr;
	uint64_t mmap_offset;
};

/*
 * A message with the descriptors that came with it, as librte_vhost hands it to external handlers.
 * The payload's fields are the protocol's; its size, and with it where `fds` stands, is that of
 * DPDK 22.11 (the largest payload there is vhost-crypto's session), where the layout is kept for
 * the sake of such handlers but published in no header. hsw_guard_supported() compares the version.
 */
struct hsw_vhost_msg {
	uint32_t request;
	uint32_t flags;
	uint32_t size; /* Of the payload, in octets. */
	union {
		uint64_t u64;
		struct {
			uint32_t index;
			uint32_t num;
		} state;
		struct {
			uint32_t index;
			uint32_t flags;
			uint64_t addr[4];
		} addr;
		struct {
			uint32_t nregions;
			uint32_t padding;
			struct hsw_vhost_region regions[HSW_VHOST_REGIONS];
		} memory;
		struct {
			uint64_t mmap_size;
			uint64_t mmap_offset;
		} log;
		uint8_t octets[632];
	} payload;
	int fds[HSW_VHOST_REGIONS];
	int fd_num;
} __attribute__((packed));

/* A token bucket. */
struct hsw_guard_rate {
	uint64_t refill_ns;
	uint32_t used;
};

/* What librte_vhost knows of a ring, as far as its handlers rely on it without looking. */
struct hsw_guard_ring {
	uint32_t num; /* Descriptors; 0: not set since the ring was stopped, its tables are gone. */
	uint16_t base; /* Where it begins. */
	bool based;    /* `base` was set since the ring was stopped. */
	bool started;  /* Its addresses may be in use. */
};

/*
 * What a port's peer may do, and what it has done. The rates are the port's, over all of its
 * connections: coming again does not fill the buckets.
 */
struct hsw_guard {
	uint32_t n_rings;  /* Rings at most: two for each queue pair. */
	uint32_t ring_max; /* Descriptors of a ring at most. */
	struct hsw_guard_rate messages;
	struct hsw_guard_rate mem_tables;
	struct hsw_guard_rate connections;
	uint64_t backoff_ns; /* The last pause after a connection that was ended for cause; or 0. */
	uint64_t pause_end_ns;

	/* Of this connection. */
	uint64_t features; /* Negotiated. */
	bool reply_ack;    /* The peer may ask for an answer to any message. */
	struct hsw_guard_ring ring[HSW_GUARD_RINGS];
};

/* A new port: `pairs` queue pairs, rings of `ring_max`. */
void hsw_guard_init(struct hsw_guard *guard, uint32_t pairs, uint32_t ring_max, uint64_t now_ns);

/* May a peer come now? Pure. 0 or -EBUSY; takes a token. */
int hsw_guard_admit(struct hsw_guard *guard, uint64_t now_ns);
/* Is no peer wanted now? */
bool hsw_guard_is_paused(const struct hsw_guard *guard, uint64_t now_ns);
/* A connection begins: nothing is negotiated. */
void hsw_guard_begin(struct hsw_guard *guard);
/*
 * The connection was ended because of what the peer did: none is taken for a second, and for twice
 * as long each time that it happens again, 30 s at most. Who merely leaves or dies is not held up.
 */
void hsw_guard_punish(struct hsw_guard *guard, uint64_t now_ns);

/*
 * Pure, but for what it remembers. 0: let it through; -EPERM, -EINVAL, -EBUSY: refuse, and `why`
 * says in words. A message that was let through must succeed, or the connection must end: what the
 * guard remembers would not be true any more.
 */
int hsw_guard_check(struct hsw_guard *guard, const struct hsw_vhost_msg *msg, uint64_t now_ns,
		    char *why, size_t why_size);

/* Will librte_vhost answer this message, whatever its flags say? */
bool hsw_guard_is_answered(const struct hsw_vhost_msg *msg);

/* ---- vhost_files.c ---- */

/*
 * Are the message's descriptors what they should be: memory that can be mapped and does not end
 * before its region does, or an event descriptor that cannot block who signals it? 0 or -EINVAL.
 */
int hsw_guard_check_files(const struct hsw_vhost_msg *msg, char *why, size_t why_size);

/* Close the message's descriptors: librte_vhost does not when a handler refuses it. */
void hsw_guard_close_fds(struct hsw_vhost_msg *msg);

/* Has librte_vhost of this version of DPDK (rte_version()) the layout above, and no known holes?
 * `why` says if not.
 */
bool hsw_guard_supported(const char *version, char *why, size_t why_size);

#endif
