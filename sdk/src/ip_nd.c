/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Neighbour Discovery for IPv6: RFC 4861 sections 7.1 and 7.2, RFC 4862 section 5.4. The node is a
 * router: it sends no solicitations for others, takes no routes from advertisements and redirects,
 * and advertises itself to nobody (AdvSendAdvertisements is false, as section 6.2.1 has it).
 */

#include "ip_node.h"

#include "packet_sum.h"

#define ND_HOP_LIMIT 255
#define ND_SOLICITATION 135
#define ND_ADVERTISEMENT 136
#define ND_SOURCE_MAC 1
#define ND_TARGET_MAC 2
#define ND_UNIT 8 /* octets, of lengths of options */
#define ND_ROUTER RTE_BE32(0x80000000)
#define ND_SOLICITED RTE_BE32(0x40000000)
#define ND_OVERRIDE RTE_BE32(0x20000000)
#define ND_OPTIONS_MAX 16

/* Solicitation and advertisement begin alike. */
struct nd_message {
	uint8_t type;
	uint8_t code;
	rte_be16_t checksum;
	rte_be32_t flags;
	uint8_t target[16];
} __rte_packed;

struct nd_mac {
	uint8_t type;
	uint8_t length;
	uint8_t mac[RTE_ETHER_ADDR_LEN];
} __rte_packed;

struct nd_packet {
	struct rte_ipv6_hdr ip;
	struct nd_message message;
	struct nd_mac option;
} __rte_packed;

/* ---- out ---- */

/* The checksum of a message that is whole in its packet. */
static void nd_finish(struct rte_mbuf *pkt, uint16_t octets)
{
	struct nd_packet *nd = rte_pktmbuf_mtod_offset(pkt, struct nd_packet *, IP_ETHER_BYTES);

	nd->ip.vtc_flow = RTE_BE32(0x60000000);
	nd->ip.proto = IPPROTO_ICMPV6;
	nd->ip.hop_limits = ND_HOP_LIMIT;
	nd->ip.payload_len = rte_cpu_to_be_16(octets);
	nd->message.checksum = 0;
	nd->message.checksum = rte_ipv6_udptcp_cksum(&nd->ip, &nd->message);
}

/* Without an option, `octets` are fewer. */
static struct nd_packet *nd_begin(struct ip_worker *w, struct rte_mbuf **pkt, bool option)
{
	struct nd_packet *nd;

	*pkt = ip_packet(w, (uint32_t)(sizeof(*nd) - (option ? 0 : sizeof(nd->option))));
	if (*pkt == NULL)
		return NULL;
	vnf_ether(*pkt)->ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV6);
	w->node->counts.nd_sent++;
	return rte_pktmbuf_mtod_offset(*pkt, struct nd_packet *, IP_ETHER_BYTES);
}

static struct nd_mac mac_option(uint8_t type, const struct ip_interface *out)
{
	struct nd_mac option = { .type = type, .length = 1 };

	memcpy(option.mac, out->mac, sizeof(option.mac));
	return option;
}

static void nd_addresses(struct nd_packet *nd, const struct ip_addr *src, const struct ip_addr *dst)
{
	memcpy(nd->ip.src_addr, src->octet, sizeof(nd->ip.src_addr));
	memcpy(nd->ip.dst_addr, dst->octet, sizeof(nd->ip.dst_addr));
}

/* Section 7.2.2; a probe (from ::) has no option. */
void ip_nd_solicit(struct ip_worker *w, const struct ip_interface *out, const struct ip_addr *src,
		   const struct ip_addr *target, const struct rte_ether_addr *mac)
{
	bool is_probe = ip_is_zero(src);
	struct ip_addr dst = mac != NULL ? *target : ip_addr_solicited(target);
	struct rte_ether_addr group = ip_group_mac(&dst);
	struct rte_mbuf *pkt;
	struct nd_packet *nd = nd_begin(w, &pkt, !is_probe);

	if (nd == NULL)
		return;
	nd_addresses(nd, src, &dst);
	nd->message = (struct nd_message){ .type = ND_SOLICITATION };
	memcpy(nd->message.target, target->octet, sizeof(nd->message.target));
	if (!is_probe)
		nd->option = mac_option(ND_SOURCE_MAC, out);
	nd_finish(pkt, (uint16_t)(sizeof(nd->message) + (is_probe ? 0 : sizeof(nd->option))));
	ip_apply(w, out->port, pkt, ip_transmit(pkt, out, mac != NULL ? mac : &group));
}

/* Section 7.2.4. */
static struct rte_mbuf *advertisement(struct ip_worker *w, const struct ip_interface *out,
				      const struct ip_addr *addr, const struct ip_addr *to,
				      rte_be32_t flags)
{
	struct rte_mbuf *pkt;
	struct nd_packet *nd = nd_begin(w, &pkt, true);

	if (nd == NULL)
		return NULL;
	nd_addresses(nd, addr, to);
	nd->message = (struct nd_message){ .type = ND_ADVERTISEMENT,
					   .flags = flags | ND_ROUTER | ND_OVERRIDE };
	memcpy(nd->message.target, addr->octet, sizeof(nd->message.target));
	nd->option = mac_option(ND_TARGET_MAC, out);
	nd_finish(pkt, sizeof(nd->message) + sizeof(nd->option));
	return pkt;
}

static const struct ip_addr all_nodes = { .octet = { 0xff, 0x02, [15] = 1 } };

void ip_nd_announce(struct ip_worker *w, const struct ip_interface *out, const struct ip_addr *addr)
{
	struct rte_ether_addr group = ip_group_mac(&all_nodes);
	struct rte_mbuf *pkt = advertisement(w, out, addr, &all_nodes, 0);

	if (pkt != NULL)
		ip_apply(w, out->port, pkt, ip_transmit(pkt, out, &group));
}

static void answer(struct ip_worker *w, const struct ip_interface *on, const struct ip_addr *asked,
		   const struct ip_addr *asker)
{
	struct rte_mbuf *pkt;

	if (ip_is_zero(asker)) {
		ip_nd_announce(w, on, asked);
		return;
	}
	pkt = advertisement(w, on, asked, asker, ND_SOLICITED);
	if (pkt != NULL)
		ip_apply(w, on->port, pkt, ip_output(w, pkt, NULL, on, asker));
}

/* ---- in ---- */

/* The address in the first option of that type; false: an option is broken. Options follow the
 * message's first 24 octets.
 */
static bool option_find(struct rte_mbuf *pkt, const struct vnf_headers *h, uint8_t type,
			struct rte_ether_addr *mac, bool *has_mac)
{
	struct vnf_cursor c =
		vnf_cursor_at(pkt, h->l4 + (uint32_t)sizeof(struct nd_message), h->end);

	*has_mac = false;
	for (uint32_t i = 0; i < ND_OPTIONS_MAX && vnf_cursor_left(&c) > 0; i++) {
		const uint8_t *option;
		uint32_t octets;

		if (vnf_cursor_left(&c) < ND_UNIT)
			return false;
		option = vnf_cursor_take(&c, ND_UNIT);
		octets = option != NULL ? option[1] * ND_UNIT : 0;
		if (octets == 0 || !vnf_cursor_skip(&c, octets - ND_UNIT))
			return false;
		if (option[0] != type || octets != ND_UNIT || *has_mac)
			continue;
		memcpy(mac, ((const struct nd_mac *)option)->mac, sizeof(*mac));
		*has_mac = true;
	}
	return vnf_cursor_left(&c) == 0;
}

/* Section 7.1.1, 7.2.3. */
static void solicitation(struct ip_worker *w, struct rte_mbuf *pkt, const struct vnf_headers *h,
			 const struct ip_interface *in, const struct ip_addr *target)
{
	struct ip_addr src = ip_src(pkt, h), dst = ip_dst(pkt, h);
	struct ip_addr group = ip_addr_solicited(target);
	struct rte_ether_addr mac;
	bool has_mac;

	if (!option_find(pkt, h, ND_SOURCE_MAC, &mac, &has_mac))
		return;
	if (ip_is_zero(&src)) {
		/* Somebody asks whether it may have the address. */
		if (has_mac || !ip_addr_equal(&dst, &group))
			return;
		if (!ip_own_answers(w->node, in->link, target))
			ip_own_conflict(w, in, target, &vnf_ether(pkt)->src_addr);
		else
			answer(w, in, target, &src);
		return;
	}
	if (!ip_own_answers(w->node, in->link, target))
		return;
	if (has_mac && ip_is_neighbour(w, in, &src))
		ip_neigh_learn(w, in, &src, &mac,
			       (struct ip_neigh_news){ .override = true, .create = true });
	answer(w, in, target, &src);
}

/* Section 7.1.2, 7.2.5. */
static void advertised(struct ip_worker *w, struct rte_mbuf *pkt, const struct vnf_headers *h,
		       const struct ip_interface *in, const struct ip_addr *target,
		       rte_be32_t flags)
{
	struct ip_addr dst = ip_dst(pkt, h);
	bool solicited = (flags & ND_SOLICITED) != 0, has_mac;
	struct rte_ether_addr mac;

	if ((solicited && ip_is_multicast(&dst)) ||
	    !option_find(pkt, h, ND_TARGET_MAC, &mac, &has_mac))
		return;
	if (ip_own_conflict(w, in, target, has_mac ? &mac : &vnf_ether(pkt)->src_addr))
		return;
	ip_neigh_learn(w, in, target, has_mac ? &mac : NULL,
		       (struct ip_neigh_news){ .solicited = solicited,
					       .override = (flags & ND_OVERRIDE) != 0 });
}

/* Sections 6.1, 7.1, 8.1: from the link itself, and whole. */
static bool is_valid(struct rte_mbuf *pkt, const struct vnf_headers *h)
{
	/* RFC 6980: without a fragment header. */
	return h->fragment_header == 0 && vnf_ipv6(pkt, h)->hop_limits == ND_HOP_LIMIT &&
	       vnf_icmp(pkt, h)->icmp_code == 0 && h->end - h->l4 >= sizeof(struct nd_message) &&
	       vnf_packet_pull(pkt, h->l4 + (uint32_t)sizeof(struct nd_message)) == 0;
}

bool ip_nd_receive(struct ip_worker *w, struct rte_mbuf *pkt, const struct vnf_headers *h,
		   const struct ip_interface *in, vnf_verdict_t *verdict)
{
	uint8_t type = vnf_icmp(pkt, h)->icmp_type;
	struct nd_message message;
	struct ip_addr target;

	if (type < IP_ND_FIRST || type > IP_ND_LAST)
		return false;
	*verdict = VNF_DROP(VNF_DROP_FOR_ITSELF);
	w->node->counts.nd_received++;
	if (type != ND_SOLICITATION && type != ND_ADVERTISEMENT)
		return true;
	if (!is_valid(pkt, h)) {
		*verdict = VNF_DROP(VNF_DROP_ND_INVALID);
		return true;
	}
	message = *rte_pktmbuf_mtod_offset(pkt, const struct nd_message *, h->l4);
	target = ip_addr_v6(message.target);
	if (ip_is_multicast(&target) || ip_is_v4(&target))
		*verdict = VNF_DROP(VNF_DROP_ND_INVALID);
	else if (type == ND_SOLICITATION)
		solicitation(w, pkt, h, in, &target);
	else
		advertised(w, pkt, h, in, &target, message.flags);
	return true;
}
