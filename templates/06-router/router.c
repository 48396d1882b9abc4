/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * A router: what comes in at one interface goes out of another, by its routes. The SDK's part
 * VNF_IP has the addresses and the routes, answers ARP, Neighbour Discovery and ping, and tells
 * senders by ICMP what is wrong. Between the two calls is the place for a VNF's own ideas: packets
 * may be changed there, and given other verdicts.
 */
#include <vnf/ip.h>
#include <vnf/vnf.h>

static void route(struct vnf_worker *worker, uint16_t port, struct rte_mbuf **pkts,
		  vnf_verdict_t *verdicts, uint16_t n)
{
	struct vnf_headers h[VNF_BURST_MAX];

	vnf_ip_receive(worker, port, pkts, h, verdicts, n);
	vnf_ip_forward(worker, port, pkts, h, verdicts, n);
}

int main(int argc, char **argv)
{
	static const struct vnf_app app = {
		VNF_APP("router"),
		.burst = route,
		.parts = { VNF_IP },
	};

	return vnf_run(argc, argv, &app);
}
