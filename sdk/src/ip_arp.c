/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * ARP for IPv4 over Ethernet: RFC 826, RFC 1122 section 2.3.2, RFC 5227. What a sender says of
 * itself is only believed of addresses that are on the link.
 */

#include "ip_node.h"

/* The request becomes its reply. */
static vnf_verdict_t reply(struct ip_worker *w, struct rte_mbuf *pkt, struct rte_arp_hdr *arp,
			   const struct ip_interface *on)
{
	struct rte_ether_addr asker = arp->arp_data.arp_sha;
	rte_be32_t asked = arp->arp_data.arp_tip;

	arp->arp_opcode = RTE_BE16(RTE_ARP_OP_REPLY);
	arp->arp_data.arp_tha = asker;
	arp->arp_data.arp_tip = arp->arp_data.arp_sip;
	arp->arp_data.arp_sha = *on->mac;
	arp->arp_data.arp_sip = asked;
	w->node->counts.arp_sent++;
	return ip_transmit(pkt, on, &asker);
}

vnf_verdict_t ip_arp_receive(struct ip_worker *w, struct rte_mbuf *pkt, const struct vnf_headers *h,
			     const struct ip_interface *in)
{
	struct rte_arp_hdr *arp = vnf_arp(pkt, h);
	struct ip_addr sender = ip_addr_v4(arp->arp_data.arp_sip);
	struct ip_addr target = ip_addr_v4(arp->arp_data.arp_tip);
	const struct rte_ether_addr mac = arp->arp_data.arp_sha;
	bool is_request = arp->arp_opcode == RTE_BE16(RTE_ARP_OP_REQUEST);
	bool is_probe = arp->arp_data.arp_sip == 0;
	bool answers = ip_own_answers(w->node, in->link, &target);

	w->node->counts.arp_received++;
	if (!is_request && arp->arp_opcode != RTE_BE16(RTE_ARP_OP_REPLY))
		return VNF_DROP(VNF_DROP_FOR_ITSELF);
	if (!rte_is_valid_assigned_ether_addr(&mac))
		return VNF_DROP(VNF_DROP_MARTIAN);
	if (ip_own_conflict(w, in, is_probe && !answers ? &target : &sender, &mac))
		return VNF_DROP(VNF_DROP_FOR_ITSELF);
	if (!is_probe && ip_is_neighbour(w, in, &sender))
		ip_neigh_learn(w, in, &sender, &mac,
			       (struct ip_neigh_news){ .solicited = !is_request && answers,
						       .override = true,
						       .create = is_request && answers });
	return is_request && answers ? reply(w, pkt, arp, in) : VNF_DROP(VNF_DROP_FOR_ITSELF);
}

void ip_arp_request(struct ip_worker *w, const struct ip_interface *out, rte_be32_t src,
		    rte_be32_t target, const struct rte_ether_addr *mac)
{
	static const struct rte_ether_addr all = { { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } };
	struct rte_mbuf *pkt = ip_packet(w, sizeof(struct rte_arp_hdr));
	struct rte_arp_hdr *arp;

	if (pkt == NULL)
		return;
	vnf_ether(pkt)->ether_type = RTE_BE16(RTE_ETHER_TYPE_ARP);
	arp = rte_pktmbuf_mtod_offset(pkt, struct rte_arp_hdr *, IP_ETHER_BYTES);
	*arp = (struct rte_arp_hdr){
		.arp_hardware = RTE_BE16(RTE_ARP_HRD_ETHER),
		.arp_protocol = RTE_BE16(RTE_ETHER_TYPE_IPV4),
		.arp_hlen = RTE_ETHER_ADDR_LEN,
		.arp_plen = sizeof(rte_be32_t),
		.arp_opcode = RTE_BE16(RTE_ARP_OP_REQUEST),
		.arp_data = { .arp_sha = *out->mac, .arp_sip = src, .arp_tip = target },
	};
	w->node->counts.arp_sent++;
	ip_apply(w, out->port, pkt, ip_transmit(pkt, out, mac != NULL ? mac : &all));
}
