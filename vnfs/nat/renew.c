/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * After a reload: sessions that the new policy would translate in another way, or not at all, end;
 * all others go on and never notice. Each worker walks through the slots that it owns, some at each
 * tick. Also the tick of what waits. Worker.
 */
#include "nat.h"

#define PLACES_A_STEP 64
#define PLACES_A_TICK 4096

/* The rule for the session as the inside host's packets are. */
static int session_pool(const struct nat_policy *policy, const struct vnf_session_key4 *key)
{
	struct vnf_acl_packet packet = {
		.version = 4,
		.proto = key->proto,
		.vlan = VNF_ACL_UNTAGGED,
		.fragment = VNF_ACL_WHOLE,
	};
	uint32_t rule;

	if (policy->n_rules == 0)
		return policy->n_pools != 0 ? 0 : NAT_POOL_NONE;
	memcpy(packet.src, &key->src, sizeof(key->src));
	memcpy(packet.dst, &key->dst, sizeof(key->dst));
	if (key->proto == IPPROTO_ICMP) {
		packet.icmp_type = key->icmp;
		packet.has = VNF_ACL_HAS_ICMP;
	} else {
		packet.src_port = rte_be_to_cpu_16(key->sport);
		packet.dst_port = rte_be_to_cpu_16(key->dport);
		packet.has = VNF_ACL_HAS_PORTS;
	}
	vnf_acl_classify(policy->acl, &packet, 1, &rule);
	return rule < policy->n_rules ? policy->rule[rule].pool : NAT_POOL_NONE;
}

static bool port_is_in_pool(const struct nat_pool *pool, const struct vnf_session_key4 *outside)
{
	uint16_t port = rte_be_to_cpu_16(outside->dport);

	return outside->proto == IPPROTO_ICMP ||
	       (port >= pool->first_port && port <= pool->last_port);
}

/* Is an address not on that side any more? Where no route leads to it, that may come back. */
static bool is_elsewhere(const struct vnf_worker *worker, rte_be32_t addr, uint8_t side)
{
	const struct nat_policy *policy = worker->built;
	uint16_t towards = vnf_ip_towards(worker, 4, (const uint8_t *)&addr);

	return towards != VNF_IP_NO_INTERFACE && policy->side_of[towards] != side;
}

/* Would it be the same if it began now? */
static bool session_stands(const struct vnf_worker *worker, const struct vnf_session *session)
{
	const struct nat_policy *policy = worker->built;
	const struct nat_session *ns = vnf_session_user((struct vnf_session *)(uintptr_t)session);
	const struct vnf_session_key4 *inside = vnf_session_key4(session, NAT_KEY_INSIDE);
	const struct vnf_session_key4 *outside = vnf_session_key4(session, NAT_KEY_OUTSIDE);
	const struct nat_external *external = nat_external_find(policy, outside->dst);
	const struct nat_forward *forward =
		nat_forward_in(policy, outside->proto, outside->dst, outside->dport);
	int pool;

	if (external == NULL || nat_static_out(policy, inside->src) != 0 ||
	    is_elsewhere(worker, inside->src, NAT_INSIDE))
		return false;
	if ((ns->flags & NAT_HAIRPINNED) == 0 && is_elsewhere(worker, inside->dst, NAT_OUTSIDE))
		return false;
	if (ns->mapping == 0)
		return forward != NULL && rte_cpu_to_be_32(forward->inside) == inside->src &&
		       nat_forward_port_in(forward, outside->dport) == inside->sport;
	/* Rules are for what the inside sends. */
	pool = (ns->flags & NAT_SENT) != 0 ? session_pool(policy, inside) : external->pool;
	return forward == NULL && pool != NAT_POOL_NONE && external->pool == pool &&
	       port_is_in_pool(&policy->pool[pool], outside) &&
	       nat_forward_out(policy, inside->proto, inside->src, inside->sport) == NULL;
}

static void session_see(struct vnf_worker *worker, struct vnf_sessions *sessions,
			struct vnf_session *session, void *arg)
{
	(void)arg;
	if (!session_stands(worker, session))
		vnf_session_remove(worker, sessions, session);
}

/* ---- the walk ---- */

/* To the beginning of a slot that is to be done; beyond the last: there is none. */
static void slot_next(struct nat_renewal *r, const struct vnf_worker *worker)
{
	r->cursor = 0;
	r->slot = vnf_slot_next(worker, 0);
	while (r->slot <= worker->slots->mask && r->done[r->slot])
		r->slot = vnf_slot_next(worker, r->slot + 1);
}

static void renewal_begin(struct nat_renewal *r, const struct vnf_worker *worker)
{
	r->policy = ((const struct nat_policy *)worker->built)->number;
	r->changes = worker->slots->changes;
	memset(r->done, 0, sizeof(r->done));
	slot_next(r, worker);
}

/* Slots came or went: those that come may have been walked by nobody. */
static void slots_follow(struct nat_renewal *r, const struct vnf_worker *worker)
{
	const struct vnf_slots *slots = worker->slots;

	r->changes = slots->changes;
	for (uint32_t i = 0; i <= slots->mask; i++)
		r->done[i] &= slots->mine[i] != 0;
	if (r->slot > slots->mask || slots->mine[r->slot] == 0)
		slot_next(r, worker);
}

static void step(struct nat_worker *w)
{
	struct nat_renewal *r = &w->renewal;

	if (vnf_sessions_walk(w->worker, w->sessions, r->slot, &r->cursor, PLACES_A_STEP,
			      session_see, NULL))
		return;
	r->done[r->slot] = true;
	slot_next(r, w->worker);
}

static void periods_apply(const struct nat_worker *w)
{
	for (uint32_t i = 0; i < NAT_CLASSES; i++)
		vnf_sessions_set_period(w->sessions, i, nat_policy_of(w)->period_ns[i]);
}

static void renew(struct nat_worker *w)
{
	struct nat_renewal *r = &w->renewal;

	if (r->policy != nat_policy_of(w)->number) {
		if (w->worker->id == 0) {
			periods_apply(w);
			nat_metrics_take(w);
		}
		renewal_begin(r, w->worker);
	} else if (unlikely(r->changes != w->worker->slots->changes)) {
		slots_follow(r, w->worker);
	}
	for (uint32_t places = 0; r->slot <= w->worker->slots->mask && places < PLACES_A_TICK;
	     places += PLACES_A_STEP)
		step(w);
}

void nat_tick(struct vnf_worker *worker)
{
	struct nat_worker *w = nat_worker_of(worker);

	if (w->n_held > 0)
		nat_hold_tick(w);
	renew(w);
}
