/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The arguments that EAL gets, with and without hugepages, PCI and physical addresses.
 */

#include <criterion/criterion.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "vnf_priv.h"

static void check(const struct eal_input *in, const char *expected)
{
	struct eal_args args;
	char text[1024] = "";

	cr_assert_eq(eal_args_make(in, &args), 0);
	cr_assert_null(args.argv[args.argc]);
	for (int i = 1; i < args.argc; i++) {
		strcat(text, args.argv[i]);
		strcat(text, i + 1 < args.argc ? " " : "");
	}
	cr_expect_str_eq(text, expected, "%s", text);
	eal_args_free(&args);
	cr_expect_eq(args.argc, 0);
}

static struct cpu_plan two_cpus(void)
{
	struct cpu_plan plan = { .n_workers = 1, .cpu = { 1 } };

	CPU_SET(0, &plan.control);
	return plan;
}

Test(eal_args, without_hugepages)
{
	struct cpu_plan cpus = two_cpus();
	struct memory_plan memory = { .bytes = 38 << 20 };
	struct eal_input in = { .prefix = "vnfkit-a-1", .cpus = &cpus, .memory = &memory };

	check(&in,
	      "--lcores=0@(0),1@1 --main-lcore=0 --file-prefix=vnfkit-a-1 --no-huge --no-shconf "
	      "-m 38 --no-pci --iova-mode=va");
}

Test(eal_args, with_hugepages_on_node_2_one_file_and_a_limit)
{
	struct cpu_plan cpus = two_cpus();
	struct memory_plan memory = { .bytes = 64 << 20, .huge = true };
	struct eal_input in = { .prefix = "p", .cpus = &cpus, .memory = &memory, .numa_node = 2 };

	check(&in, "--lcores=0@(0),1@1 --main-lcore=0 --file-prefix=p --in-memory "
		   "--single-file-segments --socket-mem=0,0,64 --socket-limit=0,0,64 --no-pci "
		   "--iova-mode=va");
}

Test(eal_args, pci_is_open_for_no_device)
{
	struct cpu_plan cpus = two_cpus();
	struct memory_plan memory = { .bytes = 2 << 20 };
	struct eal_input in = {
		.prefix = "p", .cpus = &cpus, .memory = &memory, .pci = true, .iova_pa = true
	};

	check(&in, "--lcores=0@(0),1@1 --main-lcore=0 --file-prefix=p --no-huge --no-shconf -m 2 "
		   "--allow=ffff:ff:1f.7 --iova-mode=pa");
}
