/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * ICMP errors of the IP node: when they are sent and when not (RFC 1122 section 3.2.2, RFC 1812
 * section 4.3.2, RFC 4443 section 2.4), what they quote, and how many there are.
 */
#include "ip_support.h"

static void begin_known(const char *config)
{
	ip_begin(config);
	ip_known_all();
}

static void from_host(bool v6, const char *to4, const char *to6)
{
	ip_from_host(&in, v6 ? HOST6 : HOST4, v6 ? to6 : to4);
}

/* One packet of the host in `in` comes back as an error, to the octet. */
static void error_is(bool v6, const char *src, uint8_t type, uint8_t code)
{
	ip_put("left", BEGIN, &in);
	ip_play();
	ip_want_error(src, type, code, 0, &in);
	if (v6)
		SENT("left", BEGIN);
	else
		SENT_ANY_ID("left", BEGIN);
	SENT_NO_MORE("left");
	SENT_NO_MORE("right");
}

/* ---- errors ---- */

Test(ip_icmp, time_exceeded_ipv4, .fini = ip_end)
{
	begin_known(IP_CONFIG(""));
	from_host(false, PEER4, NULL);
	vnf_test_ttl(&in, 1);
	ip_udp(&in, 200);
	error_is(false, LEFT4, 11, 0);
	DROPPED("left", "ttl", 1);
}

Test(ip_icmp, ttl_zero_ipv4, .fini = ip_end)
{
	begin_known(IP_CONFIG(""));
	from_host(false, PEER4, NULL);
	vnf_test_ttl(&in, 0);
	ip_udp(&in, 20);
	error_is(false, LEFT4, 11, 0);
}

Test(ip_icmp, time_exceeded_ipv6, .fini = ip_end)
{
	begin_known(IP_CONFIG(""));
	from_host(true, NULL, PEER6);
	vnf_test_ttl(&in, 1);
	ip_udp(&in, 200);
	error_is(true, LEFT6, 3, 0);
}

Test(ip_icmp, no_route_ipv4, .fini = ip_end)
{
	begin_known(IP_CONFIG(""));
	from_host(false, "192.0.2.1", NULL);
	ip_udp(&in, 20);
	error_is(false, LEFT4, 3, 0);
}

Test(ip_icmp, no_route_ipv6, .fini = ip_end)
{
	begin_known(IP_CONFIG(""));
	from_host(true, NULL, "2001:db8:ffff::1");
	ip_udp(&in, 20);
	error_is(true, LEFT6, 1, 0);
}

/* RFC 4443 section 3.1 code 2; the error goes back on the link, from the address there. */
Test(ip_icmp, link_local_source_beyond_its_scope, .fini = ip_end)
{
	ip_begin(IP_CONFIG(""));
	ip_known("left", 2 * MS, HOST_MAC, HOST_LL, LEFT6);
	ip_from_host(&in, HOST_LL, PEER6);
	ip_udp(&in, 20);
	ip_put("left", BEGIN, &in);
	ip_play();
	ip_to(&want, HOST_MAC, LEFT_MAC, LEFT_LL, HOST_LL);
	vnf_test_icmp_error(&want, 1, 2, 0, &in, 0);
	SENT("left", BEGIN);
}

Test(ip_icmp, port_unreachable_ipv4, .fini = ip_end)
{
	begin_known(IP_CONFIG(""));
	from_host(false, LEFT4, NULL);
	ip_udp(&in, 20);
	error_is(false, LEFT4, 3, 3);
}

/* RFC 4443 section 2.2 (a): from the address that the packet was sent to. */
Test(ip_icmp, port_unreachable_ipv6_of_another_link, .fini = ip_end)
{
	begin_known(IP_CONFIG(""));
	from_host(true, NULL, RIGHT6);
	ip_udp(&in, 20);
	error_is(true, RIGHT6, 1, 4);
}

Test(ip_icmp, port_unreachable_of_the_link_local_address, .fini = ip_end)
{
	begin_known(IP_CONFIG(""));
	from_host(true, NULL, LEFT_LL);
	ip_udp(&in, 20);
	error_is(true, LEFT_LL, 1, 4);
}

Test(ip_icmp, protocol_unreachable, .fini = ip_end)
{
	begin_known(IP_CONFIG(""));
	from_host(false, LEFT4, NULL);
	vnf_test_payload(&in, 40);
	error_is(false, LEFT4, 3, 2);
}

/* RFC 4443 section 3.4: the pointer is at the field that names it. */
static void next_header_unknown(bool extension, uint32_t pointer)
{
	begin_known(IP_CONFIG(""));
	from_host(true, NULL, LEFT6);
	if (extension) {
		vnf_test_ipv6_ext(&in, 0, 16);
		vnf_test_ipv6_ext(&in, 60, 8);
	}
	vnf_test_payload(&in, 40);
	ip_put("left", BEGIN, &in);
	ip_play();
	ip_want_error(LEFT6, 4, 1, pointer, &in);
	SENT("left", BEGIN);
}

Test(ip_icmp, unknown_next_header, .fini = ip_end)
{
	next_header_unknown(false, 6);
}

Test(ip_icmp, unknown_next_header_behind_extensions, .fini = ip_end)
{
	next_header_unknown(true, 56);
}

/* RFC 8200 section 4.7: what says that nothing follows is no unknown header. */
Test(ip_icmp, no_next_header_is_no_error, .fini = ip_end)
{
	begin_known(IP_CONFIG(""));
	from_host(true, NULL, LEFT6);
	vnf_test_next(&in, 59);
	ip_put("left", BEGIN, &in);
	ip_play();
	DROPPED_SILENTLY("no_service");
}

/* ---- what is quoted ---- */

Test(ip_icmp, quotes_up_to_576_octets, .fini = ip_end)
{
	begin_known(IP_CONFIG(""));
	from_host(false, PEER4, NULL);
	vnf_test_ttl(&in, 1);
	ip_udp(&in, 1400);
	error_is(false, LEFT4, 11, 0);
	cr_assert_eq(want.len, 14 + 576);
}

Test(ip_icmp, quotes_up_to_1280_octets_of_ipv6, .fini = ip_end)
{
	begin_known(IP_CONFIG(""));
	from_host(true, NULL, PEER6);
	vnf_test_ttl(&in, 1);
	ip_udp(&in, 1400);
	error_is(true, LEFT6, 3, 0);
	cr_assert_eq(want.len, 14 + 1280);
}

/* Options are quoted, Ethernet's padding is not. */
Test(ip_icmp, quotes_the_packet_as_it_came, .fini = ip_end)
{
	static const uint8_t options[] = { 7, 7, 4, 0, 0, 0, 0, 0 };

	begin_known(IP_CONFIG(""));
	from_host(false, PEER4, NULL);
	vnf_test_ipv4_options(&in, options, sizeof(options));
	vnf_test_ttl(&in, 1);
	vnf_test_ipv4_id(&in, 0x1234);
	vnf_test_dscp(&in, 46, 1);
	vnf_test_bytes(&in, "x", 1);
	vnf_test_pad(&in, 60);
	error_is(false, LEFT4, 11, 0);
}

/* RFC 1812 section 4.3.2.4: an address of the interface by which it leaves. */
Test(ip_icmp, source_is_of_the_interface_it_leaves_by, .fini = ip_end)
{
	ip_begin(IP_CONFIG("routes = ( { prefix = \"192.0.2.0/24\"; via = \"10.0.2.9\"; } );"));
	ip_known("right", 2 * MS, PEER_MAC, PEER4, RIGHT4);
	ip_put_udp(BEGIN, "192.0.2.7", "198.51.100.1");
	ip_play();
	ip_from_host(&in, "192.0.2.7", "198.51.100.1");
	ip_udp(&in, 64);
	cr_assert_eq(vnf_test_finish(&in), 0);
	ip_to(&want, PEER_MAC, RIGHT_MAC, RIGHT4, "192.0.2.7");
	vnf_test_dscp(&want, 48, 0);
	vnf_test_icmp_error(&want, 3, 0, 0, &in, 0);
	SENT_ANY_ID("right", BEGIN);
}

/* ---- when not ---- */

/* Each of these has TTL 1 and would be told; nothing is. */
static void hostile4(int how)
{
	ip_from_host(&in, how == 4 ? "10.0.1.255" : how == 5 ? "192.0.2.9" : HOST4, PEER4);
	vnf_test_ttl(&in, 1);
	if (how == 0)
		vnf_test_icmp(&in, 3, 1, 0);
	if (how == 1)
		vnf_test_icmp(&in, 11, 0, 0);
	if (how == 2)
		vnf_test_icmp(&in, 12, 0, 0);
	if (how == 3)
		vnf_test_ipv4_fragment(&in, 64, false);
	if (how == 6)
		vnf_test_icmp(&in, 5, 0, 0);
	if (how == 7)
		vnf_test_icmp(&in, 4, 0, 0);
	vnf_test_payload(&in, 40);
}

Test(ip_icmp, never_about_errors_fragments_or_groups_ipv4, .fini = ip_end)
{
	begin_known(IP_CONFIG(""));
	for (int how = 0; how < 8; how++) {
		hostile4(how);
		ip_put("left", BEGIN + (uint64_t)how, &in);
	}
	ip_play();
	SENT_NO_MORE("left");
	SENT_NO_MORE("right");
	DROPPED("left", "ttl", 8);
}

/* Error messages that are not known are errors too: RFC 4443 section 2.4 (b). */
Test(ip_icmp, never_about_errors_ipv6, .fini = ip_end)
{
	static const uint8_t types[] = { 1, 2, 3, 4, 5, 100, 127, 137 };

	begin_known(IP_CONFIG(""));
	for (uint32_t i = 0; i < 8; i++) {
		from_host(true, NULL, PEER6);
		vnf_test_ttl(&in, 1);
		vnf_test_icmp(&in, types[i], 0, 0);
		vnf_test_payload(&in, 40);
		ip_put("left", BEGIN + i, &in);
	}
	ip_play();
	SENT_NO_MORE("left");
	SENT_NO_MORE("right");
	DROPPED("left", "ttl", 8);
}

/* Other ICMP messages are no errors. */
Test(ip_icmp, about_an_echo_request, .fini = ip_end)
{
	begin_known(IP_CONFIG(""));
	from_host(true, NULL, PEER6);
	vnf_test_ttl(&in, 1);
	vnf_test_echo(&in, false, 1, 2);
	error_is(true, LEFT6, 3, 0);
}

Test(ip_icmp, about_a_first_fragment, .fini = ip_end)
{
	begin_known(IP_CONFIG(""));
	from_host(false, PEER4, NULL);
	vnf_test_ttl(&in, 1);
	vnf_test_ipv4_fragment(&in, 0, true);
	vnf_test_payload(&in, 64);
	error_is(false, LEFT4, 11, 0);
}

/* ---- how many ---- */

static void put_expired(const char *src, uint64_t at_ns)
{
	ip_from_host(&in, src, PEER4);
	vnf_test_ttl(&in, 1);
	ip_udp(&in, 10);
	ip_put("left", at_ns, &in);
}

static uint32_t errors_sent(void)
{
	uint32_t n = 0, len;
	uint64_t at_ns;

	while (ip_next("left", &len, &at_ns) != NULL)
		n++;
	return n;
}

/* Five at once; the sixth a fifth of a second later. */
Test(ip_icmp, rate_to_one_host, .fini = ip_end)
{
	begin_known(IP_CONFIG("icmp_errors_per_host = 5;"));
	for (uint64_t i = 0; i < 20; i++)
		put_expired(HOST4, BEGIN + i);
	put_expired(HOST4, BEGIN + SECOND / 5 - 1);
	put_expired(HOST4, BEGIN + SECOND / 5);
	put_expired(HOST4, BEGIN + SECOND / 5 + 1);
	ip_play();
	cr_assert_eq(errors_sent(), 6);
}

/* One host's rate takes nothing from others. */
Test(ip_icmp, rate_is_of_each_host, .fini = ip_end)
{
	ip_begin(IP_CONFIG("icmp_errors_per_host = 1;"));
	ip_known("left", 2 * MS, HOST_MAC, HOST4, LEFT4);
	ip_known("left", 2 * MS, HOST_MAC, "10.0.1.10", LEFT4);
	for (uint64_t i = 0; i < 5; i++)
		put_expired(HOST4, BEGIN + i);
	put_expired("10.0.1.10", BEGIN + 5);
	ip_play();
	cr_assert_eq(errors_sent(), 2);
}

/* A tenth of a second's at once, then one each 1/20 s. */
Test(ip_icmp, rate_in_all, .fini = ip_end)
{
	begin_known(IP_CONFIG("icmp_errors = 20; icmp_errors_per_host = 1000;"));
	for (uint64_t i = 0; i < 20; i++)
		put_expired(HOST4, BEGIN + i);
	put_expired(HOST4, BEGIN + SECOND / 20 - 1);
	put_expired(HOST4, BEGIN + SECOND / 20);
	ip_play();
	cr_assert_eq(errors_sent(), 4);
}

Test(ip_icmp, none_if_the_rate_is_zero, .fini = ip_end)
{
	begin_known(IP_CONFIG("icmp_errors = 0;"));
	put_expired(HOST4, BEGIN);
	ip_play();
	SENT_NO_MORE("left");
	DROPPED("left", "ttl", 1);
}
