/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Reserving hugepages and giving them back, against files in place of the kernel's.
 */

#include <criterion/criterion.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vnf_priv.h"

static char top[] = "/tmp/vnf-huge-XXXXXX";
static char meminfo[64];

static void sh(const char *command)
{
	char line[512];

	snprintf(line, sizeof(line), "cd %s && %s", top, command);
	cr_assert_eq(system(line), 0, "%s", line);
}

static void machine_make(void)
{
	cr_assert_not_null(mkdtemp(top));
	snprintf(meminfo, sizeof(meminfo), "%s/meminfo", top);
	sh("printf 'MemTotal: 1000 kB\\nHugepagesize:       2048 kB\\n' > meminfo");
	sh("mkdir -p kernel/mm/hugepages/hugepages-2048kB"
	   " devices/system/node/node1/hugepages/hugepages-2048kB");
	sh("echo 3 > kernel/mm/hugepages/hugepages-2048kB/nr_hugepages");
	sh("echo 5 > devices/system/node/node1/hugepages/hugepages-2048kB/nr_hugepages");
}

static void machine_remove(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -r %s", top);
	cr_assert_eq(system(command), 0);
}

TestSuite(hugepages, .init = machine_make, .fini = machine_remove);

Test(hugepages, reserved_beside_those_of_others_and_given_back)
{
	struct hugepages_pool pool;
	char why[WHY_MAX];

	cr_assert_eq(hugepages_find(top, meminfo, 0, &pool), 0);
	cr_assert_eq(pool.page_bytes, 2 << 20);
	cr_assert(hugepages_may_reserve(&pool));
	cr_assert_eq(hugepages_reserve(&pool, (8 << 20) - 1, why, sizeof(why)), 0);
	sh("grep -qx 7 kernel/mm/hugepages/hugepages-2048kB/nr_hugepages");
	hugepages_release(&pool);
	sh("grep -qx 3 kernel/mm/hugepages/hugepages-2048kB/nr_hugepages");
	hugepages_release(&pool);
	sh("grep -qx 3 kernel/mm/hugepages/hugepages-2048kB/nr_hugepages");
}

Test(hugepages, on_the_node_of_the_workers)
{
	struct hugepages_pool pool;
	char why[WHY_MAX];

	cr_assert_eq(hugepages_find(top, meminfo, 1, &pool), 0);
	cr_assert_eq(hugepages_reserve(&pool, 4 << 20, why, sizeof(why)), 0);
	sh("grep -qx 7 devices/system/node/node1/hugepages/hugepages-2048kB/nr_hugepages");
	sh("grep -qx 3 kernel/mm/hugepages/hugepages-2048kB/nr_hugepages");
}

/* A kernel short of memory gives fewer, without an error: /dev/null takes and gives none. */
Test(hugepages, fewer_than_asked)
{
	struct hugepages_pool pool;
	char why[WHY_MAX];

	sh("ln -sf /dev/null kernel/mm/hugepages/hugepages-2048kB/nr_hugepages");
	cr_assert_eq(hugepages_find(top, meminfo, 0, &pool), 0);
	cr_assert_eq(hugepages_reserve(&pool, 8 << 20, why, sizeof(why)), -ENOMEM);
	cr_assert_str_eq(why, "0 hugepages of 2048 KiB could be reserved and 4 more are needed; "
			      "give the machine more memory, or reserve them at boot (kernel "
			      "parameter hugepages=)");
	cr_assert_eq(pool.reserved, 0);
}

Test(hugepages, a_kernel_without)
{
	struct hugepages_pool pool;

	sh("echo 'MemTotal: 1000 kB' > meminfo");
	cr_assert_eq(hugepages_find(top, meminfo, 0, &pool), -ENOENT);
	cr_assert(!hugepages_may_reserve(&pool));
}
