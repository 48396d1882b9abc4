/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The packet builder of vnf/test.h: every header where DPDK's structures expect it, checksums that
 * DPDK finds right, wrong ones on purpose, and chains that cannot be.
 */
#include <criterion/criterion.h>

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include <rte_arp.h>
#include <rte_byteorder.h>
#include <rte_ether.h>
#include <rte_icmp.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include <vnf/test.h>

#define DST "02:00:00:00:00:02"
#define SRC "02:00:00:00:00:01"
#define ETH RTE_ETHER_HDR_LEN

static struct vnf_test_packet p, q;

/* What most tests begin with. */
static void ipv4_begin(void)
{
	vnf_test_eth(&p, DST, SRC);
	vnf_test_ipv4(&p, "10.0.0.1", "10.0.0.2");
}

static void ipv6_begin(void)
{
	vnf_test_eth(&p, DST, SRC);
	vnf_test_ipv6(&p, "2001:db8::1", "2001:db8::2");
}

static void finish(void)
{
	cr_assert_eq(vnf_test_finish(&p), 0, "%s: %d", p.failed, p.error);
}

static const struct rte_ipv4_hdr *ipv4_at(uint32_t at)
{
	const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)(p.data + at);

	cr_assert_eq(rte_raw_cksum(ip, rte_ipv4_hdr_len(ip)), 0xffff);
	return ip;
}

/* Is the checksum of the UDP or TCP header after the IPv4 header DPDK's? It stands at `field`. */
static bool ipv4_payload_right(uint32_t field)
{
	const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)(p.data + ETH);
	uint8_t *l4 = p.data + ETH + rte_ipv4_hdr_len(ip);
	uint16_t found, want;

	memcpy(&found, l4 + field, 2);
	memset(l4 + field, 0, 2);
	want = rte_ipv4_udptcp_cksum(ip, l4);
	memcpy(l4 + field, &found, 2);
	return found == want;
}

/* The same over IPv6, with extension headers or without. */
static void ipv6_payload_verify(uint32_t ip_at, uint32_t at, uint8_t proto, uint32_t field)
{
	struct rte_ipv6_hdr ip;
	uint16_t found;

	memcpy(&ip, p.data + ip_at, sizeof(ip));
	ip.proto = proto;
	ip.payload_len = rte_cpu_to_be_16((uint16_t)(p.bytes - at));
	memcpy(&found, p.data + at + field, 2);
	memset(p.data + at + field, 0, 2);
	cr_assert_eq(found, rte_ipv6_udptcp_cksum(&ip, p.data + at));
	memcpy(p.data + at + field, &found, 2);
}

static void octets_assert(uint32_t at, const void *want, size_t n)
{
	cr_assert_leq(at + n, p.len);
	cr_assert_arr_eq(p.data + at, want, n);
}

/* ---- Ethernet, tags, ARP ---- */

Test(test_packet, ethernet_alone)
{
	static const uint8_t want[] = { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x88, 0xb5, 0, 1, 2 };

	vnf_test_eth(&p, DST, SRC);
	vnf_test_payload(&p, 3);
	cr_assert_eq(p.len, 0);
	finish();
	cr_assert_eq(p.len, sizeof(want));
	octets_assert(0, want, sizeof(want));
}

Test(test_packet, two_tags)
{
	static const uint8_t want[] = {
		0x88, 0xa8, 0x00, 0x64, 0x81, 0x00, 0xa0, 0xc8, 0x08, 0x00
	};

	vnf_test_eth(&p, DST, SRC);
	vnf_test_vlan(&p, RTE_ETHER_TYPE_QINQ, 100);
	vnf_test_vlan(&p, RTE_ETHER_TYPE_VLAN, 5 << 13 | 200);
	vnf_test_ipv4(&p, "10.0.0.1", "10.0.0.2");
	finish();
	octets_assert(12, want, sizeof(want));
	ipv4_at(22);
	vnf_test_vlan(&p, RTE_ETHER_TYPE_VLAN, 1);
	cr_assert_eq(vnf_test_finish(&p), -EINVAL);
}

Test(test_packet, arp)
{
	const struct rte_arp_hdr *arp;
	static const uint8_t sender[] = { 2, 0, 0, 0, 0, 1 };

	vnf_test_eth(&p, "ff:ff:ff:ff:ff:ff", SRC);
	vnf_test_arp(&p, RTE_ARP_OP_REQUEST, SRC, "10.0.0.1", "00:00:00:00:00:00", "10.0.0.2");
	vnf_test_pad(&p, 60);
	finish();
	cr_assert_eq(p.len, 60);
	arp = (const struct rte_arp_hdr *)(p.data + ETH);
	cr_assert_eq(rte_be_to_cpu_16(*(const uint16_t *)(p.data + 12)), RTE_ETHER_TYPE_ARP);
	cr_assert_eq(rte_be_to_cpu_16(arp->arp_hardware), RTE_ARP_HRD_ETHER);
	cr_assert_eq(rte_be_to_cpu_16(arp->arp_protocol), RTE_ETHER_TYPE_IPV4);
	cr_assert_eq(arp->arp_hlen, 6);
	cr_assert_eq(arp->arp_plen, 4);
	cr_assert_eq(rte_be_to_cpu_16(arp->arp_opcode), RTE_ARP_OP_REQUEST);
	cr_assert_arr_eq(&arp->arp_data.arp_sha, sender, sizeof(sender));
	cr_assert_eq(arp->arp_data.arp_sip, inet_addr("10.0.0.1"));
	cr_assert_eq(arp->arp_data.arp_tip, inet_addr("10.0.0.2"));
	for (uint32_t i = ETH + sizeof(*arp); i < 60; i++)
		cr_assert_eq(p.data[i], 0);
}

/* ---- IP ---- */

Test(test_packet, ipv4_fields)
{
	const struct rte_ipv4_hdr *ip;

	ipv4_begin();
	vnf_test_ipv4_options(&p, NULL, 8);
	vnf_test_ipv4_options(&p, "\x94\x04\0", 4);
	vnf_test_ipv4_id(&p, 0x1234);
	vnf_test_ipv4_df(&p);
	vnf_test_ttl(&p, 3);
	vnf_test_dscp(&p, 46, 1);
	vnf_test_payload(&p, 5);
	finish();
	ip = ipv4_at(ETH);
	cr_assert_eq(rte_ipv4_hdr_len(ip), 32);
	cr_assert_eq(rte_be_to_cpu_16(ip->total_length), 37);
	cr_assert_eq(rte_be_to_cpu_16(ip->packet_id), 0x1234);
	cr_assert_eq(rte_be_to_cpu_16(ip->fragment_offset), RTE_IPV4_HDR_DF_FLAG);
	cr_assert_eq(ip->time_to_live, 3);
	cr_assert_eq(ip->type_of_service, 46 << 2 | 1);
	cr_assert_eq(ip->next_proto_id, 253);
	cr_assert_eq(ip->src_addr, inet_addr("10.0.0.1"));
	cr_assert_eq(ip->dst_addr, inet_addr("10.0.0.2"));
	octets_assert(ETH + 20, "\1\1\1\1\1\1\1\1\x94\4\0", 12);
}

Test(test_packet, ipv4_checksum_is_dpdks)
{
	const struct rte_ipv4_hdr *ip;
	uint16_t found;

	ipv4_begin();
	finish();
	ip = ipv4_at(ETH);
	found = ip->hdr_checksum;
	memset(p.data + ETH + 10, 0, 2);
	cr_assert_eq(found, rte_ipv4_cksum(ip));
}

Test(test_packet, ipv4_fragment_fields)
{
	ipv4_begin();
	vnf_test_ipv4_fragment(&p, 1480, true);
	vnf_test_next(&p, 17);
	vnf_test_payload(&p, 8);
	finish();
	cr_assert_eq(rte_be_to_cpu_16(ipv4_at(ETH)->fragment_offset),
		     RTE_IPV4_HDR_MF_FLAG | 1480 / 8);
	cr_assert_eq(ipv4_at(ETH)->next_proto_id, 17);
}

Test(test_packet, ipv6_fields)
{
	const struct rte_ipv6_hdr *ip = (const struct rte_ipv6_hdr *)(p.data + ETH);
	struct in6_addr src;

	ipv6_begin();
	vnf_test_ttl(&p, 1);
	vnf_test_dscp(&p, 46, 2);
	vnf_test_payload(&p, 7);
	finish();
	cr_assert_eq(rte_be_to_cpu_32(ip->vtc_flow), 0x60000000u | (46u << 2 | 2) << 20);
	cr_assert_eq(rte_be_to_cpu_16(ip->payload_len), 7);
	cr_assert_eq(ip->proto, 253);
	cr_assert_eq(ip->hop_limits, 1);
	cr_assert_eq(inet_pton(AF_INET6, "2001:db8::1", &src), 1);
	cr_assert_arr_eq(ip->src_addr, &src, 16);
}

Test(test_packet, ipv6_extension_headers)
{
	uint32_t at = ETH + 40;

	ipv6_begin();
	vnf_test_ipv6_ext(&p, 0, 8);
	vnf_test_ipv6_ext(&p, 43, 24);
	vnf_test_ipv6_fragment(&p, 0x01020304, 0, false);
	vnf_test_ipv6_ext(&p, 60, 16);
	vnf_test_tcp(&p, 1, 2, VNF_TEST_SYN);
	finish();
	octets_assert(ETH + 6, "\0", 1);
	octets_assert(at, "\x2b\0\1\4\0\0\0\0", 8);
	octets_assert(at + 8, "\x2c\2\0\0", 4);
	octets_assert(at + 32, "\x3c\0\0\0\1\2\3\4", 8);
	octets_assert(at + 40, "\6\1\1\x0c\0", 5);
	ipv6_payload_verify(ETH, at + 56, IPPROTO_TCP, 16);
}

/* Options of hop-by-hop headers of any length end where the header does. */
Test(test_packet, padding_options_fill_the_header)
{
	for (uint32_t bytes = 8; bytes <= 2048; bytes += 8) {
		uint32_t at = 2;

		ipv6_begin();
		vnf_test_ipv6_ext(&p, 60, bytes);
		finish();
		cr_assert_eq(p.data[ETH + 40 + 1], bytes / 8 - 1);
		while (at < bytes) {
			cr_assert_eq(p.data[ETH + 40 + at], 1);
			at += 2u + p.data[ETH + 40 + at + 1];
		}
		cr_assert_eq(at, bytes);
	}
}

Test(test_packet, tunnel)
{
	ipv4_begin();
	vnf_test_ipv6(&p, "2001:db8::1", "2001:db8::2");
	vnf_test_udp(&p, 1, 2);
	finish();
	cr_assert_eq(ipv4_at(ETH)->next_proto_id, IPPROTO_IPV6);
	ipv6_payload_verify(ETH + 20, ETH + 60, IPPROTO_UDP, 6);
}

/* ---- UDP, TCP, ICMP ---- */

Test(test_packet, udp_of_all_lengths)
{
	const struct rte_udp_hdr *udp = (const struct rte_udp_hdr *)(p.data + ETH + 20);

	for (uint32_t n = 0; n < 300; n++) {
		ipv4_begin();
		vnf_test_udp(&p, 1000, 53);
		vnf_test_payload(&p, n);
		finish();
		cr_assert_eq(p.len, ETH + 28 + n);
		cr_assert_eq(ipv4_at(ETH)->next_proto_id, IPPROTO_UDP);
		cr_assert_eq(rte_be_to_cpu_16(udp->src_port), 1000);
		cr_assert_eq(rte_be_to_cpu_16(udp->dst_port), 53);
		cr_assert_eq(rte_be_to_cpu_16(udp->dgram_len), 8 + n);
		cr_assert_neq(udp->dgram_cksum, 0);
		cr_assert(ipv4_payload_right(6));
	}
}

/* A sum of 0 is written as 0xffff, for 0 says that there is none. */
Test(test_packet, udp_checksum_is_never_zero_by_itself)
{
	const struct rte_udp_hdr *udp = (const struct rte_udp_hdr *)(p.data + ETH + 20);
	uint16_t rest;

	ipv4_begin();
	vnf_test_udp(&p, 1000, 53);
	q = p;
	vnf_test_bytes(&p, "\0\0", 2);
	finish();
	rest = udp->dgram_cksum;
	p = q;
	vnf_test_bytes(&p, &rest, 2);
	finish();
	cr_assert_eq(udp->dgram_cksum, 0xffff);
}

Test(test_packet, tcp_with_options)
{
	const struct rte_tcp_hdr *tcp = (const struct rte_tcp_hdr *)(p.data + ETH + 20);

	ipv4_begin();
	vnf_test_tcp(&p, 1000, 80, VNF_TEST_SYN | VNF_TEST_ACK);
	vnf_test_tcp_seq(&p, 0x11223344, 0x55667788, 1024);
	vnf_test_mss(&p, 1460);
	vnf_test_tcp_options(&p, NULL, 4);
	vnf_test_payload(&p, 11);
	finish();
	cr_assert_eq(rte_be_to_cpu_32(tcp->sent_seq), 0x11223344);
	cr_assert_eq(rte_be_to_cpu_32(tcp->recv_ack), 0x55667788);
	cr_assert_eq(tcp->data_off, 28 / 4 << 4);
	cr_assert_eq(tcp->tcp_flags, RTE_TCP_SYN_FLAG | RTE_TCP_ACK_FLAG);
	cr_assert_eq(rte_be_to_cpu_16(tcp->rx_win), 1024);
	octets_assert(ETH + 40, "\2\4\5\xb4\1\1\1\1\0\1", 10);
	cr_assert(ipv4_payload_right(16));
}

Test(test_packet, echo)
{
	const struct rte_icmp_hdr *icmp = (const struct rte_icmp_hdr *)(p.data + ETH + 20);

	ipv4_begin();
	vnf_test_echo(&p, true, 7, 9);
	vnf_test_payload(&p, 5);
	finish();
	cr_assert_eq(icmp->icmp_type, RTE_IP_ICMP_ECHO_REPLY);
	cr_assert_eq(rte_be_to_cpu_16(icmp->icmp_ident), 7);
	cr_assert_eq(rte_be_to_cpu_16(icmp->icmp_seq_nb), 9);
	cr_assert_eq(rte_raw_cksum(icmp, 13), 0xffff);
	ipv6_begin();
	vnf_test_echo(&p, false, 7, 9);
	vnf_test_payload(&p, 5);
	finish();
	cr_assert_eq(p.data[ETH + 6], IPPROTO_ICMPV6);
	octets_assert(ETH + 40, "\x80\0", 2);
	ipv6_payload_verify(ETH, ETH + 40, IPPROTO_ICMPV6, 2);
}

Test(test_packet, icmp_error_quotes_the_packet)
{
	ipv4_begin();
	vnf_test_udp(&p, 1000, 53);
	vnf_test_payload(&p, 100);
	vnf_test_pad(&p, 200);
	finish();
	q = p;
	ipv4_begin();
	vnf_test_icmp_error(&p, 3, 4, 1400, &q, 28);
	finish();
	cr_assert_eq(p.len, ETH + 20 + 8 + 28);
	octets_assert(ETH + 20, "\3\4", 2);
	octets_assert(ETH + 24, "\0\0\x05\x78", 4);
	octets_assert(ETH + 28, q.data + ETH, 28);
	cr_assert_eq(rte_raw_cksum(p.data + ETH + 20, 36), 0xffff);
	ipv6_begin();
	vnf_test_icmp_error(&p, 1, 4, 0, &q, 0);
	finish();
	cr_assert_eq(p.len, ETH + 40 + 8 + 128, "padding is not quoted");
	ipv6_payload_verify(ETH, ETH + 40, IPPROTO_ICMPV6, 2);
}

/* ---- what is wrong on purpose ---- */

Test(test_packet, wrong_checksums)
{
	ipv4_begin();
	vnf_test_checksum_wrong(&p);
	vnf_test_udp(&p, 1000, 53);
	vnf_test_checksum_wrong(&p);
	finish();
	cr_assert_neq(rte_raw_cksum(p.data + ETH, 20), 0xffff);
	cr_assert_not(ipv4_payload_right(6));
	ipv4_begin();
	vnf_test_udp(&p, 1000, 53);
	vnf_test_checksum(&p, 0);
	finish();
	octets_assert(ETH + 26, "\0\0", 2);
	ipv4_at(ETH);
}

Test(test_packet, wrong_lengths_and_types)
{
	vnf_test_eth(&p, DST, SRC);
	vnf_test_next(&p, 0x1234);
	vnf_test_ipv4(&p, "10.0.0.1", "10.0.0.2");
	vnf_test_length(&p, 19);
	vnf_test_next(&p, 99);
	vnf_test_patch(&p, 0, "\x4f", 1);
	vnf_test_udp(&p, 1, 2);
	vnf_test_length(&p, 7);
	finish();
	octets_assert(12, "\x12\x34\x4f", 3);
	octets_assert(ETH + 2, "\0\x13", 2);
	octets_assert(ETH + 9, "\x63", 1);
	octets_assert(ETH + 24, "\0\7", 2);
}

Test(test_packet, cut_short)
{
	ipv4_begin();
	vnf_test_udp(&p, 1, 2);
	vnf_test_cut(&p, 20);
	finish();
	cr_assert_eq(p.len, 20);
	vnf_test_cut(&p, 0);
	finish();
	cr_assert_eq(p.len, ETH + 28);
	ipv4_at(ETH);
}

/* ---- fragments ---- */

Test(test_packet, fragments_make_up_the_ipv4_packet)
{
	static uint8_t data[2000];
	uint32_t got = 0;

	ipv4_begin();
	vnf_test_ipv4_df(&p);
	vnf_test_udp(&p, 1000, 53);
	vnf_test_payload(&p, 1001);
	finish();
	q = p;
	for (uint32_t at = 0; at < 1009; at += 400) {
		uint32_t part = RTE_MIN(400u, 1009 - at);

		vnf_test_fragment(&p, &q, 0x4321, at, 400);
		finish();
		cr_assert_eq(p.len, ETH + 20 + part);
		cr_assert_eq(rte_be_to_cpu_16(ipv4_at(ETH)->packet_id), 0x4321);
		cr_assert_eq(rte_be_to_cpu_16(ipv4_at(ETH)->fragment_offset),
			     at / 8 | (part == 400 ? RTE_IPV4_HDR_MF_FLAG : 0));
		cr_assert_eq(ipv4_at(ETH)->next_proto_id, IPPROTO_UDP);
		memcpy(data + at, p.data + ETH + 20, part);
		got += part;
	}
	cr_assert_eq(got, 1009);
	cr_assert_arr_eq(data, q.data + ETH + 20, got);
}

Test(test_packet, fragments_of_ipv6_keep_what_comes_first)
{
	ipv6_begin();
	vnf_test_ipv6_ext(&p, 0, 8);
	vnf_test_ipv6_ext(&p, 60, 8);
	vnf_test_udp(&p, 1000, 53);
	vnf_test_payload(&p, 100);
	finish();
	q = p;
	vnf_test_fragment(&p, &q, 7, 8, 0);
	finish();
	cr_assert_eq(p.len, ETH + 40 + 8 + 8 + 108);
	octets_assert(ETH + 4, "\0\x7c\0", 3);
	octets_assert(ETH + 40, "\x2c", 1);
	octets_assert(ETH + 48, "\x3c\0\0\x08\0\0\0\7", 8);
	octets_assert(ETH + 56, q.data + ETH + 56, 108);
}

Test(test_packet, fragments_that_cannot_be)
{
	ipv4_begin();
	vnf_test_udp(&p, 1000, 53);
	vnf_test_payload(&p, 100);
	q = p;
	vnf_test_fragment(&p, &q, 1, 0, 0);
	cr_assert_eq(vnf_test_finish(&p), -EINVAL, "not finished");
	cr_assert_eq(vnf_test_finish(&q), 0);
	vnf_test_fragment(&p, &q, 1, 4, 0);
	cr_assert_eq(vnf_test_finish(&p), -EINVAL, "offset");
	vnf_test_fragment(&p, &q, 1, 0, 12);
	cr_assert_eq(vnf_test_finish(&p), -EINVAL, "length");
	vnf_test_fragment(&p, &q, 1, 112, 0);
	cr_assert_eq(vnf_test_finish(&p), -EINVAL, "behind the end");
	vnf_test_fragment(&p, &q, 1, 0, 0);
	cr_assert_eq(vnf_test_finish(&p), 0);
	cr_assert_eq(p.len, q.len);
}

/* ---- errors ---- */

#define REFUSED(error, name, ...)                                                                  \
	do {                                                                                       \
		ipv4_begin();                                                                      \
		__VA_ARGS__;                                                                       \
		vnf_test_payload(&p, 4);                                                           \
		cr_assert_eq(vnf_test_finish(&p), error, #__VA_ARGS__);                            \
		cr_assert_str_eq(p.failed, name);                                                  \
		cr_assert_eq(p.len, 0);                                                            \
	} while (0)

Test(test_packet, addresses_that_are_none)
{
	static const char *const macs[] = { "",      "1.2.3.4", "02:00:00:00:00",
					    SRC ":", SRC ":07", SRC " x" };

	for (size_t i = 0; i < RTE_DIM(macs); i++) {
		vnf_test_eth(&p, DST, macs[i]);
		cr_assert_eq(vnf_test_finish(&p), -EINVAL, "\"%s\"", macs[i]);
		cr_assert_str_eq(p.failed, "vnf_test_eth");
	}
	REFUSED(-EINVAL, "vnf_test_ipv4", vnf_test_ipv4(&p, "10.0.0", "10.0.0.1"));
	REFUSED(-EINVAL, "vnf_test_ipv4", vnf_test_ipv4(&p, "10.0.0.1", NULL));
	REFUSED(-EINVAL, "vnf_test_ipv6", vnf_test_ipv6(&p, "::1", "10.0.0.1"));
	vnf_test_eth(&p, DST, SRC);
	vnf_test_arp(&p, 1, SRC, "10.0.0.256", SRC, "10.0.0.1");
	cr_assert_eq(vnf_test_finish(&p), -EINVAL);
}

Test(test_packet, headers_in_the_wrong_place)
{
	REFUSED(-EINVAL, "vnf_test_vlan", vnf_test_vlan(&p, 0x8100, 1));
	REFUSED(-EINVAL, "vnf_test_arp", vnf_test_arp(&p, 1, SRC, "10.0.0.1", SRC, "10.0.0.1"));
	REFUSED(-EINVAL, "vnf_test_ipv6_ext", vnf_test_ipv6_ext(&p, 0, 8));
	REFUSED(-EINVAL, "vnf_test_mss", vnf_test_mss(&p, 1460));
	REFUSED(-EINVAL, "vnf_test_length", vnf_test_tcp(&p, 1, 2, 0), vnf_test_length(&p, 3));
	REFUSED(-EINVAL, "vnf_test_tcp", vnf_test_udp(&p, 1, 2), vnf_test_tcp(&p, 1, 2, 0));
	REFUSED(-EINVAL, "vnf_test_udp", vnf_test_payload(&p, 1), vnf_test_udp(&p, 1, 2));
	REFUSED(-EINVAL, "vnf_test_mss", vnf_test_tcp(&p, 1, 2, 0), vnf_test_payload(&p, 4),
		vnf_test_mss(&p, 1));
	vnf_test_eth(&p, DST, SRC);
	vnf_test_udp(&p, 1, 2);
	cr_assert_eq(vnf_test_finish(&p), -EINVAL);
	vnf_test_eth(&p, DST, SRC);
	vnf_test_ttl(&p, 1);
	cr_assert_eq(vnf_test_finish(&p), -EINVAL);
}

Test(test_packet, values_that_cannot_be)
{
	REFUSED(-EINVAL, "vnf_test_ipv4_options", vnf_test_ipv4_options(&p, NULL, 3));
	REFUSED(-EINVAL, "vnf_test_ipv4_options", vnf_test_ipv4_options(&p, NULL, 44));
	REFUSED(-EINVAL, "vnf_test_ipv4_options", vnf_test_ipv4_options(&p, NULL, 40),
		vnf_test_ipv4_options(&p, NULL, 4));
	REFUSED(-EINVAL, "vnf_test_ipv4_fragment", vnf_test_ipv4_fragment(&p, 12, true));
	REFUSED(-EINVAL, "vnf_test_ipv4_fragment", vnf_test_ipv4_fragment(&p, 65536, true));
	REFUSED(-EINVAL, "vnf_test_dscp", vnf_test_dscp(&p, 64, 0));
	REFUSED(-EINVAL, "vnf_test_next", vnf_test_next(&p, 256));
	REFUSED(-EINVAL, "vnf_test_patch", vnf_test_patch(&p, 19, "ab", 2));
	REFUSED(-EMSGSIZE, "vnf_test_payload", vnf_test_payload(&p, VNF_TEST_PACKET_MAX));
	REFUSED(-EMSGSIZE, "vnf_test_pad", vnf_test_pad(&p, VNF_TEST_PACKET_MAX + 1));
	REFUSED(-E2BIG, "vnf_test_ipv4",
		for (int i = 0; i < VNF_TEST_LAYERS_MAX; i++)
			vnf_test_ipv4(&p, "1.1.1.1", "2.2.2.2"));
	ipv4_begin();
	vnf_test_payload(&p, VNF_TEST_PACKET_MAX - ETH - 20);
	finish();
	cr_assert_eq(p.len, VNF_TEST_PACKET_MAX);
}

/* What was not begun refuses everything, and does not touch memory around it. */
Test(test_packet, without_a_beginning)
{
	void (*const calls[])(struct vnf_test_packet * packet) = { vnf_test_ipv4_df,
								   vnf_test_checksum_wrong };

	for (size_t i = 0; i < RTE_DIM(calls); i++) {
		memset(&p, 0, sizeof(p));
		calls[i](&p);
		cr_assert_eq(vnf_test_finish(&p), -EINVAL);
	}
	memset(&p, 0, sizeof(p));
	vnf_test_ipv4(&p, "10.0.0.1", "10.0.0.2");
	cr_assert_eq(vnf_test_finish(&p), -EINVAL);
	memset(&p, 0, sizeof(p));
	vnf_test_ipv6_ext(&p, 0, 8);
	cr_assert_eq(vnf_test_finish(&p), -EINVAL);
	memset(&p, 0, sizeof(p));
	cr_assert_eq(vnf_test_finish(&p), -EINVAL);
	cr_assert_str_eq(p.failed, "vnf_test_finish");
}
