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
