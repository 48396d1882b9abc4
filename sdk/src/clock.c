/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The SDK's clock: nanoseconds since start, from the time stamp counter. Started once after EAL
 * knows the counter's rate; read by any thread. Workers read it once a pass and hand out that.
 */

#include "vnf_priv.h"

#include <rte_cycles.h>

static uint64_t clock_base;
static uint64_t clock_ns_per_cycle; /* fixed point, 32 bits of fraction */

void clock_init(void)
{
	clock_ns_per_cycle = (1000000000ULL << 32) / rte_get_tsc_hz();
	clock_base = rte_rdtsc();
}

uint64_t clock_now(void)
{
	unsigned __int128 cycles = rte_rdtsc() - clock_base;

	return (uint64_t)((cycles * clock_ns_per_cycle) >> 32);
}
