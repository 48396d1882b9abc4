/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 */
#ifndef VNF_LATENCY_H
#define VNF_LATENCY_H

/**
 * @file
 * How long packets wait, and where: for programs that embed the SDK. vnf_run() does it for a VNF.
 *
 * A program calls vnf_latency_received() after each poll and, if that says so,
 * vnf_latency_handled() when the burst has been dealt with; vnf_latency_queued() when it puts the
 * first packet into an empty batch, and vnf_latency_sent() when the batch has been sent. Not every
 * burst is measured: of each queue and each port one in 200 us. The others cost a comparison. What
 * was measured is read by telemetry (`/vnf/latency,PORT`). In a replay nothing is measured.
 */

#include <stdbool.h>
#include <stdint.h>

#include <rte_branch_prediction.h>

#include <vnf/vnf.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Where measurements of one port and worker go. Opaque. */
struct vnf_latency_port;

/** A receive queue, as its worker measures it; see vnf_rxq.latency. Used by that worker only. */
struct vnf_latency_rx {
	uint64_t next_ns;     /**< From when on a burst is measured; UINT64_MAX = none is. */
	uint64_t drained_ns;  /**< Before the last poll that left nothing: all came later. */
	uint64_t received_ns; /**< When the burst being measured was received. */
	struct vnf_latency_port *port; /**< Where it goes. */
};

/** A port that a worker sends on; see vnf_worker_latency(). Used by that worker only. */
struct vnf_latency_tx {
	uint64_t next_ns;              /**< As of struct vnf_latency_rx. */
	uint64_t queued_ns;            /**< When the batch being measured began; 0 = none is. */
	struct vnf_latency_port *port; /**< Where it goes. */
};

/**
 * A worker's measurement of what it sends on a port.
 *
 * @param worker
 *   The worker.
 * @param port
 *   Number of the port.
 * @return
 *   The measurement, at the same address as long as the worker runs.
 *
 * Context: start-up, worker.
 */
struct vnf_latency_tx *vnf_worker_latency(struct vnf_worker *worker, uint16_t port);

/**
 * What vnf_latency_received() calls for a burst that is measured; use that.
 *
 * @param latency
 *   The queue.
 *
 * Context: worker.
 */
void vnf_latency_rx_begin(struct vnf_latency_rx *latency);

/**
 * What vnf_latency_queued() calls for a batch that is measured; use that.
 *
 * @param latency
 *   The port.
 *
 * Context: worker.
 */
void vnf_latency_tx_begin(struct vnf_latency_tx *latency);

/**
 * What vnf_latency_sent() calls for a batch that is measured; use that.
 *
 * @param latency
 *   The port.
 *
 * Context: worker.
 */
void vnf_latency_tx_end(struct vnf_latency_tx *latency);

/**
 * A queue was polled.
 *
 * @param latency
 *   The queue's (vnf_rxq.latency).
 * @param now_ns
 *   A time of the SDK's clock before the poll, in nanoseconds, such as worker->now_ns.
 * @param n
 *   Packets that it gave, 0 to VNF_BURST_MAX.
 * @return
 *   Is this burst measured? Then call vnf_latency_handled().
 *
 * Context: worker.
 */
static inline bool vnf_latency_received(struct vnf_latency_rx *latency, uint64_t now_ns, uint16_t n)
{
	bool measured = n > 0 && unlikely(now_ns >= latency->next_ns);

	if (unlikely(measured))
		vnf_latency_rx_begin(latency);
	if (n < VNF_BURST_MAX)
		latency->drained_ns = now_ns;
	return measured;
}

/**
 * A burst that is measured has been dealt with.
 *
 * @param latency
 *   The queue's.
 * @param began_ns
 *   When work on it began, such as latency->received_ns.
 * @param n
 *   Packets in it, 1 or more.
 *
 * Context: worker.
 */
void vnf_latency_handled(struct vnf_latency_rx *latency, uint64_t began_ns, uint16_t n);

/**
 * The first packet is put into an empty batch.
 *
 * @param latency
 *   The port's (vnf_worker_latency()).
 * @param now_ns
 *   About now; worker->now_ns.
 *
 * Context: worker.
 */
static inline void vnf_latency_queued(struct vnf_latency_tx *latency, uint64_t now_ns)
{
	latency->queued_ns = 0;
	if (unlikely(now_ns >= latency->next_ns))
		vnf_latency_tx_begin(latency);
}

/**
 * The batch has been sent.
 *
 * @param latency
 *   The port's.
 *
 * Context: worker.
 */
static inline void vnf_latency_sent(struct vnf_latency_tx *latency)
{
	if (unlikely(latency->queued_ns != 0))
		vnf_latency_tx_end(latency);
}

#ifdef __cplusplus
}
#endif

#endif
