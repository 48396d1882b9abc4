/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * A start of DPDK that fails is an error that is returned: the process goes on. And what becomes of
 * memory on hugepages: too many files of it are noticed, and it does not grow. Those two need
 * hugepages, and the right to reserve some.
 */

#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_malloc.h>

#include "eal_support.h"

#define HUGE_BYTES (32ull << 20)

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

static struct hugepages_pool huge;

/* Criterion runs tests side by side, and the kernel's number is read and written: one at a time. */
static void huge_take(void)
{
	int lock = open("/sys/kernel/mm/hugepages", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char why[WHY_MAX];

	if (lock < 0 || flock(lock, LOCK_EX) < 0)
		cr_skip_test("this kernel has no hugepages");
	if (hugepages_find("/sys", "/proc/meminfo", 0, &huge) < 0 || huge.page_bytes > 2 << 20 ||
	    !hugepages_may_reserve(&huge) ||
	    hugepages_reserve(&huge, HUGE_BYTES, why, sizeof(why)) < 0)
		cr_skip_test("no hugepages of 2 MiB can be reserved");
}

static void huge_give_back(void)
{
	hugepages_release(&huge);
}

/* 32 MiB in 16 files: vhost-user passes 8, and a device would start, be up and receive nothing. */
Test(eal, memory_in_too_many_files_is_refused, .init = huge_take, .fini = huge_give_back)
{
	static char args[][24] = { "test",     "--in-memory",    "--socket-mem=32",
				   "--no-pci", "--no-telemetry", "--log-level=4" };
	char lcores[1024] = "--lcores=";
	char *argv[RTE_DIM(args) + 2] = { NULL };
	int argc = 0;

	for (size_t i = 0; i < RTE_DIM(args); i++)
		argv[argc++] = args[i];
	eal_support_lcores(lcores + strlen(lcores), sizeof(lcores) - strlen(lcores));
	argv[argc++] = lcores;
	cr_assert_geq(rte_eal_init(argc, argv), 0);
	cr_expect_eq(eal_check_shared(), -E2BIG);
	rte_eal_cleanup();
}

/* A heap that grew would stop the queues of virtio-user, for good if the peer cannot map it. */
Test(eal, memory_does_not_grow, .init = huge_take, .fini = huge_give_back)
{
	struct memory_plan memory = { .bytes = HUGE_BYTES, .huge = true };
	struct cpu_plan cpus;
	struct eal_input in = {
		.prefix = "vnf-unit-huge", .cpus = &cpus, .memory = &memory, .no_telemetry = true
	};
	void *block;

	plan(&cpus, 0);
	while (!CPU_ISSET(cpus.cpu[0], &cpus.control))
		cpus.cpu[0]++;
	cr_assert_geq(eal_start(&in), 0);
	cr_expect_eq(eal_check_shared(), 0);
	block = rte_malloc(NULL, 16 << 20, 0);
	cr_expect_not_null(block);
	cr_expect_null(rte_malloc(NULL, 48 << 20, 0));
	rte_free(block);
	eal_stop();
}
