/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * macswap by the per-packet callback, to be measured by tests/perf/sdk: what comes in at one port
 * goes out at the other with its MAC addresses swapped. Called by the SDK on worker threads.
 */
#include <vnf/vnf.h>

#include "macswap.h"

static inline vnf_verdict_t macswap_one(struct vnf_worker *worker, uint16_t port,
					struct rte_mbuf *pkt)
{
	(void)worker;
	macswap(pkt);
	return VNF_FORWARD(port ^ 1);
}
VNF_PACKET(macswap_one);

int main(int argc, char **argv)
{
	static const struct vnf_app app = { VNF_APP("macswap-packet"), .burst = macswap_one_burst,
					    .ports_min = 2, .ports_max = 2 };

	return vnf_run(argc, argv, &app);
}
