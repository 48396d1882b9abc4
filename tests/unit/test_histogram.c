/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Buckets hold what they should, and percentiles are what a sorted list says, to an eighth.
 */

#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "histogram.h"

static struct histogram h, sum;
static struct histogram_summary s;

Test(histogram, buckets_follow_each_other)
{
	for (uint32_t i = 0; i + 1 < HISTOGRAM_BUCKETS; i++) {
		uint64_t most = histogram_bucket_most(i);

		cr_assert_eq(histogram_bucket(most), i, "bucket %u ends at its end", i);
		cr_assert_eq(histogram_bucket(most + 1), i + 1, "bucket %u begins there", i + 1);
	}
	cr_assert_eq(histogram_bucket(0), 0);
	cr_assert_eq(histogram_bucket(UINT64_MAX), HISTOGRAM_BUCKETS - 1);
}

Test(histogram, a_bucket_is_an_eighth_wide)
{
	for (uint64_t ns = 1; ns < 1ull << HISTOGRAM_BITS; ns += 1 + ns / 97) {
		uint64_t most = histogram_bucket_most(histogram_bucket(ns));

		cr_assert_geq(most, ns);
		cr_assert_leq(most - ns, ns / 8, "%llu is shown as %llu", (unsigned long long)ns,
			      (unsigned long long)most);
	}
}

Test(histogram, empty_is_zero)
{
	histogram_summarise(&h, &s);
	cr_assert_eq(s.samples, 0);
	cr_assert_eq(s.p50_ns, 0);
	cr_assert_eq(s.max_ns, 0);
}

Test(histogram, one_sample_is_every_percentile)
{
	histogram_add(&h, 1000);
	histogram_summarise(&h, &s);
	cr_assert_eq(s.samples, 1);
	cr_assert_eq(s.p50_ns, 1000, "no percentile is beyond the greatest sample");
	cr_assert_eq(s.p99_9_ns, 1000);
	cr_assert_eq(s.max_ns, 1000);
}

static void check_close(uint64_t got, uint64_t exact, const char *what)
{
	cr_assert(got >= exact && got - exact <= exact / 8, "%s: %llu, exact is %llu", what,
		  (unsigned long long)got, (unsigned long long)exact);
}

Test(histogram, percentiles_of_many)
{
	for (uint64_t i = 1; i <= 10000; i++)
		histogram_add(&h, i * 100);
	histogram_summarise(&h, &s);
	cr_assert_eq(s.samples, 10000);
	check_close(s.p50_ns, 500000, "p50");
	check_close(s.p99_ns, 990000, "p99");
	check_close(s.p99_9_ns, 999000, "p99.9");
	cr_assert_eq(s.max_ns, 1000000);
}

/* One of a hundred is late: the 99th percentile does not show it yet, 99.9 does. */
Test(histogram, the_tail_shows)
{
	for (int i = 0; i < 99; i++)
		histogram_add(&h, 200);
	histogram_add(&h, 5000000);
	histogram_summarise(&h, &s);
	check_close(s.p99_ns, 200, "p99");
	cr_assert_eq(s.p99_9_ns, 5000000);
}

Test(histogram, beyond_the_last_bucket_only_the_maximum_tells)
{
	histogram_add(&h, 3ull << HISTOGRAM_BITS);
	histogram_summarise(&h, &s);
	cr_assert_eq(s.p50_ns, 3ull << HISTOGRAM_BITS);
}

Test(histogram, workers_are_merged)
{
	struct histogram *other = calloc(1, sizeof(*other));

	for (int i = 0; i < 900; i++)
		histogram_add(&h, 100);
	for (int i = 0; i < 100; i++)
		histogram_add(other, 70000);
	histogram_merge(&sum, &h);
	histogram_merge(&sum, other);
	histogram_summarise(&sum, &s);
	cr_assert_eq(s.samples, 1000);
	check_close(s.p50_ns, 100, "p50");
	check_close(s.p99_ns, 70000, "p99");
	cr_assert_eq(s.max_ns, 70000);
	free(other);
}
