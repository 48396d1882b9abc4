/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * After a reload: sessions that the new policy would not accept end, those that it would go on. A
 * session is judged anew when its next packet comes (judge.c), and all others by a walk in the
 * background, a part of it in each tick, so that what is denied is gone in bounded time without
 * traffic having to wait. Worker.
 */
#include "firewall.h"

/* Places of a table that a tick looks at. */
#define PLACES_A_TICK 1024

/* Where a side has sent from and that is in another zone now, the session moves along; but not if it
 * was between other zones than that, as there are two ways.
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
	/* Interfaces have other numbers, and routes may have changed: the next packet is looked at. */
	if (policy->mode == FW_ROUTED)
		flow->in[0] = flow->in[1] = UINT16_MAX;
	return true;
}

static void session_see(struct vnf_worker *worker, struct vnf_sessions *sessions,
			struct vnf_session *session, void *arg)
{
	const struct fw_flow *flow = vnf_session_user(session);
	const uint32_t *table = arg;

	if (flow->policy != fw_policy_of(worker)->number && !fw_renew(worker, *table, session))
		fw_flow_end(worker, sessions, session, FW_END_POLICY);
}

static void renewal_begin(struct fw_renewal *r, const struct vnf_worker *worker)
{
	r->policy = fw_policy_of(worker)->number;
	r->changes = worker->slots->changes;
	r->table = 0;
	r->slot = vnf_slot_next(worker, 0);
	r->cursor = 0;
}

/* The next slot, or the next table; false: that was all. */
static bool renewal_next(struct fw_renewal *r, const struct vnf_worker *worker)
{
	r->cursor = 0;
	r->slot = vnf_slot_next(worker, r->slot + 1);
	if (r->slot <= worker->slots->mask)
		return true;
	r->slot = vnf_slot_next(worker, 0);
	r->table++;
	return r->table < FW_TABLES && r->slot <= worker->slots->mask;
}

static bool renewal_is(uint32_t policy, uint64_t changes, const struct vnf_worker *worker)
{
	return policy == fw_policy_of(worker)->number && changes == worker->slots->changes;
}

void fw_renew_tick(struct vnf_worker *worker)
{
	struct fw_renewal *r = &fw_worker_of(worker)->renewal;

	/* The first policy has no predecessor. */
	if (likely(fw_policy_of(worker)->number == 1 ||
		   renewal_is(r->done, r->done_changes, worker)))
		return;
	if (!renewal_is(r->policy, r->changes, worker)) {
		if (worker->id == 0)
			fw_policy_apply_periods(worker->sessions, fw_policy_of(worker));
		renewal_begin(r, worker);
	}
	if (r->slot <= worker->slots->mask &&
	    (vnf_sessions_walk(worker, worker->sessions[r->table], r->slot, &r->cursor,
			       PLACES_A_TICK, session_see, &r->table) ||
	     renewal_next(r, worker)))
		return;
	r->done = r->policy;
	r->done_changes = r->changes;
}
