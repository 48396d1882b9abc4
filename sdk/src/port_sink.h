/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * What the port kinds gen and sink have in common: queues that begin with a struct traffic_queue,
 * and a tx that checks what it is given.
 */
#ifndef VNF_PORT_SINK_H
#define VNF_PORT_SINK_H

#include <vnf/port.h>

#include "traffic.h"

uint16_t sink_tx(void *queue, struct rte_mbuf **pkts, uint16_t n,
		 struct vnf_port_counters *counters);
uint16_t sink_tx_copy(void *queue, struct rte_mbuf **pkts, uint16_t n,
		      struct vnf_port_counters *counters);

/* Allocate the queues, of `size` octets each, and set tx. 0, or -ENOMEM after logging. */
int traffic_queues_open(struct vnf_port *port, size_t size);
void traffic_queues_close(struct vnf_port *port);
int traffic_start(struct vnf_port *port);
void traffic_stop(struct vnf_port *port);

#endif
