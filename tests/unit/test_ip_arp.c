/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The IP node's ARP: RFC 826, RFC 1122 section 2.3.2, RFC 5227; packets that wait for an answer.
 */
#include "ip_support.h"

static void begin_host(void)
{
	ip_begin(IP_CONFIG(""));
	ip_known("left", 2 * MS, HOST_MAC, HOST4, LEFT4);
}

static void put_reply(uint64_t at_ns, const char *mac, const char *sender)
{
	ip_arp(&in, RIGHT_MAC, mac, 2, sender, RIGHT_MAC, RIGHT4);
	ip_put("right", at_ns, &in);
}

/* ---- questions to the router ---- */

Test(ip_arp, a_request_is_answered, .fini = ip_end)
{
	ip_begin(IP_CONFIG(""));
	ip_arp(&in, ALL_MAC, HOST_MAC, 1, HOST4, NO_MAC, LEFT4);
	ip_put("left", BEGIN, &in);
	ip_play();
	ip_arp(&want, HOST_MAC, LEFT_MAC, 2, LEFT4, HOST_MAC, HOST4);
	SENT("left", BEGIN);
	SENT_NO_MORE("left");
	SENT_NO_MORE("right");
}

Test(ip_arp, a_unicast_request_is_answered, .fini = ip_end)
{
	ip_begin(IP_CONFIG(""));
	ip_arp(&in, LEFT_MAC, HOST_MAC, 1, HOST4, LEFT_MAC, LEFT4);
	ip_put("left", BEGIN, &in);
	ip_play();
	ip_arp(&want, HOST_MAC, LEFT_MAC, 2, LEFT4, HOST_MAC, HOST4);
	SENT("left", BEGIN);
}

Test(ip_arp, the_asker_is_learned, .fini = ip_end)
{
	begin_host();
	ip_known("right", 2 * MS, PEER_MAC, PEER4, RIGHT4);
	ip_put_udp(BEGIN, HOST4, PEER4);
	ip_play();
	ip_want_udp(PEER_MAC, HOST4, PEER4);
	SENT("right", BEGIN);
	SENT_NO_MORE("right");
}

Test(ip_arp, a_probe_for_our_address_is_answered, .fini = ip_end)
{
	ip_begin(IP_CONFIG(""));
	ip_arp(&in, ALL_MAC, HOST_MAC, 1, "0.0.0.0", NO_MAC, LEFT4);
	ip_put("left", BEGIN, &in);
	ip_play();
	ip_arp(&want, HOST_MAC, LEFT_MAC, 2, LEFT4, HOST_MAC, "0.0.0.0");
	SENT("left", BEGIN);
	SENT_NO_MORE("left");
}

/* Others' addresses, those of other links among them. */
Test(ip_arp, others_addresses_are_not_answered, .fini = ip_end)
{
	static const char *const others[] = { "10.0.1.2",       RIGHT4,     PEER4,
					      "10.0.1.255",     "10.0.1.0", "0.0.0.0",
					      "255.255.255.255" };

	ip_begin(IP_CONFIG("routes = ( { prefix = \"0.0.0.0/0\"; via = \"10.0.2.254\"; } );"));
	for (size_t i = 0; i < 7; i++) {
		ip_arp(&in, ALL_MAC, HOST_MAC, 1, HOST4, NO_MAC, others[i]);
		ip_put("left", BEGIN + i, &in);
	}
	ip_play();
	SENT_NO_MORE("left");
	SENT_NO_MORE("right");
}

Test(ip_arp, a_reply_is_not_answered, .fini = ip_end)
{
	ip_begin(IP_CONFIG(""));
	ip_arp(&in, LEFT_MAC, HOST_MAC, 2, HOST4, LEFT_MAC, LEFT4);
	ip_put("left", BEGIN, &in);
	ip_play();
	SENT_NO_MORE("left");
}

Test(ip_arp, other_hardware_protocols_and_operations, .fini = ip_end)
{
	static const uint8_t bad[][2] = { { 1, 6 }, { 2, 0x86 }, { 4, 8 }, { 5, 6 } };

	ip_begin(IP_CONFIG(""));
	for (size_t i = 0; i < 4; i++) {
		ip_arp(&in, ALL_MAC, HOST_MAC, 1, HOST4, NO_MAC, LEFT4);
		vnf_test_patch(&in, bad[i][0], &bad[i][1], 1);
		ip_put("left", BEGIN + i, &in);
	}
	ip_arp(&in, ALL_MAC, HOST_MAC, 3, HOST4, NO_MAC, LEFT4);
	ip_put("left", BEGIN + 4, &in);
	ip_arp(&in, ALL_MAC, HOST_MAC, 1, HOST4, NO_MAC, LEFT4);
	vnf_test_cut(&in, 40);
	ip_put("left", BEGIN + 5, &in);
	ip_play();
	SENT_NO_MORE("left");
}

Test(ip_arp, group_addresses_of_senders_are_refused, .fini = ip_end)
{
	ip_begin(IP_CONFIG(""));
	ip_arp(&in, ALL_MAC, HOST_MAC, 1, HOST4, NO_MAC, LEFT4);
	vnf_test_patch(&in, 8, "\x01\x00\x5e\x00\x00\x01", 6);
	ip_put("left", BEGIN, &in);
	ip_arp(&in, ALL_MAC, HOST_MAC, 1, HOST4, NO_MAC, LEFT4);
	vnf_test_patch(&in, 8, "\0\0\0\0\0\0", 6);
	ip_put("left", BEGIN + 1, &in);
	ip_play();
	DROPPED("left", "martian", 2);
	SENT_NO_MORE("left");
}

/* ---- questions of the router ---- */

Test(ip_arp, asks_and_sends_what_waited, .fini = ip_end)
{
	begin_host();
	ip_put_udp(BEGIN, HOST4, PEER4);
	put_reply(BEGIN + 123456789, PEER_MAC, PEER4);
	ip_play();
	ip_want_arp(ALL_MAC, RIGHT_MAC, RIGHT4, PEER4);
	SENT("right", BEGIN);
	ip_want_udp(PEER_MAC, HOST4, PEER4);
	SENT("right", BEGIN + 123456789);
	SENT_NO_MORE("right");
}

/* RFC 826: whoever asks us says where it is; that answers our own question. */
Test(ip_arp, a_request_of_the_neighbour_answers_ours, .fini = ip_end)
{
	begin_host();
	ip_put_udp(BEGIN, HOST4, PEER4);
	ip_arp(&in, ALL_MAC, PEER_MAC, 1, PEER4, NO_MAC, RIGHT4);
	ip_put("right", BEGIN + 5, &in);
	ip_play();
	ip_want_arp(ALL_MAC, RIGHT_MAC, RIGHT4, PEER4);
	SENT("right", BEGIN);
	ip_want_udp(PEER_MAC, HOST4, PEER4);
	SENT("right", BEGIN + 5);
	ip_arp(&want, PEER_MAC, RIGHT_MAC, 2, RIGHT4, PEER_MAC, PEER4);
	SENT("right", BEGIN + 5);
}

/* The merge of RFC 826, of a broadcast that is not for us. */
Test(ip_arp, a_gratuitous_request_updates_what_is_known, .fini = ip_end)
{
	ip_begin(IP_CONFIG(""));
	ip_known_all();
	ip_arp(&in, ALL_MAC, OTHER_MAC, 1, PEER4, NO_MAC, PEER4);
	ip_put("right", BEGIN, &in);
	ip_put_udp(BEGIN + 1, HOST4, PEER4);
	ip_play();
	ip_want_udp(OTHER_MAC, HOST4, PEER4);
	SENT("right", BEGIN + 1);
}

Test(ip_arp, a_gratuitous_reply_updates_what_is_known, .fini = ip_end)
{
	ip_begin(IP_CONFIG(""));
	ip_known_all();
	ip_arp(&in, ALL_MAC, OTHER_MAC, 2, PEER4, OTHER_MAC, PEER4);
	ip_put("right", BEGIN, &in);
	ip_put_udp(BEGIN + 1, HOST4, PEER4);
	ip_play();
	ip_want_udp(OTHER_MAC, HOST4, PEER4);
	SENT("right", BEGIN + 1);
}

/* No entry comes of what was not asked and is not for us. */
Test(ip_arp, unasked_makes_no_entry, .fini = ip_end)
{
	begin_host();
	ip_arp(&in, ALL_MAC, PEER_MAC, 1, PEER4, NO_MAC, PEER4);
	ip_put("right", BEGIN, &in);
	put_reply(BEGIN + 1, PEER_MAC, PEER4);
	ip_arp(&in, ALL_MAC, PEER_MAC, 1, PEER4, NO_MAC, "10.0.2.77");
	ip_put("right", BEGIN + 2, &in);
	ip_put_udp(BEGIN + 3, HOST4, PEER4);
	ip_play();
	ip_want_arp(ALL_MAC, RIGHT_MAC, RIGHT4, PEER4);
	SENT("right", BEGIN + 3);
	SENT_NO_MORE("right");
}

/* An address of another link is not believed. */
Test(ip_arp, senders_beyond_the_link_are_not_learned, .fini = ip_end)
{
	ip_begin(IP_CONFIG("routes = ( { prefix = \"10.9.0.0/16\"; interface = \"right\"; } );"));
	ip_arp(&in, ALL_MAC, PEER_MAC, 1, "10.0.1.9", NO_MAC, RIGHT4);
	ip_put("right", BEGIN, &in);
	ip_known("right", 2 * MS, PEER_MAC, PEER4, RIGHT4);
	ip_to(&in, RIGHT_MAC, PEER_MAC, PEER4, HOST4);
	ip_udp(&in, 10);
	ip_put("right", BEGIN + 1, &in);
	ip_play();
	ip_arp(&want, PEER_MAC, RIGHT_MAC, 2, RIGHT4, PEER_MAC, "10.0.1.9");
	SENT("right", BEGIN);
	ip_want_arp(ALL_MAC, LEFT_MAC, LEFT4, HOST4);
	SENT("left", BEGIN + 1);
}

/* ---- packets that wait ---- */

Test(ip_arp, what_waits_keeps_its_order, .fini = ip_end)
{
	begin_host();
	for (uint16_t i = 0; i < 8; i++) {
		ip_from_host(&in, HOST4, PEER4);
		vnf_test_ipv4_id(&in, i);
		ip_put("left", BEGIN + i, &in);
	}
	put_reply(BEGIN + 100, PEER_MAC, PEER4);
	ip_play();
	ip_want_arp(ALL_MAC, RIGHT_MAC, RIGHT4, PEER4);
	SENT("right", BEGIN);
	for (uint16_t i = 0; i < 8; i++) {
		ip_to(&want, PEER_MAC, RIGHT_MAC, HOST4, PEER4);
		vnf_test_ttl(&want, 63);
		vnf_test_ipv4_id(&want, i);
		SENT("right", BEGIN + 100);
	}
	SENT_NO_MORE("right");
	DROPPED("left", "neighbour_queue", 0);
}

/* RFC 1122 section 2.3.2.2: the latest are kept; eight of them. */
Test(ip_arp, the_oldest_of_nine_is_dropped, .fini = ip_end)
{
	begin_host();
	for (uint16_t i = 0; i < 10; i++) {
		ip_from_host(&in, HOST4, PEER4);
		vnf_test_ipv4_id(&in, i);
		ip_put("left", BEGIN + i, &in);
	}
	put_reply(BEGIN + 100, PEER_MAC, PEER4);
	ip_play();
	ip_want_arp(ALL_MAC, RIGHT_MAC, RIGHT4, PEER4);
	SENT("right", BEGIN);
	for (uint16_t i = 2; i < 10; i++) {
		ip_to(&want, PEER_MAC, RIGHT_MAC, HOST4, PEER4);
		vnf_test_ttl(&want, 63);
		vnf_test_ipv4_id(&want, i);
		SENT("right", BEGIN + 100);
	}
	SENT_NO_MORE("right");
	DROPPED("left", "neighbour_queue", 2);
}

/* Three questions, a second apart; a second later all that waits is refused. */
Test(ip_arp, retries_each_second_then_host_unreachable, .fini = ip_end)
{
	begin_host();
	for (uint16_t i = 0; i < 3; i++) {
		ip_from_host(&in, HOST4, PEER4);
		vnf_test_ipv4_id(&in, i);
		ip_udp(&in, 30);
		ip_put("left", BEGIN + i, &in);
	}
	ip_option("--until=+20s");
	ip_play();
	for (uint64_t i = 0; i < 3; i++) {
		ip_want_arp(ALL_MAC, RIGHT_MAC, RIGHT4, PEER4);
		SENT("right", BEGIN + i * SECOND);
	}
	SENT_NO_MORE("right");
	for (uint16_t i = 0; i < 3; i++) {
		/* As it was about to leave. */
		ip_from_host(&in, HOST4, PEER4);
		vnf_test_ipv4_id(&in, i);
		vnf_test_ttl(&in, 63);
		ip_udp(&in, 30);
		ip_want_error(LEFT4, 3, 1, 0, &in);
		SENT_ANY_ID("left", BEGIN + 3 * SECOND);
	}
	DROPPED("left", "neighbour", 3);
}

/* The next packet begins anew. */
Test(ip_arp, asked_again_after_it_was_given_up, .fini = ip_end)
{
	begin_host();
	ip_put_udp(BEGIN, HOST4, PEER4);
	ip_put_udp(BEGIN + 4 * SECOND, HOST4, PEER4);
	ip_play();
	for (uint64_t i = 0; i < 3; i++) {
		ip_want_arp(ALL_MAC, RIGHT_MAC, RIGHT4, PEER4);
		SENT("right", BEGIN + i * SECOND);
	}
	ip_want_arp(ALL_MAC, RIGHT_MAC, RIGHT4, PEER4);
	SENT("right", BEGIN + 4 * SECOND);
	SENT_NO_MORE("right");
}

/* RFC 1122 section 2.3.2.1: not more than one question a second, whatever is to be sent. */
Test(ip_arp, a_flood_asks_once_a_second, .fini = ip_end)
{
	begin_host();
	for (uint64_t i = 0; i < 200; i++)
		ip_put_udp(BEGIN + i * 14 * MS, HOST4, PEER4);
	ip_play();
	for (uint64_t i = 0; i < 3; i++) {
		ip_want_arp(ALL_MAC, RIGHT_MAC, RIGHT4, PEER4);
		SENT("right", BEGIN + i * SECOND);
	}
	SENT_NO_MORE("right");
}
