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

#include <vnf/packet.h>

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

/* Is it the checksum that a reader of the packet finds? Others, such as one inside of a tunnel,
 * have no name in an mbuf.
 */
static bool is_layer_4(const struct virtio_net_hdr *hdr, const struct vnf_headers *h)
{
	return h->l4 != 0 && hdr->csum_start == h->l4 &&
	       (uint32_t)hdr->csum_start + hdr->csum_offset == h->l4_sum;
}

static int checksum_read(const struct virtio_net_hdr *hdr, struct rte_mbuf *pkt, uint32_t offloads)
{
	struct vnf_headers h;

	if ((hdr->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) == 0)
		return 0;
	if (offloads == VNF_OFFLOADS_NONE || vnf_parse(pkt, &h) != 0 || !is_layer_4(hdr, &h))
		return checksum_complete(pkt, hdr->csum_start, hdr->csum_offset);
	pkt->ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_NONE;
	return 0;
}

/* What the header says must be true of the packet; whoever cuts it relies on that. */
static int tso_read(const struct virtio_net_hdr *hdr, struct rte_mbuf *pkt)
{
	/* That it has CWR the packet says too; who cuts it looks there. */
	uint8_t type = hdr->gso_type & (uint8_t)~VIRTIO_NET_HDR_GSO_ECN;
	bool v4 = type == VIRTIO_NET_HDR_GSO_TCPV4;
	struct vnf_headers h;

	if (!v4 && type != VIRTIO_NET_HDR_GSO_TCPV6)
		return -EOPNOTSUPP;
	if ((hdr->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) == 0 || hdr->gso_size < VNF_TSO_MIN ||
	    vnf_parse(pkt, &h) != 0 || h.proto != IPPROTO_TCP || !is_layer_4(hdr, &h) ||
	    v4 != vnf_is_ipv4(&h) || (h.flags & VNF_FRAGMENT) != 0)
		return -EBADMSG;
	pkt->ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_NONE | RTE_MBUF_F_RX_LRO;
	pkt->tso_segsz = hdr->gso_size;
	return 0;
}

int vnet_hdr_read(const struct virtio_net_hdr *hdr, struct rte_mbuf *pkt, uint32_t offloads)
{
	if (likely(!vnet_hdr_is_gso(hdr)))
		return checksum_read(hdr, pkt, offloads);
	return offloads == VNF_OFFLOADS_TSO ? tso_read(hdr, pkt) : -EOPNOTSUPP;
}

int vnet_hdr_write(struct virtio_net_hdr *hdr, const struct rte_mbuf *pkt)
{
	uint64_t l4 = pkt->ol_flags & RTE_MBUF_F_TX_L4_MASK;
	uint32_t start = (uint32_t)pkt->l2_len + pkt->l3_len;

	memset(hdr, 0, sizeof(*hdr));
	if (likely(!vnf_is_open(pkt)))
		return 0;
	if (l4 != RTE_MBUF_F_TX_TCP_CKSUM && l4 != RTE_MBUF_F_TX_UDP_CKSUM)
		return -EOPNOTSUPP;
	hdr->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	hdr->csum_start = (uint16_t)start;
	hdr->csum_offset = l4 == RTE_MBUF_F_TX_TCP_CKSUM
				   ? (uint16_t)offsetof(struct rte_tcp_hdr, cksum)
				   : (uint16_t)offsetof(struct rte_udp_hdr, dgram_cksum);
	if ((pkt->ol_flags & RTE_MBUF_F_TX_TCP_SEG) == 0)
		return 0;
	hdr->gso_type = (pkt->ol_flags & RTE_MBUF_F_TX_IPV4) != 0 ? VIRTIO_NET_HDR_GSO_TCPV4
								  : VIRTIO_NET_HDR_GSO_TCPV6;
	hdr->gso_size = pkt->tso_segsz;
	hdr->hdr_len = (uint16_t)(start + pkt->l4_len);
	return 0;
}
