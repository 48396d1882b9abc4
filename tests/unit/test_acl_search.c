/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The search tree and its tables against a search one by one, with and without AVX-512.
 */
#include "acl_support.h"

#include "acl_search.h"

#define KEYS 9000

static uint64_t keys[KEYS];

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* The first is 0, the last the greatest there is; no two are equal. */
static void keys_make(uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		keys[i] = i == 0 ? 0 : acl_random() >> acl_below(2) | 1;
	if (n > 1)
		keys[n - 1] = UINT64_MAX;
	qsort(keys, n, sizeof(*keys), compare);
	for (uint32_t i = 1; i < n; i++)
		cr_assert_lt(keys[i - 1], keys[i]);
}

static uint32_t oracle(uint32_t n, uint64_t value)
{
	uint32_t at = n - 1;

	while (keys[at] > value)
		at--;
	return at;
}

static void searches(const struct acl_search *s, uint32_t n)
{
	uint64_t value[VNF_BURST_MAX];
	uint32_t at[VNF_BURST_MAX];

	for (uint32_t burst = 1; burst <= VNF_BURST_MAX; burst++) {
		for (uint32_t i = 0; i < burst; i++)
			value[i] = acl_chance(20) ? acl_random()
						  : keys[acl_below(n)] + acl_below(3) - 1;
		acl_search_bulk(s, value, at, burst);
		for (uint32_t i = 0; i < burst; i++)
			cr_assert_eq(at[i], oracle(n, value[i]), "%u keys: %u", n, at[i]);
	}
}

/* Around each number of keys that another node or level begins with. */
Test(acl_search, any_number_of_keys)
{
	static const uint32_t sizes[] = { 1,  2,  7,   8,   9,   16,  17,   71,   72,   73,
					  80, 81, 647, 648, 649, 656, 5831, 5832, 5833, KEYS };

	for (size_t i = 0; i < RTE_DIM(sizes); i++) {
		struct acl_search s;

		keys_make(sizes[i]);
		cr_assert_eq(acl_search_init(&s, keys, sizes[i]), 0);
		searches(&s, sizes[i]);
		s.avx512 = false;
		searches(&s, sizes[i]);
		acl_search_fini(&s);
	}
}

/* Intervals of IPv6 that begin within the second half, at its begin, and at neither. */
Test(acl_search, intervals_within_a_key)
{
	static const struct {
		uint64_t high, low;
	} begin[] = { { 0, 0 }, { 0, 5 }, { 1, 7 }, { 1, 9 },
		      { 2, 0 }, { 3, 0 }, { 3, 1 }, { UINT64_MAX, UINT64_MAX } };
	acl_value start[RTE_DIM(begin)];
	uint32_t number[RTE_DIM(begin)];
	struct acl_table t;

	for (uint32_t i = 0; i < RTE_DIM(begin); i++) {
		start[i] = (acl_value)begin[i].high << 64 | begin[i].low;
		number[i] = 10 + i;
	}
	cr_assert_eq(acl_table_init(&t, ACL_V6, start, number, RTE_DIM(begin)), 0);
	for (uint32_t i = 0; i < RTE_DIM(begin); i++)
		for (int step = -1; step <= 1; step++) {
			acl_value value = start[i] + (acl_value)step, wanted;
			uint64_t half[2] = { rte_cpu_to_be_64((uint64_t)(value >> 64)),
					     rte_cpu_to_be_64((uint64_t)value) };
			const uint8_t *addr = (const uint8_t *)half;
			uint32_t found;

			for (wanted = RTE_DIM(begin) - 1; start[wanted] > value;)
				wanted--;
			acl_table_bulk(&t, ACL_V6, &addr, &found, 1);
			cr_assert_eq(found, number[wanted], "%u %d: %u", i, step, found);
		}
	acl_table_fini(&t);
}
