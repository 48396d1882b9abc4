/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * A worker offers a record. The rate is one bucket for all workers, and so exact however uneven
 * they are: a line within the rate costs one atomic exchange, one beyond it only a look, so that a
 * flood of refused lines does not make workers fight for the bucket.
 */

#include "journal_priv.h"

/* A line a second of the rate at `rate` lines: see journal_target. */
static bool rate_take(struct journal *j, const struct vnf_journal_worker *w, uint64_t now)
{
	uint64_t due = __atomic_load_n(&j->due_ns, __ATOMIC_RELAXED), from;

	do {
		from = RTE_MAX(due, now);
		if (from - now > w->slack_ns)
			return false;
	} while (!__atomic_compare_exchange_n(&j->due_ns, &due, from + w->interval_ns, true,
					      __ATOMIC_RELAXED, __ATOMIC_RELAXED));
	return true;
}

void *vnf_journal_reserve(struct vnf_worker *worker, size_t octets)
{
	struct vnf_journal_worker *w = worker->journal;
	struct journal_head *head = NULL;

	if (w == NULL)
		return NULL;
	journal_count(&w->offered, 1);
	if (!rate_take(w->journal, w, worker->now_ns)) {
		journal_count(&w->lost[JOURNAL_RATE], 1);
		return NULL;
	}
	if (octets <= VNF_JOURNAL_RECORD_MAX)
		head = byte_ring_reserve(&w->ring, sizeof(*head) + octets);
	if (head == NULL) {
		journal_count(&w->lost[JOURNAL_RING], 1);
		return NULL;
	}
	*head = (struct journal_head){ worker->now_ns, octets };
	return head + 1;
}

void vnf_journal_write(struct vnf_worker *worker)
{
	struct vnf_journal_worker *w = worker->journal;

	byte_ring_publish(&w->ring, byte_ring_position(&w->ring));
	if (w->journal->direct)
		journal_drain(w->journal);
}
