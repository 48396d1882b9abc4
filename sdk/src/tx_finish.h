/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * What a packet leaves to whoever sends it, done in software for a port that cannot. Context:
 * worker.
 */
#ifndef VNF_TX_FINISH_H
#define VNF_TX_FINISH_H

#include <stdbool.h>

#include <vnf/edit.h>

/* Of a burst's flags: may there be such a packet? */
#define TX_MAY_BE_OPEN (RTE_MBUF_F_TX_OFFLOAD_MASK | RTE_MBUF_F_RX_L4_CKSUM_MASK)

/**
 * Is something left to do? Flags that only tell what kind of packet it is ask for nothing.
 *
 * @return
 *   True or false.
 */
static inline bool tx_is_open(const struct rte_mbuf *pkt)
{
	const uint64_t kinds = RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IPV6 | RTE_MBUF_F_TX_OUTER_IPV4 |
			       RTE_MBUF_F_TX_OUTER_IPV6;

	return (pkt->ol_flags & RTE_MBUF_F_TX_OFFLOAD_MASK & ~kinds) != 0 ||
	       vnf_sum_is_partial(pkt);
}

/**
 * Do it.
 *
 * @param[out] reason
 *   VNF_DROP_..., if it cannot be done.
 * @return
 *   True: nothing is left to do.
 */
bool tx_finish(struct rte_mbuf *pkt, uint32_t *reason);

#endif
