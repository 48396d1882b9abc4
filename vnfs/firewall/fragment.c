/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Fragments. The first one of a datagram has ports and is judged as a whole packet would be; what
 * becomes of it is kept with the datagram (vnf/frag.h), and becomes of all others. Those that came
 * before it are taken when it has come, and judged when the burst that it is in has its verdicts.
 * Their slot is the worker's until the callback returns. Worker.
 */
#include "firewall.h"

/* A fate: verdict, where the first fragment came from, its rule, and of which policy; and how to
 * find its session when that is not in force any more.
 */
#define FATE_KNOWN UINT64_C(1)
#define FATE_PASS UINT64_C(2)
#define FATE_REASON_SHIFT 2
#define FATE_REASON_MASK 0xffu
#define FATE_IN_SHIFT 10
#define FATE_IN_MASK 0xffu
#define FATE_POLICY_SHIFT 18
#define FATE_POLICY_MASK 0xffffu
#define FATE_RULE_SHIFT 34
#define FATE_RULE_MASK 0xfffffffu
#define FATE_KEYED (UINT64_C(1) << 62)
#define FATE_REPLY (UINT64_C(1) << 63) /* to an ICMP request */

_Static_assert(VNF_DROPS_MAX <= FATE_REASON_MASK && VNF_ACL_RULES_MAX < FATE_RULE_MASK, "they fit");

/* Of a datagram's domain, in the wire: above the wire and the VLAN of 12 bits, the second VLAN and
 * the end of the wire.
 */
#define DOMAIN_INNER_SHIFT 16
#define DOMAIN_END_SHIFT 28

/* Zones where there are routes, as there may be several ways; in the wire there is one. */
static uint64_t where(const struct fw_worker *w, const struct fw_packet *p)
{
	return fw_policy_of(w->worker)->mode == FW_ROUTED ? p->zone_in : p->port;
}

/* Datagrams of either end of a wire, or of each zone, are apart, whatever address they pretend to
 * be of: nobody can end those of a host that is elsewhere, or use up its budget.
 */
static uint32_t domain_of(const struct fw_worker *w, const struct fw_packet *p)
{
	const struct fw_policy *policy = fw_policy_of(w->worker);

	if (policy->mode == FW_ROUTED)
		return p->zone_in;
	return p->domain | (uint32_t)p->inner << DOMAIN_INNER_SHIFT |
	       (uint32_t)(p->port > policy->other_end[p->port]) << DOMAIN_END_SHIFT;
}

/* FW_REFUSE is told to the sender of the first one. */
static fw_fate_t fate_make(const struct fw_worker *w, uint16_t i, vnf_verdict_t verdict)
{
	const struct fw_burst *b = &w->burst;
	fw_fate_t fate = FATE_KNOWN | where(w, &b->p[i]) << FATE_IN_SHIFT;
	uint64_t reason = verdict & ~VNF_VERDICT_DROP;

	if (verdict == FW_REFUSE)
		reason = FW_DROP_REJECTED;
	if (verdict != FW_PASS)
		return fate | reason << FATE_REASON_SHIFT;
	fate |= (uint64_t)(fw_policy_of(w->worker)->number & FATE_POLICY_MASK) << FATE_POLICY_SHIFT;
	fate |= b->p[i].kind == FW_KIND_KEYED ? FATE_KEYED : 0;
	fate |= b->p[i].l4.reply ? FATE_REPLY : 0;
	return fate | FATE_PASS | (uint64_t)b->rule[i] << FATE_RULE_SHIFT;
}

static bool fate_is_old(const struct fw_worker *w, fw_fate_t fate)
{
	return (fate & FATE_PASS) != 0 &&
	       (fate >> FATE_POLICY_SHIFT & FATE_POLICY_MASK) !=
		       (fw_policy_of(w->worker)->number & FATE_POLICY_MASK);
}

/* The datagram is of one side: what comes from another is not of it. domain_of() keeps sides apart;
 * but what has waited for its first fragment may be in another zone now, after a reload.
 */
static vnf_verdict_t fate_share(const struct fw_worker *w, const struct fw_packet *p,
				fw_fate_t fate)
{
	if ((fate & FATE_KNOWN) == 0)
		return fw_drop(FW_DROP_NO_SESSION);
	if ((fate & FATE_PASS) == 0)
		return VNF_DROP((uint32_t)(fate >> FATE_REASON_SHIFT) & FATE_REASON_MASK);
	if (where(w, p) != (fate >> FATE_IN_SHIFT & FATE_IN_MASK))
		return fw_drop(FW_DROP_OTHER_ZONE);
	fw_rule_count(w, (uint32_t)(fate >> FATE_RULE_SHIFT) & FATE_RULE_MASK, p);
	return FW_PASS;
}

/* To a group, say: by rules, which know no more than what is kept of the first fragment. */
static vnf_verdict_t bare_renew(struct fw_worker *w, uint16_t i, const struct vnf_frag *frag)
{
	const struct fw_packet *p = &w->burst.p[i];
	struct vnf_acl_packet packet;

	vnf_acl_packet_of(p->pkt, p->h, p->zone_in, p->zone_out, p->vlan, &packet);
	packet.fragment = VNF_ACL_FIRST;
	packet.proto = frag->proto;
	if ((frag->flags & VNF_FRAG_PORTS) != 0) {
		packet.src_port = rte_be_to_cpu_16(frag->ports.src);
		packet.dst_port = rte_be_to_cpu_16(frag->ports.dst);
		packet.has |= VNF_ACL_HAS_PORTS;
	}
	return fw_rule_judge(w, i, &packet);
}

/* A reload came between the first fragment and this one. What the new policy does not accept ends,
 * as sessions do, and all else goes on.
 */
static vnf_verdict_t fate_renew(struct fw_worker *w, uint16_t i, struct vnf_frag *frag)
{
	struct fw_packet *p = &w->burst.p[i];
	fw_fate_t is = frag->user & (FATE_KEYED | FATE_REPLY);
	vnf_verdict_t verdict;

	if (where(w, p) != (frag->user >> FATE_IN_SHIFT & FATE_IN_MASK))
		return fw_drop(FW_DROP_OTHER_ZONE);
	if ((is & FATE_KEYED) == 0) {
		verdict = bare_renew(w, i, frag);
	} else {
		fw_key_later(&w->burst, i, frag, (is & FATE_REPLY) != 0);
		verdict = fw_judge_later(w, i);
	}
	frag->user = fate_make(w, i, verdict) | is;
	return verdict == FW_REFUSE ? fw_drop(FW_DROP_REJECTED) : verdict;
}

static void waited_take(struct fw_worker *w, struct vnf_frag *frag)
{
	struct rte_mbuf *pkt;
	uint16_t port;

	while (w->n_waited < RTE_DIM(w->waited) &&
	       (pkt = vnf_frag_next(w->frags, frag, &port)) != NULL) {
		vnf_packet_mark(pkt, "after its first fragment");
		w->waited[w->n_waited++] =
			(struct fw_waited){ .pkt = pkt, .fate = frag->user, .port = port };
	}
}

vnf_verdict_t fw_fragment_judge(struct fw_worker *w, uint16_t i)
{
	struct fw_packet *p = &w->burst.p[i];
	vnf_verdict_t verdict;
	struct vnf_frag *frag;
	uint32_t bad;

	if (p->kind == FW_KIND_WAITED)
		return fate_share(w, p, p->fate);
	bad = vnf_frag_see(w->frags, p->port, p->pkt, p->h, domain_of(w, p), &frag);
	if (bad == VNF_FRAG_WAITS) {
		p->kind = FW_KIND_DONE;
		return VNF_TAKEN;
	}
	if (bad != 0)
		return VNF_DROP(bad);
	if (p->h->fragment_offset != 0)
		return unlikely(fate_is_old(w, frag->user)) ? fate_renew(w, i, frag)
							    : fate_share(w, p, frag->user);
	verdict = fw_key_first(&w->burst, i);
	if (verdict == 0)
		verdict = fw_judge_alone(w, i);
	frag->user = fate_make(w, i, verdict);
	waited_take(w, frag);
	return verdict;
}

void fw_apply(struct vnf_worker *worker, uint16_t port, struct rte_mbuf *pkt, vnf_verdict_t verdict)
{
	if (verdict == VNF_TAKEN)
		return;
	if ((verdict & VNF_VERDICT_DROP) != 0)
		vnf_drop(worker, port, pkt, verdict & ~VNF_VERDICT_DROP);
	else
		vnf_send(worker, (uint16_t)verdict, pkt);
}

void fw_waited_run(struct fw_worker *w,
		   void (*burst)(struct fw_worker *w, const struct fw_waited *waited, uint16_t n))
{
	uint32_t at = 0;

	while (unlikely(at < w->n_waited)) {
		const struct fw_waited *from = &w->waited[at];
		uint16_t n = 1;

		while (n < VNF_BURST_MAX && at + n < w->n_waited && from[n].port == from->port)
			n++;
		burst(w, from, n);
		at += n;
	}
	w->n_waited = 0;
}
