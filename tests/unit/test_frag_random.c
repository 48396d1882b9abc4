/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Thousands of datagrams in random fragments, in random order, many on their way at a time, some
 * with fragments that do not belong there. Of each, what came out is written into an array with a
 * place for every eight octets: honest ones come out whole, and of none an octet twice.
 */
#include "frag_support.h"

#include <stdlib.h>

#include <vnf/random.h>

#include "vnf_priv.h"

#define DATAGRAMS 12000
#define UNIT 8
#define UNITS_MAX 40
#define AT_A_TIME 12
#define SOURCE_AT 26 /* of IPv4; of IPv6 the third and fourth of its eight groups */
#define NUMBER_MASK 0xffffffu

struct one {
	uint32_t octets;
	uint32_t n; /* parts that are not sent yet */
	uint16_t begin[UNITS_MAX + 1];
	uint16_t end[UNITS_MAX + 1];
	bool v6;
	bool honest;
};

static struct one all[DATAGRAMS];
static uint8_t came_out[DATAGRAMS][UNITS_MAX];
static uint32_t parts_of[DATAGRAMS]; /* that came out */
static struct vnf_random rnd;

static uint32_t below(uint32_t n)
{
	return vnf_random_below(&rnd, n);
}

/* ---- what is sent ---- */

/* Of those that are not honest the last part stays away, so that they are never complete, and what
 * comes late is of no new datagram.
 */
static void one_make(struct one *o)
{
	uint32_t step = 1 + below(8);

	o->octets = UNIT + 1 + below(UNIT * (UNITS_MAX - 1));
	o->v6 = below(2) != 0;
	o->honest = below(4) != 0;
	for (uint32_t at = 0; at < o->octets; o->n++) {
		uint32_t end = at + UNIT * (1 + below(step));

		/* Whole, it would be no fragment. */
		end = at == 0 ? RTE_MIN(end, (o->octets - 1) / UNIT * UNIT)
			      : RTE_MIN(end, o->octets);
		o->begin[o->n] = (uint16_t)at;
		o->end[o->n] = (uint16_t)end;
		at = end;
	}
	o->n -= !o->honest;
}

static uint16_t port_of(uint32_t number)
{
	return (uint16_t)(1 + number % 60000);
}

static void piece_send(uint32_t number, uint32_t begin, uint32_t end)
{
	const struct one *o = &all[number];
	char src[64];

	if (o->v6)
		snprintf(src, sizeof(src), "2001:db8:%x:%x::1", number >> 16, number & UINT16_MAX);
	else
		snprintf(src, sizeof(src), "10.%u.%u.%u", number >> 16, number >> 8 & 255,
			 number & 255);
	ip_between(src, o->v6 ? "2001:db8::2" : "192.0.2.1");
	vnf_test_udp(&whole, 1000, port_of(number));
	whole_end(o->octets - 8);
	part_send(number, begin, end < o->octets ? end : 0);
}

/* One that was sent, or anything. */
static void odd_send(uint32_t number)
{
	uint32_t units = (all[number].octets - 1) / UNIT, at = below(units);

	if (below(2) == 0)
		piece_send(number, at * UNIT, (at + 1 + below(units - at)) * UNIT);
	else
		piece_send(number, at * UNIT, (at + 1) * UNIT);
}

/* A part that was not sent yet, any. */
static bool part_pick_and_send(uint32_t number)
{
	struct one *o = &all[number];
	uint32_t i;

	if (o->n == 0)
		return false;
	i = below(o->n);
	piece_send(number, o->begin[i], o->end[i]);
	o->n--;
	o->begin[i] = o->begin[o->n];
	o->end[i] = o->end[o->n];
	if (!o->honest && below(4) == 0)
		odd_send(number);
	return true;
}

static void all_send(void)
{
	uint32_t open[AT_A_TIME], next = 0, n_open = 0;

	while (next < DATAGRAMS || n_open > 0) {
		uint32_t i;

		while (n_open < AT_A_TIME && next < DATAGRAMS) {
			one_make(&all[next]);
			open[n_open++] = next++;
			sent_ns += MS;
		}
		i = below(n_open);
		if (!part_pick_and_send(open[i]))
			open[i] = open[--n_open];
	}
}

/* ---- what came out ---- */

static uint32_t be(const uint8_t *at, uint32_t n)
{
	uint32_t value = 0;

	while (n-- > 0)
		value = value << 8 | *at++;
	return value;
}

static void frame_note(const uint8_t *frame)
{
	bool six = frame[14] >> 4 == 6;
	uint32_t number = be(frame + SOURCE_AT, 4) & NUMBER_MASK;
	uint32_t at = six ? be(frame + 56, 2) & 0xfff8u : (be(frame + 20, 2) & 0x1fffu) * UNIT;
	uint32_t octets = six ? be(frame + 18, 2) - 8 : be(frame + 16, 2) - 20;

	cr_assert_lt(number, DATAGRAMS);
	cr_assert_eq(be(frame + NOTE_AT, 2), port_of(number));
	parts_of[number]++;
	for (uint32_t unit = at / UNIT; unit * UNIT < at + octets; unit++)
		came_out[number][unit]++;
}

static void one_check(uint32_t number)
{
	const struct one *o = &all[number];

	for (uint32_t unit = 0; unit < UNITS_MAX; unit++) {
		cr_assert_leq(came_out[number][unit], 1, "%u: unit %u twice", number, unit);
		if (o->honest)
			cr_assert_eq(came_out[number][unit], unit * UNIT < o->octets,
				     "%u: unit %u of %u octets", number, unit, o->octets);
	}
	/* None without the first one, whose ports are known. */
	cr_assert(parts_of[number] == 0 || came_out[number][0] == 1, "%u", number);
}

static void random_datagrams(bool duplicates)
{
	const uint8_t *frame;

	conf.ipv4_overlap = duplicates ? VNF_FRAG_OVERLAP_DUPLICATES : VNF_FRAG_OVERLAP_DROP;
	random_fix(duplicates ? 11 : 12);
	vnf_random_init(&rnd, 1);
	replay_start();
	all_send();
	run();
	for (size_t i = 0; (frame = vnf_test_replay_frame(t, "wan", i, NULL, NULL)); i++)
		frame_note(frame);
	for (uint32_t i = 0; i < DATAGRAMS; i++)
		one_check(i);
	/* Nothing was lost for want of room. */
	dropped("fragment_budget", 0);
	cr_assert_gt(vnf_test_replay_counter(t, "lan", "fragment_overlap"), DATAGRAMS / 20);
	if (duplicates)
		cr_assert_gt(vnf_test_replay_counter(t, "lan", "fragment_duplicate"), 100);
}

Test(frag_random, no_octet_comes_out_twice)
{
	random_datagrams(false);
}

Test(frag_random, no_octet_comes_out_twice_where_duplicates_may_be)
{
	random_datagrams(true);
}
