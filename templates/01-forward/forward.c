/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * A wire with a program in it: what comes in at one port goes out at the other. Your code goes
 * where the verdict is made. Called by the SDK on worker threads, one packet at a time.
 */
#include <vnf/vnf.h>

static inline vnf_verdict_t forward(struct vnf_worker *worker, uint16_t port, struct rte_mbuf *pkt)
{
	(void)worker;
	(void)pkt;
	return VNF_FORWARD(port ^ 1);
}
VNF_PACKET(forward);

int main(int argc, char **argv)
{
	static const struct vnf_app app = { VNF_APP("forward"), .burst = forward_burst,
					    .ports_min = 2, .ports_max = 2 };

	return vnf_run(argc, argv, &app);
}
