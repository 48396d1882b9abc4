/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * A wire that counts what passes. Each worker counts for itself, in memory that is only its own:
 * nothing is shared between threads, so nothing has to be locked.
 */
#include <stdlib.h>

#include <vnf/packet.h>
#include <vnf/vnf.h>

struct counts {
	uint64_t tcp, udp, other;
};

static inline vnf_verdict_t count(struct vnf_worker *worker, uint16_t port, struct rte_mbuf *pkt)
{
	struct counts *counts = worker->state;
	struct vnf_headers h;
	uint32_t bad = vnf_parse(pkt, &h);

	if (bad != 0)
		return VNF_DROP(bad);
	counts->tcp += h.proto == IPPROTO_TCP;
	counts->udp += h.proto == IPPROTO_UDP;
	counts->other += h.proto != IPPROTO_TCP && h.proto != IPPROTO_UDP;
	return VNF_FORWARD(port ^ 1);
}
VNF_PACKET(count);

static int count_start(struct vnf_worker *worker)
{
	worker->state = calloc(1, sizeof(struct counts));
	return worker->state != NULL ? 0 : -ENOMEM;
}

static void count_end(struct vnf_worker *worker)
{
	struct counts *counts = worker->state;

	vnf_notice("worker %u: %" PRIu64 " TCP, %" PRIu64 " UDP, %" PRIu64 " other", worker->id,
		   counts->tcp, counts->udp, counts->other);
	free(counts);
}

int main(int argc, char **argv)
{
	static const struct vnf_app app = {
		VNF_APP("count"),         .burst = count_burst, .worker_init = count_start,
		.worker_fini = count_end, .ports_min = 2,       .ports_max = 2
	};

	return vnf_run(argc, argv, &app);
}
