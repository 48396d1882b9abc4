/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * When a port may do its next piece of work: a packet rate for the generator, a gap after an empty
 * poll for ports that cost a system call. The callers pass the SDK's time in, so that the
 * arithmetic is tested without a clock.
 *
 * Threads: each object belongs to the worker that polls the queue.
 */
#ifndef VNF_PACE_H
#define VNF_PACE_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_branch_prediction.h>
#include <rte_common.h>

#define PACE_SECOND_NS 1000000000ull
/** Longest stall that is caught up with. */
#define PACE_STALL_NS 10000000ull
/** Packets that are caught up with at most. */
#define PACE_CATCH_UP 512
/** Greatest rate, packets a second: keeps the credit within 64 bits. */
#define PACE_RATE_MAX 1000000000ull

/** A packet rate. Zeroed but for the rate at the beginning. */
struct pace {
	uint64_t rate;   /**< Packets a second; 0 = no limit. */
	uint64_t last;   /**< Time of the last look; 0 = never looked. */
	uint64_t credit; /**< Packets due, times PACE_SECOND_NS. */
};

/** How many of `want` packets are due at `now`; they count as spent. */
static inline uint16_t pace_due(struct pace *p, uint64_t now, uint16_t want)
{
	uint64_t elapsed, due;

	if (p->rate == 0)
		return want;
	if (unlikely(p->last == 0))
		p->last = now;
	elapsed = RTE_MIN(now - p->last, PACE_STALL_NS);
	p->last = now;
	p->credit = RTE_MIN(p->credit + elapsed * p->rate, PACE_CATCH_UP * PACE_SECOND_NS);
	if (p->credit < PACE_SECOND_NS)
		return 0;
	due = RTE_MIN(p->credit / PACE_SECOND_NS, (uint64_t)want);
	p->credit -= due * PACE_SECOND_NS;
	return (uint16_t)due;
}

/** After an empty poll of a kernel queue, it is left alone for this long: a system call that finds
 *  nothing costs as much as the delay it saves.
 */
#define GAP_NS 10000

/** A time in which there is nothing to do. */
struct gap {
	uint64_t until;
};

/** Nothing was there at `now`. */
static inline void gap_begin(struct gap *g, uint64_t now)
{
	g->until = now + GAP_NS;
}

/** Is it too early to look? */
static inline bool gap_lasts(const struct gap *g, uint64_t now)
{
	return now < g->until;
}

#endif
