/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * What workers measured of packets' waiting, by port and stage, for those who read it.
 */
#ifndef LATENCY_H
#define LATENCY_H

#include <vnf/latency.h>

#include "histogram.h"

/* Identifier, name, meaning. */
#define LATENCY_STAGES(X)                                                                          \
	X(RX_WAIT, "rx_wait", "in the rx queue: since it was last seen empty")                     \
	X(CALLBACK, "callback", "the callback, for a burst; in a switch its look-up")              \
	X(PACKET, "packet", "the same for each packet of the burst")                               \
	X(TX_WAIT, "tx_wait", "from the verdict until the port's tx came back")

enum latency_stage {
#define LATENCY_ENUM(id, name, doc) LATENCY_##id,
	LATENCY_STAGES(LATENCY_ENUM)
#undef LATENCY_ENUM
		LATENCY_STAGE_COUNT,
};

extern const char *const latency_names[LATENCY_STAGE_COUNT];

struct vnf_latency_port {
	struct histogram stage[LATENCY_STAGE_COUNT];
};

struct vnf;
struct worker;

/* After the worker's queues are known. 0 or -errno. */
int latency_init(struct vnf *vnf, struct worker *w);
void latency_fini(struct worker *w);
/* Of a queue that the worker polls. */
struct vnf_latency_rx *latency_rx(const struct worker *w, uint16_t port, uint16_t queue);
/* Sum over the workers. Any thread. */
void latency_read(const struct vnf *vnf, uint16_t port, enum latency_stage stage,
		  struct histogram_summary *summary);

#endif
