/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Which slot should move where: advice that is followed until there is none must come to an end,
 * make loads even as far as slots allow it, and leave what is even enough as it is.
 */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "steer_priv.h"

#define SLOTS 64
/* More advice than any load of so many slots takes. */
#define ADVICE_MAX 1000

static uint64_t load[SLOTS];
static uint16_t owner[SLOTS];
static struct steer_advice advice;

/* As at the start of a program. */
static void owners_set(uint16_t n_workers)
{
	for (uint32_t s = 0; s < SLOTS; s++)
		owner[s] = (uint16_t)(s * n_workers / SLOTS);
}

static bool advise(uint16_t n_workers)
{
	return steer_balance(load, owner, SLOTS, n_workers, &advice);
}

static uint64_t load_of(uint16_t worker)
{
	uint64_t sum = 0;

	for (uint32_t s = 0; s < SLOTS; s++)
		sum += owner[s] == worker ? load[s] : 0;
	return sum;
}

static uint64_t most(uint16_t n_workers)
{
	uint64_t found = 0;

	for (uint16_t w = 0; w < n_workers; w++)
		found = load_of(w) > found ? load_of(w) : found;
	return found;
}

static uint64_t all_loads(uint16_t n_workers)
{
	uint64_t sum = 0;

	for (uint16_t w = 0; w < n_workers; w++)
		sum += load_of(w);
	return sum;
}

/* More than the mean by more than a quarter. */
static bool is_uneven(uint16_t n_workers)
{
	return most(n_workers) * n_workers * 4 > all_loads(n_workers) * 5;
}

/* Advice makes sense: a slot with something to do leaves the busiest, for the one with least, who
 * then has less than the busiest had.
 */
static void follow(uint16_t n_workers)
{
	uint64_t before = most(n_workers);
	uint16_t from;

	cr_assert_lt(advice.slot, SLOTS);
	cr_assert_lt(advice.to, n_workers);
	from = owner[advice.slot];
	cr_assert_eq(load_of(from), before);
	cr_assert_neq(from, advice.to);
	cr_assert_gt(load[advice.slot], 0);
	for (uint16_t w = 0; w < n_workers; w++)
		cr_assert_leq(load_of(advice.to), load_of(w));
	owner[advice.slot] = advice.to;
	cr_assert_lt(load_of(advice.to), before);
}

/* Returns how many moves it took. */
static uint32_t settle(uint16_t n_workers)
{
	uint32_t n = 0;

	while (advise(n_workers)) {
		cr_assert(is_uneven(n_workers), "moved without need");
		cr_assert_lt(n, ADVICE_MAX, "no end");
		follow(n_workers);
		n++;
	}
	return n;
}

Test(steer_balance, even_loads_stay)
{
	for (uint16_t n = 1; n <= 8; n++) {
		owners_set(n);
		for (uint32_t s = 0; s < SLOTS; s++)
			load[s] = 1000;
		cr_assert_not(advise(n), "%u workers", n);
	}
}

Test(steer_balance, a_quarter_more_than_the_mean_is_even_enough)
{
	memset(load, 0, sizeof(load));
	owners_set(2);
	/* A mean of 10,000. */
	load[0] = 2500;
	load[1] = 10000;
	load[63] = 7500;
	cr_assert_not(advise(2));
	load[0]++;
	load[63]--;
	cr_assert(advise(2));
	cr_assert_eq(advice.slot, 0);
	cr_assert_eq(advice.to, 1);
}

Test(steer_balance, little_load_is_left_alone)
{
	memset(load, 0, sizeof(load));
	owners_set(2);
	load[0] = 5000;
	load[1] = 4999;
	cr_assert_not(advise(2));
	load[1]++;
	cr_assert(advise(2));
	memset(load, 0, sizeof(load));
	cr_assert_not(advise(2));
}

Test(steer_balance, one_worker_has_nobody_to_give_to)
{
	owners_set(1);
	for (uint32_t s = 0; s < SLOTS; s++)
		load[s] = s * 100000;
	cr_assert_not(advise(1));
}

Test(steer_balance, one_heavy_slot_stays_and_the_others_leave_it)
{
	owners_set(2);
	for (uint32_t s = 0; s < SLOTS; s++)
		load[s] = 100;
	load[5] = 1000000;
	settle(2);
	cr_assert_eq(owner[5], 0);
	cr_assert_eq(load_of(0), load[5], "others are still beside it");
	cr_assert_not(advise(2));
}

Test(steer_balance, one_slot_that_is_all_there_is)
{
	memset(load, 0, sizeof(load));
	owners_set(4);
	load[63] = 1000000;
	cr_assert_not(advise(4));
}

Test(steer_balance, two_heavy_slots_part)
{
	memset(load, 0, sizeof(load));
	owners_set(4);
	load[0] = load[1] = 50000;
	cr_assert_eq(settle(4), 1);
	cr_assert_neq(owner[0], owner[1]);
}

Test(steer_balance, large_numbers)
{
	owners_set(2);
	for (uint32_t s = 0; s < SLOTS; s++)
		load[s] = s < 32 ? UINT64_C(1) << 40 : 0;
	settle(2);
	cr_assert_eq(load_of(0), UINT64_C(20) << 40);
	cr_assert_eq(load_of(1), UINT64_C(12) << 40);
}

/* Of four kinds: all alike, few heavy ones, very different ones, many idle. */
static uint64_t random_load(unsigned int kind)
{
	uint64_t r = (uint64_t)random();

	switch (kind) {
	case 0:
		return 500 + r % 1000;
	case 1:
		return r % 10 == 0 ? 20000 + r % 50000 : r % 100;
	case 2:
		return UINT64_C(1) << r % 20;
	default:
		return r % 4 == 0 ? r % 5000 : 0;
	}
}

/* It may be uneven at the end only because of single slots that are too heavy. */
static void is_as_even_as_can_be(uint16_t n_workers)
{
	uint16_t busiest = 0, least = 0;
	uint64_t difference;

	if (all_loads(n_workers) < 10000 || !is_uneven(n_workers))
		return;
	for (uint16_t w = 0; w < n_workers; w++) {
		busiest = load_of(w) > load_of(busiest) ? w : busiest;
		least = load_of(w) < load_of(least) ? w : least;
	}
	difference = load_of(busiest) - load_of(least);
	for (uint32_t s = 0; s < SLOTS; s++)
		if (owner[s] == busiest && load[s] > 0)
			cr_assert_geq(load[s], difference, "slot %u could go to worker %u", s,
				      least);
}

Test(steer_balance, random_loads_come_to_rest)
{
	uint32_t longest = 0;

	srandom(1);
	for (uint32_t round = 0; round < 4000; round++) {
		uint16_t n_workers = (uint16_t)(2 + round % 7);
		uint32_t moves;

		for (uint32_t s = 0; s < SLOTS; s++) {
			load[s] = random_load(round % 4);
			owner[s] = (uint16_t)(random() % n_workers);
		}
		moves = settle(n_workers);
		longest = moves > longest ? moves : longest;
		is_as_even_as_can_be(n_workers);
	}
	cr_assert_leq(longest, SLOTS, "%u moves", longest);
}

/* Loads as they are in life, a little different each second: what is even stays where it is. */
Test(steer_balance, noise_moves_nothing)
{
	uint64_t base[SLOTS];

	srandom(2);
	owners_set(4);
	for (uint32_t s = 0; s < SLOTS; s++)
		base[s] = 4500 + (uint64_t)random() % 1000;
	for (uint32_t second = 0; second < 1000; second++) {
		for (uint32_t s = 0; s < SLOTS; s++)
			load[s] = base[s] * (95 + (uint64_t)random() % 11) / 100;
		cr_assert_not(advise(4), "second %u", second);
	}
}

/* In per cent of the mean; what the metric shows. */
Test(steer_balance, imbalance)
{
	const uint64_t none[4] = { 0 }, even[4] = { 5, 5, 5, 5 }, one[4] = { 0, 9, 0, 0 },
		       uneven[4] = { 10, 20, 5, 5 };
	const uint16_t owner_of[4] = { 0, 0, 1, 1 };

	cr_expect_eq(steer_imbalance(none, owner_of, 4, 2), 0);
	cr_expect_eq(steer_imbalance(even, owner_of, 4, 2), 100);
	cr_expect_eq(steer_imbalance(one, owner_of, 4, 2), 200);
	cr_expect_eq(steer_imbalance(uneven, owner_of, 4, 2), 150);
}
