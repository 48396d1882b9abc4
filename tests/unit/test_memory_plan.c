/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The memory plan: enough packets for every ring, hugepages only when they suffice, and a refusal
 * with numbers when the configured memory does not.
 */

#include <criterion/criterion.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vnf_priv.h"

static struct memory_input two_ports(void)
{
	return (struct memory_input){
		.n_workers = 1,
		.n_ports = 2,
		.port_mbufs = 4096,
		.port_bytes = 2 << 20,
		.frame_max = 1522,
		.packets = 1024,
	};
}

Test(memory_plan, holds_what_rings_workers_and_application_can)
{
	struct memory_input in = two_ports();
	struct memory_plan plan;
	char why[WHY_MAX];

	cr_assert_eq(memory_plan_make(&in, &plan, why, sizeof(why)), 0);
	cr_assert_eq(plan.n_mbufs, 8191);
	cr_assert_eq(plan.data_room, 2048 + RTE_PKTMBUF_HEADROOM);
	cr_assert_eq(plan.bytes, plan.needed);
	cr_assert_eq(plan.bytes % (2 << 20), 0);
	cr_assert_geq(plan.bytes, 8191ull * (plan.data_room + sizeof(struct rte_mbuf)));
	cr_assert(!plan.huge);
}

Test(memory_plan, never_less_than_the_sum_of_its_parts)
{
	for (uint16_t workers = 1; workers <= 64; workers *= 2) {
		for (uint32_t mbufs = 0; mbufs < 300000; mbufs = mbufs * 3 + 1000) {
			struct memory_input in = two_ports();
			struct memory_plan plan;
			char why[WHY_MAX];

			in.n_workers = workers;
			in.port_mbufs = mbufs;
			cr_assert_eq(memory_plan_make(&in, &plan, why, sizeof(why)), 0);
			cr_assert_geq(plan.n_mbufs, mbufs + in.packets +
							    workers * 2u * VNF_BURST_MAX +
							    workers * plan.cache * 3 / 2);
			cr_assert_eq(plan.n_mbufs & (plan.n_mbufs + 1), 0);
		}
	}
}

Test(memory_plan, a_frame_fits_one_buffer)
{
	for (uint32_t frame = 90; frame <= 9622; frame += 7) {
		struct memory_input in = two_ports();
		struct memory_plan plan;
		char why[WHY_MAX];

		in.frame_max = frame;
		cr_assert_eq(memory_plan_make(&in, &plan, why, sizeof(why)), 0);
		cr_assert_geq(plan.data_room, frame + RTE_PKTMBUF_HEADROOM);
		cr_assert_leq(plan.data_room, UINT16_MAX);
	}
}

/* Mempools pad elements so that they spread over memory channels; at some sizes a whole line. */
Test(memory_plan, an_element_is_counted_with_its_padding)
{
	for (uint32_t frame = 1522; frame <= 9622; frame += 10) {
		struct memory_input in = two_ports();
		struct memory_plan plan;
		uint64_t element;
		char why[WHY_MAX];

		in.frame_max = frame;
		cr_assert_eq(memory_plan_make(&in, &plan, why, sizeof(why)), 0);
		element = rte_mempool_calc_obj_size(
			(uint32_t)sizeof(struct rte_mbuf) + plan.data_room, 0, NULL);
		cr_assert_geq(plan.needed, plan.n_mbufs * element + in.port_bytes + (16 << 20));
	}
}

static struct memory_input one_port(uint32_t flags, uint16_t queues, uint16_t workers)
{
	struct vnf_port_kind kind = { .name = "x", .flags = flags };
	struct vnf_port port = { .kind = &kind, .n_queues = queues, .mtu = 1500 };
	struct vnf_port_need need = { .mbufs = 100, .bytes = 1000 };
	struct memory_input in = { .n_workers = workers };

	memory_input_add(&in, &port, &need);
	cr_assert_eq(in.n_ports, 1);
	cr_assert_eq(in.frame_max, 1500 + VNF_FRAME_OVERHEAD);
	return in;
}

Test(memory_plan, rings_between_workers_are_counted)
{
	struct memory_input enough = one_port(0, 2, 2), shared = one_port(VNF_KIND_TX_SHARED, 2, 9);
	struct memory_input crowded = one_port(0, 2, 3);

	cr_assert_eq(enough.port_mbufs, 100);
	cr_assert_geq(enough.port_bytes, 1000);
	cr_assert_eq(shared.port_mbufs, 100);
	cr_assert_eq(shared.port_bytes, enough.port_bytes);
	cr_assert_eq(crowded.port_mbufs, 100 + 2 * HANDOVER_RING);
	cr_assert_geq(crowded.port_bytes, enough.port_bytes + 2 * HANDOVER_RING * sizeof(void *));
}

Test(memory_plan, more_than_there_is_is_refused_with_numbers)
{
	struct memory_input in = two_ports();
	struct memory_plan plan;
	char why[WHY_MAX] = "";

	in.available = 30 << 20;
	cr_assert_eq(memory_plan_make(&in, &plan, why, sizeof(why)), -EINVAL);
	cr_assert_str_eq(
		why,
		"38 MiB would be taken and 30 MiB are available (8191 packets of 2176 "
		"bytes, 2 ports, 1 workers, 0 MiB of tables); fewer ports, queues or workers, or "
		"a smaller mtu, need less");
	in.huge_free = 38 << 20;
	cr_assert_eq(memory_plan_make(&in, &plan, why, sizeof(why)), 0, "hugepages are apart");
	in.available = 1ull << 34;
	in.memory = 1ull << 40;
	cr_assert_eq(memory_plan_make(&in, &plan, why, sizeof(why)), -EINVAL);
	cr_assert_str_eq(why,
			 "1048576 MiB would be taken and 16384 MiB are available (8191 packets of "
			 "2176 bytes, 2 ports, 1 workers, 0 MiB of tables); write less, or leave "
			 "the key out to have it computed");
}

Test(memory_plan, too_little_memory_is_refused_with_numbers)
{
	struct memory_input in = two_ports();
	struct memory_plan plan;
	char why[WHY_MAX] = "";

	in.memory = 16 << 20;
	cr_assert_eq(memory_plan_make(&in, &plan, why, sizeof(why)), -EINVAL);
	cr_assert_str_eq(
		why, "16 MiB are too little, at least 38 MiB are needed (8191 packets of 2176 "
		     "bytes, 2 ports, 1 workers, 0 MiB of tables); leave the key out to have it "
		     "computed");
	in.memory = plan.needed;
	cr_assert_eq(memory_plan_make(&in, &plan, why, sizeof(why)), 0);
	cr_assert_eq(plan.bytes, in.memory);
}

Test(memory_plan, hugepages_only_when_enough_are_free)
{
	static const struct {
		enum hugepages want;
		int free_mib; /* relative to what is needed */
		int ret;
		bool huge;
	} cases[] = {
		{ HUGEPAGES_AUTO, 0, 0, true },           { HUGEPAGES_AUTO, -2, 0, false },
		{ HUGEPAGES_NEVER, 100, 0, false },       { HUGEPAGES_ALWAYS, 0, 0, true },
		{ HUGEPAGES_ALWAYS, -2, -ENOMEM, false },
	};

	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		struct memory_input in = two_ports();
		struct memory_plan plan;
		char why[WHY_MAX] = "";

		in.hugepages = cases[i].want;
		in.huge_free = (uint64_t)(38 + cases[i].free_mib) << 20;
		cr_assert_eq(memory_plan_make(&in, &plan, why, sizeof(why)), cases[i].ret,
			     "case %zu", i);
		cr_assert_eq(plan.huge, cases[i].huge, "case %zu", i);
		if (cases[i].ret < 0)
			cr_assert_str_eq(why,
					 "38 MiB of hugepages are needed and 36 MiB are free; as "
					 "root: echo 19 > /proc/sys/vm/nr_hugepages, or write "
					 "hugepages = \"auto\"");
	}
}

static void put(const char *dir, const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	cr_assert_not_null(f);
	fputs(text, f);
	fclose(f);
}

Test(memory_plan, free_hugepages_of_all_sizes)
{
	char top[] = "/tmp/vnf-huge-XXXXXX", dir[128], command[128];

	cr_assert_not_null(mkdtemp(top));
	snprintf(dir, sizeof(dir), "%s/hugepages-2048kB", top);
	cr_assert_eq(mkdir(dir, 0700), 0);
	put(dir, "free_hugepages", "10\n");
	put(dir, "resv_hugepages", "4\n");
	snprintf(dir, sizeof(dir), "%s/hugepages-1048576kB", top);
	cr_assert_eq(mkdir(dir, 0700), 0);
	put(dir, "free_hugepages", "1\n");
	put(dir, "resv_hugepages", "0\n");
	snprintf(dir, sizeof(dir), "%s/other", top);
	cr_assert_eq(mkdir(dir, 0700), 0);

	cr_expect_eq(memory_huge_free(top), (6ull << 21) + (1ull << 30));
	cr_expect_eq(memory_huge_free("/nonexistent"), 0);
	snprintf(command, sizeof(command), "rm -r %s", top);
	cr_assert_eq(system(command), 0);
}

Test(memory_plan, available_memory)
{
	char top[] = "/tmp/vnf-mem-XXXXXX", path[64];

	cr_assert_not_null(mkdtemp(top));
	put(top, "meminfo",
	    "MemTotal:       24105000 kB\nMemFree: 1 kB\nMemAvailable:   22060 kB\n");
	snprintf(path, sizeof(path), "%s/meminfo", top);
	cr_expect_eq(memory_available(path), 22060ull * 1024);
	put(top, "meminfo", "MemTotal: 24105000 kB\n");
	cr_expect_eq(memory_available(path), 0);
	unlink(path);
	rmdir(top);
	cr_expect_eq(memory_available("/nonexistent"), 0);
}

/* Physical addresses: hugepages or nothing. */
Test(memory_plan, physical_addresses_reserve_what_is_missing)
{
	struct memory_input in = two_ports();
	struct memory_plan plan;
	char why[WHY_MAX] = "";

	in.pa_port = "lan";
	in.page_bytes = 2 << 20;
	in.huge_free = 4 << 20;
	in.available = 200 << 20;
	cr_assert_eq(memory_plan_make(&in, &plan, why, sizeof(why)), 0, "%s", why);
	cr_assert(plan.huge);
	cr_assert_eq(plan.reserve, plan.bytes - (4 << 20));
	in.huge_free = plan.bytes;
	cr_assert_eq(memory_plan_make(&in, &plan, why, sizeof(why)), 0);
	cr_assert_eq(plan.reserve, 0);
	/* Others do without. */
	in.pa_port = NULL;
	in.huge_free = 0;
	cr_assert_eq(memory_plan_make(&in, &plan, why, sizeof(why)), 0);
	cr_assert(!plan.huge);
	cr_assert_eq(plan.reserve, 0);
	in.hugepages = HUGEPAGES_ALWAYS;
	cr_assert_eq(memory_plan_make(&in, &plan, why, sizeof(why)), 0);
	cr_assert(plan.huge);
	cr_assert_eq(plan.reserve, plan.bytes);
}

Test(memory_plan, physical_addresses_refused_with_numbers)
{
	struct memory_input in = two_ports();
	struct memory_plan plan;
	char why[WHY_MAX] = "";

	in.pa_port = "lan";
	cr_assert_eq(memory_plan_make(&in, &plan, why, sizeof(why)), -ENOMEM);
	cr_assert_not_null(strstr(why, "0 MiB are free; as root: echo "), "%s", why);
	cr_assert_not_null(strstr(why, "port \"lan\" is driven with physical addresses"), "%s",
			   why);
	in.page_bytes = 2 << 20;
	in.available = 30 << 20;
	cr_assert_eq(memory_plan_make(&in, &plan, why, sizeof(why)), -ENOMEM);
	cr_assert_not_null(strstr(why, "30 MiB are available, of which 16 MiB must remain"), "%s",
			   why);
	in.hugepages = HUGEPAGES_NEVER;
	cr_assert_eq(memory_plan_make(&in, &plan, why, sizeof(why)), -ENOMEM);
	cr_assert_not_null(strstr(why, "\"never\", but port \"lan\""), "%s", why);
}

/* A table too large: it is what to make smaller. */
Test(memory_plan, tables_are_told)
{
	struct memory_input in = {
		.n_workers = 1,
		.n_ports = 1,
		.table_bytes = 3ULL << 30,
		.available = 1ULL << 30,
		.hugepages = HUGEPAGES_NEVER,
	};
	struct memory_plan plan;
	char why[WHY_MAX] = "";

	cr_assert_eq(memory_plan_make(&in, &plan, why, sizeof(why)), -EINVAL);
	cr_assert_not_null(strstr(why, "3072 MiB of tables); smaller tables (sessions) need less"),
			   "%s", why);
}

/* What an application says that its workers keep, or the key packets, if that is more. */
Test(memory_plan, packets_that_an_application_keeps)
{
	static const uint32_t wanted[][3] = {
		{ 0, 1, 768 },     { 768, 1, 768 }, { 1024, 1, 1024 },
		{ 1024, 4, 3072 }, { 0, 4, 3072 },  { 4000, 4, 4000 }
	};
	struct vnf_program program = { .packets = 768 };
	struct system_spec spec;
	struct vnf vnf = { .program = &program, .spec = &spec };

	for (size_t i = 0; i < RTE_DIM(wanted); i++) {
		spec = (struct system_spec){ .packets = wanted[i][0], .workers = wanted[i][1] };
		cr_expect_eq(program_packets(&vnf), wanted[i][2], "%zu", i);
	}
}
