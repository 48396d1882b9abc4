/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Log-linear buckets. Durations below 8 ns have a bucket each; above, the highest bit set chooses
 * the power of two, and the three bits after it the part.
 */

#include "histogram.h"

#include <rte_common.h>

#define FINE_COUNT (1u << HISTOGRAM_FINE)

uint32_t histogram_bucket(uint64_t ns)
{
	uint32_t power;

	if (ns < FINE_COUNT)
		return (uint32_t)ns;
	power = 63 - (uint32_t)__builtin_clzll(ns);
	if (power >= HISTOGRAM_BITS)
		return HISTOGRAM_BUCKETS - 1;
	/* Counted from the first power that is cut; the bit that is always set adds FINE_COUNT. */
	return (power - HISTOGRAM_FINE) * FINE_COUNT + (uint32_t)(ns >> (power - HISTOGRAM_FINE));
}

uint64_t histogram_bucket_most(uint32_t bucket)
{
	uint32_t shift;

	if (bucket < FINE_COUNT)
		return bucket;
	shift = bucket / FINE_COUNT - 1;
	return ((uint64_t)(bucket % FINE_COUNT + FINE_COUNT + 1) << shift) - 1;
}

/* Readers may look at any time, and see a sample early or late. */
void histogram_add(struct histogram *h, uint64_t ns)
{
	uint64_t *bucket = &h->bucket[histogram_bucket(ns)];

	__atomic_store_n(bucket, *bucket + 1, __ATOMIC_RELAXED);
	if (ns > h->max)
		__atomic_store_n(&h->max, ns, __ATOMIC_RELAXED);
}

void histogram_merge(struct histogram *sum, const struct histogram *h)
{
	for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++)
		sum->bucket[i] += __atomic_load_n(&h->bucket[i], __ATOMIC_RELAXED);
	sum->max = RTE_MAX(sum->max, __atomic_load_n(&h->max, __ATOMIC_RELAXED));
}

/* What so many of a thousand samples do not exceed, to the bucket's precision. */
static uint64_t percentile(const struct histogram *h, uint64_t samples, uint32_t permille)
{
	uint64_t rank = (samples * permille + 999) / 1000;
	uint64_t below = 0;

	for (uint32_t i = 0; i < HISTOGRAM_BUCKETS - 1; i++) {
		below += h->bucket[i];
		if (below >= rank)
			return RTE_MIN(histogram_bucket_most(i), h->max);
	}
	return h->max;
}

void histogram_summarise(const struct histogram *h, struct histogram_summary *summary)
{
	*summary = (struct histogram_summary){ 0 };
	for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++)
		summary->samples += h->bucket[i];
	if (summary->samples == 0)
		return;
	summary->p50_ns = percentile(h, summary->samples, 500);
	summary->p99_ns = percentile(h, summary->samples, 990);
	summary->p99_9_ns = percentile(h, summary->samples, 999);
	summary->max_ns = h->max;
}
