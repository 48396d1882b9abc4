/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * How the IP node keeps track of its neighbours: the states of RFC 4861 section 7.3, each with its
 * time to the nanosecond; what is kept of them, and how many.
 */
#include "ip_support.h"

/* 0.5 to 1.5 of `reachable` = 4 s, as the seed of a replay has it. */
#define REACHABLE_NS (5288 * MS)

static void put_answer4(uint64_t at_ns)
{
	ip_arp(&in, RIGHT_MAC, PEER_MAC, 2, PEER4, RIGHT_MAC, RIGHT4);
	ip_put("right", at_ns, &in);
}

static void put_answer6(uint64_t at_ns)
{
	ip_to(&in, RIGHT_MAC, PEER_MAC, PEER6, RIGHT6);
	ip_nd(&in, 136, ND_S | ND_O, PEER6, ND_TLLAO, PEER_MAC);
	ip_put("right", at_ns, &in);
}

static void want_probe(bool v6)
{
	if (!v6) {
		ip_want_arp(PEER_MAC, RIGHT_MAC, RIGHT4, PEER4);
		return;
	}
	ip_to(&want, PEER_MAC, RIGHT_MAC, RIGHT6, PEER6);
	ip_nd(&want, 135, 0, PEER6, ND_SLLAO, RIGHT_MAC);
}

static void want_first_question(bool v6)
{
	if (!v6) {
		ip_want_arp(ALL_MAC, RIGHT_MAC, RIGHT4, PEER4);
		return;
	}
	ip_to(&want, GROUP_OF_9_MAC, RIGHT_MAC, RIGHT6, GROUP_OF_9);
	ip_nd(&want, 135, 0, PEER6, ND_SLLAO, RIGHT_MAC);
}

static void put_udp(bool v6, uint64_t at_ns)
{
	ip_put_udp(at_ns, v6 ? HOST6 : HOST4, v6 ? PEER6 : PEER4);
}

static void sent_udp(bool v6, uint64_t at_ns, int line)
{
	ip_want_udp(PEER_MAC, v6 ? HOST6 : HOST4, v6 ? PEER6 : PEER4);
	ip_sent_at("right", at_ns, line);
}

#define SENT_UDP(v6, at_ns) sent_udp(v6, at_ns, __LINE__)

/* ---- stale, delay, probe, gone ---- */

/* When the entry that peer_known() makes goes from STALE to DELAY: IPv6's by the answer. */
static uint64_t delay_begins(bool v6)
{
	return v6 ? 2 * MS : BEGIN;
}

static void peer_known(bool v6)
{
	ip_known("right", 2 * MS, PEER_MAC, v6 ? PEER6 : PEER4, v6 ? RIGHT6 : RIGHT4);
}

/* STALE is used at once; five seconds later three probes, each to the neighbour alone; a second
 * after the last it is gone, and what comes then is a new question.
 */
static void stale_to_gone(bool v6)
{
	uint64_t since = delay_begins(v6);

	ip_begin(IP_CONFIG(""));
	peer_known(v6);
	put_udp(v6, BEGIN);
	put_udp(v6, since + 6500 * MS);
	put_udp(v6, since + 8 * SECOND - 1);
	put_udp(v6, since + 8 * SECOND + 1);
	ip_play();
	SENT_UDP(v6, BEGIN);
	want_probe(v6);
	SENT("right", since + 5 * SECOND);
	want_probe(v6);
	SENT("right", since + 6 * SECOND);
	SENT_UDP(v6, since + 6500 * MS);
	want_probe(v6);
	SENT("right", since + 7 * SECOND);
	SENT_UDP(v6, since + 8 * SECOND - 1);
	want_first_question(v6);
	SENT("right", since + 8 * SECOND + 1);
	SENT_NO_MORE("right");
}

Test(ip_nud, stale_delay_probe_gone_ipv4, .fini = ip_end)
{
	stale_to_gone(false);
}

Test(ip_nud, stale_delay_probe_gone_ipv6, .fini = ip_end)
{
	stale_to_gone(true);
}

/* An answer to the second probe: there is no third, and the entry holds for half of 30 s. */
static void a_probe_is_answered(bool v6)
{
	uint64_t since = delay_begins(v6);

	ip_begin(IP_CONFIG(""));
	peer_known(v6);
	put_udp(v6, BEGIN);
	if (v6)
		put_answer6(since + 6100 * MS);
	else
		put_answer4(since + 6100 * MS);
	put_udp(v6, since + 20 * SECOND);
	ip_option("--until=+26s");
	ip_play();
	SENT_UDP(v6, BEGIN);
	want_probe(v6);
	SENT("right", since + 5 * SECOND);
	want_probe(v6);
	SENT("right", since + 6 * SECOND);
	SENT_UDP(v6, since + 20 * SECOND);
	SENT_NO_MORE("right");
}

Test(ip_nud, an_answered_probe_ipv4, .fini = ip_end)
{
	a_probe_is_answered(false);
}

Test(ip_nud, an_answered_probe_ipv6, .fini = ip_end)
{
	a_probe_is_answered(true);
}

/* Within five seconds it says that it is there: no probe. */
Test(ip_nud, an_answer_while_delayed, .fini = ip_end)
{
	ip_begin(IP_CONFIG(""));
	peer_known(false);
	put_udp(false, BEGIN);
	put_answer4(BEGIN + 5 * SECOND - 1);
	ip_option("--until=+10s");
	ip_play();
	SENT_UDP(false, BEGIN);
	SENT_NO_MORE("right");
}

/* RFC 4861 section 7.2.5: INCOMPLETE, and an advertisement that nobody asked for. What waits is
 * sent; as that uses a STALE entry, a probe follows.
 */
Test(ip_nud, an_unsolicited_answer_is_probed, .fini = ip_end)
{
	ip_begin(IP_CONFIG(""));
	ip_known("left", 2 * MS, HOST_MAC, HOST6, LEFT6);
	put_udp(true, BEGIN);
	ip_to(&in, ALL_NODES_MAC, PEER_MAC, PEER6, ALL_NODES);
	ip_nd(&in, 136, ND_O, PEER6, ND_TLLAO, PEER_MAC);
	ip_put("right", BEGIN + 9, &in);
	ip_option("--until=+5500ms");
	ip_play();
	want_first_question(true);
	SENT("right", BEGIN);
	SENT_UDP(true, BEGIN + 9);
	want_probe(true);
	SENT("right", BEGIN + 9 + 5 * SECOND);
	SENT_NO_MORE("right");
}

/* STALE by itself asks nothing: who is not talked to is left in peace. */
Test(ip_nud, stale_alone_is_not_asked, .fini = ip_end)
{
	ip_begin(IP_CONFIG(""));
	ip_known("right", 2 * MS, PEER_MAC, PEER4, RIGHT4);
	ip_option("--until=+60s");
	ip_play();
	SENT_NO_MORE("right");
}

/* ---- reachable ---- */

/* RFC 4861 section 6.3.2: between 0.5 and 1.5 of the base; found by a packet each 10 ms. The first
 * one that is not covered is followed by a probe.
 */
Test(ip_nud, reachable_is_within_its_bounds, .fini = ip_end)
{
	uint64_t at_ns = 0, time_ns;
	const uint8_t *f;
	uint32_t len;

	ip_begin(IP_CONFIG("reachable = \"4s\";"));
	ip_known("right", 2 * MS, PEER_MAC, PEER4, RIGHT4);
	put_answer4(BEGIN);
	for (uint64_t i = 1; i < 1000; i++)
		put_udp(false, BEGIN + i * 10 * MS);
	ip_option("--until=+20s");
	ip_play();
	while (at_ns == 0 && (f = ip_next("right", &len, &time_ns)) != NULL)
		if (f[12] == 0x08 && f[13] == 0x06)
			at_ns = time_ns;
	cr_assert_neq(at_ns, 0);
	at_ns -= BEGIN + 5 * SECOND;
	cr_assert(at_ns >= 2 * SECOND && at_ns <= 6 * SECOND + 10 * MS, "%zu ns", (size_t)at_ns);
}

/* With the replay's own seed. Two neighbours of the same age; one is sent something a nanosecond
 * before its end, the other a nanosecond after.
 */
Test(ip_nud, reachable_ends_to_the_nanosecond, .fini = ip_end)
{
	ip_begin(IP_CONFIG("reachable = \"4s\";"));
	for (int i = 0; i < 2; i++) {
		const char *addr = i ? PEER4 : "10.0.2.8";

		ip_known("right", 2 * MS, PEER_MAC, addr, RIGHT4);
		ip_arp(&in, RIGHT_MAC, PEER_MAC, 2, addr, RIGHT_MAC, RIGHT4);
		ip_put("right", BEGIN, &in);
	}
	ip_put_udp(BEGIN + REACHABLE_NS - 1, HOST4, "10.0.2.8");
	ip_put_udp(BEGIN + REACHABLE_NS + 1, HOST4, PEER4);
	ip_option("--until=+20s");
	ip_play();
	ip_want_udp(PEER_MAC, HOST4, "10.0.2.8");
	SENT("right", BEGIN + REACHABLE_NS - 1);
	SENT_UDP(false, BEGIN + REACHABLE_NS + 1);
	for (uint64_t i = 0; i < 3; i++) {
		want_probe(false);
		SENT("right", BEGIN + REACHABLE_NS + 1 + (5 + i) * SECOND);
	}
	SENT_NO_MORE("right");
}

/* ---- what is kept, and how much ---- */

Test(ip_nud, stale_is_forgotten_to_the_nanosecond, .fini = ip_end)
{
	ip_begin(IP_CONFIG("stale = \"60s\";"));
	ip_known("right", 2 * MS, PEER_MAC, "10.0.2.8", RIGHT4);
	ip_known("right", 2 * MS, PEER_MAC, PEER4, RIGHT4);
	ip_put_udp(60 * SECOND + 2 * MS - 1, HOST4, "10.0.2.8");
	ip_put_udp(60 * SECOND + 2 * MS + 1, HOST4, PEER4);
	ip_play();
	ip_want_udp(PEER_MAC, HOST4, "10.0.2.8");
	SENT("right", 60 * SECOND + 2 * MS - 1);
	want_first_question(false);
	SENT("right", 60 * SECOND + 2 * MS + 1);
	SENT_NO_MORE("right");
}

static const char *nth(uint32_t i)
{
	static char addr[32];

	snprintf(addr, sizeof(addr), "10.0.2.%u", 100 + i);
	return addr;
}

/* Of 16 entries a fourth may wait for an answer. */
Test(ip_nud, questions_have_a_fourth_of_the_table, .fini = ip_end)
{
	ip_begin(IP_CONFIG("neighbours = 16;"));
	for (uint32_t i = 0; i < 5; i++)
		ip_put_udp(BEGIN + i, HOST4, nth(i));
	for (uint32_t i = 0; i < 5; i++) {
		ip_arp(&in, RIGHT_MAC, PEER_MAC, 2, nth(i), RIGHT_MAC, RIGHT4);
		ip_put("right", BEGIN + 100 + i, &in);
	}
	ip_play();
	for (uint32_t i = 0; i < 5; i++) {
		ip_want_arp(ALL_MAC, RIGHT_MAC, RIGHT4, nth(i));
		SENT("right", BEGIN + i);
	}
	/* The oldest is forgotten, with its packet. */
	for (uint32_t i = 1; i < 5; i++) {
		ip_want_udp(PEER_MAC, HOST4, nth(i));
		SENT("right", BEGIN + 100 + i);
	}
	SENT_NO_MORE("right");
	DROPPED("left", "neighbour_table", 1);
}

Test(ip_nud, a_full_table_forgets_the_oldest_stale_one, .fini = ip_end)
{
	ip_begin(IP_CONFIG("neighbours = 16;"));
	/* Three of four entries are for those who were not asked. */
	for (uint32_t i = 0; i < 13; i++)
		ip_known("right", 2 * MS + i, PEER_MAC, nth(i), RIGHT4);
	for (uint32_t i = 1; i < 13; i++)
		ip_put_udp(BEGIN + i, HOST4, nth(i));
	ip_put_udp(BEGIN + 17, HOST4, nth(0));
	ip_play();
	for (uint32_t i = 1; i < 13; i++) {
		ip_want_udp(PEER_MAC, HOST4, nth(i));
		SENT("right", BEGIN + i);
	}
	ip_want_arp(ALL_MAC, RIGHT_MAC, RIGHT4, nth(0));
	SENT("right", BEGIN + 17);
	SENT_NO_MORE("right");
}

/* Who answers is not thrown out for somebody who may not be there, and who says without being asked
 * that he is there takes three of four entries at most.
 */
Test(ip_nud, a_table_of_reachable_ones_stays, .fini = ip_end)
{
	ip_begin(IP_CONFIG("neighbours = 16;"));
	for (uint32_t i = 0; i < 16; i++) {
		ip_known("right", 2 * MS + i, PEER_MAC, nth(i), RIGHT4);
		ip_arp(&in, RIGHT_MAC, PEER_MAC, 2, nth(i), RIGHT_MAC, RIGHT4);
		ip_put("right", 3 * MS + i, &in);
	}
	for (uint32_t i = 0; i < 5; i++)
		ip_put_udp(BEGIN + i, HOST4, nth(16 + i));
	ip_put_udp(BEGIN + 5, HOST4, nth(15));
	ip_play();
	/* The link has room for two of them: the others make room for each other. */
	DROPPED("left", "neighbour_table", 3);
	for (uint32_t i = 0; i < 5; i++) {
		ip_want_arp(ALL_MAC, RIGHT_MAC, RIGHT4, nth(16 + i));
		SENT("right", BEGIN + i);
	}
	ip_want_udp(PEER_MAC, HOST4, nth(15));
	SENT("right", BEGIN + 5);
	SENT_NO_MORE("right");
}

static const char *nth6(uint32_t i)
{
	static char addr[64];

	snprintf(addr, sizeof(addr), "2001:db8:2::%x", 0x100 + i);
	return addr;
}

/* The same of IPv6, where who asks is answered, and so is talked to. */
Test(ip_nud, solicitors_leave_room_for_those_we_ask, .fini = ip_end)
{
	ip_begin(IP_CONFIG("neighbours = 16;"));
	for (uint32_t i = 0; i < 20; i++)
		ip_known("right", 2 * MS + i, PEER_MAC, nth6(i), RIGHT6);
	put_udp(true, BEGIN);
	put_answer6(BEGIN + 1);
	for (uint32_t i = 0; i < 12; i++)
		ip_put_udp(BEGIN + 2 + i, HOST6, nth6(i));
	ip_play();
	want_first_question(true);
	SENT("right", BEGIN);
	SENT_UDP(true, BEGIN + 1);
	for (uint32_t i = 0; i < 12; i++) {
		ip_want_udp(PEER_MAC, HOST6, nth6(i));
		SENT("right", BEGIN + 2 + i);
	}
	SENT_NO_MORE("right");
}

/* One a second: the next after exactly a second. */
Test(ip_nud, questions_have_a_rate, .fini = ip_end)
{
	ip_begin(IP_CONFIG("solicitations = 1;"));
	ip_put_udp(BEGIN, HOST4, nth(0));
	ip_put_udp(BEGIN + 1, HOST4, nth(1));
	ip_put_udp(BEGIN + SECOND - 1, HOST4, nth(2));
	ip_put_udp(BEGIN + SECOND, HOST4, nth(3));
	ip_put_udp(BEGIN + 2 * SECOND - 1, HOST4, nth(4));
	ip_play();
	ip_want_arp(ALL_MAC, RIGHT_MAC, RIGHT4, nth(0));
	SENT("right", BEGIN);
	/* That it is asked again is no new neighbour. The timer's order at one time is its own. */
	ip_want_arp(ALL_MAC, RIGHT_MAC, RIGHT4, nth(0));
	SENT("right", BEGIN + SECOND);
	ip_want_arp(ALL_MAC, RIGHT_MAC, RIGHT4, nth(3));
	SENT("right", BEGIN + SECOND);
	SENT_NO_MORE("right");
	DROPPED("left", "neighbour_rate", 3);
}

/* 1,024 packets wait at most, of all neighbours together. */
Test(ip_nud, not_too_many_wait_in_all, .fini = ip_end)
{
	uint32_t n = 0;

	ip_begin(IP_CONFIG("solicitations = 100000;"));
	for (uint32_t i = 0; i < 140; i++)
		for (uint32_t k = 0; k < 8; k++)
			ip_put_udp(BEGIN + n++, HOST4, nth(i));
	ip_play();
	DROPPED("left", "neighbour_queue", 1120 - 1024);
}

/* However many one link has, an eighth is left for the others. */
Test(ip_nud, one_link_does_not_take_all, .fini = ip_end)
{
	ip_begin(IP_CONFIG("neighbours = 16; solicitations = 1000;"));
	for (uint32_t i = 0; i < 14; i++) {
		ip_put_udp(BEGIN + i * MS, HOST4, nth(i));
		ip_arp(&in, RIGHT_MAC, PEER_MAC, 2, nth(i), RIGHT_MAC, RIGHT4);
		ip_put("right", BEGIN + i * MS + 1, &in);
	}
	ip_put_udp(BEGIN + 20 * MS, HOST4, nth(14));
	ip_known("left", BEGIN + 21 * MS, HOST_MAC, HOST4, LEFT4);
	ip_to(&in, RIGHT_MAC, PEER_MAC, nth(0), "10.0.1.77");
	ip_udp(&in, 64);
	ip_put("right", BEGIN + 22 * MS, &in);
	ip_play();
	/* All of the right answer and stay; the left is asked. */
	DROPPED("left", "neighbour_table", 1);
	ip_arp(&want, HOST_MAC, LEFT_MAC, 2, LEFT4, HOST_MAC, HOST4);
	SENT("left", BEGIN + 21 * MS);
	ip_want_arp(ALL_MAC, LEFT_MAC, LEFT4, "10.0.1.77");
	SENT("left", BEGIN + 22 * MS);
}

/* All room is taken, and whoever is told that a neighbour is gone must be asked for first. */
Test(ip_nud, told_while_nobody_else_may_wait, .fini = ip_end)
{
	ip_begin(IP_CONFIG(""));
	for (uint32_t i = 0; i < 136 * 8; i++) {
		char src[32], dst[32];

		snprintf(src, sizeof(src), "10.0.1.%u", 20 + i % 200);
		snprintf(dst, sizeof(dst), "10.0.2.%u", 20 + i / 8);
		ip_put_udp(BEGIN + (i / 8) * MS, src, dst);
	}
	ip_option("--until=+8s");
	ip_play();
	cr_assert_gt(vnf_test_replay_counter(ip_run, "left", "neighbour"), 900);
}
