/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 */

#include "packet_ring.h"

#include <stdlib.h>
#include <string.h>

struct packet_ring *packet_ring_create(uint32_t size)
{
	size_t bytes = RTE_ALIGN_CEIL(sizeof(struct packet_ring) + size * sizeof(struct rte_mbuf *),
				      (size_t)RTE_CACHE_LINE_SIZE);
	struct packet_ring *ring = aligned_alloc(RTE_CACHE_LINE_SIZE, bytes);

	if (ring == NULL)
		return NULL;
	memset(ring, 0, bytes);
	ring->size = size;
	return ring;
}

void packet_ring_destroy(struct packet_ring *ring)
{
	free(ring);
}
