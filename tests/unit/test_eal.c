/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * A start of DPDK that fails is an error that is returned: the process goes on.
 */

#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vnf_priv.h"

static void start(const struct eal_input *in, bool good)
{
	char dir[] = "/tmp/vnf-unit-XXXXXX", command[64];

	cr_assert_not_null(mkdtemp(dir));
	setenv("RUNTIME_DIRECTORY", dir, 1);
	cr_expect_eq(eal_start(in) >= 0, good);
	if (good) {
		/* EAL has it now, and says so: once is all that a process has. */
		cr_expect_lt(eal_start(in), 0);
		cr_expect_eq(eal_check_shared(), 0, "memory without hugepages is one file");
	}
	eal_stop();
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	cr_expect_eq(system(command), 0); /* NOLINT(*-env33-c): a path of our own */
}

static void plan(struct cpu_plan *cpus, uint16_t worker)
{
	memset(cpus, 0, sizeof(*cpus));
	cpus->n_workers = 1;
	cpus->cpu[0] = worker;
	sched_getaffinity(0, sizeof(cpus->control), &cpus->control);
}

Test(eal, a_start_that_fails_ends_nothing)
{
	struct memory_plan memory = { .bytes = 32 << 20 };
	struct cpu_plan cpus;
	struct eal_input in = {
		.prefix = "vnf-unit-bad", .cpus = &cpus, .memory = &memory, .no_telemetry = true
	};

	plan(&cpus, CPU_SETSIZE - 1);
	start(&in, false);
}

Test(eal, a_second_start_ends_nothing)
{
	struct memory_plan memory = { .bytes = 32 << 20 };
	struct cpu_plan cpus;
	struct eal_input in = {
		.prefix = "vnf-unit-good", .cpus = &cpus, .memory = &memory, .no_telemetry = true
	};
	uint16_t first = 0;

	plan(&cpus, 0);
	while (!CPU_ISSET(first, &cpus.control))
		first++;
	cpus.cpu[0] = first;
	start(&in, true);
}
