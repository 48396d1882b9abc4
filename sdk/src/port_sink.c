/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Port kind "sink": takes packets, checks the sequence of those that a generator made, and frees
 * them. It never receives. The generator's own tx is the same, so this file has both.
 */
#include "port_sink.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_malloc.h>

#include <vnf/log.h>

#include "port_kinds.h"

/* Octets at the front of a frame within which the headers and the sequence number are. */
#define FRONT_BYTES 128

static void packet_check(struct traffic_sink *sink, const struct rte_mbuf *pkt)
{
	uint8_t front[FRONT_BYTES];
	uint32_t n = RTE_MIN(pkt->pkt_len, (uint32_t)FRONT_BYTES);
	const uint8_t *frame = rte_pktmbuf_mtod(pkt, const uint8_t *);

	if (unlikely(pkt->data_len < n))
		frame = rte_pktmbuf_read(pkt, 0, n, front);
	traffic_sink_check(sink, frame, frame != NULL ? n : 0);
}

uint16_t sink_tx_copy(void *queue, struct rte_mbuf **pkts, uint16_t n,
		      struct vnf_port_counters *counters)
{
	struct traffic_queue *q = queue;

	vnf_count_tx(counters, pkts, n);
	for (uint16_t i = 0; i < n; i++)
		packet_check(&q->sink, pkts[i]);
	return n;
}

uint16_t sink_tx(void *queue, struct rte_mbuf **pkts, uint16_t n,
		 struct vnf_port_counters *counters)
{
	sink_tx_copy(queue, pkts, n, counters);
	rte_pktmbuf_free_bulk(pkts, n);
	return n;
}

int traffic_queues_open(struct vnf_port *port, size_t size)
{
	for (uint16_t i = 0; i < port->n_queues; i++) {
		port->queue[i] = rte_zmalloc_socket(port->kind->name, size, RTE_CACHE_LINE_SIZE,
						    port->socket_id);
		if (port->queue[i] == NULL) {
			vnf_error("port \"%s\": no DPDK memory for its queues (%zu bytes each); "
				  "raise the key memory",
				  port->name, size);
			traffic_queues_close(port);
			return -ENOMEM;
		}
	}
	port->tx = sink_tx;
	port->tx_copy = sink_tx_copy;
	return 0;
}

void traffic_queues_close(struct vnf_port *port)
{
	for (uint16_t i = 0; i < port->n_queues; i++) {
		rte_free(port->queue[i]);
		port->queue[i] = NULL;
	}
}

int traffic_start(struct vnf_port *port)
{
	vnf_port_set_up(port, true);
	return 0;
}

void traffic_stop(struct vnf_port *port)
{
	vnf_port_set_up(port, false);
}

void vnf_traffic_read(const struct vnf_port *port, struct vnf_traffic_stats *out)
{
	bool ours = port->kind == &vnf_port_kind_gen || port->kind == &vnf_port_kind_sink;

	if (ours && port->n_queues > 0 && port->queue[port->n_queues - 1] != NULL)
		traffic_sum(port->queue, port->n_queues, out);
	else
		memset(out, 0, sizeof(*out));
}

static void sink_need(const struct vnf_port *port, struct vnf_port_need *need)
{
	need->bytes += port->n_queues * sizeof(struct traffic_queue);
}

static int sink_open(struct vnf_port *port)
{
	return traffic_queues_open(port, sizeof(struct traffic_queue));
}

static void sink_explain(const struct vnf_port *port, struct vnf_port_path *path)
{
	(void)port;
	snprintf(path->tx, sizeof(path->tx), "checked and freed");
	snprintf(path->why, sizeof(path->why), "a sink only takes");
}

const struct vnf_port_kind vnf_port_kind_sink = {
	.name = "sink",
	.doc = "takes packets, checks the sequence of generated ones, and frees them",
	.queues_max = VNF_QUEUES_MAX,
	.need = sink_need,
	.open = sink_open,
	.start = traffic_start,
	.explain = sink_explain,
	.stop = traffic_stop,
	.close = traffic_queues_close,
};
