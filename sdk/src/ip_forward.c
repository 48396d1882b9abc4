/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Packets that go on: the fast way of the IP node, on every worker.
 *
 *     targets_renew -> packet_forward -> ip_output -> ip_transmit
 *
 * What is not plain (no route, TTL at its end, too long, a neighbour whose address is not known)
 * leaves early: to worker 0, if it takes more than a drop. Nothing is changed in a packet before it
 * is sure that it goes on, so that an ICMP error quotes it as it came.
 */

#include "ip_node.h"

#define TAG_BYTES ((uint16_t)sizeof(struct rte_vlan_hdr))
#define ADDRESSES_BYTES (2 * RTE_ETHER_ADDR_LEN)

/* ---- out ---- */

static int tag_push(struct rte_mbuf *pkt, uint16_t vlan)
{
	uint8_t *frame = (uint8_t *)rte_pktmbuf_prepend(pkt, TAG_BYTES);

	if (unlikely(frame == NULL))
		return -ENOSPC;
	memmove(frame, frame + TAG_BYTES, ADDRESSES_BYTES);
	((struct vnf_u16 *)(frame + ADDRESSES_BYTES))[0].value = RTE_BE16(RTE_ETHER_TYPE_VLAN);
	((struct vnf_u16 *)(frame + ADDRESSES_BYTES))[1].value = rte_cpu_to_be_16(vlan);
	if ((pkt->ol_flags & RTE_MBUF_F_TX_OFFLOAD_MASK) != 0)
		pkt->l2_len = pkt->l2_len + TAG_BYTES;
	return 0;
}

static inline vnf_verdict_t transmit(struct rte_mbuf *pkt, const struct ip_interface *out,
				     const struct rte_ether_addr *dst)
{
	struct rte_ether_hdr *eth = rte_pktmbuf_mtod(pkt, struct rte_ether_hdr *);

	eth->dst_addr = *dst;
	eth->src_addr = *out->mac;
	if (unlikely(out->vlan != 0) && tag_push(pkt, out->vlan) < 0)
		return VNF_DROP(VNF_DROP_NO_MBUF);
	return VNF_FORWARD(out->port);
}

vnf_verdict_t ip_transmit(struct rte_mbuf *pkt, const struct ip_interface *out,
			  const struct rte_ether_addr *dst)
{
	return transmit(pkt, out, dst);
}

/* To be used without further ado. A stale one is worker 0's to look after; the others tell it by
 * one packet, and use it meanwhile.
 */
static inline bool is_usable(const struct ip_worker *w, uint64_t found)
{
	uint64_t stale = IP_NEIGH_STALE | (ip_is_first(w) ? 0 : IP_NEIGH_TOLD);

	return (found & IP_NEIGH_USABLE) != 0 &&
	       ((found & IP_NEIGH_STALE) == 0 ||
		(found & stale) == (IP_NEIGH_STALE | IP_NEIGH_TOLD));
}

static inline vnf_verdict_t transmit_to(struct rte_mbuf *pkt, const struct ip_interface *out,
					uint64_t found)
{
	struct rte_ether_addr mac;

	memcpy(&mac, &found, sizeof(mac)); /* its lower octets, first one first */
	return transmit(pkt, out, &mac);
}

/* To worker 0, which resolves the neighbour, or finds out whether it is still there. VNF_IP_PASS:
 * that has no room, but the neighbour's address is known, if old.
 */
static vnf_verdict_t neighbour_punt(struct ip_worker *w, struct rte_mbuf *pkt,
				    const struct ip_punt *punt, const struct ip_interface *out,
				    const struct ip_addr *via, uint64_t found)
{
	vnf_verdict_t verdict = ip_punt(w, pkt, punt);

	if (verdict != VNF_TAKEN && (found & IP_NEIGH_USABLE) != 0)
		return VNF_IP_PASS;
	if (verdict == VNF_TAKEN && (found & IP_NEIGH_STALE) != 0)
		ip_neigh_told(w->node, out->link, via, found);
	return verdict;
}

vnf_verdict_t ip_output(struct ip_worker *w, struct rte_mbuf *pkt, const struct ip_interface *in,
			const struct ip_interface *out, const struct ip_addr *via)
{
	uint64_t found = ip_neigh_find(w->node, out->link, via, NULL);
	vnf_verdict_t verdict;

	if (likely(is_usable(w, found)))
		return transmit_to(pkt, out, found);
	if (ip_is_first(w))
		return ip_neigh_send(w, pkt, in, out, via);
	verdict = neighbour_punt(w, pkt, &(struct ip_punt){ .stage = IP_STAGE_SEND }, out, via,
				 found);
	return verdict != VNF_IP_PASS ? verdict : transmit_to(pkt, out, found);
}

/* ---- the slow way ---- */

vnf_verdict_t ip_refuse(struct ip_worker *w, struct rte_mbuf *pkt, const struct vnf_headers *h,
			const struct ip_punt *punt)
{
	if (!ip_is_first(w))
		return ip_punt(w, pkt, punt);
	ip_icmp_error(w, pkt, h, punt->in, punt->type, punt->code, punt->mtu);
	return VNF_DROP(punt->reason);
}

/* Drop it and tell its source why. */
static vnf_verdict_t refuse(struct ip_worker *w, struct rte_mbuf *pkt, const struct vnf_headers *h,
			    const struct ip_interface *in, uint8_t type, uint8_t code,
			    uint32_t rest, uint32_t reason)
{
	if (!ip_is_first(w))
		return ip_punt(w, pkt, &(struct ip_punt){ .stage = IP_STAGE_FORWARD, .in = in });
	ip_icmp_error(w, pkt, h, in, type, code, rest);
	return VNF_DROP(reason);
}

static vnf_verdict_t refuse_by(struct ip_worker *w, struct rte_mbuf *pkt,
			       const struct vnf_headers *h, const struct ip_interface *in,
			       uint8_t v4_code, uint8_t v6_code, uint32_t reason)
{
	if (vnf_is_ipv4(h))
		return refuse(w, pkt, h, in, ICMP4_UNREACHABLE, v4_code, 0, reason);
	return refuse(w, pkt, h, in, ICMP6_UNREACHABLE, v6_code, 0, reason);
}

/* Where the IPv6 packet names the header that it ends with, from its own begin. */
static uint32_t next_header_at(struct rte_mbuf *pkt, const struct vnf_headers *h)
{
	uint32_t at = offsetof(struct rte_ipv6_hdr, proto), next = sizeof(struct rte_ipv6_hdr);
	uint8_t type = vnf_ipv6(pkt, h)->proto;

	while (type != h->proto) {
		struct vnf_cursor c = vnf_cursor_at(pkt, h->l3 + next, h->end);
		const uint8_t *ext = vnf_cursor_take(&c, 8);

		if (ext == NULL)
			break;
		at = next;
		next += type == IPPROTO_AH         ? (ext[1] + 2u) * 4
			: type == IPPROTO_FRAGMENT ? 8u
						   : (ext[1] + 1u) * 8;
		type = ext[0];
	}
	return at;
}

/* RFC 1812 section 5.2.7.1, RFC 4443 section 3.1. */
vnf_verdict_t ip_refuse_local(struct ip_worker *w, struct rte_mbuf *pkt,
			      const struct vnf_headers *h, const struct ip_interface *in)
{
	if ((h->flags & VNF_FRAGMENT) != 0)
		return VNF_DROP(VNF_DROP_NOT_REASSEMBLED);
	if (!ip_is_first(w))
		return ip_punt(w, pkt, &(struct ip_punt){ .stage = IP_STAGE_LOCAL, .in = in });
	if (vnf_is_ipv6(h) && ip_options_judge(w, pkt, h, in))
		return VNF_DROP(VNF_DROP_NO_SERVICE);
	if (vnf_is_ipv4(h))
		return refuse(w, pkt, h, in, ICMP4_UNREACHABLE,
			      vnf_has_ports(h) ? ICMP4_PORT : ICMP4_PROTOCOL, 0,
			      VNF_DROP_NO_SERVICE);
	if (vnf_has_ports(h))
		return refuse(w, pkt, h, in, ICMP6_UNREACHABLE, ICMP6_PORT, 0, VNF_DROP_NO_SERVICE);
	if (h->proto == IPPROTO_NONE)
		return VNF_DROP(VNF_DROP_NO_SERVICE);
	return refuse(w, pkt, h, in, ICMP6_PARAMETER, ICMP6_NEXT_HEADER, next_header_at(pkt, h),
		      VNF_DROP_NO_SERVICE);
}

/* A route that leads nowhere. */
static __rte_noinline vnf_verdict_t nowhere(struct ip_worker *w, struct rte_mbuf *pkt,
					    const struct vnf_headers *h,
					    const struct ip_interface *in,
					    const struct ip_target *target)
{
	switch (target->kind) {
	case IP_TARGET_LOCAL:
		return ip_refuse_local(w, pkt, h, in);
	case IP_TARGET_BROADCAST:
		return VNF_DROP(VNF_DROP_BROADCAST);
	case IP_TARGET_BLACKHOLE:
		return VNF_DROP(VNF_DROP_BLACKHOLE);
	case IP_TARGET_PROHIBIT:
		return refuse_by(w, pkt, h, in, ICMP4_PROHIBITED, ICMP6_PROHIBITED,
				 VNF_DROP_PROHIBITED);
	case IP_TARGET_UNREACHABLE:
		return refuse_by(w, pkt, h, in, ICMP4_HOST, ICMP6_NO_ROUTE, VNF_DROP_NO_ROUTE);
	default:
		return refuse_by(w, pkt, h, in, ICMP4_NET, ICMP6_NO_ROUTE, VNF_DROP_NO_ROUTE);
	}
}

static vnf_verdict_t refuse_ttl(struct ip_worker *w, struct rte_mbuf *pkt,
				const struct vnf_headers *h, const struct ip_interface *in)
{
	return refuse(w, pkt, h, in, vnf_is_ipv4(h) ? ICMP4_TIME_EXCEEDED : ICMP6_TIME_EXCEEDED, 0,
		      0, VNF_DROP_TTL);
}

/* RFC 1812 section 5.3.13: under the address of the interface that it leaves by. 0, or where the
 * header is wrong.
 */
static uint32_t options_fill(struct rte_mbuf *pkt, const struct vnf_headers *h,
			     const struct ip_interface *out)
{
	if (!vnf_is_ipv4(h) || (h->flags & VNF_IP_OPTIONS) == 0)
		return 0;
	for (uint16_t i = 0; i < out->n_addresses; i++)
		if (ip_is_v4(&out->address[i].addr))
			return ip_options_fill(pkt, h, out->address[i].addr.word[3]);
	return 0;
}

static vnf_verdict_t refuse_options(struct ip_worker *w, struct rte_mbuf *pkt,
				    const struct vnf_headers *h, const struct ip_interface *in,
				    uint32_t at)
{
	return refuse(w, pkt, h, in, ICMP4_PARAMETER, 0, at << 24, VNF_DROP_IPV4_OPTIONS);
}

/* Too long for the interface. RFC 1191, RFC 1812 section 4.2.2.7, RFC 8200 section 5. Returns the
 * verdict; VNF_IP_PASS: it may go on, cut by now, and its other parts are sent.
 */
static __rte_noinline vnf_verdict_t too_long(struct ip_worker *w, struct rte_mbuf *pkt,
					     const struct vnf_headers *h,
					     const struct ip_interface *in,
					     const struct ip_target *target,
					     const struct ip_addr *via)
{
	const struct ip_interface *out = target->out;
	uint32_t bad;

	if (vnf_is_ipv6(h))
		return refuse(w, pkt, h, in, ICMP6_TOO_BIG, 0, RTE_MAX(out->mtu, IP6_MTU_MIN),
			      VNF_DROP_TOO_BIG);
	if (ip_has_df(pkt, h))
		return refuse(w, pkt, h, in, ICMP4_UNREACHABLE, ICMP4_TOO_BIG, out->mtu,
			      VNF_DROP_TOO_BIG);
	if (vnf_is_tso(pkt)) {
		if (out->mtu <= h->payload - h->l3)
			return VNF_DROP(VNF_DROP_TOO_BIG);
		pkt->tso_segsz = (uint16_t)(out->mtu - (h->payload - h->l3));
		return VNF_IP_PASS;
	}
	/* Its parts leave by themselves. */
	if (!ip_is_first(w))
		return ip_punt(w, pkt, &(struct ip_punt){ .stage = IP_STAGE_FORWARD, .in = in });
	bad = options_fill(pkt, h, out);
	if (bad != 0)
		return refuse_options(w, pkt, h, in, bad);
	vnf_ttl_decrement(pkt, h);
	return ip_fragment(w, pkt, h, in, out, via);
}

/* ---- on ---- */

/* vnf_ttl_decrement(), where no more than the header's checksum depends on it. */
static inline void ttl_lower(struct rte_mbuf *pkt, const struct vnf_headers *h)
{
	struct rte_ipv4_hdr *ip;
	uint32_t sum;

	if (unlikely(!vnf_is_ipv4(h) || (pkt->ol_flags & RTE_MBUF_F_TX_IP_CKSUM) != 0)) {
		vnf_ttl_decrement(pkt, h);
		return;
	}
	ip = vnf_ipv4(pkt, h);
	ip->time_to_live--;
	/* RFC 1624: a word that is 0x100 less is made up for. */
	sum = (uint32_t)ip->hdr_checksum + RTE_BE16(0x100);
	ip->hdr_checksum = (uint16_t)(sum + (sum >= UINT16_MAX));
}

/* Of a gateway it is remembered, by worker, where in the table it was found. */
static inline uint64_t neighbour_find(struct ip_worker *w, const struct ip_target *target,
				      const struct ip_addr *via)
{
	const struct ip_neigh_seen **hint;
	uint64_t found = 0;

	if (target->kind != IP_TARGET_GATEWAY)
		return ip_neigh_find(w->node, target->out->link, via, NULL);
	hint = &w->hint[target - w->tables->target];
	if (likely(*hint != NULL))
		found = ip_neigh_look(*hint, target->out->link, via);
	return likely(found != 0) ? found : ip_neigh_find(w->node, target->out->link, via, hint);
}

static __rte_always_inline vnf_verdict_t packet_forward(struct ip_worker *w, struct rte_mbuf *pkt,
							const struct vnf_headers *h,
							const struct ip_interface *in,
							const struct ip_target *target,
							const struct ip_addr *dst)
{
	const struct ip_addr *via = target->kind == IP_TARGET_GATEWAY ? &target->via : dst;
	uint64_t found;

	if (unlikely(target->kind != IP_TARGET_CONNECTED && target->kind != IP_TARGET_GATEWAY))
		return nowhere(w, pkt, h, in, target);
	if (likely(vnf_is_ipv4(h))) {
		if (unlikely(ip_v4_stays(pkt, h)))
			return VNF_DROP(VNF_DROP_SCOPE);
		if (unlikely(vnf_ipv4(pkt, h)->time_to_live <= 1))
			return refuse_ttl(w, pkt, h, in);
	} else {
		uint32_t bad = ip_v6_stays(pkt, h);

		if (unlikely(bad == VNF_DROP_SCOPE))
			return refuse(w, pkt, h, in, ICMP6_UNREACHABLE, ICMP6_SCOPE, 0, bad);
		if (unlikely(bad != 0))
			return VNF_DROP(bad);
		if (unlikely(vnf_ipv6(pkt, h)->hop_limits <= 1))
			return refuse_ttl(w, pkt, h, in);
	}
	if (unlikely(ip_wire_octets(pkt, h) > target->out->mtu)) {
		vnf_verdict_t verdict = too_long(w, pkt, h, in, target, via);

		if (verdict != VNF_IP_PASS)
			return verdict;
	}
	found = neighbour_find(w, target, via);
	/* Worker 0 begins anew with what it is given, and must find it unchanged. */
	if (unlikely(!is_usable(w, found)) && !ip_is_first(w)) {
		vnf_verdict_t verdict = neighbour_punt(
			w, pkt, &(struct ip_punt){ .stage = IP_STAGE_FORWARD, .in = in },
			target->out, via, found);

		if (verdict != VNF_IP_PASS)
			return verdict;
	}
	if (unlikely((h->flags & VNF_IP_OPTIONS) != 0)) {
		uint32_t bad = options_fill(pkt, h, target->out);

		if (bad != 0)
			return refuse_options(w, pkt, h, in, bad);
	}
	ttl_lower(pkt, h);
	if (unlikely(!is_usable(w, found)) && ip_is_first(w))
		return ip_neigh_send(w, pkt, in, target->out, via);
	return transmit_to(pkt, target->out, found);
}

vnf_verdict_t ip_forward_one(struct ip_worker *w, struct rte_mbuf *pkt, const struct vnf_headers *h,
			     const struct ip_interface *in)
{
	struct ip_addr dst = ip_dst(pkt, h);

	return packet_forward(w, pkt, h, in, ip_route(w->tables, &dst), &dst);
}

/* The VNF may have changed the destination. False: it is no packet that has one. */
static inline bool target_renew(struct ip_worker *w, struct rte_mbuf *pkt,
				const struct vnf_headers *h, struct ip_meta *meta)
{
	struct ip_addr dst;

	if (likely(vnf_is_ipv4(h) && vnf_ipv4(pkt, h)->dst_addr == meta->dst.word[3] &&
		   ip_is_v4(&meta->dst)))
		return true;
	if (!vnf_is_ipv4(h) && !vnf_is_ipv6(h))
		return false;
	dst = ip_dst(pkt, h);
	if (ip_addr_equal(&dst, &meta->dst))
		return true;
	meta->dst = dst;
	meta->target = ip_route(w->tables, &dst);
	return true;
}

/* One packet of the burst whose verdict is the SDK's to make. */
static inline vnf_verdict_t verdict_make(struct ip_worker *w, struct rte_mbuf *pkt,
					 struct vnf_headers *h, struct ip_meta *meta,
					 vnf_verdict_t verdict)
{
	/* One that was dropped by vnf_ip_receive(), or is in another's place. */
	if (unlikely(meta->pkt != pkt || meta->in == NULL))
		return VNF_DROP(VNF_DROP_NO_INTERFACE);
	if (unlikely(verdict == VNF_IP_NODE))
		return ip_local(w, pkt, h, meta->in);
	if (unlikely(verdict == VNF_IP_LOCAL))
		return ip_refuse_local(w, pkt, h, meta->in);
	if (unlikely(!target_renew(w, pkt, h, meta)))
		return VNF_DROP(VNF_DROP_NOT_IP);
	return packet_forward(w, pkt, h, meta->in, meta->target, &meta->dst);
}

void vnf_ip_forward(struct vnf_worker *worker, uint16_t port, struct rte_mbuf **pkts,
		    struct vnf_headers *h, vnf_verdict_t *verdicts, uint16_t n)
{
	struct ip_worker *w = ip_worker_of(worker);

	(void)port;
	for (uint16_t i = 0; i < n; i++)
		if (likely(verdicts[i] == VNF_IP_PASS) || verdicts[i] == VNF_IP_NODE ||
		    verdicts[i] == VNF_IP_LOCAL)
			verdicts[i] = verdict_make(w, pkts[i], &h[i], &w->meta[i], verdicts[i]);
	w->n_burst = 0;
}

/* ---- packets of the program's own ---- */

static vnf_verdict_t send_to_group(struct rte_mbuf *pkt, const struct ip_interface *out,
				   const struct ip_addr *dst)
{
	struct rte_ether_addr mac = ip_group_mac(dst);

	if (out == NULL)
		return VNF_DROP(VNF_DROP_NO_ROUTE);
	return ip_transmit(pkt, out, &mac);
}

/* Where a packet of the program's own goes; NULL: nowhere. */
static const struct ip_interface *way_find(const struct ip_worker *w,
					   const struct ip_interface *out,
					   const struct ip_addr *dst, const struct ip_addr **via)
{
	const struct ip_target *target;

	*via = dst;
	if (!ip_is_v4(dst) && ip_is_link_local(dst))
		return out;
	target = ip_route(w->tables, dst);
	if (target->kind == IP_TARGET_GATEWAY)
		*via = &target->via;
	else if (target->kind != IP_TARGET_CONNECTED)
		return NULL;
	return target->out;
}

/* Whose packet it is may cut it: of IPv6, only the source. */
static vnf_verdict_t send_long(struct ip_worker *w, struct rte_mbuf *pkt,
			       const struct vnf_headers *h, const struct ip_interface *out,
			       const struct ip_addr *via)
{
	struct ip_addr src = ip_src(pkt, h);

	if (vnf_is_tso(pkt) || (vnf_is_ipv4(h) && ip_has_df(pkt, h)))
		return VNF_DROP(VNF_DROP_TOO_BIG);
	if (!ip_is_first(w))
		return ip_punt(w, pkt, &(struct ip_punt){ .stage = IP_STAGE_SEND });
	if (vnf_is_ipv4(h))
		return ip_fragment(w, pkt, h, NULL, out, via);
	if (!ip_own_may_speak(w, &src))
		return VNF_DROP(VNF_DROP_TOO_BIG);
	return ip_fragment_v6(w, pkt, h, out, via);
}

vnf_verdict_t ip_send(struct ip_worker *w, struct rte_mbuf *pkt, const struct ip_interface *out)
{
	const struct ip_addr *via;
	struct vnf_headers h;
	struct ip_addr dst;
	uint32_t bad = vnf_parse(pkt, &h);

	if (unlikely(bad != 0))
		return VNF_DROP(bad);
	if (!vnf_is_ipv4(&h) && !vnf_is_ipv6(&h))
		return VNF_DROP(VNF_DROP_NOT_IP);
	dst = ip_dst(pkt, &h);
	if (ip_is_multicast(&dst))
		return send_to_group(pkt, out, &dst);
	out = way_find(w, out, &dst, &via);
	if (out == NULL)
		return VNF_DROP(VNF_DROP_NO_ROUTE);
	if (ip_wire_octets(pkt, &h) > out->mtu)
		return send_long(w, pkt, &h, out, via);
	return ip_output(w, pkt, NULL, out, via);
}

void vnf_ip_send(struct vnf_worker *worker, uint16_t port, struct rte_mbuf *pkt)
{
	struct ip_worker *w = ip_worker_of(worker);

	if (pkt->data_len <= IP_ETHER_BYTES) {
		vnf_drop(worker, port, pkt, VNF_DROP_MALFORMED);
		return;
	}
	vnf_ether(pkt)->ether_type =
		RTE_BE16((*rte_pktmbuf_mtod_offset(pkt, uint8_t *, IP_ETHER_BYTES) >> 4) == 6
				 ? RTE_ETHER_TYPE_IPV6
				 : RTE_ETHER_TYPE_IPV4);
	ip_apply(w, port, pkt, ip_send(w, pkt, NULL));
}

vnf_verdict_t vnf_ip_refuse(struct vnf_worker *worker, uint16_t port, struct rte_mbuf *pkt,
			    uint8_t type, uint8_t code, uint32_t reason)
{
	struct ip_worker *w = ip_worker_of(worker);
	const struct ip_interface *in = w->tables->port[port].untagged;
	struct vnf_headers h;

	for (uint16_t i = 0; i < w->n_burst; i++)
		if (w->meta[i].pkt == pkt) {
			in = w->meta[i].in;
			break;
		}
	reason = RTE_MIN(reason, (uint32_t)VNF_DROPS_MAX);
	if (in == NULL || (ip_is_first(w) && vnf_parse(pkt, &h) != 0))
		return VNF_DROP(reason);
	return ip_refuse(w, pkt, &h,
			 &(struct ip_punt){ IP_STAGE_REFUSE, in, type, code, (uint16_t)reason, 0 });
}
