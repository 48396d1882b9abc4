/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Packets to the IP node itself: echo (RFC 792, RFC 1122 section 3.2.2.6, RFC 4443 section 4), and
 * what it hands to the VNF; VLANs; what a VNF may do between receiving and forwarding.
 */
#include "ip_support.h"

#include <vnf/edit.h>

static void put_echo(uint64_t at_ns, const char *src, const char *dst)
{
	ip_from_host(&in, src, dst);
	vnf_test_echo(&in, false, 0x1234, 7);
	vnf_test_payload(&in, 100);
	ip_put("left", at_ns, &in);
}

static void want_reply(const char *src, const char *dst)
{
	ip_to(&want, HOST_MAC, LEFT_MAC, src, dst);
	vnf_test_echo(&want, true, 0x1234, 7);
	vnf_test_payload(&want, 100);
}

/* ---- echo ---- */

Test(ip_local, echo_ipv4, .fini = ip_end)
{
	ip_begin(IP_CONFIG(""));
	ip_known_all();
	put_echo(BEGIN, HOST4, LEFT4);
	ip_play();
	want_reply(LEFT4, HOST4);
	SENT_ANY_ID("left", BEGIN);
	SENT_NO_MORE("left");
}

Test(ip_local, echo_ipv6, .fini = ip_end)
{
	ip_begin(IP_CONFIG(""));
	ip_known_all();
	put_echo(BEGIN, HOST6, LEFT6);
	ip_play();
	want_reply(LEFT6, HOST6);
	SENT("left", BEGIN);
	SENT_NO_MORE("left");
}

/* From the address that was asked, also if that is of another link. */
Test(ip_local, echo_to_another_link, .fini = ip_end)
{
	ip_begin(IP_CONFIG(""));
	ip_known_all();
	put_echo(BEGIN, HOST4, RIGHT4);
	put_echo(BEGIN + 1, HOST6, RIGHT6);
	ip_play();
	want_reply(RIGHT4, HOST4);
	SENT_ANY_ID("left", BEGIN);
	want_reply(RIGHT6, HOST6);
	SENT("left", BEGIN + 1);
}

Test(ip_local, echo_to_the_link_local_address, .fini = ip_end)
{
	ip_begin(IP_CONFIG(""));
	ip_known("left", 2 * MS, HOST_MAC, HOST_LL, LEFT6);
	put_echo(BEGIN, HOST_LL, LEFT_LL);
	ip_play();
	want_reply(LEFT_LL, HOST_LL);
	SENT("left", BEGIN);
}

/* RFC 4443 section 4.2: from an address of the interface. */
Test(ip_local, echo_to_all_nodes, .fini = ip_end)
{
	ip_begin(IP_CONFIG(""));
	ip_known_all();
	ip_to(&in, ALL_NODES_MAC, HOST_MAC, HOST6, ALL_NODES);
	vnf_test_echo(&in, false, 0x1234, 7);
	vnf_test_payload(&in, 100);
	ip_put("left", BEGIN, &in);
	ip_play();
	want_reply(LEFT6, HOST6);
	SENT("left", BEGIN);
}

/* RFC 4291 section 2.8: groups that a router is in, and no others. */
Test(ip_local, echo_to_a_group_of_others, .fini = ip_end)
{
	static const char *const groups[] = { "ff02::1:2", "ff0e::1234", "ff02::1:ff00:77" };

	ip_begin(IP_CONFIG(""));
	ip_known_all();
	for (uint32_t i = 0; i < 3; i++) {
		ip_to(&in, "33:33:00:01:00:02", HOST_MAC, HOST6, groups[i]);
		vnf_test_echo(&in, false, 1, 2);
		ip_put("left", BEGIN + i, &in);
	}
	ip_play();
	SENT_NO_MORE("left");
}

/* TTL 1 is enough to arrive; options and a large packet come back. */
Test(ip_local, echo_with_ttl_1_and_1472_octets, .fini = ip_end)
{
	ip_begin(IP_CONFIG(""));
	ip_known_all();
	ip_from_host(&in, HOST4, LEFT4);
	vnf_test_ttl(&in, 1);
	vnf_test_dscp(&in, 10, 0);
	vnf_test_echo(&in, false, 1, 2);
	vnf_test_payload(&in, 1472);
	ip_put("left", BEGIN, &in);
	ip_play();
	ip_to(&want, HOST_MAC, LEFT_MAC, LEFT4, HOST4);
	vnf_test_dscp(&want, 10, 0);
	vnf_test_echo(&want, true, 1, 2);
	vnf_test_payload(&want, 1472);
	SENT_ANY_ID("left", BEGIN);
}

/* RFC 1122 section 3.2.2.6 allows it, and a router takes no broadcasts. */
Test(ip_local, echo_to_a_broadcast_is_not_answered, .fini = ip_end)
{
	ip_begin(IP_CONFIG(""));
	ip_known_all();
	for (uint32_t i = 0; i < 2; i++) {
		ip_to(&in, ALL_MAC, HOST_MAC, HOST4, i ? "10.0.1.255" : "255.255.255.255");
		vnf_test_echo(&in, false, 1, 2);
		ip_put("left", BEGIN + i, &in);
	}
	ip_play();
	SENT_NO_MORE("left");
}

Test(ip_local, echo_with_a_wrong_checksum, .fini = ip_end)
{
	ip_begin(IP_CONFIG(""));
	ip_known_all();
	for (uint32_t i = 0; i < 2; i++) {
		ip_from_host(&in, i ? HOST6 : HOST4, i ? LEFT6 : LEFT4);
		vnf_test_echo(&in, false, 1, 2);
		vnf_test_checksum_wrong(&in);
		vnf_test_payload(&in, 11);
		ip_put("left", BEGIN + i, &in);
	}
	ip_play();
	SENT_NO_MORE("left");
	DROPPED("left", "icmp_checksum", 2);
}

/* Replies, errors and what is not known are silently dropped: RFC 1122 section 3.2.2. */
Test(ip_local, other_icmp_is_not_answered, .fini = ip_end)
{
	static const uint8_t types[] = { 0, 3, 5, 9, 10, 13, 15, 17, 40, 255 };

	ip_begin(IP_CONFIG(""));
	ip_known_all();
	for (uint32_t i = 0; i < 10; i++) {
		ip_from_host(&in, HOST4, LEFT4);
		vnf_test_icmp(&in, types[i], 0, 0);
		vnf_test_payload(&in, 40);
		ip_put("left", BEGIN + i, &in);
	}
	for (uint32_t i = 0; i < 3; i++) {
		ip_from_host(&in, HOST6, LEFT6);
		vnf_test_icmp(&in, i == 0 ? 1 : i == 1 ? 129 : 200, 0, 0);
		vnf_test_payload(&in, 40);
		ip_put("left", BEGIN + 10 + i, &in);
	}
	ip_play();
	SENT_NO_MORE("left");
	SENT_NO_MORE("right");
}

/* From our own address: nothing goes round in circles. */
Test(ip_local, packets_from_ourselves_are_not_answered, .fini = ip_end)
{
	ip_begin(IP_CONFIG(""));
	ip_known_all();
	for (uint32_t i = 0; i < 4; i++) {
		bool v6 = i >= 2;

		ip_from_host(&in, v6 ? LEFT6 : LEFT4, v6 ? LEFT6 : LEFT4);
		if (i % 2 == 0)
			vnf_test_echo(&in, false, 1, 2);
		else
			ip_udp(&in, 10);
		ip_put("left", BEGIN + i, &in);
	}
	ip_play();
	SENT_NO_MORE("left");
	SENT_NO_MORE("right");
}

/* There is no reassembly of what is for the node itself. */
Test(ip_local, fragments_for_the_node_are_dropped, .fini = ip_end)
{
	ip_begin(IP_CONFIG(""));
	ip_known_all();
	ip_from_host(&in, HOST4, LEFT4);
	vnf_test_ipv4_fragment(&in, 0, true);
	vnf_test_echo(&in, false, 1, 2);
	vnf_test_payload(&in, 40);
	ip_put("left", BEGIN, &in);
	ip_from_host(&in, HOST4, LEFT4);
	vnf_test_ipv4_fragment(&in, 48, false);
	vnf_test_payload(&in, 40);
	ip_put("left", BEGIN + 1, &in);
	ip_play();
	SENT_NO_MORE("left");
	DROPPED("left", "not_reassembled", 2);
}

/* ---- VLANs ---- */

#define CONFIG_VLAN                                                                                \
	IP_CONFIG_OF("{ port = \"left\"; vlan = 100; addresses = [ \"10.0.1.1/24\" ]; "            \
		     "dad = false; }, { port = \"left\"; vlan = 200; "                             \
		     "addresses = [ \"10.0.2.1/24\" ]; dad = false; }",                            \
		     "")

static void tagged_arp(struct vnf_test_packet *p, uint16_t vlan, const char *to, const char *from,
		       uint16_t op, const char *sender, const char *mac, const char *target)
{
	vnf_test_eth(p, to, from);
	vnf_test_vlan(p, 0x8100, vlan);
	vnf_test_arp(p, op, from, sender, mac, target);
}

/* In by one VLAN with a priority, out by another without; ARP of each is its own. */
Test(ip_vlan, from_one_vlan_to_another, .fini = ip_end)
{
	ip_begin(CONFIG_VLAN);
	tagged_arp(&in, 100, ALL_MAC, HOST_MAC, 1, HOST4, NO_MAC, LEFT4);
	ip_put("left", BEGIN, &in);
	tagged_arp(&in, 100, ALL_MAC, HOST_MAC, 1, HOST4, NO_MAC, RIGHT4);
	ip_put("left", BEGIN + 1, &in);
	vnf_test_eth(&in, LEFT_MAC, HOST_MAC);
	vnf_test_vlan(&in, 0x8100, 5 << 13 | 100);
	vnf_test_ipv4(&in, HOST4, PEER4);
	ip_udp(&in, 33);
	ip_put("left", BEGIN + 2, &in);
	tagged_arp(&in, 200, LEFT_MAC, PEER_MAC, 2, PEER4, LEFT_MAC, RIGHT4);
	ip_put("left", BEGIN + 3, &in);
	ip_play();
	tagged_arp(&want, 100, HOST_MAC, LEFT_MAC, 2, LEFT4, HOST_MAC, HOST4);
	SENT("left", BEGIN);
	tagged_arp(&want, 200, ALL_MAC, LEFT_MAC, 1, RIGHT4, NO_MAC, PEER4);
	SENT("left", BEGIN + 2);
	vnf_test_eth(&want, PEER_MAC, LEFT_MAC);
	vnf_test_vlan(&want, 0x8100, 200);
	vnf_test_ipv4(&want, HOST4, PEER4);
	vnf_test_ttl(&want, 63);
	ip_udp(&want, 33);
	SENT("left", BEGIN + 3);
	SENT_NO_MORE("left");
}

Test(ip_vlan, others_tags_and_no_tag, .fini = ip_end)
{
	ip_begin(CONFIG_VLAN);
	for (uint32_t i = 0; i < 3; i++) {
		vnf_test_eth(&in, LEFT_MAC, HOST_MAC);
		if (i == 1)
			vnf_test_vlan(&in, 0x8100, 300);
		if (i == 2) {
			vnf_test_vlan(&in, 0x88a8, 100);
			vnf_test_vlan(&in, 0x8100, 100);
		}
		vnf_test_ipv4(&in, HOST4, PEER4);
		ip_udp(&in, 33);
		ip_put("left", BEGIN + i, &in);
	}
	ip_play();
	/* The first packet of all had no tag either. */
	DROPPED("left", "no_interface", 4);
	SENT_NO_MORE("left");
}

/* VLAN 0 is a priority and no VLAN: IEEE 802.1Q. */
Test(ip_vlan, a_priority_tag_is_no_vlan, .fini = ip_end)
{
	ip_begin(IP_CONFIG(""));
	ip_known_all();
	vnf_test_eth(&in, LEFT_MAC, HOST_MAC);
	vnf_test_vlan(&in, 0x8100, 7 << 13);
	vnf_test_ipv4(&in, HOST4, PEER4);
	ip_udp(&in, 64);
	ip_put("left", BEGIN, &in);
	ip_play();
	ip_want_udp(PEER_MAC, HOST4, PEER4);
	SENT("right", BEGIN);
}

/* ---- a VNF's own ideas ---- */

/* UDP to itself is the VNF's (it keeps the rest to the node); what it likes not it refuses. */
static void own_burst(struct vnf_worker *worker, uint16_t port, struct rte_mbuf **pkts,
		      vnf_verdict_t *verdicts, uint16_t n)
{
	struct vnf_headers h[VNF_BURST_MAX];

	vnf_ip_receive(worker, port, pkts, h, verdicts, n);
	for (uint16_t i = 0; i < n; i++) {
		if (verdicts[i] == VNF_IP_LOCAL && h[i].proto == 17) {
			verdicts[i] = VNF_TAKEN;
			vnf_set_ipv4_dst(pkts[i], &h[i], RTE_BE32(0x0a000209));
			vnf_ip_send(worker, port, pkts[i]);
		} else if (verdicts[i] == VNF_IP_PASS && h[i].proto == 6) {
			verdicts[i] =
				vnf_ip_refuse(worker, port, pkts[i], 3, 13, VNF_DROP_PROHIBITED);
		} else if (verdicts[i] == VNF_IP_PASS && h[i].proto == 17) {
			cr_assert_str_eq(vnf_ip_interface(worker, i), "left");
			cr_assert_str_eq(vnf_ip_interface_name(worker, vnf_ip_in(worker, i)),
					 "left");
			cr_assert_null(vnf_ip_interface_name(worker, VNF_IP_NO_INTERFACE));
			vnf_set_ipv4_dst(pkts[i], &h[i], RTE_BE32(0x0a000209));
		}
	}
	vnf_ip_forward(worker, port, pkts, h, verdicts, n);
}

static const struct vnf_app own_app = {
	VNF_APP("own"),
	.burst = own_burst,
	.parts = { VNF_IP },
};

Test(ip_local, a_vnf_sends_refuses_and_redirects, .fini = ip_end)
{
	ip_begin_with(&own_app, IP_CONFIG(""));
	ip_known("left", 2 * MS, HOST_MAC, HOST4, LEFT4);
	ip_known("right", 2 * MS, PEER_MAC, PEER4, RIGHT4);
	ip_put_udp(BEGIN, HOST4, LEFT4);
	ip_put_udp(BEGIN + 1, HOST4, "192.0.2.1");
	ip_from_host(&in, HOST4, PEER4);
	vnf_test_tcp(&in, 1, 2, VNF_TEST_SYN);
	ip_put("left", BEGIN + 2, &in);
	ip_play();
	ip_to(&want, PEER_MAC, RIGHT_MAC, HOST4, PEER4);
	ip_udp(&want, 64);
	SENT("right", BEGIN);
	ip_want_udp(PEER_MAC, HOST4, PEER4);
	SENT("right", BEGIN + 1);
	ip_want_error(LEFT4, 3, 13, 0, &in);
	SENT_ANY_ID("left", BEGIN + 2);
	SENT_NO_MORE("left");
	SENT_NO_MORE("right");
	DROPPED("left", "prohibited", 1);
}
