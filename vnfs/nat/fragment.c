/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Fragments, RFC 4787 REQ-14. The first one of a datagram has ports and is translated as a whole
 * packet would be; what becomes of its address and identification is kept with the datagram
 * (vnf/frag.h), and becomes of all others. Those that came before it wait for it.
 *
 * What goes out is of the slot of its source. What comes in is of a slot that only the first
 * fragment can tell: all of a datagram meet in one slot first, by address and identification, and
 * go on from there to that slot, one after the other, the first one first. Worker.
 */
#include "nat.h"

/* A fate: what the verdict is, the address, the identification. */
#define FATE_KNOWN UINT64_C(1)
#define FATE_PASS UINT64_C(2)
#define FATE_RECEIVED UINT64_C(4) /* as the IP node said */
#define FATE_ID_SHIFT 16
#define FATE_ADDR_SHIFT 32
/* Of a datagram that has not found its slot yet. */
#define SLOT_KNOWN UINT64_C(1)
#define SLOT_SHIFT 16

/* Of datagrams: what the three ways see is apart. */
enum { DOMAIN_OUT, DOMAIN_IN, DOMAIN_OWNED };

static bool is_owned(const struct nat_packet *p)
{
	return (p->pkt->ol_flags & nat_marks.owned) != 0;
}

vnf_verdict_t nat_fragment_key(struct nat_worker *w, uint16_t i)
{
	struct nat_packet *p = &w->burst.p[i];
	const struct rte_ipv4_hdr *ip = vnf_ipv4(p->pkt, p->h);
	uint32_t slot;

	p->kind = NAT_FRAGMENT;
	if (p->out)
		slot = nat_slot_of_host(w->worker, ip->src_addr);
	else if (is_owned(p))
		return 0;
	else
		slot = vnf_slot_of(w->worker, (uint64_t)ip->src_addr << 32 | ip->dst_addr,
				   (uint64_t)ip->packet_id << 8 | ip->next_proto_id, 1);
	if (!vnf_slot_enter(w->worker, slot)) {
		p->kind = NAT_DONE;
		return VNF_TO_SLOT(slot);
	}
	p->slot = (uint16_t)slot;
	return 0;
}

/* ---- fates ---- */

static nat_fate_t fate_make(const struct nat_packet *p, vnf_verdict_t verdict)
{
	const struct rte_ipv4_hdr *ip = vnf_ipv4(p->pkt, p->h);
	nat_fate_t fate = FATE_KNOWN;

	if (verdict != VNF_IP_PASS && verdict != p->received)
		return fate;
	if (verdict == p->received)
		fate |= FATE_RECEIVED;
	return fate | FATE_PASS | (uint64_t)ip->packet_id << FATE_ID_SHIFT |
	       (uint64_t)(p->out ? ip->src_addr : ip->dst_addr) << FATE_ADDR_SHIFT;
}

static vnf_verdict_t fate_share(struct nat_worker *w, uint16_t i, nat_fate_t fate)
{
	const struct nat_packet *p = &w->burst.p[i];
	rte_be32_t addr = (rte_be32_t)(fate >> FATE_ADDR_SHIFT);

	if ((fate & FATE_PASS) == 0)
		return nat_drop(NAT_DROP_FRAGMENT_FATE);
	vnf_set_ipv4_id(p->pkt, p->h, (rte_be16_t)(fate >> FATE_ID_SHIFT));
	nat_addr_write(p->pkt, p->h, p->out ? VNF_IP_SRC : VNF_IP_DST, addr);
	if ((fate & FATE_RECEIVED) != 0)
		return p->received;
	return p->out && p->hairpin ? nat_hairpin(w, i) : VNF_IP_PASS;
}

/* ---- in: the slot ---- */

/* Of a first fragment. */
static uint32_t slot_find(struct nat_worker *w, uint16_t i)
{
	struct nat_packet *p = &w->burst.p[i];

	if (p->h->l4 != 0 && nat_proto_of(p->h->proto) != NAT_PROTOS &&
	    !vnf_is_icmp_error(p->pkt, p->h) && nat_key_make(w, i) == 0)
		return nat_slot_in(w, p->external, (enum nat_proto)p->proto, w->burst.key[i].dport,
				   &p->forward);
	return nat_slot_of_host(w->worker, vnf_ipv4(p->pkt, p->h)->dst_addr);
}

static void slot_send(struct nat_worker *w, uint16_t port, struct rte_mbuf *pkt, uint32_t slot)
{
	pkt->ol_flags |= nat_marks.owned;
	vnf_slot_send(w->worker, port, pkt, slot);
}

static vnf_verdict_t slot_run(struct nat_worker *w, uint16_t i, struct vnf_frag *frag)
{
	const struct nat_packet *p = &w->burst.p[i];
	struct rte_mbuf *pkt;
	uint32_t slot;
	uint16_t port;

	if (p->h->fragment_offset == 0)
		frag->user = SLOT_KNOWN | (uint64_t)slot_find(w, i) << SLOT_SHIFT;
	if ((frag->user & SLOT_KNOWN) == 0)
		return nat_drop(NAT_DROP_FRAGMENT_FATE);
	slot = (uint32_t)(frag->user >> SLOT_SHIFT);
	slot_send(w, w->burst.port, p->pkt, slot);
	while ((pkt = vnf_frag_next(w->frags, frag, &port)) != NULL)
		slot_send(w, port, pkt, slot);
	return VNF_TAKEN;
}

/* ---- the first one ---- */

static vnf_verdict_t first_run(struct nat_worker *w, uint16_t i)
{
	struct nat_packet *p = &w->burst.p[i];
	vnf_verdict_t verdict;
	uint32_t slot;

	if (p->h->l4 == 0 || nat_proto_of(p->h->proto) == NAT_PROTOS)
		return nat_other_proto(w, p);
	/* None has a reason to be so long. */
	if (vnf_is_icmp_error(p->pkt, p->h))
		return VNF_DROP(VNF_DROP_ICMP_QUOTE);
	verdict = nat_key_make(w, i);
	if (verdict != 0)
		return !p->out && p->external->own ? p->received : verdict;
	if (p->out) {
		if (p->hairpin && p->external != NULL && p->proto == NAT_ICMP)
			return p->external->own ? p->received : nat_drop(NAT_DROP_NO_MAPPING);
	} else {
		slot = nat_slot_in(w, p->external, (enum nat_proto)p->proto, w->burst.key[i].dport,
				   &p->forward);
		/* Somebody else has got the port meanwhile. */
		if (!vnf_slot_is_mine(w->worker, slot))
			return nat_drop(NAT_DROP_NO_MAPPING);
		p->slot = (uint16_t)slot;
	}
	vnf_session_find(w->worker, w->sessions, p->slot, &w->burst.key[i], &w->burst.hit[i]);
	return nat_keyed_translate(w, i);
}

static void waited_take(struct nat_worker *w, struct vnf_frag *frag)
{
	struct rte_mbuf *pkt;
	uint16_t port;

	while (w->n_waited < RTE_DIM(w->waited) &&
	       (pkt = vnf_frag_next(w->frags, frag, &port)) != NULL) {
		vnf_packet_mark(pkt, "after its first fragment");
		w->waited[w->n_waited++] =
			(struct nat_waited){ .pkt = pkt, .fate = frag->user, .port = port };
	}
}

vnf_verdict_t nat_fragment_run(struct nat_worker *w, uint16_t i)
{
	const struct nat_packet *p = &w->burst.p[i];
	uint32_t domain = p->out ? DOMAIN_OUT : is_owned(p) ? DOMAIN_OWNED : DOMAIN_IN;
	struct vnf_frag *frag;
	vnf_verdict_t verdict;
	uint32_t bad;

	if (p->kind == NAT_WAITED)
		return fate_share(w, i, p->fate);
	bad = vnf_frag_see(w->frags, w->burst.port, p->pkt, p->h, domain, &frag);
	if (bad == VNF_FRAG_WAITS)
		return VNF_TAKEN;
	if (bad != 0)
		return VNF_DROP(bad);
	if (domain == DOMAIN_IN)
		return slot_run(w, i, frag);
	if (p->h->fragment_offset != 0)
		return fate_share(w, i, frag->user);
	verdict = first_run(w, i);
	frag->user = fate_make(p, verdict);
	waited_take(w, frag);
	if (p->out && p->hairpin && verdict == VNF_IP_PASS)
		return nat_hairpin(w, i);
	return verdict;
}
