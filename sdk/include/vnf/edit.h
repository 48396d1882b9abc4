/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 */
#ifndef VNF_EDIT_H
#define VNF_EDIT_H

/**
 * @file
 * Changes to headers that keep every checksum right.
 *
 * Write to a header through these, and not through a pointer: each function also updates the
 * checksums that cover what it writes, by the difference (RFC 1624 equation 3), so that a checksum
 * that was wrong stays wrong and the receiver still notices. What "update" means depends on who
 * completes the checksum:
 *
 * - complete, the usual case: the field holds the checksum. UDP over IPv4 without one (0) stays
 *   without one, and a UDP checksum that comes to 0 is written as 0xffff (RFC 768);
 * - partial, as a virtio device delivers it (RTE_MBUF_F_RX_L4_CKSUM_NONE), or asked of the device
 *   that sends it (RTE_MBUF_F_TX_TCP_CKSUM and so on): the field holds the sum of the pseudo header
 *   only. Addresses count, ports do not. vnf_checksums_complete() makes a complete one of it.
 *
 * On the headers of a quote (vnf_parse_quote()) the functions update the checksums within the quote
 * and the checksum of the ICMP error around it.
 *
 * All take the headers that vnf_parse() found, and return 0 or -errno; -EINVAL: the packet has no
 * such header, and nothing was changed. Numbers that are fields of a header are in network order,
 * as their types say.
 *
 * Context: the thread that owns the packet, mostly a worker.
 */

#include <errno.h>
#include <string.h>

#include <vnf/packet.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- differences: what functions of one's own are made of ---- */

/**
 * Is the layer 4 checksum of the packet partial?
 *
 * @param pkt
 *   The packet.
 * @return
 *   True: the field holds the pseudo header's sum, somebody has yet to complete it.
 */
static inline bool vnf_sum_is_partial(const struct rte_mbuf *pkt)
{
	return (pkt->ol_flags & RTE_MBUF_F_TX_L4_MASK) != 0 ||
	       (pkt->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) == RTE_MBUF_F_RX_L4_CKSUM_NONE;
}

/**
 * Difference that a change of 16 bits makes to a sum.
 *
 * @param before
 *   As they were, as read from the packet.
 * @param after
 *   As they are now.
 * @return
 *   The difference; up to 2^14 of them may be added up in 32 bits.
 */
static inline uint32_t vnf_sum_diff16(uint16_t before, uint16_t after)
{
	return (uint32_t)(uint16_t)~before + after;
}

/**
 * Difference that a change of 32 bits makes to a sum.
 *
 * @param before
 *   As they were, as read from the packet.
 * @param after
 *   As they are now.
 * @return
 *   The difference.
 */
static inline uint32_t vnf_sum_diff32(uint32_t before, uint32_t after)
{
	return vnf_sum_diff16((uint16_t)before, (uint16_t)after) +
	       vnf_sum_diff16((uint16_t)(before >> 16), (uint16_t)(after >> 16));
}

/**
 * Make 16 bits of a sum, in one's complement arithmetic.
 *
 * @param sum
 *   The sum.
 * @return
 *   The same modulo 0xffff.
 */
static inline uint16_t vnf_sum_fold(uint32_t sum)
{
	sum = (sum & UINT16_MAX) + (sum >> 16);
	return (uint16_t)(sum + (sum >> 16));
}

/**
 * Change a checksum by a difference, RFC 1624 equation 3.
 *
 * @param checksum
 *   The field, as read from the packet.
 * @param diff
 *   Sum of differences.
 * @return
 *   The field's new value.
 */
static inline uint16_t vnf_sum_change(uint16_t checksum, uint32_t diff)
{
	return (uint16_t)~vnf_sum_fold((uint16_t)~checksum + (diff & UINT16_MAX) + (diff >> 16));
}

/**
 * Octets that an ICMP error quotes were changed: tell its checksum.
 *
 * @param pkt
 *   The packet.
 * @param h
 *   Headers of the quote; of any other, nothing is done.
 * @param diff
 *   The difference, of all that was changed within the quote, checksums too.
 */
static inline void vnf_quote_changed(struct rte_mbuf *pkt, const struct vnf_headers *h,
				     uint32_t diff)
{
	struct vnf_u16 *sum;

	if (likely(h->outer_sum == 0) || vnf_sum_is_partial(pkt))
		return;
	sum = rte_pktmbuf_mtod_offset(pkt, struct vnf_u16 *, h->outer_sum);
	sum->value = vnf_sum_change(sum->value, diff);
}

/**
 * Octets that the IPv4 header checksum covers were changed: tell it.
 *
 * @param pkt
 *   The packet.
 * @param h
 *   Its headers, IPv4.
 * @param diff
 *   The difference.
 * @return
 *   What was changed in the checksum, for vnf_quote_changed().
 */
static inline uint32_t vnf_ipv4_changed(struct rte_mbuf *pkt, const struct vnf_headers *h,
					uint32_t diff)
{
	struct rte_ipv4_hdr *ip = vnf_ipv4(pkt, h);
	uint16_t before = ip->hdr_checksum;

	/* The device writes it anew. */
	if (unlikely((pkt->ol_flags & RTE_MBUF_F_TX_IP_CKSUM) != 0 && h->outer_sum == 0))
		return 0;
	ip->hdr_checksum = vnf_sum_change(before, diff);
	return vnf_sum_diff16(before, ip->hdr_checksum);
}

/**
 * Octets that the layer 4 checksum covers were changed: tell it.
 *
 * @param pkt
 *   The packet.
 * @param h
 *   Its headers.
 * @param diff
 *   The difference.
 * @param pseudo
 *   They are of the pseudo header: source, destination, protocol; not of layer 4 itself.
 * @return
 *   What was changed in the checksum, for vnf_quote_changed().
 */
static inline uint32_t vnf_l4_changed(struct rte_mbuf *pkt, const struct vnf_headers *h,
				      uint32_t diff, bool pseudo)
{
	struct vnf_u16 *sum;
	uint16_t before;

	/* ICMP over IPv4 has no pseudo header. */
	if (h->l4_sum == 0 || (pseudo && h->proto == IPPROTO_ICMP))
		return 0;
	sum = rte_pktmbuf_mtod_offset(pkt, struct vnf_u16 *, h->l4_sum);
	before = sum->value;
	if (unlikely(vnf_sum_is_partial(pkt) && h->outer_sum == 0)) {
		if (pseudo)
			sum->value = vnf_sum_fold(before + (diff & UINT16_MAX) + (diff >> 16));
		return 0;
	}
	if (before == 0 && h->proto == IPPROTO_UDP)
		return 0;
	sum->value = vnf_sum_change(before, diff);
	if (sum->value == 0 && (h->proto == IPPROTO_UDP || h->proto == IPPROTO_UDPLITE))
		sum->value = UINT16_MAX;
	return vnf_sum_diff16(before, sum->value);
}

/* ---- Ethernet ---- */

/**
 * Set the Ethernet addresses.
 *
 * @param pkt
 *   The packet, as vnf_parse() left it.
 * @param dst
 *   Destination; NULL: stays.
 * @param src
 *   Source; NULL: stays.
 */
static inline void vnf_set_macs(struct rte_mbuf *pkt, const struct rte_ether_addr *dst,
				const struct rte_ether_addr *src)
{
	struct rte_ether_hdr *eth = vnf_ether(pkt);

	if (dst != NULL)
		eth->dst_addr = *dst;
	if (src != NULL)
		eth->src_addr = *src;
}

/**
 * Put a VLAN tag in front of all others.
 *
 * @param pkt
 *   The packet.
 * @param[in,out] h
 *   Its headers, moved by 4 octets; not of a quote. Headers of a quote must be parsed anew.
 * @param tpid
 *   Tag protocol: RTE_ETHER_TYPE_VLAN or RTE_ETHER_TYPE_QINQ (host order).
 * @param tci
 *   Priority, drop eligible indicator and VLAN, IEEE 802.1Q (host order).
 * @return
 *   0; -E2BIG: it has VNF_VLANS_MAX; -ENOSPC: no room before the packet; -EBUSY: its first segment
 *   is shared with others; -EINVAL: a quote's headers.
 */
int vnf_vlan_push(struct rte_mbuf *pkt, struct vnf_headers *h, uint16_t tpid, uint16_t tci);

/**
 * Take the outermost VLAN tag away.
 *
 * @param pkt
 *   The packet.
 * @param[in,out] h
 *   Its headers, moved by 4 octets; not of a quote.
 * @return
 *   0; -EINVAL: it has none; -EBUSY: its first segment is shared with others; -EBADMSG: the tag is
 *   taken away, and of what was behind a third one, which is now read, vnf_parse() says that it is
 *   wrong.
 */
int vnf_vlan_pop(struct rte_mbuf *pkt, struct vnf_headers *h);

/* ---- IP ---- */

/**
 * What vnf_set_ipv4_src() and vnf_set_ipv4_dst() do.
 *
 * @param pkt
 *   The packet.
 * @param h
 *   Its headers.
 * @param field
 *   Where in the IPv4 header the address is.
 * @param addr
 *   The address.
 * @return
 *   0; -EINVAL: not IPv4.
 */
static inline int vnf_set_ipv4_addr(struct rte_mbuf *pkt, const struct vnf_headers *h,
				    uint32_t field, rte_be32_t addr)
{
	struct vnf_u32 *at;
	uint32_t diff, all;

	if (unlikely(!vnf_is_ipv4(h)))
		return -EINVAL;
	at = rte_pktmbuf_mtod_offset(pkt, struct vnf_u32 *, h->l3 + field);
	diff = vnf_sum_diff32(at->value, addr);
	at->value = addr;
	all = diff + vnf_ipv4_changed(pkt, h, diff);
	if (likely((h->flags & VNF_SOURCE_ROUTED) == 0 ||
		   field == offsetof(struct rte_ipv4_hdr, src_addr)))
		all += vnf_l4_changed(pkt, h, diff, true);
	vnf_quote_changed(pkt, h, all);
	return 0;
}

/**
 * Set the IPv4 source address.
 *
 * @param pkt
 *   The packet.
 * @param h
 *   Its headers.
 * @param addr
 *   The address.
 * @return
 *   0; -EINVAL: not IPv4.
 */
static inline int vnf_set_ipv4_src(struct rte_mbuf *pkt, const struct vnf_headers *h,
				   rte_be32_t addr)
{
	return vnf_set_ipv4_addr(pkt, h, offsetof(struct rte_ipv4_hdr, src_addr), addr);
}

/**
 * Set the IPv4 destination address. With VNF_SOURCE_ROUTED the checksum of layer 4 is made with the
 * route's last address, not with this one (RFC 1122 section 4.2.3.8), and is left as it is.
 *
 * @param pkt
 *   The packet.
 * @param h
 *   Its headers.
 * @param addr
 *   The address.
 * @return
 *   0; -EINVAL: not IPv4.
 */
static inline int vnf_set_ipv4_dst(struct rte_mbuf *pkt, const struct vnf_headers *h,
				   rte_be32_t addr)
{
	return vnf_set_ipv4_addr(pkt, h, offsetof(struct rte_ipv4_hdr, dst_addr), addr);
}

/**
 * Set the IPv6 source address.
 *
 * @param pkt
 *   The packet.
 * @param h
 *   Its headers.
 * @param addr
 *   The 16 octets of the address.
 * @return
 *   0; -EINVAL: not IPv6.
 */
int vnf_set_ipv6_src(struct rte_mbuf *pkt, const struct vnf_headers *h, const uint8_t *addr);

/**
 * Set the IPv6 destination address. With segments left in a routing header (VNF_SOURCE_ROUTED) the
 * checksum of layer 4 is made with the route's last address, not with this one (RFC 8200 section
 * 8.1), and is left as it is.
 *
 * @param pkt
 *   The packet.
 * @param h
 *   Its headers.
 * @param addr
 *   The 16 octets of the address.
 * @return
 *   0; -EINVAL: not IPv6.
 */
int vnf_set_ipv6_dst(struct rte_mbuf *pkt, const struct vnf_headers *h, const uint8_t *addr);

/**
 * Set 16 bits of the IPv4 header that no other checksum covers.
 *
 * @param pkt
 *   The packet.
 * @param h
 *   Its headers, IPv4.
 * @param field
 *   Where in the header they are, an even number.
 * @param value
 *   Their new value, as it is in the packet.
 */
static inline void vnf_set_ipv4_field(struct rte_mbuf *pkt, const struct vnf_headers *h,
				      uint32_t field, uint16_t value)
{
	struct vnf_u16 *at = rte_pktmbuf_mtod_offset(pkt, struct vnf_u16 *, h->l3 + field);
	uint32_t diff = vnf_sum_diff16(at->value, value);

	at->value = value;
	vnf_quote_changed(pkt, h, diff + vnf_ipv4_changed(pkt, h, diff));
}

/**
 * Set the time to live (IPv4) or the hop limit (IPv6).
 *
 * @param pkt
 *   The packet.
 * @param h
 *   Its headers.
 * @param ttl
 *   0 to 255.
 * @return
 *   0; -EINVAL: not IP.
 */
static inline int vnf_set_ttl(struct rte_mbuf *pkt, const struct vnf_headers *h, uint8_t ttl)
{
	uint16_t before, after;

	if (likely(vnf_is_ipv4(h))) {
		after = rte_cpu_to_be_16((uint16_t)(ttl << 8 | vnf_ipv4(pkt, h)->next_proto_id));
		vnf_set_ipv4_field(pkt, h, offsetof(struct rte_ipv4_hdr, time_to_live), after);
		return 0;
	}
	if (!vnf_is_ipv6(h))
		return -EINVAL;
	before = rte_cpu_to_be_16(vnf_ipv6(pkt, h)->hop_limits);
	vnf_ipv6(pkt, h)->hop_limits = ttl;
	vnf_quote_changed(pkt, h, vnf_sum_diff16(before, rte_cpu_to_be_16(ttl)));
	return 0;
}

/**
 * Take one from the time to live or the hop limit, as a router does (RFC 1812 section 5.3.1, RFC
 * 8200 section 3).
 *
 * @param pkt
 *   The packet.
 * @param h
 *   Its headers.
 * @return
 *   What is left of it; -EINVAL: not IP; -ETIMEDOUT: it is 0 or 1, the packet must not be forwarded
 *   and was not changed.
 */
static inline int vnf_ttl_decrement(struct rte_mbuf *pkt, const struct vnf_headers *h)
{
	uint8_t ttl;

	if (likely(vnf_is_ipv4(h)))
		ttl = vnf_ipv4(pkt, h)->time_to_live;
	else if (vnf_is_ipv6(h))
		ttl = vnf_ipv6(pkt, h)->hop_limits;
	else
		return -EINVAL;
	if (unlikely(ttl <= 1))
		return -ETIMEDOUT;
	ttl--;
	vnf_set_ttl(pkt, h, ttl);
	return ttl;
}

/**
 * Set the differentiated services code point, RFC 2474. The two bits of congestion notification
 * stay.
 *
 * @param pkt
 *   The packet.
 * @param h
 *   Its headers.
 * @param dscp
 *   0 to 63.
 * @return
 *   0; -EINVAL: not IP, or a greater number.
 */
int vnf_set_dscp(struct rte_mbuf *pkt, const struct vnf_headers *h, uint8_t dscp);

/**
 * Set the IPv4 identification, RFC 6864.
 *
 * @param pkt
 *   The packet.
 * @param h
 *   Its headers.
 * @param id
 *   The identification.
 * @return
 *   0; -EINVAL: not IPv4.
 */
static inline int vnf_set_ipv4_id(struct rte_mbuf *pkt, const struct vnf_headers *h, rte_be16_t id)
{
	if (unlikely(!vnf_is_ipv4(h)))
		return -EINVAL;
	vnf_set_ipv4_field(pkt, h, offsetof(struct rte_ipv4_hdr, packet_id), id);
	return 0;
}

/* ---- layer 4 ---- */

/**
 * vnf_set_src_port() and vnf_set_dst_port() for SCTP, whose checksum covers the packet in another
 * way (CRC32c, RFC 9260 section 6.8) and is made anew. Costs a walk over the whole packet.
 *
 * @param pkt
 *   The packet.
 * @param h
 *   Its headers, SCTP.
 * @param field
 *   Where in layer 4 the port is.
 * @param port
 *   Its new value.
 * @return
 *   0; -EBADMSG: its checksum is wrong, and must not be made right; nothing was changed. Of a
 *   fragment and of a quote the checksum cannot be known: -ENOTSUP for a fragment; a quote is
 *   changed, and its checksum left.
 */
int vnf_set_sctp_port(struct rte_mbuf *pkt, const struct vnf_headers *h, uint32_t field,
		      rte_be16_t port);

/**
 * Set 16 bits of layer 4.
 *
 * @param pkt
 *   The packet.
 * @param h
 *   Its headers.
 * @param field
 *   Where in layer 4 they are, an even number.
 * @param value
 *   Their new value, as it is in the packet.
 */
static inline void vnf_set_l4_field(struct rte_mbuf *pkt, const struct vnf_headers *h,
				    uint32_t field, uint16_t value)
{
	struct vnf_u16 *at = rte_pktmbuf_mtod_offset(pkt, struct vnf_u16 *, h->l4 + field);
	uint32_t diff = vnf_sum_diff16(at->value, value);

	at->value = value;
	vnf_quote_changed(pkt, h, diff + vnf_l4_changed(pkt, h, diff, false));
}

/**
 * Set the source port of TCP, UDP, UDP-Lite, DCCP or SCTP.
 *
 * @param pkt
 *   The packet.
 * @param h
 *   Its headers.
 * @param port
 *   The port.
 * @return
 *   0; -EINVAL: no ports (vnf_has_ports()); of SCTP also what vnf_set_sctp_port() says.
 */
static inline int vnf_set_src_port(struct rte_mbuf *pkt, const struct vnf_headers *h,
				   rte_be16_t port)
{
	if (unlikely(!vnf_has_ports(h)))
		return -EINVAL;
	if (unlikely(h->proto == IPPROTO_SCTP))
		return vnf_set_sctp_port(pkt, h, offsetof(struct vnf_ports, src), port);
	vnf_set_l4_field(pkt, h, offsetof(struct vnf_ports, src), port);
	return 0;
}

/**
 * Set the destination port of TCP, UDP, UDP-Lite, DCCP or SCTP.
 *
 * @param pkt
 *   The packet.
 * @param h
 *   Its headers.
 * @param port
 *   The port.
 * @return
 *   As vnf_set_src_port().
 */
static inline int vnf_set_dst_port(struct rte_mbuf *pkt, const struct vnf_headers *h,
				   rte_be16_t port)
{
	if (unlikely(!vnf_has_ports(h)))
		return -EINVAL;
	if (unlikely(h->proto == IPPROTO_SCTP))
		return vnf_set_sctp_port(pkt, h, offsetof(struct vnf_ports, dst), port);
	vnf_set_l4_field(pkt, h, offsetof(struct vnf_ports, dst), port);
	return 0;
}

/**
 * Set the identifier of an ICMP or ICMPv6 query: echo, timestamp (RFC 5508 section 3).
 *
 * @param pkt
 *   The packet.
 * @param h
 *   Its headers.
 * @param id
 *   The identifier.
 * @return
 *   0; -EINVAL: not ICMP. The type is not looked at.
 */
static inline int vnf_set_icmp_id(struct rte_mbuf *pkt, const struct vnf_headers *h, rte_be16_t id)
{
	if (unlikely(!vnf_is_icmp(h)))
		return -EINVAL;
	vnf_set_l4_field(pkt, h, offsetof(struct rte_icmp_hdr, icmp_ident), id);
	return 0;
}

/**
 * Lower the maximum segment size that a TCP SYN announces (RFC 9293 section 3.7.1), for a path that
 * carries less than its ends believe. It is never raised, and none is added.
 *
 * @param pkt
 *   The packet.
 * @param h
 *   Its headers; not of a quote.
 * @param mss
 *   Greatest segment, in octets (host order).
 * @return
 *   1: it was lowered; 0: there was nothing to do: no SYN, no such option, or a smaller one;
 *   -EINVAL: not TCP.
 */
int vnf_clamp_mss(struct rte_mbuf *pkt, const struct vnf_headers *h, uint16_t mss);

/* ---- the whole ---- */

/**
 * Complete in software what is left to do: the IPv4 header checksum and the layer 4 checksum, as
 * the packet's offload flags say, which are taken away. SDK ports do so by themselves before a
 * device that cannot; use it before you look at a checksum, or copy octets out of the packet.
 *
 * @param pkt
 *   The packet.
 * @param h
 *   Its headers.
 * @return
 *   0, also when nothing was to be done; -EOPNOTSUPP: it has to be cut into segments first, or asks
 *   for a checksum that is not known here; -EINVAL: it has no header with such a checksum, or is a
 *   fragment, so that the rest is not here. Then nothing was changed.
 */
int vnf_checksums_complete(struct rte_mbuf *pkt, const struct vnf_headers *h);

/**
 * Is the checksum of layer 4 right? That of TCP, UDP, UDP-Lite, DCCP, ICMP and ICMPv6 (RFC 1071,
 * with the pseudo header but for ICMP; of UDP-Lite and DCCP over what they cover), and the CRC32c
 * of SCTP (RFC 9260). It takes a pass over the whole packet, in however many segments, and changes
 * nothing.
 *
 * @param pkt
 *   The packet.
 * @param h
 *   Its headers.
 * @return
 *   False if it is wrong, or missing where it must not be: UDP over IPv6 (RFC 8200 section 8.1) and
 *   UDP-Lite (RFC 3828 section 3.1) have no packets without. True if it is right, if UDP over IPv4
 *   has none, and also where nobody can tell or need to: layer 4 is not there, is another or has no
 *   checksum; it is partial (vnf_sum_is_partial()), for the packet was on no wire yet; a fragment;
 *   a quote; hops of a source route are left.
 */
bool vnf_checksum_valid(struct rte_mbuf *pkt, const struct vnf_headers *h);

#ifdef __cplusplus
}
#endif

#endif
