/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 */
#ifndef VNF_JOURNAL_H
#define VNF_JOURNAL_H

/**
 * @file
 * A log of events, one JSON object a line, that workers write at no cost to packets: sessions that
 * begin and end, mappings, packets that a rule dropped.
 *
 *     if (unlikely(vnf_journal_is_on(worker))) {
 *             struct my_event *event = vnf_journal_reserve(worker, sizeof(*event));
 *
 *             if (event != NULL) {
 *                     *event = (struct my_event){ ... };
 *                     vnf_journal_write(worker);
 *             }
 *     }
 *
 * A worker copies a *record*, a structure of the application's own, into a ring; a thread of the
 * SDK's takes the records of all workers out of their rings, the oldest first, lets the application
 * make a JSON object of each (vnf_app.journal), puts the time before its members, and writes lines.
 * A record outlives what it is about, which may be gone by then: it holds no pointers, and names
 * are copied into it.
 *
 * Where to, and how many lines a second at most, is in the group `journal` of the configuration,
 * which this part brings. What is not written is counted: over the rate, no room in the ring, or
 * the file could not be written; a line with the event "lost" says how many, and so do the metrics
 * and the command `journal`.
 *
 * In a replay the time is virtual and lines are written at once, so that they are the same in every
 * run.
 *
 * Use: name VNF_JOURNAL among the `parts` of the struct vnf_app, and give it a `journal` callback.
 */

#include <stdbool.h>
#include <stddef.h>

#include <vnf/vnf.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The part, for vnf_app.parts. */
#define VNF_JOURNAL (&vnf_journal_part)

/** See VNF_JOURNAL. */
extern const struct vnf_part vnf_journal_part;

/** Octets of a record at most. */
#define VNF_JOURNAL_RECORD_MAX 512

/**
 * Is there a file to write to? One load and one branch, for workers that have nothing to log.
 *
 * @param worker
 *   The calling worker. Of a program without VNF_JOURNAL the answer is no.
 * @return
 *   True if vnf_journal_reserve() is worth calling. It changes with a reload, never within a burst.
 *
 * Context: worker, or worker_fini.
 */
static inline bool vnf_journal_is_on(const struct vnf_worker *worker)
{
	return worker->journal != NULL;
}

/**
 * Room for a record. The record has the time of the worker's clock, `worker->now_ns`.
 *
 * @param worker
 *   The calling worker.
 * @param octets
 *   Length of the record, 1 to VNF_JOURNAL_RECORD_MAX.
 * @return
 *   Where to put it, aligned to 8; what is there before is undefined. vnf_journal_write() is to
 *   follow before the callback returns and before the next reservation. NULL: there is no file; or
 *   this would be more lines than the configured rate, or the ring is full, or the record is too
 *   long (counted as a full ring): then it is counted as lost.
 *
 * Context: worker, or worker_fini.
 */
void *vnf_journal_reserve(struct vnf_worker *worker, size_t octets);

/**
 * The record that was reserved is filled in: let it be written.
 *
 * @param worker
 *   The calling worker.
 *
 * Context: worker, or worker_fini.
 */
void vnf_journal_write(struct vnf_worker *worker);

#ifdef __cplusplus
}
#endif

#endif
