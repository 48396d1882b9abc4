/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * A histogram of durations of fixed size: buckets by powers of two, each cut into eight, so that a
 * percentile is at most an eighth too great. One thread adds; any thread merges it into a sum of
 * its own and asks that.
 */
#ifndef HISTOGRAM_H
#define HISTOGRAM_H

#include <stdint.h>

/* Bits of a bucket's number below the power of two. */
#define HISTOGRAM_FINE 3
/* Longer durations, from 2^37 ns or 137 s on, are in the last bucket. */
#define HISTOGRAM_BITS 37
#define HISTOGRAM_BUCKETS ((HISTOGRAM_BITS - HISTOGRAM_FINE + 1) << HISTOGRAM_FINE)

struct histogram {
	uint64_t max;
	uint64_t bucket[HISTOGRAM_BUCKETS];
};

struct histogram_summary {
	uint64_t samples;
	uint64_t p50_ns;
	uint64_t p99_ns;
	uint64_t p99_9_ns;
	uint64_t max_ns;
};

/* The bucket of a duration, and the greatest duration of a bucket. */
uint32_t histogram_bucket(uint64_t ns);
uint64_t histogram_bucket_most(uint32_t bucket);
/* The only writer. */
void histogram_add(struct histogram *h, uint64_t ns);
/* Add what another thread's histogram holds now. */
void histogram_merge(struct histogram *sum, const struct histogram *h);
/* All zero without samples. Of one that nobody adds to meanwhile. */
void histogram_summarise(const struct histogram *h, struct histogram_summary *summary);

#endif
