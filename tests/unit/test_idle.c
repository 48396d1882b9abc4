/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * What a worker does when nothing comes: from empty time to action, for each mode.
 */

#include <criterion/criterion.h>

#include "idle.h"

#define US UINT64_C(1000)
#define NEVER UINT64_MAX

static const struct idle_limits *const balanced = &idle_limits[LATENCY_BALANCED];
static const struct idle_limits *const power = &idle_limits[LATENCY_POWER];

Test(idle, low_never_rests)
{
	const struct idle_limits *low = &idle_limits[LATENCY_LOW];

	cr_assert_eq(idle_next(low, 0, NEVER), IDLE_SPIN);
	cr_assert_eq(idle_next(low, 3600000000ULL * US, NEVER), IDLE_SPIN);
}

Test(idle, spins_then_pauses_then_sleeps)
{
	cr_assert_eq(idle_next(balanced, 0, NEVER), IDLE_SPIN);
	cr_assert_eq(idle_next(balanced, balanced->spin_ns - 1, NEVER), IDLE_SPIN);
	cr_assert_eq(idle_next(balanced, balanced->spin_ns, NEVER), IDLE_PAUSE);
	cr_assert_eq(idle_next(balanced, balanced->pause_ns - 1, NEVER), IDLE_PAUSE);
	cr_assert_gt(idle_next(balanced, balanced->pause_ns, NEVER), IDLE_PAUSE);
}

/* Nobody waits longer than a quarter of the time for which nothing came. */
Test(idle, sleeps_grow_with_the_gap)
{
	cr_assert_eq(idle_next(balanced, 100 * US, NEVER), 25 * US);
	cr_assert_eq(idle_next(balanced, 400 * US, NEVER), 100 * US);
	cr_assert_eq(idle_next(balanced, 800 * US, NEVER), 200 * US);
	cr_assert_eq(idle_next(balanced, 1200 * US, NEVER), 250 * US);
	cr_assert_eq(idle_next(power, 40 * US, NEVER), 10 * US);
	cr_assert_eq(idle_next(power, 4000 * US, NEVER), 1000 * US);
}

Test(idle, sleeps_have_an_end)
{
	cr_assert_eq(idle_next(balanced, NEVER, NEVER), balanced->most_ns);
	cr_assert_eq(idle_next(power, NEVER, NEVER), power->most_ns);
	cr_assert_leq(balanced->most_ns, 256 * US, "a ring of 1,024 bears 4 Mpps for so long");
	cr_assert_lt(power->most_ns, 1000000 * US, "it is given as tv_nsec");
}

Test(idle, wakes_for_what_is_due)
{
	cr_assert_eq(idle_next(balanced, 1000 * US, 70 * US), 70 * US);
	cr_assert_eq(idle_next(balanced, 1000 * US, balanced->least_ns), balanced->least_ns);
	cr_assert_eq(idle_next(balanced, 1000 * US, balanced->least_ns - 1), IDLE_PAUSE);
	cr_assert_eq(idle_next(balanced, 1000 * US, 0), IDLE_PAUSE);
}

/* A mode that is added is held to the same. */
Test(idle, limits_are_in_order)
{
	for (int mode = LATENCY_BALANCED; mode <= LATENCY_POWER; mode++) {
		const struct idle_limits *l = &idle_limits[mode];

		cr_assert_leq(l->spin_ns, l->pause_ns);
		cr_assert_lt(IDLE_PAUSE, l->least_ns);
		cr_assert_leq(l->least_ns, l->most_ns);
	}
}
