/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * After a reload: sessions that the new policy would not accept end, those that it would go on. A
 * session is judged anew when its next packet comes (judge.c), and all others by a walk in the
 * background, a part of it in each tick, so that what is denied is gone in bounded time without
 * traffic having to wait. Worker.
 */
#include "firewall.h"

/* What a tick does at most: sessions that are judged, at 100 ns or so each with a policy of some
 * hundred rules, and places of a table that are looked at, most of which were judged before or are
 * free.
 */
#define JUDGED_A_TICK 512
#define PLACES_A_TICK 8192
#define PLACES_A_STEP 64

/* Where a side has sent from and that is in another zone now, the session moves along; but not if
 * it was between other zones than that, as there are two ways.
 */
static void zones_after(const struct fw_policy *policy, const struct fw_flow *flow, uint8_t zone[2])
{
	for (uint32_t side = 0; side < 2; side++) {
		uint16_t in = flow->in[side];

		zone[side] = flow->zone[side];
		if (flow->policy == policy->before && in < FW_INTERFACES_MAX &&
		    policy->zone_was[in] == flow->zone[side] &&
		    policy->zone_after[in] != FW_ZONE_GONE)
			zone[side] = policy->zone_after[in];
	}
}

bool fw_session_stands(const struct fw_policy *policy, struct vnf_session *session, uint32_t table,
		       uint8_t zone[2], uint32_t *rule)
{
	zones_after(policy, vnf_session_user(session), zone);
	*rule = fw_session_rule(policy, session, table, zone[0], zone[1]);
	return policy->rule[*rule].action == FW_ACCEPT;
}

bool fw_renew(struct vnf_worker *worker, uint32_t table, struct vnf_session *session)
{
	const struct fw_policy *policy = fw_policy_of(worker);
	struct fw_flow *flow = vnf_session_user(session);
	uint8_t zone[2];
	uint32_t rule;

	if (!fw_session_stands(policy, session, table, zone, &rule))
		return false;
	flow->rule = rule;
	flow->log = policy->rule[rule].log;
	flow->policy = policy->number;
	memcpy(flow->zone, zone, sizeof(zone));
	fw_limit_renew(worker, table, session);
	/* Interfaces have other numbers, routes may have changed: the next packet is looked at. */
	if (policy->mode == FW_ROUTED)
		flow->in[0] = flow->in[1] = UINT16_MAX;
	return true;
}

static void session_see(struct vnf_worker *worker, struct vnf_sessions *sessions,
			struct vnf_session *session, void *arg)
{
	const struct fw_flow *flow = vnf_session_user(session);
	struct fw_renewal *r = arg;

	if (flow->policy == fw_policy_of(worker)->number)
		return;
	r->n_judged++;
	if (!fw_renew(worker, r->table, session))
		fw_flow_end(worker, sessions, session, FW_END_POLICY);
}

/* To the beginning of a slot that is to be done; beyond the last: there is none. */
static void slot_next(struct fw_renewal *r, const struct vnf_worker *worker)
{
	r->table = 0;
	r->cursor = 0;
	r->slot = vnf_slot_next(worker, 0);
	while (r->slot <= worker->slots->mask && r->done[r->slot])
		r->slot = vnf_slot_next(worker, r->slot + 1);
}

static void renewal_begin(struct fw_renewal *r, const struct vnf_worker *worker)
{
	r->policy = fw_policy_of(worker)->number;
	r->changes = worker->slots->changes;
	memset(r->done, 0, sizeof(r->done));
	slot_next(r, worker);
}

/* Slots came or went. One that comes may have been walked by nobody; the others stay done, and the
 * one in hand goes on, for else a large table would not be through while slots move. (One that went
 * and came back since the last tick was with a worker that had this policy, too: it takes that
 * before it takes slots.)
 */
static void slots_follow(struct fw_renewal *r, const struct vnf_worker *worker)
{
	const struct vnf_slots *slots = worker->slots;

	r->changes = slots->changes;
	for (uint32_t i = 0; i <= slots->mask; i++)
		r->done[i] &= slots->mine[i] != 0;
	if (r->slot > slots->mask || slots->mine[r->slot] == 0)
		slot_next(r, worker);
}

/* A few places of the slot in hand. */
static void step(struct fw_renewal *r, struct vnf_worker *worker)
{
	if (vnf_sessions_walk(worker, worker->sessions[r->table], r->slot, &r->cursor,
			      PLACES_A_STEP, session_see, r))
		return;
	r->cursor = 0;
	if (++r->table < FW_TABLES)
		return;
	r->done[r->slot] = true;
	slot_next(r, worker);
}

void fw_renew_tick(struct vnf_worker *worker)
{
	struct fw_renewal *r = &fw_worker_of(worker)->renewal;

	/* The first policy has no predecessor. */
	if (likely(fw_policy_of(worker)->number == 1))
		return;
	if (unlikely(r->policy != fw_policy_of(worker)->number)) {
		if (worker->id == 0)
			fw_policy_apply_periods(worker->sessions, fw_policy_of(worker));
		renewal_begin(r, worker);
	} else if (unlikely(r->changes != worker->slots->changes)) {
		slots_follow(r, worker);
	}
	r->n_judged = 0;
	for (uint32_t places = 0; r->slot <= worker->slots->mask && places < PLACES_A_TICK &&
				  r->n_judged + PLACES_A_STEP <= JUDGED_A_TICK;
	     places += PLACES_A_STEP)
		step(r, worker);
}
