/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The firewall's walk through all sessions for a command: in how many passes of a worker, and that
 * each session is seen once.
 */
#include "session_list.h"

#include "session_support.h"

#define SLOTS 1024
#define SESSIONS_A_SLOT 48

static struct vnf_slots slots = { .mask = SLOTS - 1, .n_mine = SLOTS };
static uint8_t mine[SLOTS];
static struct fw_walk walk;
static uint32_t seen, most, in_this_step;

static void session_see(struct vnf_worker *of, struct vnf_sessions *in, struct vnf_session *session,
			void *arg)
{
	(void)of, (void)in, (void)session, (void)arg;
	seen++;
	in_this_step++;
	most = RTE_MAX(most, in_this_step);
}

static void setup(void)
{
	conf.slots = SLOTS;
	conf.sessions = SLOTS * SESSIONS_A_SLOT;
	sessions_start(true);
	memset(mine, 1, sizeof(mine));
	slots.mine = mine;
	worker.pub.slots = &slots;
	worker.pub.sessions[FW_IPV4] = sessions;
}

static void slots_fill(void)
{
	struct vnf_session_hit hit;
	uint8_t keys[KEY_MAX];

	for (uint32_t i = 0; i < SLOTS * SESSIONS_A_SLOT; i++)
		cr_assert_eq(vnf_session_create(&worker.pub, sessions, i % SLOTS,
						keys_make(keys, i), CLASS_OPEN, &hit),
			     0);
}

/* In how many steps. */
static uint32_t walk_all(void)
{
	uint32_t steps = 1;

	walk = (struct fw_walk){ .version = 4, .see = session_see };
	for (; !fw_walk_step(&worker.pub, &walk); steps++)
		in_this_step = 0;
	in_this_step = 0;
	return steps;
}

/* An empty one costs little, but something: there may be very many. */
Test(fw_walk, many_slots_in_a_pass, .init = setup, .fini = sessions_stop)
{
	uint32_t steps = walk_all();

	cr_assert(steps >= 2 && steps <= SLOTS / 20, "%u steps", steps);
	cr_assert_eq(seen, 0);
}

Test(fw_walk, but_not_too_many, .init = setup, .fini = sessions_stop)
{
	uint32_t steps;

	slots_fill();
	steps = walk_all();
	cr_assert(steps >= 50 && steps <= 100, "%u steps", steps);
	cr_assert_eq(seen, SLOTS * SESSIONS_A_SLOT);
	cr_assert_leq(most, 1024);
	cr_assert(fw_walk_step(&worker.pub, &walk), "it is done");
	cr_assert_eq(seen, SLOTS * SESSIONS_A_SLOT, "one was seen twice");
}
