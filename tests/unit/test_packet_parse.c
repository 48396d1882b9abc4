/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * vnf/packet.h: every header is found where it is, every malformed one is refused by its name, and
 * both also when the packet lies in segments of any size.
 */
#include "packet_support.h"

#include <arpa/inet.h>

#include <rte_net.h>

static struct vnf_headers h;

/* Parse the finished packet in segments of `step` octets. */
static uint32_t parse_in(uint32_t step)
{
	struct rte_mbuf *pkt = packet_make(p.data, p.len, step);
	uint32_t bad = vnf_parse(pkt, &h);

	cr_assert(packet_is(pkt, p.data, p.len), "the octets are no longer the same");
	cr_assert_eq(rte_mbuf_check(pkt, 1, &(const char *){ NULL }), 0);
	if (bad == 0)
		cr_assert_geq(pkt->data_len, h.payload, "%u octets, headers up to %u",
			      pkt->data_len, h.payload);
	cr_assert_leq(h.payload, p.len);
	cr_assert_leq(h.end, p.len);
	rte_pktmbuf_free(pkt);
	return bad;
}

static const char *name_of(uint32_t reason)
{
	static const char *const names[] = {
#define DROP_NAME(id, name, doc) name,
		VNF_DROP_REASONS(DROP_NAME)
#undef DROP_NAME
	};

	return reason == 0 ? "nothing wrong" : names[reason];
}

/* The same is found, or the same is wrong, however the packet is cut. */
static void expect(uint32_t reason)
{
	struct vnf_headers whole;
	uint32_t bad;

	finish();
	bad = parse_in(0);
	cr_assert_eq(bad, reason, "%s, not %s", name_of(bad), name_of(reason));
	whole = h;
	for (uint32_t step = 1; step < 64; step++) {
		bad = parse_in(step);
		cr_assert_eq(bad, reason, "in steps of %u: %s", step, name_of(bad));
		cr_assert_eq(memcmp(&whole, &h, sizeof(h)), 0, "in steps of %u", step);
	}
	EAL_SUPPORT_POOL_FULL(pool);
}

/* Good; and cut anywhere within its headers or its data, it is bad. */
static void expect_good(void)
{
	struct vnf_headers good;
	uint32_t len;

	expect(0);
	good = h;
	len = p.len;
	for (p.len = 0; p.len < good.end; p.len++)
		if (p.len > 0)
			cr_assert_neq(parse_in(0), 0, "cut to %u of %u", p.len, len);
	p.len = len;
	h = good;
}

static void places(uint16_t l3, uint16_t l4, uint16_t payload, uint32_t end)
{
	cr_assert_eq(h.l3, l3, "layer 3 at %u", h.l3);
	cr_assert_eq(h.l4, l4, "layer 4 at %u", h.l4);
	cr_assert_eq(h.payload, payload, "payload at %u", h.payload);
	cr_assert_eq(h.end, end, "end at %u", h.end);
}

TestSuite(packet_parse, .init = packets_start, .fini = eal_support_stop);

/* ---- what is found ---- */

Test(packet_parse, udp_over_ipv4)
{
	ipv4_begin();
	vnf_test_udp(&p, 1000, 53);
	vnf_test_payload(&p, 7);
	vnf_test_pad(&p, 60);
	expect_good();
	places(14, 34, 42, 49);
	cr_assert_eq(h.proto, IPPROTO_UDP);
	cr_assert_eq(h.l4_sum, 40);
	cr_assert_eq(h.flags, 0);
	cr_assert_eq(h.ether_type, RTE_ETHER_TYPE_IPV4);
	cr_assert(vnf_is_ipv4(&h) && vnf_has_ports(&h) && !vnf_is_ipv6(&h) && !vnf_is_icmp(&h));
}

Test(packet_parse, tcp_with_options_behind_tags)
{
	struct rte_mbuf *pkt;
	uint8_t octets;

	vnf_test_eth(&p, DST, SRC);
	vnf_test_vlan(&p, 0x88a8, 0x2064);
	vnf_test_vlan(&p, 0x8100, 7);
	vnf_test_ipv4(&p, "10.0.0.1", "10.0.0.2");
	vnf_test_ipv4_options(&p, "\x94\x04\0\0", 4);
	vnf_test_tcp(&p, 4000, 80, VNF_TEST_SYN);
	vnf_test_tcp_options(&p, "\1\1\1\3\3\7\2\4\5\xb4\0\0", 12);
	vnf_test_payload(&p, 100);
	expect_good();
	places(22, 46, 46 + 32, 178);
	cr_assert_eq(h.n_vlans, 2);
	cr_assert_eq(h.vlan[0], 0x2064);
	cr_assert_eq(h.vlan[1], 7);
	cr_assert_eq(h.flags, VNF_IP_OPTIONS);
	cr_assert_eq(h.l4_sum, 46 + 16);

	pkt = packet_make(p.data, p.len, 0);
	cr_assert_eq(vnf_tcp_options_check(pkt, &h), 0);
	cr_assert_eq(vnf_tcp_option_find(pkt, &h, 2, &octets), 46 + 20 + 6);
	cr_assert_eq(octets, 4);
	cr_assert_eq(vnf_tcp_option_find(pkt, &h, 3, NULL), 46 + 20 + 3);
	cr_assert_eq(vnf_tcp_option_find(pkt, &h, 4, NULL), 0);
	cr_assert_eq(rte_be_to_cpu_16(vnf_ports(pkt, &h)->dst), 80);
	rte_pktmbuf_free(pkt);
}

Test(packet_parse, third_tag_is_payload)
{
	vnf_test_eth(&p, DST, SRC);
	vnf_test_vlan(&p, 0x88a8, 1);
	vnf_test_vlan(&p, 0x8100, 2);
	vnf_test_next(&p, 0x8100);
	vnf_test_bytes(&p, "\0\3\x08\0", 4);
	expect(0);
	places(22, 0, 22, 26);
	cr_assert_eq(h.ether_type, 0x8100);
	cr_assert_eq(h.proto, VNF_PROTO_NONE);
}

Test(packet_parse, arp)
{
	vnf_test_eth(&p, DST, SRC);
	vnf_test_arp(&p, 1, SRC, "10.0.0.1", DST, "10.0.0.2");
	vnf_test_pad(&p, 60);
	expect(0);
	places(14, 0, 42, 60);
	cr_assert_eq(h.ether_type, RTE_ETHER_TYPE_ARP);
}

Test(packet_parse, ipv6_with_extension_headers)
{
	ipv6_begin();
	vnf_test_ipv6_ext(&p, 0, 8);
	vnf_test_ipv6_ext(&p, 43, 24);
	vnf_test_ipv6_fragment(&p, 1, 0, false);
	vnf_test_ipv6_ext(&p, 60, 16);
	vnf_test_udp(&p, 1, 2);
	vnf_test_payload(&p, 3);
	expect_good();
	places(14, 110, 118, 121);
	cr_assert_eq(h.flags, VNF_IP_OPTIONS);
	cr_assert_eq(h.fragment_header, 54 + 32);
	cr_assert_eq(h.l4_sum, 116);
}

Test(packet_parse, ah_is_passed_over)
{
	/* AH of 24 octets, in front of UDP. */
	static const uint8_t ah[24] = { 17, 4 };

	ipv6_begin();
	vnf_test_next(&p, 51);
	vnf_test_bytes(&p, ah, sizeof(ah));
	vnf_test_bytes(&p, "\0\1\0\2\0\x08\0\0", 8);
	expect_good();
	places(14, 78, 86, 86);
	cr_assert_eq(h.proto, IPPROTO_UDP);

	ipv4_begin();
	vnf_test_next(&p, 51);
	vnf_test_bytes(&p, ah, sizeof(ah));
	vnf_test_bytes(&p, "\0\1\0\2\0\x08\0\0", 8);
	expect_good();
	places(14, 58, 66, 66);
}

Test(packet_parse, fragments)
{
	ipv4_begin();
	vnf_test_ipv4_fragment(&p, 0, true);
	vnf_test_udp(&p, 1, 2);
	vnf_test_length(&p, 3000);
	vnf_test_payload(&p, 8);
	expect(0);
	places(14, 34, 42, 50);
	cr_assert_eq(h.flags, VNF_FRAGMENT | VNF_FRAGMENTS_MORE);
	cr_assert_eq(h.fragment_header, 14);

	ipv4_begin();
	vnf_test_ipv4_fragment(&p, 1480, false);
	vnf_test_next(&p, IPPROTO_TCP);
	vnf_test_payload(&p, 3);
	expect(0);
	places(14, 0, 34, 37);
	cr_assert_eq(h.flags, VNF_FRAGMENT);
	cr_assert_eq(h.fragment_offset, 1480);
	cr_assert_eq(h.l4_sum, 0);
	cr_assert(!vnf_has_ports(&h));

	ipv6_begin();
	vnf_test_ipv6_fragment(&p, 9, 65528, false);
	vnf_test_next(&p, IPPROTO_UDP);
	vnf_test_payload(&p, 7);
	expect(0);
	places(14, 0, 62, 69);
	cr_assert_eq(h.proto, IPPROTO_UDP);
	cr_assert_eq(h.fragment_offset, 65528);
	cr_assert_eq(h.fragment_header, 54);
}

Test(packet_parse, other_protocols)
{
	static const struct {
		uint8_t proto;
		uint8_t bytes; /* of its header */
		char octets[32];
		uint16_t sum;
	} of[] = {
		{ IPPROTO_GRE, 4, "\0\0\x08\0", 0 },
		{ IPPROTO_GRE, 16, "\xb0\0\x08\0", 0 },     /* checksum, key, sequence number */
		{ IPPROTO_GRE, 16, "\x30\x81\x88\x0b", 0 }, /* PPTP */
		{ IPPROTO_ESP, 8, "\0\0\0\1", 0 },
		{ IPPROTO_SCTP, 12, "\0\1\0\2", 0 },
		{ IPPROTO_UDPLITE, 8, "\0\1\0\2\0\x08\0\0", 6 },
		{ IPPROTO_DCCP, 12, "\0\1\0\2\3\0\0\0", 6 },
		{ IPPROTO_DCCP, 20, "\0\1\0\2\5\0\0\0\1", 6 },
		{ IPPROTO_ICMP, 8, "\x08\0\0\0", 2 },
		{ 253, 0, "\0\0\0\0", 0 },
		{ IPPROTO_ICMPV6, 0, "\0\0\0\0", 0 }, /* over IPv4 it means nothing */
	};

	for (size_t i = 0; i < RTE_DIM(of); i++) {
		uint8_t room[32] = { 0 };

		memcpy(room, of[i].octets, sizeof(room));
		ipv4_begin();
		vnf_test_next(&p, of[i].proto);
		vnf_test_bytes(&p, room, 32);
		expect(0);
		places(14, 34, (uint16_t)(34 + of[i].bytes), 66);
		cr_assert_eq(h.l4_sum, of[i].sum == 0 ? 0 : 34 + of[i].sum, "proto %u",
			     of[i].proto);
	}
}

Test(packet_parse, no_next_header)
{
	ipv6_begin();
	vnf_test_next(&p, IPPROTO_NONE);
	vnf_test_payload(&p, 4);
	expect(0);
	places(14, 0, 54, 58);
}

Test(packet_parse, source_routes)
{
	ipv4_begin();
	vnf_test_ipv4_options(&p, "\x83\x07\x04\1\2\3\4\0", 8);
	vnf_test_udp(&p, 1, 2);
	expect(0);
	cr_assert_eq(h.flags, VNF_IP_OPTIONS | VNF_SOURCE_ROUTED);

	ipv4_begin();
	vnf_test_ipv4_options(&p, "\x89\x07\x08\1\2\3\4\0", 8);
	vnf_test_udp(&p, 1, 2);
	expect(0);
	cr_assert_eq(h.flags, VNF_IP_OPTIONS, "a route that is done");

	ipv6_begin();
	vnf_test_ipv6_ext(&p, 43, 24);
	vnf_test_patch(&p, 3, "\1", 1);
	vnf_test_udp(&p, 1, 2);
	expect(0);
	cr_assert_eq(h.flags, VNF_IP_OPTIONS | VNF_SOURCE_ROUTED);
}

/* DPDK's parser finds the same. */
Test(packet_parse, agrees_with_dpdk)
{
	for (uint32_t kind = 0; kind < 16; kind++) {
		struct rte_net_hdr_lens lens;
		struct rte_mbuf *pkt;

		vnf_test_eth(&p, DST, SRC);
		if ((kind & 1) != 0)
			vnf_test_vlan(&p, 0x8100, 5);
		if ((kind & 2) != 0) {
			vnf_test_ipv6(&p, "2001:db8::1", "2001:db8::2");
			if ((kind & 4) != 0)
				vnf_test_ipv6_ext(&p, 0, 16);
		} else {
			vnf_test_ipv4(&p, "10.0.0.1", "10.0.0.2");
			if ((kind & 4) != 0)
				vnf_test_ipv4_options(&p, NULL, 12);
		}
		if ((kind & 8) != 0) {
			vnf_test_tcp(&p, 1, 2, VNF_TEST_ACK);
			vnf_test_tcp_options(&p, NULL, 12);
		} else {
			vnf_test_udp(&p, 1, 2);
		}
		vnf_test_payload(&p, 20);
		expect_good();
		pkt = packet_make(p.data, p.len, 0);
		rte_net_get_ptype(pkt, &lens, RTE_PTYPE_ALL_MASK);
		places(lens.l2_len, (uint16_t)(lens.l2_len + lens.l3_len),
		       (uint16_t)(lens.l2_len + lens.l3_len + lens.l4_len), p.len);
		rte_pktmbuf_free(pkt);
	}
}

/* ---- what is refused ---- */

Test(packet_parse, malformed_ethernet_and_arp)
{
	vnf_test_eth(&p, DST, SRC);
	vnf_test_cut(&p, 13);
	expect(VNF_DROP_ETHERNET_SHORT);

	vnf_test_eth(&p, DST, SRC);
	vnf_test_vlan(&p, 0x8100, 1);
	vnf_test_cut(&p, 17);
	expect(VNF_DROP_ETHERNET_SHORT);

	vnf_test_eth(&p, DST, SRC);
	vnf_test_arp(&p, 1, SRC, "10.0.0.1", DST, "10.0.0.2");
	vnf_test_cut(&p, 41);
	expect(VNF_DROP_ARP_SHORT);

	vnf_test_eth(&p, DST, SRC);
	vnf_test_arp(&p, 1, SRC, "10.0.0.1", DST, "10.0.0.2");
	vnf_test_patch(&p, 4, "\x08", 1);
	expect(VNF_DROP_ARP_FORMAT);
}

Test(packet_parse, malformed_ipv4)
{
	ipv4_begin();
	vnf_test_cut(&p, ETH + 19);
	expect(VNF_DROP_IPV4_SHORT);

	ipv4_begin();
	vnf_test_patch(&p, 0, "\x65", 1);
	expect(VNF_DROP_IPV4_VERSION);

	ipv4_begin();
	vnf_test_patch(&p, 0, "\x44", 1);
	expect(VNF_DROP_IPV4_IHL);

	ipv4_begin();
	vnf_test_patch(&p, 0, "\x46", 1);
	expect(VNF_DROP_IPV4_IHL);

	ipv4_begin();
	vnf_test_length(&p, 19);
	vnf_test_udp(&p, 1, 2);
	expect(VNF_DROP_IPV4_LENGTH);

	ipv4_begin();
	vnf_test_length(&p, 29);
	vnf_test_udp(&p, 1, 2);
	expect(VNF_DROP_IPV4_LENGTH);

	ipv4_begin();
	vnf_test_ipv4_options(&p, "\x07\x01\0\0", 4);
	vnf_test_udp(&p, 1, 2);
	expect(VNF_DROP_IPV4_OPTIONS);

	ipv4_begin();
	vnf_test_ipv4_options(&p, "\1\1\1\x07", 4);
	vnf_test_udp(&p, 1, 2);
	expect(VNF_DROP_IPV4_OPTIONS);

	ipv4_begin();
	vnf_test_ipv4_options(&p, "\x83\x07\x04\0", 4);
	vnf_test_udp(&p, 1, 2);
	expect(VNF_DROP_IPV4_OPTIONS);
}

Test(packet_parse, malformed_ipv6)
{
	ipv6_begin();
	vnf_test_cut(&p, ETH + 39);
	expect(VNF_DROP_IPV6_SHORT);

	ipv6_begin();
	vnf_test_patch(&p, 0, "\x40", 1);
	expect(VNF_DROP_IPV6_VERSION);

	ipv6_begin();
	vnf_test_length(&p, 9);
	vnf_test_udp(&p, 1, 2);
	expect(VNF_DROP_IPV6_LENGTH);

	ipv6_begin();
	vnf_test_next(&p, 0);
	vnf_test_bytes(&p, "\x11\0\1\4", 4);
	expect(VNF_DROP_IPV6_EXT_SHORT);

	ipv6_begin();
	vnf_test_next(&p, 60);
	vnf_test_bytes(&p, "\x11\1\1\4\0\0\0\0", 8);
	expect(VNF_DROP_IPV6_EXT_SHORT);

	ipv6_begin();
	vnf_test_next(&p, 44);
	vnf_test_bytes(&p, "\x11\0\0", 3);
	expect(VNF_DROP_IPV6_EXT_SHORT);

	ipv6_begin();
	vnf_test_ipv6_ext(&p, 60, 8);
	vnf_test_ipv6_ext(&p, 0, 8);
	vnf_test_udp(&p, 1, 2);
	expect(VNF_DROP_IPV6_EXT_ORDER);

	ipv6_begin();
	vnf_test_ipv6_fragment(&p, 1, 0, true);
	vnf_test_ipv6_fragment(&p, 1, 0, true);
	vnf_test_udp(&p, 1, 2);
	expect(VNF_DROP_IPV6_EXT_ORDER);

	ipv6_begin();
	for (int i = 0; i < 9; i++)
		vnf_test_ipv6_ext(&p, 60, 8);
	vnf_test_udp(&p, 1, 2);
	expect(VNF_DROP_IPV6_EXT_MANY);

	ipv6_begin();
	vnf_test_ipv6_ext(&p, 60, 8);
	vnf_test_patch(&p, 3, "\5", 1);
	vnf_test_udp(&p, 1, 2);
	expect(VNF_DROP_IPV6_OPTIONS);

	ipv6_begin();
	vnf_test_next(&p, 51);
	vnf_test_bytes(&p, "\x11\0\0\0\0\0\0\0\0\0\0\0", 12);
	expect(VNF_DROP_AH_SHORT);

	ipv4_begin();
	vnf_test_next(&p, 51);
	vnf_test_bytes(&p, "\x11\4\0\0\0\0\0\0\0\0\0\0", 12);
	expect(VNF_DROP_AH_SHORT);
}

Test(packet_parse, malformed_fragments)
{
	ipv4_begin();
	vnf_test_ipv4_fragment(&p, 0, true);
	vnf_test_next(&p, IPPROTO_TCP);
	vnf_test_payload(&p, 16);
	expect(VNF_DROP_FRAGMENT_TINY);

	ipv4_begin();
	vnf_test_ipv4_fragment(&p, 8, false);
	vnf_test_next(&p, IPPROTO_TCP);
	vnf_test_payload(&p, 16);
	expect(VNF_DROP_FRAGMENT_TINY);

	ipv6_begin();
	vnf_test_ipv6_fragment(&p, 1, 0, true);
	vnf_test_next(&p, 60);
	vnf_test_bytes(&p, "\x11\1\1\4\0\0\0\0", 8);
	expect(VNF_DROP_FRAGMENT_TINY);

	ipv4_begin();
	vnf_test_ipv4_fragment(&p, 16, true);
	vnf_test_payload(&p, 15);
	expect(VNF_DROP_FRAGMENT_LENGTH);

	ipv6_begin();
	vnf_test_ipv6_fragment(&p, 1, 16, true);
	vnf_test_next(&p, 17);
	expect(VNF_DROP_FRAGMENT_LENGTH);

	ipv4_begin();
	vnf_test_ipv4_fragment(&p, 65512, false);
	vnf_test_payload(&p, 4);
	expect(VNF_DROP_FRAGMENT_BEYOND);

	ipv6_begin();
	vnf_test_ipv6_fragment(&p, 1, 65528, false);
	vnf_test_next(&p, 17);
	vnf_test_payload(&p, 8);
	expect(VNF_DROP_FRAGMENT_BEYOND);

	/* The headers in front of the fragment's count in the whole. */
	ipv6_begin();
	vnf_test_ipv6_ext(&p, 60, 24);
	vnf_test_ipv6_fragment(&p, 1, 65512, false);
	vnf_test_next(&p, 17);
	vnf_test_payload(&p, 20);
	expect(VNF_DROP_FRAGMENT_BEYOND);
}

Test(packet_parse, malformed_tcp_and_udp)
{
	ipv4_begin();
	vnf_test_next(&p, IPPROTO_TCP);
	vnf_test_payload(&p, 19);
	expect(VNF_DROP_TCP_SHORT);

	ipv4_begin();
	vnf_test_tcp(&p, 1, 2, VNF_TEST_ACK);
	vnf_test_patch(&p, 12, "\x40", 1);
	expect(VNF_DROP_TCP_OFFSET);

	ipv4_begin();
	vnf_test_tcp(&p, 1, 2, VNF_TEST_ACK);
	vnf_test_patch(&p, 12, "\x60", 1);
	expect(VNF_DROP_TCP_OFFSET);

	ipv4_begin();
	vnf_test_next(&p, IPPROTO_UDP);
	vnf_test_payload(&p, 7);
	expect(VNF_DROP_UDP_SHORT);

	ipv4_begin();
	vnf_test_udp(&p, 1, 2);
	vnf_test_length(&p, 7);
	expect(VNF_DROP_UDP_LENGTH);

	ipv6_begin();
	vnf_test_udp(&p, 1, 2);
	vnf_test_length(&p, 9);
	expect(VNF_DROP_UDP_LENGTH);
}

Test(packet_parse, malformed_others)
{
	static const struct {
		uint8_t proto;
		uint8_t bytes;
		const char *octets;
		uint32_t reason;
	} of[] = {
		{ IPPROTO_ICMP, 7, "\x08\0\0\0\0\0\0", VNF_DROP_ICMP_SHORT },
		{ IPPROTO_GRE, 3, "\0\0\x08", VNF_DROP_GRE_SHORT },
		{ IPPROTO_GRE, 7, "\x20\0\x08\0\0\0\0", VNF_DROP_GRE_SHORT },
		{ IPPROTO_GRE, 4, "\x40\0\x08\0", VNF_DROP_GRE_FORMAT },
		{ IPPROTO_GRE, 4, "\0\2\x08\0", VNF_DROP_GRE_FORMAT },
		{ IPPROTO_ESP, 7, "\0\0\0\1\0\0\0", VNF_DROP_ESP_SHORT },
		{ IPPROTO_SCTP, 11, "\0\1\0\2\0\0\0\0\0\0\0", VNF_DROP_SCTP_SHORT },
		{ IPPROTO_UDPLITE, 7, "\0\1\0\2\0\0\0", VNF_DROP_UDP_SHORT },
		{ IPPROTO_DCCP, 11, "\0\1\0\2\3\0\0\0\0\0\0", VNF_DROP_DCCP_SHORT },
		{ IPPROTO_DCCP, 12, "\0\1\0\2\2\0\0\0\0\0\0\0", VNF_DROP_DCCP_OFFSET },
		{ IPPROTO_DCCP, 12, "\0\1\0\2\4\0\0\0\0\0\0\0", VNF_DROP_DCCP_OFFSET },
		{ IPPROTO_DCCP, 16, "\0\1\0\2\3\0\0\0\1\0\0\0\0\0\0\0", VNF_DROP_DCCP_OFFSET },
		{ IPPROTO_UDPLITE, 8, "\0\1\0\2\0\7\0\0", VNF_DROP_UDP_LENGTH },
		{ IPPROTO_UDPLITE, 8, "\0\1\0\2\0\x09\0\0", VNF_DROP_UDP_LENGTH },
	};

	for (size_t i = 0; i < RTE_DIM(of); i++) {
		ipv4_begin();
		vnf_test_next(&p, of[i].proto);
		vnf_test_bytes(&p, of[i].octets, of[i].bytes);
		expect(of[i].reason);
	}
}

Test(packet_parse, tcp_options_are_checked)
{
	static const struct {
		const char *octets;
		uint32_t reason;
	} of[] = {
		{ "\1\1\1\1", 0 },
		{ "\2\4\5\xb4", 0 },
		{ "\0\xff\xff\xff", 0 },
		{ "\2\5\5\xb4", VNF_DROP_TCP_OPTIONS },
		{ "\2\0\1\1", VNF_DROP_TCP_OPTIONS },
		{ "\2\1\1\1", VNF_DROP_TCP_OPTIONS },
		{ "\1\1\1\2", VNF_DROP_TCP_OPTIONS },
	};

	for (size_t i = 0; i < RTE_DIM(of); i++) {
		struct rte_mbuf *pkt;

		ipv4_begin();
		vnf_test_tcp(&p, 1, 2, VNF_TEST_SYN);
		vnf_test_tcp_options(&p, of[i].octets, 4);
		expect_good();
		pkt = packet_make(p.data, p.len, 0);
		cr_assert_eq(vnf_tcp_options_check(pkt, &h), of[i].reason, "options %zu", i);
		rte_pktmbuf_free(pkt);
	}
}

/* ---- segments ---- */

/* There is no room to bring the headers together: the packet stays as it is. */
Test(packet_parse, no_room_for_headers)
{
	struct rte_mempool *small = rte_pktmbuf_pool_create("small", 63, 0, 0, 16, 0);
	struct rte_mbuf *pkt, *seg;

	ipv4_begin();
	vnf_test_udp(&p, 1, 2);
	finish();
	cr_assert_not_null(small);
	pkt = rte_pktmbuf_alloc(small);
	cr_assert_not_null(pkt);
	pkt->data_off = 0;
	memcpy(rte_pktmbuf_append(pkt, 16), p.data, 16);
	seg = segment_make(p.data + 16, p.len - 16);
	cr_assert_eq(rte_pktmbuf_chain(pkt, seg), 0);
	cr_assert_eq(vnf_parse(pkt, &h), VNF_DROP_HEADERS_SPLIT);
	cr_assert_eq(vnf_packet_pull(pkt, 17), -ENOSPC);
	cr_assert_eq(vnf_packet_pull(pkt, p.len + 1), -EMSGSIZE);
	cr_assert(packet_is(pkt, p.data, p.len));
	cr_assert_eq(pkt->nb_segs, 2);
	rte_pktmbuf_free(pkt);
	EAL_SUPPORT_POOL_FULL(pool);
}

/* The data of a segment that others hold too must not move. */
Test(packet_parse, shared_segments_stay)
{
	struct rte_mbuf *pkt;

	ipv4_begin();
	vnf_test_udp(&p, 1, 2);
	finish();
	pkt = packet_make(p.data, p.len, 20);
	rte_mbuf_refcnt_update(pkt->next, 1);
	cr_assert_eq(vnf_parse(pkt, &h), VNF_DROP_HEADERS_SPLIT);
	cr_assert_eq(vnf_packet_pull(pkt, 30), -EBUSY);
	cr_assert(packet_is(pkt, p.data, p.len));
	rte_mbuf_refcnt_update(pkt->next, -1);
	cr_assert_eq(vnf_packet_pull(pkt, 30), 0);
	cr_assert_eq(pkt->data_len, 30);
	rte_pktmbuf_free(pkt);
	EAL_SUPPORT_POOL_FULL(pool);
}

/* What is at the end of the buffer moves to its front, if the room is there. */
Test(packet_parse, pulls_into_the_headroom)
{
	struct rte_mbuf *pkt;

	ipv4_begin();
	vnf_test_udp(&p, 1, 2);
	vnf_test_payload(&p, 100);
	finish();
	pkt = packet_make(p.data, p.len, 20);
	memmove((uint8_t *)pkt->buf_addr + pkt->buf_len - 20, rte_pktmbuf_mtod(pkt, void *), 20);
	pkt->data_off = (uint16_t)(pkt->buf_len - 20);
	cr_assert_eq(vnf_packet_pull(pkt, 120), 0);
	cr_assert_eq(pkt->data_len, 120);
	cr_assert(packet_is(pkt, p.data, p.len));
	rte_pktmbuf_free(pkt);
	EAL_SUPPORT_POOL_FULL(pool);
}

Test(packet_parse, cursor_stays_within)
{
	uint8_t room[64];
	struct vnf_cursor c;
	struct rte_mbuf *pkt;

	ipv4_begin();
	vnf_test_udp(&p, 1, 2);
	vnf_test_payload(&p, 58);
	finish();
	pkt = packet_make(p.data, p.len, 10);
	c = vnf_cursor_at(pkt, 42, 1000);
	cr_assert_eq(vnf_cursor_left(&c), 58);
	cr_assert(!vnf_cursor_copy(&c, room, 59));
	cr_assert(vnf_cursor_copy(&c, room, 58));
	cr_assert_arr_eq(room, p.data + 42, 58);
	cr_assert_eq(vnf_cursor_left(&c), 0);
	cr_assert(!vnf_cursor_skip(&c, 1));
	cr_assert_null(vnf_cursor_take(&c, 1));
	cr_assert(!c.split);
	cr_assert(vnf_cursor_copy(&c, room, 0), "nothing is always there");
	cr_assert_not_null(vnf_cursor_take(&c, 0));
	cr_assert_gt(pkt->nb_segs, 1, "and brings nothing together");
	c = vnf_cursor_at(pkt, 2000, 1000);
	cr_assert_eq(vnf_cursor_left(&c), 0);
	c = vnf_cursor_at(pkt, 0, 50);
	cr_assert(vnf_cursor_skip(&c, 45));
	cr_assert_null(vnf_cursor_take(&c, 6));
	cr_assert_arr_eq(vnf_cursor_take(&c, 5), p.data + 45, 5);
	cr_assert(packet_is(pkt, p.data, p.len));
	rte_pktmbuf_free(pkt);
	EAL_SUPPORT_POOL_FULL(pool);
}

/* ---- quotes ---- */

static uint32_t quote_parse(struct vnf_headers *quote, uint32_t step)
{
	struct rte_mbuf *pkt = packet_make(p.data, p.len, step);
	uint32_t bad = vnf_parse(pkt, &h);

	cr_assert_eq(bad, 0, "%s", name_of(bad));
	cr_assert(vnf_is_icmp_error(pkt, &h));
	bad = vnf_parse_quote(pkt, &h, quote);
	if (bad == 0)
		cr_assert_geq(pkt->data_len, quote->payload);
	cr_assert_leq(quote->end, h.end);
	cr_assert(packet_is(pkt, p.data, p.len));
	rte_pktmbuf_free(pkt);
	EAL_SUPPORT_POOL_FULL(pool);
	return bad;
}

/* An error about a TCP segment with options over IPv4 or IPv6, of which it quotes so much. */
static void error_begin(bool v6, uint32_t bytes)
{
	struct vnf_test_packet about;

	if (v6)
		ipv6_begin();
	else
		ipv4_begin();
	vnf_test_tcp(&p, 4000, 80, VNF_TEST_SYN);
	vnf_test_mss(&p, 1460);
	vnf_test_payload(&p, 50);
	finish();
	about = p;
	vnf_test_eth(&p, SRC, DST);
	if (v6)
		vnf_test_ipv6(&p, "2001:db8::ffff", "2001:db8::1");
	else
		vnf_test_ipv4(&p, "10.0.0.254", "10.0.0.1");
	vnf_test_icmp_error(&p, v6 ? 1 : 3, 1, 0, &about, bytes);
	finish();
}

Test(packet_parse, quotes)
{
	for (int v6 = 0; v6 < 2; v6++) {
		uint16_t ip = v6 ? 40 : 20, l3 = (uint16_t)(ETH + ip + 8);
		struct vnf_headers q;

		for (uint32_t bytes = ip + 8u; bytes <= ip + 74u; bytes++) {
			uint32_t l4 = bytes - ip;

			error_begin(v6 != 0, bytes);
			cr_assert_eq(quote_parse(&q, bytes % 3 * 25), 0, "%u octets", bytes);
			cr_assert_eq(q.l3, l3);
			cr_assert_eq(q.l4, l3 + ip);
			cr_assert_eq(q.proto, IPPROTO_TCP);
			cr_assert_eq(q.l4_sum, l4 >= 18 ? l3 + ip + 16 : 0, "%u octets", l4);
			cr_assert_eq(q.payload, l3 + ip + RTE_MIN(l4, 24u));
			cr_assert_eq(q.outer_sum, ETH + ip + 2);
			cr_assert_eq(q.flags, l4 < 74 ? VNF_QUOTED | VNF_QUOTE_CUT : VNF_QUOTED);
			cr_assert_eq(vnf_is_ipv6(&q), v6 != 0);
		}
		error_begin(v6 != 0, ip + 7u);
		cr_assert_eq(quote_parse(&q, 0), VNF_DROP_ICMP_QUOTE);
		error_begin(v6 != 0, ip - 1u);
		cr_assert_eq(quote_parse(&q, 0), VNF_DROP_ICMP_QUOTE);
	}
}

/* What follows IP may be AH, and 8 octets of that are enough, too. */
Test(packet_parse, quotes_of_ah)
{
	static const uint8_t ah[24] = { 17, 4 };

	for (int v6 = 0; v6 < 2; v6++)
		for (uint32_t n = 8; n <= 40; n++) {
			uint32_t ip = v6 ? 40 : 20;
			struct vnf_test_packet about;
			struct vnf_headers q;

			if (v6)
				ipv6_begin();
			else
				ipv4_begin();
			vnf_test_next(&p, 51);
			vnf_test_bytes(&p, ah, sizeof(ah));
			vnf_test_bytes(&p, "\0\1\0\2\0\x10\0\0\0\0\0\0\0\0\0\0", 16);
			finish();
			about = p;
			vnf_test_eth(&p, SRC, DST);
			if (v6)
				vnf_test_ipv6(&p, "2001:db8::ffff", "2001:db8::1");
			else
				vnf_test_ipv4(&p, "10.0.0.254", "10.0.0.1");
			vnf_test_icmp_error(&p, v6 ? 2 : 3, 0, 1400, &about, ip + n);
			finish();
			if (n >= 24 && n < 32) {
				cr_assert_eq(quote_parse(&q, 0), VNF_DROP_ICMP_QUOTE, "%u", n);
				continue;
			}
			cr_assert_eq(quote_parse(&q, 0), 0, "v6 %d, %u octets", v6, n);
			cr_assert_eq(q.proto, n < 24 ? IPPROTO_AH : IPPROTO_UDP);
			cr_assert_eq(q.l4 != 0, n >= 24);
		}
}

/* RFC 4884: what is behind the quoted octets is not of the quoted packet. */
Test(packet_parse, quote_ends_before_extensions)
{
	struct vnf_headers q;

	error_begin(false, 94);
	p.data[ETH + 20 + 5] = 40 / 4;
	cr_assert_eq(quote_parse(&q, 0), 0);
	cr_assert_eq(q.end, ETH + 28 + 40);
	cr_assert_eq(q.flags, VNF_QUOTED | VNF_QUOTE_CUT);
}

Test(packet_parse, queries_quote_nothing)
{
	struct rte_mbuf *pkt;

	ipv4_begin();
	vnf_test_echo(&p, false, 1, 1);
	expect_good();
	pkt = packet_make(p.data, p.len, 0);
	cr_assert(vnf_is_icmp(&h) && !vnf_is_icmp_error(pkt, &h));
	rte_pktmbuf_free(pkt);
	ipv6_begin();
	vnf_test_echo(&p, true, 1, 1);
	expect_good();
	pkt = packet_make(p.data, p.len, 0);
	cr_assert(vnf_is_icmp(&h) && !vnf_is_icmp_error(pkt, &h));
	rte_pktmbuf_free(pkt);
}
