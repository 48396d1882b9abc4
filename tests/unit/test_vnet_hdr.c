/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The header before a frame on a kernel socket: what the kernel left open is told by the packet's
 * flags, or completed where nothing was agreed; headers that point outside of the frame, or are not
 * true of it, are refused. Packets lie on static memory, without DPDK.
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
	if (proto == IPPROTO_TCP)
		f->tcp.data_off = 0x50;
	else
		f->udp.dgram_len = rte_cpu_to_be_16(sizeof(*f) - offsetof(struct frame, udp));
	for (size_t i = 0; i < sizeof(f->payload); i++)
		f->payload[i] = (uint8_t)random();
}

struct frame6 {
	struct rte_ether_hdr eth;
	struct rte_ipv6_hdr ip;
	union {
		struct rte_tcp_hdr tcp;
		struct rte_udp_hdr udp;
	};
	uint8_t payload[101];
} __rte_packed __rte_aligned(2);

static void frame6_fill(struct frame6 *f, uint8_t proto)
{
	memset(f, 0, sizeof(*f));
	f->eth.ether_type = rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV6);
	f->ip.vtc_flow = rte_cpu_to_be_32(6u << 28);
	f->ip.payload_len = rte_cpu_to_be_16(sizeof(*f) - offsetof(struct frame6, tcp));
	f->ip.proto = proto;
	f->ip.src_addr[15] = 1;
	f->ip.dst_addr[15] = 2;
	if (proto == IPPROTO_TCP)
		f->tcp.data_off = 0x50;
	else
		f->udp.dgram_len = rte_cpu_to_be_16(sizeof(*f) - offsetof(struct frame6, udp));
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

		cr_assert_eq(vnet_hdr_read(&hdr, m, VNF_OFFLOADS_NONE), 0);
		flatten(m, (uint8_t *)&out);
		cr_assert_eq(memcmp((uint8_t *)&out + offset, &want, 2), 0, "cut at %u", cut);
		cr_assert_eq(m->ol_flags, 0);
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
	complete_everywhere(&f, offsetof(struct rte_udp_hdr, dgram_cksum));
}

/* The kernel calls SCTP's CRC32c a checksum like the others; no flag here says it, so it is made
 * whatever was agreed.
 */
Test(vnet_hdr, completes_sctp)
{
	const struct virtio_net_hdr hdr = { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
					    .csum_start = 34,
					    .csum_offset = 8 };
	uint8_t frame[54] = { [12] = 8, 0, 0x45, [17] = 40, [23] = IPPROTO_SCTP, [34] = 0, 7, 0, 9,
			      1,        2, 3,    4 };
	uint32_t crc = UINT32_MAX;
	uint8_t out[54];

	for (unsigned int i = 34; i < sizeof(frame); i++) {
		crc ^= frame[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (0x82f63b78u & (0u - (crc & 1)));
	}
	crc = ~crc;
	for (uint32_t offloads = VNF_OFFLOADS_NONE; offloads <= VNF_OFFLOADS_TSO; offloads++) {
		struct rte_mbuf *m = packet(frame, sizeof(frame), 48, 2);

		cr_assert_eq(vnet_hdr_read(&hdr, m, offloads), 0);
		flatten(m, out);
		for (unsigned int i = 0; i < 4; i++)
			cr_expect_eq(out[42 + i], (uint8_t)(crc >> 8 * i));
		cr_expect_eq(m->ol_flags, 0);
		cr_assert_eq(vnet_hdr_read(&hdr, packet(frame, 44, 44, 0), offloads), -EBADMSG);
	}
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
	cr_assert_eq(vnet_hdr_read(&hdr, m, VNF_OFFLOADS_NONE), 0);
	cr_expect_eq(segs[0].data[40], 0xff);
	cr_expect_eq(segs[0].data[41], 0xff);
}

Test(vnet_hdr, nothing_to_do_changes_nothing)
{
	struct virtio_net_hdr hdr = { .flags = VIRTIO_NET_HDR_F_DATA_VALID, .csum_start = 9999 };
	struct frame f;

	frame_fill(&f, IPPROTO_TCP);
	for (uint32_t offloads = VNF_OFFLOADS_NONE; offloads <= VNF_OFFLOADS_TSO; offloads++) {
		struct rte_mbuf *m = packet((uint8_t *)&f, sizeof(f), sizeof(f), 0);

		cr_expect_eq(vnet_hdr_read(&hdr, m, offloads), 0);
		cr_expect_arr_eq(segs[0].data, &f, sizeof(f));
		cr_expect_eq(m->ol_flags, 0);
	}
}

/* Any start and offset: refused, or within the frame (ASan looks at the rest). */
static void bounds_check(const uint8_t *data, uint32_t offloads)
{
	static const uint16_t edges[] = { 0, 13, 14, 57, 58, 59, 60, 61, 300, 65533, 65534, 65535 };

	for (size_t i = 0; i < RTE_DIM(edges); i++) {
		for (size_t k = 0; k < RTE_DIM(edges); k++) {
			struct virtio_net_hdr hdr = { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
						      .csum_start = edges[i],
						      .csum_offset = edges[k] };
			bool fits = edges[i] >= 14 && edges[i] + edges[k] + 2 <= 60;
			struct rte_mbuf *m = packet(data, 60, 56, 2);

			cr_expect_eq(vnet_hdr_read(&hdr, m, offloads), fits ? 0 : -EBADMSG, "%u+%u",
				     edges[i], edges[k]);
			cr_expect_eq(m->ol_flags, 0);
		}
	}
}

Test(vnet_hdr, bounds)
{
	uint8_t zero[60] = { 0 };
	struct frame f;

	frame_fill(&f, IPPROTO_TCP);
	f.ip.total_length = rte_cpu_to_be_16(46);
	for (uint32_t offloads = VNF_OFFLOADS_NONE; offloads <= VNF_OFFLOADS_TSO; offloads++) {
		bounds_check(zero, offloads);
		bounds_check((const uint8_t *)&f, offloads);
	}
}

/* A frame of `n` octets whose layer 4 is at `start`: left open as it is, however it is cut. */
static void leave_open_everywhere(const void *frame, uint16_t n, uint16_t start, uint16_t offset)
{
	struct virtio_net_hdr hdr = { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
				      .csum_start = start,
				      .csum_offset = offset };
	uint8_t out[sizeof(struct frame6)];

	for (uint32_t offloads = VNF_OFFLOADS_CHECKSUM; offloads <= VNF_OFFLOADS_TSO; offloads++) {
		for (uint16_t cut = RTE_ETHER_HDR_LEN; cut <= n; cut++) {
			struct rte_mbuf *m = packet(frame, n, cut, UINT16_MAX);

			cr_assert_eq(vnet_hdr_read(&hdr, m, offloads), 0);
			cr_assert_eq(m->ol_flags, RTE_MBUF_F_RX_L4_CKSUM_NONE, "cut at %u", cut);
			flatten(m, out);
			cr_assert_arr_eq(out, frame, n, "cut at %u", cut);
		}
	}
}

Test(vnet_hdr, what_was_agreed_is_left_open)
{
	const uint16_t tcp = offsetof(struct rte_tcp_hdr, cksum);
	const uint16_t udp = offsetof(struct rte_udp_hdr, dgram_cksum);
	struct frame6 f6;
	struct frame f;

	frame_fill(&f, IPPROTO_TCP);
	leave_open_everywhere(&f, sizeof(f), 34, tcp);
	frame_fill(&f, IPPROTO_UDP);
	leave_open_everywhere(&f, sizeof(f), 34, udp);
	frame6_fill(&f6, IPPROTO_TCP);
	leave_open_everywhere(&f6, sizeof(f6), 54, tcp);
	frame6_fill(&f6, IPPROTO_UDP);
	leave_open_everywhere(&f6, sizeof(f6), 54, udp);
}

/* A checksum that is not the one of layer 4, such as one inside of a tunnel, has no flag. */
Test(vnet_hdr, other_checksums_are_completed_all_the_same)
{
	static const struct {
		uint16_t start, offset;
		uint8_t at, value; /* an octet of the frame that is another */
	} rows[] = {
		{ 62, 16, 0, 0 },     /* further in */
		{ 34, 6, 0, 0 },      /* UDP's, of TCP */
		{ 33, 17, 0, 0 },     /* the right field, from elsewhere on */
		{ 14, 36, 0, 0 },     /* likewise */
		{ 34, 16, 14, 0x44 }, /* what is no IP header */
		{ 34, 16, 23, 17 },   /* it is UDP */
		{ 34, 16, 21, 3 },    /* a fragment without layer 4 */
		{ 34, 16, 13, 7 },    /* not IP */
	};
	struct frame f, want;

	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		struct virtio_net_hdr hdr = { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
					      .csum_start = rows[i].start,
					      .csum_offset = rows[i].offset };

		frame_fill(&f, IPPROTO_TCP);
		if (rows[i].at != 0)
			((uint8_t *)&f)[rows[i].at] = rows[i].value;
		for (uint32_t o = VNF_OFFLOADS_NONE; o <= VNF_OFFLOADS_TSO; o++) {
			struct rte_mbuf *m = packet((uint8_t *)&f, sizeof(f), sizeof(f), 0);

			cr_assert_eq(vnet_hdr_read(&hdr, m, o), 0, "row %zu", i);
			cr_expect_eq(m->ol_flags, 0, "row %zu", i);
			if (o == VNF_OFFLOADS_NONE)
				memcpy(&want, segs[0].data, sizeof(want));
			cr_expect_arr_eq(segs[0].data, &want, sizeof(want), "row %zu", i);
		}
		cr_expect_arr_neq(&want, &f, sizeof(f), "row %zu", i);
	}
}

/* ---- frames that are yet to be cut ---- */

static const struct virtio_net_hdr good4 = { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
					     .gso_type = VIRTIO_NET_HDR_GSO_TCPV4,
					     .hdr_len = 54,
					     .gso_size = VNF_TSO_MIN,
					     .csum_start = 34,
					     .csum_offset = 16 };

Test(vnet_hdr, gso_is_refused_if_it_was_not_agreed)
{
	struct virtio_net_hdr hdr = good4;
	struct frame f;

	frame_fill(&f, IPPROTO_TCP);
	for (uint32_t offloads = VNF_OFFLOADS_NONE; offloads <= VNF_OFFLOADS_CHECKSUM; offloads++) {
		struct rte_mbuf *m = packet((uint8_t *)&f, sizeof(f), sizeof(f), 0);

		hdr.gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
		cr_expect_eq(vnet_hdr_read(&hdr, m, offloads), -EOPNOTSUPP);
		hdr.gso_type |= VIRTIO_NET_HDR_GSO_ECN;
		cr_expect_eq(vnet_hdr_read(&hdr, m, offloads), -EOPNOTSUPP);
		/* By itself it says nothing. */
		hdr.gso_type = VIRTIO_NET_HDR_GSO_ECN;
		cr_expect_eq(vnet_hdr_read(&hdr, m, offloads), 0);
	}
}

Test(vnet_hdr, tso_that_was_agreed_is_left_open)
{
	struct virtio_net_hdr hdr = good4;
	struct frame6 f6;
	struct frame f;
	struct rte_mbuf *m;

	frame_fill(&f, IPPROTO_TCP);
	m = packet((uint8_t *)&f, sizeof(f), 20, UINT16_MAX);
	cr_assert_eq(vnet_hdr_read(&hdr, m, VNF_OFFLOADS_TSO), 0);
	cr_expect_eq(m->ol_flags, RTE_MBUF_F_RX_L4_CKSUM_NONE | RTE_MBUF_F_RX_LRO);
	cr_expect_eq(m->tso_segsz, VNF_TSO_MIN);

	frame6_fill(&f6, IPPROTO_TCP);
	hdr.gso_type = VIRTIO_NET_HDR_GSO_TCPV6;
	hdr.gso_size = UINT16_MAX;
	hdr.csum_start = 54;
	m = packet((uint8_t *)&f6, sizeof(f6), sizeof(f6), 0);
	cr_assert_eq(vnet_hdr_read(&hdr, m, VNF_OFFLOADS_TSO), 0);
	cr_expect_eq(m->ol_flags, RTE_MBUF_F_RX_L4_CKSUM_NONE | RTE_MBUF_F_RX_LRO);
	cr_expect_eq(m->tso_segsz, UINT16_MAX);
	cr_expect_arr_eq(segs[0].data, &f6, sizeof(f6));
}

static void tso_is_refused(const struct virtio_net_hdr *hdr, const void *frame, uint16_t n, int why,
			   const char *what)
{
	struct rte_mbuf *m = packet(frame, n, n, 0);

	cr_expect_eq(vnet_hdr_read(hdr, m, VNF_OFFLOADS_TSO), why, "%s", what);
	cr_expect_eq(m->ol_flags, 0, "%s", what);
}

/* What the header says must be true of the frame: the peer may be anybody. */
Test(vnet_hdr, tso_headers_that_are_wrong)
{
	static const struct {
		const char *what;
		uint8_t flags, type;
		uint16_t size, start, offset;
		int ret;
	} rows[] = {
		{ "UFO", 1, VIRTIO_NET_HDR_GSO_UDP, 1000, 34, 16, -EOPNOTSUPP },
		{ "USO", 1, 5, 1000, 34, 16, -EOPNOTSUPP },
		{ "unknown", 1, 2, 1000, 34, 16, -EOPNOTSUPP },
		{ "all bits", 1, 0xff, 1000, 34, 16, -EOPNOTSUPP },
		{ "UFO with ECN", 1, VIRTIO_NET_HDR_GSO_UDP | VIRTIO_NET_HDR_GSO_ECN, 1000, 34, 16,
		  -EOPNOTSUPP },
		{ "no size", 1, VIRTIO_NET_HDR_GSO_TCPV4, 0, 34, 16, -EBADMSG },
		{ "size too small", 1, VIRTIO_NET_HDR_GSO_TCPV4, VNF_TSO_MIN - 1, 34, 16,
		  -EBADMSG },
		{ "IPv6 said of IPv4", 1, VIRTIO_NET_HDR_GSO_TCPV6, 1000, 34, 16, -EBADMSG },
		{ "no checksum", 0, VIRTIO_NET_HDR_GSO_TCPV4, 1000, 34, 16, -EBADMSG },
		{ "checksum valid", VIRTIO_NET_HDR_F_DATA_VALID, VIRTIO_NET_HDR_GSO_TCPV4, 1000, 34,
		  16, -EBADMSG },
		{ "sum of IP on", 1, VIRTIO_NET_HDR_GSO_TCPV4, 1000, 14, 36, -EBADMSG },
		{ "sum from an odd place", 1, VIRTIO_NET_HDR_GSO_TCPV4, 1000, 33, 17, -EBADMSG },
		{ "sum further in", 1, VIRTIO_NET_HDR_GSO_TCPV4, 1000, 54, 16, -EBADMSG },
		{ "sum of UDP", 1, VIRTIO_NET_HDR_GSO_TCPV4, 1000, 34, 6, -EBADMSG },
		{ "sum outside", 1, VIRTIO_NET_HDR_GSO_TCPV4, 1000, 65535, 65535, -EBADMSG },
	};
	struct frame f;

	frame_fill(&f, IPPROTO_TCP);
	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		const struct virtio_net_hdr hdr = { .flags = rows[i].flags,
						    .gso_type = rows[i].type,
						    .gso_size = rows[i].size,
						    .csum_start = rows[i].start,
						    .csum_offset = rows[i].offset };

		tso_is_refused(&hdr, &f, sizeof(f), rows[i].ret, rows[i].what);
	}
}

Test(vnet_hdr, tso_of_frames_that_are_something_else)
{
	static const struct {
		const char *what;
		struct {
			uint8_t at, value;
		} octets[2]; /* of a frame that is right */
	} rows[] = {
		{ "not IP", { { 12, 0x86 } } },
		{ "IPv4 of version 6", { { 14, 0x65 } } },
		{ "a short header", { { 14, 0x44 } } },
		{ "longer than the frame", { { 16, 0xff } } },
		{ "shorter than TCP", { { 17, 39 } } },
		{ "UDP", { { 23, IPPROTO_UDP } } },
		{ "GRE", { { 23, IPPROTO_GRE } } },
		{ "a short TCP header", { { 46, 0x40 } } },
		{ "a TCP header beyond the packet", { { 46, 0xf0 }, { 17, 60 } } },
		/* The payload is a multiple of 8 octets, so nothing else is wrong with it. */
		{ "a first fragment", { { 20, 0x20 }, { 17, 140 } } },
		{ "a later fragment", { { 21, 3 } } },
	};
	struct frame f;

	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		frame_fill(&f, IPPROTO_TCP);
		for (size_t k = 0; k < 2; k++)
			if (rows[i].octets[k].at != 0)
				((uint8_t *)&f)[rows[i].octets[k].at] = rows[i].octets[k].value;
		tso_is_refused(&good4, &f, sizeof(f), -EBADMSG, rows[i].what);
	}
}

Test(vnet_hdr, tso_of_ipv6_that_is_something_else)
{
	struct virtio_net_hdr hdr = good4;
	struct frame6 f;

	frame6_fill(&f, IPPROTO_TCP);
	hdr.csum_start = 54;
	tso_is_refused(&hdr, &f, sizeof(f), -EBADMSG, "IPv4 said of IPv6");
	hdr.gso_type = VIRTIO_NET_HDR_GSO_TCPV6;
	f.ip.proto = IPPROTO_UDP;
	tso_is_refused(&hdr, &f, sizeof(f), -EBADMSG, "UDP");
	f.ip.proto = IPPROTO_HOPOPTS;
	tso_is_refused(&hdr, &f, sizeof(f), -EBADMSG, "layer 4 is elsewhere");
	frame6_fill(&f, IPPROTO_TCP);
	f.ip.payload_len = UINT16_MAX;
	tso_is_refused(&hdr, &f, sizeof(f), -EBADMSG, "longer than the frame");
	f.ip.payload_len = 0;
	tso_is_refused(&hdr, &f, sizeof(f), -EBADMSG, "a jumbogram");
}

/* Its checksum is where the header says, but it is no TCP. */
Test(vnet_hdr, tso_of_udp_with_its_own_checksum)
{
	struct virtio_net_hdr hdr = good4;
	struct frame f;

	frame_fill(&f, IPPROTO_UDP);
	hdr.csum_offset = offsetof(struct rte_udp_hdr, dgram_cksum);
	tso_is_refused(&hdr, &f, sizeof(f), -EBADMSG, "UDP");
}

/* ---- to the kernel ---- */

Test(vnet_hdr, write_without_offloads_is_zero)
{
	struct virtio_net_hdr hdr, zero = { 0 };
	uint8_t data[60] = { 0 };
	struct rte_mbuf *m = packet(data, 60, 60, 0);

	memset(&hdr, 0xff, sizeof(hdr));
	cr_expect_eq(vnet_hdr_write(&hdr, m), 0);
	cr_expect_eq(memcmp(&hdr, &zero, sizeof(hdr)), 0);
	/* What kind of packet it is is no request. */
	memset(&hdr, 0xff, sizeof(hdr));
	m->ol_flags = RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_RX_L4_CKSUM_GOOD | RTE_MBUF_F_RX_VLAN;
	cr_expect_eq(vnet_hdr_write(&hdr, m), 0);
	cr_expect_eq(memcmp(&hdr, &zero, sizeof(hdr)), 0);
}

Test(vnet_hdr, write_tells_what_the_flags_say)
{
	static const struct {
		uint64_t flags;
		uint16_t l2, l3, l4;
		struct virtio_net_hdr want;
	} rows[] = {
		{ RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_TCP_CKSUM,
		  14,
		  20,
		  20,
		  { 1, 0, 0, 0, 34, 16 } },
		{ RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_UDP_CKSUM, 18, 24, 8, { 1, 0, 0, 0, 42, 6 } },
		{ RTE_MBUF_F_TX_IPV6 | RTE_MBUF_F_TX_TCP_CKSUM,
		  22,
		  40,
		  60,
		  { 1, 0, 0, 0, 62, 16 } },
		{ RTE_MBUF_F_TX_IPV6 | RTE_MBUF_F_TX_UDP_CKSUM, 14, 40, 8, { 1, 0, 0, 0, 54, 6 } },
		{ RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_TCP_CKSUM | RTE_MBUF_F_TX_TCP_SEG,
		  14,
		  20,
		  32,
		  { 1, VIRTIO_NET_HDR_GSO_TCPV4, 66, 1448, 34, 16 } },
		{ RTE_MBUF_F_TX_IPV6 | RTE_MBUF_F_TX_TCP_CKSUM | RTE_MBUF_F_TX_TCP_SEG,
		  127,
		  40,
		  60,
		  { 1, VIRTIO_NET_HDR_GSO_TCPV6, 227, 1448, 167, 16 } },
	};
	uint8_t data[60] = { 0 };

	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		struct rte_mbuf *m = packet(data, 60, 60, 0);
		struct virtio_net_hdr hdr;

		memset(&hdr, 0xff, sizeof(hdr));
		m->ol_flags = rows[i].flags;
		m->l2_len = rows[i].l2 & 0x7f;
		m->l3_len = rows[i].l3 & 0x1ff;
		m->l4_len = (uint8_t)rows[i].l4;
		m->tso_segsz = 1448;
		cr_assert_eq(vnet_hdr_write(&hdr, m), 0, "row %zu", i);
		cr_expect_eq(memcmp(&hdr, &rows[i].want, sizeof(hdr)), 0, "row %zu", i);
	}
}

/* What write leaves open, read closes: there and back is the checksum of the whole. */
Test(vnet_hdr, write_then_read)
{
	struct virtio_net_hdr hdr;
	struct rte_mbuf *m;
	struct frame f, out;

	frame_fill(&f, IPPROTO_TCP);
	f.tcp.cksum = rte_ipv4_phdr_cksum(&f.ip, 0);
	m = packet((uint8_t *)&f, sizeof(f), 60, 30);
	m->l2_len = 14;
	m->l3_len = 20;
	m->ol_flags = RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_TCP_CKSUM;
	cr_assert_eq(vnet_hdr_write(&hdr, m), 0);
	cr_assert_eq(vnet_hdr_read(&hdr, m, VNF_OFFLOADS_NONE), 0);
	flatten(m, (uint8_t *)&out);
	f.tcp.cksum = 0;
	cr_expect_eq(out.tcp.cksum, rte_ipv4_udptcp_cksum(&f.ip, &f.tcp));
}

/* A cut that is left to the kernel comes back as it was. */
Test(vnet_hdr, tso_there_and_back)
{
	struct virtio_net_hdr hdr;
	struct rte_mbuf *m;
	struct frame f;

	frame_fill(&f, IPPROTO_TCP);
	m = packet((uint8_t *)&f, sizeof(f), sizeof(f), 0);
	m->l2_len = 14;
	m->l3_len = 20;
	m->l4_len = 20;
	m->tso_segsz = 77;
	m->ol_flags = RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_TCP_CKSUM | RTE_MBUF_F_TX_TCP_SEG;
	cr_assert_eq(vnet_hdr_write(&hdr, m), 0);
	m->ol_flags = 0;
	m->tso_segsz = 0;
	cr_assert_eq(vnet_hdr_read(&hdr, m, VNF_OFFLOADS_TSO), 0);
	cr_expect_eq(m->ol_flags, RTE_MBUF_F_RX_L4_CKSUM_NONE | RTE_MBUF_F_RX_LRO);
	cr_expect_eq(m->tso_segsz, 77);
	cr_expect_arr_eq(segs[0].data, &f, sizeof(f));
}

Test(vnet_hdr, write_refuses)
{
	static const uint64_t flags[] = {
		RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM,
		RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_SCTP_CKSUM,
		RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_TCP_SEG, /* without its checksum */
		RTE_MBUF_F_TX_UDP_SEG,
		RTE_MBUF_F_TX_VLAN,
		RTE_MBUF_F_TX_QINQ,
		RTE_MBUF_F_TX_OUTER_IP_CKSUM,
		RTE_MBUF_F_TX_OUTER_UDP_CKSUM,
		RTE_MBUF_F_TX_TUNNEL_VXLAN,
		RTE_MBUF_F_TX_IEEE1588_TMST,
		/* As received, not as vnf_fit_next() has it. */
		RTE_MBUF_F_RX_L4_CKSUM_NONE,
		RTE_MBUF_F_RX_LRO,
		RTE_MBUF_F_RX_LRO | RTE_MBUF_F_RX_L4_CKSUM_NONE,
	};
	struct virtio_net_hdr hdr;
	struct frame f;

	frame_fill(&f, IPPROTO_TCP);
	for (size_t i = 0; i < RTE_DIM(flags); i++) {
		struct rte_mbuf *m = packet((uint8_t *)&f, 60, 60, 0);

		m->ol_flags = flags[i];
		m->l2_len = 14;
		m->l3_len = 20;
		m->tso_segsz = 1000;
		cr_expect_eq(vnet_hdr_write(&hdr, m), -EOPNOTSUPP, "row %zu", i);
	}
}
