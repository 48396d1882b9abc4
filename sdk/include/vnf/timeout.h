/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 */
#ifndef VNF_TIMEOUT_H
#define VNF_TIMEOUT_H

/**
 * @file
 * Timeouts, for state that ends when nothing was seen of it for a while: sessions, ARP entries,
 * fragments. A class is a period and what happens at its end; any number of timeouts run in it.
 *
 * To see a packet costs one store (vnf_timeout_touch()), to start and to stop a few. Timeouts of a
 * class wait in a FIFO list, since all wait for the same period; one that was touched meanwhile
 * goes on to lists of ever shorter periods, for what it has left to wait. So no timeout ends early,
 * and none ends later than a thousandth of its period, or a millisecond if that is longer, plus
 * what a burst takes. In a replay each ends at its very nanosecond.
 *
 * Threads: a set belongs to one worker, which runs what is due at the end of each pass.
 */

#include <stdbool.h>
#include <stdint.h>

#include <vnf/vnf.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Classes of a set at most. */
#define VNF_TIMEOUT_CLASSES_MAX 64
/** Longest period of a class, in nanoseconds: about 73 years. */
#define VNF_TIMEOUT_MAX_NS (UINT64_C(1) << 61)

/** One timeout; part of what it ends. Zeroed before its first use. */
struct vnf_timeout {
	struct vnf_timeout *next; /**< NULL: it does not run. */
	struct vnf_timeout *prev; /**< In its list. */
	uint64_t touched_ns;      /**< Its period counts from here. */
	uint64_t wake_ns;         /**< When it is looked at next. */
	uint32_t in_class;        /**< Its class. */
};

/** A kind of timeout. */
struct vnf_timeout_class {
	const char *name;   /**< For people. */
	uint64_t period_ns; /**< 1 to VNF_TIMEOUT_MAX_NS. */
	/**
	 * The period is over. The timeout does not run any more: it may be started again, or what
	 * it is part of may be freed. Other timeouts of the set may be started and stopped.
	 * Packets may be sent and dropped. Context: worker.
	 */
	void (*expired)(struct vnf_worker *worker, struct vnf_timeout *timeout);
};

/** A worker's timeouts. Opaque. */
struct vnf_timeouts;

/**
 * Make a set of timeouts; the SDK runs it on this worker from then on. In a program that owns its
 * pass over the queues too.
 *
 * @param worker
 *   The worker.
 * @param classes
 *   The classes; must stay valid. A class is named by its index.
 * @param n
 *   Number of classes, 1 to VNF_TIMEOUT_CLASSES_MAX.
 * @param[out] set
 *   The set, to be given to vnf_timeouts_destroy().
 * @return
 *   0, -EINVAL for a period that is out of range, or -ENOMEM.
 *
 * Context: start-up (worker_init).
 */
int vnf_timeouts_create(struct vnf_worker *worker, const struct vnf_timeout_class *classes,
			uint32_t n, struct vnf_timeouts **set);

/**
 * Release a set. Timeouts that still run are forgotten: what they are part of is the caller's.
 *
 * @param set
 *   The set, or NULL.
 *
 * Context: worker_fini.
 */
void vnf_timeouts_destroy(struct vnf_timeouts *set);

/**
 * Start a timeout that does not run: its period begins now.
 *
 * @param set
 *   The worker's set.
 * @param timeout
 *   The timeout.
 * @param in_class
 *   Index of its class.
 *
 * Context: worker.
 */
void vnf_timeout_start(struct vnf_timeouts *set, struct vnf_timeout *timeout, uint32_t in_class);

/**
 * Stop a timeout; one that does not run stays as it is.
 *
 * @param timeout
 *   The timeout.
 *
 * Context: worker.
 */
static inline void vnf_timeout_stop(struct vnf_timeout *timeout)
{
	if (timeout->next == NULL)
		return;
	timeout->prev->next = timeout->next;
	timeout->next->prev = timeout->prev;
	timeout->next = NULL;
}

/**
 * Put a timeout into a class, whether it runs or not: its period begins now.
 *
 * @param set
 *   The worker's set.
 * @param timeout
 *   The timeout.
 * @param in_class
 *   Index of the class.
 *
 * Context: worker.
 */
static inline void vnf_timeout_move(struct vnf_timeouts *set, struct vnf_timeout *timeout,
				    uint32_t in_class)
{
	vnf_timeout_stop(timeout);
	vnf_timeout_start(set, timeout, in_class);
}

/**
 * Its period begins anew: a packet was seen.
 *
 * @param worker
 *   The calling worker.
 * @param timeout
 *   The timeout.
 *
 * Context: worker.
 */
static inline void vnf_timeout_touch(const struct vnf_worker *worker, struct vnf_timeout *timeout)
{
	timeout->touched_ns = worker->now_ns;
}

/**
 * Does it run?
 *
 * @param timeout
 *   The timeout.
 * @return
 *   True from its start until it expires or is stopped.
 *
 * Context: worker.
 */
static inline bool vnf_timeout_runs(const struct vnf_timeout *timeout)
{
	return timeout->next != NULL;
}

/**
 * When will the set have something to do?
 *
 * @param set
 *   The set.
 * @return
 *   Not after the first timeout that may end, in nanoseconds of the SDK's clock; UINT64_MAX: none
 *   runs.
 *
 * Context: worker.
 */
uint64_t vnf_timeouts_next_due(const struct vnf_timeouts *set);

#ifdef __cplusplus
}
#endif

#endif
