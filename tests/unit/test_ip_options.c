/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Options that concern the IP node: IPv4's record route and timestamp, on the way and in echoes
 * (RFC 791 section 3.1, RFC 1812 sections 4.3.3.6 and 5.3.13), and options of IPv6 that it does not
 * know (RFC 8200 section 4.2).
 */
#include "ip_support.h"

/* The test's day began 80,000 s before it, and packets come 10 ms later. */
#define TIME 0x04, 0xc4, 0xb4, 0x0a
#define RIGHT4_OCTETS 10, 0, 2, 1
#define LEFT4_OCTETS 10, 0, 1, 1
#define OPTIONS_MAX 40

/* How an option comes, and how it leaves; `at`: where it is wrong, or 0. */
struct passed {
	uint32_t octets;
	uint8_t in[OPTIONS_MAX], out[OPTIONS_MAX];
	uint32_t at;
};

static const struct passed passed[] = {
	{ 12, { 7, 11, 4 }, { 7, 11, 8, RIGHT4_OCTETS }, 0 },
	{ 12, { 7, 11, 8, 1, 2, 3, 4 }, { 7, 11, 12, 1, 2, 3, 4, RIGHT4_OCTETS }, 0 },
	/* full */
	{ 8, { 1, 7, 7, 8, 1, 2, 3, 4 }, { 1, 7, 7, 8, 1, 2, 3, 4 }, 0 },
	/* a pointer into itself, and room for a part of an address */
	{ 8, { 7, 7, 3 }, { 0 }, 22 },
	{ 8, { 1, 7, 7, 6 }, { 0 }, 23 },
	/* times only, with addresses, and of this address */
	{ 12, { 68, 12, 5, 0 }, { 68, 12, 9, 0, TIME }, 0 },
	{ 12, { 68, 12, 5, 1 }, { 68, 12, 13, 1, RIGHT4_OCTETS, TIME }, 0 },
	{ 12, { 68, 12, 5, 3, RIGHT4_OCTETS }, { 68, 12, 13, 3, RIGHT4_OCTETS, TIME }, 0 },
	{ 12, { 68, 12, 5, 3, 10, 9, 9, 9 }, { 68, 12, 5, 3, 10, 9, 9, 9 }, 0 },
	/* full: counted, as far as there is room for the number */
	{ 8, { 68, 8, 9, 0xe0, 1, 2, 3, 4 }, { 68, 8, 9, 0xf0, 1, 2, 3, 4 }, 0 },
	{ 8, { 68, 8, 9, 0xf0, 1, 2, 3, 4 }, { 0 }, 23 },
	{ 8, { 68, 8, 4, 0 }, { 0 }, 22 },
	{ 8, { 68, 8, 5, 1 }, { 0 }, 22 },
	{ 12, { 68, 12, 5, 2 }, { 0 }, 23 },
};

static void datagram(struct vnf_test_packet *p, const uint8_t *options, uint32_t octets)
{
	vnf_test_ipv4_options(p, options, octets);
	ip_udp(p, 64);
}

static void pass(const struct passed *row)
{
	ip_begin(IP_CONFIG(""));
	ip_known_all();
	ip_from_host(&in, HOST4, PEER4);
	datagram(&in, row->in, row->octets);
	ip_put("left", BEGIN, &in);
	ip_play();
	if (row->at != 0) {
		ip_want_error(LEFT4, 12, 0, row->at << 24, &in);
		SENT_ANY_ID("left", BEGIN);
		DROPPED("left", "ipv4_options", 1);
	} else {
		ip_to(&want, PEER_MAC, RIGHT_MAC, HOST4, PEER4);
		vnf_test_ttl(&want, 63);
		datagram(&want, row->out, row->octets);
		SENT("right", BEGIN);
	}
	SENT_NO_MORE("left");
	SENT_NO_MORE("right");
	ip_end();
}

#define PASSED(i)                                                                                  \
	Test(ip_options, passed_##i)                                                               \
	{                                                                                          \
		pass(&passed[i]);                                                                  \
	}

PASSED(0)
PASSED(1)
PASSED(2)
PASSED(3)
PASSED(4)
PASSED(5)
PASSED(6)
PASSED(7)
PASSED(8)
PASSED(9)
PASSED(10)
PASSED(11)
PASSED(12)
PASSED(13)

Test(ip_options, an_echo_has_them_filled_in, .fini = ip_end)
{
	static const uint8_t out[] = { 7, 11, 8, LEFT4_OCTETS, 0, 0, 0, 0, 0 };
	static const uint8_t asked[] = { 7, 11, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0 };

	ip_begin(IP_CONFIG(""));
	ip_known_all();
	ip_from_host(&in, HOST4, LEFT4);
	vnf_test_ipv4_options(&in, asked, sizeof(asked));
	vnf_test_echo(&in, false, 1, 2);
	ip_put("left", BEGIN, &in);
	ip_play();
	ip_to(&want, HOST_MAC, LEFT_MAC, LEFT4, HOST4);
	vnf_test_ipv4_options(&want, out, sizeof(out));
	vnf_test_echo(&want, true, 1, 2);
	SENT_ANY_ID("left", BEGIN);
}

/* ---- IPv6 ---- */

/* An echo with a header of options, of which the first is of this type. */
static void echo6(struct vnf_test_packet *p, uint8_t header, uint8_t type)
{
	const uint8_t option[] = { type, 4 };

	ip_from_host(p, HOST6, LEFT6);
	vnf_test_ipv6_ext(p, header, 8);
	vnf_test_patch(p, 2, option, sizeof(option));
	vnf_test_echo(p, false, 1, 2);
}

static void echo_answered(void)
{
	ip_to(&want, HOST_MAC, LEFT_MAC, LEFT6, HOST6);
	vnf_test_echo(&want, true, 1, 2);
	SENT("left", BEGIN);
}

static void option_is(uint8_t header, uint8_t type, bool answered, bool told)
{
	ip_begin(IP_CONFIG(""));
	ip_known_all();
	echo6(&in, header, type);
	ip_put("left", BEGIN, &in);
	ip_play();
	if (answered)
		echo_answered();
	if (told) {
		ip_want_error(LEFT6, 4, 2, 42, &in);
		SENT("left", BEGIN);
	}
	if (!answered)
		DROPPED("left", "no_service", 1);
	SENT_NO_MORE("left");
	ip_end();
}

Test(ip_options, unknown_and_to_be_passed_over)
{
	option_is(0, 0x1e, true, false);
}

Test(ip_options, unknown_and_to_be_discarded)
{
	option_is(0, 0x5e, false, false);
}

Test(ip_options, unknown_and_to_be_told)
{
	option_is(60, 0x9e, false, true);
}

Test(ip_options, unknown_and_to_be_told_if_to_one_host)
{
	option_is(60, 0xde, false, true);
}

/* RFC 4443 section 2.4 (e.3): of bits 10, also to a group. */
static void option_to_group(uint8_t type, bool told)
{
	ip_begin(IP_CONFIG(""));
	ip_known_all();
	vnf_test_eth(&in, ALL_NODES_MAC, HOST_MAC);
	vnf_test_ipv6(&in, HOST6, ALL_NODES);
	vnf_test_ipv6_ext(&in, 60, 8);
	vnf_test_patch(&in, 2, (const uint8_t[]){ type, 4 }, 2);
	vnf_test_echo(&in, false, 1, 2);
	ip_put("left", BEGIN, &in);
	ip_play();
	if (told) {
		ip_want_error(LEFT6, 4, 2, 42, &in);
		SENT("left", BEGIN);
	}
	DROPPED("left", "no_service", 1);
	SENT_NO_MORE("left");
	ip_end();
}

Test(ip_options, unknown_and_to_be_told_of_a_group)
{
	option_to_group(0x9e, true);
}

Test(ip_options, unknown_and_not_to_be_told_of_a_group)
{
	option_to_group(0xde, false);
}

Test(ip_options, router_alert_is_known)
{
	option_is(0, 5, true, false);
}

/* Of a packet that is forwarded they are nobody's concern. */
Test(ip_options, unknown_and_on_the_way, .fini = ip_end)
{
	static const uint8_t option[] = { 0xde, 4 };

	ip_begin(IP_CONFIG(""));
	ip_known_all();
	for (uint32_t i = 0; i < 2; i++) {
		struct vnf_test_packet *p = i ? &want : &in;

		if (i == 0)
			ip_from_host(p, HOST6, PEER6);
		else
			ip_to(p, PEER_MAC, RIGHT_MAC, HOST6, PEER6);
		if (i == 1)
			vnf_test_ttl(p, 63);
		vnf_test_ipv6_ext(p, 60, 8);
		vnf_test_patch(p, 2, option, sizeof(option));
		ip_udp(p, 64);
	}
	ip_put("left", BEGIN, &in);
	ip_play();
	SENT("right", BEGIN);
}

/* RFC 4443 section 4.2: all of the data comes back, in fragments where the link needs them. */
Test(ip_options, an_ipv6_echo_longer_than_the_mtu, .fini = ip_end)
{
	struct vnf_test_packet whole;
	const uint8_t *f;
	uint64_t at_ns;
	uint32_t len, id;

	ip_begin(
		IP_CONFIG_OF(IP_LEFT("dad = false; mtu = 1280;") "," IP_RIGHT("dad = false;"), ""));
	ip_known_all();
	ip_from_host(&in, HOST6, LEFT6);
	vnf_test_echo(&in, false, 1, 2);
	vnf_test_payload(&in, 1400);
	ip_put("left", BEGIN, &in);
	ip_play();
	ip_to(&whole, HOST_MAC, LEFT_MAC, LEFT6, HOST6);
	vnf_test_echo(&whole, true, 1, 2);
	vnf_test_payload(&whole, 1400);
	cr_assert_eq(vnf_test_finish(&whole), 0);
	f = ip_next("left", &len, &at_ns);
	cr_assert_not_null(f);
	cr_assert_eq(len, 14 + 1280);
	memcpy(&id, f + 14 + 40 + 4, sizeof(id));
	ip_next_left--;
	for (uint32_t i = 0; i < 2; i++) {
		vnf_test_fragment(&want, &whole, rte_be_to_cpu_32(id), i * 1232, i == 0 ? 1232 : 0);
		SENT("left", BEGIN);
	}
	SENT_NO_MORE("left");
}
