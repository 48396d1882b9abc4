/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * How long an idle worker sleeps: a quarter of the time for which nothing has come, within limits.
 * So a pause between two packets is made longer by a quarter at most, and a worker with something
 * to do every 100 us never sleeps at all.
 *
 * The longest sleep of `balanced` is what rings bear when a load begins at once: in 250 us there
 * come 1,000 packets at 4 Mpps, which a ring of 1,024 holds (ours towards vhost-user), and one of
 * 256 (a guest's default) at 1 Mpps; a ring between workers holds twice the former. Three sleeping
 * workers in a row, as on the way through a switch, a VNF and the switch again, still are below a
 * millisecond. It is not shorter because each sleep costs up to 10 us of CPU time.
 *
 * `power` saves the rest of that, and what matters more, lets the CPU go into deeper sleep; the
 * first packets after a pause then come late, and a load that begins at once loses some.
 */

#include "idle.h"

#include <rte_common.h>

#define US 1000ULL
#define EMPTY_SHARE 4 /* of the time for which nothing came */

const struct idle_limits idle_limits[] = {
	[LATENCY_LOW] = { .spin_ns = UINT64_MAX },
	[LATENCY_BALANCED] = { 50 * US, 100 * US, 10 * US, 250 * US },
	[LATENCY_POWER] = { 20 * US, 40 * US, 10 * US, 2000 * US },
};

uint64_t idle_next(const struct idle_limits *limits, uint64_t empty_ns, uint64_t due_ns)
{
	uint64_t sleep_ns;

	if (empty_ns < limits->spin_ns)
		return IDLE_SPIN;
	if (empty_ns < limits->pause_ns || due_ns < limits->least_ns)
		return IDLE_PAUSE;
	sleep_ns = RTE_MAX(empty_ns / EMPTY_SHARE, limits->least_ns);
	return RTE_MIN(RTE_MIN(sleep_ns, limits->most_ns), due_ns);
}
