/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * macswap by the burst callback, to be measured by tests/perf/sdk beside the per-packet form: the
 * same work in a loop of its own. Called by the SDK on worker threads.
 */
#include <vnf/vnf.h>

#include "macswap.h"

static void macswap_burst(struct vnf_worker *worker, uint16_t port, struct rte_mbuf **pkts,
			  vnf_verdict_t *verdicts, uint16_t n)
{
	vnf_verdict_t verdict = VNF_FORWARD(port ^ 1);

	(void)worker;
	for (uint16_t i = 0; i < n; i++)
		macswap(pkts[i]);
	for (uint16_t i = 0; i < n; i++)
		verdicts[i] = verdict;
}

int main(int argc, char **argv)
{
	static const struct vnf_app app = { VNF_APP("macswap-burst"), .burst = macswap_burst,
					    .ports_min = 2, .ports_max = 2 };

	return vnf_run(argc, argv, &app);
}
