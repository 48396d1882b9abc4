/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * What is done with each packet on its way out of a port, one thing at a time: left as it is, its
 * checksum completed or left open, or refused, and for what.
 */
#include "fit_support.h"

/* The room that a caller has makes no difference. */
Test(fit_open, packets_keep_their_order_in_whatever_room, .init = setup, .fini = teardown)
{
	static const uint16_t rooms[] = { 1, 2, 7, ROOM_MAX };
	static const uint16_t payloads[] = { 3000, 100, 1460, 2500, 5000 };
	static const uint16_t lengths[] = { 1054, 1054, 1054, 154, 1514, 1054, 1054, 554 };

	for (size_t r = 0; r < RTE_DIM(rooms); r++) {
		struct rte_mbuf *pkts[RTE_DIM(payloads)], *out[ROOM_MAX];
		uint16_t n = 0, got;
		struct vnf_fit fit;

		counters_forget();
		for (size_t i = 0; i < RTE_DIM(payloads); i++) {
			plain_frame(payloads[i], 1000);
			if (i == 1 || i == 2)
				s.flags = 0;
			if (i == 4) /* too long; nothing of it comes out */
				s.flags = 0;
			pkts[i] = frame_packet();
		}
		fit_begin(&fit, pkts, RTE_DIM(payloads));
		while ((got = fit_next(&fit, out + n, RTE_MIN(rooms[r], ROOM_MAX - n))) > 0)
			n += got;
		cr_assert_eq(n, RTE_DIM(lengths));
		for (uint16_t i = 0; i < n; i++)
			cr_expect_eq(out[i]->pkt_len, lengths[i], "room %u: %u", rooms[r], i);
		cr_expect_eq(worker.counters.created, 4);
		cr_expect_eq(drops_of(VNF_DROP_TOO_LONG), 1);
		check_ledger();
		rte_pktmbuf_free_bulk(out, n);
		EAL_SUPPORT_POOL_FULL(pool);
	}
}

Test(fit_open, what_is_not_open_is_only_measured, .init = setup, .fini = teardown)
{
	static const uint64_t flags[] = {
		0,
		RTE_MBUF_F_TX_IPV4,
		RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IPV6 | RTE_MBUF_F_TX_OUTER_IPV4,
		RTE_MBUF_F_RX_L4_CKSUM_GOOD,
		RTE_MBUF_F_RX_L4_CKSUM_BAD | RTE_MBUF_F_RX_IP_CKSUM_BAD | RTE_MBUF_F_RX_VLAN,
	};
	struct rte_mbuf *pkt, *out[ROOM_MAX];

	for (size_t i = 0; i < RTE_DIM(flags); i++) {
		for (uint32_t more = 0; more < 3; more++) {
			counters_forget();
			plain_frame(port.mtu + VNF_FRAME_OVERHEAD - 54 - 1 + more, 1000);
			s.flags = flags[i];
			put16(whole + s.l3 + 10, 0x1234); /* wrong, and nobody's business */
			pkt = frame_packet();
			if (more == 2) {
				cr_expect_eq(fit_one(pkt, out), 0);
				cr_expect_eq(drops_of(VNF_DROP_TOO_LONG), 1);
				continue;
			}
			cr_assert_eq(fit_one(pkt, out), 1);
			cr_expect_eq(out[0], pkt);
			cr_expect_eq(pkt->ol_flags, flags[i]);
			cr_expect(packet_equals(pkt, whole, s.length));
			rte_pktmbuf_free(pkt);
		}
	}
	EAL_SUPPORT_POOL_FULL(pool);
}

Test(fit_open, what_nobody_here_can_do_is_refused, .init = setup, .fini = teardown)
{
	static const uint64_t flags[] = {
		RTE_MBUF_F_TX_VLAN,           RTE_MBUF_F_TX_QINQ,
		RTE_MBUF_F_TX_OUTER_IP_CKSUM, RTE_MBUF_F_TX_OUTER_UDP_CKSUM,
		RTE_MBUF_F_TX_UDP_SEG,        RTE_MBUF_F_TX_TUNNEL_VXLAN,
		RTE_MBUF_F_TX_MACSEC,         RTE_MBUF_F_TX_SEC_OFFLOAD,
		RTE_MBUF_F_TX_IEEE1588_TMST,  RTE_MBUF_F_TX_SCTP_CKSUM, /* of TCP */
	};
	static const uint32_t takes[] = { 0, VNF_TAKES_CHECKSUM, TSO_BOTH };

	for (size_t i = 0; i < RTE_DIM(flags); i++) {
		for (size_t k = 0; k < RTE_DIM(takes); k++) {
			vnf_port_set_takes(&port, takes[k]);
			plain_frame(1000, 0);
			s.flags = flags[i] | RTE_MBUF_F_TX_IPV4;
			expect_dropped(VNF_DROP_UNSUPPORTED_OFFLOAD, "alone");
			if (flags[i] == RTE_MBUF_F_TX_SCTP_CKSUM)
				continue;
			s.flags |= RTE_MBUF_F_TX_TCP_CKSUM;
			expect_dropped(VNF_DROP_UNSUPPORTED_OFFLOAD, "with a checksum");
		}
	}
}

/* A tag that it asks for would be missing on every segment. */
Test(fit_open, what_nobody_here_can_do_is_refused_with_tso_too, .init = setup, .fini = teardown)
{
	static const uint64_t flags[] = { RTE_MBUF_F_TX_VLAN, RTE_MBUF_F_TX_QINQ,
					  RTE_MBUF_F_TX_OUTER_IP_CKSUM, RTE_MBUF_F_TX_MACSEC,
					  RTE_MBUF_F_TX_TUNNEL_IPIP };
	static const uint32_t takes[] = { 0, TSO_BOTH };

	for (size_t i = 0; i < RTE_DIM(flags); i++) {
		for (size_t k = 0; k < RTE_DIM(takes); k++) {
			vnf_port_set_takes(&port, takes[k]);
			plain_frame(3000, 1000);
			s.flags = flags[i] | RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_TCP_CKSUM |
				  RTE_MBUF_F_TX_TCP_SEG;
			expect_dropped(VNF_DROP_UNSUPPORTED_OFFLOAD,
				       takes[k] == 0 ? "cut" : "whole");
		}
	}
}

Test(fit_open, malformed_packets_tell_what_is_wrong, .init = setup, .fini = teardown)
{
	static const struct {
		uint16_t at;
		uint8_t value;
		uint32_t reason;
	} rows[] = {
		{ ETH, 0x44, VNF_DROP_IPV4_IHL },
		{ ETH, 0x65, VNF_DROP_IPV4_VERSION },
		{ ETH + 2, 0xff, VNF_DROP_IPV4_LENGTH },
		{ ETH + 20 + 12, 0x40, VNF_DROP_TCP_OFFSET },
	};
	static const uint64_t flags[] = { RTE_MBUF_F_RX_LRO, RTE_MBUF_F_RX_L4_CKSUM_NONE,
					  RTE_MBUF_F_TX_TCP_CKSUM };

	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		for (size_t k = 0; k < RTE_DIM(flags); k++) {
			plain_frame(1200, 500);
			s.flags = flags[k];
			whole[rows[i].at] = rows[i].value;
			expect_dropped(rows[i].reason, "row");
		}
	}
}

/* ---- checksums ---- */

/* `p`, with what it leaves open spoiled; comes out as the packet builder made it, or left open. */
static void completes(uint64_t flags, uint16_t sum_at, uint16_t spoiled, const char *what)
{
	struct rte_mbuf *pkt, *out[ROOM_MAX];

	finish();
	pkt = packet_make(p.data, p.len, 0);
	put16(rte_pktmbuf_mtod_offset(pkt, uint8_t *, sum_at), spoiled);
	pkt->ol_flags = flags;
	counters_forget();
	cr_assert_eq(fit_one(pkt, out), 1, "%s", what);
	cr_expect_eq(out[0]->ol_flags, 0, "%s", what);
	cr_expect(packet_is(out[0], p.data, p.len), "%s", what);
	rte_pktmbuf_free(out[0]);
}

static void sctp_put(void)
{
	static const uint8_t header[20] = { 0, 7, 0, 9, 1, 2, 3, 4 };
	uint32_t crc = UINT32_MAX;
	uint8_t sctp[20];

	memcpy(sctp, header, sizeof(sctp));
	for (unsigned int i = 0; i < sizeof(sctp); i++) {
		crc ^= sctp[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (0x82f63b78u & (0u - (crc & 1)));
	}
	for (unsigned int i = 0; i < 4; i++)
		sctp[8 + i] = (uint8_t)(~crc >> 8 * i);
	vnf_test_next(&p, IPPROTO_SCTP);
	vnf_test_bytes(&p, sctp, sizeof(sctp));
}

/* Only TCP and UDP behind an IP header have flags for it: the rest is completed for everybody. */
Test(fit_open, checksums_without_a_flag_are_completed_for_all, .init = setup, .fini = teardown)
{
	static const uint32_t takes[] = { 0, VNF_TAKES_CHECKSUM, TSO_BOTH | VNF_TAKES_IP_CHECKSUM };

	for (size_t i = 0; i < RTE_DIM(takes); i++) {
		vnf_port_set_takes(&port, takes[i]);
		ipv4_begin();
		vnf_test_echo(&p, true, 1, 2);
		completes(RTE_MBUF_F_RX_L4_CKSUM_NONE, ETH + 22, 0, "ICMP");
		ipv6_begin();
		vnf_test_echo(&p, true, 1, 2);
		completes(RTE_MBUF_F_RX_L4_CKSUM_NONE, ETH + 42, 0x55, "ICMPv6");
		ipv4_begin();
		sctp_put();
		completes(RTE_MBUF_F_RX_L4_CKSUM_NONE, ETH + 28, 0, "SCTP");
		ipv4_begin();
		sctp_put();
		completes(RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_SCTP_CKSUM, ETH + 30, 0, "SCTP asked");
		ipv6_begin();
		vnf_test_ipv6_ext(&p, IPPROTO_HOPOPTS, 8);
		vnf_test_udp(&p, 1, 2);
		completes(RTE_MBUF_F_RX_L4_CKSUM_NONE, ETH + 54, 0x77, "UDP behind an extension");
		ipv4_begin();
		vnf_test_udp(&p, 1, 2);
		completes(RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM, ETH + 10, 0x99,
			  "only IPv4's");
	}
	EAL_SUPPORT_POOL_FULL(pool);
}

/* A device would look for TCP right behind the IP header. */
Test(fit_open, behind_an_authentication_header_checksums_are_completed, .init = setup,
     .fini = teardown)
{
	uint8_t *ah = whole + ETH + 20;
	struct rte_mbuf *out[ROOM_MAX];

	vnf_port_set_takes(&port, TSO_BOTH);
	plain_frame(112, 0);
	memmove(ah + 12, ah, 20);
	memset(ah, 0, 12);
	ah[0] = IPPROTO_TCP;
	ah[1] = 1;
	whole[ETH + 9] = IPPROTO_AH;
	ip_sum_make(whole);
	s.l4 += 12;
	s.payload += 12;
	s.plain = false;
	s.flags = RTE_MBUF_F_RX_L4_CKSUM_NONE;
	cr_assert_eq(fit_one(frame_packet(), out), 1);
	one_check(out[0], FINISHED);
	rte_pktmbuf_free(out[0]);
	EAL_SUPPORT_POOL_FULL(pool);
}

/* Of what it says to be UDP, less than there is: neither flags nor headers can tell that. */
Test(fit_open, udp_shorter_than_its_packet_is_completed, .init = setup, .fini = teardown)
{
	struct rte_mbuf *out[ROOM_MAX];

	vnf_port_set_takes(&port, TSO_BOTH);
	plain_frame(100, 0);
	s.tso = false;
	s.proto = whole[ETH + 9] = IPPROTO_UDP;
	s.flags = RTE_MBUF_F_RX_L4_CKSUM_NONE;
	ip_sum_make(whole);
	put16(whole + s.l4 + 4, 60);
	cr_assert_eq(fit_one(frame_packet(), out), 1);
	memcpy(expected, whole, s.length);
	l4_sum_make(expected, s.l4 + 60, false);
	cr_expect_eq(out[0]->ol_flags, 0);
	cr_expect(packet_equals(out[0], expected, s.length));
	rte_pktmbuf_free(out[0]);
	EAL_SUPPORT_POOL_FULL(pool);
}

Test(fit_open, fragments_with_open_checksums_are_refused, .init = setup, .fini = teardown)
{
	static const uint32_t takes[] = { 0, TSO_BOTH };

	for (size_t i = 0; i < RTE_DIM(takes); i++) {
		vnf_port_set_takes(&port, takes[i]);
		plain_frame(100, 0);
		s.flags = RTE_MBUF_F_RX_L4_CKSUM_NONE;
		put16(whole + ETH + 6, 0x2000);
		expect_dropped(VNF_DROP_UNSUPPORTED_OFFLOAD, "the first");
		put16(whole + ETH + 6, 3);
		expect_dropped(VNF_DROP_UNSUPPORTED_OFFLOAD, "the last");
	}
}

/* ---- what cannot be cut ---- */

/* TCP behind an IPv6 extension header of 8 octets, whose fourth is `fourth`. */
static void extended_frame(uint8_t type, uint8_t fourth)
{
	uint8_t *ip = whole + ETH, *ext = ip + 40;

	plain_frame(4000, 1000);
	memset(ip, 0, 68);
	put16(whole + 12, 0x86dd);
	ip[0] = 0x60;
	ip[6] = type;
	ext[0] = IPPROTO_TCP;
	ext[3] = fourth;
	s.v6 = true;
	s.plain = false;
	s.l4 = ETH + 48;
	s.payload = ETH + 68;
	s.end = s.length = ETH + 48 + 4000; /* a multiple of 8, as a fragment must have */
	whole[s.l4 + 12] = 0x50;
	lengths_put();
}

/* The packet's own word must be true of it, wherever it goes. */
Test(fit_open, tso_of_what_is_something_else_is_refused, .init = setup, .fini = teardown)
{
	static const uint32_t takes[] = { 0, VNF_TAKES_CHECKSUM, TSO_BOTH };
	static const uint8_t route[12] = { 1, 131, 11, 4, 10, 0, 0, 9, 10, 0, 0, 8 };

	for (size_t i = 0; i < RTE_DIM(takes); i++) {
		vnf_port_set_takes(&port, takes[i]);
		plain_frame(4000, VNF_TSO_MIN - 1);
		expect_dropped(VNF_DROP_UNSUPPORTED_OFFLOAD, "segments too small");
		s.segment = 0;
		expect_dropped(VNF_DROP_UNSUPPORTED_OFFLOAD, "segments of nothing");
		plain_frame(20, 0); /* also one that has nothing to be cut */
		expect_dropped(VNF_DROP_UNSUPPORTED_OFFLOAD, "short, and segments of nothing");
		plain_frame(4000, 1000);
		whole[ETH + 9] = IPPROTO_UDP;
		put16(whole + s.l4 + 4, 4020);
		expect_dropped(VNF_DROP_UNSUPPORTED_OFFLOAD, "UDP");
		whole[ETH + 9] = IPPROTO_EGP;
		expect_dropped(VNF_DROP_UNSUPPORTED_OFFLOAD, "another protocol");
		put16(whole + 12, 0x1234);
		expect_dropped(VNF_DROP_UNSUPPORTED_OFFLOAD, "not IP");
		extended_frame(IPPROTO_DSTOPTS, 0);
		whole[ETH + 40] = IPPROTO_UDP;
		put16(whole + s.l4 + 4, 4000);
		expect_dropped(VNF_DROP_UNSUPPORTED_OFFLOAD, "UDP over IPv6");
		plain_frame(4004, 1000);
		put16(whole + ETH + 6, 0x2000);
		expect_dropped(VNF_DROP_UNSUPPORTED_OFFLOAD, "a first fragment");
		put16(whole + ETH + 6, 3);
		expect_dropped(VNF_DROP_UNSUPPORTED_OFFLOAD, "a last fragment");
		/* The route takes the place of the first octets of TCP, which moves behind. */
		plain_frame(4012, 1000);
		memmove(whole + s.l4 + 12, whole + s.l4, 20);
		memcpy(whole + s.l4, route, sizeof(route));
		whole[ETH] = 0x48;
		expect_dropped(VNF_DROP_UNSUPPORTED_OFFLOAD, "source-routed");
	}
}

Test(fit_open, ipv6_fragments_and_routes_are_not_cut, .init = setup, .fini = teardown)
{
	static const uint8_t types[] = { IPPROTO_FRAGMENT, IPPROTO_ROUTING };
	struct rte_mbuf *out[ROOM_MAX];

	for (size_t i = 0; i < RTE_DIM(types); i++) {
		extended_frame(types[i], 1); /* there are more; a stop is left */
		expect_dropped(VNF_DROP_UNSUPPORTED_OFFLOAD, i == 0 ? "fragment" : "route");
		extended_frame(types[i], 0); /* it is whole; it has arrived */
		counters_forget();
		cr_assert_eq(fit_one(frame_packet(), out), 4);
		segments_check(out, 4);
		rte_pktmbuf_free_bulk(out, 4);
	}
	EAL_SUPPORT_POOL_FULL(pool);
}

/* TCP behind 16 octets of AH, with an extension header of `before` octets in front of that or none;
 * `second` is its second octet.
 */
static void authenticated_frame(uint8_t type, uint8_t before, uint8_t second)
{
	uint8_t *ip = whole + ETH, *ah = ip + 40 + before;

	plain_frame(4000, 1000);
	memset(ip, 0, 100);
	put16(whole + 12, 0x86dd);
	ip[0] = 0x60;
	ip[6] = type;
	put16(ip + 4, s.end - ETH - 40);
	ip[40] = IPPROTO_AH;
	ip[41] = second;
	ah[0] = IPPROTO_TCP;
	ah[1] = 2;
	ah[16 + 12] = 0x50;
}

/* No segment could have the right one, whoever cuts. */
Test(fit_open, what_is_authenticated_is_not_cut, .init = setup, .fini = teardown)
{
	static const uint32_t takes[] = { 0, TSO_BOTH };
	uint8_t *ip = whole + ETH;

	for (size_t i = 0; i < RTE_DIM(takes); i++) {
		vnf_port_set_takes(&port, takes[i]);
		plain_frame(4012, 1000);
		memmove(ip + 32, ip + 20, 20);
		memset(ip + 20, 0, 12);
		ip[9] = IPPROTO_AH;
		ip[20] = IPPROTO_TCP;
		ip[21] = 1;
		expect_dropped(VNF_DROP_UNSUPPORTED_OFFLOAD, "IPv4");
		authenticated_frame(IPPROTO_AH, 0, 2);
		expect_dropped(VNF_DROP_UNSUPPORTED_OFFLOAD, "IPv6");
		authenticated_frame(IPPROTO_DSTOPTS, 16, 1);
		expect_dropped(VNF_DROP_UNSUPPORTED_OFFLOAD, "behind options");
		/* Whose length is fixed: what the octet says is nothing. */
		authenticated_frame(IPPROTO_FRAGMENT, 24, 9);
		ip[40] = IPPROTO_DSTOPTS;
		ip[48] = IPPROTO_AH;
		ip[49] = 1;
		expect_dropped(VNF_DROP_UNSUPPORTED_OFFLOAD, "behind a fragment header");
	}
}
