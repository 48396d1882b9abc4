/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * What a packet belongs to: its slot, and the key of its session. All packets between two hosts
 * share a slot, their fragments and ICMP errors too, so what is asked from here on is this worker's
 * alone. Called for each packet of a burst, in order; worker.
 */
#include "firewall.h"
#include "key.h"

#include <vnf/edit.h>

#define ICMP6_ERROR_LAST 4 /* RFC 4443: parameter problem */
#define ICMP6_ECHO_REQUEST 128
#define ICMP6_MLD_FIRST 130
#define ICMP6_MLD_LAST 132
#define ICMP6_ND_FIRST 133
#define ICMP6_ND_LAST 137
#define ICMP6_MLD2_REPORT 143
#define HOPS_ON_LINK 255 /* RFC 4861: it has crossed no router */
#define HOPS_MLD 1       /* RFC 2710 section 3 */

enum neighbour { NEIGHBOUR_NOT, NEIGHBOUR_INVALID, NEIGHBOUR_VALID };

/* Is it one of those without which no IPv6 link works: RFC 4890 section 4.4.1. RFC 4861 section 6.1
 * and 7.1: who speaks of the link is on it.
 */
static enum neighbour neighbour_of(const struct fw_packet *p)
{
	uint8_t type, hops;

	if (p->table != FW_IPV6 || !vnf_is_icmp(p->h))
		return NEIGHBOUR_NOT;
	type = vnf_icmp(p->pkt, p->h)->icmp_type;
	hops = vnf_ipv6(p->pkt, p->h)->hop_limits;
	if (type >= ICMP6_ND_FIRST && type <= ICMP6_ND_LAST)
		return hops == HOPS_ON_LINK ? NEIGHBOUR_VALID : NEIGHBOUR_INVALID;
	if ((type < ICMP6_MLD_FIRST || type > ICMP6_MLD_LAST) && type != ICMP6_MLD2_REPORT)
		return NEIGHBOUR_NOT;
	return hops == HOPS_MLD ? NEIGHBOUR_VALID : NEIGHBOUR_NOT;
}

/* Errors that are not known to quote anything are for rules to judge: RFC 4890 section 4.3.4. */
static bool is_known_error(const struct fw_packet *p)
{
	if (!vnf_is_icmp_error(p->pkt, p->h))
		return false;
	return p->table == FW_IPV4 || vnf_icmp(p->pkt, p->h)->icmp_type <= ICMP6_ERROR_LAST;
}

/* Of a message that has an identifier. */
static bool icmp_is_request(const struct fw_packet *p, const struct vnf_headers *h)
{
	uint8_t type = vnf_icmp(p->pkt, h)->icmp_type;

	return type == vnf_session_icmp_request(h, type);
}

/* ---- keys ---- */

/* Who asks stands first, whatever the addresses: two hosts may ask each other under one identifier.
 */
static void key4_of_request(struct fw_packet *p, struct vnf_session_key4 *key)
{
	p->direction = p->l4.reply;
	if (p->l4.reply)
		*key = (struct vnf_session_key4){ .src = key->dst,
						  .dst = key->src,
						  .sport = key->dport,
						  .dport = key->sport,
						  .domain = key->domain,
						  .proto = key->proto,
						  .icmp = key->icmp };
}

static void key6_of_request(struct fw_packet *p, struct vnf_session_key6 *key)
{
	uint8_t src[16];

	p->direction = p->l4.reply;
	if (!p->l4.reply)
		return;
	memcpy(src, key->src, sizeof(src));
	memcpy(key->src, key->dst, sizeof(key->src));
	memcpy(key->dst, src, sizeof(key->dst));
}

static void key4_make(struct fw_burst *b, uint16_t i, const struct vnf_headers *h)
{
	struct fw_packet *p = &b->p[i];
	const struct rte_ipv4_hdr *ip = vnf_ipv4(p->pkt, h);

	b->key4[i] = (struct vnf_session_key4){
		.src = ip->src_addr,
		.dst = ip->dst_addr,
		.sport = p->l4.ports.src,
		.dport = p->l4.ports.dst,
		.domain = p->domain,
		.proto = p->l4.proto,
		.icmp = p->l4.icmp,
	};
	if (unlikely(p->l4.icmp != 0))
		key4_of_request(p, &b->key4[i]);
	else
		p->direction = (uint8_t)vnf_session_key4_normalise(&b->key4[i]);
}

static void key6_make(struct fw_burst *b, uint16_t i, const struct vnf_headers *h)
{
	struct fw_packet *p = &b->p[i];
	const struct rte_ipv6_hdr *ip = vnf_ipv6(p->pkt, h);
	struct vnf_session_key6 *key = &b->key6[i];

	memcpy(key->src, ip->src_addr, sizeof(key->src));
	memcpy(key->dst, ip->dst_addr, sizeof(key->dst));
	key->sport = p->l4.ports.src;
	key->dport = p->l4.ports.dst;
	key->domain = p->domain;
	key->proto = p->l4.proto;
	key->icmp = p->l4.icmp;
	if (unlikely(p->l4.icmp != 0))
		key6_of_request(p, key);
	else
		p->direction = (uint8_t)vnf_session_key6_normalise(key);
}

static void key_make(struct fw_burst *b, uint16_t i, const struct vnf_headers *h)
{
	uint32_t table = b->p[i].table;

	if (table == FW_IPV4)
		key4_make(b, i, h);
	else
		key6_make(b, i, h);
	b->table_slot[table][i] = b->slot[i];
	b->n_table[table]++;
}

/* Of an error, the session is that of the quoted packet. */
static vnf_verdict_t error_key(struct fw_burst *b, uint16_t i)
{
	struct fw_packet *p = &b->p[i];
	struct vnf_headers *quote = &b->quote[i];

	if (vnf_parse_quote(p->pkt, p->h, quote) != 0)
		return VNF_DROP(VNF_DROP_ICMP_QUOTE);
	p->l4.proto = quote->proto;
	if (!vnf_session_ports(p->pkt, quote, &p->l4.ports, &p->l4.icmp))
		return fw_drop(FW_DROP_NO_SESSION);
	p->l4.reply = p->l4.icmp != 0 && !icmp_is_request(p, quote);
	p->kind = FW_KIND_ERROR;
	key_make(b, i, quote);
	return 0;
}

/* Its own ports, where it has some. */
static inline bool layer4_read(struct fw_packet *p)
{
	p->l4.proto = p->h->proto;
	if (!vnf_session_ports(p->pkt, p->h, &p->l4.ports, &p->l4.icmp))
		return false;
	p->l4.reply = unlikely(p->l4.icmp != 0) && !icmp_is_request(p, p->h);
	return true;
}

static vnf_verdict_t bare_key(struct fw_burst *b, uint16_t i, bool is_routed)
{
	struct fw_packet *p = &b->p[i];
	enum neighbour neighbour = neighbour_of(p);

	/* As a router, the node has taken what is for it: what is left is in transit. */
	if (neighbour == NEIGHBOUR_INVALID || (neighbour != NEIGHBOUR_NOT && is_routed))
		return VNF_DROP(VNF_DROP_ND_INVALID);
	if (neighbour == NEIGHBOUR_NOT && is_known_error(p))
		return error_key(b, i);
	p->kind = neighbour == NEIGHBOUR_NOT ? FW_KIND_BARE : FW_KIND_NEIGHBOUR;
	return 0;
}

static inline vnf_verdict_t whole_key(struct fw_burst *b, uint16_t i, bool is_routed)
{
	struct fw_packet *p = &b->p[i];

	if (unlikely(!layer4_read(p)))
		return bare_key(b, i, is_routed);
	if (unlikely(is_to_group(p))) {
		p->kind = FW_KIND_BARE;
		return 0;
	}
	p->kind = FW_KIND_KEYED;
	key_make(b, i, p->h);
	return 0;
}

vnf_verdict_t fw_key_first(struct fw_burst *b, uint16_t i)
{
	struct fw_packet *p = &b->p[i];

	/* RFC 4443 section 2.4 (c), RFC 1122 section 3.2.2: errors fit into a packet. RFC 6980: so
	 * does Neighbour Discovery.
	 */
	if (vnf_is_icmp_error(p->pkt, p->h))
		return fw_drop(FW_DROP_NO_SESSION);
	if (neighbour_of(p) != NEIGHBOUR_NOT)
		return VNF_DROP(VNF_DROP_ND_INVALID);
	return whole_key(b, i, false);
}

void fw_key_later(struct fw_burst *b, uint16_t i, const struct vnf_frag *frag, bool is_reply)
{
	struct fw_packet *p = &b->p[i];

	p->l4 = (struct fw_layer4){ .ports = frag->ports, .proto = frag->proto, .reply = is_reply };
	if ((frag->flags & VNF_FRAG_ECHO) != 0) {
		p->l4.ports.src = p->l4.ports.dst = frag->icmp_id;
		p->l4.icmp = p->table == FW_IPV4 ? RTE_IP_ICMP_ECHO_REQUEST : ICMP6_ECHO_REQUEST;
	}
	key_make(b, i, p->h);
}

/* ---- one packet ---- */

static vnf_verdict_t packet_key(struct fw_worker *w, uint16_t i, const struct fw_waited *waited)
{
	struct fw_burst *b = &w->burst;
	struct fw_packet *p = &b->p[i];
	uint32_t slot;

	p->table = vnf_is_ipv4(p->h) ? FW_IPV4 : FW_IPV6;
	if (unlikely((p->h->flags & VNF_SOURCE_ROUTED) != 0))
		return VNF_DROP(VNF_DROP_SOURCE_ROUTED);
	if (unlikely(fw_policy_of(w->worker)->checksums) && !vnf_checksum_valid(p->pkt, p->h))
		return fw_drop(FW_DROP_CHECKSUM);
	slot = vnf_slot_of_pair(w->worker, p->pkt, p->h);
	if (!vnf_slot_enter(w->worker, slot))
		return VNF_TO_SLOT(slot);
	b->slot[i] = (uint16_t)slot;
	if (likely((p->h->flags & VNF_FRAGMENT) == 0))
		return whole_key(b, i, fw_policy_of(w->worker)->mode == FW_ROUTED);
	p->kind = waited != NULL ? FW_KIND_WAITED : FW_KIND_FRAGMENT;
	p->fate = waited != NULL ? waited->fate : 0;
	return 0;
}

vnf_verdict_t fw_key_any(struct fw_worker *w, uint16_t i, const struct fw_waited *waited)
{
	vnf_verdict_t verdict = packet_key(w, i, waited);

	if (unlikely(verdict != 0))
		w->burst.p[i].kind = FW_KIND_DONE;
	return verdict;
}
