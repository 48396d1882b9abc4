/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Busy share and cycles a packet, from two looks at a worker's counters.
 */

#include <criterion/criterion.h>

#include "usage.h"

#define GHZ2 UINT64_C(2000000000)

static const struct usage_mark start = { .at_ns = 500, .busy_ns = 100, .packets = 10 };
static struct usage u;

static struct usage_mark later(uint64_t ns, uint64_t busy_ns, uint64_t packets)
{
	return (struct usage_mark){ start.at_ns + ns, start.busy_ns + busy_ns,
				    start.packets + packets };
}

Test(usage, share_and_cycles)
{
	struct usage_mark end = later(1000000000, 250000000, 5000000);

	usage_between(&start, &end, GHZ2, &u);
	cr_assert_eq(u.packets, 5000000);
	cr_assert_eq(u.busy_permille, 250);
	cr_assert_eq(u.cycles_per_packet, 100);
}

Test(usage, nothing_happened)
{
	usage_between(&start, &start, GHZ2, &u);
	cr_assert_eq(u.packets, 0);
	cr_assert_eq(u.busy_permille, 0);
	cr_assert_eq(u.cycles_per_packet, 0);
}

/* A long pass is counted when it ends: in the second in which it does. */
Test(usage, no_more_than_all)
{
	struct usage_mark end = later(1000, 5000, 1);

	usage_between(&start, &end, GHZ2, &u);
	cr_assert_eq(u.busy_permille, 1000);
}

Test(usage, a_year)
{
	struct usage_mark end =
		later(UINT64_C(31536000000000000), UINT64_C(31536000000000000), UINT64_C(1) << 48);

	usage_between(&start, &end, GHZ2, &u);
	cr_assert_eq(u.busy_permille, 1000);
	cr_assert_eq(u.cycles_per_packet, 224);
}
