/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * SYNs from outside that nobody asked for: RFC 5382 REQ-4. An answer would tell the other end of a
 * simultaneous open that there is nobody, just before the SYN of this side comes. So they wait;
 * when their time is over they come in once more, and then they are of a session, or are refused.
 * Worker.
 */
#include "nat.h"

static struct nat_held *held_at(struct nat_worker *w, uint32_t i)
{
	return &w->held[(w->held_first + i) % NAT_HELD_MAX];
}

/* Told nobody: none is to be told, or too many wait, which a flood of SYNs brings about. */
vnf_verdict_t nat_hold(struct nat_worker *w, uint16_t i, enum nat_drop reason)
{
	const struct nat_packet *p = &w->burst.p[i];

	if (nat_policy_of(w)->syn_hold_ns == 0 || w->n_held >= NAT_HELD_MAX)
		return nat_drop(reason);
	*held_at(w, w->n_held++) = (struct nat_held){
		.pkt = p->pkt,
		.since_ns = w->worker->now_ns,
		.port = w->burst.port,
		.slot = p->slot,
	};
	__atomic_fetch_add(&w->seen->held, 1, __ATOMIC_RELAXED);
	vnf_packet_mark(p->pkt, "a SYN that nobody asked for");
	return VNF_TAKEN;
}

/* For as long as the policy of now says. */
void nat_hold_tick(struct nat_worker *w)
{
	uint64_t hold_ns = nat_policy_of(w)->syn_hold_ns;

	while (w->n_held > 0 && w->worker->now_ns - held_at(w, 0)->since_ns >= hold_ns) {
		const struct nat_held *held = held_at(w, 0);

		held->pkt->ol_flags |= nat_marks.held;
		vnf_slot_send(w->worker, held->port, held->pkt, held->slot);
		w->held_first = (w->held_first + 1) % NAT_HELD_MAX;
		w->n_held--;
		__atomic_fetch_sub(&w->seen->held, 1, __ATOMIC_RELAXED);
	}
}

void nat_hold_stop(struct nat_worker *w)
{
	for (uint32_t i = 0; i < w->n_held; i++)
		vnf_drop(w->worker, held_at(w, i)->port, held_at(w, i)->pkt, VNF_DROP_STOPPING);
	w->n_held = 0;
}
