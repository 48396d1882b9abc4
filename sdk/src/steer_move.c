/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Slots that move from worker to worker: the control thread's side, which begins moves, one at a
 * time. The rest is the two workers', so that no move waits for the control thread, which may have
 * long things to do. See steer_priv.h.
 */

#include "steer_priv.h"

#include <errno.h>

/* How often loads are compared, and how often in a row they must be uneven. */
#define LOOK_NS VNF_SECOND_NS
#define UNEVEN_TIMES 2

uint64_t steer_slot_packets(const struct steer *steer, uint32_t slot)
{
	uint64_t packets = 0;

	for (uint16_t i = 0; i < steer->n_workers; i++)
		packets += __atomic_load_n(&steer->workers[i].pub.packets[slot], __ATOMIC_RELAXED);
	return packets;
}

/* Cards may know it too. */
static void ports_spread(struct vnf *vnf)
{
	for (uint16_t i = 0; i < vnf->n_ports; i++) {
		struct vnf_port *port = &vnf->ports[i].port;

		if (port_slot_used(&vnf->ports[i]) && port->kind->spread != NULL &&
		    port_is_started(port))
			port->kind->spread(port);
	}
}

int steer_move_begin(struct vnf *vnf, struct steer *steer, uint32_t slot, uint16_t to)
{
	if (__atomic_load_n(&steer->stage, __ATOMIC_ACQUIRE) != STEER_NONE)
		return -EBUSY;
	steer->from = __atomic_load_n(&steer->holder[slot], __ATOMIC_RELAXED);
	if (steer->from == to)
		return -EALREADY;
	steer->slot = slot;
	steer->seen = false;
	steer->to = to;
	__atomic_store_n(&steer->target[slot], to, __ATOMIC_RELAXED);
	__atomic_store_n(&steer->moves, steer->moves + 1, __ATOMIC_RELAXED);
	ports_spread(vnf);
	steer->token = rte_rcu_qsbr_start(vnf->qsbr);
	__atomic_store_n(&steer->stage, steer_turn(STEER_SENDING, steer->from), __ATOMIC_RELEASE);
	return 0;
}

static bool loads_look(struct steer *steer, struct steer_advice *advice)
{
	for (uint32_t s = 0; s < steer->n_slots; s++) {
		uint64_t packets = steer_slot_packets(steer, s);

		steer->load[s] = packets - steer->packets_seen[s];
		steer->packets_seen[s] = packets;
	}
	__atomic_store_n(
		&steer->imbalance,
		steer_imbalance(steer->load, steer->target, steer->n_slots, steer->n_workers),
		__ATOMIC_RELAXED);
	return steer_balance(steer->load, steer->target, steer->n_slots, steer->n_workers, advice);
}

/* A load that is uneven for once may be a burst. */
static void rebalance(struct vnf *vnf, struct steer *steer)
{
	const struct steer_section *section = vnf_part_config(vnf, PART_STEER);
	uint64_t now = vnf_clock_now();
	struct steer_advice advice;

	if (now - steer->looked_ns < LOOK_NS)
		return;
	steer->looked_ns = now;
	if (!loads_look(steer, &advice)) {
		steer->uneven = 0;
		return;
	}
	if (++steer->uneven < UNEVEN_TIMES || !section->steering.rebalance)
		return;
	if (steer_move_begin(vnf, steer, advice.slot, advice.to) == 0)
		vnf_info("steering: slot %u goes from worker %u to worker %u, which has less to do",
			 advice.slot, steer->from, steer->to);
}

bool steer_is_moving(const struct vnf *vnf)
{
	const struct steer *steer = vnf->part_state[PART_STEER];

	return steer != NULL && __atomic_load_n(&steer->stage, __ATOMIC_ACQUIRE) != STEER_NONE;
}

void steer_control(struct vnf *vnf)
{
	struct steer *steer = vnf_part_state(vnf, PART_STEER);
	uint32_t stage = __atomic_load_n(&steer->stage, __ATOMIC_ACQUIRE);

	if (clock_is_virtual())
		steer->seen = true;
	else if (steer->n_workers > 1 && stage == STEER_NONE)
		rebalance(vnf, steer);
}
