/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Packets that no rule should have to name: addresses that cannot be where they are, and a host
 * that speaks to itself. Asked of what belongs to no session, so established ones do not pay for
 * it; worker.
 */
#include "firewall.h"

#include <vnf/edit.h>

#define BOOTP_SERVER RTE_BE16(67)
#define BOOTP_CLIENT RTE_BE16(68)

static bool ipv4_sum_is_right(const struct rte_ipv4_hdr *ip)
{
	return rte_raw_cksum(ip, rte_ipv4_hdr_len(ip)) == UINT16_MAX;
}

/* RFC 1122 section 3.2.1.3: "this host" speaks to ask for its address; RFC 3376 section 4.2.13: and
 * of groups.
 */
static bool ipv4_has_no_address(const struct fw_packet *p)
{
	if (p->l4.proto == IPPROTO_IGMP)
		return true;
	return p->l4.proto == IPPROTO_UDP && p->l4.ports.src == BOOTP_CLIENT &&
	       p->l4.ports.dst == BOOTP_SERVER;
}

/* RFC 1812 sections 4.2.2.11 and 5.3.7. */
static bool ipv4_is_martian(const struct fw_packet *p, const struct rte_ipv4_hdr *ip)
{
	uint32_t src = rte_be_to_cpu_32(ip->src_addr), dst = rte_be_to_cpu_32(ip->dst_addr);
	uint32_t s = src >> 24, d = dst >> 24;

	if (s >= 224 || s == 127 || d == 127 || d == 0)
		return true;
	if (d >= 240 && dst != UINT32_MAX)
		return true;
	return s == 0 && !(src == 0 && ipv4_has_no_address(p));
}

/* RFC 5156: IPv4-compatible (the unspecified address and the loopback are, too), IPv4-mapped,
 * site-local (RFC 3879), ORCHIDs (RFC 4843). Not the documentation's prefix, as labs live there.
 */
static bool ipv6_is_not_sent(const uint8_t *address)
{
	static const uint8_t compatible[12], mapped[12] = { [10] = 0xff, [11] = 0xff };
	static const uint8_t orchid[3] = { 0x20, 0x01, 0x00 };

	if (memcmp(address, compatible, 12) == 0 || memcmp(address, mapped, 12) == 0)
		return true;
	if (address[0] == 0xfe && address[1] >= 0xc0)
		return true;
	return memcmp(address, orchid, 3) == 0 && address[3] >> 4 == 1;
}

/* RFC 4291 sections 2.5.2 and 2.7; RFC 6092 section 3.1. */
static bool ipv6_is_martian(const struct fw_packet *p, const struct rte_ipv6_hdr *ip)
{
	static const uint8_t zero[16];

	if (ip->src_addr[0] == 0xff || ipv6_is_not_sent(ip->dst_addr))
		return true;
	if (memcmp(ip->src_addr, zero, 16) == 0)
		return p->kind != FW_KIND_NEIGHBOUR;
	return ipv6_is_not_sent(ip->src_addr);
}

uint32_t fw_sanity(const struct fw_packet *p)
{
	if (p->table == FW_IPV4) {
		const struct rte_ipv4_hdr *ip = vnf_ipv4(p->pkt, p->h);

		if (!ipv4_sum_is_right(ip) && (p->pkt->ol_flags & RTE_MBUF_F_TX_IP_CKSUM) == 0)
			return VNF_DROP_IPV4_CHECKSUM;
		if (ipv4_is_martian(p, ip))
			return VNF_DROP_MARTIAN;
		return ip->src_addr == ip->dst_addr ? (uint32_t)FW_DROP_LAND : 0;
	}
	if (ipv6_is_martian(p, vnf_ipv6(p->pkt, p->h)))
		return VNF_DROP_MARTIAN;
	if (memcmp(vnf_ipv6(p->pkt, p->h)->src_addr, vnf_ipv6(p->pkt, p->h)->dst_addr, 16) == 0)
		return FW_DROP_LAND;
	return 0;
}
