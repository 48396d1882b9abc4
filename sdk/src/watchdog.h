/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The control thread watches whether workers' passes come to an end.
 */
#ifndef WATCHDOG_H
#define WATCHDOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a worker does that is not its own code: written by it, relaxed. A burst is told by worker.c,
 * which knows of it anyway.
 */
enum doing {
	DOING_PASS,
	DOING_BURST,
	DOING_TICK,
	DOING_TIMEOUT,
	DOING_SLEEP,
};

/* The control thread's notes on one worker; numbers are read by any thread. */
struct watch {
	uint64_t pass_ns; /* the pass that takes its time: when it began */
	uint64_t seen_ns; /* how long it had taken when last looked at */
	uint64_t cpu_ns;  /* what its thread had run when first looked at */
	bool slow;
	uint64_t slow_callbacks;
	uint64_t longest_ns;
};

struct vnf;

/* Every 10 ms. Control thread. */
void watchdog_poll(struct vnf *vnf, uint64_t now_ns);
/* Check of the key `watchdog`. */
int check_watchdog(const void *field, char *why, size_t why_size);

#endif
