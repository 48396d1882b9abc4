/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The way of a burst: the IP node receives it, each packet finds its direction, its slot and the
 * key of its session; all sessions are looked up together; each packet is translated as its session
 * says; the IP node sends them on. Worker.
 */
#include "nat.h"

#define ICMP_ECHO_REPLY 0
#define ICMP_TIMESTAMP_REPLY 14

/* ---- headers ---- */

/* TCP or UDP with both sums in the packet, complete, and of these very addresses. */
static inline bool is_plain(const struct rte_mbuf *pkt, const struct vnf_headers *h)
{
	return (h->proto == IPPROTO_TCP || h->proto == IPPROTO_UDP) && h->l4_sum != 0 &&
	       (h->flags & VNF_SOURCE_ROUTED) == 0 &&
	       (pkt->ol_flags & RTE_MBUF_F_TX_IP_CKSUM) == 0 && !vnf_sum_is_partial(pkt);
}

/* Both sums of a plain packet, one of whose ends has changed. UDP: 0 is no sum. */
static inline void sums_change(struct rte_ipv4_hdr *ip, struct vnf_u16 *sum, uint32_t addr,
			       uint32_t port)
{
	uint16_t before = sum->value, after = vnf_sum_change(before, addr + port);

	ip->hdr_checksum = vnf_sum_change(ip->hdr_checksum, addr);
	if (ip->next_proto_id == IPPROTO_UDP) {
		if (before == 0)
			return;
		after = after == 0 ? UINT16_MAX : after;
	}
	sum->value = after;
}

void nat_addr_write(struct rte_mbuf *pkt, const struct vnf_headers *h, enum vnf_ip_end end,
		    rte_be32_t addr)
{
	const struct rte_ipv4_hdr *ip = vnf_ipv4(pkt, h);
	struct vnf_ports ports;
	uint8_t icmp;

	vnf_session_ports(pkt, h, &ports, &icmp);
	if (end == VNF_IP_SRC) {
		vnf_ip_was(pkt, end, ip->src_addr, ports.src);
		vnf_set_ipv4_src(pkt, h, addr);
	} else {
		vnf_ip_was(pkt, end, ip->dst_addr, ports.dst);
		vnf_set_ipv4_dst(pkt, h, addr);
	}
}

/* All but the usual packet. */
static __rte_noinline void end_write_any(struct rte_mbuf *pkt, const struct vnf_headers *h,
					 bool src, rte_be32_t addr, rte_be16_t port)
{
	nat_addr_write(pkt, h, src ? VNF_IP_SRC : VNF_IP_DST, addr);
	if (h->proto == IPPROTO_ICMP)
		vnf_set_icmp_id(pkt, h, port);
	else if (src)
		vnf_set_src_port(pkt, h, port);
	else
		vnf_set_dst_port(pkt, h, port);
}

/* Write another source, or destination: address, and port or identifier of a query. */
static __rte_always_inline void end_write(struct rte_mbuf *pkt, const struct vnf_headers *h,
					  bool src, rte_be32_t addr, rte_be16_t port)
{
	uint32_t addr_at = h->l3 + (src ? offsetof(struct rte_ipv4_hdr, src_addr)
					: offsetof(struct rte_ipv4_hdr, dst_addr));
	uint32_t port_at =
		h->l4 + (src ? offsetof(struct vnf_ports, src) : offsetof(struct vnf_ports, dst));
	struct vnf_u32 *addr_is = rte_pktmbuf_mtod_offset(pkt, struct vnf_u32 *, addr_at);
	struct vnf_u16 *port_is = rte_pktmbuf_mtod_offset(pkt, struct vnf_u16 *, port_at);
	uint32_t addr_diff, port_diff;

	if (unlikely(!is_plain(pkt, h))) {
		end_write_any(pkt, h, src, addr, port);
		return;
	}
	vnf_ip_was(pkt, src ? VNF_IP_SRC : VNF_IP_DST, addr_is->value, port_is->value);
	addr_diff = vnf_sum_diff32(addr_is->value, addr);
	port_diff = vnf_sum_diff16(port_is->value, port);
	addr_is->value = addr;
	port_is->value = port;
	sums_change(vnf_ipv4(pkt, h), rte_pktmbuf_mtod_offset(pkt, struct vnf_u16 *, h->l4_sum),
		    addr_diff, port_diff);
}

/* Each slot takes a block of them at a time. */
#define IDS_AT_ONCE 64

static __rte_noinline void ids_take(struct nat_ids *ids, struct nat_space *space)
{
	ids->next = (uint16_t)__atomic_fetch_add(&space->next_id, IDS_AT_ONCE, __ATOMIC_RELAXED);
	ids->left = IDS_AT_ONCE;
}

rte_be16_t nat_id_next(struct nat_worker *w, uint32_t slot, struct nat_space *space)
{
	struct nat_ids *ids = &nat_slot_at(w, slot)->ids[space->number];

	if (unlikely(ids->left == 0))
		ids_take(ids, space);
	ids->left--;
	return rte_cpu_to_be_16(ids->next++);
}

static inline bool is_atomic(struct rte_mbuf *pkt, const struct vnf_headers *h)
{
	return (vnf_ipv4(pkt, h)->fragment_offset & RTE_BE16(RTE_IPV4_HDR_DF_FLAG)) != 0 &&
	       (h->flags & VNF_FRAGMENT) == 0;
}

/* ---- where it may go ---- */

static void mtu_renew(struct nat_worker *w)
{
	uint16_t mtu;

	w->generation = w->worker->generation;
	w->mtu_min = UINT16_MAX;
	for (uint16_t i = 0; (mtu = vnf_ip_mtu(w->worker, i)) != 0; i++)
		w->mtu_min = RTE_MIN(w->mtu_min, mtu);
}

vnf_verdict_t nat_may_go(struct nat_worker *w, uint16_t i, const rte_be32_t *dst)
{
	const struct nat_packet *p = &w->burst.p[i];

	return vnf_ip_may_forward(w->worker, i, p->pkt, p->h, (const uint8_t *)dst);
}

/* Nothing that depends on the packet can be in its way, of a session that has found its way. */
static inline bool goes_anyway(const struct nat_worker *w, const struct nat_packet *p)
{
	return vnf_ipv4(p->pkt, p->h)->time_to_live > 1 && p->h->end - p->h->l3 <= w->mtu_min;
}

/* ---- keys ---- */

uint32_t nat_slot_in(struct nat_worker *w, const struct nat_external *external,
		     enum nat_proto proto, rte_be16_t port, const struct nat_forward **forward)
{
	const struct nat_policy *policy = nat_policy_of(w);
	uint32_t whose = external->space != NULL ? nat_port_whose(external->space, proto, port) : 0;

	*forward = NULL;
	if (likely(whose != 0))
		return nat_whose_slot(w->table, whose);
	if (policy->n_forwards != 0 && proto != NAT_ICMP)
		*forward = nat_forward_in(policy, nat_ip_proto(proto), external->addr, port);
	if (*forward != NULL)
		return nat_slot_of_host(w->worker, rte_cpu_to_be_32((*forward)->inside));
	return nat_slot_of_host(w->worker, external->addr);
}

/* A query's identifier stands for both ports. */
static vnf_verdict_t icmp_key(struct nat_packet *p, struct vnf_session_key4 *key)
{
	const struct rte_icmp_hdr *icmp = vnf_icmp(p->pkt, p->h);
	uint8_t request = vnf_session_icmp_request(p->h, icmp->icmp_type);

	/* Out goes a query, in comes its reply. */
	if (request == 0 || (icmp->icmp_type == request) != p->out)
		return nat_drop(NAT_DROP_ICMP_TYPE);
	key->sport = key->dport = icmp->icmp_ident;
	key->icmp = request;
	return 0;
}

vnf_verdict_t nat_key_make(struct nat_worker *w, uint16_t i)
{
	struct nat_packet *p = &w->burst.p[i];
	const struct rte_ipv4_hdr *ip = vnf_ipv4(p->pkt, p->h);
	struct vnf_session_key4 *key = &w->burst.key[i];
	vnf_verdict_t verdict;

	*key = (struct vnf_session_key4){
		.src = ip->src_addr,
		.dst = ip->dst_addr,
		.domain = p->out ? NAT_KEY_INSIDE : NAT_KEY_OUTSIDE,
		.proto = p->h->proto,
	};
	p->proto = nat_proto_of(p->h->proto);
	p->flags = 0;
	if (likely(p->proto == NAT_TCP || p->proto == NAT_UDP)) {
		const struct vnf_ports *ports = vnf_ports(p->pkt, p->h);

		key->sport = ports->src;
		key->dport = ports->dst;
		if (p->proto == NAT_TCP)
			p->flags = vnf_tcp(p->pkt, p->h)->tcp_flags;
	} else if (p->proto == NAT_ICMP) {
		verdict = icmp_key(p, key);
		if (verdict != 0)
			return verdict;
	}
	p->kind = p->out ? NAT_KEYED_OUT : NAT_KEYED_IN;
	return 0;
}

/* The same of a whole packet of TCP or UDP, the usual case, straight away. */
static inline void plain_key(struct nat_packet *p, struct vnf_session_key4 *key)
{
	const struct rte_ipv4_hdr *ip = vnf_ipv4(p->pkt, p->h);
	const struct vnf_ports *ports = vnf_ports(p->pkt, p->h);
	bool is_tcp = p->h->proto == IPPROTO_TCP;

	key->src = ip->src_addr;
	key->dst = ip->dst_addr;
	key->sport = ports->src;
	key->dport = ports->dst;
	key->domain = p->out ? NAT_KEY_INSIDE : NAT_KEY_OUTSIDE;
	key->proto = p->h->proto;
	key->icmp = 0;
	p->proto = is_tcp ? NAT_TCP : NAT_UDP;
	p->flags = is_tcp ? vnf_tcp(p->pkt, p->h)->tcp_flags : 0;
	p->kind = p->out ? NAT_KEYED_OUT : NAT_KEYED_IN;
}

/* Packet `i` has its key and direction: it is of that slot, and looked up with the others. */
static __rte_always_inline vnf_verdict_t slot_enter(struct nat_worker *w, uint16_t i, uint32_t slot)
{
	struct nat_packet *p = &w->burst.p[i];

	if (unlikely(!vnf_slot_enter(w->worker, slot))) {
		p->kind = NAT_DONE;
		return VNF_TO_SLOT(slot);
	}
	p->slot = (uint16_t)slot;
	w->burst.slot[i] = (uint16_t)slot;
	w->burst.n_keyed++;
	return 0;
}

/* ---- the direction of a packet ---- */

/* Not translated: other protocols, but of hosts that are one to one, or rules of which say so. */
vnf_verdict_t nat_other_proto(struct nat_worker *w, const struct nat_packet *p)
{
	int pool;

	if (!p->out && p->external->own)
		return p->received;
	if (!p->out || p->hairpin)
		return nat_drop(NAT_DROP_PROTOCOL);
	pool = nat_rule_find(nat_policy_of(w), p->pkt, p->h, false);
	return pool == NAT_POOL_NONE ? p->received : nat_drop(NAT_DROP_PROTOCOL);
}

static __rte_noinline vnf_verdict_t out_other(struct nat_worker *w, uint16_t i)
{
	struct nat_packet *p = &w->burst.p[i];
	vnf_verdict_t verdict = 0;

	if ((p->h->flags & VNF_FRAGMENT) != 0)
		return nat_fragment_key(w, i);
	if (nat_proto_of(p->h->proto) == NAT_PROTOS || p->h->l4 == 0)
		return nat_other_proto(w, p);
	if (vnf_is_icmp_error(p->pkt, p->h)) {
		verdict = nat_error_key(w, i);
	} else if (p->hairpin && p->external != NULL && p->h->proto == IPPROTO_ICMP) {
		/* A query to an external port is to nobody, RFC 5508 REQ-7. */
		return p->external->own ? p->received : nat_drop(NAT_DROP_NO_MAPPING);
	} else {
		verdict = nat_key_make(w, i);
		p->slot = (uint16_t)nat_slot_of_host(w->worker, vnf_ipv4(p->pkt, p->h)->src_addr);
	}
	return verdict != 0 ? verdict : slot_enter(w, i, p->slot);
}

static inline bool is_whole_tcp_udp(const struct vnf_headers *h)
{
	return (h->proto == IPPROTO_TCP || h->proto == IPPROTO_UDP) && h->l4 != 0 &&
	       (h->flags & VNF_FRAGMENT) == 0;
}

/* Out of the inside. */
static inline vnf_verdict_t out_key(struct nat_worker *w, uint16_t i)
{
	struct nat_packet *p = &w->burst.p[i];
	vnf_verdict_t verdict;

	p->out = true;
	if (unlikely(nat_policy_of(w)->n_statics != 0)) {
		verdict = nat_static_run_out(w, i);
		if (verdict != 0)
			return verdict;
	}
	if (unlikely(!is_whole_tcp_udp(p->h)))
		return out_other(w, i);
	plain_key(p, &w->burst.key[i]);
	return slot_enter(w, i, nat_slot_of_host(w->worker, w->burst.key[i].src));
}

static __rte_noinline vnf_verdict_t in_other(struct nat_worker *w, uint16_t i)
{
	struct nat_packet *p = &w->burst.p[i];
	vnf_verdict_t verdict;

	if ((p->h->flags & VNF_FRAGMENT) != 0)
		return nat_fragment_key(w, i);
	if (nat_proto_of(p->h->proto) == NAT_PROTOS || p->h->l4 == 0)
		return nat_other_proto(w, p);
	if (vnf_is_icmp_error(p->pkt, p->h)) {
		verdict = nat_error_key(w, i);
		if (verdict != 0)
			return verdict;
	} else {
		verdict = nat_key_make(w, i);
		/* A query is to the program itself. */
		if (verdict != 0)
			return p->external->own ? p->received : verdict;
		p->slot = (uint16_t)nat_slot_in(w, p->external, NAT_ICMP, w->burst.key[i].dport,
						&p->forward);
	}
	return slot_enter(w, i, p->slot);
}

/* In, to an external address. */
static inline vnf_verdict_t in_key(struct nat_worker *w, uint16_t i)
{
	struct nat_packet *p = &w->burst.p[i];
	uint32_t slot;

	p->out = false;
	if (unlikely(!is_whole_tcp_udp(p->h)))
		return in_other(w, i);
	plain_key(p, &w->burst.key[i]);
	slot = nat_slot_in(w, p->external, (enum nat_proto)p->proto, w->burst.key[i].dport,
			   &p->forward);
	return slot_enter(w, i, slot);
}

/* From outside, straight to the inside: only where the answer would not be translated; of an error,
 * where what it quotes was not.
 */
static vnf_verdict_t through(const struct nat_worker *w, const struct nat_packet *p)
{
	const struct nat_policy *policy = nat_policy_of(w);
	struct vnf_headers quote;
	int pool;

	if (policy->n_rules == 0)
		return nat_drop(NAT_DROP_UNTRANSLATED);
	if (vnf_is_icmp_error(p->pkt, p->h) && vnf_parse_quote(p->pkt, p->h, &quote) == 0 &&
	    vnf_ipv4(p->pkt, &quote)->src_addr == vnf_ipv4(p->pkt, p->h)->dst_addr)
		pool = nat_rule_find(policy, p->pkt, &quote, false);
	else
		pool = nat_rule_find(policy, p->pkt, p->h, true);
	return pool == NAT_POOL_NONE ? p->received : nat_drop(NAT_DROP_UNTRANSLATED);
}

static uint8_t side_out(const struct nat_worker *w, uint16_t i)
{
	uint16_t out = vnf_ip_out(w->worker, i);

	return out != VNF_IP_NO_INTERFACE ? nat_policy_of(w)->side_of[out] : NAT_NEITHER;
}

/* From inside to an external address: a service of the program's own, or another host's port. */
static vnf_verdict_t inside_to_external(struct nat_worker *w, uint16_t i)
{
	struct nat_packet *p = &w->burst.p[i];

	/* Of TCP and UDP, nat_open_out() knows; a reply may be of a pair, to who is seen by it. */
	if (p->external != NULL && p->external->own && vnf_is_icmp(p->h) &&
	    (p->h->flags & VNF_FRAGMENT) == 0 && !vnf_is_icmp_error(p->pkt, p->h) &&
	    vnf_icmp(p->pkt, p->h)->icmp_type != ICMP_ECHO_REPLY &&
	    vnf_icmp(p->pkt, p->h)->icmp_type != ICMP_TIMESTAMP_REPLY)
		return p->received;
	p->hairpin = true;
	return out_key(w, i);
}

/* To an address of the program: its own alone, or seen outside. */
static vnf_verdict_t to_program(struct nat_worker *w, uint16_t i, uint8_t side)
{
	const struct nat_policy *policy = nat_policy_of(w);
	struct nat_packet *p = &w->burst.p[i];
	rte_be32_t dst = vnf_ipv4(p->pkt, p->h)->dst_addr;
	bool is_static = policy->n_statics != 0 && nat_static_in(policy, dst) != 0;
	vnf_verdict_t verdict;

	p->external = nat_external_find(policy, dst);
	if (p->external == NULL && !is_static)
		return p->received;
	/* From a DHCP server, to the program's client. */
	if (unlikely(p->received == VNF_IP_NODE && p->h->proto == IPPROTO_UDP))
		return p->received;
	if (side == NAT_INSIDE && (p->pkt->ol_flags & nat_marks.in) == 0)
		return inside_to_external(w, i);
	/* An answer would not come back by the program. */
	if (unlikely(side == NAT_NEITHER))
		return p->external != NULL && p->external->own ? p->received
							       : nat_drop(NAT_DROP_UNTRANSLATED);
	if (unlikely(is_static)) {
		verdict = nat_static_run_in(w, i);
		if (verdict != 0)
			return verdict;
	}
	return in_key(w, i);
}

/* 0: it is translated when its session was looked up; else the verdict. */
static inline vnf_verdict_t packet_key(struct nat_worker *w, uint16_t i, struct rte_mbuf *pkt,
				       struct vnf_headers *h, vnf_verdict_t received)
{
	struct nat_packet *p = &w->burst.p[i];
	uint8_t side;

	p->pkt = pkt;
	p->h = h;
	p->received = received;
	p->kind = NAT_DONE;
	p->hairpin = false;
	p->external = NULL;
	p->forward = NULL;
	w->burst.slot[i] = VNF_SESSION_NO_SLOT;
	if (unlikely((received & VNF_VERDICT_DROP) != 0 || !vnf_is_ipv4(h)))
		return received;
	side = nat_policy_of(w)->side_of[vnf_ip_in(w->worker, i)];
	if (received != VNF_IP_PASS)
		return to_program(w, i, side);
	if (likely(side == NAT_INSIDE))
		return side_out(w, i) == NAT_OUTSIDE ? out_key(w, i) : received;
	if (side == NAT_OUTSIDE && side_out(w, i) == NAT_INSIDE)
		return through(w, p);
	return received;
}

/* ---- by sessions ---- */

vnf_verdict_t nat_hairpin(struct nat_worker *w, uint16_t i)
{
	struct nat_packet *p = &w->burst.p[i];
	uint32_t slot;

	if (p->external != NULL && is_whole_tcp_udp(p->h))
		slot = nat_slot_in(w, p->external, nat_proto_of(p->h->proto),
				   vnf_ports(p->pkt, p->h)->dst, &p->forward);
	else
		slot = nat_slot_of_host(w->worker, vnf_ipv4(p->pkt, p->h)->dst_addr);
	/* What else it is of, is found out there. */
	p->pkt->ol_flags |= nat_marks.in;
	vnf_slot_send(w->worker, w->burst.port, p->pkt, slot);
	return VNF_TAKEN;
}

static inline struct vnf_session *session_of(struct nat_worker *w, uint16_t i)
{
	struct nat_burst *b = &w->burst;

	if (likely(!b->changed))
		return b->hit[i].session;
	return vnf_session_find(w->worker, w->sessions, b->p[i].slot, &b->key[i], &b->hit[i]);
}

struct vnf_session *nat_session_of(struct nat_worker *w, uint16_t i)
{
	return session_of(w, i);
}

static inline void mss_clamp(const struct nat_worker *w, const struct nat_packet *p)
{
	uint16_t mss = nat_policy_of(w)->mss;

	if (unlikely(mss != 0) && (p->flags & RTE_TCP_SYN_FLAG) != 0)
		vnf_clamp_mss(p->pkt, p->h, mss);
}

static inline vnf_verdict_t out_run(struct nat_worker *w, uint16_t i, struct vnf_session *session)
{
	const struct nat_packet *p = &w->burst.p[i];
	const struct vnf_session_key4 *key = vnf_session_key4(session, NAT_KEY_OUTSIDE);
	uint32_t bad = nat_flow_follow(w, session, p, NAT_IN_SIDE);

	if (unlikely(bad != 0))
		return VNF_DROP(bad);
	end_write(p->pkt, p->h, true, key->dst, key->dport);
	mss_clamp(w, p);
	if (!is_atomic(p->pkt, p->h)) {
		const struct nat_external *external = nat_external_find(nat_policy_of(w), key->dst);

		if (external != NULL && external->space != NULL)
			vnf_set_ipv4_id(p->pkt, p->h, nat_id_next(w, p->slot, external->space));
	}
	return VNF_IP_PASS;
}

/* Of a hairpin only what has come out here; and while nothing is refreshed from outside, nothing of
 * a mapping that the inside does not use any more.
 */
static __rte_noinline uint32_t in_check(const struct nat_worker *w, const struct nat_packet *p,
					struct vnf_session *session)
{
	const struct nat_session *ns = vnf_session_user(session);

	if ((ns->flags & NAT_HAIRPINNED) != 0 && (p->pkt->ol_flags & nat_marks.in) == 0)
		return VNF_DROP_MARTIAN;
	if ((ns->flags & NAT_SENT) != 0 || ns->mapping == 0 ||
	    nat_mapping_takes(w, session->slot, ns->mapping, (enum nat_proto)p->proto))
		return 0;
	return NAT_DROP_NO_MAPPING;
}

static inline vnf_verdict_t in_run(struct nat_worker *w, uint16_t i, struct vnf_session *session)
{
	const struct nat_packet *p = &w->burst.p[i];
	const struct vnf_session_key4 *key = vnf_session_key4(session, NAT_KEY_INSIDE);
	const struct nat_session *ns = vnf_session_user(session);
	uint32_t bad = unlikely(ns->flags != NAT_SENT) ? in_check(w, p, session) : 0;

	if (likely(bad == 0))
		bad = nat_flow_follow(w, session, p, NAT_OUT_SIDE);
	if (unlikely(bad != 0))
		return VNF_DROP(bad);
	end_write(p->pkt, p->h, false, key->src, key->sport);
	mss_clamp(w, p);
	return VNF_IP_PASS;
}

/* It is too long, perhaps, or its time is over. Its source is told before it is changed. */
static __rte_noinline vnf_verdict_t way_check(struct nat_worker *w, uint16_t i,
					      const struct vnf_session *session)
{
	const struct nat_packet *p = &w->burst.p[i];

	if (p->kind == NAT_KEYED_IN)
		return nat_may_go(w, i, &vnf_session_key4(session, NAT_KEY_INSIDE)->src);
	if (!p->hairpin)
		return nat_may_go(w, i, NULL);
	if (vnf_ipv4(p->pkt, p->h)->time_to_live > 1)
		return VNF_IP_PASS;
	return vnf_ip_refuse(w->worker, w->burst.port, p->pkt, 11, 0, VNF_DROP_TTL);
}

static inline vnf_verdict_t keyed_translate(struct nat_worker *w, uint16_t i)
{
	const struct nat_packet *p = &w->burst.p[i];
	struct vnf_session *session = session_of(w, i);
	bool out = p->kind == NAT_KEYED_OUT;
	vnf_verdict_t verdict;

	if (unlikely(session == NULL)) {
		verdict = out ? nat_open_out(w, i, &session) : nat_open_in(w, i, &session);
		if (session == NULL)
			return verdict;
	} else if (unlikely((p->pkt->ol_flags & nat_marks.held) != 0)) {
		return nat_drop(NAT_DROP_SYN_UNANSWERED);
	}
	if (unlikely(!goes_anyway(w, p))) {
		verdict = way_check(w, i, session);
		if (verdict != VNF_IP_PASS)
			return verdict;
	}
	return out ? out_run(w, i, session) : in_run(w, i, session);
}

vnf_verdict_t nat_keyed_translate(struct nat_worker *w, uint16_t i)
{
	return keyed_translate(w, i);
}

/* A hairpin that is not translated, by a rule, goes nowhere: its destination is the program. */
static inline vnf_verdict_t keyed_run(struct nat_worker *w, uint16_t i)
{
	const struct nat_packet *p = &w->burst.p[i];
	vnf_verdict_t verdict = keyed_translate(w, i);

	return likely(!p->hairpin || verdict != VNF_IP_PASS) ? verdict : nat_hairpin(w, i);
}

static inline vnf_verdict_t packet_run(struct nat_worker *w, uint16_t i)
{
	switch (w->burst.p[i].kind) {
	case NAT_KEYED_OUT:
	case NAT_KEYED_IN:
		return keyed_run(w, i);
	case NAT_ERROR_OUT:
	case NAT_ERROR_IN:
		return nat_error_run(w, i);
	default:
		return nat_fragment_run(w, i);
	}
}

/* ---- the burst ---- */

static void burst_run(struct nat_worker *w, uint16_t port, struct rte_mbuf **pkts,
		      struct vnf_headers *h, vnf_verdict_t *verdicts, uint16_t n,
		      const struct nat_waited *waited)
{
	struct nat_burst *b = &w->burst;

	b->n = n;
	b->n_keyed = 0;
	b->port = port;
	b->changed = false;
	for (uint16_t i = 0; i < n; i++) {
		vnf_verdict_t verdict;

		if (unlikely(waited != NULL)) {
			b->p[i].fate = waited[i].fate;
			verdict = packet_key(w, i, pkts[i], &h[i], verdicts[i]);
			b->p[i].kind = verdict == 0 ? NAT_WAITED : NAT_DONE;
		} else {
			verdict = packet_key(w, i, pkts[i], &h[i], verdicts[i]);
		}
		if (verdict != 0)
			b->p[i].kind = NAT_DONE;
		verdicts[i] = verdict;
	}
	if (b->n_keyed > 0)
		vnf_sessions_lookup(w->worker, w->sessions, b->slot, b->key, n, b->hit);
	for (uint16_t i = 0; i < n; i++)
		if (likely(b->p[i].kind != NAT_DONE))
			verdicts[i] = packet_run(w, i);
	vnf_ip_forward(w->worker, port, pkts, h, verdicts, n);
}

void nat_apply(struct vnf_worker *worker, uint16_t port, struct rte_mbuf *pkt,
	       vnf_verdict_t verdict)
{
	if (verdict == VNF_TAKEN)
		return;
	if ((verdict & VNF_VERDICT_DROP) != 0)
		vnf_drop(worker, port, pkt, verdict & ~VNF_VERDICT_DROP);
	else
		vnf_send(worker, (uint16_t)verdict, pkt);
}

/* Fragments that waited, of one port. */
static void waited_burst(struct nat_worker *w, const struct nat_waited *waited, uint16_t n)
{
	struct rte_mbuf *pkts[VNF_BURST_MAX];
	struct vnf_headers h[VNF_BURST_MAX];
	vnf_verdict_t verdicts[VNF_BURST_MAX];
	uint16_t port = waited[0].port;

	for (uint16_t i = 0; i < n; i++)
		pkts[i] = waited[i].pkt;
	vnf_ip_receive(w->worker, port, pkts, h, verdicts, n);
	burst_run(w, port, pkts, h, verdicts, n, waited);
	for (uint16_t i = 0; i < n; i++)
		nat_apply(w->worker, port, pkts[i], verdicts[i]);
}

static void waited_run(struct nat_worker *w)
{
	uint32_t at = 0;

	while (at < w->n_waited) {
		const struct nat_waited *from = &w->waited[at];
		uint16_t n = 1;

		while (n < VNF_BURST_MAX && at + n < w->n_waited && from[n].port == from->port)
			n++;
		waited_burst(w, from, n);
		at += n;
	}
	w->n_waited = 0;
}

void nat_burst(struct vnf_worker *worker, uint16_t port, struct rte_mbuf **pkts,
	       vnf_verdict_t *verdicts, uint16_t n)
{
	struct nat_worker *w = nat_worker_of(worker);
	struct vnf_headers h[VNF_BURST_MAX];

	if (unlikely(w->generation != worker->generation))
		mtu_renew(w);
	vnf_ip_receive(worker, port, pkts, h, verdicts, n);
	burst_run(w, port, pkts, h, verdicts, n, NULL);
	if (unlikely(w->n_waited > 0))
		waited_run(w);
}
