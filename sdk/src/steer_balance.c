/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Which slot should move where, so that workers have equally much to do. Arithmetic only.
 */

#include "steer_priv.h"

/* A worker is too busy with so much more than the mean, in percent. */
#define UNEVEN_PERCENT 25
/* Packets of all slots in the time that is looked at, below which nobody is busy. */
#define LOAD_MIN 10000

static void workers_weigh(const uint64_t *load, const uint16_t *owner, uint32_t n_slots,
			  uint64_t *of)
{
	for (uint32_t s = 0; s < n_slots; s++)
		of[owner[s]] += load[s];
}

/* The slot that brings the two nearest to each other: of at most half of the difference, or else
 * the one that gets would have more than the one that gives has now.
 */
static bool slot_choose(const uint64_t *load, const uint16_t *owner, uint32_t n_slots,
			uint16_t busiest, uint64_t difference, uint32_t *slot)
{
	uint64_t best = UINT64_MAX;

	for (uint32_t s = 0; s < n_slots; s++) {
		uint64_t off;

		if (owner[s] != busiest || load[s] == 0 || load[s] >= difference)
			continue;
		off = load[s] > difference / 2 ? load[s] - difference / 2
					       : difference / 2 - load[s];
		if (off >= best)
			continue;
		best = off;
		*slot = s;
	}
	return best != UINT64_MAX;
}

bool steer_balance(const uint64_t *load, const uint16_t *owner, uint32_t n_slots,
		   uint16_t n_workers, struct steer_advice *advice)
{
	uint64_t of[WORKERS_MAX] = { 0 };
	uint64_t all = 0;
	uint16_t busiest = 0, least = 0;

	workers_weigh(load, owner, n_slots, of);
	for (uint16_t w = 0; w < n_workers; w++) {
		all += of[w];
		if (of[w] > of[busiest])
			busiest = w;
		if (of[w] < of[least])
			least = w;
	}
	if (all < LOAD_MIN || of[busiest] * n_workers * 100 <= all * (100 + UNEVEN_PERCENT))
		return false;
	advice->to = least;
	return slot_choose(load, owner, n_slots, busiest, of[busiest] - of[least], &advice->slot);
}

uint32_t steer_imbalance(const uint64_t *load, const uint16_t *owner, uint32_t n_slots,
			 uint16_t n_workers)
{
	uint64_t of[WORKERS_MAX] = { 0 };
	uint64_t all = 0, most = 0;

	workers_weigh(load, owner, n_slots, of);
	for (uint16_t w = 0; w < n_workers; w++) {
		all += of[w];
		most = RTE_MAX(most, of[w]);
	}
	return all == 0 ? 0 : (uint32_t)(most * 100 * n_workers / all);
}
