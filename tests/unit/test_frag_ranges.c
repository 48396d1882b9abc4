/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Octets of a datagram, beside an array with a place for each octet.
 */
#include <criterion/criterion.h>

#include <string.h>

#include <vnf/random.h>

#include "frag_ranges.h"
#include "vnf_priv.h"

#define OCTETS_MAX 2048
#define RUNS 40000

static struct frag_ranges ranges;

/* What is known by octets alone. */
static struct {
	uint8_t owner[OCTETS_MAX]; /* number of the fragment that brought it, from 1 */
	uint32_t reach;
	uint32_t end;
	uint32_t n;
} oracle;

static uint32_t oracle_covered(struct frag_range part)
{
	uint32_t n = 0;

	for (uint32_t i = part.begin; i < part.end; i++)
		n += oracle.owner[i] != 0;
	return n;
}

/* All octets of one fragment, which has no others. */
static bool oracle_is_duplicate(struct frag_range part)
{
	uint8_t owner = oracle.owner[part.begin];

	for (uint32_t i = 0; i < OCTETS_MAX; i++)
		if ((oracle.owner[i] == owner) != (i >= part.begin && i < part.end))
			return false;
	return owner != 0;
}

static uint32_t oracle_add(struct frag_range part, bool more)
{
	if (more ? oracle.end != 0 && part.end >= oracle.end
		 : (oracle.end != 0 ? part.end != oracle.end : oracle.reach >= part.end))
		return VNF_DROP_FRAGMENT_END;
	if (oracle_covered(part) > 0)
		return oracle_is_duplicate(part) ? VNF_DROP_FRAGMENT_DUPLICATE
						 : VNF_DROP_FRAGMENT_OVERLAP;
	if (oracle.n == VNF_FRAG_PARTS_MAX)
		return VNF_DROP_FRAGMENT_MANY;
	memset(oracle.owner + part.begin, (int)++oracle.n, (size_t)part.end - part.begin);
	oracle.reach = RTE_MAX(oracle.reach, (uint32_t)part.end);
	if (!more)
		oracle.end = part.end;
	return 0;
}

static bool oracle_complete(void)
{
	return oracle.end != 0 && memchr(oracle.owner, 0, oracle.end) == NULL;
}

static uint32_t add(struct frag_range part, bool more)
{
	uint32_t got = frag_ranges_add(&ranges, part, more), want = oracle_add(part, more);

	cr_assert_eq(got, want, "%u to %u, more %d: %u, not %u", part.begin, part.end, more, got,
		     want);
	cr_assert_eq(frag_ranges_complete(&ranges), oracle_complete());
	cr_assert_eq(frag_ranges_reach(&ranges), oracle.reach);
	return got;
}

static void reset(void)
{
	/* What was in it does not matter. */
	memset(&ranges, 0xa5, sizeof(ranges));
	frag_ranges_init(&ranges);
	memset(&oracle, 0, sizeof(oracle));
}

/* Cut `octets` at random multiples of 8; the parts in random order. */
static uint32_t cut(struct vnf_random *random, uint32_t octets, struct frag_range *part)
{
	uint32_t n = 0, step = 1 + vnf_random_below(random, 16);

	for (uint32_t at = 0; at < octets;) {
		uint32_t end = at + 8 * (1 + vnf_random_below(random, step));

		part[n++] = (struct frag_range){ (uint16_t)at, (uint16_t)RTE_MIN(end, octets) };
		at = end;
	}
	for (uint32_t i = n; i > 1; i--) {
		uint32_t j = vnf_random_below(random, i);
		struct frag_range other = part[j];

		part[j] = part[i - 1];
		part[i - 1] = other;
	}
	return n;
}

/* In any order, with one thrown in now and then that is doubled or moved or grown. */
Test(frag_ranges, agree_with_an_array_of_octets)
{
	static struct frag_range part[OCTETS_MAX / 8];
	uint32_t whole = 0, refused = 0;
	struct vnf_random random;

	random_fix(1);
	vnf_random_init(&random, 1);
	for (uint32_t run = 0; run < RUNS; run++) {
		uint32_t octets = 9 + vnf_random_below(&random, run % 10 == 0 ? 1000 : 200);
		uint32_t n = cut(&random, octets, part);
		bool honest = true;

		reset();
		for (uint32_t i = 0; i < n; i++) {
			struct frag_range p = part[i];

			cr_assert(!honest || i == 0 || !frag_ranges_complete(&ranges));
			if (add(p, p.end < octets) != 0)
				refused++;
			if (vnf_random_below(&random, 8) != 0)
				continue;
			honest = false;
			p.begin = (uint16_t)(8 * vnf_random_below(&random, octets / 8));
			p.end = (uint16_t)(p.begin + 8 * (1 + vnf_random_below(&random, 4)));
			if (vnf_random_below(&random, 2) == 0)
				p = part[vnf_random_below(&random, n)];
			add(p, vnf_random_below(&random, 8) != 0);
		}
		cr_assert(!honest || frag_ranges_complete(&ranges));
		whole += frag_ranges_complete(&ranges);
	}
	/* It was not all of one kind. */
	cr_assert_gt(whole, RUNS / 10);
	cr_assert_lt(whole, RUNS);
	cr_assert_gt(refused, RUNS / 100);
}

Test(frag_ranges, are_so_many_at_most)
{
	reset();
	for (uint32_t i = 0; i < VNF_FRAG_PARTS_MAX; i++)
		cr_assert_eq(add((struct frag_range){ (uint16_t)(16 * i), (uint16_t)(16 * i + 8) },
				 true),
			     0);
	cr_assert_eq(add((struct frag_range){ 8, 16 }, true), VNF_DROP_FRAGMENT_MANY);
	cr_assert_eq(add((struct frag_range){ 16, 24 }, true), VNF_DROP_FRAGMENT_DUPLICATE);
	cr_assert_eq(ranges.n, VNF_FRAG_PARTS_MAX);
}

Test(frag_ranges, reach_the_last_octet)
{
	frag_ranges_init(&ranges);
	cr_assert_eq(frag_ranges_add(&ranges, (struct frag_range){ 65528, 65535 }, false), 0);
	cr_assert_eq(frag_ranges_add(&ranges, (struct frag_range){ 0, 65528 }, true), 0);
	cr_assert(frag_ranges_complete(&ranges));
}
