/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Packets that are too long for their way through the IP node: RFC 791 section 3.2, RFC 1191,
 * RFC 1812 section 4.2.2.7, RFC 8200 section 5.
 */
#include "ip_support.h"

#define MTU 600
#define CONFIG4                                                                                    \
	IP_CONFIG_OF(IP_LEFT("dad = false;") ", { port = \"right\"; mtu = 600; "                   \
					     "addresses = [ \"10.0.2.1/24\" ]; dad = false; }",    \
		     "")
#define CONFIG6 IP_CONFIG_OF(IP_LEFT("dad = false;") "," IP_RIGHT("dad = false; mtu = 1280;"), "")

static struct vnf_test_packet whole;

static void begin_known(const char *config)
{
	ip_begin(config);
	ip_known("left", 2 * MS, HOST_MAC, HOST4, LEFT4);
	ip_known("left", 2 * MS, HOST_MAC, HOST6, LEFT6);
	ip_known("right", 2 * MS, PEER_MAC, PEER4, RIGHT4);
	if (strstr(config, "1280") != NULL)
		ip_known("right", 2 * MS, PEER_MAC, PEER6, RIGHT6);
}

/* The part of `whole` from `offset` octets of its payload on, as it leaves. `at` is where its
 * payload lies in the datagram.
 */
static void want_part(uint32_t header, const void *options, uint32_t options_bytes, uint32_t at,
		      uint32_t offset, uint32_t octets, bool more)
{
	ip_to(&want, PEER_MAC, RIGHT_MAC, HOST4, PEER4);
	if (options_bytes > 0)
		vnf_test_ipv4_options(&want, options, options_bytes);
	vnf_test_ipv4_id(&want, 0x4321);
	vnf_test_dscp(&want, 12, 1);
	vnf_test_ttl(&want, 63);
	vnf_test_ipv4_fragment(&want, at + offset, more);
	vnf_test_next(&want, 17);
	vnf_test_bytes(&want, whole.data + 14 + header + offset, octets);
}

static void whole_begin(const void *options, uint32_t options_bytes)
{
	ip_from_host(&whole, HOST4, PEER4);
	if (options_bytes > 0)
		vnf_test_ipv4_options(&whole, options, options_bytes);
	vnf_test_ipv4_id(&whole, 0x4321);
	vnf_test_dscp(&whole, 12, 1);
}

static void put_whole(void)
{
	ip_put("left", BEGIN, &whole);
	ip_play();
}

Test(ip_mtu, cut_into_parts, .fini = ip_end)
{
	begin_known(CONFIG4);
	whole_begin(NULL, 0);
	ip_udp(&whole, 1200);
	put_whole();
	want_part(20, NULL, 0, 0, 0, 576, true);
	SENT("right", BEGIN);
	want_part(20, NULL, 0, 0, 576, 576, true);
	SENT("right", BEGIN);
	want_part(20, NULL, 0, 0, 1152, 56, false);
	SENT("right", BEGIN);
	SENT_NO_MORE("right");
	SENT_NO_MORE("left");
}

/* A length that the parts share exactly. */
Test(ip_mtu, the_last_part_is_full, .fini = ip_end)
{
	begin_known(CONFIG4);
	whole_begin(NULL, 0);
	ip_udp(&whole, 1152 - 8);
	put_whole();
	want_part(20, NULL, 0, 0, 0, 576, true);
	SENT("right", BEGIN);
	want_part(20, NULL, 0, 0, 576, 576, false);
	SENT("right", BEGIN);
	SENT_NO_MORE("right");
}

Test(ip_mtu, as_long_as_the_mtu_goes_whole, .fini = ip_end)
{
	begin_known(CONFIG4);
	for (uint32_t more = 0; more < 2; more++) {
		whole_begin(NULL, 0);
		ip_udp(&whole, MTU - 28 + more);
		ip_put("left", BEGIN + more, &whole);
	}
	ip_play();
	ip_to(&want, PEER_MAC, RIGHT_MAC, HOST4, PEER4);
	vnf_test_ipv4_id(&want, 0x4321);
	vnf_test_dscp(&want, 12, 1);
	vnf_test_ttl(&want, 63);
	ip_udp(&want, MTU - 28);
	SENT("right", BEGIN);
	want_part(20, NULL, 0, 0, 0, 576, true);
	SENT("right", BEGIN + 1);
	want_part(20, NULL, 0, 0, 576, 5, false);
	SENT("right", BEGIN + 1);
	SENT_NO_MORE("right");
}

/* All options are in the first part, those with the copied flag in the others: RFC 791. The route
 * is recorded before it is cut.
 */
Test(ip_mtu, options_are_copied_if_they_say_so, .fini = ip_end)
{
	static const uint8_t all[] = { 7, 7, 4, 0, 0, 0, 0, 1, 148, 4, 0, 0 };
	static const uint8_t first[] = { 7, 7, 8, 10, 0, 2, 1, 1, 148, 4, 0, 0 };

	begin_known(CONFIG4);
	whole_begin(all, sizeof(all));
	ip_udp(&whole, 1200);
	put_whole();
	want_part(32, first, 12, 0, 0, 568, true);
	SENT("right", BEGIN);
	want_part(32, all + 8, 4, 0, 568, 576, true);
	SENT("right", BEGIN);
	want_part(32, all + 8, 4, 0, 1144, 64, false);
	SENT("right", BEGIN);
	SENT_NO_MORE("right");
}

/* Copied ones are padded to four octets with ends of list. */
Test(ip_mtu, copied_options_are_padded, .fini = ip_end)
{
	static const uint8_t all[] = { 0x9e, 3, 5, 0 }, rest[] = { 0x9e, 3, 5, 0 };

	begin_known(CONFIG4);
	whole_begin(all, sizeof(all));
	ip_udp(&whole, 600);
	put_whole();
	want_part(24, all, 4, 0, 0, 576, true);
	SENT("right", BEGIN);
	want_part(24, rest, 4, 0, 576, 32, false);
	SENT("right", BEGIN);
}

static void fragment_of(uint32_t at, bool more)
{
	begin_known(CONFIG4);
	whole_begin(NULL, 0);
	vnf_test_ipv4_fragment(&whole, at, more);
	vnf_test_next(&whole, 17);
	vnf_test_payload(&whole, 1000);
	put_whole();
	want_part(20, NULL, 0, at, 0, 576, true);
	SENT("right", BEGIN);
	want_part(20, NULL, 0, at, 576, 424, more);
	SENT("right", BEGIN);
	SENT_NO_MORE("right");
}

Test(ip_mtu, a_fragment_is_cut_again, .fini = ip_end)
{
	fragment_of(2000, true);
}

Test(ip_mtu, the_last_fragment_is_cut_again, .fini = ip_end)
{
	fragment_of(4000, false);
}

/* They wait for the neighbour like other packets, in order. */
Test(ip_mtu, parts_wait_for_the_neighbour, .fini = ip_end)
{
	ip_begin(CONFIG4);
	ip_known("left", 2 * MS, HOST_MAC, HOST4, LEFT4);
	whole_begin(NULL, 0);
	ip_udp(&whole, 1200);
	ip_put("left", BEGIN, &whole);
	ip_arp(&in, RIGHT_MAC, PEER_MAC, 2, PEER4, RIGHT_MAC, RIGHT4);
	ip_put("right", BEGIN + 5, &in);
	ip_play();
	ip_want_arp(ALL_MAC, RIGHT_MAC, RIGHT4, PEER4);
	SENT("right", BEGIN);
	for (uint32_t i = 0; i < 3; i++) {
		want_part(20, NULL, 0, 0, i * 576, i == 2 ? 56 : 576, i < 2);
		SENT("right", BEGIN + 5);
	}
	SENT_NO_MORE("right");
}

/* RFC 1191 section 4: with the MTU of the next hop. */
Test(ip_mtu, dont_fragment_is_told_the_mtu, .fini = ip_end)
{
	begin_known(CONFIG4);
	ip_from_host(&in, HOST4, PEER4);
	vnf_test_ipv4_df(&in);
	ip_udp(&in, 1200);
	ip_put("left", BEGIN, &in);
	ip_play();
	ip_want_error(LEFT4, 3, 4, MTU, &in);
	SENT_ANY_ID("left", BEGIN);
	SENT_NO_MORE("right");
	DROPPED("left", "too_big", 1);
}

Test(ip_mtu, ipv6_is_told_the_mtu, .fini = ip_end)
{
	begin_known(CONFIG6);
	for (uint32_t more = 0; more < 2; more++) {
		ip_from_host(&in, HOST6, PEER6);
		ip_udp(&in, 1280 - 48 + more);
		ip_put("left", BEGIN + more, &in);
	}
	ip_play();
	ip_to(&want, PEER_MAC, RIGHT_MAC, HOST6, PEER6);
	vnf_test_ttl(&want, 63);
	ip_udp(&want, 1280 - 48);
	SENT("right", BEGIN);
	ip_want_error(LEFT6, 2, 0, 1280, &in);
	SENT("left", BEGIN + 1);
	SENT_NO_MORE("right");
}

/* What the node itself says is cut too. */
Test(ip_mtu, an_echo_reply_is_cut, .fini = ip_end)
{
	static struct vnf_test_packet reply;
	uint64_t at_ns;
	uint32_t len;
	const uint8_t *f;

	ip_begin(CONFIG4);
	ip_known("right", 2 * MS, PEER_MAC, PEER4, RIGHT4);
	ip_to(&in, RIGHT_MAC, PEER_MAC, PEER4, RIGHT4);
	vnf_test_ipv4_df(&in);
	vnf_test_echo(&in, false, 3, 4);
	vnf_test_payload(&in, 1000);
	ip_put("right", BEGIN, &in);
	ip_play();
	ip_to(&reply, PEER_MAC, RIGHT_MAC, RIGHT4, PEER4);
	vnf_test_echo(&reply, true, 3, 4);
	vnf_test_payload(&reply, 1000);
	cr_assert_eq(vnf_test_finish(&reply), 0);
	for (uint32_t i = 0; i < 2; i++) {
		uint32_t octets = i == 0 ? 576 : 432;

		f = ip_next("right", &len, &at_ns);
		cr_assert_not_null(f);
		ip_to(&want, PEER_MAC, RIGHT_MAC, RIGHT4, PEER4);
		vnf_test_ipv4_id(&want, (uint16_t)(f[18] << 8 | f[19]));
		vnf_test_ipv4_fragment(&want, i * 576, i == 0);
		vnf_test_next(&want, 1);
		vnf_test_bytes(&want, reply.data + 34 + i * 576, octets);
		ip_compare("right", f, len, BEGIN, at_ns, __LINE__);
	}
	SENT_NO_MORE("right");
}
