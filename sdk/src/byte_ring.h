/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * A ring of entries of any length, from one thread to one other, in ordinary memory. The writer
 * reserves room, fills it in, and publishes what it has filled in up to some point; what it has
 * reserved beyond that it may take back. Neither side ever waits: a full ring refuses.
 *
 * Created and destroyed while neither thread uses it. No DPDK calls.
 */
#ifndef VNF_BYTE_RING_H
#define VNF_BYTE_RING_H

#include <stddef.h>
#include <stdint.h>

#define BYTE_RING_LINE 64

struct byte_ring {
	uint8_t *base;
	uint64_t size; /* bytes, a power of two */

	/* The writer's. Positions only grow; their place is that modulo size. */
	uint64_t reserved __attribute__((aligned(BYTE_RING_LINE))); /* behind the last entry */
	uint64_t seen_tail; /* what it last read of `tail` */

	uint64_t head __attribute__((aligned(BYTE_RING_LINE))); /* published: release, acquire */
	uint64_t tail __attribute__((aligned(BYTE_RING_LINE))); /* read: release, acquire */
};

/* With room for `size` bytes, a power of two of at least a page. 0 or -ENOMEM. */
int byte_ring_init(struct byte_ring *ring, uint64_t size);
/* Also of one that is all zero. */
void byte_ring_fini(struct byte_ring *ring);

/* Room for an entry of so many bytes, aligned to 8; NULL if there is none. Writer. */
void *byte_ring_reserve(struct byte_ring *ring, size_t bytes);

/* Behind all that is reserved. Writer. */
static inline uint64_t byte_ring_position(const struct byte_ring *ring)
{
	return ring->reserved;
}

/* Publish what was reserved before `position`, and take back what was reserved after it. Writer. */
static inline void byte_ring_publish(struct byte_ring *ring, uint64_t position)
{
	ring->reserved = position;
	/* Pairs with the acquire in byte_ring_peek(). */
	__atomic_store_n(&ring->head, position, __ATOMIC_RELEASE);
}

/* The oldest entry, or NULL. It is the reader's until byte_ring_release(). Reader. */
void *byte_ring_peek(struct byte_ring *ring);
/* Give back what byte_ring_peek() returned. Reader. */
void byte_ring_release(struct byte_ring *ring);

#endif
