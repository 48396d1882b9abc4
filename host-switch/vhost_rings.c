/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * A guest's rings at a glance. The guest may write to them meanwhile, and anything: each value is
 * loaded once and followed nowhere.
 */
#include "vhost_rings.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <linux/virtio_ring.h>
#include <rte_common.h>

/* Descriptors to look at in a ring that may be untouched: a driver begins with the first ones. */
#define LOOK_MAX 64
/* So long no buffer appears, though the guest signals: it fills a ring before it signals it. */
#define SUSPICION_NS 1000000000ull

static_assert(sizeof(struct vring_desc) == HSW_RING_DESCRIPTOR, "split ring");
static_assert(sizeof(struct vring_packed_desc) == HSW_RING_DESCRIPTOR, "packed ring");

static bool are_blank(const uint64_t *words, size_t n)
{
	uint64_t seen = 0;

	for (size_t i = 0; i < n; i++)
		seen |= __atomic_load_n(&words[i], __ATOMIC_RELAXED);
	return seen == 0;
}

bool hsw_ring_is_untouched(const struct hsw_ring *ring)
{
	size_t n = RTE_MIN(ring->num, (uint32_t)LOOK_MAX);

	if (ring->avail != NULL && __atomic_load_n(&ring->avail->idx, __ATOMIC_RELAXED) != 0)
		return false;
	if (ring->used != NULL && __atomic_load_n(&ring->used->idx, __ATOMIC_RELAXED) != 0)
		return false;
	return are_blank(ring->descriptors, n * HSW_RING_DESCRIPTOR / sizeof(uint64_t));
}

bool hsw_ring_was_used(const void *descriptors, uint32_t num)
{
	const struct vring_packed_desc *desc = descriptors;

	for (uint32_t i = 0; i < num; i++) {
		uint16_t flags = __atomic_load_n(&desc[i].flags, __ATOMIC_RELAXED);

		if ((flags & (1u << VRING_PACKED_DESC_F_USED)) != 0)
			return true;
	}
	return false;
}

uint64_t hsw_ring_kicks(const char *fdinfo)
{
	static const char key[] = "eventfd-count:";
	const char *found = strstr(fdinfo, key);

	/* The kernel writes it in hexadecimal. */
	return found != NULL ? strtoull(found + sizeof(key) - 1, NULL, 16) : 0;
}

bool hsw_sharing_look(struct hsw_sharing_test *test, bool untouched, uint64_t kicks,
		      uint64_t now_ns)
{
	if (test->result != HSW_SHARING_UNKNOWN)
		return false;
	if (!untouched)
		__atomic_store_n(&test->result, HSW_SHARING_YES, __ATOMIC_RELAXED);
	if (!untouched || kicks < HSW_RING_KICKS_MIN) {
		test->suspected_ns = 0;
		return false;
	}
	if (test->suspected_ns == 0)
		test->suspected_ns = now_ns;
	if (now_ns - test->suspected_ns < SUSPICION_NS)
		return false;
	__atomic_store_n(&test->result, HSW_SHARING_NO, __ATOMIC_RELAXED);
	return true;
}
