/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The changes of vnf/edit.h that are rare or long. Worker, on packets that it owns.
 */

#include <vnf/edit.h>

#include "packet_sum.h"

#define L2_LEN_MASK ((1u << RTE_MBUF_L2_LEN_BITS) - 1)
#define ADDRESSES_BYTES (2 * RTE_ETHER_ADDR_LEN)
#define TAG_BYTES ((uint16_t)sizeof(struct rte_vlan_hdr))
#define IPV6_ADDR_BYTES 16
#define DSCP_MAX 63
#define IPV6_DSCP_SHIFT 6 /* within the first 16 bits: version, class, label */
#define OPTION_MSS 2
#define OPTION_MSS_BYTES 4

/* ---- VLAN tags ---- */

static uint16_t place_moved(uint16_t place, int octets)
{
	return place == 0 ? 0 : (uint16_t)(place + octets);
}

static void l2_len_move(struct rte_mbuf *pkt, int octets)
{
	if ((pkt->ol_flags & RTE_MBUF_F_TX_OFFLOAD_MASK) != 0)
		pkt->l2_len = (uint64_t)(pkt->l2_len + octets) & L2_LEN_MASK;
}

static void headers_move(struct rte_mbuf *pkt, struct vnf_headers *h, int octets)
{
	h->end = (uint32_t)((int64_t)h->end + octets);
	h->l3 = place_moved(h->l3, octets);
	h->l4 = place_moved(h->l4, octets);
	h->payload = place_moved(h->payload, octets);
	h->l4_sum = place_moved(h->l4_sum, octets);
	h->fragment_header = place_moved(h->fragment_header, octets);
	l2_len_move(pkt, octets);
}

static bool is_shared(const struct rte_mbuf *pkt)
{
	return !RTE_MBUF_DIRECT(pkt) || rte_mbuf_refcnt_read(pkt) != 1;
}

int vnf_vlan_push(struct rte_mbuf *pkt, struct vnf_headers *h, uint16_t tpid, uint16_t tci)
{
	struct rte_vlan_hdr *tag;
	uint8_t *frame;

	if ((h->flags & VNF_QUOTED) != 0)
		return -EINVAL;
	if (h->n_vlans == VNF_VLANS_MAX)
		return -E2BIG;
	if (is_shared(pkt))
		return -EBUSY;
	frame = (uint8_t *)rte_pktmbuf_prepend(pkt, TAG_BYTES);
	if (frame == NULL)
		return -ENOSPC;
	memmove(frame, frame + TAG_BYTES, ADDRESSES_BYTES);
	/* The type before the tag is the tag's own; the one that was there follows it. */
	((struct vnf_u16 *)(frame + ADDRESSES_BYTES))->value = rte_cpu_to_be_16(tpid);
	tag = (struct rte_vlan_hdr *)(frame + RTE_ETHER_HDR_LEN);
	tag->vlan_tci = rte_cpu_to_be_16(tci);
	h->vlan[1] = h->vlan[0];
	h->vlan[0] = tci;
	h->n_vlans++;
	headers_move(pkt, h, TAG_BYTES);
	return 0;
}

int vnf_vlan_pop(struct rte_mbuf *pkt, struct vnf_headers *h)
{
	uint8_t *frame = rte_pktmbuf_mtod(pkt, uint8_t *);

	if ((h->flags & VNF_QUOTED) != 0 || h->n_vlans == 0)
		return -EINVAL;
	if (is_shared(pkt))
		return -EBUSY;
	memmove(frame + TAG_BYTES, frame, ADDRESSES_BYTES);
	rte_pktmbuf_adj(pkt, TAG_BYTES);
	/* A third tag is the second now, and behind it are headers that were not read. */
	if (h->ether_type == RTE_ETHER_TYPE_VLAN || h->ether_type == RTE_ETHER_TYPE_QINQ) {
		l2_len_move(pkt, -(int)TAG_BYTES);
		return vnf_parse(pkt, h) == 0 ? 0 : -EBADMSG;
	}
	h->vlan[0] = h->vlan[1];
	h->vlan[1] = 0;
	h->n_vlans--;
	headers_move(pkt, h, -(int)TAG_BYTES);
	return 0;
}

/* ---- IP ---- */

static uint32_t octets_set(uint8_t *at, const uint8_t *octets, uint32_t n)
{
	uint32_t diff = 0;

	for (uint32_t i = 0; i < n; i += 2)
		diff += vnf_sum_diff16(((const struct vnf_u16 *)(at + i))->value,
				       ((const struct vnf_u16 *)(octets + i))->value);
	memcpy(at, octets, n);
	return diff;
}

static void ipv6_addr_set(struct rte_mbuf *pkt, const struct vnf_headers *h, uint8_t *at,
			  const uint8_t *addr, bool in_pseudo)
{
	uint32_t diff = octets_set(at, addr, IPV6_ADDR_BYTES);
	uint32_t all = diff;

	if (in_pseudo)
		all += vnf_l4_changed(pkt, h, diff, true);
	vnf_quote_changed(pkt, h, all);
}

int vnf_set_ipv6_src(struct rte_mbuf *pkt, const struct vnf_headers *h, const uint8_t *addr)
{
	if (!vnf_is_ipv6(h))
		return -EINVAL;
	ipv6_addr_set(pkt, h, vnf_ipv6(pkt, h)->src_addr, addr, true);
	return 0;
}

int vnf_set_ipv6_dst(struct rte_mbuf *pkt, const struct vnf_headers *h, const uint8_t *addr)
{
	if (!vnf_is_ipv6(h))
		return -EINVAL;
	ipv6_addr_set(pkt, h, vnf_ipv6(pkt, h)->dst_addr, addr,
		      (h->flags & VNF_SOURCE_ROUTED) == 0);
	return 0;
}

int vnf_set_dscp(struct rte_mbuf *pkt, const struct vnf_headers *h, uint8_t dscp)
{
	struct vnf_u16 *at = rte_pktmbuf_mtod_offset(pkt, struct vnf_u16 *, h->l3);
	uint16_t before, value;

	if (dscp > DSCP_MAX || (!vnf_is_ipv4(h) && !vnf_is_ipv6(h)))
		return -EINVAL;
	before = at->value;
	value = rte_be_to_cpu_16(before);
	if (vnf_is_ipv4(h)) {
		value = (uint16_t)((value & ~(DSCP_MAX << 2)) | dscp << 2);
		vnf_set_ipv4_field(pkt, h, 0, rte_cpu_to_be_16(value));
		return 0;
	}
	value = (uint16_t)((value & ~(DSCP_MAX << IPV6_DSCP_SHIFT)) | dscp << IPV6_DSCP_SHIFT);
	at->value = rte_cpu_to_be_16(value);
	vnf_quote_changed(pkt, h, vnf_sum_diff16(before, at->value));
	return 0;
}

/* ---- layer 4 ---- */

int vnf_set_sctp_port(struct rte_mbuf *pkt, const struct vnf_headers *h, uint32_t field,
		      rte_be16_t port)
{
	struct vnf_u16 *at = rte_pktmbuf_mtod_offset(pkt, struct vnf_u16 *, h->l4 + field);
	struct vnf_u32 *sum;
	uint16_t before = at->value;

	if ((h->flags & VNF_QUOTED) != 0) {
		at->value = port;
		vnf_quote_changed(pkt, h, vnf_sum_diff16(before, port));
		return 0;
	}
	if ((h->flags & VNF_FRAGMENT) != 0)
		return -ENOTSUP;
	if ((pkt->ol_flags & RTE_MBUF_F_TX_L4_MASK) == RTE_MBUF_F_TX_SCTP_CKSUM) {
		at->value = port;
		return 0;
	}
	sum = rte_pktmbuf_mtod_offset(pkt, struct vnf_u32 *, h->l4 + SCTP_SUM);
	if (sum->value != packet_crc32c(pkt, h->l4, h->end))
		return -EBADMSG;
	at->value = port;
	sum->value = packet_crc32c(pkt, h->l4, h->end);
	return 0;
}

int vnf_clamp_mss(struct rte_mbuf *pkt, const struct vnf_headers *h, uint16_t mss)
{
	struct vnf_u16 *at;
	uint16_t before, after = rte_cpu_to_be_16(mss);
	uint32_t option, diff;
	uint8_t octets;

	if (h->l4 == 0 || h->proto != IPPROTO_TCP || (h->flags & VNF_QUOTED) != 0)
		return -EINVAL;
	if ((vnf_tcp(pkt, h)->tcp_flags & RTE_TCP_SYN_FLAG) == 0)
		return 0;
	option = vnf_tcp_option_find(pkt, h, OPTION_MSS, &octets);
	if (option == 0 || octets != OPTION_MSS_BYTES)
		return 0;
	at = rte_pktmbuf_mtod_offset(pkt, struct vnf_u16 *, option + 2);
	before = at->value;
	if (rte_be_to_cpu_16(before) <= mss)
		return 0;
	at->value = after;
	/* At an odd place the octets of the sum are the other way round. */
	diff = ((option - h->l4) & 1) == 0
		       ? vnf_sum_diff16(before, after)
		       : vnf_sum_diff16(rte_bswap16(before), rte_bswap16(after));
	vnf_l4_changed(pkt, h, diff, false);
	return 1;
}

/* ---- the whole ---- */

static bool asks_for_more(const struct rte_mbuf *pkt)
{
	const uint64_t known = RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_L4_MASK | RTE_MBUF_F_TX_IPV4 |
			       RTE_MBUF_F_TX_IPV6;

	return (pkt->ol_flags & RTE_MBUF_F_TX_OFFLOAD_MASK & ~known) != 0;
}

/* The sum of the pseudo header is made anew: whoever asks a device for a checksum may have left it
 * to the driver, and octets that several packets share may be complete already. With a source route
 * the last destination is not known here, and must have been summed up.
 */
static void l4_sum_complete(struct rte_mbuf *pkt, const struct vnf_headers *h)
{
	struct vnf_u16 *field = rte_pktmbuf_mtod_offset(pkt, struct vnf_u16 *, h->l4_sum);
	uint16_t sum;

	if ((h->flags & VNF_SOURCE_ROUTED) == 0)
		field->value = packet_pseudo_sum(pkt, h);
	sum = (uint16_t)~packet_sum(pkt, h->l4, h->l4 + packet_covered(pkt, h));
	if (sum == 0 && (h->proto == IPPROTO_UDP || h->proto == IPPROTO_UDPLITE))
		sum = UINT16_MAX;
	field->value = sum;
}

static void sctp_complete(struct rte_mbuf *pkt, const struct vnf_headers *h)
{
	rte_pktmbuf_mtod_offset(pkt, struct vnf_u32 *, h->l4 + SCTP_SUM)->value =
		packet_crc32c(pkt, h->l4, h->end);
}

/* Asked of a device by its own flag; who delivers it says only that a checksum is open. */
static bool is_open_sctp(const struct rte_mbuf *pkt, const struct vnf_headers *h)
{
	uint64_t asked = pkt->ol_flags & RTE_MBUF_F_TX_L4_MASK;

	return asked == RTE_MBUF_F_TX_SCTP_CKSUM ||
	       (asked == 0 && h->proto == IPPROTO_SCTP && vnf_sum_is_partial(pkt));
}

int vnf_checksums_complete(struct rte_mbuf *pkt, const struct vnf_headers *h)
{
	bool ip = (pkt->ol_flags & RTE_MBUF_F_TX_IP_CKSUM) != 0;
	bool sctp = is_open_sctp(pkt, h);
	bool l4 = !sctp && vnf_sum_is_partial(pkt);

	if (asks_for_more(pkt))
		return -EOPNOTSUPP;
	/* Of a fragment nobody here has the rest. */
	if ((l4 || sctp) && (h->flags & VNF_FRAGMENT) != 0)
		return -EINVAL;
	if ((h->flags & VNF_QUOTED) != 0 || (ip && !vnf_is_ipv4(h)) ||
	    (l4 && (h->l4_sum == 0 || packet_covered(pkt, h) == 0)) ||
	    (sctp && (h->proto != IPPROTO_SCTP || h->l4 == 0)))
		return -EINVAL;
	if (ip) {
		vnf_ipv4(pkt, h)->hdr_checksum = 0;
		vnf_ipv4(pkt, h)->hdr_checksum = rte_ipv4_cksum(vnf_ipv4(pkt, h));
	}
	if (l4)
		l4_sum_complete(pkt, h);
	if (sctp)
		sctp_complete(pkt, h);
	pkt->ol_flags &= ~(RTE_MBUF_F_TX_OFFLOAD_MASK | RTE_MBUF_F_RX_L4_CKSUM_MASK);
	return 0;
}

/* ---- is it right? ---- */

/* Octets that it covers are not here, or with other addresses. */
static bool is_beyond(const struct vnf_headers *h)
{
	return (h->flags & (VNF_FRAGMENT | VNF_QUOTED | VNF_SOURCE_ROUTED)) != 0;
}

static bool sctp_is_valid(struct rte_mbuf *pkt, const struct vnf_headers *h)
{
	return rte_pktmbuf_mtod_offset(pkt, struct vnf_u32 *, h->l4 + SCTP_SUM)->value ==
	       packet_crc32c(pkt, h->l4, h->end);
}

bool vnf_checksum_valid(struct rte_mbuf *pkt, const struct vnf_headers *h)
{
	uint32_t covered;
	uint16_t field;

	if (h->l4 == 0 || vnf_sum_is_partial(pkt) || is_beyond(h))
		return true;
	if (h->proto == IPPROTO_SCTP)
		return sctp_is_valid(pkt, h);
	if (h->l4_sum == 0)
		return true;
	field = rte_pktmbuf_mtod_offset(pkt, const struct vnf_u16 *, h->l4_sum)->value;
	if (field == 0 && h->proto == IPPROTO_UDP)
		return vnf_is_ipv4(h);
	if (field == 0 && h->proto == IPPROTO_UDPLITE)
		return false;
	covered = packet_covered(pkt, h);
	return covered > 0 && vnf_sum_fold((uint32_t)packet_pseudo_sum(pkt, h) +
					   packet_sum(pkt, h->l4, h->l4 + covered)) == UINT16_MAX;
}
