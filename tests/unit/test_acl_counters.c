/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Counts of rules: of several workers, and over generations.
 */
#include "acl_support.h"

static struct vnf_acl_counters *counters;

static void setup(void)
{
	cr_assert_eq(vnf_acl_counters_create(2, &counters), 0);
}

TestSuite(acl_counters, .init = setup);

static struct vnf_acl_tally *tally_of(const char *const *names, uint32_t n)
{
	struct vnf_acl_rule rules[8] = { 0 };
	struct vnf_acl_tally *tally;

	for (uint32_t i = 0; i < n; i++)
		rules[i].name = names[i];
	cr_assert_eq(vnf_acl_tally_create(counters, rules, n, &tally), 0);
	cr_assert_eq(tally->n, n);
	return tally;
}

static void count_is(const struct vnf_acl_tally *tally, uint32_t rule, uint64_t packets,
		     uint64_t octets, uint64_t last)
{
	struct vnf_acl_count sum;

	vnf_acl_tally_read(tally, rule, &sum);
	cr_assert_eq(sum.packets, packets);
	cr_assert_eq(sum.octets, octets);
	cr_assert_eq(sum.last_ns, last);
}

Test(acl_counters, workers_are_added_up)
{
	struct vnf_acl_tally *t = tally_of((const char *const[]){ "a", NULL, "a" }, 3);

	vnf_acl_count(t, 0, 0, 100, 7);
	vnf_acl_count(t, 1, 0, 60, 5);
	vnf_acl_count(t, 1, 2, 60, 9);
	count_is(t, 0, 2, 160, 7);
	count_is(t, 1, 0, 0, 0);
	count_is(t, 2, 1, 60, 9);
	vnf_acl_tally_destroy(t);
	vnf_acl_tally_destroy(NULL);
	vnf_acl_counters_destroy(counters);
	vnf_acl_counters_destroy(NULL);
	cr_assert_eq(vnf_acl_counters_create(0, &counters), -EINVAL);
}

/* By their names, wherever they stand; also while a worker still counts in the old one. */
Test(acl_counters, names_go_on)
{
	struct vnf_acl_tally *old = tally_of((const char *const[]){ "a", "b", "c", NULL }, 4), *new;

	for (uint32_t i = 0; i < 4; i++)
		vnf_acl_count(old, 0, i, 10 + i, 1 + i);
	new = tally_of((const char *const[]){ "x", "c", "a", "c", NULL }, 5);
	vnf_acl_count(old, 1, 2, 5, 50);
	vnf_acl_count(new, 0, 1, 5, 40);
	count_is(new, 0, 0, 0, 0);
	count_is(new, 1, 3, 22, 50);
	count_is(new, 2, 1, 10, 1);
	count_is(new, 3, 0, 0, 0);
	count_is(new, 4, 0, 0, 0);
	vnf_acl_tally_destroy(old);
	count_is(new, 1, 3, 22, 50);
	/* "b" is forgotten. */
	old = tally_of((const char *const[]){ "b", "a" }, 2);
	count_is(old, 0, 0, 0, 0);
	count_is(old, 1, 1, 10, 1);
	vnf_acl_tally_destroy(new);
	vnf_acl_tally_destroy(old);
	vnf_acl_counters_destroy(counters);
}

/* More than a chunk, over many generations: rows are used again. */
Test(acl_counters, many)
{
	static struct vnf_acl_rule rules[3000];
	static char names[3000][16];
	struct vnf_acl_tally *last = NULL;

	for (uint32_t i = 0; i < 3000; i++) {
		snprintf(names[i], sizeof(names[i]), "rule %u", i);
		rules[i].name = names[i];
	}
	for (uint32_t g = 1; g <= 20; g++) {
		uint32_t n = g % 2 == 0 ? 1000 : 3000;
		struct vnf_acl_tally *t;

		cr_assert_eq(vnf_acl_tally_create(counters, rules, n, &t), 0);
		vnf_acl_tally_destroy(last);
		last = t;
		for (uint32_t i = 0; i < n; i++)
			vnf_acl_count(t, (uint16_t)(g % 2), i, 1, g);
		count_is(t, 999, g, g, g);
		count_is(t, n - 1, n == 1000 ? g : 1, n == 1000 ? g : 1, g);
	}
	vnf_acl_tally_destroy(last);
	vnf_acl_counters_destroy(counters);
}
