/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 */
#ifndef VNF_PACKET_H
#define VNF_PACKET_H

/**
 * @file
 * What a packet is: its headers, found and checked.
 *
 *     struct vnf_headers h;
 *     uint32_t bad = vnf_parse(pkt, &h);
 *
 *     if (bad != 0)
 *             return VNF_DROP(bad);
 *     if (h.proto == IPPROTO_TCP && h.l4 != 0)
 *             look_at(vnf_tcp(pkt, &h));
 *
 * vnf_parse() reads Ethernet, up to two VLAN tags, ARP, IPv4 with options, IPv6 with extension
 * headers, AH, and the header of layer 4. It holds every length against the octets that are there,
 * and says by the name of a drop reason what is wrong. Where it returns 0, all headers up to
 * h.payload lie side by side in the packet's first segment, so that they can be read and written
 * through the pointers below; vnf/edit.h does so and keeps checksums right.
 *
 * What follows the headers is read through a cursor (vnf_cursor_at()), which never leaves the
 * packet either.
 *
 * Context: the thread that owns the packet, mostly a worker.
 */

#include <stdbool.h>
#include <stdint.h>

#include <netinet/in.h>

#include <rte_arp.h>
#include <rte_branch_prediction.h>
#include <rte_byteorder.h>
#include <rte_ether.h>
#include <rte_icmp.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include <vnf/counter.h>

#ifdef __cplusplus
extern "C" {
#endif

/** VLAN tags that are read; a third one is payload. */
#define VNF_VLANS_MAX 2
/** Value of vnf_headers.proto where there is no IP header. */
#define VNF_PROTO_NONE 255

/** Bits of vnf_headers.flags. */
enum vnf_headers_flag {
	VNF_FRAGMENT = 1,       /**< A part of a datagram only. */
	VNF_FRAGMENTS_MORE = 2, /**< And not the last one. */
	VNF_IP_OPTIONS = 4,     /**< IPv4 options, or IPv6 extension headers. */
	VNF_SOURCE_ROUTED = 8,  /**< By a source route whose end it has not reached. */
	VNF_QUOTED = 16,        /**< Quoted in an ICMP error: vnf_parse_quote(). */
	VNF_QUOTE_CUT = 32,     /**< And not to its end. */
};

/**
 * Where the headers of a packet are. Places are octets from the start of the frame; numbers are in
 * host order.
 */
struct vnf_headers {
	uint32_t end;             /**< First octet after the IP packet; padding follows. */
	uint16_t l3;              /**< Where layer 3 begins: after Ethernet and its tags. */
	uint16_t l4;              /**< Where layer 4 begins; 0: it is not there. */
	uint16_t payload;         /**< First octet after all headers. */
	uint16_t l4_sum;          /**< Where layer 4's Internet checksum is; 0: it has none. */
	uint16_t outer_sum;       /**< Where the checksum of the ICMP error around it is, or 0. */
	uint16_t ether_type;      /**< After the tags. Of a quote, by its IP version. */
	uint16_t vlan[2];         /**< Tag control information, outermost first. */
	uint16_t fragment_offset; /**< Octets of the datagram before this fragment. */
	uint16_t fragment_header; /**< Header with the fragment's identification, or 0. */
	uint8_t n_vlans;          /**< Tags, 0 to VNF_VLANS_MAX. */
	uint8_t proto;            /**< IPPROTO_..., or VNF_PROTO_NONE. */
	uint8_t flags;            /**< Bits of enum vnf_headers_flag. */
	uint8_t unused;           /**< Zero. */
};

/** 16 bits of a packet, which may lie at any address. */
struct vnf_u16 {
	uint16_t value; /**< As they are in the packet. */
} __rte_packed;

/** 32 bits of a packet, which may lie at any address. */
struct vnf_u32 {
	uint32_t value; /**< As they are in the packet. */
} __rte_packed;

/** A place in a packet, and an end that it does not pass. */
struct vnf_cursor {
	struct rte_mbuf *pkt; /**< The packet. */
	uint32_t at;          /**< Next octet. */
	uint32_t end;         /**< First octet that is out of bounds. */
	bool split;           /**< Octets were there, but could not be brought together. */
};

/**
 * Bring the first octets of a packet together in its first segment.
 *
 * @param pkt
 *   The packet. Its segments are written to, and freed when they become empty.
 * @param octets
 *   How many.
 * @return
 *   0; -EMSGSIZE: the packet is shorter; -ENOSPC: the first segment has no room; -EBUSY: a segment
 *   is shared with others. Then the packet is as it was.
 */
int vnf_packet_pull(struct rte_mbuf *pkt, uint32_t octets);

/**
 * A cursor.
 *
 * @param pkt
 *   The packet, borrowed as long as the cursor is used.
 * @param at
 *   Where it begins, in octets from the start of the frame.
 * @param end
 *   Where it ends; what is beyond the packet is cut off.
 * @return
 *   The cursor.
 */
static inline struct vnf_cursor vnf_cursor_at(struct rte_mbuf *pkt, uint32_t at, uint32_t end)
{
	struct vnf_cursor c = { pkt, at, end, false };

	if (c.end > pkt->pkt_len)
		c.end = pkt->pkt_len;
	if (c.at > c.end)
		c.at = c.end;
	return c;
}

/**
 * Octets before the cursor's end.
 *
 * @param c
 *   The cursor.
 * @return
 *   Their number.
 */
static inline uint32_t vnf_cursor_left(const struct vnf_cursor *c)
{
	return c->end - c->at;
}

/**
 * Take the next octets, side by side. If they lie in more than one segment, the packet is changed
 * so that they do not (vnf_packet_pull()); pointers taken before are no longer valid then.
 *
 * @param c
 *   The cursor, which goes on behind them.
 * @param octets
 *   How many.
 * @return
 *   The first of them; NULL: fewer are left, or (c->split) they cannot be brought together. Then
 *   the cursor stays.
 */
static inline void *vnf_cursor_take(struct vnf_cursor *c, uint32_t octets)
{
	void *taken;

	if (unlikely(octets > c->end - c->at))
		return NULL;
	if (unlikely(c->at + octets > c->pkt->data_len && octets > 0) &&
	    vnf_packet_pull(c->pkt, c->at + octets) < 0) {
		c->split = true;
		return NULL;
	}
	taken = rte_pktmbuf_mtod_offset(c->pkt, void *, c->at);
	c->at += octets;
	return taken;
}

/**
 * Copy the next octets, from however many segments. The packet stays as it is.
 *
 * @param c
 *   The cursor, which goes on behind them.
 * @param[out] to
 *   Room for them.
 * @param octets
 *   How many.
 * @return
 *   True; false: fewer are left, and nothing was done.
 */
bool vnf_cursor_copy(struct vnf_cursor *c, void *to, uint32_t octets);

/**
 * Pass over the next octets.
 *
 * @param c
 *   The cursor.
 * @param octets
 *   How many.
 * @return
 *   True; false: fewer are left, and nothing was done.
 */
static inline bool vnf_cursor_skip(struct vnf_cursor *c, uint32_t octets)
{
	if (octets > c->end - c->at)
		return false;
	c->at += octets;
	return true;
}

/**
 * vnf_parse() for all that is not the plain case.
 *
 * @param pkt
 *   As of vnf_parse().
 * @param[out] h
 *   As of vnf_parse().
 * @return
 *   As of vnf_parse().
 */
uint32_t vnf_parse_any(struct rte_mbuf *pkt, struct vnf_headers *h);

/** First octet of an IPv4 header without options. */
#define VNF_IPV4_PLAIN 0x45

/**
 * The usual layer 4: UDP or TCP, whole and in the first segment.
 *
 * @param pkt
 *   The packet.
 * @param[in,out] h
 *   Its headers; `l4`, `end` and `proto` are set, `payload` and `l4_sum` will be.
 * @return
 *   True: it is one, and nothing is wrong with it.
 */
static inline bool vnf_parse_plain_l4(const struct rte_mbuf *pkt, struct vnf_headers *h)
{
	const void *l4 = rte_pktmbuf_mtod_offset(pkt, const void *, h->l4);
	uint32_t octets = h->end - h->l4, bytes;

	if (h->proto == IPPROTO_UDP) {
		uint16_t length = rte_be_to_cpu_16(((const struct rte_udp_hdr *)l4)->dgram_len);

		bytes = sizeof(struct rte_udp_hdr);
		h->l4_sum = (uint16_t)(h->l4 + offsetof(struct rte_udp_hdr, dgram_cksum));
		h->payload = (uint16_t)(h->l4 + bytes);
		return length >= bytes && length <= octets;
	}
	if (h->proto != IPPROTO_TCP || octets < sizeof(struct rte_tcp_hdr) ||
	    pkt->data_len < h->l4 + sizeof(struct rte_tcp_hdr))
		return false;
	bytes = (((const struct rte_tcp_hdr *)l4)->data_off >> 4) * 4u;
	h->l4_sum = (uint16_t)(h->l4 + offsetof(struct rte_tcp_hdr, cksum));
	h->payload = (uint16_t)(h->l4 + bytes);
	return bytes >= sizeof(struct rte_tcp_hdr) && bytes <= octets &&
	       h->payload <= pkt->data_len;
}

/**
 * The usual IPv4 packet: no options, no fragment, UDP or TCP; its headers in the first segment.
 *
 * @param pkt
 *   The packet, with IPv4 by its type.
 * @param l3
 *   Where the IPv4 header begins.
 * @param[out] h
 *   Its headers, if it is one; tags are for the caller to add.
 * @return
 *   True: it is one, and nothing is wrong with it.
 */
static inline bool vnf_parse_plain_ipv4(const struct rte_mbuf *pkt, uint16_t l3,
					struct vnf_headers *h)
{
	const struct rte_ipv4_hdr *ip =
		rte_pktmbuf_mtod_offset(pkt, const struct rte_ipv4_hdr *, l3);
	uint16_t length;

	if (pkt->data_len < l3 + sizeof(*ip) + sizeof(struct rte_udp_hdr) ||
	    ip->version_ihl != VNF_IPV4_PLAIN ||
	    (ip->fragment_offset & RTE_BE16(RTE_IPV4_HDR_MF_FLAG | RTE_IPV4_HDR_OFFSET_MASK)) != 0)
		return false;
	length = rte_be_to_cpu_16(ip->total_length);
	if (length < sizeof(*ip) + sizeof(struct rte_udp_hdr) || l3 + length > pkt->pkt_len)
		return false;
	*h = (struct vnf_headers){
		.end = (uint32_t)l3 + length,
		.l3 = l3,
		.l4 = (uint16_t)(l3 + sizeof(*ip)),
		.ether_type = RTE_ETHER_TYPE_IPV4,
		.proto = ip->next_proto_id,
	};
	return vnf_parse_plain_l4(pkt, h);
}

/**
 * Find the headers of a packet and check them.
 *
 * RFC 791, 826, 4302, 8200 for the formats; RFC 1858, 5722 and 7112 for fragments that are
 * attempts to pass something by. Checksums are not looked at, nor TCP options
 * (vnf_tcp_options_check()), nor what is beyond layer 4's header.
 *
 * @param pkt
 *   The packet. If its headers are spread over several segments, they are brought together.
 * @param[out] h
 *   What was found, as far as it was read.
 * @return
 *   0: all is well, also when layer 3 or 4 is one that is not known here (then h->payload is where
 *   that begins). Else the VNF_DROP_... reason that says what is wrong.
 */
static inline uint32_t vnf_parse(struct rte_mbuf *pkt, struct vnf_headers *h)
{
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(pkt, const struct rte_ether_hdr *);

	if (likely(pkt->data_len >= sizeof(*eth) &&
		   eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV4) &&
		   vnf_parse_plain_ipv4(pkt, sizeof(*eth), h)))
		return 0;
	return vnf_parse_any(pkt, h);
}

/**
 * Ethernet header.
 *
 * @param pkt
 *   A packet for which vnf_parse() returned 0.
 * @return
 *   The header, in the packet.
 */
static inline struct rte_ether_hdr *vnf_ether(struct rte_mbuf *pkt)
{
	return rte_pktmbuf_mtod(pkt, struct rte_ether_hdr *);
}

/**
 * ARP packet; only where h->ether_type is RTE_ETHER_TYPE_ARP.
 *
 * @param pkt
 *   The packet.
 * @param h
 *   Its headers.
 * @return
 *   The header, in the packet.
 */
static inline struct rte_arp_hdr *vnf_arp(struct rte_mbuf *pkt, const struct vnf_headers *h)
{
	return rte_pktmbuf_mtod_offset(pkt, struct rte_arp_hdr *, h->l3);
}

/**
 * Is layer 3 IPv4?
 *
 * @param h
 *   The headers.
 * @return
 *   True or false.
 */
static inline bool vnf_is_ipv4(const struct vnf_headers *h)
{
	return h->ether_type == RTE_ETHER_TYPE_IPV4;
}

/**
 * Is layer 3 IPv6?
 *
 * @param h
 *   The headers.
 * @return
 *   True or false.
 */
static inline bool vnf_is_ipv6(const struct vnf_headers *h)
{
	return h->ether_type == RTE_ETHER_TYPE_IPV6;
}

/**
 * IPv4 header; only where vnf_is_ipv4().
 *
 * @param pkt
 *   The packet.
 * @param h
 *   Its headers.
 * @return
 *   The header, in the packet.
 */
static inline struct rte_ipv4_hdr *vnf_ipv4(struct rte_mbuf *pkt, const struct vnf_headers *h)
{
	return rte_pktmbuf_mtod_offset(pkt, struct rte_ipv4_hdr *, h->l3);
}

/**
 * IPv6 header; only where vnf_is_ipv6().
 *
 * @param pkt
 *   The packet.
 * @param h
 *   Its headers.
 * @return
 *   The header, in the packet.
 */
static inline struct rte_ipv6_hdr *vnf_ipv6(struct rte_mbuf *pkt, const struct vnf_headers *h)
{
	return rte_pktmbuf_mtod_offset(pkt, struct rte_ipv6_hdr *, h->l3);
}

/**
 * TCP header; only where h->proto is IPPROTO_TCP and h->l4 is not 0. Of a quote, no more than the
 * first 8 octets are sure to be there.
 *
 * @param pkt
 *   The packet.
 * @param h
 *   Its headers.
 * @return
 *   The header, in the packet.
 */
static inline struct rte_tcp_hdr *vnf_tcp(struct rte_mbuf *pkt, const struct vnf_headers *h)
{
	return rte_pktmbuf_mtod_offset(pkt, struct rte_tcp_hdr *, h->l4);
}

/**
 * UDP header; only where h->proto is IPPROTO_UDP and h->l4 is not 0.
 *
 * @param pkt
 *   The packet.
 * @param h
 *   Its headers.
 * @return
 *   The header, in the packet.
 */
static inline struct rte_udp_hdr *vnf_udp(struct rte_mbuf *pkt, const struct vnf_headers *h)
{
	return rte_pktmbuf_mtod_offset(pkt, struct rte_udp_hdr *, h->l4);
}

/**
 * ICMP or ICMPv6 header, its first 8 octets; only where vnf_is_icmp().
 *
 * @param pkt
 *   The packet.
 * @param h
 *   Its headers.
 * @return
 *   The header, in the packet.
 */
static inline struct rte_icmp_hdr *vnf_icmp(struct rte_mbuf *pkt, const struct vnf_headers *h)
{
	return rte_pktmbuf_mtod_offset(pkt, struct rte_icmp_hdr *, h->l4);
}

/**
 * Is layer 4 ICMP over IPv4, or ICMPv6 over IPv6, and its header there?
 *
 * @param h
 *   The headers.
 * @return
 *   True or false.
 */
static inline bool vnf_is_icmp(const struct vnf_headers *h)
{
	return h->l4 != 0 && ((h->proto == IPPROTO_ICMP && vnf_is_ipv4(h)) ||
			      (h->proto == IPPROTO_ICMPV6 && vnf_is_ipv6(h)));
}

/**
 * Does layer 4 begin with a source and a destination port, and are they there?
 *
 * @param h
 *   The headers.
 * @return
 *   True for TCP, UDP, UDP-Lite, SCTP and DCCP, but for fragments that are not the first.
 */
static inline bool vnf_has_ports(const struct vnf_headers *h)
{
	return h->l4 != 0 &&
	       (h->proto == IPPROTO_TCP || h->proto == IPPROTO_UDP || h->proto == IPPROTO_SCTP ||
		h->proto == IPPROTO_UDPLITE || h->proto == IPPROTO_DCCP);
}

/** The first octets of TCP, UDP, UDP-Lite, SCTP and DCCP. */
struct vnf_ports {
	rte_be16_t src; /**< Source port. */
	rte_be16_t dst; /**< Destination port. */
} __rte_packed;

/**
 * Ports; only where vnf_has_ports().
 *
 * @param pkt
 *   The packet.
 * @param h
 *   Its headers.
 * @return
 *   The ports, in the packet.
 */
static inline struct vnf_ports *vnf_ports(struct rte_mbuf *pkt, const struct vnf_headers *h)
{
	return rte_pktmbuf_mtod_offset(pkt, struct vnf_ports *, h->l4);
}

/**
 * Is the packet an ICMP or ICMPv6 error, which quotes the packet that it is about? RFC 792: types
 * 3, 4, 5, 11 and 12; RFC 4443 section 2.1: types below 128.
 *
 * @param pkt
 *   The packet.
 * @param h
 *   Its headers.
 * @return
 *   True or false.
 */
static inline bool vnf_is_icmp_error(struct rte_mbuf *pkt, const struct vnf_headers *h)
{
	uint8_t type;

	if (!vnf_is_icmp(h))
		return false;
	type = vnf_icmp(pkt, h)->icmp_type;
	if (h->proto == IPPROTO_ICMPV6)
		return type < 128;
	return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
}

/**
 * Find the headers of the packet that an ICMP error quotes. Quotes may be cut short (RFC 792: 8
 * octets of layer 4): what vnf_parse() demands of a header is demanded of its first 8 octets only,
 * and the length of the quoted packet may pass what is there (VNF_QUOTE_CUT). Extensions at its end
 * (RFC 4884) do not belong to it. The functions of vnf/edit.h change the quote and what depends on
 * it, the checksum of the error, too.
 *
 * @param pkt
 *   The packet, for which vnf_is_icmp_error().
 * @param outer
 *   Its headers.
 * @param[out] h
 *   The headers of the quote. The frame has its Ethernet header and tags only once.
 * @return
 *   0; VNF_DROP_ICMP_QUOTE if the quote is no IP packet of the same version, or its headers are
 *   wrong; VNF_DROP_HEADERS_SPLIT.
 */
uint32_t vnf_parse_quote(struct rte_mbuf *pkt, const struct vnf_headers *outer,
			 struct vnf_headers *h);

/**
 * Check the lengths of TCP's options, RFC 9293 section 3.1.
 *
 * @param pkt
 *   The packet, with TCP (h->proto, h->l4), not a quote.
 * @param h
 *   Its headers.
 * @return
 *   0, or VNF_DROP_TCP_OPTIONS.
 */
uint32_t vnf_tcp_options_check(struct rte_mbuf *pkt, const struct vnf_headers *h);

/**
 * Find a TCP option.
 *
 * @param pkt
 *   The packet, with TCP (h->proto, h->l4), not a quote.
 * @param h
 *   Its headers.
 * @param kind
 *   Of the option, 2 to 255: 2 is the maximum segment size.
 * @param[out] octets
 *   Length of the option with kind and length, 2 to 40; NULL: not wanted.
 * @return
 *   Where it begins, in octets from the start of the frame; 0: there is none, or an option before
 *   it has a wrong length.
 */
uint32_t vnf_tcp_option_find(struct rte_mbuf *pkt, const struct vnf_headers *h, uint8_t kind,
			     uint8_t *octets);

#ifdef __cplusplus
}
#endif

#endif
