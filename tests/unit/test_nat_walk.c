/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The NAT's walk through all slots for a command: in how many passes of a worker, and that each
 * place is seen once.
 */
#include "eal_support.h"

#include "walk.h"

#define SLOTS 4096
#define PLACES 3000
#define FULL_SLOT (SLOTS - 1) /* has so many, the others none */

static struct vnf_slots slots = { .mask = SLOTS - 1, .n_mine = SLOTS };
static uint8_t mine[SLOTS];
static struct worker worker;
static struct vnf vnf = { .workers = &worker, .n_workers = 1 };
static struct nat_walk walk;
static uint32_t seen, most, in_this_step, steps;

/* It is asked between two steps. */
static bool step_ended(struct vnf *of)
{
	(void)of;
	steps++;
	in_this_step = 0;
	return false;
}

static bool part(struct nat_worker *w, uint32_t slot, uint32_t *cursor, uint32_t budget, void *arg)
{
	uint32_t has = slot == FULL_SLOT ? PLACES : 0, n = RTE_MIN(budget, has - *cursor);

	(void)w, (void)arg;
	*cursor += n;
	seen += n;
	in_this_step += n;
	most = RTE_MAX(most, in_this_step);
	return *cursor < has;
}

Test(nat_walk, many_slots_in_a_pass_but_not_all)
{
	eal_support_start();
	memset(mine, 1, sizeof(mine));
	slots.mine = mine;
	worker.pub.slots = &slots;
	vnf.stop_asked = step_ended;
	walk = (struct nat_walk){ .part = part };
	cr_assert_eq(nat_walk_run(&vnf, &walk, NULL), 0);
	cr_assert_eq(seen, PLACES);
	cr_assert_leq(most, NAT_PLACES_A_STEP);
	cr_assert_leq(steps, 80, "%u steps", steps);
	cr_assert_geq(steps, 40, "%u steps", steps);
	eal_support_stop();
}
