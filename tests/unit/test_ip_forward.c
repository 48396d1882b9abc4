/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The IP node: packets that go on, and those that must not: RFC 1812 section 5, RFC 8200.
 */
#include "ip_support.h"

/* Host to peer, of what is in `in`; it must be dropped without a word. */
static void refuse_silently(const char *reason)
{
	ip_put("left", BEGIN, &in);
	ip_play();
	DROPPED_SILENTLY(reason);
	ip_end();
}

static void begin_known(void)
{
	ip_begin(IP_CONFIG(""));
	ip_known_all();
}

Test(ip_forward, ipv4_ttl_checksum_and_macs, .fini = ip_end)
{
	begin_known();
	ip_put_udp(BEGIN, HOST4, PEER4);
	ip_play();
	ip_want_udp(PEER_MAC, HOST4, PEER4);
	SENT("right", BEGIN);
	SENT_NO_MORE("right");
	SENT_NO_MORE("left");
}

Test(ip_forward, ipv6_hop_limit_and_macs, .fini = ip_end)
{
	begin_known();
	ip_put_udp(BEGIN, HOST6, PEER6);
	ip_play();
	ip_want_udp(PEER_MAC, HOST6, PEER6);
	SENT("right", BEGIN);
	SENT_NO_MORE("right");
}

Test(ip_forward, ttl_2_goes_on_as_1, .fini = ip_end)
{
	begin_known();
	for (int v6 = 0; v6 < 2; v6++) {
		ip_from_host(&in, v6 ? HOST6 : HOST4, v6 ? PEER6 : PEER4);
		vnf_test_ttl(&in, 2);
		ip_udp(&in, 10);
		ip_put("left", BEGIN + (uint64_t)v6, &in);
	}
	ip_play();
	for (int v6 = 0; v6 < 2; v6++) {
		ip_to(&want, PEER_MAC, RIGHT_MAC, v6 ? HOST6 : HOST4, v6 ? PEER6 : PEER4);
		vnf_test_ttl(&want, 1);
		ip_udp(&want, 10);
		SENT("right", BEGIN + (uint64_t)v6);
	}
}

/* All values of TTL that go on, with whatever checksums these headers have. */
Test(ip_forward, checksum_right_for_every_ttl, .fini = ip_end)
{
	begin_known();
	for (uint32_t pass = 0; pass < 2; pass++) {
		for (uint32_t ttl = 2; ttl < 256; ttl++) {
			struct vnf_test_packet *p = pass == 0 ? &in : &want;

			if (pass == 0)
				ip_from_host(p, HOST4, PEER4);
			else
				ip_to(p, PEER_MAC, RIGHT_MAC, HOST4, PEER4);
			vnf_test_ipv4_id(p, (uint16_t)(ttl * 257));
			vnf_test_ttl(p, (uint8_t)(ttl - pass));
			ip_udp(p, 10);
			if (pass == 0)
				ip_put("left", BEGIN + ttl, p);
			else
				SENT("right", BEGIN + ttl);
		}
		if (pass == 0)
			ip_play();
	}
}

Test(ip_forward, options_kept_and_header_untouched, .fini = ip_end)
{
	/* Router alert, NOP, an unknown option, end. */
	static const uint8_t options[] = { 148, 4, 0, 0, 1, 0x5e, 5, 1, 2, 3, 0, 0 };

	begin_known();
	for (int out = 0; out < 2; out++) {
		struct vnf_test_packet *p = out ? &want : &in;

		if (out)
			ip_to(p, PEER_MAC, RIGHT_MAC, HOST4, PEER4);
		else
			ip_from_host(p, HOST4, PEER4);
		vnf_test_ipv4_options(p, options, sizeof(options));
		vnf_test_ttl(p, out ? 8 : 9);
		vnf_test_dscp(p, 46, 2);
		vnf_test_ipv4_id(p, 0xbeef);
		vnf_test_ipv4_df(p);
		ip_udp(p, 33);
		if (!out) {
			ip_put("left", BEGIN, p);
			ip_play();
		}
	}
	SENT("right", BEGIN);
}

Test(ip_forward, ipv6_extension_headers_kept, .fini = ip_end)
{
	begin_known();
	for (int out = 0; out < 2; out++) {
		struct vnf_test_packet *p = out ? &want : &in;

		if (out)
			ip_to(p, PEER_MAC, RIGHT_MAC, HOST6, PEER6);
		else
			ip_from_host(p, HOST6, PEER6);
		vnf_test_ttl(p, out ? 63 : 64);
		vnf_test_dscp(p, 10, 1);
		vnf_test_ipv6_ext(p, 0, 8);
		vnf_test_ipv6_ext(p, 60, 16);
		ip_udp(p, 20);
		if (!out) {
			ip_put("left", BEGIN, p);
			ip_play();
		}
	}
	SENT("right", BEGIN);
}

Test(ip_forward, an_unknown_transport_and_fragments_go_on, .fini = ip_end)
{
	begin_known();
	ip_from_host(&in, HOST4, PEER4);
	vnf_test_payload(&in, 50);
	ip_put("left", BEGIN, &in);
	ip_from_host(&in, HOST4, PEER4);
	vnf_test_ipv4_fragment(&in, 1480, true);
	vnf_test_payload(&in, 64);
	ip_put("left", BEGIN + 1, &in);
	ip_play();
	ip_to(&want, PEER_MAC, RIGHT_MAC, HOST4, PEER4);
	vnf_test_ttl(&want, 63);
	vnf_test_payload(&want, 50);
	SENT("right", BEGIN);
	ip_to(&want, PEER_MAC, RIGHT_MAC, HOST4, PEER4);
	vnf_test_ipv4_fragment(&want, 1480, true);
	vnf_test_ttl(&want, 63);
	vnf_test_payload(&want, 64);
	SENT("right", BEGIN + 1);
}

/* There is no redirect either. */
Test(ip_forward, out_of_the_interface_it_came_by, .fini = ip_end)
{
	begin_known();
	ip_known("left", 3 * MS, OTHER_MAC, "10.0.1.7", LEFT4);
	ip_put_udp(BEGIN, HOST4, "10.0.1.7");
	ip_play();
	ip_to(&want, OTHER_MAC, LEFT_MAC, HOST4, "10.0.1.7");
	vnf_test_ttl(&want, 63);
	ip_udp(&want, 64);
	SENT("left", BEGIN);
	SENT_NO_MORE("left");
}

Test(ip_forward, ethernet_padding_is_no_part_of_the_packet, .fini = ip_end)
{
	uint64_t at_ns;
	uint32_t len;
	const uint8_t *f;

	begin_known();
	ip_from_host(&in, HOST4, PEER4);
	ip_udp(&in, 1);
	vnf_test_pad(&in, 60);
	ip_put("left", BEGIN, &in);
	ip_play();
	f = ip_next("right", &len, &at_ns);
	cr_assert_not_null(f);
	cr_assert_eq(f[16] << 8 | f[17], 29, "total length %u", f[16] << 8 | f[17]);
	cr_assert(len == 60 || len == 43);
}

/* ---- what is not forwarded ---- */

static const struct {
	const char *src, *dst;
} martians[] = {
	{ "127.0.0.1", PEER4 },
	{ "0.0.0.0", PEER4 },
	{ "0.1.2.3", PEER4 },
	{ "224.0.0.1", PEER4 },
	{ "240.0.0.1", PEER4 },
	{ "255.255.255.255", PEER4 },
	{ HOST4, "127.0.0.1" },
	{ HOST4, "0.0.0.0" },
	{ HOST4, "240.0.0.1" },
	{ HOST4, "0.1.2.3" },
	{ "::1", PEER6 },
	{ "ff02::1", PEER6 },
	{ HOST6, "::1" },
	{ HOST6, "::" },
	{ "::ffff:10.0.1.9", PEER6 },
	{ HOST6, "::ffff:10.0.2.9" },
	{ "::", PEER6 },
};

Test(ip_forward, martians_are_dropped, .fini = ip_end)
{
	size_t n = sizeof(martians) / sizeof(martians[0]);

	begin_known();
	for (size_t i = 0; i < n; i++)
		ip_put_udp(BEGIN + i, martians[i].src, martians[i].dst);
	ip_play();
	DROPPED("left", "martian", (int64_t)n);
	SENT_NO_MORE("left");
	SENT_NO_MORE("right");
}

Test(ip_forward, a_wrong_header_checksum_is_dropped)
{
	begin_known();
	ip_from_host(&in, HOST4, PEER4);
	vnf_test_checksum_wrong(&in);
	ip_udp(&in, 10);
	refuse_silently("ipv4_checksum");
}

Test(ip_forward, version_and_lengths_are_checked, .fini = ip_end)
{
	static const uint8_t version = 0x55, short_header = 0x44;

	begin_known();
	for (int i = 0; i < 4; i++) {
		ip_from_host(&in, HOST4, PEER4);
		if (i == 0)
			vnf_test_patch(&in, 0, &version, 1);
		if (i == 1)
			vnf_test_patch(&in, 0, &short_header, 1);
		if (i == 2)
			vnf_test_length(&in, 19);
		if (i == 3)
			vnf_test_length(&in, 1000);
		ip_udp(&in, 10);
		ip_put("left", BEGIN + (uint64_t)i, &in);
	}
	ip_play();
	SENT_NO_MORE("left");
	SENT_NO_MORE("right");
	cr_assert_eq(vnf_test_replay_counter(ip_run, NULL, "tx"),
		     vnf_test_replay_counter(ip_run, NULL, "created") + 2, "ARP replies only");
}

Test(ip_forward, to_another_mac)
{
	begin_known();
	vnf_test_eth(&in, "02:00:00:00:01:02", HOST_MAC);
	vnf_test_ipv4(&in, HOST4, PEER4);
	ip_udp(&in, 10);
	refuse_silently("other_mac");
}

Test(ip_forward, unicast_ip_in_a_link_broadcast)
{
	begin_known();
	vnf_test_eth(&in, ALL_MAC, HOST_MAC);
	vnf_test_ipv4(&in, HOST4, PEER4);
	ip_udp(&in, 10);
	refuse_silently("broadcast");
}

Test(ip_forward, unicast_ipv6_in_a_link_multicast)
{
	begin_known();
	vnf_test_eth(&in, ALL_NODES_MAC, HOST_MAC);
	vnf_test_ipv6(&in, HOST6, PEER6);
	ip_udp(&in, 10);
	refuse_silently("broadcast");
}

Test(ip_forward, limited_and_directed_broadcasts, .fini = ip_end)
{
	static const char *const to[] = { "255.255.255.255", "10.0.2.255", "10.0.2.0", "10.0.1.255",
					  "10.0.1.0" };

	begin_known();
	for (size_t i = 0; i < 5; i++)
		ip_put_udp(BEGIN + i, HOST4, to[i]);
	ip_play();
	DROPPED("left", "broadcast", 5);
	SENT_NO_MORE("left");
	SENT_NO_MORE("right");
}

Test(ip_forward, multicast_is_not_forwarded, .fini = ip_end)
{
	begin_known();
	vnf_test_eth(&in, "01:00:5e:01:02:03", HOST_MAC);
	vnf_test_ipv4(&in, HOST4, "239.1.2.3");
	ip_udp(&in, 10);
	ip_put("left", BEGIN, &in);
	vnf_test_eth(&in, "33:33:00:00:12:34", HOST_MAC);
	vnf_test_ipv6(&in, HOST6, "ff0e::1234");
	ip_udp(&in, 10);
	ip_put("left", BEGIN + 1, &in);
	ip_play();
	DROPPED("left", "multicast", 2);
	SENT_NO_MORE("left");
	SENT_NO_MORE("right");
}

Test(ip_forward, source_routes_are_refused, .fini = ip_end)
{
	/* Loose and strict, one more hop to go. */
	static const uint8_t routes[2][8] = { { 131, 7, 4, 10, 0, 2, 9, 0 },
					      { 137, 7, 4, 10, 0, 2, 9, 0 } };
	static const uint8_t left = 1;

	begin_known();
	for (size_t i = 0; i < 4; i++) {
		ip_from_host(&in, HOST4, i < 2 ? PEER4 : LEFT4);
		vnf_test_ipv4_options(&in, routes[i & 1], 8);
		ip_udp(&in, 10);
		ip_put("left", BEGIN + i, &in);
	}
	ip_from_host(&in, HOST6, LEFT6);
	vnf_test_ipv6_ext(&in, 43, 24);
	vnf_test_patch(&in, 3, &left, 1);
	ip_udp(&in, 10);
	ip_put("left", BEGIN + 4, &in);
	ip_play();
	DROPPED("left", "source_routed", 5);
	SENT_NO_MORE("left");
	SENT_NO_MORE("right");
}

/* On the way to others a routing header is nobody's business: RFC 8200 section 4.4. */
Test(ip_forward, a_routing_header_for_others_goes_on, .fini = ip_end)
{
	static const uint8_t left = 1;

	begin_known();
	ip_from_host(&in, HOST6, PEER6);
	vnf_test_ipv6_ext(&in, 43, 24);
	vnf_test_patch(&in, 3, &left, 1);
	ip_udp(&in, 10);
	ip_put("left", BEGIN, &in);
	ip_play();
	ip_to(&want, PEER_MAC, RIGHT_MAC, HOST6, PEER6);
	vnf_test_ttl(&want, 63);
	vnf_test_ipv6_ext(&want, 43, 24);
	vnf_test_patch(&want, 3, &left, 1);
	ip_udp(&want, 10);
	SENT("right", BEGIN);
}

Test(ip_forward, link_local_stays_on_its_link, .fini = ip_end)
{
	begin_known();
	ip_put_udp(BEGIN, HOST6, PEER_LL);
	ip_play();
	DROPPED("left", "no_route", 1);
	SENT_NO_MORE("left");
	SENT_NO_MORE("right");
}

Test(ip_forward, neither_ip_nor_arp)
{
	begin_known();
	vnf_test_eth(&in, LEFT_MAC, HOST_MAC);
	vnf_test_payload(&in, 50);
	ip_put("left", BEGIN, &in);
	ip_play();
	/* One was the first packet. */
	DROPPED("left", "not_ip", 2);
	SENT_NO_MORE("left");
	SENT_NO_MORE("right");
	ip_end();
}

Test(ip_forward, before_the_first_address_nothing_is_answered, .fini = ip_end)
{
	ip_run = vnf_test_replay_create(&ip_router, IP_CONFIG(""));
	ip_arp(&in, ALL_MAC, HOST_MAC, 1, HOST4, NO_MAC, LEFT4);
	ip_put("left", 0, &in);
	ip_option("--until=+900us");
	ip_play();
	cr_assert_eq(vnf_test_replay_count(ip_run, "left"), 0);
}
