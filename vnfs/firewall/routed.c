/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * As a router: the IP node (vnf/ip.h) receives, finds the route, and sends on what the firewall
 * lets pass. What is for the firewall's own addresses goes to the zone "self". ARP and Neighbour
 * Discovery are the node's, and no rule is asked about them. Worker.
 */
#include "firewall.h"
#include "key.h"

#define VLAN_ID 0xfff
#define ICMP6_GROUP_FIRST 130 /* MLD, and Neighbour Discovery after it */
#define ICMP6_GROUP_LAST 137
#define ICMP6_MLD2_REPORT 143

/* Without these there is no link: the node checks them by itself. */
static bool is_for_node(struct rte_mbuf *pkt, const struct vnf_headers *h)
{
	uint8_t type;

	if (!vnf_is_ipv4(h) && !vnf_is_ipv6(h))
		return true;
	if ((h->flags & VNF_SOURCE_ROUTED) != 0)
		return false;
	if (h->proto == IPPROTO_UDP)
		return true; /* DHCP, to a client of its own */
	if (!vnf_is_ipv6(h) || !vnf_is_icmp(h))
		return false;
	type = vnf_icmp(pkt, h)->icmp_type;
	return (type >= ICMP6_GROUP_FIRST && type <= ICMP6_GROUP_LAST) || type == ICMP6_MLD2_REPORT;
}

/* RFC 3704 section 2: is its source where it came from (strict), or anywhere at all (loose)? */
static bool is_spoofed(const struct vnf_worker *worker, struct rte_mbuf *pkt,
		       const struct vnf_headers *h, uint16_t in)
{
	uint8_t mode = fw_policy_of(worker)->reverse_path;
	uint16_t towards;

	if (mode == FW_REVERSE_OFF)
		return false;
	if (vnf_is_ipv4(h)) {
		rte_be32_t src = vnf_ipv4(pkt, h)->src_addr;

		towards = vnf_ip_towards(worker, 4, (const uint8_t *)&src);
	} else {
		const uint8_t *src = vnf_ipv6(pkt, h)->src_addr;

		/* A neighbour, whose address is of no route. */
		if (src[0] == 0xfe && (src[1] & 0xc0) == 0x80)
			return false;
		towards = vnf_ip_towards(worker, 6, src);
	}
	return mode == FW_REVERSE_STRICT ? towards != in : towards == VNF_IP_NO_INTERFACE;
}

static uint8_t zone_out(const struct fw_policy *policy, const struct vnf_worker *worker, uint16_t i,
			vnf_verdict_t verdict)
{
	uint16_t out;

	if (unlikely(verdict != VNF_IP_PASS))
		return FW_ZONE_SELF;
	out = vnf_ip_out(worker, i);
	return out == VNF_IP_NO_INTERFACE ? FW_ZONE_NONE : policy->zone_of[out];
}

/* 0, or the verdict that stands. */
static __rte_always_inline vnf_verdict_t packet_receive(struct fw_worker *w, uint16_t i,
							uint16_t port, struct rte_mbuf *pkt,
							struct vnf_headers *h,
							vnf_verdict_t verdict,
							const struct fw_waited *waited)
{
	const struct fw_policy *policy = fw_policy_of(w->worker);
	struct fw_packet *p = &w->burst.p[i];
	uint16_t in, vlan = 0;

	if (unlikely((verdict & VNF_VERDICT_DROP) != 0))
		return verdict;
	if (unlikely(verdict == VNF_IP_NODE && is_for_node(pkt, h)))
		return verdict;
	if (unlikely((pkt->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) != 0))
		vlan = pkt->vlan_tci & VLAN_ID;
	in = vnf_ip_in(w->worker, i);
	p->pkt = pkt;
	p->h = h;
	p->port = port;
	p->domain = 0;
	p->vlan = vlan != 0 ? vlan : VNF_ACL_UNTAGGED;
	p->zone_in = policy->zone_of[in];
	p->zone_out = zone_out(policy, w->worker, i, verdict);
	p->in = in;
	p->inner = 0;
	return fw_key_make(w, i, pkt, h, waited);
}

vnf_verdict_t fw_routed_look(struct fw_worker *w, uint16_t port, struct rte_mbuf *pkt,
			     struct vnf_headers *h, vnf_verdict_t *received, uint16_t *out)
{
	fw_burst_begin(&w->burst, 1);
	w->burst.p[0].kind = FW_KIND_DONE;
	vnf_ip_receive(w->worker, port, &pkt, h, received, 1);
	*out = vnf_ip_out(w->worker, 0);
	return packet_receive(w, 0, port, pkt, h, *received, NULL);
}

bool fw_routed_is_spoofed(const struct fw_worker *w, const struct fw_packet *p)
{
	return is_spoofed(w->worker, p->pkt, p->h, p->in);
}

/* From the node's verdicts to those that it carries out. */
static void burst_judge(struct fw_worker *w, uint16_t port, struct rte_mbuf **pkts,
			struct vnf_headers *h, vnf_verdict_t *verdicts, uint16_t n,
			const struct fw_waited *waited)
{
	vnf_verdict_t judged[VNF_BURST_MAX];

	fw_burst_begin(&w->burst, n);
	for (uint16_t i = 0; i < n; i++) {
		w->burst.p[i].kind = FW_KIND_UNREAD;
		judged[i] = packet_receive(w, i, port, pkts[i], &h[i], verdicts[i],
					   waited != NULL ? &waited[i] : NULL);
	}
	fw_judge(w, judged);
	for (uint16_t i = 0; i < n; i++) {
		if (likely(judged[i] == FW_PASS))
			continue;
		verdicts[i] = judged[i] == FW_REFUSE ? fw_refuse(w, &w->burst.p[i]) : judged[i];
	}
	vnf_ip_forward(w->worker, port, pkts, h, verdicts, n);
}

static void waited_burst(struct fw_worker *w, const struct fw_waited *waited, uint16_t n)
{
	struct rte_mbuf *pkts[VNF_BURST_MAX];
	struct vnf_headers h[VNF_BURST_MAX];
	vnf_verdict_t verdicts[VNF_BURST_MAX];
	uint16_t port = waited[0].port;

	for (uint16_t i = 0; i < n; i++)
		pkts[i] = waited[i].pkt;
	vnf_ip_receive(w->worker, port, pkts, h, verdicts, n);
	burst_judge(w, port, pkts, h, verdicts, n, waited);
	for (uint16_t i = 0; i < n; i++)
		fw_apply(w->worker, port, pkts[i], verdicts[i]);
}

void fw_routed_burst(struct vnf_worker *worker, uint16_t port, struct rte_mbuf **pkts,
		     vnf_verdict_t *verdicts, uint16_t n)
{
	struct fw_worker *w = fw_worker_of(worker);
	struct vnf_headers h[VNF_BURST_MAX];

	vnf_ip_receive(worker, port, pkts, h, verdicts, n);
	burst_judge(w, port, pkts, h, verdicts, n, NULL);
	fw_waited_run(w, waited_burst);
}
