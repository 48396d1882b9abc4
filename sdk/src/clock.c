/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The SDK's clock, and the only file that asks for the time (tools/check sees to it). Nanoseconds
 * since start, from the time stamp counter once EAL knows its rate; before that, and in programs
 * without EAL, the kernel's. A replay stops it and moves it by hand.
 *
 * Read by any thread. Started and made virtual by the control thread before there are workers.
 */

#include <vnf/clock.h>

#include "vnf_priv.h"

#include <time.h>

static bool clock_runs;   /* by the time stamp counter */
static bool clock_stands; /* virtual */
static uint64_t clock_base;
static uint64_t clock_ns_per_cycle; /* fixed point, 32 bits of fraction */
static uint64_t virtual_ns;
static uint64_t virtual_wall_ns; /* time of day when the virtual clock stood at 0 */

static uint64_t kernel_ns(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * VNF_SECOND_NS + (uint64_t)t.tv_nsec;
}

void clock_init(void)
{
	clock_ns_per_cycle = (VNF_SECOND_NS << 32) / rte_get_tsc_hz();
	clock_base = rte_rdtsc();
	clock_runs = true;
}

void clock_make_virtual(uint64_t wall_ns)
{
	clock_runs = false;
	clock_stands = true;
	virtual_ns = 0;
	virtual_wall_ns = wall_ns;
}

void clock_advance(uint64_t now_ns)
{
	virtual_ns = now_ns;
}

bool clock_is_virtual(void)
{
	return clock_stands;
}

uint64_t vnf_clock_now(void)
{
	unsigned __int128 cycles;

	if (unlikely(!clock_runs))
		return clock_stands ? virtual_ns : kernel_ns(CLOCK_MONOTONIC);
	cycles = rte_rdtsc() - clock_base;
	return (uint64_t)((cycles * clock_ns_per_cycle) >> 32);
}

uint64_t vnf_clock_wall(void)
{
	return clock_stands ? virtual_wall_ns + virtual_ns : kernel_ns(CLOCK_REALTIME);
}

void clock_deadline(uint64_t wait_ns, struct timespec *until)
{
	uint64_t ns = kernel_ns(CLOCK_MONOTONIC) + wait_ns;

	until->tv_sec = (time_t)(ns / VNF_SECOND_NS);
	until->tv_nsec = (long)(ns % VNF_SECOND_NS);
}
