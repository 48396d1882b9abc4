/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Swap of a frame's two MAC addresses, as both measured VNFs do it: one load, one shuffle and one
 * store of 16 octets, like dpdk-testpmd's macswap. Worker threads.
 */
#ifndef MACSWAP_H
#define MACSWAP_H

#include <string.h>

#include <rte_ether.h>
#include <rte_mbuf.h>

typedef uint8_t macswap_octets __attribute__((vector_size(16)));

static inline void macswap(struct rte_mbuf *pkt)
{
	/* The SDK passes on frames from 14 octets, but the buffer behind them is longer. */
	static const macswap_octets order = {
		6, 7, 8, 9, 10, 11, 0, 1, 2, 3, 4, 5, 12, 13, 14, 15
	};
	void *header = rte_pktmbuf_mtod(pkt, void *);
	macswap_octets octets;

	memcpy(&octets, header, sizeof(octets));
	octets = __builtin_shuffle(octets, order);
	memcpy(header, &octets, sizeof(octets));
}

#endif
