/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Floods: who makes room at each budget, to the packet.
 */
#include "frag_support.h"

/* A datagram of 100 octets from the source of this number, and a part of it. */
static void from(uint32_t source, uint32_t id, uint32_t begin, uint32_t end)
{
	char src[64];

	if (v6)
		snprintf(src, sizeof(src), "2001:db8:%x:%x::1", source >> 16, source & UINT16_MAX);
	else
		snprintf(src, sizeof(src), "10.%u.%u.%u", source >> 16 & 255, source >> 8 & 255,
			 source & 255);
	ip_between(src, v6 ? "2001:db8:ffff:ffff::2" : "192.0.2.1");
	vnf_test_udp(&whole, 1000, (uint16_t)(id & 0x7fff));
	whole_end(92);
	part_send(id, begin, end);
}

#define FIRST 0, 64
#define LAST 64, 0

/* ---- a source ---- */

/* Its own oldest goes, that of another stays. */
static void source_flood(void)
{
	conf.per_source = 4;
	replay_start();
	from(1, 1, LAST);
	for (uint32_t i = 0; i < 10; i++)
		from(2, 100 + i, LAST);
	from(1, 1, FIRST);
	/* The last four of the flood are there, those before are not. */
	for (uint32_t i = 9; i >= 6; i--)
		from(2, 100 + i, FIRST);
	run();
	passed(2 + 4 * 2);
	cr_assert_eq(noted(1), 2);
	dropped("fragment_budget", 6);
	cr_assert_eq(most_datagrams, 5);
	cr_assert_eq(most_waiting, 5);
}

Test(frag_budget, a_source_of_ipv4_harms_itself_only)
{
	source_flood();
}

Test(frag_budget, a_source_of_ipv6_harms_itself_only)
{
	v6 = true;
	source_flood();
}

/* 64 bits of the address are free to choose for whoever has one. */
Test(frag_budget, a_source_of_ipv6_is_its_first_64_bits)
{
	char src[64];

	v6 = true;
	conf.per_source = 4;
	replay_start();
	for (uint32_t i = 0; i < 10; i++) {
		snprintf(src, sizeof(src), "2001:db8:1:2:%x::%x", i, i + 1);
		ip_between(src, "2001:db8::2");
		vnf_test_udp(&whole, 1000, 53);
		whole_end(92);
		part_send(1, LAST);
	}
	run();
	passed(0);
	dropped("fragment_budget", 6);
	dropped("stopping", 4);
}

Test(frag_budget, a_source_in_two_domains_is_two)
{
	conf.per_source = 4;
	replay_start();
	for (uint32_t i = 0; i < 8; i++) {
		vnf_test_eth(&whole, "02:00:00:00:00:02", "02:00:00:00:00:01");
		vnf_test_vlan(&whole, 0x8100, (uint16_t)(1 + i % 2));
		vnf_test_ipv4(&whole, "10.0.0.1", "10.0.0.2");
		vnf_test_udp(&whole, 1000, 53);
		whole_end(92);
		part_send(i, LAST);
	}
	run();
	dropped("fragment_budget", 0);
	dropped("stopping", 8);
}

/* It is the oldest that goes, though its first fragment has come and younger ones wait. */
Test(frag_budget, the_oldest_of_a_source_goes_whatever_its_state)
{
	conf.per_source = 2;
	replay_start();
	from(1, 1, FIRST);
	from(1, 2, LAST);
	from(1, 3, LAST);
	/* Its last fragment is now of a datagram of which nothing is known. */
	from(1, 1, LAST);
	run();
	passed(1);
	dropped("fragment_budget", 1);
	dropped("stopping", 2);
	cr_assert_eq(most_datagrams, 2);
}

/* ---- datagrams in total ---- */

/* Of many sources: those without a first fragment go before those with one. */
Test(frag_budget, a_full_table_loses_those_without_a_first_fragment)
{
	conf.datagrams = 8;
	replay_start();
	for (uint32_t i = 0; i < 4; i++)
		from(i, 1 + i, FIRST);
	for (uint32_t i = 100; i < 200; i++)
		from(i, i, LAST);
	for (uint32_t i = 0; i < 4; i++)
		from(i, 1 + i, LAST);
	/* The last four of the flood are still there. */
	for (uint32_t i = 196; i < 200; i++)
		from(i, i, FIRST);
	run();
	passed(8 + 8);
	dropped("fragment_budget", 96);
	cr_assert_eq(most_datagrams, 8);
}

/* A flood of first fragments: what has been known longest goes, and one that comes at once passes
 * all the same.
 */
Test(frag_budget, a_full_table_loses_what_was_known_longest)
{
	conf.datagrams = 8;
	replay_start();
	from(1, 1, FIRST);
	for (uint32_t i = 100; i < 200; i++) {
		from(i, i, FIRST);
		from(1, i, FIRST);
		from(1, i, LAST);
	}
	from(1, 1, LAST);
	run();
	passed(1 + 100 * 3);
	dropped("stopping", 1);
	dropped("fragment_budget", 0);
	cr_assert_eq(most_datagrams, 8);
	cr_assert_eq(noted(150), 3);
}

/* Dead ones are of no more use than those without a first fragment: the older goes. */
Test(frag_budget, a_full_table_loses_dead_ones_too)
{
	conf.datagrams = 4;
	replay_start();
	from(1, 1, FIRST);
	from(2, 2, LAST);
	sent_ns += MS;
	from(3, 3, FIRST);
	from(3, 3, FIRST);
	from(4, 4, FIRST);
	sent_ns += MS;
	from(5, 5, LAST); /* for 2 */
	from(6, 6, LAST); /* for 3 */
	from(1, 1, LAST);
	from(4, 4, LAST);
	from(5, 5, FIRST);
	from(6, 6, FIRST);
	run();
	passed(4 * 2 + 1);
	dropped("fragment_overlap", 1);
	dropped("fragment_budget", 1);
	cr_assert_eq(most_datagrams, 4);
}

/* A datagram that comes backwards outlives a flood of first fragments: a quarter is its kind's. */
Test(frag_budget, a_flood_of_first_fragments_leaves_those_that_wait)
{
	conf.datagrams = 8;
	replay_start();
	for (uint32_t i = 100; i < 120; i++)
		from(i, i, FIRST);
	from(1, 1, LAST);
	from(2, 2, LAST);
	for (uint32_t i = 120; i < 140; i++)
		from(i, i, FIRST);
	from(2, 2, FIRST);
	from(1, 1, FIRST);
	run();
	passed(40 + 4);
	dropped("fragment_budget", 0);
	cr_assert_eq(noted(1), 2);
	cr_assert_eq(most_datagrams, 8);
}

/* And a flood of others a quarter to those that begin with their first fragment. */
Test(frag_budget, a_flood_of_later_fragments_leaves_a_quarter_free)
{
	conf.datagrams = 8;
	replay_start();
	for (uint32_t i = 100; i < 200; i++)
		from(i, i, LAST);
	from(1, 1, FIRST);
	from(2, 2, FIRST);
	for (uint32_t i = 200; i < 300; i++)
		from(i, i, LAST);
	from(1, 1, LAST);
	from(2, 2, LAST);
	run();
	passed(4);
	dropped("fragment_budget", 200 - 6);
	dropped("stopping", 6);
	cr_assert_eq(most_datagrams, 8);
}

Test(frag_budget, later_fragments_alone_do_not_fill_the_table)
{
	conf.datagrams = 8;
	replay_start();
	for (uint32_t i = 100; i < 200; i++)
		from(i, i, LAST);
	run();
	dropped("fragment_budget", 100 - 6);
	cr_assert_eq(most_datagrams, 6);
}

/* The same of dead ones. */
Test(frag_budget, a_flood_of_dead_ones_does_not_fill_the_table)
{
	conf.datagrams = 8;
	replay_start();
	from(1, 1, FIRST);
	for (uint32_t i = 100; i < 200; i++) {
		from(i, i, FIRST);
		from(i, i, FIRST);
	}
	from(1, 1, LAST);
	run();
	passed(2 + 100);
	dropped("fragment_overlap", 100);
	cr_assert_eq(noted(1), 2);
}

/* ---- packets that wait ---- */

/* Those that have waited longest go; what else comes of their datagram is refused. */
Test(frag_budget, the_longest_waiting_make_room_for_others)
{
	conf.waiting = 8;
	replay_start();
	from(0, 1, FIRST);
	for (uint32_t i = 100; i < 120; i++)
		from(i, i, LAST);
	from(0, 1, LAST);
	for (uint32_t i = 100; i < 120; i++)
		from(i, i, FIRST);
	run();
	passed(2 + 8 * 2);
	/* 12 that waited, and their first fragments. */
	dropped("fragment_budget", 24);
	cr_assert_eq(most_waiting, 8);
}

/* It is itself the one that has waited longest. */
Test(frag_budget, the_longest_waiting_ends_by_what_it_wants_itself)
{
	conf.waiting = 3;
	replay_start();
	from(1, 1, LAST);
	from(1, 1, 48, 64);
	from(2, 2, LAST);
	from(1, 1, 32, 48);
	from(1, 1, 0, 32);
	from(2, 2, FIRST);
	run();
	passed(2);
	dropped("fragment_budget", 4);
	cr_assert_eq(most_waiting, 3);
}

/* Dropping what is about to be taken would take it from a datagram that does nothing wrong. */
Test(frag_budget, packets_of_a_known_datagram_make_no_room)
{
	releases = false;
	conf.waiting = 2;
	replay_start();
	from(1, 1, LAST);
	from(2, 2, LAST);
	from(1, 1, FIRST);
	from(2, 2, FIRST);
	/* 1 was complete, and went with what waited in it; 2 is, and does so now. */
	from(3, 3, LAST);
	from(3, 3, FIRST);
	run();
	passed(3);
	dropped("fragment_left", 2);
	dropped("stopping", 1);
	dropped("fragment_budget", 0);
}

Test(frag_budget, when_nobody_can_make_room_the_newcomer_ends)
{
	releases = false;
	conf.waiting = 2;
	replay_start();
	/* Not complete, for the middle is missing. */
	for (uint32_t i = 1; i <= 2; i++) {
		from(i, i, LAST);
		from(i, i, 0, 32);
	}
	from(3, 3, LAST);
	from(3, 3, FIRST);
	from(1, 1, 32, 64);
	run();
	passed(3);
	dropped("fragment_budget", 2);
	dropped("stopping", 2);
	dropped("fragment_left", 0);
}

/* One too many: the datagram is not to be had whole, and none of it passes. */
Test(frag_budget, a_datagram_has_so_many_waiting_at_most)
{
	conf.waiting_each = 3;
	replay_start();
	udp(53, 100);
	for (uint32_t at = 16; at < 48; at += 8)
		part_send(1, at, at + 8);
	part_send(1, 0, 16);
	part_send(1, 48, 0);
	udp(54, 100);
	for (uint32_t at = 40; at > 16; at -= 8)
		part_send(2, at, at + 8);
	part_send(2, 0, 24);
	part_send(2, 48, 0);
	run();
	passed(5);
	cr_assert_eq(noted(54), 5);
	dropped("fragment_budget", 6);
	cr_assert_eq(most_waiting, 3);
}

/* The defaults: 65,535 octets by an MTU of 1,500, backwards. */
Test(frag_budget, the_longest_datagram_may_come_backwards)
{
	uint32_t n = 0;

	replay_start();
	for (int32_t at = 65120; at >= 0; at -= 1480, n++) {
		ip_begin();
		vnf_test_ipv4_fragment(&whole, (uint32_t)at, at != 65120);
		if (at == 0)
			vnf_test_udp(&whole, 1000, 53);
		else
			vnf_test_next(&whole, IPPROTO_UDP);
		vnf_test_payload(&whole, at == 65120 ? 395 : at == 0 ? 1472 : 1480);
		cr_assert_eq(vnf_test_replay_packet(t, "lan", 0, &whole), 0, "%s", whole.failed);
	}
	run();
	passed(n);
	cr_assert_eq(noted(53), n);
	cr_assert_eq(most_waiting, n - 1);
}

/* One source, at the defaults, leaves room for others to wait. */
Test(frag_budget, a_source_cannot_use_up_the_default_budget)
{
	replay_start();
	from(1, 1, LAST);
	ip_between("10.0.0.66", "192.0.2.1");
	vnf_test_udp(&whole, 1000, 53);
	whole_end(8 * 100);
	for (uint32_t id = 0; id < 40; id++)
		for (uint32_t i = 1; i <= VNF_FRAG_WAITING_EACH; i++)
			part_send(id, 8 * i, 8 * (i + 1));
	from(1, 1, FIRST);
	run();
	passed(2);
	cr_assert_eq(most_waiting, VNF_FRAG_PER_SOURCE * VNF_FRAG_WAITING_EACH + 1);
	cr_assert_eq(most_datagrams, VNF_FRAG_PER_SOURCE + 1);
	dropped("fragment_budget", (40 - VNF_FRAG_PER_SOURCE) * VNF_FRAG_WAITING_EACH);
	dropped("stopping", VNF_FRAG_PER_SOURCE * VNF_FRAG_WAITING_EACH);
}
