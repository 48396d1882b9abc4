/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * ICMP errors: RFC 5508 section 4. Whose an error is, the packet that it quotes says, and so does
 * where it goes; of the quote, addresses and ports are put back to what its sender had written. An
 * error says nothing of a session's life, which goes on as if it had not come. Worker.
 */
#include "nat.h"

#define UNREACHABLE 3
#define TIME_EXCEEDED 11
#define PARAMETER 12
#define IPV4_WORD 4

/* RFC 5508 REQ-3: of the IPv4 header that is quoted. Layer 4's sum cannot be known. */
bool nat_quote_is_right(struct rte_mbuf *pkt, const struct vnf_headers *quote)
{
	const struct rte_ipv4_hdr *ip = vnf_ipv4(pkt, quote);
	const struct vnf_u32 *word = (const void *)ip;
	uint32_t words = ip->version_ihl & 0xfu;
	uint64_t sum = 0;

	for (uint32_t i = 0; i < words; i++)
		sum += word[i].value;
	sum = (sum & UINT32_MAX) + (sum >> 32);
	sum = (sum & UINT32_MAX) + (sum >> 32);
	return vnf_sum_fold((uint32_t)sum) == UINT16_MAX;
}

/* Its ends, as its sender saw them; false: they are not there. */
static bool quote_ends(struct rte_mbuf *pkt, const struct vnf_headers *quote,
		       struct vnf_ports *ports, uint8_t *icmp)
{
	*icmp = 0;
	if (nat_proto_of(quote->proto) == NAT_PROTOS || quote->l4 == 0)
		return false;
	if (quote->proto != IPPROTO_ICMP) {
		*ports = *vnf_ports(pkt, quote);
		return true;
	}
	*icmp = vnf_session_icmp_request(quote, vnf_icmp(pkt, quote)->icmp_type);
	ports->src = ports->dst = vnf_icmp(pkt, quote)->icmp_ident;
	return *icmp != 0;
}

bool nat_error_is_translated(uint8_t type)
{
	return type == UNREACHABLE || type == TIME_EXCEEDED || type == PARAMETER;
}

/* Of nobody's packet: it may be about one of the program's own. */
static vnf_verdict_t nobodys(const struct nat_packet *p, uint32_t reason)
{
	return !p->out && p->external->own ? p->received : VNF_DROP(reason);
}

static void key_swap(struct vnf_session_key4 *key, const struct rte_ipv4_hdr *ip,
		     struct vnf_ports ports, uint16_t domain, uint8_t proto, uint8_t icmp)
{
	*key = (struct vnf_session_key4){
		.src = ip->dst_addr,
		.dst = ip->src_addr,
		.sport = ports.dst,
		.dport = ports.src,
		.domain = domain,
		.proto = proto,
		.icmp = icmp,
	};
}

/* About what has come to a host that is one to one, from a router before it. */
static vnf_verdict_t static_run(struct nat_worker *w, uint16_t i, rte_be32_t addr)
{
	const struct nat_packet *p = &w->burst.p[i];
	vnf_verdict_t verdict = p->hairpin ? VNF_IP_PASS : nat_may_go(w, i, NULL);

	if (verdict != VNF_IP_PASS)
		return verdict;
	vnf_set_ipv4_dst(p->pkt, &w->burst.quote[i], addr);
	vnf_set_ipv4_src(p->pkt, p->h, addr);
	return p->hairpin ? nat_hairpin(w, i) : VNF_IP_PASS;
}

/* About what has no ports, or none that are quoted: it passes if that is not translated. */
static vnf_verdict_t bare_run(struct nat_worker *w, uint16_t i)
{
	const struct nat_packet *p = &w->burst.p[i];

	if (p->out &&
	    nat_rule_find(nat_policy_of(w), p->pkt, &w->burst.quote[i], true) == NAT_POOL_NONE)
		return p->received;
	return nobodys(p, VNF_DROP_ICMP_QUOTE);
}

static vnf_verdict_t out_key(struct nat_worker *w, uint16_t i)
{
	struct nat_packet *p = &w->burst.p[i];
	const struct vnf_headers *quote = &w->burst.quote[i];
	const struct rte_ipv4_hdr *ip = vnf_ipv4(p->pkt, quote);
	rte_be32_t addr = nat_static_out(nat_policy_of(w), ip->dst_addr);
	struct vnf_ports ports;
	uint8_t icmp;

	if (addr != 0)
		return static_run(w, i, addr);
	if (!quote_ends(p->pkt, quote, &ports, &icmp))
		return bare_run(w, i);
	key_swap(&w->burst.key[i], ip, ports, NAT_KEY_INSIDE, quote->proto, icmp);
	p->kind = NAT_ERROR_OUT;
	p->slot = (uint16_t)nat_slot_of_host(w->worker, ip->dst_addr);
	return 0;
}

static vnf_verdict_t in_key(struct nat_worker *w, uint16_t i)
{
	struct nat_packet *p = &w->burst.p[i];
	const struct vnf_headers *quote = &w->burst.quote[i];
	const struct rte_ipv4_hdr *ip = vnf_ipv4(p->pkt, quote);
	struct vnf_ports ports;
	uint8_t icmp;

	if (!quote_ends(p->pkt, quote, &ports, &icmp))
		return bare_run(w, i);
	/* It goes to who has sent what it quotes. */
	if (ip->src_addr != vnf_ipv4(p->pkt, p->h)->dst_addr)
		return VNF_DROP(VNF_DROP_ICMP_QUOTE);
	key_swap(&w->burst.key[i], ip, ports, NAT_KEY_OUTSIDE, quote->proto, icmp);
	p->kind = NAT_ERROR_IN;
	p->slot = (uint16_t)nat_slot_in(w, p->external, (enum nat_proto)p->proto, ports.src,
					&p->forward);
	return 0;
}

vnf_verdict_t nat_error_key(struct nat_worker *w, uint16_t i)
{
	struct nat_packet *p = &w->burst.p[i];
	struct vnf_headers *quote = &w->burst.quote[i];

	if (!nat_error_is_translated(vnf_icmp(p->pkt, p->h)->icmp_type))
		return nobodys(p, NAT_DROP_ICMP_TYPE);
	if (!vnf_checksum_valid(p->pkt, p->h))
		return VNF_DROP(VNF_DROP_ICMP_CHECKSUM);
	if (vnf_parse_quote(p->pkt, p->h, quote) != 0)
		return nobodys(p, VNF_DROP_ICMP_QUOTE);
	if (!nat_quote_is_right(p->pkt, quote))
		return VNF_DROP(VNF_DROP_ICMP_CHECKSUM);
	p->proto = nat_proto_of(quote->proto);
	return p->out ? out_key(w, i) : in_key(w, i);
}

/* The other side of an endpoint: by its session, else by its mapping or forward. */
static bool end_out(struct nat_worker *w, uint16_t i, rte_be32_t *addr, rte_be16_t *port)
{
	const struct nat_policy *policy = nat_policy_of(w);
	const struct nat_packet *p = &w->burst.p[i];
	const struct vnf_session_key4 *key = &w->burst.key[i];
	const struct vnf_session *session = nat_session_of(w, i);
	const struct nat_forward *forward;
	const struct nat_slot *slot = nat_slot_at(w, p->slot);
	uint32_t number;

	if (session != NULL) {
		*addr = vnf_session_key4(session, NAT_KEY_OUTSIDE)->dst;
		*port = vnf_session_key4(session, NAT_KEY_OUTSIDE)->dport;
		return true;
	}
	number = nat_mapping_find(w->table, slot, (enum nat_proto)p->proto, key->src, key->sport);
	if (number != 0) {
		*addr = nat_space_at(w->spaces, nat_mapping_at(slot, number)->space)->addr;
		*port = nat_mapping_at(slot, number)->port;
		return true;
	}
	forward = nat_forward_out(policy, key->proto, key->src, key->sport);
	if (forward == NULL)
		return false;
	*addr = rte_cpu_to_be_32(forward->outside);
	*port = nat_forward_port_out(forward, key->sport);
	return true;
}

static bool end_in(struct nat_worker *w, uint16_t i, rte_be32_t *addr, rte_be16_t *port)
{
	const struct nat_packet *p = &w->burst.p[i];
	const struct vnf_session_key4 *key = &w->burst.key[i];
	const struct vnf_session *session = nat_session_of(w, i);
	uint32_t number;

	if (session != NULL) {
		*addr = vnf_session_key4(session, NAT_KEY_INSIDE)->src;
		*port = vnf_session_key4(session, NAT_KEY_INSIDE)->sport;
		return true;
	}
	number = nat_mapping_in(w, p->slot, p->external, (enum nat_proto)p->proto, key->dport);
	if (number != 0) {
		const struct nat_mapping *m = nat_mapping_at(nat_slot_at(w, p->slot), number);

		*addr = m->inside;
		*port = m->inside_port;
		return true;
	}
	if (p->forward == NULL)
		return false;
	*addr = rte_cpu_to_be_32(p->forward->inside);
	*port = nat_forward_port_in(p->forward, key->dport);
	return true;
}

static void id_renew(struct nat_worker *w, uint16_t i, rte_be32_t addr)
{
	const struct nat_packet *p = &w->burst.p[i];
	const struct nat_external *external = nat_external_find(nat_policy_of(w), addr);

	if (external != NULL && external->space != NULL)
		vnf_set_ipv4_id(p->pkt, p->h, nat_id_next(w, p->slot, external->space));
}

/* From inside, about what came from outside. Its sender is a host or a router that outside is not
 * known: the external address of the host that the packet was for stands for it, but where it has
 * one of its own, by a pair (REQ-5).
 */
static vnf_verdict_t out_run(struct nat_worker *w, uint16_t i)
{
	const struct nat_packet *p = &w->burst.p[i];
	const struct vnf_headers *quote = &w->burst.quote[i];
	vnf_verdict_t verdict;
	rte_be32_t addr, source;
	rte_be16_t port;

	if (!end_out(w, i, &addr, &port)) {
		if (nat_rule_find(nat_policy_of(w), p->pkt, quote, true) == NAT_POOL_NONE)
			return p->received;
		return VNF_DROP(VNF_DROP_ICMP_QUOTE);
	}
	verdict = p->hairpin ? VNF_IP_PASS : nat_may_go(w, i, NULL);
	if (verdict != VNF_IP_PASS)
		return verdict;
	vnf_set_ipv4_dst(p->pkt, quote, addr);
	if (p->proto == NAT_ICMP)
		vnf_set_icmp_id(p->pkt, quote, port);
	else
		vnf_set_dst_port(p->pkt, quote, port);
	source = nat_static_out(nat_policy_of(w), vnf_ipv4(p->pkt, p->h)->src_addr);
	if (source != 0)
		addr = source;
	vnf_set_ipv4_src(p->pkt, p->h, addr);
	id_renew(w, i, addr);
	return p->hairpin ? nat_hairpin(w, i) : VNF_IP_PASS;
}

static vnf_verdict_t in_run(struct nat_worker *w, uint16_t i)
{
	const struct nat_packet *p = &w->burst.p[i];
	const struct vnf_headers *quote = &w->burst.quote[i];
	vnf_verdict_t verdict;
	rte_be32_t addr;
	rte_be16_t port;

	if (!end_in(w, i, &addr, &port))
		return nobodys(p, VNF_DROP_ICMP_QUOTE);
	verdict = nat_may_go(w, i, &addr);
	if (verdict != VNF_IP_PASS)
		return verdict;
	vnf_set_ipv4_src(p->pkt, quote, addr);
	if (p->proto == NAT_ICMP)
		vnf_set_icmp_id(p->pkt, quote, port);
	else
		vnf_set_src_port(p->pkt, quote, port);
	vnf_set_ipv4_dst(p->pkt, p->h, addr);
	return VNF_IP_PASS;
}

vnf_verdict_t nat_error_run(struct nat_worker *w, uint16_t i)
{
	return w->burst.p[i].kind == NAT_ERROR_OUT ? out_run(w, i) : in_run(w, i);
}
