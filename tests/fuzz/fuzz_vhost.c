/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Fuzz target for the guard on vhost-user messages: a guest may send any of them in any order. The
 * input is a row of messages, each cut to the guard's layout; what is let through must keep the
 * limits that the guard is there for.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "must.h"
#include "vhost_guard.h"

#define PAIRS 4
#define RING_MAX 1024
/* Octets of one message in the input: request, flags, size, then the payload's beginning. */
#define STEP 64

/* What librte_vhost relies on while it uses a ring. */
static void check_rings(const struct hsw_guard *guard)
{
	for (uint32_t i = 0; i < HSW_GUARD_RINGS; i++) {
		const struct hsw_guard_ring *r = &guard->ring[i];

		must(r->num == 0 || (r->num >= HSW_GUARD_RING_MIN && r->num <= RING_MAX));
		must(!r->started || r->num != 0);
		must(i < 2 * PAIRS || r->num == 0);
		must(i < 2 || r->num == 0 || (guard->features & (1ull << 22)) != 0);
	}
}

static void check_let_through(const struct hsw_vhost_msg *msg)
{
	uint32_t index = msg->payload.state.index, num = msg->payload.state.num;

	switch (msg->request) {
	case HSW_VHOST_SET_VRING_NUM:
		must(num >= HSW_GUARD_RING_MIN && num <= RING_MAX);
		must(index < 2 * PAIRS);
		break;
	case HSW_VHOST_SET_VRING_BASE:
	case HSW_VHOST_GET_VRING_BASE:
	case HSW_VHOST_SET_VRING_ENABLE:
	case HSW_VHOST_SET_VRING_ADDR:
		must(index < 2 * PAIRS);
		break;
	case HSW_VHOST_SET_MEM_TABLE:
		must(msg->payload.memory.nregions <= HSW_VHOST_REGIONS);
		break;
	default:
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hsw_guard guard;
	uint64_t now_ns = 1000000000;

	hsw_guard_init(&guard, PAIRS, RING_MAX, now_ns);
	for (; size >= STEP; data += STEP, size -= STEP) {
		struct hsw_vhost_msg msg = { .fd_num = 0 };
		char why[128] = "";

		memcpy(&msg, data, STEP);
		now_ns += (uint64_t)data[STEP - 1] << 20;
		msg.request %= 64;
		for (size_t i = 0; i < HSW_VHOST_REGIONS; i++)
			msg.fds[i] = -1;
		if (hsw_guard_check(&guard, &msg, now_ns, why, sizeof(why)) == 0)
			check_let_through(&msg);
		else
			must(why[0] != '\0');
		check_rings(&guard);
	}
	return 0;
}
