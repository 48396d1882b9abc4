/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * See packet_sum.h.
 */

#include "packet_sum.h"

#include <stdbool.h>
#include <string.h>

#include <rte_hash_crc.h>
#include <rte_ip.h>

#define IPV6_BYTES 16
#define DCCP_COVERAGE 5
#define DCCP_COVERAGE_BITS 15

/* Not rte_raw_cksum_mbuf(): in 22.11 it cuts the sum of a segment that begins at an odd octet to 16
 * bits before folding it.
 */
uint16_t packet_sum(const struct rte_mbuf *pkt, uint32_t at, uint32_t end)
{
	const struct rte_mbuf *seg = pkt;
	uint32_t left = end - at;
	uint64_t sum = 0;
	bool odd = false;

	for (; seg != NULL && at >= seg->data_len; seg = seg->next)
		at -= seg->data_len;
	for (; left > 0 && seg != NULL; seg = seg->next, at = 0) {
		uint32_t n = RTE_MIN(left, seg->data_len - at);
		uint16_t part = rte_raw_cksum(rte_pktmbuf_mtod_offset(seg, const void *, at), n);

		sum += odd ? rte_bswap16(part) : part;
		odd ^= n & 1;
		left -= n;
	}
	while (sum > UINT16_MAX)
		sum = (sum & UINT16_MAX) + (sum >> 16);
	return (uint16_t)sum;
}

/* Not rte_hash_crc(): it reads words where octets may lie at any address. */
static uint32_t crc32c_add(uint32_t crc, const uint8_t *data, uint32_t n)
{
	for (; n >= sizeof(uint64_t); n -= (uint32_t)sizeof(uint64_t)) {
		uint64_t word;

		memcpy(&word, data, sizeof(word));
		crc = rte_hash_crc_8byte(word, crc);
		data += sizeof(word);
	}
	for (; n > 0; n--)
		crc = rte_hash_crc_1byte(*data++, crc);
	return crc;
}

uint32_t packet_crc32c(const struct rte_mbuf *pkt, uint32_t at, uint32_t end)
{
	static const uint8_t zero[sizeof(uint32_t)];
	const struct rte_mbuf *seg = pkt;
	uint32_t crc, left;

	crc = crc32c_add(UINT32_MAX, rte_pktmbuf_mtod_offset(pkt, const uint8_t *, at), SCTP_SUM);
	crc = crc32c_add(crc, zero, sizeof(zero));
	at += SCTP_SUM + (uint32_t)sizeof(zero);
	left = end - at;
	for (; seg != NULL && at >= seg->data_len; seg = seg->next)
		at -= seg->data_len;
	for (; left > 0 && seg != NULL; seg = seg->next, at = 0) {
		uint32_t n = RTE_MIN(left, seg->data_len - at);

		crc = crc32c_add(crc, rte_pktmbuf_mtod_offset(seg, const uint8_t *, at), n);
		left -= n;
	}
	return rte_cpu_to_le_32(~crc);
}

uint32_t packet_covered(struct rte_mbuf *pkt, const struct vnf_headers *h)
{
	const uint8_t *l4 = rte_pktmbuf_mtod_offset(pkt, const uint8_t *, h->l4);
	uint32_t all = h->end - h->l4, n = all;

	if (h->proto == IPPROTO_UDP || h->proto == IPPROTO_UDPLITE) {
		n = rte_be_to_cpu_16(((const struct rte_udp_hdr *)l4)->dgram_len);
		if (n == 0 && h->proto == IPPROTO_UDPLITE)
			n = all;
	} else if (h->proto == IPPROTO_DCCP && (l4[DCCP_COVERAGE] & DCCP_COVERAGE_BITS) != 0) {
		/* RFC 4340 section 9.2: the header and options, and some words of the data. */
		n = h->payload - h->l4 + ((l4[DCCP_COVERAGE] & DCCP_COVERAGE_BITS) - 1u) * 4;
		n = RTE_MIN(n, all);
	}
	return n <= all ? n : 0;
}

uint32_t packet_addresses_sum(struct rte_mbuf *pkt, const struct vnf_headers *h)
{
	uint16_t addresses =
		vnf_is_ipv4(h) ? rte_raw_cksum(&vnf_ipv4(pkt, h)->src_addr, 2 * sizeof(rte_be32_t))
			       : rte_raw_cksum(vnf_ipv6(pkt, h)->src_addr, 2 * IPV6_BYTES);

	return addresses + (uint32_t)rte_cpu_to_be_16(h->proto);
}

/* Not rte_ipv6_phdr_cksum(): it takes length and protocol from the IPv6 header, which are others
 * with extension headers.
 */
uint16_t packet_pseudo_sum(struct rte_mbuf *pkt, const struct vnf_headers *h)
{
	/* UDP's own length, which may be less than there is; UDP-Lite's is all there is. */
	uint32_t length = h->proto == IPPROTO_UDP ? packet_covered(pkt, h) : h->end - h->l4;

	if (h->proto == IPPROTO_ICMP)
		return 0;
	return vnf_sum_fold(packet_addresses_sum(pkt, h) + rte_cpu_to_be_16((uint16_t)length));
}
