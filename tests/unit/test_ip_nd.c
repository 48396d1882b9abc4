/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The IP node's Neighbour Discovery: RFC 4861 sections 7.1 (what is valid), 7.2.2 to 7.2.4
 * (questions and answers), 7.2.5 (what an advertisement changes).
 */
#include "ip_support.h"

static void want_advertisement(const char *src, const char *dst)
{
	ip_to(&want, HOST_MAC, LEFT_MAC, src, dst);
	ip_nd(&want, 136, ND_R | ND_S | ND_O, src, ND_TLLAO, LEFT_MAC);
}

static void want_question(const char *mac, const char *dst, const char *target)
{
	ip_to(&want, mac, RIGHT_MAC, RIGHT6, dst);
	ip_nd(&want, 135, 0, target, ND_SLLAO, RIGHT_MAC);
}

/* A solicitation from the host, to be continued or spoilt. */
static void ask(const char *mac, const char *src, const char *dst, const char *target)
{
	ip_to(&in, mac, HOST_MAC, src, dst);
	ip_nd(&in, 135, 0, target, ND_SLLAO, HOST_MAC);
}

static void begin_host(void)
{
	ip_begin(IP_CONFIG(""));
	ip_known("left", 2 * MS, HOST_MAC, HOST6, LEFT6);
}

/* ---- questions to the router ---- */

Test(ip_nd, a_solicitation_is_answered, .fini = ip_end)
{
	ip_begin(IP_CONFIG(""));
	ask(GROUP_OF_1_MAC, HOST6, GROUP_OF_1, LEFT6);
	ip_put("left", BEGIN, &in);
	ip_play();
	want_advertisement(LEFT6, HOST6);
	SENT("left", BEGIN);
	SENT_NO_MORE("left");
}

Test(ip_nd, a_unicast_solicitation_is_answered, .fini = ip_end)
{
	begin_host();
	ip_to(&in, LEFT_MAC, HOST_MAC, HOST6, LEFT6);
	ip_nd(&in, 135, 0, LEFT6, 0, NULL);
	ip_put("left", BEGIN, &in);
	ip_play();
	want_advertisement(LEFT6, HOST6);
	SENT("left", BEGIN);
}

Test(ip_nd, the_link_local_address_answers, .fini = ip_end)
{
	ip_begin(IP_CONFIG(""));
	ask("33:33:ff:00:01:01", HOST_LL, "ff02::1:ff00:101", LEFT_LL);
	ip_put("left", BEGIN, &in);
	ip_play();
	want_advertisement(LEFT_LL, HOST_LL);
	SENT("left", BEGIN);
}

Test(ip_nd, others_addresses_are_not_answered, .fini = ip_end)
{
	static const char *const others[] = { "2001:db8:1::2", RIGHT6, RIGHT_LL,
					      "2001:db8:1::", "::1" };

	begin_host();
	for (size_t i = 0; i < 5; i++) {
		ask(ALL_NODES_MAC, HOST6, ALL_NODES, others[i]);
		ip_put("left", BEGIN + i, &in);
	}
	ip_play();
	SENT_NO_MORE("left");
	SENT_NO_MORE("right");
}

/* ---- section 7.1.1 and 7.1.2: what is not valid is dropped ---- */

static void spoil(int how)
{
	static const uint8_t one = 1;
	static const uint8_t nothing[8] = { 14, 0 }, more[8] = { 14, 2 };

	ask(GROUP_OF_1_MAC, HOST6, GROUP_OF_1, LEFT6);
	if (how == 0)
		vnf_test_ttl(&in, 254);
	if (how == 1)
		vnf_test_patch(&in, 1, &one, 1);
	if (how == 2)
		vnf_test_checksum_wrong(&in);
	if (how == 3)
		vnf_test_bytes(&in, nothing, 8);
	if (how == 4)
		vnf_test_bytes(&in, more, 8);
	if (how == 5)
		vnf_test_bytes(&in, nothing, 4);
	if (how == 6)
		ask(GROUP_OF_1_MAC, HOST6, GROUP_OF_1, "ff02::1");
	if (how == 7) /* from ::, and with an option */
		ask(GROUP_OF_1_MAC, "::", GROUP_OF_1, LEFT6);
	if (how == 8) { /* from ::, and to no solicited-node address */
		ip_to(&in, ALL_NODES_MAC, HOST_MAC, "::", ALL_NODES);
		ip_nd(&in, 135, 0, LEFT6, 0, NULL);
	}
	if (how == 9) { /* 23 octets are one too few */
		ip_to(&in, GROUP_OF_1_MAC, HOST_MAC, HOST6, GROUP_OF_1);
		vnf_test_ttl(&in, 255);
		vnf_test_icmp(&in, 135, 0, 0);
		vnf_test_payload(&in, 15);
	}
}

Test(ip_nd, invalid_solicitations_are_dropped, .fini = ip_end)
{
	ip_begin(IP_CONFIG(""));
	for (int how = 0; how < 10; how++) {
		spoil(how);
		ip_put("left", BEGIN + (uint64_t)how, &in);
	}
	/* And none of them was believed. */
	ip_known("right", 2 * MS, PEER_MAC, PEER6, RIGHT6);
	ip_to(&in, RIGHT_MAC, PEER_MAC, PEER6, HOST6);
	ip_udp(&in, 10);
	ip_put("right", BEGIN + 20, &in);
	ip_play();
	DROPPED("left", "icmp_checksum", 1);
	{
		ip_to(&want, GROUP_OF_9_MAC, LEFT_MAC, LEFT6, GROUP_OF_9);
		ip_nd(&want, 135, 0, HOST6, ND_SLLAO, LEFT_MAC);
		SENT("left", BEGIN + 20);
	}
	SENT_NO_MORE("left");
	/* Neither did anything like a defence of our address go to all nodes. */
	cr_assert_eq(vnf_test_replay_count(ip_run, "left"), 4);
}

/* Section 4.6: options that are not known are passed over. */
Test(ip_nd, unknown_options_are_passed_over, .fini = ip_end)
{
	static const uint8_t nonce[16] = { 14, 2 };

	ip_begin(IP_CONFIG(""));
	ip_to(&in, GROUP_OF_1_MAC, HOST_MAC, HOST6, GROUP_OF_1);
	ip_nd(&in, 135, 0, LEFT6, 0, NULL);
	vnf_test_bytes(&in, nonce, sizeof(nonce));
	vnf_test_bytes(&in, "\1\1\2\0\0\0\1\x99", 8);
	ip_put("left", BEGIN, &in);
	ip_play();
	want_advertisement(LEFT6, HOST6);
	SENT("left", BEGIN);
}

/* RFC 6980: Neighbour Discovery does not come in fragments. */
Test(ip_nd, fragments_are_dropped, .fini = ip_end)
{
	ip_begin(IP_CONFIG(""));
	ip_to(&in, GROUP_OF_1_MAC, HOST_MAC, HOST6, GROUP_OF_1);
	vnf_test_ttl(&in, 255);
	vnf_test_ipv6_fragment(&in, 1, 0, true);
	ip_nd(&in, 135, 0, LEFT6, ND_SLLAO, HOST_MAC);
	ip_put("left", BEGIN, &in);
	ip_play();
	SENT_NO_MORE("left");
}

/* Redirects and advertisements of routers change nothing in a router: sections 6.2.7, 8.2. */
Test(ip_nd, router_messages_and_redirects_change_nothing, .fini = ip_end)
{
	begin_host();
	ip_known("right", 2 * MS, PEER_MAC, PEER6, RIGHT6);
	for (uint8_t type = 133; type < 138; type++) {
		if (type == 135 || type == 136)
			continue;
		ip_to(&in, RIGHT_MAC, PEER_MAC, PEER_LL, RIGHT6);
		ip_nd(&in, type, 0, PEER6, ND_TLLAO, OTHER_MAC);
		ip_put("right", BEGIN + type, &in);
	}
	ip_put_udp(BEGIN + 200, HOST6, PEER6);
	ip_play();
	ip_want_udp(PEER_MAC, HOST6, PEER6);
	SENT("right", BEGIN + 200);
	SENT_NO_MORE("right");
}

/* ---- questions of the router ---- */

static void put_answer(uint64_t at_ns, const char *dst, uint32_t flags, const char *mac)
{
	ip_to(&in, RIGHT_MAC, PEER_MAC, PEER6, dst);
	ip_nd(&in, 136, flags, PEER6, ND_TLLAO, mac);
	ip_put("right", at_ns, &in);
}

Test(ip_nd, asks_the_group_and_sends_what_waited, .fini = ip_end)
{
	begin_host();
	ip_put_udp(BEGIN, HOST6, PEER6);
	put_answer(BEGIN + 77, RIGHT6, ND_S | ND_O, PEER_MAC);
	ip_play();
	want_question(GROUP_OF_9_MAC, GROUP_OF_9, PEER6);
	SENT("right", BEGIN);
	ip_want_udp(PEER_MAC, HOST6, PEER6);
	SENT("right", BEGIN + 77);
	SENT_NO_MORE("right");
}

Test(ip_nd, retries_each_second_then_address_unreachable, .fini = ip_end)
{
	begin_host();
	ip_put_udp(BEGIN, HOST6, PEER6);
	ip_put_udp(BEGIN + 5, HOST6, PEER6);
	ip_option("--until=+4s");
	ip_play();
	for (uint64_t i = 0; i < 3; i++) {
		want_question(GROUP_OF_9_MAC, GROUP_OF_9, PEER6);
		SENT("right", BEGIN + i * SECOND);
	}
	SENT_NO_MORE("right");
	for (int i = 0; i < 2; i++) {
		ip_from_host(&in, HOST6, PEER6);
		vnf_test_ttl(&in, 63);
		ip_udp(&in, 64);
		ip_want_error(LEFT6, 1, 3, 0, &in);
		SENT("left", BEGIN + 3 * SECOND);
	}
	SENT_NO_MORE("left");
	DROPPED("left", "neighbour", 2);
}

/* An advertisement that says no link-layer address is no answer to the first question. */
Test(ip_nd, an_answer_without_an_address_does_not_help, .fini = ip_end)
{
	begin_host();
	ip_put_udp(BEGIN, HOST6, PEER6);
	ip_to(&in, RIGHT_MAC, PEER_MAC, PEER6, RIGHT6);
	ip_nd(&in, 136, ND_S | ND_O, PEER6, 0, NULL);
	ip_put("right", BEGIN + 5, &in);
	ip_play();
	want_question(GROUP_OF_9_MAC, GROUP_OF_9, PEER6);
	SENT("right", BEGIN);
	SENT_NO_MORE("right");
}

/* Section 7.2.5: no entry, nothing is done. */
Test(ip_nd, unasked_makes_no_entry, .fini = ip_end)
{
	begin_host();
	put_answer(BEGIN, RIGHT6, ND_S | ND_O, PEER_MAC);
	put_answer(BEGIN + 1, ALL_NODES, ND_O, PEER_MAC);
	ip_put_udp(BEGIN + 2, HOST6, PEER6);
	ip_play();
	want_question(GROUP_OF_9_MAC, GROUP_OF_9, PEER6);
	SENT("right", BEGIN + 2);
	SENT_NO_MORE("right");
}

/* ---- section 7.2.5, of an entry whose address is known ---- */

/* Which address is used after an advertisement, and is there a probe five seconds on (STALE), or
 * not (REACHABLE)?
 */
static const struct {
	bool reachable; /* before */
	uint32_t flags;
	const char *mac; /* NULL: none is said */
	const char *used;
	bool then_reachable;
	bool to_group; /* and not valid with the S flag */
} table[] = {
	/* The same address. */
	{ true, 0, PEER_MAC, PEER_MAC, true, false },
	{ true, ND_O, PEER_MAC, PEER_MAC, true, false },
	{ true, ND_S, PEER_MAC, PEER_MAC, true, false },
	{ false, 0, PEER_MAC, PEER_MAC, false, false },
	{ false, ND_O, PEER_MAC, PEER_MAC, false, false },
	{ false, ND_S, PEER_MAC, PEER_MAC, true, false },
	{ false, ND_S | ND_O, PEER_MAC, PEER_MAC, true, false },
	/* Another one, without override. */
	{ true, 0, OTHER_MAC, PEER_MAC, false, false },
	{ true, ND_S, OTHER_MAC, PEER_MAC, false, false },
	{ false, 0, OTHER_MAC, PEER_MAC, false, false },
	{ false, ND_S, OTHER_MAC, PEER_MAC, false, false },
	/* Another one, with override. */
	{ true, ND_O, OTHER_MAC, OTHER_MAC, false, false },
	{ true, ND_S | ND_O, OTHER_MAC, OTHER_MAC, true, false },
	{ false, ND_O, OTHER_MAC, OTHER_MAC, false, false },
	{ false, ND_S | ND_O, OTHER_MAC, OTHER_MAC, true, false },
	/* None. */
	{ true, ND_O, NULL, PEER_MAC, true, false },
	{ false, ND_S, NULL, PEER_MAC, true, false },
	{ false, 0, NULL, PEER_MAC, false, false },
	/* To all nodes with the S flag: not valid. */
	{ true, ND_S | ND_O, OTHER_MAC, PEER_MAC, true, true },
	{ false, ND_S, PEER_MAC, PEER_MAC, false, true },
};

#define ROWS (sizeof(table) / sizeof(table[0]))

/* Row i is of a neighbour of its own, 2001:db8:2::9:i. */
static void row_put(size_t i, uint64_t at_ns)
{
	char addr[64];

	snprintf(addr, sizeof(addr), "2001:db8:2::9:%zx", i + 16);
	ip_known("right", 2 * MS, PEER_MAC, addr, RIGHT6);
	if (table[i].reachable) {
		ip_to(&in, RIGHT_MAC, PEER_MAC, addr, RIGHT6);
		ip_nd(&in, 136, ND_S | ND_O, addr, ND_TLLAO, PEER_MAC);
		ip_put("right", 3 * MS, &in);
	}
	ip_to(&in, table[i].to_group ? ALL_NODES_MAC : RIGHT_MAC, PEER_MAC, addr,
	      table[i].to_group ? ALL_NODES : RIGHT6);
	ip_nd(&in, 136, table[i].flags, addr, ND_TLLAO, table[i].mac);
	ip_put("right", 4 * MS, &in);
	ip_put_udp(at_ns, HOST6, addr);
}

static void table_check(size_t i)
{
	char addr[64];
	uint64_t at_ns;
	uint32_t len;

	snprintf(addr, sizeof(addr), "2001:db8:2::9:%zx", i + 16);
	begin_host();
	row_put(i, BEGIN);
	ip_option("--until=+5500ms");
	ip_play();
	ip_want_udp(table[i].used, HOST6, addr);
	SENT("right", BEGIN);
	/* What the answer to its own question made of the entry: DELAY, from 2 ms on; a row that
	 * makes it REACHABLE stops that. One that is STALE anew is asked five seconds after BEGIN.
	 */
	cr_assert_eq(ip_next("right", &len, &at_ns) == NULL, table[i].then_reachable, "row %zu", i);
}

TestSuite(ip_nd_override, .fini = ip_end);

#define ROW(i)                                                                                     \
	Test(ip_nd_override, row_##i)                                                              \
	{                                                                                          \
		table_check(i);                                                                    \
	}

ROW(0)
ROW(1)
ROW(2)
ROW(3)
ROW(4)
ROW(5)
ROW(6)
ROW(7)
ROW(8)
ROW(9)
ROW(10)
ROW(11)
ROW(12)
ROW(13)
ROW(14)
ROW(15)
ROW(16)
ROW(17)
ROW(18)
ROW(19)

Test(ip_nd_override, no_row_is_left_out)
{
	cr_assert_eq(ROWS, 20);
}
