/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Addresses one to one: nothing is remembered, any protocol passes, both ways, also fragments. Of
 * an ICMP error the quote is translated, too (RFC 5508 section 4). Worker.
 */
#include "nat.h"

#define ICMP_REDIRECT 5
#define ICMP_ROUTER_ADVERTISEMENT 9
#define ICMP_ROUTER_SOLICITATION 10
#define ICMP_INFO_REQUEST 15
#define ICMP_INFO_REPLY 16

/* Of an error's quote: its destination (it came from inside) or its source. `*of` is false if the
 * quote is of another host.
 */
static vnf_verdict_t quote_run(struct nat_worker *w, uint16_t i, bool out, bool *of)
{
	const struct nat_policy *policy = nat_policy_of(w);
	const struct nat_packet *p = &w->burst.p[i];
	struct vnf_headers quote;
	rte_be32_t addr;
	uint32_t bad = vnf_parse_quote(p->pkt, p->h, &quote);

	*of = true;
	if (bad != 0)
		return VNF_DROP(bad);
	if (!nat_quote_is_right(p->pkt, &quote))
		return VNF_DROP(VNF_DROP_ICMP_CHECKSUM);
	if (out) {
		addr = nat_static_out(policy, vnf_ipv4(p->pkt, &quote)->dst_addr);
		*of = addr != 0;
		if (*of)
			vnf_set_ipv4_dst(p->pkt, &quote, addr);
		return 0;
	}
	/* It goes to who has sent what it quotes. */
	if (vnf_ipv4(p->pkt, &quote)->src_addr != vnf_ipv4(p->pkt, p->h)->dst_addr)
		return VNF_DROP(VNF_DROP_ICMP_QUOTE);
	addr = nat_static_in(policy, vnf_ipv4(p->pkt, &quote)->src_addr);
	vnf_set_ipv4_src(p->pkt, &quote, addr);
	return 0;
}

static vnf_verdict_t error_check(const struct nat_packet *p)
{
	if (!nat_error_is_translated(vnf_icmp(p->pkt, p->h)->icmp_type))
		return nat_drop(NAT_DROP_ICMP_TYPE);
	return vnf_checksum_valid(p->pkt, p->h) ? 0 : VNF_DROP(VNF_DROP_ICMP_CHECKSUM);
}

static bool is_error(const struct nat_packet *p)
{
	return (p->h->flags & VNF_FRAGMENT) == 0 && vnf_is_icmp_error(p->pkt, p->h);
}

/* Of ICMP what is between neighbours or deprecated: RFC 5508 REQ-10. */
static bool is_unwanted(const struct nat_packet *p)
{
	uint8_t type;

	if (!vnf_is_icmp(p->h))
		return false;
	type = vnf_icmp(p->pkt, p->h)->icmp_type;
	return type == ICMP_REDIRECT || type == ICMP_INFO_REQUEST || type == ICMP_INFO_REPLY ||
	       type == ICMP_ROUTER_ADVERTISEMENT || type == ICMP_ROUTER_SOLICITATION;
}

/* Before it is changed: an error would be for an external address then. */
static vnf_verdict_t hairpin_check(struct nat_worker *w, const struct nat_packet *p)
{
	if (vnf_ipv4(p->pkt, p->h)->time_to_live > 1)
		return VNF_IP_PASS;
	return vnf_ip_refuse(w->worker, w->burst.port, p->pkt, 11, 0, VNF_DROP_TTL);
}

vnf_verdict_t nat_static_run_out(struct nat_worker *w, uint16_t i)
{
	const struct nat_policy *policy = nat_policy_of(w);
	struct nat_packet *p = &w->burst.p[i];
	rte_be32_t addr = nat_static_out(policy, vnf_ipv4(p->pkt, p->h)->src_addr);
	vnf_verdict_t verdict;
	bool of;

	if (addr == 0)
		return 0;
	if (policy->n_rules != 0 && nat_rule_find(policy, p->pkt, p->h, false) == NAT_POOL_NONE)
		return p->received;
	if (is_unwanted(p))
		return nat_drop(NAT_DROP_ICMP_TYPE);
	verdict = p->hairpin ? hairpin_check(w, p) : nat_may_go(w, i, NULL);
	if (verdict != VNF_IP_PASS)
		return verdict;
	if (is_error(p)) {
		verdict = error_check(p);
		if (verdict == 0)
			verdict = quote_run(w, i, true, &of);
		/* A router that is one to one, about what was for a host behind it. */
		if (verdict != 0 || !of)
			return verdict;
	}
	nat_addr_write(p->pkt, p->h, VNF_IP_SRC, addr);
	if (policy->mss != 0 && p->h->proto == IPPROTO_TCP && p->h->l4 != 0)
		vnf_clamp_mss(p->pkt, p->h, policy->mss);
	return p->hairpin ? nat_hairpin(w, i) : VNF_IP_PASS;
}

vnf_verdict_t nat_static_run_in(struct nat_worker *w, uint16_t i)
{
	const struct nat_policy *policy = nat_policy_of(w);
	struct nat_packet *p = &w->burst.p[i];
	rte_be32_t addr = nat_static_in(policy, vnf_ipv4(p->pkt, p->h)->dst_addr);
	vnf_verdict_t verdict;
	bool of;

	if (addr == 0)
		return 0;
	if (nat_is_spoofed(w, p, vnf_ipv4(p->pkt, p->h)->src_addr))
		return VNF_DROP(VNF_DROP_MARTIAN);
	if (is_unwanted(p))
		return nat_drop(NAT_DROP_ICMP_TYPE);
	verdict = nat_may_go(w, i, &addr);
	if (verdict != VNF_IP_PASS)
		return verdict;
	if (is_error(p)) {
		verdict = error_check(p);
		if (verdict == 0)
			verdict = quote_run(w, i, false, &of);
		if (verdict != 0)
			return verdict;
	}
	nat_addr_write(p->pkt, p->h, VNF_IP_DST, addr);
	if (policy->mss != 0 && p->h->proto == IPPROTO_TCP && p->h->l4 != 0)
		vnf_clamp_mss(p->pkt, p->h, policy->mss);
	return VNF_IP_PASS;
}
