/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Fuzz target for the IP node: ARP, Neighbour Discovery, ICMP, forwarding, fragmentation, and its
 * timers. The input is a sequence of steps: frames that come in at one of two ports (one with a
 * VLAN), and time that passes. After each step no packet is lost, whatever is sent out is sound,
 * and the tables stay within their limits.
 */

#define PORTS 2
#define NEIGHBOURS 32
#define REASONS VNF_DROP_USER
#define STEPS_MAX 64
#define TIME_STEP_NS (VNF_SECOND_NS / 2)

#include "fuzz_node.h"

static void sound(struct rte_mbuf *pkt)
{
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(pkt, const struct rte_ether_hdr *);
	struct vnf_headers h;

	must(eth->src_addr.addr_bytes[0] == 2);
	must(vnf_parse(pkt, &h) == 0);
	must(pkt->pkt_len <= 1500 + VNF_FRAME_OVERHEAD);
}

static void time_pass(uint8_t steps)
{
	for (uint32_t i = 0; i <= steps % 64u; i++) {
		worker.pub.now_ns += TIME_STEP_NS;
		timeouts_run(&worker);
	}
}

static void frame_in(uint16_t port, struct rte_mbuf *pkt)
{
	struct vnf_headers h[1];
	vnf_verdict_t verdict;

	if (pkt->data_len < RTE_ETHER_HDR_LEN) {
		packet_free(pkt);
		return;
	}
	vnf_ip_receive(&worker.pub, port, &pkt, h, &verdict, 1);
	vnf_ip_forward(&worker.pub, port, &pkt, h, &verdict, 1);
	if (verdict == VNF_TAKEN) {
		held++;
	} else if ((verdict & VNF_VERDICT_DROP) != 0) {
		must((verdict & ~VNF_VERDICT_DROP) < VNF_DROP_USER);
		packet_free(pkt);
	} else {
		must(verdict < PORTS);
		sound(pkt);
		packet_free(pkt);
	}
	must(held >= 0 && held <= IP_HELD_MAX);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	dpdk_start();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t at = 0;

	pool_init();
	mbufs_left = 4096;
	held = created = 0;
	node_begin();
	for (uint32_t step = 0; step < STEPS_MAX && at + 4 <= size; step++) {
		uint8_t what = data[at], cut = data[at + 1];
		size_t n = data[at + 2] | (size_t)data[at + 3] << 8;

		at += 4;
		if ((what & 0x80) != 0) {
			time_pass(cut);
			continue;
		}
		n = RTE_MIN(RTE_MIN(n, size - at), (size_t)FRAME_MAX - 500);
		frame_in(what & 1, packet(data + at, (uint32_t)n, cut));
		at += n;
	}
	node_end();
	must(held == 0);
	return 0;
}
