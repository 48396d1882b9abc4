/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The header before a frame on a kernel socket: checksums that the kernel left open are completed,
 * headers that point outside of the frame are refused, offload flags are translated. Packets lie on
 * static memory, without DPDK.
 */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "vnet_hdr.h"

#define SEGS 3
#define ROOM 256

static struct {
	struct rte_mbuf m;
	uint8_t data[ROOM];
} segs[SEGS];

/* Lay `n` octets out over mbufs of the given lengths; the last takes the rest. */
static struct rte_mbuf *packet(const uint8_t *data, uint32_t n, uint16_t first, uint16_t second)
{
	uint16_t want[SEGS] = { first, second, UINT16_MAX };
	struct rte_mbuf *head = &segs[0].m;
	uint32_t rest = n;

	for (unsigned int i = 0; i < SEGS && (rest > 0 || i == 0); i++) {
		struct rte_mbuf *m = &segs[i].m;

		memset(m, 0, sizeof(*m));
		m->buf_addr = segs[i].data;
		m->buf_len = ROOM;
		m->nb_segs = 1;
		rte_mbuf_refcnt_set(m, 1);
		m->data_len = (uint16_t)RTE_MIN(rest, (uint32_t)want[i]);
		memcpy(segs[i].data, data, m->data_len);
		data += m->data_len;
		rest -= m->data_len;
		if (i > 0) {
			segs[i - 1].m.next = m;
			head->nb_segs++;
		}
	}
	head->pkt_len = n;
	return head;
}

static void flatten(const struct rte_mbuf *m, uint8_t *out)
{
	for (; m != NULL; out += m->data_len, m = m->next)
		memcpy(out, rte_pktmbuf_mtod(m, const uint8_t *), m->data_len);
}

struct frame {
	struct rte_ether_hdr eth;
	struct rte_ipv4_hdr ip;
	union {
		struct rte_tcp_hdr tcp;
		struct rte_udp_hdr udp;
	};
	uint8_t payload[101];
} __rte_packed __rte_aligned(2);

static void frame_fill(struct frame *f, uint8_t proto)
{
	memset(f, 0, sizeof(*f));
	f->eth.ether_type = rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4);
	f->ip.version_ihl = RTE_IPV4_VHL_DEF;
	f->ip.total_length = rte_cpu_to_be_16(sizeof(*f) - sizeof(f->eth));
	f->ip.next_proto_id = proto;
	f->ip.src_addr = rte_cpu_to_be_32(RTE_IPV4(10, 0, 0, 1));
	f->ip.dst_addr = rte_cpu_to_be_32(RTE_IPV4(10, 0, 0, 2));
	for (size_t i = 0; i < sizeof(f->payload); i++)
		f->payload[i] = (uint8_t)random();
}

/* For every way to cut the frame in three, the completed sum is the one of the whole. */
static void complete_everywhere(struct frame *f, uint16_t csum_offset)
{
	struct virtio_net_hdr hdr = { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
				      .csum_start = offsetof(struct frame, tcp),
				      .csum_offset = csum_offset };
	uint16_t want, pseudo = rte_ipv4_phdr_cksum(&f->ip, 0);
	uint16_t offset = hdr.csum_start + csum_offset;
	struct frame out;

	want = rte_ipv4_udptcp_cksum(&f->ip, &f->tcp);
	memcpy((uint8_t *)f + offset, &pseudo, sizeof(pseudo));
	for (uint16_t cut = 1; cut < sizeof(*f) - 7; cut++) {
		struct rte_mbuf *m = packet((uint8_t *)f, sizeof(*f), cut, 7);

		cr_assert_eq(vnet_hdr_complete(&hdr, m), 0);
		flatten(m, (uint8_t *)&out);
		cr_assert_eq(memcmp((uint8_t *)&out + offset, &want, 2), 0, "cut at %u", cut);
	}
}

Test(vnet_hdr, completes_tcp)
{
	struct frame f;

	for (unsigned int i = 0; i < 20; i++) {
		frame_fill(&f, IPPROTO_TCP);
		complete_everywhere(&f, offsetof(struct rte_tcp_hdr, cksum));
	}
}

Test(vnet_hdr, completes_udp)
{
	struct frame f;

	frame_fill(&f, IPPROTO_UDP);
	f.udp.dgram_len = rte_cpu_to_be_16(sizeof(f) - 34);
	complete_everywhere(&f, offsetof(struct rte_udp_hdr, dgram_cksum));
}

/* The kernel calls SCTP's CRC32c a checksum like the others. */
Test(vnet_hdr, completes_sctp)
{
	const struct virtio_net_hdr hdr = { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
					    .csum_start = 34,
					    .csum_offset = 8 };
	uint8_t frame[54] = { [34] = 0, 7, 0, 9, 1, 2, 3, 4 }, out[54];
	uint32_t crc = UINT32_MAX;

	for (unsigned int i = 34; i < sizeof(frame); i++) {
		crc ^= frame[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (0x82f63b78u & (0u - (crc & 1)));
	}
	crc = ~crc;
	cr_assert_eq(vnet_hdr_complete(&hdr, packet(frame, sizeof(frame), 48, 2)), 0);
	flatten(&segs[0].m, out);
	for (unsigned int i = 0; i < 4; i++)
		cr_expect_eq(out[42 + i], (uint8_t)(crc >> 8 * i));
	cr_assert_eq(vnet_hdr_complete(&hdr, packet(frame, 44, 44, 0)), -EBADMSG);
}

Test(vnet_hdr, udp_zero_is_written_as_ones)
{
	uint8_t data[60] = { 0 };
	struct virtio_net_hdr hdr = { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
				      .csum_start = 34,
				      .csum_offset = 6 };
	struct rte_mbuf *m;

	data[40] = 0xff;
	data[41] = 0xff;
	m = packet(data, sizeof(data), 60, 0);
	cr_assert_eq(vnet_hdr_complete(&hdr, m), 0);
	cr_expect_eq(segs[0].data[40], 0xff);
	cr_expect_eq(segs[0].data[41], 0xff);
}

Test(vnet_hdr, nothing_to_do_changes_nothing)
{
	struct virtio_net_hdr hdr = { .flags = VIRTIO_NET_HDR_F_DATA_VALID, .csum_start = 9999 };
	uint8_t data[60] = { 1, 2, 3 };
	struct rte_mbuf *m = packet(data, sizeof(data), 60, 0);

	cr_expect_eq(vnet_hdr_complete(&hdr, m), 0);
	cr_expect_arr_eq(segs[0].data, data, sizeof(data));
}

/* Any start and offset: refused, or within the frame (ASan looks at the rest). */
Test(vnet_hdr, bounds)
{
	static const uint16_t edges[] = { 0, 13, 14, 57, 58, 59, 60, 61, 300, 65533, 65534, 65535 };
	uint8_t data[60] = { 0 };

	for (size_t i = 0; i < RTE_DIM(edges); i++) {
		for (size_t k = 0; k < RTE_DIM(edges); k++) {
			struct virtio_net_hdr hdr = { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
						      .csum_start = edges[i],
						      .csum_offset = edges[k] };
			bool fits = edges[i] >= 14 && edges[i] + edges[k] + 2 <= 60;
			struct rte_mbuf *m = packet(data, sizeof(data), 20, 20);

			cr_expect_eq(vnet_hdr_complete(&hdr, m), fits ? 0 : -EBADMSG, "%u+%u",
				     edges[i], edges[k]);
		}
	}
}

Test(vnet_hdr, gso_is_refused)
{
	struct virtio_net_hdr hdr = { .gso_type =
					      VIRTIO_NET_HDR_GSO_TCPV4 | VIRTIO_NET_HDR_GSO_ECN };
	uint8_t data[60] = { 0 };

	cr_expect_eq(vnet_hdr_complete(&hdr, packet(data, 60, 60, 0)), -EOPNOTSUPP);
	hdr.gso_type = VIRTIO_NET_HDR_GSO_ECN;
	cr_expect_eq(vnet_hdr_complete(&hdr, packet(data, 60, 60, 0)), 0);
}

Test(vnet_hdr, make_without_offloads_is_zero)
{
	struct virtio_net_hdr hdr, zero = { 0 };
	uint8_t data[60] = { 0 };

	memset(&hdr, 0xff, sizeof(hdr));
	cr_expect_eq(vnet_hdr_make(&hdr, packet(data, 60, 60, 0)), 0);
	cr_expect_eq(memcmp(&hdr, &zero, sizeof(hdr)), 0);
}

/* What make leaves open, complete closes: there and back is the checksum of the whole. */
Test(vnet_hdr, make_then_complete)
{
	struct virtio_net_hdr hdr;
	struct rte_mbuf *m;
	struct frame f, out;

	frame_fill(&f, IPPROTO_TCP);
	f.tcp.cksum = 0x1234;
	f.ip.hdr_checksum = 0x4321;
	m = packet((uint8_t *)&f, sizeof(f), 60, 30);
	m->l2_len = 14;
	m->l3_len = 20;
	m->ol_flags = RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_TCP_CKSUM;
	cr_assert_eq(vnet_hdr_make(&hdr, m), 0);
	cr_expect_eq(hdr.csum_start, 34);
	cr_expect_eq(hdr.csum_offset, 16);
	cr_assert_eq(vnet_hdr_complete(&hdr, m), 0);
	flatten(m, (uint8_t *)&out);
	cr_expect_eq(rte_raw_cksum(&out.ip, sizeof(out.ip)), 0xffff);
	f.tcp.cksum = 0;
	cr_expect_eq(out.tcp.cksum, rte_ipv4_udptcp_cksum(&f.ip, &f.tcp));
}

Test(vnet_hdr, make_refuses)
{
	static const struct {
		uint64_t flags;
		uint16_t l2, l3;
		int ret;
	} rows[] = {
		{ RTE_MBUF_F_TX_TCP_SEG | RTE_MBUF_F_TX_IPV4, 14, 20, -EOPNOTSUPP },
		{ RTE_MBUF_F_TX_SCTP_CKSUM | RTE_MBUF_F_TX_IPV4, 14, 20, -EOPNOTSUPP },
		{ RTE_MBUF_F_TX_VLAN, 14, 20, -EOPNOTSUPP },
		{ RTE_MBUF_F_TX_OUTER_IP_CKSUM, 14, 20, -EOPNOTSUPP },
		{ RTE_MBUF_F_TX_TCP_CKSUM | RTE_MBUF_F_TX_IPV4, 14, 0, -EBADMSG },
		{ RTE_MBUF_F_TX_TCP_CKSUM | RTE_MBUF_F_TX_IPV4, 14, 29, -EBADMSG },
		{ RTE_MBUF_F_TX_TCP_CKSUM | RTE_MBUF_F_TX_IPV6, 14, 20, -EBADMSG },
		{ RTE_MBUF_F_TX_UDP_CKSUM | RTE_MBUF_F_TX_IPV4, 127, 511, -EBADMSG },
		{ RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_IPV4, 14, 19, -EBADMSG },
		{ RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_IPV4, 50, 20, -EBADMSG },
	};
	struct virtio_net_hdr hdr;
	struct frame f;

	frame_fill(&f, IPPROTO_TCP);
	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		struct rte_mbuf *m = packet((uint8_t *)&f, 60, 60, 0);

		m->ol_flags = rows[i].flags;
		m->l2_len = rows[i].l2 & 0x7f;
		m->l3_len = rows[i].l3 & 0x1ff;
		cr_expect_eq(vnet_hdr_make(&hdr, m), rows[i].ret, "row %zu", i);
	}
}
