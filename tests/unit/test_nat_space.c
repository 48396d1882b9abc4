/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * External ports of an address: which one is taken, how long one rests, when there is none, and
 * that no two threads get the same.
 */
#include <criterion/criterion.h>

#include <pthread.h>
#include <string.h>
#include <sys/mman.h>

#include <rte_common.h>

#include <vnf/clock.h>

#include "vnf_priv.h"
#include "space.h"

#define SECOND VNF_SECOND_NS
#define ADDR RTE_BE32(0xc0000201)
#define REST (120 * SECOND)

static struct nat_spaces *spaces;
static struct nat_space *space;
static struct vnf_random source;
static uint64_t now_ns = 1000 * SECOND;

static struct nat_port_want want = { .proto = NAT_UDP, .first = 1, .last = 65535 };

static void make(void)
{
	random_fix(1);
	vnf_random_init(&source, 1);
	cr_assert_eq(nat_spaces_create(&spaces), 0);
	space = nat_space_get(spaces, ADDR);
	cr_assert_not_null(space);
}

static void release(void)
{
	nat_space_put(spaces, space);
	nat_spaces_destroy(spaces);
}

static int take(uint16_t like)
{
	want.like = like;
	return nat_port_take(space, &source, &want, now_ns, 7);
}

static void give(int port, uint64_t rest_ns)
{
	nat_port_give(space, want.proto, (uint16_t)port, now_ns, rest_ns);
}

TestSuite(nat_space, .init = make, .fini = release);

Test(nat_space, a_port_is_whose_it_was_taken_for)
{
	int port = take(4000);

	cr_assert_geq(port, 1024);
	cr_assert_eq(nat_port_whose(space, NAT_UDP, rte_cpu_to_be_16((uint16_t)port)), 7);
	cr_assert_eq(nat_port_whose(space, NAT_TCP, rte_cpu_to_be_16((uint16_t)port)), 0);
	cr_assert_eq(nat_ports_used(space, NAT_UDP), 1);
	give(port, REST);
	cr_assert_eq(nat_port_whose(space, NAT_UDP, rte_cpu_to_be_16((uint16_t)port)), 0);
	cr_assert_eq(nat_ports_used(space, NAT_UDP), 0);
}

Test(nat_space, the_same_port_is_preserved_while_it_is_free)
{
	want.preserve = true;
	cr_assert_eq(take(4000), 4000);
	cr_assert_neq(take(4000), 4000);
	want.first = 5000;
	cr_assert_geq(take(4001), 5000);
}

Test(nat_space, parity_and_class_stay)
{
	want.parity = true;
	for (int i = 0; i < 500; i++) {
		int even = take(4000), odd = take(4001);

		cr_assert(even >= 1024 && even % 2 == 0, "%d", even);
		cr_assert(odd >= 1024 && odd % 2 == 1, "%d", odd);
	}
	for (int i = 0; i < 500; i++) {
		int even = take(22), odd = take(53);

		cr_assert(even < 1024 && even % 2 == 0, "%d", even);
		cr_assert(odd > 0 && odd < 1024 && odd % 2 == 1, "%d", odd);
	}
}

/* First the other parity, then the other class. */
Test(nat_space, all_ports_are_used_before_there_is_none)
{
	uint8_t seen[65536] = { 0 };

	want.parity = true;
	for (int i = 0; i < 65535; i++) {
		int port = take(1023);

		cr_assert_geq(port, 1, "after %d", i);
		cr_assert_eq(seen[port]++, 0);
		if (i < 512)
			cr_assert(port < 1024 && port % 2 == 1);
		else if (i < 1023)
			cr_assert(port < 1024 && port % 2 == 0);
	}
	cr_assert_eq(take(1023), -ENOSPC);
	cr_assert_eq(take(4000), -ENOSPC);
	/* Of another protocol, all. */
	want.proto = NAT_TCP;
	cr_assert_geq(take(4000), 1024);
}

Test(nat_space, identifiers_have_neither_class_nor_zero_left_out)
{
	want = (struct nat_port_want){ .proto = NAT_ICMP, .first = 0, .last = 65535 };
	for (int i = 0; i < 65536; i++)
		cr_assert_geq(take((uint16_t)i), 0);
	cr_assert_eq(take(1), -ENOSPC);
}

/* Not before, and not longer than a seventh of a second after. */
Test(nat_space, a_port_rests)
{
	want.first = want.last = 2000;
	cr_assert_eq(take(2000), 2000);
	cr_assert_eq(take(2000), -ENOSPC);
	give(2000, REST);
	cr_assert_eq(take(2000), -ENOSPC);
	now_ns += REST - 1;
	cr_assert_eq(take(2000), -ENOSPC);
	now_ns += 1 + SECOND / 7;
	cr_assert_eq(take(2000), 2000);
	give(2000, 0);
	cr_assert_eq(take(2000), 2000);
}

/* Times come round; who waits is not kept for ever. */
Test(nat_space, a_rest_ends_wherever_the_clock_stands)
{
	want.first = want.last = 2000;
	for (int i = 0; i < 40; i++) {
		now_ns += (UINT64_C(1) << 58) / 20 + 12345;
		cr_assert_eq(take(2000), 2000);
		give(2000, REST);
		cr_assert_eq(take(2000), -ENOSPC);
		now_ns += REST - 2;
		cr_assert_eq(take(2000), -ENOSPC);
		now_ns += 2 + SECOND / 7;
		cr_assert_eq(take(2000), 2000);
		give(2000, 0);
	}
}

/* It was full, and what it was full of is given back. */
Test(nat_space, full_is_not_for_ever)
{
	want.first = 2000;
	want.last = 2009;
	for (int i = 0; i < 10; i++)
		cr_assert_geq(take(2000), 2000);
	cr_assert_eq(take(2000), -ENOSPC);
	now_ns += SECOND;
	give(2003, REST);
	now_ns += SECOND;
	give(2005, REST / 2);
	cr_assert_eq(take(2000), -ENOSPC);
	now_ns += REST / 2 + SECOND / 7;
	cr_assert_eq(take(2000), 2005);
	cr_assert_eq(take(2000), -ENOSPC);
	now_ns += REST / 2;
	cr_assert_eq(take(2000), 2003);
	give(2008, 0);
	cr_assert_eq(take(2000), 2008);
}

/* A policy with another range is not told what the last one found. */
Test(nat_space, full_ends_with_another_range)
{
	want.first = want.last = 2000;
	cr_assert_eq(take(2000), 2000);
	cr_assert_eq(take(2000), -ENOSPC);
	cr_assert_eq(nat_space_get(spaces, ADDR), space);
	want.last = 2001;
	cr_assert_eq(take(2000), 2001);
	nat_space_put(spaces, space);
}

/* Nor by what a worker finds that has the policy before it yet. */
Test(nat_space, full_is_by_one_policy)
{
	want.first = want.last = 2000;
	want.policy = 1;
	cr_assert_eq(take(2000), 2000);
	cr_assert_eq(take(2000), -ENOSPC);
	want.policy = 2;
	want.last = 2003;
	for (int i = 0; i < 3; i++)
		cr_assert_geq(take(2000), 2001);
	cr_assert_eq(take(2000), -ENOSPC);
}

static bool is_odd(const void *arg, uint16_t port)
{
	cr_assert_eq(arg, &want);
	return port % 2 == 1;
}

Test(nat_space, kept_ports_are_not_taken)
{
	want.is_kept = is_odd;
	want.arg = &want;
	want.preserve = true;
	want.first = 2000;
	want.last = 2019;
	cr_assert_neq(take(2001), 2001);
	for (int i = 1; i < 10; i++)
		cr_assert_eq(take(2001) % 2, 0);
	cr_assert_eq(take(2001), -ENOSPC);
}

/* Of 16 classes of ports, each has its share: chi squared with 15 degrees of freedom is below 44.3
 * but once in ten thousand times, and the seed is fixed.
 */
Test(nat_space, ports_are_taken_at_random)
{
	uint32_t n[16] = { 0 }, runs = 0;
	double chi = 0;
	int last = 0;

	want.first = 1024;
	for (int i = 0; i < 16000; i++) {
		int port = take(4000);

		n[(port - 1024) / 4032]++;
		runs += port == last + 1;
		last = port;
	}
	for (int i = 0; i < 16; i++)
		chi += (n[i] - 1000.0) * (n[i] - 1000.0) / 1000.0;
	cr_assert_lt(chi, 44.3);
	cr_assert_lt(runs, 20);
}

Test(nat_space, an_address_has_one_space)
{
	struct nat_space *other = nat_space_get(spaces, RTE_BE32(0xc0000202));

	cr_assert_neq(other, space);
	cr_assert_neq(other->number, space->number);
	cr_assert_eq(nat_space_get(spaces, ADDR), space);
	cr_assert_eq(nat_space_at(spaces, other->number), other);
	cr_assert_null(nat_space_at(spaces, 2));
	nat_space_put(spaces, space);
	nat_space_put(spaces, other);
}

/* Its number is another one's, but not while a port is in use. */
Test(nat_space, a_space_that_nobody_uses_goes)
{
	struct nat_space *other = nat_space_get(spaces, RTE_BE32(0xc0000202));
	uint16_t number = other->number;
	int port = nat_port_take(other, &source, &want, now_ns, 9);

	nat_space_put(spaces, other);
	cr_assert_neq(nat_space_get(spaces, RTE_BE32(0xc0000203))->number, number);
	cr_assert_eq(nat_space_at(spaces, number), other);
	nat_port_give(other, NAT_UDP, (uint16_t)port, now_ns, 0);
	other = nat_space_get(spaces, RTE_BE32(0xc0000204));
	cr_assert_eq(other->number, number);
	cr_assert_eq(other->addr, RTE_BE32(0xc0000204));
}

#define THREADS 4
#define EACH 10000

static uint16_t taken[THREADS][EACH];

static void *thread_main(void *arg)
{
	uint32_t id = (uint32_t)(uintptr_t)arg;
	struct nat_port_want mine = {
		.proto = NAT_TCP, .first = 1024, .last = 65535, .like = 4000
	};
	struct vnf_random random;

	vnf_random_init(&random, 100 + id);
	for (uint32_t i = 0; i < EACH; i++) {
		int port = nat_port_take(space, &random, &mine, now_ns, id + 1);

		cr_assert_geq(port, 0);
		taken[id][i] = (uint16_t)port;
		if (i % 3 != 0)
			continue;
		nat_port_give(space, NAT_TCP, (uint16_t)port, now_ns, 0);
		taken[id][i] = 0;
	}
	return NULL;
}

Test(nat_space, threads_never_have_the_same)
{
	pthread_t thread[THREADS];
	uint32_t n = 0;

	for (uintptr_t i = 0; i < THREADS; i++)
		cr_assert_eq(pthread_create(&thread[i], NULL, thread_main, (void *)i), 0);
	for (uintptr_t i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	for (uint32_t i = 0; i < THREADS; i++)
		for (uint32_t k = 0; k < EACH; k++) {
			rte_be16_t port = rte_cpu_to_be_16(taken[i][k]);

			if (port == 0)
				continue;
			n++;
			cr_assert_eq(nat_port_whose(space, NAT_TCP, port), i + 1);
		}
	cr_assert_eq(nat_ports_used(space, NAT_TCP), n);
}

/* Pages of all protocols' words that take memory. */
static uint32_t pages_of(const struct nat_space *is)
{
	static unsigned char page[NAT_PORTS * sizeof(uint32_t) / 4096];
	uint32_t n = 0;

	for (int proto = 0; proto < NAT_PROTOS; proto++) {
		cr_assert_eq(mincore(is->ports[proto].word, sizeof(page) * 4096, page), 0);
		for (size_t i = 0; i < sizeof(page); i++)
			n += page[i] & 1;
	}
	return n;
}

/* A reload to other addresses takes no memory for ports that nobody has used. */
Test(nat_space, memory_comes_with_use)
{
	int port = take(4000);

	cr_assert_leq(pages_of(space), 8);
	for (int i = 0; i < 2000; i++)
		cr_assert_geq(take(4000), 0);
	for (port = 1024; port < NAT_PORTS; port++)
		if (nat_port_whose(space, NAT_UDP, rte_cpu_to_be_16((uint16_t)port)) != 0)
			give(port, 0);
	cr_assert_gt(pages_of(space), 8);
	nat_space_put(spaces, space);
	space = nat_space_get(spaces, RTE_BE32(0xc0000202));
	cr_assert_eq(pages_of(space), 0);
	cr_assert_geq(take(4000), 0);
}
