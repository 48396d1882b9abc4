/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * A ring of packets from one thread to another. Each side keeps what it last saw of the other's
 * count, so that it reads the other's cache line only when it has to: once in a ring's length where
 * the reader keeps up.
 *
 * An rte_ring with one writer and one reader is as fast. But its order of memory on x86 is made of
 * compiler barriers, which ThreadSanitizer does not see, and whether two workers are ever in one
 * slot is to be proved with it (tests/race/steer.c).
 */
#ifndef PACKET_RING_H
#define PACKET_RING_H

#include <stdint.h>

#include <rte_common.h>

struct rte_mbuf;

struct packet_ring {
	uint32_t size; /* a power of two */
	/* The writer's. */
	uint32_t written __rte_cache_aligned; /* packets ever; release, acquire */
	uint32_t seen_read;
	/* The reader's. */
	uint32_t read __rte_cache_aligned; /* likewise */
	uint32_t seen_written;
	struct rte_mbuf *pkt[] __rte_cache_aligned;
};

/* NULL: no memory. */
struct packet_ring *packet_ring_create(uint32_t size);
/* It is empty, or NULL. */
void packet_ring_destroy(struct packet_ring *ring);

/* Returns how many of them fit. Writer. */
static inline uint32_t packet_ring_put(struct packet_ring *ring, struct rte_mbuf *const *pkts,
				       uint32_t n)
{
	uint32_t at = ring->written;

	if (ring->size - (at - ring->seen_read) < n)
		ring->seen_read = __atomic_load_n(&ring->read, __ATOMIC_ACQUIRE);
	n = RTE_MIN(n, ring->size - (at - ring->seen_read));
	for (uint32_t i = 0; i < n; i++)
		ring->pkt[(at + i) & (ring->size - 1)] = pkts[i];
	__atomic_store_n(&ring->written, at + n, __ATOMIC_RELEASE);
	return n;
}

/* Returns how many were taken, `n` at most. Reader. */
static inline uint32_t packet_ring_take(struct packet_ring *ring, struct rte_mbuf **pkts,
					uint32_t n)
{
	uint32_t at = ring->read;

	if (ring->seen_written == at)
		ring->seen_written = __atomic_load_n(&ring->written, __ATOMIC_ACQUIRE);
	n = RTE_MIN(n, ring->seen_written - at);
	if (n == 0)
		return 0;
	for (uint32_t i = 0; i < n; i++)
		pkts[i] = ring->pkt[(at + i) & (ring->size - 1)];
	__atomic_store_n(&ring->read, at + n, __ATOMIC_RELEASE);
	return n;
}

/* Packets ever written, and ever read; modulo 2^32. Any thread. */
static inline uint32_t packet_ring_written(const struct packet_ring *ring)
{
	return __atomic_load_n(&ring->written, __ATOMIC_ACQUIRE);
}

static inline uint32_t packet_ring_read(const struct packet_ring *ring)
{
	return __atomic_load_n(&ring->read, __ATOMIC_ACQUIRE);
}

#endif
