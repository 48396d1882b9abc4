/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * TCP segmentation in software, for destinations that cannot. Not rte_gso: that knows no IPv6,
 * leaves checksums to a device, and makes segments of two buffers, the second shared with the
 * packet. Here each segment is a copy in one buffer of its own, with all fields of its headers and
 * its checksum right, so that it can be sent to anything.
 *
 * What each segment's headers hold: RFC 9293 section 3.1 for the sequence number, RFC 3168 section
 * 6.1.2 for CWR (on the first only), RFC 6864 for the identification, which counts on as Linux
 * does.
 */

#include "fit.h"

#include <rte_memcpy.h>

#include "packet_sum.h"

void fit_cut_begin(struct vnf_fit *f, struct rte_mbuf *pkt, const struct vnf_headers *h)
{
	f->whole = pkt;
	f->cut = 0;
	f->left = h->end - h->payload;
	f->headers = h->payload;
	f->l3 = h->l3;
	f->l4 = h->l4;
	f->id = vnf_is_ipv4(h) ? rte_be_to_cpu_16(vnf_ipv4(pkt, h)->packet_id) : 0;
	f->sequence = rte_be_to_cpu_32(vnf_tcp(pkt, h)->sent_seq);
	f->addresses = packet_addresses_sum(pkt, h);
	f->open = 0;
	if ((f->takes & VNF_TAKES_CHECKSUM) != 0 && fit_is_plain(pkt, h))
		f->open = RTE_MBUF_F_TX_TCP_CKSUM |
			  (vnf_is_ipv4(h) ? RTE_MBUF_F_TX_IPV4 : RTE_MBUF_F_TX_IPV6);
	f->ipv4 = vnf_is_ipv4(h);
	f->from = pkt;
	f->from_at = h->payload;
}

/* Octets of the whole packet's payload, from wherever they lie. */
static void payload_take(struct vnf_fit *f, uint8_t *to, uint32_t n)
{
	f->left -= n;
	while (n > 0) {
		uint32_t here = RTE_MIN(n, f->from->data_len - f->from_at);

		rte_memcpy(to, rte_pktmbuf_mtod_offset(f->from, const void *, f->from_at), here);
		to += here;
		n -= here;
		f->from_at += here;
		if (f->from_at == f->from->data_len && f->from->next != NULL) {
			f->from = f->from->next;
			f->from_at = 0;
		}
	}
}

static void ip_finish(const struct vnf_fit *f, struct rte_mbuf *seg)
{
	struct rte_ipv4_hdr *v4 = rte_pktmbuf_mtod_offset(seg, struct rte_ipv4_hdr *, f->l3);
	struct rte_ipv6_hdr *v6 = rte_pktmbuf_mtod_offset(seg, struct rte_ipv6_hdr *, f->l3);
	uint32_t octets = seg->pkt_len - f->l3;

	if (!f->ipv4) {
		v6->payload_len = rte_cpu_to_be_16((uint16_t)(octets - sizeof(*v6)));
		return;
	}
	v4->total_length = rte_cpu_to_be_16((uint16_t)octets);
	v4->packet_id = rte_cpu_to_be_16((uint16_t)(f->id + f->cut));
	v4->hdr_checksum = 0;
	v4->hdr_checksum = rte_ipv4_cksum(v4);
}

static void tcp_finish(const struct vnf_fit *f, struct rte_mbuf *seg, uint32_t sequence)
{
	struct rte_tcp_hdr *tcp = rte_pktmbuf_mtod_offset(seg, struct rte_tcp_hdr *, f->l4);
	uint32_t octets = seg->pkt_len - f->l4;

	tcp->sent_seq = rte_cpu_to_be_32(sequence);
	if (f->left != 0)
		tcp->tcp_flags &= (uint8_t) ~(RTE_TCP_FIN_FLAG | RTE_TCP_PSH_FLAG);
	if (f->cut != 0)
		tcp->tcp_flags &= (uint8_t)~RTE_TCP_CWR_FLAG;
	tcp->cksum = vnf_sum_fold(f->addresses + rte_cpu_to_be_16((uint16_t)octets));
	if (f->open == 0)
		tcp->cksum = (uint16_t)~packet_sum(seg, f->l4, seg->pkt_len);
}

/* The first segment's is that of the whole; ranges of both are those of its bit fields. */
static void describe(const struct vnf_fit *f, struct rte_mbuf *seg)
{
	seg->ol_flags |= f->open;
	seg->l2_len = f->l3 & ((1u << RTE_MBUF_L2_LEN_BITS) - 1);
	seg->l3_len = (uint64_t)(f->l4 - f->l3) & ((1u << RTE_MBUF_L3_LEN_BITS) - 1);
	seg->l4_len = (uint8_t)(f->headers - f->l4);
}

struct rte_mbuf *fit_cut_next(struct vnf_fit *f)
{
	uint32_t sequence = f->sequence;
	uint32_t n = RTE_MIN(f->left, (uint32_t)f->whole->tso_segsz);
	struct rte_mbuf *seg = rte_pktmbuf_alloc(f->port->pool);
	uint8_t *frame;

	if (unlikely(seg == NULL))
		return NULL;
	frame = (uint8_t *)rte_pktmbuf_append(seg, (uint16_t)(f->headers + n));
	if (unlikely(frame == NULL)) {
		rte_pktmbuf_free(seg);
		return NULL;
	}
	rte_mbuf_dynfield_copy(seg, f->whole);
	seg->port = f->whole->port;
	rte_memcpy(frame, rte_pktmbuf_mtod(f->whole, const void *), f->headers);
	payload_take(f, frame + f->headers, n);
	f->sequence += n;
	ip_finish(f, seg);
	tcp_finish(f, seg, sequence);
	if (f->open != 0)
		describe(f, seg);
	f->cut++;
	return seg;
}
