/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * TCP over IPv4 with its checksum left open, in as many buffers as it takes, for tests of what
 * becomes of it; and a look whether a checksum is right, by DPDK's functions.
 */
#ifndef TCP_SUPPORT_H
#define TCP_SUPPORT_H

#include <criterion/criterion.h>

#include <string.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_tcp.h>

#include <vnf/port.h>

/* As it is received. */
#define TCP_OPEN RTE_MBUF_F_RX_L4_CKSUM_NONE
#define TCP_OPEN_TSO (RTE_MBUF_F_RX_L4_CKSUM_NONE | RTE_MBUF_F_RX_LRO)
/* As it is sent to a port that takes it. */
#define TCP_SENT_OPEN (RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_TCP_CKSUM)
#define TCP_SENT_TSO (TCP_SENT_OPEN | RTE_MBUF_F_TX_TCP_SEG)

#define TCP_TAKES_TSO (VNF_TAKES_CHECKSUM | VNF_TAKES_TSO4 | VNF_TAKES_TSO6)
#define TCP_L4 (RTE_ETHER_HDR_LEN + sizeof(struct rte_ipv4_hdr))
/* Octets in front of the payload. */
#define TCP_HEADERS (TCP_L4 + sizeof(struct rte_tcp_hdr))
/* Octets of payload in a buffer. */
#define TCP_STEP 1777
/* Octets of a segment, where it is to be cut. */
#define TCP_SEGMENT 1000

static inline void tcp_support_headers(uint8_t *frame, uint16_t octets)
{
	struct rte_ether_hdr *eth = (struct rte_ether_hdr *)frame;
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(eth + 1);
	struct rte_tcp_hdr *tcp = (struct rte_tcp_hdr *)(ip + 1);

	memset(frame, 0, TCP_HEADERS);
	eth->dst_addr.addr_bytes[0] = 2;
	eth->dst_addr.addr_bytes[5] = 9;
	eth->src_addr.addr_bytes[0] = 2;
	eth->ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4);
	ip->version_ihl = RTE_IPV4_VHL_DEF;
	ip->total_length = rte_cpu_to_be_16((uint16_t)(40 + octets));
	ip->time_to_live = 64;
	ip->next_proto_id = IPPROTO_TCP;
	ip->src_addr = RTE_BE32(RTE_IPV4(10, 9, 0, 2));
	ip->dst_addr = RTE_BE32(RTE_IPV4(10, 9, 0, 1));
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	tcp->src_port = RTE_BE16(4000);
	tcp->dst_port = RTE_BE16(9);
	tcp->data_off = 0x50;
	tcp->tcp_flags = RTE_TCP_ACK_FLAG;
	tcp->cksum = rte_ipv4_phdr_cksum(ip, 0);
}

static inline struct rte_mbuf *tcp_support_buffer(struct rte_mempool *pool, uint16_t octets)
{
	struct rte_mbuf *buffer = rte_pktmbuf_alloc(pool);

	cr_assert_not_null(buffer);
	cr_assert_not_null(rte_pktmbuf_append(buffer, octets));
	return buffer;
}

/* Its headers are in a buffer of their own; `flags`: what it leaves open. */
static inline struct rte_mbuf *tcp_support_frame(struct rte_mempool *pool, uint16_t octets,
						 uint64_t flags)
{
	uint8_t headers[TCP_HEADERS] __rte_aligned(2);
	struct rte_mbuf *pkt;

	tcp_support_headers(headers, octets);
	pkt = tcp_support_buffer(pool, TCP_HEADERS);
	memcpy(rte_pktmbuf_mtod(pkt, void *), headers, TCP_HEADERS);
	pkt->ol_flags |= flags;
	pkt->tso_segsz = TCP_SEGMENT;
	for (uint16_t n, number = 0; octets > 0; octets -= n, number++) {
		struct rte_mbuf *seg;

		n = RTE_MIN(octets, TCP_STEP);
		seg = tcp_support_buffer(pool, n);
		memset(rte_pktmbuf_mtod(seg, void *), 0x3b + number, n);
		cr_assert_eq(rte_pktmbuf_chain(pkt, seg), 0);
	}
	return pkt;
}

/* The same as vnf_fit_next() gives it to a port. */
static inline struct rte_mbuf *tcp_support_fitting(struct rte_mempool *pool, uint16_t octets,
						   uint64_t flags)
{
	struct rte_mbuf *pkt = tcp_support_frame(pool, octets, flags);

	pkt->l2_len = RTE_ETHER_HDR_LEN;
	pkt->l3_len = sizeof(struct rte_ipv4_hdr);
	pkt->l4_len = sizeof(struct rte_tcp_hdr);
	return pkt;
}

/* `pkt` has the payload of a frame with so many octets. */
static inline bool tcp_support_payload_is(const struct rte_mbuf *pkt, uint16_t octets)
{
	static uint8_t copy[UINT16_MAX];
	const uint8_t *data;

	if (pkt->pkt_len != TCP_HEADERS + octets)
		return false;
	data = rte_pktmbuf_read(pkt, TCP_HEADERS, octets, copy);
	for (uint16_t i = 0; i < octets; i++)
		if (data[i] != 0x3b + i / TCP_STEP)
			return false;
	return true;
}

/* Are the checksums of a frame, of one that needs no cutting, complete and right? */
static inline bool tcp_support_is_whole(const struct rte_mbuf *pkt)
{
	static uint8_t copy[2048] __rte_aligned(2);
	const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)(copy + RTE_ETHER_HDR_LEN);
	uint32_t sum, n = pkt->pkt_len;
	const void *data;

	if (n < TCP_HEADERS || n > sizeof(copy))
		return false;
	data = rte_pktmbuf_read(pkt, 0, n, copy);
	if (data != copy)
		memcpy(copy, data, n);
	if (ip->version_ihl != RTE_IPV4_VHL_DEF || rte_ipv4_cksum(ip) != 0)
		return false;
	sum = (uint32_t)rte_ipv4_phdr_cksum(ip, 0) + rte_raw_cksum(ip + 1, n - TCP_L4);
	return (sum & UINT16_MAX) + (sum >> 16) == UINT16_MAX;
}

#endif
