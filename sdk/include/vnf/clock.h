/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 */
#ifndef VNF_CLOCK_H
#define VNF_CLOCK_H

/**
 * @file
 * The one clock of a program. A callback reads `worker->now_ns`, which is refreshed once a burst;
 * everything else asks vnf_clock_now().
 *
 * In a replay the clock is virtual: it stands at the time stamp of the packet, or at the very
 * nanosecond of the timer, that is being dealt with. So nothing else may read the time: not
 * clock_gettime(), not time(), not the time stamp counter.
 */

#include <stdint.h>

#include <rte_cycles.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Nanoseconds of a second. */
#define VNF_SECOND_NS UINT64_C(1000000000)

/**
 * The SDK's clock.
 *
 * @return
 *   Nanoseconds since the start (in a replay: since the first packet), monotonic.
 *
 * Context: any thread; in a worker `worker->now_ns` is cheaper.
 */
uint64_t vnf_clock_now(void);

/**
 * The time of day, for what people and files are to see: it may jump. For periods use
 * vnf_clock_now().
 *
 * @return
 *   Nanoseconds since 1970-01-01 00:00 UTC; in a replay the virtual ones.
 *
 * Context: any thread.
 */
uint64_t vnf_clock_wall(void);

/**
 * Ticks of the processor's time stamp counter, for measuring what code costs (vnf/stage.h) and for
 * nothing that a packet's fate depends on: they are real in a replay too.
 *
 * @return
 *   Ticks, rte_get_tsc_hz() a second.
 *
 * Context: any thread.
 */
static inline uint64_t vnf_clock_ticks(void)
{
	return rte_rdtsc();
}

#ifdef __cplusplus
}
#endif

#endif
