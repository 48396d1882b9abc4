/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Would a packet be sent on? For who translates addresses and asks before: an ICMP error then
 * quotes the packet as its source knows it, and goes to that source (RFC 5508 section 4). The
 * checks are those of packet_forward() (ip_forward.c), which makes them again on the packet that
 * leaves. Worker.
 */

#include "ip_node.h"

/* How the source is told of what is wrong, by the version of IP. */
struct wrong {
	uint32_t reason;
	uint8_t type[2], code[2]; /* IPv4, IPv6; type 0: it is not told */
};

static const struct wrong wrong_ttl = { VNF_DROP_TTL,
					{ ICMP4_TIME_EXCEEDED, ICMP6_TIME_EXCEEDED },
					{ 0, 0 } };
static const struct wrong wrong_long = { VNF_DROP_TOO_BIG,
					 { ICMP4_UNREACHABLE, ICMP6_TOO_BIG },
					 { ICMP4_TOO_BIG, 0 } };
/* RFC 3927 section 2.7: those of IPv4 are not told. */
static const struct wrong wrong_scope = { VNF_DROP_SCOPE,
					  { 0, ICMP6_UNREACHABLE },
					  { 0, ICMP6_SCOPE } };
static const struct wrong wrong_source = { VNF_DROP_MARTIAN, { 0, 0 }, { 0, 0 } };
static const struct wrong wrong_prohibit = { VNF_DROP_PROHIBITED,
					     { ICMP4_UNREACHABLE, ICMP6_UNREACHABLE },
					     { ICMP4_PROHIBITED, ICMP6_PROHIBITED } };
static const struct wrong wrong_host = { VNF_DROP_NO_ROUTE,
					 { ICMP4_UNREACHABLE, ICMP6_UNREACHABLE },
					 { ICMP4_HOST, ICMP6_NO_ROUTE } };
static const struct wrong wrong_net = { VNF_DROP_NO_ROUTE,
					{ ICMP4_UNREACHABLE, ICMP6_UNREACHABLE },
					{ ICMP4_NET, ICMP6_NO_ROUTE } };
static const struct wrong wrong_blackhole = { VNF_DROP_BLACKHOLE, { 0, 0 }, { 0, 0 } };
static const struct wrong wrong_broadcast = { VNF_DROP_BROADCAST, { 0, 0 }, { 0, 0 } };

static const struct wrong *route_wrong(const struct ip_target *target)
{
	switch (target->kind) {
	case IP_TARGET_BROADCAST:
		return &wrong_broadcast;
	case IP_TARGET_BLACKHOLE:
		return &wrong_blackhole;
	case IP_TARGET_PROHIBIT:
		return &wrong_prohibit;
	case IP_TARGET_UNREACHABLE:
		return &wrong_host;
	default:
		return &wrong_net;
	}
}

/* What is cut on the way is not too long. */
static bool is_too_long(struct rte_mbuf *pkt, const struct vnf_headers *h, uint16_t mtu)
{
	return ip_wire_octets(pkt, h) > mtu && (vnf_is_ipv6(h) || ip_has_df(pkt, h));
}

/* NULL: nothing. */
static const struct wrong *wrong_find(struct rte_mbuf *pkt, const struct vnf_headers *h,
				      const struct ip_target *target)
{
	uint8_t ttl =
		vnf_is_ipv4(h) ? vnf_ipv4(pkt, h)->time_to_live : vnf_ipv6(pkt, h)->hop_limits;
	uint32_t stays = 0;

	if (unlikely(target->kind != IP_TARGET_CONNECTED && target->kind != IP_TARGET_GATEWAY))
		return route_wrong(target);
	if (unlikely(vnf_is_ipv6(h)))
		stays = ip_v6_stays(pkt, h);
	else if (unlikely(ip_v4_stays(pkt, h)))
		stays = VNF_DROP_SCOPE;
	if (unlikely(stays != 0))
		return stays == VNF_DROP_SCOPE ? &wrong_scope : &wrong_source;
	if (unlikely(ttl <= 1))
		return &wrong_ttl;
	return unlikely(is_too_long(pkt, h, target->out->mtu)) ? &wrong_long : NULL;
}

static __rte_noinline vnf_verdict_t refuse(struct ip_worker *w, struct rte_mbuf *pkt,
					   const struct vnf_headers *h,
					   const struct ip_interface *in,
					   const struct ip_target *target,
					   const struct wrong *wrong)
{
	uint32_t v = vnf_is_ipv6(h);
	struct ip_punt punt = { .stage = IP_STAGE_REFUSE,
				.in = in,
				.type = wrong->type[v],
				.code = wrong->code[v],
				.reason = (uint16_t)wrong->reason };

	if (punt.type == 0)
		return VNF_DROP(wrong->reason);
	if (wrong == &wrong_long)
		punt.mtu = v != 0 ? RTE_MAX(target->out->mtu, IP6_MTU_MIN) : target->out->mtu;
	return ip_refuse(w, pkt, h, &punt);
}

vnf_verdict_t vnf_ip_may_forward(struct vnf_worker *worker, uint16_t i, struct rte_mbuf *pkt,
				 const struct vnf_headers *h, const uint8_t *dst)
{
	struct ip_worker *w = ip_worker_of(worker);
	const struct ip_meta *meta = &w->meta[i];
	const struct ip_target *target;
	const struct wrong *wrong;
	struct ip_addr to;

	if (unlikely(meta->pkt != pkt || meta->in == NULL))
		return VNF_DROP(VNF_DROP_NO_INTERFACE);
	if (unlikely(!vnf_is_ipv4(h) && !vnf_is_ipv6(h)))
		return VNF_DROP(VNF_DROP_NOT_IP);
	target = meta->target;
	if (dst != NULL) {
		to = vnf_is_ipv4(h) ? ip_addr_v4(((const struct vnf_u32 *)dst)->value)
				    : ip_addr_v6(dst);
		target = ip_route(w->tables, &to);
	}
	if (unlikely(target->kind == IP_TARGET_LOCAL))
		return VNF_IP_LOCAL;
	wrong = wrong_find(pkt, h, target);
	return likely(wrong == NULL) ? VNF_IP_PASS : refuse(w, pkt, h, meta->in, target, wrong);
}
