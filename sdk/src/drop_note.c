/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Every drop passes here, before the packets are freed: into the worker's records always, and to a
 * capture or a replay if there is one. Called by the data paths, and by ports that drop what they
 * were given. Workers.
 */

#include "drop_note.h"

#include "capture.h"
#include "drop_recorder.h"
#include "trace.h"

/* The worker that this thread is: a port is not told by whom it is called. */
static __thread struct worker *here;

void drop_note_start(struct worker *worker)
{
	here = worker;
}

/* Somebody watches, or it is one to be recorded. */
static __rte_noinline void drop_tell(struct vnf_worker *worker, uint16_t port,
				     struct rte_mbuf *const *pkts, uint16_t n, uint32_t reason,
				     uint16_t to)
{
	if (reason >= VNF_DROPS_MAX)
		reason = VNF_DROP_APPLICATION;
	if (worker->recorder != NULL)
		drop_recorder_add(worker->recorder, worker->now_ns, port, pkts, n, reason, to);
	if ((worker->watched & VNF_WATCH_REPLAY) != 0)
		trace_drops(pkts, n, reason, to);
	if ((worker->watched & VNF_WATCH_CAPTURE) != 0)
		capture_drops(worker, port, pkts, n, reason, to);
}

/* What is usual under overload takes the short way. */
void vnf_drop_note(struct vnf_worker *worker, uint16_t port, struct rte_mbuf *const *pkts,
		   uint16_t n, uint32_t reason, uint16_t to)
{
	struct vnf_drop_recorder *r = worker->recorder;

	if (likely(worker->watched == 0 && r != NULL && port < r->n_ports &&
		   reason < VNF_DROPS_MAX &&
		   drop_recorder_skips(r, worker->now_ns, port, n, reason)))
		return;
	drop_tell(worker, port, pkts, n, reason, to);
}

/* The port whose counters these are, or VNF_NO_PORT. */
static uint16_t port_of(const struct worker *w, const struct vnf_port_counters *counters)
{
	uintptr_t first = (uintptr_t)w->counters.port, at = (uintptr_t)counters;

	if (at < first || at >= (uintptr_t)&w->counters.port[w->pub.n_ports])
		return VNF_NO_PORT;
	return (uint16_t)((at - first) / sizeof(*counters));
}

void vnf_port_drop(struct vnf_port_counters *counters, struct rte_mbuf *const *pkts, uint16_t n,
		   uint32_t reason)
{
	uint16_t port = here != NULL ? port_of(here, counters) : VNF_NO_PORT;

	counters->drops[reason] += n;
	if (port != VNF_NO_PORT)
		vnf_drop_note(&here->pub, port, pkts, n, reason, port);
}
