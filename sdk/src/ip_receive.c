/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Packets that come in: the fast way of the IP node, on every worker.
 *
 *     packet_receive -> routes_find -> packet_judge
 *
 * Each packet is checked by itself first (is it for this link, is it sound, may its addresses be),
 * then all destinations of the burst are looked up together, and what the route says decides who
 * deals with it.
 */

#include "ip_node.h"

/* What a packet is before its route is known: none of these is a verdict. */
#define FIND_V4 ((vnf_verdict_t)0x40000010u)
#define FIND_V6 ((vnf_verdict_t)0x40000011u)

#define V4_MULTICAST 224 /* first octets */
#define V4_RESERVED 240
#define V4_LOOPBACK 127

/* ---- one packet ---- */

/* RFC 1812 section 5.2.2: the sum of the header with its checksum is 0xffff. */
static inline bool ipv4_sum_is_right(const struct rte_ipv4_hdr *ip)
{
	const struct vnf_u32 *at = (const void *)ip;
	uint32_t words = ip->version_ihl & 0xfu;
	uint64_t sum =
		(uint64_t)at[0].value + at[1].value + at[2].value + at[3].value + at[4].value;

	for (uint32_t i = 5; unlikely(i < words); i++)
		sum += at[i].value;
	sum = (sum & UINT32_MAX) + (sum >> 32);
	sum = (sum & UINT32_MAX) + (sum >> 32);
	return vnf_sum_fold((uint32_t)sum) == UINT16_MAX;
}

/* RFC 1812 section 5.3.7. */
static inline bool ipv4_is_martian(rte_be32_t src, rte_be32_t dst)
{
	uint8_t s = (uint8_t)(rte_be_to_cpu_32(src) >> 24);
	uint8_t d = (uint8_t)(rte_be_to_cpu_32(dst) >> 24);

	return s >= V4_MULTICAST || s == V4_LOOPBACK || s == 0 || d == V4_LOOPBACK || d == 0 ||
	       (d >= V4_RESERVED && dst != RTE_BE32(UINT32_MAX));
}

static inline vnf_verdict_t ipv4_receive(struct rte_mbuf *pkt, const struct vnf_headers *h,
					 struct ip_meta *meta, bool to_group)
{
	const struct rte_ipv4_hdr *ip = vnf_ipv4(pkt, h);
	rte_be32_t dst = ip->dst_addr;

	meta->dst = ip_addr_v4(dst);
	if (unlikely(!ipv4_sum_is_right(ip)))
		return VNF_DROP(VNF_DROP_IPV4_CHECKSUM);
	if (unlikely(meta->in->dhcp) && ip_dhcp_is_reply(pkt, h, meta->in))
		return VNF_IP_NODE;
	if (unlikely(ipv4_is_martian(ip->src_addr, dst)))
		return VNF_DROP(VNF_DROP_MARTIAN);
	if (unlikely((rte_be_to_cpu_32(dst) >> 28) == V4_MULTICAST >> 4))
		return VNF_DROP(VNF_DROP_MULTICAST);
	/* RFC 1122 section 3.3.6: a link's broadcast that is no IP broadcast. */
	if (unlikely(to_group || dst == RTE_BE32(UINT32_MAX)))
		return VNF_DROP(VNF_DROP_BROADCAST);
	/* Source routes: as RFC 7126 section 4.3 advises. */
	if (unlikely((h->flags & VNF_SOURCE_ROUTED) != 0))
		return VNF_DROP(VNF_DROP_SOURCE_ROUTED);
	return FIND_V4;
}

static bool is_own_link_local(const struct ip_interface *in, const struct ip_addr *a)
{
	struct ip_addr own = ip_addr_link_local(in->mac);

	if (ip_addr_equal(&own, a))
		return true;
	for (uint16_t i = 0; i < in->n_addresses; i++)
		if (ip_addr_equal(&in->address[i].addr, a))
			return true;
	return false;
}

/* RFC 4291 section 2.8: all nodes, all routers, and the solicited-node groups of its addresses. */
static bool is_joined(const struct ip_interface *in, const struct ip_addr *group)
{
	static const struct ip_addr fixed[] = {
		{ .octet = { 0xff, 1, [15] = 1 } }, { .octet = { 0xff, 2, [15] = 1 } },
		{ .octet = { 0xff, 1, [15] = 2 } }, { .octet = { 0xff, 2, [15] = 2 } },
		{ .octet = { 0xff, 5, [15] = 2 } },
	};
	struct ip_addr own = ip_addr_link_local(in->mac), of = ip_addr_solicited(&own);
	bool joined = ip_addr_equal(&of, group);

	for (size_t i = 0; i < RTE_DIM(fixed) && !joined; i++)
		joined = ip_addr_equal(&fixed[i], group);
	for (uint16_t i = 0; i < in->n_addresses && !joined; i++) {
		of = ip_addr_solicited(&in->address[i].addr);
		joined = !ip_is_v4(&in->address[i].addr) && ip_addr_equal(&of, group);
	}
	return joined;
}

/* To an own address: ICMP is the node's, the rest the VNF's. */
static vnf_verdict_t own_judge(const struct vnf_headers *h)
{
	if (h->proto == IPPROTO_ICMP || h->proto == IPPROTO_ICMPV6 ||
	    (h->flags & VNF_SOURCE_ROUTED) != 0)
		return VNF_IP_NODE;
	return VNF_IP_LOCAL;
}

/* RFC 4291 sections 2.5.2, 2.5.3, 2.5.6 and 2.7. */
static vnf_verdict_t ipv6_receive(struct rte_mbuf *pkt, const struct vnf_headers *h,
				  struct ip_meta *meta, bool to_group)
{
	static const struct ip_addr loopback = { .octet = { [15] = 1 } };
	struct ip_addr src = ip_src(pkt, h), dst = ip_dst(pkt, h);

	meta->dst = dst;
	if (ip_is_multicast(&src) || ip_addr_equal(&src, &loopback) ||
	    ip_addr_equal(&dst, &loopback) || ip_is_zero(&dst) || ip_is_v4(&dst) || ip_is_v4(&src))
		return VNF_DROP(VNF_DROP_MARTIAN);
	if (ip_is_multicast(&dst)) {
		if (h->l4 != 0 && h->proto == IPPROTO_ICMPV6 && is_joined(meta->in, &dst))
			return VNF_IP_NODE;
		return VNF_DROP(VNF_DROP_MULTICAST);
	}
	if (to_group)
		return VNF_DROP(VNF_DROP_BROADCAST);
	if (ip_is_link_local(&dst)) {
		if (is_own_link_local(meta->in, &dst))
			return own_judge(h);
		return VNF_DROP(VNF_DROP_NO_ROUTE);
	}
	return FIND_V6;
}

/* A tag says which interface it is; what goes on has none. It is kept beside the packet, which may
 * be received once more, by the worker that keeps its state (vnf/steer.h).
 */
static const struct ip_interface *tagged_interface(const struct ip_tables *t, uint16_t port,
						   struct rte_mbuf *pkt, struct vnf_headers *h)
{
	const struct ip_interface *in;
	uint16_t tag = h->vlan[0];

	if (h->n_vlans == 0)
		return ip_interface_on(t, port, pkt->vlan_tci % IP_VLANS);
	if (h->n_vlans > 1)
		return NULL;
	in = ip_interface_on(t, port, tag % IP_VLANS);
	if (in == NULL || vnf_vlan_pop(pkt, h) < 0)
		return NULL;
	pkt->vlan_tci = tag;
	pkt->ol_flags |= RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
	return in;
}

static inline vnf_verdict_t packet_receive(struct ip_worker *w, uint16_t port, struct rte_mbuf *pkt,
					   struct vnf_headers *h, struct ip_meta *meta)
{
	const struct ip_tables *t = w->tables;
	const struct rte_ether_addr *dst;
	uint32_t bad = vnf_parse(pkt, h);
	bool to_group;

	meta->pkt = pkt;
	meta->in = NULL;
	meta->target = t->target; /* no route, until one is found */
	if (unlikely(bad != 0))
		return VNF_DROP(bad);
	if (likely(h->n_vlans == 0 && (pkt->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) == 0))
		meta->in = t->port[port].untagged;
	else
		meta->in = tagged_interface(t, port, pkt, h);
	if (unlikely(meta->in == NULL))
		return VNF_DROP(VNF_DROP_NO_INTERFACE);
	dst = &vnf_ether(pkt)->dst_addr;
	to_group = rte_is_multicast_ether_addr(dst);
	if (unlikely(!to_group && !rte_is_same_ether_addr(dst, meta->in->mac)))
		return VNF_DROP(VNF_DROP_OTHER_MAC);
	if (likely(vnf_is_ipv4(h)))
		return ipv4_receive(pkt, h, meta, to_group);
	if (vnf_is_ipv6(h))
		return ipv6_receive(pkt, h, meta, to_group);
	if (h->ether_type == RTE_ETHER_TYPE_ARP)
		return VNF_IP_NODE;
	return VNF_DROP(VNF_DROP_NOT_IP);
}

/* ---- the burst ---- */

/* Look up those of the burst that are to be found, each family together. */
static void routes_find(struct ip_worker *w, const vnf_verdict_t *verdicts, uint16_t n)
{
	uint8_t v6[VNF_BURST_MAX][RTE_FIB6_IPV6_ADDR_SIZE];
	uint8_t at4[VNF_BURST_MAX], at6[VNF_BURST_MAX];
	uint64_t found[VNF_BURST_MAX];
	uint32_t v4[VNF_BURST_MAX];
	uint32_t n4 = 0, n6 = 0;

	for (uint16_t i = 0; i < n; i++) {
		if (likely(verdicts[i] == FIND_V4)) {
			v4[n4] = rte_be_to_cpu_32(w->meta[i].dst.word[3]);
			at4[n4++] = (uint8_t)i;
		} else if (verdicts[i] == FIND_V6) {
			memcpy(v6[n6], w->meta[i].dst.octet, sizeof(v6[n6]));
			at6[n6++] = (uint8_t)i;
		}
	}
	if (n4 > 0)
		rte_fib_lookup_bulk(ip_fib_v4(w->tables->fib), v4, found, (int)n4);
	for (uint32_t i = 0; i < n4; i++)
		w->meta[at4[i]].target = &w->tables->target[found[i]];
	if (n6 > 0)
		rte_fib6_lookup_bulk(ip_fib_v6(w->tables->fib), v6, found, (int)n6);
	for (uint32_t i = 0; i < n6; i++)
		w->meta[at6[i]].target = &w->tables->target[found[i]];
}

static inline vnf_verdict_t packet_judge(const struct vnf_headers *h, const struct ip_meta *meta)
{
	if (unlikely(meta->target->kind == IP_TARGET_LOCAL))
		return own_judge(h);
	if (unlikely(meta->target->kind == IP_TARGET_BROADCAST))
		return VNF_DROP(VNF_DROP_BROADCAST);
	return VNF_IP_PASS;
}

void vnf_ip_receive(struct vnf_worker *worker, uint16_t port, struct rte_mbuf **pkts,
		    struct vnf_headers *h, vnf_verdict_t *verdicts, uint16_t n)
{
	struct ip_worker *w = ip_worker_of(worker);
	vnf_verdict_t found[VNF_BURST_MAX];

	w->n_burst = n;
	for (uint16_t i = 0; i < n; i++)
		found[i] = packet_receive(w, port, pkts[i], &h[i], &w->meta[i]);
	routes_find(w, found, n);
	for (uint16_t i = 0; i < n; i++)
		verdicts[i] = found[i] == FIND_V4 || found[i] == FIND_V6
				      ? packet_judge(&h[i], &w->meta[i])
				      : found[i];
}

const char *vnf_ip_interface(const struct vnf_worker *worker, uint16_t i)
{
	return ip_worker_of(worker)->meta[i].in->name;
}

const char *vnf_ip_interface_name(const struct vnf_worker *worker, uint16_t number)
{
	const struct ip_tables *t = ip_worker_of(worker)->tables;

	return number < t->n_interfaces ? t->interface[number].name : NULL;
}

uint16_t vnf_ip_mtu(const struct vnf_worker *worker, uint16_t number)
{
	const struct ip_tables *t = ip_worker_of(worker)->tables;

	return number < t->n_interfaces ? t->interface[number].mtu : 0;
}

uint16_t vnf_ip_in(const struct vnf_worker *worker, uint16_t i)
{
	const struct ip_interface *in = ip_worker_of(worker)->meta[i].in;

	return likely(in != NULL) ? in->number : VNF_IP_NO_INTERFACE;
}

static inline uint16_t target_out(const struct ip_target *target)
{
	if (likely(target->kind == IP_TARGET_CONNECTED || target->kind == IP_TARGET_GATEWAY))
		return target->out->number;
	return VNF_IP_NO_INTERFACE;
}

uint16_t vnf_ip_out(const struct vnf_worker *worker, uint16_t i)
{
	return target_out(ip_worker_of(worker)->meta[i].target);
}

uint16_t vnf_ip_towards(const struct vnf_worker *worker, uint8_t version, const uint8_t *addr)
{
	struct ip_addr a;
	rte_be32_t v4;

	if (version == 4) {
		memcpy(&v4, addr, sizeof(v4));
		a = ip_addr_v4(v4);
	} else {
		a = ip_addr_v6(addr);
		/* They stand for IPv4 in here, and are not on the wire. */
		if (ip_is_v4(&a))
			return VNF_IP_NO_INTERFACE;
	}
	if (!ip_is_host(&a) || !ip_is_routable(&a))
		return VNF_IP_NO_INTERFACE;
	return target_out(ip_route(ip_worker_of(worker)->tables, &a));
}
