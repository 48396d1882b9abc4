/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * A frame as its words say: right lengths and checksums, and what nobody asks about as a host would
 * choose it. Pure; control thread.
 */
#include "explain.h"

#include <netinet/in.h>

#include <rte_byteorder.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "policy_words.h"

#define TTL 64
#define HOPS_ON_LINK 255 /* RFC 4861: of Neighbour Discovery */
#define HOPS_MLD 1       /* RFC 2710 section 3 */
#define PAYLOAD 24       /* a multiple of 8, as fragments but the last are */
#define FRAGMENT_ID 1

struct ports {
	rte_be16_t src;
	rte_be16_t dst;
};

/* ---- layer 4 ---- */

/* More than there is, if it goes on in other fragments. */
static uint16_t datagram_octets(const struct fw_words *words, uint16_t octets)
{
	return (uint16_t)(octets + (words->fragment ? PAYLOAD : 0));
}

static uint16_t tcp_make(const struct fw_words *words, uint8_t *at)
{
	struct rte_tcp_hdr *tcp = (void *)at;

	*tcp = (struct rte_tcp_hdr){
		.src_port = rte_cpu_to_be_16(words->port[0]),
		.dst_port = rte_cpu_to_be_16(words->port[1]),
		.data_off = sizeof(*tcp) / 4 << 4,
		.tcp_flags = words->flags,
		.rx_win = UINT16_MAX,
	};
	return (uint16_t)(sizeof(*tcp) + (words->fragment ? PAYLOAD - sizeof(*tcp) % 8 : 0));
}

static uint16_t udp_make(const struct fw_words *words, uint8_t *at)
{
	struct rte_udp_hdr *udp = (void *)at;
	uint16_t octets = sizeof(*udp) + PAYLOAD;

	*udp = (struct rte_udp_hdr){
		.src_port = rte_cpu_to_be_16(words->port[0]),
		.dst_port = rte_cpu_to_be_16(words->port[1]),
		.dgram_len = rte_cpu_to_be_16(datagram_octets(words, octets)),
	};
	return octets;
}

static uint16_t icmp_make(const struct fw_words *words, uint8_t *at)
{
	at[0] = words->icmp_type;
	at[1] = words->icmp_code;
	at[4] = (uint8_t)(words->id >> 8);
	at[5] = (uint8_t)words->id;
	return 8 + PAYLOAD;
}

/* All that is read of them is their ports. */
static uint16_t other_make(const struct fw_words *words, uint8_t *at)
{
	struct ports ports = { rte_cpu_to_be_16(words->port[0]), rte_cpu_to_be_16(words->port[1]) };

	if (fw_proto_has_ports(words->proto))
		memcpy(at, &ports, sizeof(ports));
	if (words->proto == IPPROTO_DCCP)
		at[4] = 16 / 4; /* RFC 4340 section 5.1: data offset */
	return 8 + PAYLOAD;
}

static uint16_t l4_make(const struct fw_words *words, uint8_t *at)
{
	switch (words->proto) {
	case IPPROTO_TCP:
		return tcp_make(words, at);
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
		return udp_make(words, at);
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return icmp_make(words, at);
	default:
		return other_make(words, at);
	}
}

/* Where the checksum is, from the header on; 0: it has none that matters here. */
static uint16_t sum_at(uint8_t proto)
{
	switch (proto) {
	case IPPROTO_TCP:
		return offsetof(struct rte_tcp_hdr, cksum);
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
		return offsetof(struct rte_udp_hdr, dgram_cksum);
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return 2;
	default:
		return 0;
	}
}

static void sum_put(const struct fw_words *words, uint8_t *l4, uint16_t sum)
{
	uint16_t at = sum_at(words->proto);

	if (at != 0)
		memcpy(l4 + at, &sum, sizeof(sum));
}

/* ---- IP ---- */

static uint16_t ipv4_make(const struct fw_words *words, uint8_t *at)
{
	struct rte_ipv4_hdr *ip = (void *)at;
	uint8_t *l4 = at + sizeof(*ip);
	uint16_t octets = l4_make(words, l4);

	*ip = (struct rte_ipv4_hdr){
		.version_ihl = RTE_IPV4_VHL_DEF,
		.total_length = rte_cpu_to_be_16((uint16_t)(sizeof(*ip) + octets)),
		.packet_id = RTE_BE16(FRAGMENT_ID),
		.fragment_offset = words->fragment ? RTE_BE16(RTE_IPV4_HDR_MF_FLAG) : 0,
		.time_to_live = TTL,
		.next_proto_id = words->proto,
	};
	memcpy(&ip->src_addr, words->addr[0], sizeof(ip->src_addr));
	memcpy(&ip->dst_addr, words->addr[1], sizeof(ip->dst_addr));
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	if (words->proto == IPPROTO_ICMP)
		sum_put(words, l4, (uint16_t)~rte_raw_cksum(l4, octets));
	else if (sum_at(words->proto) != 0)
		sum_put(words, l4, rte_ipv4_udptcp_cksum(ip, l4));
	return (uint16_t)(sizeof(*ip) + octets);
}

static uint8_t hops_of(const struct fw_words *words)
{
	uint8_t type = words->icmp_type;

	if (words->proto != IPPROTO_ICMPV6)
		return TTL;
	if (type >= 133 && type <= 137)
		return HOPS_ON_LINK;
	return (type >= 130 && type <= 132) || type == 143 ? HOPS_MLD : TTL;
}

static uint16_t ipv6_make(const struct fw_words *words, uint8_t *at)
{
	struct rte_ipv6_hdr *ip = (void *)at;
	uint16_t extension = words->fragment ? 8 : 0;
	uint8_t *l4 = at + sizeof(*ip);
	uint16_t octets = l4_make(words, l4);

	*ip = (struct rte_ipv6_hdr){
		.vtc_flow = RTE_BE32(6u << 28),
		.payload_len = rte_cpu_to_be_16(octets),
		.proto = words->proto,
		.hop_limits = hops_of(words),
	};
	memcpy(ip->src_addr, words->addr[0], sizeof(ip->src_addr));
	memcpy(ip->dst_addr, words->addr[1], sizeof(ip->dst_addr));
	if (sum_at(words->proto) != 0)
		sum_put(words, l4, rte_ipv6_udptcp_cksum(ip, l4));
	if (extension != 0) { /* RFC 8200 section 4.5 */
		memmove(l4 + extension, l4, octets);
		memcpy(l4, (uint8_t[8]){ words->proto, 0, 0, 1, 0, 0, 0, FRAGMENT_ID }, extension);
		ip->proto = IPPROTO_FRAGMENT;
		ip->payload_len = rte_cpu_to_be_16((uint16_t)(octets + extension));
	}
	return (uint16_t)(sizeof(*ip) + extension + octets);
}

/* ---- Ethernet ---- */

/* A group's, or that of the port. */
static void mac_make(const struct fw_words *words, const uint8_t mac[6], uint8_t to[6])
{
	const uint8_t *dst = words->addr[1];

	memcpy(to, mac, 6);
	if (words->version == 6 && dst[0] == 0xff)
		memcpy(to, (uint8_t[]){ 0x33, 0x33, dst[12], dst[13], dst[14], dst[15] }, 6);
	else if (words->version == 4 && dst[0] == 255)
		memset(to, 0xff, 6);
	else if (words->version == 4 && dst[0] >> 4 == 14)
		memcpy(to, (uint8_t[]){ 0x01, 0x00, 0x5e, dst[1] & 0x7f, dst[2], dst[3] }, 6);
}

uint16_t fw_frame_make(const struct fw_words *words, const uint8_t mac[6], uint16_t vlan,
		       uint8_t frame[FW_EXPLAIN_FRAME_MAX])
{
	static const uint8_t from[6] = { 0x02, [5] = 0xfe };
	uint16_t type = words->version == 4 ? RTE_ETHER_TYPE_IPV4 : RTE_ETHER_TYPE_IPV6, at = 12;

	memset(frame, 0, FW_EXPLAIN_FRAME_MAX);
	mac_make(words, mac, frame);
	memcpy(frame + 6, from, sizeof(from));
	if (vlan != 0) {
		memcpy(frame + at, (uint8_t[]){ 0x81, 0, (uint8_t)(vlan >> 8), (uint8_t)vlan }, 4);
		at += 4;
	}
	frame[at++] = (uint8_t)(type >> 8);
	frame[at++] = (uint8_t)type;
	at += words->version == 4 ? ipv4_make(words, frame + at) : ipv6_make(words, frame + at);
	return at;
}
