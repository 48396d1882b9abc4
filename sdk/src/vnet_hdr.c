/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * See vnet_hdr.h. The header's fields are in host order: neither TUNSETVNETLE nor TUNSETVNETBE is
 * used, and packet sockets know no other.
 */
#include "vnet_hdr.h"

#include "packet_sum.h"

#include <errno.h>
#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#define OFFLOADS_KNOWN                                                                             \
	(RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_L4_MASK | RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IPV6)

/* Write two octets, which may lie in two mbufs. `at` + 2 is within the packet. */
static void packet_write_16(struct rte_mbuf *pkt, uint32_t at, uint16_t value)
{
	const uint8_t *from = (const uint8_t *)&value;

	for (unsigned int i = 0; i < sizeof(value); i++) {
		struct rte_mbuf *seg = pkt;
		uint32_t offset = at + i;

		while (offset >= seg->data_len) {
			offset -= seg->data_len;
			seg = seg->next;
		}
		*rte_pktmbuf_mtod_offset(seg, uint8_t *, offset) = from[i];
	}
}

/* The field holds the sum of the pseudo header, so that summing up from `start` to the end gives
 * the whole. Zero is written as 0xffff: for UDP zero means no checksum (RFC 768), and for TCP the
 * two are the same number.
 */
static int checksum_complete(struct rte_mbuf *pkt, uint32_t start, uint32_t offset)
{
	uint32_t crc;
	uint16_t sum;

	if (start < RTE_ETHER_HDR_LEN || start + offset + sizeof(sum) > pkt->pkt_len)
		return -EBADMSG;
	/* SCTP, which the kernel does not tell from the others: only its checksum is there. */
	if (offset == SCTP_SUM) {
		if (start + offset + sizeof(crc) > pkt->data_len)
			return -EBADMSG;
		crc = packet_crc32c(pkt, start, pkt->pkt_len);
		memcpy(rte_pktmbuf_mtod_offset(pkt, void *, start + offset), &crc, sizeof(crc));
		return 0;
	}
	sum = (uint16_t)~packet_sum(pkt, start, pkt->pkt_len);
	packet_write_16(pkt, start + offset, sum == 0 ? UINT16_MAX : sum);
	return 0;
}

int vnet_hdr_complete(const struct virtio_net_hdr *hdr, struct rte_mbuf *pkt)
{
	if (unlikely(vnet_hdr_is_gso(hdr)))
		return -EOPNOTSUPP;
	if ((hdr->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) == 0)
		return 0;
	return checksum_complete(pkt, hdr->csum_start, hdr->csum_offset);
}

static void pseudo_header_write(struct rte_mbuf *pkt, uint16_t *field)
{
	void *l3 = rte_pktmbuf_mtod_offset(pkt, void *, pkt->l2_len);

	if ((pkt->ol_flags & RTE_MBUF_F_TX_IPV4) != 0)
		*field = rte_ipv4_phdr_cksum(l3, 0);
	else
		*field = rte_ipv6_phdr_cksum(l3, 0);
}

static int l4_make(struct virtio_net_hdr *hdr, struct rte_mbuf *pkt, size_t l3_least)
{
	uint32_t start = pkt->l2_len + pkt->l3_len;
	uint32_t offset;

	switch (pkt->ol_flags & RTE_MBUF_F_TX_L4_MASK) {
	case RTE_MBUF_F_TX_TCP_CKSUM:
		offset = offsetof(struct rte_tcp_hdr, cksum);
		break;
	case RTE_MBUF_F_TX_UDP_CKSUM:
		offset = offsetof(struct rte_udp_hdr, dgram_cksum);
		break;
	default:
		return -EOPNOTSUPP;
	}
	if (pkt->l3_len < l3_least || start + offset + sizeof(uint16_t) > pkt->data_len)
		return -EBADMSG;
	pseudo_header_write(pkt, rte_pktmbuf_mtod_offset(pkt, uint16_t *, start + offset));
	hdr->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	hdr->csum_start = (uint16_t)start;
	hdr->csum_offset = (uint16_t)offset;
	return 0;
}

static int ipv4_make(struct rte_mbuf *pkt)
{
	struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(pkt, struct rte_ipv4_hdr *, pkt->l2_len);

	if (pkt->l3_len < sizeof(*ip) || (uint32_t)pkt->l2_len + pkt->l3_len > pkt->data_len ||
	    rte_ipv4_hdr_len(ip) > pkt->l3_len)
		return -EBADMSG;
	ip->hdr_checksum = 0;
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	return 0;
}

int vnet_hdr_make(struct virtio_net_hdr *hdr, struct rte_mbuf *pkt)
{
	uint64_t asked = pkt->ol_flags & RTE_MBUF_F_TX_OFFLOAD_MASK;
	size_t l3_least;
	int ret;

	memset(hdr, 0, sizeof(*hdr));
	if (likely(asked == 0))
		return 0;
	if ((asked & ~OFFLOADS_KNOWN) != 0)
		return -EOPNOTSUPP;
	if ((asked & RTE_MBUF_F_TX_IP_CKSUM) != 0) {
		ret = ipv4_make(pkt);
		if (ret < 0)
			return ret;
	}
	if ((asked & RTE_MBUF_F_TX_L4_MASK) == 0)
		return 0;
	l3_least = (asked & RTE_MBUF_F_TX_IPV4) != 0 ? sizeof(struct rte_ipv4_hdr)
						     : sizeof(struct rte_ipv6_hdr);
	return l4_make(hdr, pkt, l3_least);
}
