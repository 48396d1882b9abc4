/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 */
#ifndef VNF_RANDOM_H
#define VNF_RANDOM_H

/**
 * @file
 * Random numbers, the only source of them: ChaCha20, keyed by the kernel, so that nobody on the
 * wire can guess a port (RFC 6056), an identifier or a table's seed. In a replay the key is made
 * from --seed, and every run draws the same numbers.
 *
 * A stream belongs to one worker, or to one piece of state that moves between workers (a slot), and
 * is named by a number: streams of different names are independent, and what one draws does not
 * depend on what others drew.
 */

#include <stdint.h>

#include <rte_branch_prediction.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Numbers made at a time. */
#define VNF_RANDOM_BLOCK 32

/** A stream of random numbers. */
struct vnf_random {
	uint64_t name;                     /**< Of the stream. */
	uint64_t block;                    /**< Number of the next block. */
	uint32_t at;                       /**< Next number in `number`. */
	uint32_t unused;                   /**< Zero. */
	uint64_t number[VNF_RANDOM_BLOCK]; /**< Numbers to come. */
};

/**
 * Begin a stream. Streams with the same name draw the same numbers.
 *
 * @param random
 *   The stream.
 * @param name
 *   Applications: 2^32 to 2^63 - 1; all others are the SDK's own.
 *
 * Context: any thread.
 */
void vnf_random_init(struct vnf_random *random, uint64_t name);

/**
 * Make the next block of numbers; called by vnf_random_next().
 *
 * @param random
 *   The stream.
 *
 * Context: the thread that owns the stream.
 */
void vnf_random_refill(struct vnf_random *random);

/**
 * The next number.
 *
 * @param random
 *   The stream.
 * @return
 *   64 random bits.
 *
 * Context: the thread that owns the stream.
 */
static inline uint64_t vnf_random_next(struct vnf_random *random)
{
	if (unlikely(random->at == VNF_RANDOM_BLOCK))
		vnf_random_refill(random);
	return random->number[random->at++];
}

/**
 * The next number below a bound, evenly spread.
 *
 * @param random
 *   The stream.
 * @param bound
 *   1 to 2^32 - 1.
 * @return
 *   0 to bound - 1.
 *
 * Context: the thread that owns the stream.
 */
static inline uint32_t vnf_random_below(struct vnf_random *random, uint32_t bound)
{
	/* Lemire, "Fast Random Integer Generation in an Interval" (2019); 64 bits leave no bias
	 * that could be measured.
	 */
	return (uint32_t)(((unsigned __int128)vnf_random_next(random) * bound) >> 64);
}

/**
 * A seed for a hash table: the same for the same name in one run, another in each run.
 *
 * @param name
 *   What it is for, such as "sessions".
 * @return
 *   64 random bits.
 *
 * Context: any thread.
 */
uint64_t vnf_random_seed(const char *name);

#ifdef __cplusplus
}
#endif

#endif
