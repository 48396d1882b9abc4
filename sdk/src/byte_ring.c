/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * See byte_ring.h. An entry is never cut in two at the end of the memory: what is left there is
 * skipped by an entry of its own.
 */

#include "byte_ring.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>

struct entry {
	uint32_t bytes; /* with this header, a multiple of 8 */
	uint32_t skip;  /* there is nothing in it */
};

int byte_ring_init(struct byte_ring *ring, uint64_t size)
{
	void *base;

	memset(ring, 0, sizeof(*ring));
	/* Present from the start, so that the writer meets no page fault. */
	base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE,
		    -1, 0);
	if (base == MAP_FAILED)
		return -ENOMEM;
	ring->base = base;
	ring->size = size;
	return 0;
}

void byte_ring_fini(struct byte_ring *ring)
{
	if (ring->base != NULL)
		munmap(ring->base, ring->size);
	memset(ring, 0, sizeof(*ring));
}

static struct entry *entry_at(const struct byte_ring *ring, uint64_t position)
{
	return (struct entry *)(ring->base + (position & (ring->size - 1)));
}

/* Are so many bytes behind the last entry free? */
static bool room_is(struct byte_ring *ring, uint64_t bytes)
{
	if (ring->reserved + bytes - ring->seen_tail <= ring->size)
		return true;
	/* Pairs with the release in tail_move(): the reader is done with what it gave back. */
	ring->seen_tail = __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE);
	return ring->reserved + bytes - ring->seen_tail <= ring->size;
}

void *byte_ring_reserve(struct byte_ring *ring, size_t bytes)
{
	uint64_t need = sizeof(struct entry) + ((bytes + 7) & ~(uint64_t)7);
	uint64_t to_end = ring->size - (ring->reserved & (ring->size - 1));
	uint64_t skip = need > to_end ? to_end : 0;
	struct entry *entry;

	if (need > ring->size || !room_is(ring, skip + need))
		return NULL;
	if (skip != 0)
		*entry_at(ring, ring->reserved) = (struct entry){ (uint32_t)skip, 1 };
	entry = entry_at(ring, ring->reserved + skip);
	*entry = (struct entry){ (uint32_t)need, 0 };
	ring->reserved += skip + need;
	return entry + 1;
}

static void tail_move(struct byte_ring *ring, uint64_t tail)
{
	/* Pairs with the acquire in room_is(). */
	__atomic_store_n(&ring->tail, tail, __ATOMIC_RELEASE);
}

void *byte_ring_peek(struct byte_ring *ring)
{
	/* Pairs with the release in byte_ring_publish(). */
	uint64_t head = __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE);
	struct entry *entry;

	while (ring->tail != head) {
		entry = entry_at(ring, ring->tail);
		if (entry->skip == 0)
			return entry + 1;
		tail_move(ring, ring->tail + entry->bytes);
	}
	return NULL;
}

void byte_ring_release(struct byte_ring *ring)
{
	tail_move(ring, ring->tail + entry_at(ring, ring->tail)->bytes);
}
