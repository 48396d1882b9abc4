/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * In the wire: what comes in one end of a wire leaves by the other as it was, or not at all. Nobody
 * on it needs to know that the firewall is there. Worker.
 */
#include "firewall.h"
#include "key.h"

#define VLAN_ID 0xfff
#define WIRE_SHIFT 12 /* of a domain: the wire above the VLAN */

/* The tags that name VLANs, outermost first: one with the id 0 is for its priority only (802.1Q
 * section 6.9.1).
 */
static inline void vlans_find(const struct vnf_headers *h, uint16_t vlan[VNF_VLANS_MAX])
{
	uint32_t n = 0;

	vlan[0] = vlan[1] = 0;
	for (uint32_t i = 0; unlikely(i < h->n_vlans); i++)
		if ((h->vlan[i] & VLAN_ID) != 0)
			vlan[n++] = h->vlan[i] & VLAN_ID;
}

/* What is neither IPv4 nor IPv6. */
static vnf_verdict_t other_judge(const struct fw_policy *policy, uint16_t port,
				 const struct vnf_headers *h)
{
	if (h->ether_type == RTE_ETHER_TYPE_ARP)
		return VNF_FORWARD(policy->other_end[port]);
	for (uint32_t i = 0; i < policy->n_ether_types; i++)
		if (policy->ether_type[i] == rte_cpu_to_be_16(h->ether_type))
			return VNF_FORWARD(policy->other_end[port]);
	return fw_drop(FW_DROP_ETHER_TYPE);
}

/* What a port means, read once for all packets of a burst. */
struct entry {
	uint16_t port;
	uint8_t wire;
	uint8_t zone_in;
	uint8_t zone_out;
};

static struct entry entry_of(const struct fw_policy *policy, uint16_t port)
{
	struct entry e = { .port = port, .wire = policy->wire_of[port] };

	if (e.wire != FW_WIRE_NONE) {
		e.zone_in = policy->zone_of[port];
		e.zone_out = policy->zone_of[policy->other_end[port]];
	}
	return e;
}

/* 0, or the verdict that stands. */
static __rte_always_inline vnf_verdict_t packet_receive(struct fw_worker *w, uint16_t i,
							struct entry from, struct rte_mbuf *pkt,
							struct vnf_headers *h,
							const struct fw_waited *waited)
{
	struct fw_packet *p = &w->burst.p[i];
	uint32_t bad = vnf_parse(pkt, h);
	uint16_t vlan[VNF_VLANS_MAX];

	p->pkt = pkt;
	p->h = h;
	p->port = from.port;
	if (unlikely(bad != 0))
		return VNF_DROP(bad);
	if (unlikely(from.wire == FW_WIRE_NONE))
		return fw_drop(FW_DROP_NO_WIRE);
	if (unlikely(!vnf_is_ipv4(h) && !vnf_is_ipv6(h)))
		return other_judge(fw_policy_of(w->worker), from.port, h);
	vlans_find(h, vlan);
	p->domain = (uint16_t)(from.wire << WIRE_SHIFT | vlan[0]);
	p->vlan = vlan[0] != 0 ? vlan[0] : VNF_ACL_UNTAGGED;
	p->inner = vlan[1];
	p->in = from.port;
	p->zone_in = from.zone_in;
	p->zone_out = from.zone_out;
	return fw_key_make(w, i, pkt, h, waited);
}

vnf_verdict_t fw_transparent_look(struct fw_worker *w, uint16_t port, struct rte_mbuf *pkt,
				  struct vnf_headers *h)
{
	fw_burst_begin(&w->burst, 1);
	w->burst.p[0].kind = FW_KIND_DONE;
	return packet_receive(w, 0, entry_of(fw_policy_of(w->worker), port), pkt, h, NULL);
}

static inline vnf_verdict_t packet_finish(struct fw_worker *w, uint16_t i, vnf_verdict_t verdict)
{
	struct fw_packet *p = &w->burst.p[i];

	if (likely(verdict == FW_PASS))
		return VNF_FORWARD(fw_policy_of(w->worker)->other_end[p->port]);
	return verdict == FW_REFUSE ? fw_refuse(w, p) : verdict;
}

/* Not inlined into both of its callers, or else vnf_parse() would not be into this. */
static __rte_noinline void burst_judge(struct fw_worker *w, uint16_t port, struct rte_mbuf **pkts,
				       vnf_verdict_t *verdicts, uint16_t n,
				       const struct fw_waited *waited)
{
	struct entry from = entry_of(fw_policy_of(w->worker), port);
	struct vnf_headers h[VNF_BURST_MAX];

	fw_burst_begin(&w->burst, n);
	for (uint16_t i = 0; i < n; i++) {
		w->burst.p[i].kind = FW_KIND_UNREAD;
		verdicts[i] = packet_receive(w, i, from, pkts[i], &h[i],
					     waited != NULL ? &waited[i] : NULL);
	}
	fw_judge(w, verdicts);
	for (uint16_t i = 0; i < n; i++)
		if (likely(w->burst.p[i].kind > FW_KIND_DONE))
			verdicts[i] = packet_finish(w, i, verdicts[i]);
}

/* Fragments whose first one came after them; all are the firewall's own by now. */
static void waited_burst(struct fw_worker *w, const struct fw_waited *waited, uint16_t n)
{
	struct rte_mbuf *pkts[VNF_BURST_MAX];
	vnf_verdict_t verdicts[VNF_BURST_MAX];
	uint16_t port = waited[0].port;

	for (uint16_t i = 0; i < n; i++)
		pkts[i] = waited[i].pkt;
	burst_judge(w, port, pkts, verdicts, n, waited);
	for (uint16_t i = 0; i < n; i++)
		fw_apply(w->worker, port, pkts[i], verdicts[i]);
}

void fw_transparent_burst(struct vnf_worker *worker, uint16_t port, struct rte_mbuf **pkts,
			  vnf_verdict_t *verdicts, uint16_t n)
{
	struct fw_worker *w = fw_worker_of(worker);

	burst_judge(w, port, pkts, verdicts, n, NULL);
	fw_waited_run(w, waited_burst);
}
