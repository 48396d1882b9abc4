/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Measuring how long packets wait. The inline part, which is called for each burst, is in
 * vnf/latency.h; here is what happens to the few that are measured. Each worker has histograms of
 * its own for each port, which it alone adds to; readers merge them.
 *
 * Sampled by time and not by number: a port with a packet a second is measured every time, and one
 * with a million costs no more than one with ten thousand.
 */

#include "latency.h"

#include <errno.h>
#include <stdlib.h>

#include "vnf_priv.h"

#define SAMPLE_GAP_NS 200000

const char *const latency_names[LATENCY_STAGE_COUNT] = {
#define LATENCY_NAME(id, name, doc) name,
	LATENCY_STAGES(LATENCY_NAME)
#undef LATENCY_NAME
};

void vnf_latency_rx_begin(struct vnf_latency_rx *latency)
{
	uint64_t now_ns = vnf_clock_now();

	histogram_add(&latency->port->stage[LATENCY_RX_WAIT], now_ns - latency->drained_ns);
	latency->received_ns = now_ns;
	latency->next_ns = now_ns + SAMPLE_GAP_NS;
}

void vnf_latency_handled(struct vnf_latency_rx *latency, uint64_t began_ns, uint16_t n)
{
	uint64_t took_ns = vnf_clock_now() - began_ns;

	histogram_add(&latency->port->stage[LATENCY_CALLBACK], took_ns);
	histogram_add(&latency->port->stage[LATENCY_PACKET], took_ns / n);
}

void vnf_latency_tx_begin(struct vnf_latency_tx *latency)
{
	latency->queued_ns = vnf_clock_now();
	latency->next_ns = latency->queued_ns + SAMPLE_GAP_NS;
}

void vnf_latency_tx_end(struct vnf_latency_tx *latency)
{
	uint64_t took_ns = vnf_clock_now() - latency->queued_ns;

	histogram_add(&latency->port->stage[LATENCY_TX_WAIT], took_ns);
	latency->queued_ns = 0;
}

struct vnf_latency_tx *vnf_worker_latency(struct vnf_worker *worker, uint16_t port)
{
	return &((struct worker *)worker)->latency_tx[port];
}

struct vnf_latency_rx *latency_rx(const struct worker *w, uint16_t port, uint16_t queue)
{
	return &w->latency_rx[port * VNF_QUEUES_MAX + queue];
}

/* A clock that stands has nothing to say. */
int latency_init(struct vnf *vnf, struct worker *w)
{
	uint64_t first_ns = vnf_is_replay(vnf) ? UINT64_MAX : 0;
	uint64_t now_ns = vnf_clock_now();
	uint16_t n = ports_room(vnf);

	w->latency = calloc(n, sizeof(*w->latency));
	w->latency_rx = calloc((size_t)n * VNF_QUEUES_MAX, sizeof(*w->latency_rx));
	w->latency_tx = calloc(n, sizeof(*w->latency_tx));
	if (w->latency == NULL || w->latency_rx == NULL || w->latency_tx == NULL)
		return -ENOMEM;
	for (uint16_t i = 0; i < n; i++) {
		w->latency_tx[i] = (struct vnf_latency_tx){
			.next_ns = first_ns,
			.port = &w->latency[i],
		};
		for (uint16_t q = 0; q < VNF_QUEUES_MAX; q++)
			*latency_rx(w, i, q) = (struct vnf_latency_rx){
				.next_ns = first_ns,
				.drained_ns = now_ns,
				.port = &w->latency[i],
			};
	}
	for (uint16_t i = 0; i < w->n_rxqs; i++)
		w->rxqs[i].latency = latency_rx(w, w->rxqs[i].port->id, w->rxqs[i].queue);
	return 0;
}

void latency_fini(struct worker *w)
{
	free(w->latency);
	free(w->latency_rx);
	free(w->latency_tx);
}

void latency_read(const struct vnf *vnf, uint16_t port, enum latency_stage stage,
		  struct histogram_summary *summary)
{
	struct histogram sum = { 0 };

	for (uint16_t i = 0; i < vnf->n_workers; i++)
		histogram_merge(&sum, &vnf->workers[i].latency[port].stage[stage]);
	histogram_summarise(&sum, summary);
}
