/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Random numbers: other ones in each run, the same ones with the same seed, and spread evenly.
 */

#include <criterion/criterion.h>

#include <string.h>

#include "vnf_priv.h"

#define N 1000

static void draw(uint64_t name, uint64_t *numbers)
{
	struct vnf_random random;

	vnf_random_init(&random, name);
	for (unsigned int i = 0; i < N; i++)
		numbers[i] = vnf_random_next(&random);
}

Test(random, a_seed_gives_the_same_numbers_for_ever)
{
	uint64_t numbers[N];

	random_fix(1);
	draw(7, numbers);
	/* What BLAKE2b and ChaCha20 of any libsodium give: records of replays rely on it. */
	cr_assert_eq(numbers[0], 0xaea4599ee053a459, "%#llx", (unsigned long long)numbers[0]);
	cr_assert_eq(numbers[N - 1], 0xb1558a69719f90d6, "%#llx",
		     (unsigned long long)numbers[N - 1]);
}

Test(random, streams_are_independent)
{
	uint64_t a[N], b[N];
	struct vnf_random one, two;

	random_fix(1);
	draw(1, a);
	draw(2, b);
	cr_assert_neq(a[0], b[0]);
	/* Drawn in turns they are what they were. */
	vnf_random_init(&one, 1);
	vnf_random_init(&two, 2);
	for (unsigned int i = 0; i < N; i++) {
		cr_assert_eq(vnf_random_next(&one), a[i]);
		cr_assert_eq(vnf_random_next(&two), b[i]);
	}
}

Test(random, without_a_seed_each_program_draws_its_own)
{
	uint64_t ours[N], fixed[N];

	draw(1, ours);
	random_fix(1);
	draw(1, fixed);
	cr_assert_neq(memcmp(ours, fixed, sizeof(ours)), 0);
	cr_assert_neq(ours[0], 0);
}

Test(random, bounds_are_kept_and_filled_evenly)
{
	struct vnf_random random;
	unsigned int count[10] = { 0 };

	random_fix(3);
	vnf_random_init(&random, 1);
	for (unsigned int i = 0; i < 10000; i++) {
		uint32_t n = vnf_random_below(&random, 10);

		cr_assert_lt(n, 10);
		count[n]++;
	}
	for (unsigned int i = 0; i < 10; i++)
		cr_assert(count[i] > 850 && count[i] < 1150, "%u: %u", i, count[i]);
	cr_assert_eq(vnf_random_below(&random, 1), 0);
}

Test(random, seeds_of_tables_go_by_name)
{
	uint64_t sessions;

	random_fix(1);
	sessions = vnf_random_seed("sessions");
	cr_assert_eq(sessions, vnf_random_seed("sessions"));
	cr_assert_neq(sessions, vnf_random_seed("mappings"));
	random_fix(2);
	cr_assert_neq(sessions, vnf_random_seed("sessions"));
}
