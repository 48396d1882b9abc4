/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The key of the usual packet, IPv4 with TCP or UDP, whole and without options: in place, right
 * after its headers were found, while what was found is in registers. All others are key.c's.
 * Included by transparent.c and routed.c; worker.
 */
#ifndef FW_KEY_H
#define FW_KEY_H

#include "firewall.h"

/* key.c: find out how packet `i` of the burst is judged, whatever it is; see fw_key_make(). */
vnf_verdict_t fw_key_any(struct fw_worker *w, uint16_t i, const struct fw_waited *waited);

static inline bool key_to_group4(rte_be32_t address)
{
	return (address & RTE_BE32(0xe0000000)) == RTE_BE32(0xe0000000);
}

/* To many, or to all: no answer comes from there, so there is no session, and from either end of a
 * wire the same may come.
 */
static inline bool is_to_group(const struct fw_packet *p)
{
	if (likely(p->table == FW_IPV4))
		return key_to_group4(vnf_ipv4(p->pkt, p->h)->dst_addr);
	return vnf_ipv6(p->pkt, p->h)->dst_addr[0] == 0xff;
}

static inline bool key_is_plain(const struct vnf_headers *h)
{
	return h->ether_type == RTE_ETHER_TYPE_IPV4 && h->flags == 0 && h->l4 != 0 &&
	       (h->proto == IPPROTO_TCP || h->proto == IPPROTO_UDP);
}

static inline struct vnf_session_key4 key_plain4(struct rte_mbuf *pkt, const struct vnf_headers *h,
						 uint16_t domain)
{
	const struct rte_ipv4_hdr *ip = vnf_ipv4(pkt, h);
	const struct vnf_ports *ports = vnf_ports(pkt, h);

	return (struct vnf_session_key4){
		.src = ip->src_addr,
		.dst = ip->dst_addr,
		.sport = ports->src,
		.dport = ports->dst,
		.domain = domain,
		.proto = h->proto,
	};
}

static __rte_always_inline vnf_verdict_t key_plain_make(struct fw_worker *w, uint16_t i,
							struct rte_mbuf *pkt,
							const struct vnf_headers *h)
{
	struct fw_burst *b = &w->burst;
	struct fw_packet *p = &b->p[i];
	uint32_t slot = vnf_slot_of_pair4(w->worker, pkt, h);
	struct vnf_session_key4 key = key_plain4(pkt, h, p->domain);

	if (unlikely(!vnf_slot_enter(w->worker, slot)))
		return VNF_TO_SLOT(slot);
	b->slot[i] = (uint16_t)slot;
	p->table = FW_IPV4;
	p->l4 = (struct fw_layer4){ .ports = { key.sport, key.dport }, .proto = key.proto };
	if (unlikely(key_to_group4(key.dst))) {
		p->kind = FW_KIND_BARE;
		return 0;
	}
	p->kind = FW_KIND_KEYED;
	p->direction = (uint8_t)vnf_session_key4_normalise(&key);
	b->key4[i] = key;
	b->table_slot[FW_IPV4][i] = (uint16_t)slot;
	b->n_table[FW_IPV4]++;
	return 0;
}

/* Find out how packet `i` of the burst, `pkt` with headers `h`, is judged; its kind is
 * FW_KIND_DONE, its fields but that, table, direction and l4 are filled in. `waited`: it waited for
 * a first fragment, of which this became; else NULL. Returns a verdict if that stands already (then
 * the kind stays).
 */
static __rte_always_inline vnf_verdict_t fw_key_make(struct fw_worker *w, uint16_t i,
						     struct rte_mbuf *pkt,
						     const struct vnf_headers *h,
						     const struct fw_waited *waited)
{
	if (likely(key_is_plain(h) && !fw_policy_of(w->worker)->checksums))
		return key_plain_make(w, i, pkt, h);
	return fw_key_any(w, i, waited);
}

#endif
