/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Packets for the node itself: ARP, ICMP and ICMPv6, DHCP. Any worker calls ip_local(); what it
 * says is worker 0's work.
 */

#include "ip_node.h"

#include "packet_sum.h"

#define ICMP4_ECHO 8
#define ICMP6_ECHO 128
#define OPTION_DISCARD 1 /* without a word */
#define OPTION_TELL_ALWAYS 2

/* RFC 792, RFC 4443 section 2.3. A fragment's checksum covers more than there is. */
static bool sum_is_right(struct rte_mbuf *pkt, const struct vnf_headers *h)
{
	uint32_t sum;

	if (vnf_checksums_complete(pkt, h) < 0)
		return false;
	sum = packet_sum(pkt, h->l4, h->end);
	if (vnf_is_ipv6(h))
		sum += packet_pseudo_sum(pkt, h);
	return vnf_sum_fold(sum) == UINT16_MAX;
}

static vnf_verdict_t icmp_receive(struct ip_worker *w, struct rte_mbuf *pkt, struct vnf_headers *h,
				  const struct ip_interface *in)
{
	vnf_verdict_t verdict;
	uint8_t type;

	if ((h->flags & VNF_FRAGMENT) != 0)
		return VNF_DROP(VNF_DROP_NOT_REASSEMBLED);
	if (!vnf_is_icmp(h))
		return VNF_DROP(VNF_DROP_FOR_ITSELF);
	if (!sum_is_right(pkt, h))
		return VNF_DROP(VNF_DROP_ICMP_CHECKSUM);
	type = vnf_icmp(pkt, h)->icmp_type;
	if (vnf_is_ipv6(h) && ip_nd_receive(w, pkt, h, in, &verdict))
		return verdict;
	if (type == (vnf_is_ipv4(h) ? ICMP4_ECHO : ICMP6_ECHO) && vnf_icmp(pkt, h)->icmp_code == 0)
		return ip_icmp_echo(w, pkt, h, in);
	return VNF_DROP(VNF_DROP_FOR_ITSELF);
}

/* RFC 8200 section 4.2: the two highest bits say what to do. */
bool ip_options_judge(struct ip_worker *w, struct rte_mbuf *pkt, const struct vnf_headers *h,
		      const struct ip_interface *in)
{
	uint32_t pointer;
	uint8_t type;

	if ((h->flags & VNF_IP_OPTIONS) == 0 || !ip_options_refused(pkt, h, &type, &pointer))
		return false;
	if (type >> 6 != OPTION_DISCARD)
		ip_icmp_option_error(w, pkt, h, in, pointer, type >> 6 == OPTION_TELL_ALWAYS);
	return true;
}

vnf_verdict_t ip_local(struct ip_worker *w, struct rte_mbuf *pkt, struct vnf_headers *h,
		       const struct ip_interface *in)
{
	if (!ip_is_first(w))
		return ip_punt(w, pkt, &(struct ip_punt){ .stage = IP_STAGE_RECEIVE, .in = in });
	if (h->ether_type == RTE_ETHER_TYPE_ARP)
		return ip_arp_receive(w, pkt, h, in);
	/* RFC 5095 section 3; a routing header of another type, with segments left, likewise. */
	if ((h->flags & VNF_SOURCE_ROUTED) != 0)
		return VNF_DROP(VNF_DROP_SOURCE_ROUTED);
	if (vnf_is_ipv6(h) && ip_options_judge(w, pkt, h, in))
		return VNF_DROP(VNF_DROP_NO_SERVICE);
	/* Of UDP, only this is the node's. */
	if (vnf_is_ipv4(h) && ip_dhcp_is_reply(pkt, h, in))
		return ip_dhcp_receive(w, pkt, h, in);
	return icmp_receive(w, pkt, h, in);
}
