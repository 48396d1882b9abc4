/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * What a worker does after a pass that found nothing: look again, pause, or sleep, and how long.
 * Arithmetic only; sleep.c does it.
 */
#ifndef IDLE_H
#define IDLE_H

#include <stdint.h>

/* The key `latency`. */
enum latency {
	LATENCY_LOW,
	LATENCY_BALANCED,
	LATENCY_POWER,
};

/* Besides a number of nanoseconds to sleep, which is greater. */
#define IDLE_SPIN 0
#define IDLE_PAUSE 1

struct idle_limits {
	uint64_t spin_ns;  /* so long after the last packet it looks again at once */
	uint64_t pause_ns; /* and so long with pauses between */
	uint64_t least_ns; /* shorter sleeps are none: falling asleep and waking cost as much */
	uint64_t most_ns;
};

extern const struct idle_limits idle_limits[]; /* by enum latency */

/* IDLE_SPIN, IDLE_PAUSE, or nanoseconds to sleep. `empty_ns`: since the last packet; `due_ns`:
 * until there will be something to do, UINT64_MAX if never.
 */
uint64_t idle_next(const struct idle_limits *limits, uint64_t empty_ns, uint64_t due_ns);

#endif
