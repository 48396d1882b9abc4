/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * See fit.h. What a packet leaves open it says itself, or somebody who cannot be trusted does for
 * it (a guest, in the header before its frame): so each is parsed, and what its flags say must be
 * true of it.
 */

#include "fit.h"

#include "owners.h"
#include "packet_sum.h"

#define L2_MAX ((1u << RTE_MBUF_L2_LEN_BITS) - 1)
#define L3_MAX ((1u << RTE_MBUF_L3_LEN_BITS) - 1)

/* What becomes of a packet. */
enum fate {
	FATE_AS_IT_IS,
	FATE_CUT,
	FATE_DROP,
};

bool fit_is_plain(struct rte_mbuf *pkt, const struct vnf_headers *h)
{
	uint32_t l3_len = (uint32_t)h->l4 - h->l3;

	if (h->l4 == 0 || (h->proto != IPPROTO_TCP && h->proto != IPPROTO_UDP) ||
	    (h->flags & (VNF_FRAGMENT | VNF_SOURCE_ROUTED)) != 0 || h->end != pkt->pkt_len ||
	    h->l3 > L2_MAX || l3_len > L3_MAX)
		return false;
	if (h->proto == IPPROTO_UDP && packet_covered(pkt, h) != h->end - h->l4)
		return false;
	if (vnf_is_ipv4(h))
		return l3_len == rte_ipv4_hdr_len(vnf_ipv4(pkt, h)); /* and not AH */
	return l3_len == sizeof(struct rte_ipv6_hdr);
}

static void ipv4_complete(struct rte_mbuf *pkt, const struct vnf_headers *h)
{
	struct rte_ipv4_hdr *ip = vnf_ipv4(pkt, h);

	ip->hdr_checksum = 0;
	ip->hdr_checksum = rte_ipv4_cksum(ip);
}

void fit_describe(struct rte_mbuf *pkt, const struct vnf_headers *h, uint32_t takes, bool tso)
{
	uint64_t flags = vnf_is_ipv4(h) ? RTE_MBUF_F_TX_IPV4 : RTE_MBUF_F_TX_IPV6;

	flags |= h->proto == IPPROTO_TCP ? RTE_MBUF_F_TX_TCP_CKSUM : RTE_MBUF_F_TX_UDP_CKSUM;
	if (tso)
		flags |= RTE_MBUF_F_TX_TCP_SEG;
	/* As RTE_MBUF_F_TX_TCP_SEG has it. */
	if (tso && vnf_is_ipv4(h) && (takes & VNF_TAKES_IP_CHECKSUM) != 0)
		flags |= RTE_MBUF_F_TX_IP_CKSUM;
	else if ((pkt->ol_flags & RTE_MBUF_F_TX_IP_CKSUM) != 0 && vnf_is_ipv4(h))
		ipv4_complete(pkt, h);
	pkt->ol_flags &=
		~(RTE_MBUF_F_TX_OFFLOAD_MASK | RTE_MBUF_F_RX_L4_CKSUM_MASK | RTE_MBUF_F_RX_LRO);
	pkt->ol_flags |= flags;
	pkt->l2_len = h->l3 & L2_MAX;
	pkt->l3_len = (uint64_t)(h->l4 - h->l3) & L3_MAX;
	pkt->l4_len = (uint8_t)(h->payload - h->l4);
	rte_pktmbuf_mtod_offset(pkt, struct vnf_u16 *, h->l4_sum)->value =
		packet_pseudo_sum(pkt, h);
}

/* Is TCP behind an authentication header? No segment could have the right one. */
static bool is_authenticated(struct rte_mbuf *pkt, const struct vnf_headers *h)
{
	uint32_t at = (uint32_t)h->l3 + sizeof(struct rte_ipv6_hdr);
	uint8_t next;

	if (vnf_is_ipv4(h))
		return vnf_ipv4(pkt, h)->next_proto_id != IPPROTO_TCP;
	next = vnf_ipv6(pkt, h)->proto;
	while (at < h->l4 && next != IPPROTO_AH) {
		const uint8_t *header = rte_pktmbuf_mtod_offset(pkt, const uint8_t *, at);

		at += next == IPPROTO_FRAGMENT ? 8u : (header[1] + 1u) * 8u;
		next = header[0];
	}
	return next == IPPROTO_AH;
}

/* Is the packet's own word that it is to be cut true? One with SYN would begin as many connections
 * as it has segments.
 */
static bool tso_is_sound(struct rte_mbuf *pkt, const struct vnf_headers *h)
{
	return h->l4 != 0 && h->proto == IPPROTO_TCP && pkt->tso_segsz >= VNF_TSO_MIN &&
	       (h->flags & (VNF_FRAGMENT | VNF_SOURCE_ROUTED)) == 0 &&
	       (vnf_tcp(pkt, h)->tcp_flags & RTE_TCP_SYN_FLAG) == 0 && !is_authenticated(pkt, h);
}

/* Does it ask for what nobody here does? */
static bool asks_for_more(const struct rte_mbuf *pkt)
{
	const uint64_t known = RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_L4_MASK | RTE_MBUF_F_TX_IPV4 |
			       RTE_MBUF_F_TX_IPV6 | RTE_MBUF_F_TX_TCP_SEG;

	return (pkt->ol_flags & RTE_MBUF_F_TX_OFFLOAD_MASK & ~known) != 0;
}

/* It is no longer than a segment: there is a checksum to be made, and no more. */
static void tso_end(struct rte_mbuf *pkt)
{
	pkt->ol_flags &= ~(RTE_MBUF_F_TX_TCP_SEG | RTE_MBUF_F_RX_LRO);
	pkt->ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_NONE;
}

static enum fate tso_decide(const struct vnf_fit *f, struct rte_mbuf *pkt,
			    const struct vnf_headers *h, uint32_t *reason)
{
	uint32_t needed = VNF_TAKES_CHECKSUM | (vnf_is_ipv4(h) ? VNF_TAKES_TSO4 : VNF_TAKES_TSO6);

	*reason = VNF_DROP_TOO_LONG;
	if ((uint32_t)h->payload + pkt->tso_segsz > f->port->mtu + (uint32_t)VNF_FRAME_OVERHEAD ||
	    pkt->pkt_len > VNF_TSO_FRAME_MAX)
		return FATE_DROP;
	if ((f->takes & needed) != needed || pkt->tso_segsz < f->port->tso_min ||
	    !fit_is_plain(pkt, h))
		return FATE_CUT;
	/* Only the first segment may have it, which neither an mbuf nor librte_vhost can say. */
	if ((vnf_tcp(pkt, h)->tcp_flags & RTE_TCP_CWR_FLAG) != 0)
		return FATE_CUT;
	fit_describe(pkt, h, f->takes, true);
	return FATE_AS_IT_IS;
}

static enum fate checksum_decide(const struct vnf_fit *f, struct rte_mbuf *pkt,
				 const struct vnf_headers *h, uint32_t *reason)
{
	if ((f->takes & VNF_TAKES_CHECKSUM) != 0 && vnf_sum_is_partial(pkt) &&
	    (pkt->ol_flags & RTE_MBUF_F_TX_L4_MASK) != RTE_MBUF_F_TX_SCTP_CKSUM &&
	    fit_is_plain(pkt, h)) {
		fit_describe(pkt, h, f->takes, false);
		return FATE_AS_IT_IS;
	}
	*reason = VNF_DROP_UNSUPPORTED_OFFLOAD;
	return vnf_checksums_complete(pkt, h) == 0 ? FATE_AS_IT_IS : FATE_DROP;
}

/* A packet with work left to do. */
static enum fate open_decide(const struct vnf_fit *f, struct rte_mbuf *pkt, struct vnf_headers *h,
			     uint32_t *reason)
{
	*reason = vnf_parse(pkt, h);
	if (unlikely(*reason != 0))
		return FATE_DROP;
	*reason = VNF_DROP_UNSUPPORTED_OFFLOAD;
	if (asks_for_more(pkt))
		return FATE_DROP;
	if (vnf_is_tso(pkt)) {
		if (!tso_is_sound(pkt, h))
			return FATE_DROP;
		if (h->end - h->payload > pkt->tso_segsz)
			return tso_decide(f, pkt, h, reason);
		tso_end(pkt);
	}
	*reason = VNF_DROP_TOO_LONG;
	if (pkt->pkt_len > f->port->mtu + (uint32_t)VNF_FRAME_OVERHEAD)
		return FATE_DROP;
	return checksum_decide(f, pkt, h, reason);
}

static enum fate decide(const struct vnf_fit *f, struct rte_mbuf *pkt, struct vnf_headers *h,
			uint32_t *reason)
{
	if (vnf_is_open(pkt))
		return open_decide(f, pkt, h, reason);
	*reason = VNF_DROP_TOO_LONG;
	return pkt->pkt_len <= f->port->mtu + (uint32_t)VNF_FRAME_OVERHEAD ? FATE_AS_IT_IS
									   : FATE_DROP;
}

static void fit_drop(const struct vnf_fit *f, struct rte_mbuf *pkt, uint32_t reason)
{
	vnf_trace_drop(f->worker, &pkt, 1, reason, f->port->id);
	f->counts->port[f->port->id].drops[reason]++;
	owners_set(&pkt, 1, OWNER_POOL);
	rte_pktmbuf_free(pkt);
}

/* The segments are packets more than there were, less the one that they were made of. */
static struct rte_mbuf *segment_next(struct vnf_fit *f)
{
	struct rte_mbuf *seg = fit_cut_next(f);

	f->counts->created++;
	if (unlikely(seg == NULL)) {
		/* What is left of it is one packet that is lost. */
		f->counts->created--;
		fit_drop(f, f->whole, VNF_DROP_NO_MBUF);
		f->whole = NULL;
	} else if (f->left == 0) {
		f->counts->created--;
		owners_set(&f->whole, 1, OWNER_POOL);
		rte_pktmbuf_free(f->whole);
		f->whole = NULL;
	}
	return seg;
}

static struct rte_mbuf *packet_next(struct vnf_fit *f)
{
	struct rte_mbuf *pkt = f->pkts[f->at++];
	struct vnf_headers h;
	uint32_t reason;

	switch (decide(f, pkt, &h, &reason)) {
	case FATE_AS_IT_IS:
		return pkt;
	case FATE_CUT:
		fit_cut_begin(f, pkt, &h);
		return segment_next(f);
	case FATE_DROP:
	default:
		fit_drop(f, pkt, reason);
		return NULL;
	}
}

void vnf_fit_begin(struct vnf_fit *fit, struct vnf_worker *worker, const struct vnf_port *port,
		   struct rte_mbuf **pkts, uint16_t n)
{
	fit->worker = worker;
	fit->counts = vnf_worker_counters(worker);
	fit->port = port;
	fit->pkts = pkts;
	fit->takes = __atomic_load_n(&port->takes, __ATOMIC_RELAXED);
	fit->n = n;
	fit->at = 0;
	fit->whole = NULL;
}

void vnf_fit_skip(struct vnf_fit *fit, uint32_t reason)
{
	if (fit->whole != NULL)
		fit_drop(fit, fit->whole, reason);
	fit->whole = NULL;
}

uint16_t vnf_fit_next(struct vnf_fit *fit, struct rte_mbuf **out, uint16_t room)
{
	uint16_t n = 0;

	while (n < room && (fit->whole != NULL || fit->at < fit->n)) {
		struct rte_mbuf *pkt = fit->whole != NULL ? segment_next(fit) : packet_next(fit);

		if (pkt != NULL)
			out[n++] = pkt;
	}
	return n;
}

uint16_t vnf_tso_limit(struct vnf_worker *worker, uint16_t port, struct rte_mbuf **pkts, uint16_t n,
		       uint16_t copies)
{
	uint64_t segments = 0;
	uint16_t kept = 0;

	for (uint16_t i = 0; i < n; i++) {
		uint64_t more =
			vnf_is_tso(pkts[i]) ? (uint64_t)vnf_tso_segments(pkts[i]) * copies : 0;

		if (likely(segments + more <= VNF_TSO_SEGMENTS_MAX)) {
			segments += more;
			pkts[kept++] = pkts[i];
			continue;
		}
		vnf_trace_drop_in(worker, port, &pkts[i], 1, VNF_DROP_TOO_MANY_SEGMENTS);
		vnf_worker_counters(worker)->port[port].drops[VNF_DROP_TOO_MANY_SEGMENTS]++;
		owners_set(&pkts[i], 1, OWNER_POOL);
		rte_pktmbuf_free(pkts[i]);
	}
	return kept;
}
